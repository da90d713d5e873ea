"""Contacts in JSON made rows, as those of a file are: a header of our names, and cells."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ami_dialer.sources.json_fields import MAX_VALUE, FieldSurvey, as_text, at, leaves
from ami_dialer.sources.problems import Fault, Kind
from ami_dialer.sources.quoting import Row

#: Rows that are handed out together.
BATCH = 5_000


class JsonRows:
    """Makes rows of contacts, all with the same columns."""

    def __init__(self, columns: Mapping[str, str], survey: FieldSurvey) -> None:
        """`columns`: {our name: path}; `survey`: of all the contacts that rows are made of."""
        self._mapped = list(columns.values())
        self._places = {path: place for place, path in enumerate(survey.further, len(self._mapped))}
        #: Our names of the mapped fields, then the others' own, as `contact.name.first`.
        self.header = [*columns, *(path.strip() for path in survey.further)]
        #: Values that were left out because they are too long and not mapped, by field.
        self.too_long: dict[str, int] = {}

    def batches(self, contacts: Iterable[object], size: int = BATCH) -> Iterator[list[Row]]:
        """The rows, numbered from 1, some at a time."""
        numbered = enumerate(contacts, 1)
        while batch := [self.row(number, contact) for number, contact in islice(numbered, size)]:
            yield batch

    def row(self, number: int, contact: object) -> Row:
        """One row. What is no contact, or holds what no text holds, comes out broken."""
        if not isinstance(contact, dict):
            return number, [_short(contact)], Fault(Kind.BROKEN, f"is {_kind(contact)}, not an object with fields")
        cells = [""] * len(self.header)
        for place, path in enumerate(self._mapped):
            value = at(contact, path)
            text = as_text(value)
            if text is None:
                return number, [_short(value)], Fault(Kind.BROKEN, f"{path} is {_kind(value)}; {_mend(path, value)}")
            cells[place] = text
        places = self._places
        for path, _, text in leaves(contact):
            here = places.get(path)
            if here is None:
                continue
            if len(text) > MAX_VALUE and len(text.strip()) > MAX_VALUE:
                self.too_long[path] = self.too_long.get(path, 0) + 1
            else:
                cells[here] = text
        return number, cells, _fault(cells)


def _fault(cells: list[str]) -> Fault | None:
    whole = "".join(cells)
    if "\0" in whole:
        return Fault(Kind.BROKEN, "holds a NUL character")
    if not whole.isascii():
        try:
            whole.encode()
        except UnicodeEncodeError:
            return Fault(Kind.ENCODING, "holds half of a surrogate pair, which is no character")
    return None


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    return "a single value"


def _mend(path: str, value: object) -> str:
    if isinstance(value, list):
        return f"write {path}.0 for its first value"
    first = next(iter(value), "") if isinstance(value, dict) else ""
    return f"write {path}.{first} or the like" if first else "it has no value"


def _short(value: object) -> str:
    try:
        return str(value)[:MAX_VALUE]
    except RecursionError:
        return "…"
