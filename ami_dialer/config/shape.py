"""The schema as a tree that can be walked along a path of keys: what may stand there, and what for."""

import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from ami_dialer.config.kinds import to_seconds
from ami_dialer.config.problems import Path


def bare(kind: Any) -> Any:  # noqa: ANN401 - annotations have no common type
    """An annotation without `Annotated` and `| None`."""
    if get_origin(kind) is Annotated:
        return bare(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return bare(next(part for part in get_args(kind) if part is not types.NoneType))
    return kind


def section_of(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401
    """The model behind an annotation, if it is one."""
    kind = bare(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section as they are written: those that are words of Python (`is`, `not`) are aliases."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def kind_at(root: type[BaseModel], path: Path) -> Any:  # noqa: ANN401
    """The annotation of the value at `path`; None where the schema knows nothing of it."""
    kind: Any = root
    for step in path:
        kind = bare(kind)
        model = section_of(kind)
        if model is not None:
            field = keys_of(model).get(str(step))
            if field is None:
                return None
            kind = field.annotation
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif get_origin(kind) is list:
            kind = get_args(kind)[0]
        else:
            return None
    return kind


def is_time(kind: Any, metadata: Iterable[object] = ()) -> bool:  # noqa: ANN401
    """Whether a value of this kind is a time in seconds, that may be written with a unit."""
    if any(isinstance(each, BeforeValidator) and each.func is to_seconds for each in metadata):
        return True
    if get_origin(kind) is Annotated:
        return is_time(get_args(kind)[0], get_args(kind)[1:])
    return get_origin(kind) in (Union, types.UnionType) and any(map(is_time, get_args(kind)))


def field_at(root: type[BaseModel], path: Path) -> FieldInfo | None:
    """The field of a section that `path` names; None for items of lists and entries of mappings."""
    model = section_of(kind_at(root, path[:-1])) if path else None
    return keys_of(model).get(str(path[-1])) if model else None


def sections(
    root: type[BaseModel], path: Path = (), around: frozenset[type[BaseModel]] = frozenset()
) -> Iterator[tuple[Path, type[BaseModel]]]:
    """Every section of the schema with its path, outer ones first; `NAME` stands for a name of one's own.

    A section within its own kind is not gone into; `around` are those that are gone through.
    """
    yield path, root
    for name, field in keys_of(root).items():
        kind, inner = bare(field.annotation), (*path, name)
        while get_origin(kind) in (dict, list):
            inner = (*inner, "NAME") if get_origin(kind) is dict else inner
            kind = bare(get_args(kind)[-1])
        model = section_of(kind)
        if model is not None and model not in around and model is not root:
            yield from sections(model, inner, around | {root})
