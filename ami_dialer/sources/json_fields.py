"""The fields of a contact in JSON, under names with dots: `contact.name.first`, `phones.0.number`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

#: Fields that nobody mapped are taken from lists up to this position, and from objects up to this depth.
MAX_POSITION = 10
MAX_DEPTH = 10
#: Fields of one list in all; sources/columns.py takes no more columns, and no longer names.
MAX_FIELDS = 1_000
MAX_NAME = 64
#: Characters of a value. A mapped one that is longer is an error of its contact; another one is left out.
MAX_VALUE = 300
#: Names that are counted as left out; beyond that nobody counts.
_MAX_LEFT_OUT = 10_000


class _Missing:
    """Not there, which is not the same as null."""


MISSING: Final = _Missing()


def at(value: object, path: str) -> object:
    """What stands at a path; MISSING where nothing does. Keys that hold dots themselves are found, as they are."""
    if isinstance(value, dict):
        if path in value:
            return value[path]
        cut = path.find(".")
        while cut >= 0:
            if path[:cut] in value:
                found = at(value[path[:cut]], path[cut + 1 :])
                if found is not MISSING:
                    return found
            cut = path.find(".", cut + 1)
    elif isinstance(value, list):
        head, _, rest = path.partition(".")
        if head.isascii() and head.isdigit() and len(head) < 7 and int(head) < len(value):
            return at(value[int(head)], rest) if rest else value[int(head)]
    return MISSING


def as_text(value: object) -> str | None:
    """A value as a cell of a table; None where it is a list or an object. Numbers come as text from json_stream."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def leaves(value: dict[str, object]) -> list[tuple[str, str, str]]:
    """Path, shape and text of each value inside. The shape is the path with `*` for every position in a list.

    Empty lists and objects have no values, and so give nothing.
    """
    found: list[tuple[str, str, str]] = []
    _gather(value, "", "", 1, found)
    return found


def _gather(value: dict[str, object], path: str, shape: str, depth: int, found: list[tuple[str, str, str]]) -> None:
    """Of every contact in an answer, so it is written for speed."""
    for key, inner in value.items():
        if isinstance(inner, str):  # nearly all of them
            found.append((path + key, shape + key, inner))
        elif isinstance(inner, dict):
            if depth < MAX_DEPTH:
                _gather(inner, f"{path}{key}.", f"{shape}{key}.", depth + 1, found)
        elif isinstance(inner, list):
            if depth < MAX_DEPTH:
                _gather_list(inner, f"{path}{key}.", f"{shape}{key}.*", depth + 1, found)
        else:
            found.append((path + key, shape + key, as_text(inner) or ""))


def _gather_list(value: list[object], path: str, shape: str, depth: int, found: list[tuple[str, str, str]]) -> None:
    for number, inner in enumerate(value[:MAX_POSITION]):
        if isinstance(inner, dict):
            if depth < MAX_DEPTH:
                _gather(inner, f"{path}{number}.", f"{shape}.", depth + 1, found)
        elif isinstance(inner, list):
            if depth < MAX_DEPTH:
                _gather_list(inner, f"{path}{number}.", f"{shape}.*", depth + 1, found)
        else:
            found.append((f"{path}{number}", shape, as_text(inner) or ""))


@dataclass(slots=True)
class FieldSurvey:
    """Which fields the contacts have."""

    #: Paths that are mapped; they are fields whether a contact has them or not.
    mapped: Sequence[str]
    #: Names that the mapping gives; no other field may have them.
    taken: frozenset[str]
    #: Paths of further fields in the order they were met.
    further: dict[str, None] = field(default_factory=dict)
    #: Shapes of all fields, mapped or not: what is compared from fetch to fetch.
    shapes: set[str] = field(default_factory=set)
    #: Mapped paths that some contact has.
    met: set[str] = field(default_factory=set)
    #: Names of further fields: their paths without blanks at the ends.
    names: set[str] = field(default_factory=set)
    #: Paths that cannot be fields: too many, a name too long, taken or not printable.
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, contact: dict[str, object]) -> None:
        """Look at one contact."""
        known = self.further
        for path, shape, _ in leaves(contact):
            if path not in known:
                self._meet(path)
                self._shape(shape)
            elif shape not in self.shapes:
                self._shape(shape)
        if len(self.met) < len(self.mapped):
            self.met.update(path for path in self.mapped if path not in self.met and at(contact, path) is not MISSING)

    def _shape(self, shape: str) -> None:
        if len(self.shapes) < _MAX_LEFT_OUT:
            self.shapes.add(shape)

    def _meet(self, path: str) -> None:
        if path in self.mapped or path in self.left_out:
            return
        name = path.strip()
        if not name or not name.isprintable():
            why = "has a name that is empty or holds control characters"
        elif len(name) > MAX_NAME:
            why = f"has a name of more than {MAX_NAME} characters"
        elif name in self.taken or name in self.names:
            why = "has the name of another field"
        elif len(self.further) + len(self.mapped) >= MAX_FIELDS:
            why = f"is beyond {MAX_FIELDS:,} fields"
        else:
            self.further[path] = None
            self.names.add(name)
            return
        if len(self.left_out) < _MAX_LEFT_OUT:
            self.left_out[path] = why

    def unmet(self) -> list[str]:
        """Mapped paths that no contact has."""
        return [path for path in self.mapped if path not in self.met]


def shown(names: Iterable[str], most: int = 10) -> str:
    """Names for people, with commas; of many the first ones."""
    listed = list(names)
    text = ", ".join(name[:MAX_NAME] if name.isprintable() else repr(name[:MAX_NAME]) for name in listed[:most])
    return f"{text} and {len(listed) - most:,} more" if len(listed) > most else text
