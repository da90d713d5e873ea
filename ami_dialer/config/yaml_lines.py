"""YAML read as text with the place of every value.

PyYAML's own rules turn `21:00` into 1260, `+12125551234` into a number, `02134` into 1116, `NO` into false.
Here every plain scalar stays the text that was written; the schema, which knows what is meant, makes numbers
of it. Only `null`, `~` and nothing at all are read as "no value". A repeated key is refused; otherwise the
last one would win in silence.
"""

import re
from dataclasses import dataclass, field

import yaml

from ami_dialer.config.problems import Path, Place, Problem, key_text
from ami_dialer.config.yaml_syntax import explain_syntax

#: A configuration of this size has some 20,000 lines; more is a wrong file (PyYAML reads about 1 MB/s).
MAX_BYTES = 1_048_576
#: Nested aliases (`*name`) can make 2**n values out of n lines; a real configuration stays far below this.
MAX_VALUES = 100_000
#: The schema goes 10 deep; PyYAML and Python give up at some hundreds.
MAX_DEPTH = 50

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_TEXT_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "bool", "int", "float", "timestamp")} | {"!"}
_MAPPING_TAG = "tag:yaml.org,2002:map"
_SEQUENCE_TAG = "tag:yaml.org,2002:seq"


class _TextLoader(yaml.SafeLoader):
    """A SafeLoader whose plain scalars stay text, but for null and the merge key."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own class attribute; it is only added to below


_TextLoader.add_implicit_resolver(_NULL, re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_TextLoader.add_implicit_resolver(_MERGE, re.compile(r"^<<$"), ["<"])


class _OwnLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """The same on libyaml, twenty times as fast: only for files of ours, as deep nesting can bring it down."""

    yaml_implicit_resolvers = _TextLoader.yaml_implicit_resolvers


@dataclass(slots=True)
class Document:
    """A YAML text as plain data (dicts, lists, text, None), the places of its parts, and what is wrong."""

    file: str
    data: object = None
    #: Where a value is written: the value itself if it is a scalar or in a list, else its key.
    values: dict[Path, Place] = field(default_factory=dict)
    #: Where a key is written.
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place_of(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value (or the key) at `path`, or of the nearest thing around it in the file."""
        for length in range(len(path), 0, -1):
            place = (self.keys if of_key else self.values).get(path[:length]) or self.values.get(path[:length])
            if place is not None:
                return place
            of_key = True
        return Place(1, 1)

    def problem(self, path: Path, message: str, *, of_key: bool = False) -> Problem:
        """A problem with the value (or the key) at `path`."""
        return Problem(self.file, self.place_of(path, of_key=of_key), key_text(path), message)


def read_yaml(text: str, file: str, *, own: bool = False) -> Document:
    """Read `text`; `file` is the name that problems carry, `own` says that the file came with this package.

    Never raises: what is wrong is in `problems`.
    """
    document = Document(file)
    try:
        loader = (_OwnLoader if own else _TextLoader)(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        place, message = explain_syntax(error, text)
        document.problems.append(Problem(file, place, "", message))
    except RecursionError:
        document.problems.append(Problem(file, None, "", "is nested too deeply; a configuration is not"))
    except (ValueError, OverflowError) as error:  # PyYAML lets a few escapes through, e.g. "\UFFFFFFFF"
        document.problems.append(Problem(file, None, "", f"holds something that is no YAML: {error}"))
    else:
        if node is not None:
            _Reader(document).read(node)
    return document


class _TooMuchError(Exception):
    """Reading on makes no sense."""


class _Reader:
    """Turns PyYAML's nodes into data and notes their places."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._within: list[int] = []
        self._reported: set[tuple[Place, str]] = set()

    def read(self, node: yaml.Node) -> None:
        """Fill the document."""
        try:
            self._document.data = self._value(node, ())
        except _TooMuchError as error:
            self._document.data = None
            self._report(node, (), str(error))

    def _value(self, node: yaml.Node, path: Path) -> object:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooMuchError(f"has more than {MAX_VALUES} values; do aliases (*name) repeat each other?")
        if id(node) in self._within:
            self._report(node, path, "contains itself by an alias (*name); write it out")
            return None
        if len(self._within) > MAX_DEPTH:
            raise _TooMuchError(f"is nested more than {MAX_DEPTH} deep")
        self._within.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return self._sequence(node, path)
            self._check_tag(node, path, _TEXT_TAGS | {_NULL, _MERGE})
            return None if node.tag == _NULL else str(node.value)
        finally:
            self._within.pop()

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> list[object]:
        self._check_tag(node, path, {_SEQUENCE_TAG, "!"})
        items: list[object] = []
        for number, item in enumerate(node.value):
            inner = (*path, number)
            self._document.values[inner] = _place(item)
            items.append(self._value(item, inner))
        return items

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        self._check_tag(node, path, {_MAPPING_TAG, "!"})
        data: dict[str, object] = {}
        # What is merged in comes first, so that what is written here replaces it and its places.
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                data = {**self._merged(value_node, path), **data}
        written: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key = None if key_node.tag == _MERGE else self._key(key_node, path)
            if key is None:
                continue
            place, inner = _place(key_node), (*path, key)
            if key in written:
                self._report(key_node, inner, f"stands here and in line {written[key].line}; keep one of the two")
                continue
            written[key] = place
            self._document.keys[inner] = place
            self._document.values[inner] = _place(value_node) if _is_text(value_node) else place
            data[key] = self._value(value_node, inner)
        return data

    def _merged(self, source: yaml.Node, path: Path) -> dict[str, object]:
        """The keys that `<<` brings in; of several mappings the first wins, as YAML has it."""
        sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
        data: dict[str, object] = {}
        for item in sources:
            if not isinstance(item, yaml.MappingNode):
                self._report(item, path, "<< takes a mapping or a list of mappings, e.g. <<: *name")
                continue
            value = self._value(item, path)
            if isinstance(value, dict):
                data = {**value, **data}
        return data

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXT_TAGS:
            return str(node.value)
        what = "is empty" if isinstance(node, yaml.ScalarNode) else "is a list or a mapping"
        self._report(node, path, f"a key here {what}; keys are text (put text with braces in quotes)")
        return None

    def _check_tag(self, node: yaml.Node, path: Path, known: set[str]) -> None:
        if node.tag not in known:
            tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
            self._report(
                node,
                path,
                f"the tag {tag!r} is not known here; take it out (secrets: {{env: NAME}} or {{file: PATH}})",
            )

    def _report(self, node: yaml.Node, path: Path, message: str) -> None:
        """Once for each place: an alias is read as often as it is used."""
        place = _place(node)
        if (place, message) not in self._reported:
            self._reported.add((place, message))
            self._document.problems.append(Problem(self._document.file, place, key_text(path), message))


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag != _NULL


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
