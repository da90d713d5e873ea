"""Rows made contacts, or rejected with what is wrong. Every row goes through here, so it is written for speed."""

import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import TypeAlias

import orjson

from ami_dialer.domain.contact import NewContact, Phone
from ami_dialer.domain.formulas import as_written
from ami_dialer.domain.phone import NotANumberError
from ami_dialer.domain.place import NO_ZONES
from ami_dialer.sources.columns import MAX_LABEL, Columns
from ami_dialer.sources.problems import Fault, Kind, Rejected, Warned
from ami_dialer.sources.quoting import Row

#: A value longer than this is an error of its row (seeds/003: values to 300 characters).
MAX_VALUE = 300
#: Priorities go from 0, which is what a contact without one has, to this.
MAX_PRIORITY = 100
#: As people write them: 5, 05 and, after a spreadsheet had it, 5.0.
_PRIORITIES = {
    written: number
    for number in range(MAX_PRIORITY + 1)
    for written in (f"{number}", f"{number:02}", f"{number:03}", f"{number}.0")
}

#: A number in E.164 of a phone as it is written. Raises NotANumberError.
Normalise: TypeAlias = Callable[[str], str]


@dataclass(slots=True)
class Reading:
    """What became of some rows."""

    contacts: list[NewContact] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    #: What was left out of rows that were taken.
    warned: list[Warned] = field(default_factory=list)
    #: Rows of nothing but separators, as spreadsheets leave them behind the last one.
    blank: int = 0


