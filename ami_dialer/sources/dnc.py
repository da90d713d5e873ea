"""A do-not-call file: CSV with a column of numbers, or one number a line; `+1900*` stands for all that begin so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ami_dialer.domain.beginning import beginning
from ami_dialer.domain.formulas import as_written
from ami_dialer.domain.phone import Normaliser, NotANumberError
from ami_dialer.sources.blocks import KEPT
from ami_dialer.sources.headings import plain
from ami_dialer.sources.numbers import find_number_column
from ami_dialer.sources.problems import Fault, Kind, Rejected, Warned
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rejects import readable
from ami_dialer.sources.rows import Position, read_rows
from ami_dialer.sources.survey import Survey, survey_file

_REASONS = ("reason", "note", "notes", "comment", "why", "grund", "motivo", "motif")
_EXPIRES = ("expires_at", "expires", "expiry", "expiration", "expiry_date", "expiration_date", "valid_until", "until")
#: Characters of a line that may be the kept beginning of an endless one: its last cell may be half a number.
_CUT_SHORT = KEPT // 4


class Listed(NamedTuple):
    """A number, or a beginning, of a do-not-call file."""

    number: str
    #: Empty where the file gives none.
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class DncFile:
    """How a do-not-call file is to be read."""

    survey: Survey
    #: Names of the columns; empty where there is no header line.
    header: tuple[str, ...]
    #: Where the first row with a number begins; None: at the beginning.
    start: Position | None
    number: int
    reason: int | None
    expires: int | None

    def describe(self) -> str:
        """For people, in one line."""
        columns = f"numbers in column {self.number + 1}"
        if self.header:
            named = [self.header[at] for at in (self.number, self.reason, self.expires) if at is not None]
            columns = f"columns {', '.join(named)}"
        return f"{self.survey.describe()}; {columns}"


@dataclass(slots=True)
class Portion:
    """Some rows of a do-not-call file."""

    listed: list[Listed]
    #: Rows that hold no number.
    rejected: list[Rejected]
    #: Numbers that were taken without what else their row says.
    warned: list[Warned]
    #: Bytes of the file that were read so far.
    done: int


def look_at(path: Path, region: str) -> DncFile:
    """Find out how the file is to be read. Raises SourceError."""
    survey = survey_file(path)
    column = find_number_column(survey, NumberReader(region).is_one)
    names = [plain(cell.strip("\ufeff")) for cell in column.header]
    reason, expires = _column(names, _REASONS), _column(names, _EXPIRES)
    return DncFile(survey, column.header, column.start, column.index, reason, expires)


def _column(names: list[str], spellings: tuple[str, ...]) -> int | None:
    return next((names.index(spelling) for spelling in spellings if spelling in names), None)


def read_dnc(file: DncFile, region: str, size: int) -> Iterator[Portion]:
    """The rows of the file, `size` at a time. Raises SourceError where it changes meanwhile."""
    reader = NumberReader(region)
    for batch in read_rows(file.survey, file.start, size):
        portion = Portion([], [], [], batch.done)
        for row in batch.rows:
            _read(file, reader, row, portion)
        yield portion


def _read(file: DncFile, reader: "NumberReader", row: Row, portion: Portion) -> None:
    """Take the number of a row wherever it can be read: what is wrong beside it must not make it callable."""
    line, cells, fault = row
    found = cells if fault is None else _rescued(file, cells, fault)
    text = _cell(found, file.number)
    if not text and fault is None:
        if any(cell.strip() for cell in cells):
            portion.rejected.append(Rejected(line, Kind.PHONE_MISSING, "has no number", cells))
        return
    try:
        number = reader.read(text)
    except NotANumberError as error:
        wrong = fault or Fault(Kind.PHONE_BAD, str(error))
        portion.rejected.append(Rejected(line, wrong.kind, wrong.reason, cells))
        return
    if fault is not None:
        without = "" if found is cells else ", without reason and end"
        portion.warned.append(Warned(line, fault.kind, f"{readable(fault.reason)}; {number} was taken{without}"))
    expires = None
    if file.expires is not None and (written := _cell(found, file.expires)):
        try:
            expires = moment(written)
        except ValueError as error:
            reason = f"{readable(str(error))}; {number} was taken, without an end"
            portion.warned.append(Warned(line, Kind.EXPIRY, reason))
    reason = "" if file.reason is None else readable(_cell(found, file.reason))
    portion.listed.append(Listed(number, reason, expires))


def _rescued(file: DncFile, cells: list[str], fault: Fault) -> list[str]:
    """The cells of a faulty row; of a line that could not be parted into cells (see `Row`) the number's alone."""
    if fault.kind is not Kind.BROKEN or len(cells) != 1:
        return cells
    [line] = cells
    parts = line.split(file.survey.dialect.delimiter) if file.survey.dialect.delimiter else [line]
    if len(line) >= _CUT_SHORT:
        parts.pop()
    number = parts[file.number].strip().strip('"') if file.number < len(parts) else ""
    return [number if at == file.number else "" for at in range(file.number + 1)]


def _cell(cells: list[str], at: int) -> str:
    return as_written(cells[at].strip()) if at < len(cells) else ""


class NumberReader:
    """Reads what may stand on a do-not-call list."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._normalise = Normaliser(region)

    def read(self, text: str) -> str:
        """A number in E.164, or a beginning where it ends with an asterisk. Raises NotANumberError."""
        return beginning(text, self._region) if text.endswith("*") else self._normalise(text)

    def is_one(self, text: str) -> bool:
        """Whether it can be read."""
        try:
            self.read(text.strip())
        except NotANumberError:
            return False
        return True


def moment(text: str) -> datetime:
    """A day or a time in ISO 8601; a day begins at midnight, and a time without a zone is UTC. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the first or last hours of the calendar, in another zone
        raise ValueError(f"{text[:40]!r} is no date; write it like 2027-12-31") from None