class ContactReader:
    """Makes contacts of the rows of one file."""

    def __init__(self, columns: Columns, normalise: Normalise) -> None:
        self._columns = columns
        self._normalise = normalise
        self._phone_cells = tuple((phone.index, phone.label, phone.labels) for phone in columns.phones)
        self._zones = _zones()
        # itemgetter of one index gives a cell, not a tuple of one; all cells are taken then.
        indexes = [index for index, _ in columns.fields]
        self._names = tuple(name for _, name in columns.fields)
        self._values = itemgetter(*indexes) if len(indexes) > 1 else _few(indexes)
        keys = (orjson.dumps(name).decode().replace("%", "%%") for name in self._names)
        #: The JSON of fields that are written as they are.
        self._json = "{" + ",".join(f'{key}:"%s"' for key in keys) + "}"

    def read(self, rows: Iterable[Row]) -> Reading:
        """What the rows hold, in their order. Cells lose the blanks at their ends."""
        reading = Reading()
        width = len(self._columns.names)
        first = self._columns.phones[0]
        index, label = first.index, first.label
        several = len(self._columns.phones) > 1 or first.labels is not None
        special = self._columns.zone is not None or self._columns.priority is not None
        normalise, names, values, dumps = self._normalise, self._names, self._values, orjson.dumps
        make, json = tuple.__new__, self._json  # past NewContact's own, which counts its fields each time
        mended = self._columns.mended
        add = reading.contacts.append
        zone, priority = None, 0
        further: tuple[Phone, ...] = ()
        rows = list(rows)
        texts = ['"'.join(raw) for _, raw, _ in rows]
        in_shape = all(len(raw) == width for _, raw, _ in rows)
        all_plain = in_shape and not mended and _is_plain('"'.join(texts), width * len(rows))
        for (line, raw, fault), text in zip(rows, texts, strict=True):
            if fault is not None or len(raw) != width or len(text) > MAX_VALUE:
                wrong = fault or self._shape(raw)
                if wrong is not None:
                    self._reject(reading, line, raw, wrong)
                    continue
            plain = all_plain or (not mended and _is_plain(text, width))
            cells = raw if plain else list(map(str.strip, raw))
            if mended:
                cells = list(map(as_written, cells))
            try:
                if several or not cells[index]:
                    number, label, further = self._phones(reading, line, cells)
                else:
                    number = normalise(cells[index])
                if special:
                    zone, priority = self._special(cells)
            except NotANumberError as error:
                self._reject(reading, line, raw, Fault(Kind.PHONE_BAD, str(error)))
            except _RowError as error:
                self._reject(reading, line, raw, error.fault)
            else:
                found = values(cells)
                fields = json % found if plain else dumps(dict(zip(names, found, strict=True))).decode()
                add(make(NewContact, (line, number, label, further, fields, zone, priority)))
        return reading

    def _shape(self, cells: list[str]) -> Fault | None:
        width = len(self._columns.names)
        if len(cells) != width:
            return Fault(Kind.CELLS, f"has {len(cells):,} cell{'s' * (len(cells) != 1)}, the header has {width:,}")
        for name, cell in zip(self._columns.names, cells, strict=True):
            length = len(as_written(cell.strip()) if self._columns.mended else cell.strip())
            if length > MAX_VALUE:
                return Fault(Kind.TOO_LONG, f"{name} has {length:,} characters, at most {MAX_VALUE} are allowed")
        return None

    def _reject(self, reading: Reading, line: int, cells: list[str], fault: Fault) -> None:
        # DOS ended files with the character 1A, which stands on a line by itself then.
        if fault.kind in (Kind.CELLS, Kind.PHONE_MISSING) and not any(cell.strip().strip("\x1a") for cell in cells):
            reading.blank += 1
        else:
            reading.rejected.append(Rejected(line, fault.kind, fault.reason, cells))

    def _phones(self, reading: Reading, line: int, cells: list[str]) -> tuple[str, str | None, tuple[Phone, ...]]:
        """The number that is dialled first, its label, and the others. One number counts once."""
        number: str | None = None
        label: str | None = None
        further: list[Phone] = []
        bad: list[str] = []
        for index, of_column, labels in self._phone_cells:
            cell = cells[index]
            if not cell:
                continue
            name_of_phone = of_column if labels is None else cells[labels][:MAX_LABEL] or None
            try:
                found = self._normalise(cell)
            except NotANumberError as error:
                bad.append(f"{self._columns.names[index]}: {error}")
                continue
            if number is None:
                number, label = found, name_of_phone
            elif found != number and all(found != phone.number for phone in further):
                further.append(Phone(found, name_of_phone))
        if number is None:
            if bad:
                raise _RowError(Fault(Kind.PHONE_BAD, "; ".join(bad)))
            names = ", ".join(self._columns.names[index] for index, *_ in self._phone_cells)
            raise _RowError(Fault(Kind.PHONE_MISSING, f"has no phone in {names}"))
        if bad:
            reading.warned.extend(Warned(line, Kind.BAD_FURTHER_PHONE, f"left out: {reason}") for reason in bad)
        return number, label, tuple(further)

    def _special(self, cells: list[str]) -> tuple[str | None, int]:
        """Time zone and priority."""
        zone: str | None = None
        priority: int | None = 0
        if self._columns.zone is not None and (written := cells[self._columns.zone]):
            zone = self._zones.get(written) or self._zones.get(written.casefold())
            if zone is None:
                reason = f"{written[:60]!r} is no time zone; write one such as America/New_York, or leave it empty"
                raise _RowError(Fault(Kind.ZONE, reason))
        if self._columns.priority is not None and (written := cells[self._columns.priority]):
            priority = _PRIORITIES.get(written)
            if priority is None:
                reason = f"{written[:60]!r} is no priority; write a whole number from 0 to {MAX_PRIORITY}"
                raise _RowError(Fault(Kind.PRIORITY, reason))
        return zone, priority or 0


def _is_plain(text: str, width: int) -> bool:
    """Whether so many cells, joined by quotation marks, have no blanks at their ends and stand in JSON as they are.

    Most rows are so, and take half the time then. The one blank that is printable is the space.
    """
    return (
        text.isprintable()
        and text.count('"') == width - 1
        and "\\" not in text
        and ' "' not in text
        and '" ' not in text
        and text[:1] != " " != text[-1:]
    )


class _RowError(Exception):
    """The row is rejected."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@cache
def _zones() -> dict[str, str]:
    """The time zones of the tz database by their names, and by these in small letters."""
    names = zoneinfo.available_timezones() - NO_ZONES
    return dict(chain(((name.casefold(), name) for name in names), ((name, name) for name in names)))


def _few(indexes: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    return (lambda cells: (cells[indexes[0]],)) if indexes else lambda _: ()
