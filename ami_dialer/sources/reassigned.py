"""Answers of a reassigned numbers database: CSV with a number, and when it was given up, or yes and no.

The database of the FCC answers, for a number and a day, `yes` (permanently disconnected on that day or since), `no`
or `no data` (47 CFR 64.1200(m); DA 21-1649). Others give the day itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ami_dialer.domain.phone import Normaliser, NotANumberError
from ami_dialer.sources.moments import Moments
from ami_dialer.sources.named_columns import NamedColumns, find_named_columns
from ami_dialer.sources.problems import Kind, Rejected, SourceError
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rows import read_rows
from ami_dialer.store.reassignments import GivenUp

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "answer": (
        *("answer", "response", "result", "reassigned", "rnd_result", "rnd_response", "status", "disconnected"),
        *("permanently_disconnected", "is_reassigned", "is_disconnected"),
    ),
    "disconnected": (
        *("disconnected_at", "disconnect_date", "disconnected_date", "disconnected_on", "disconnection_date"),
        *("permanent_disconnect_date", "date_disconnected", "reassigned_at", "reassigned_date", "date"),
    ),
    "checked": (
        *("checked_at", "checked", "date_checked", "check_date", "response_date", "run_date", "processed_at"),
        *("query_time", "queried_at", "queried_on", "date_of_query"),
    ),
}
_YES = frozenset(("yes", "y", "true", "1", "reassigned", "disconnected"))
_NO = frozenset(("no", "n", "false", "0", "no data", "no_data", "nodata", "unknown", "not reassigned"))


@dataclass(frozen=True, slots=True)
class ReassignedFile:
    """How the file is to be read."""

    columns: NamedColumns
    region: str
    moments: Moments
    #: When the database was asked, for rows that do not say.
    checked_at: datetime


@dataclass(slots=True)
class ReassignedPortion:
    """Some rows of the file."""

    given_up: list[GivenUp]
    #: Answered no, or no data.
    same_holder: int
    rejected: list[Rejected]
    #: Bytes of the file that were read so far.
    done: int


def look_at_reassigned(
    path: Path, region: str, moments: Moments, checked_at: datetime | None, now: datetime, mapping: Mapping[str, str]
) -> ReassignedFile:
    """Find out how the file is to be read. Without `checked_at` the time when it was written counts.

    Raises SourceError.
    """
    columns = find_named_columns(path, COLUMNS, mapping)
    if "answer" not in columns.indexes and "disconnected" not in columns.indexes:
        raise SourceError(
            f"{columns.where}: has neither a column of answers (yes, no) nor one of the day a number was given up; "
            "name it with --column answer=NAME or --column disconnected=NAME, or give it one of these headings: "
            f"{', '.join(COLUMNS['answer'])}; or {', '.join(COLUMNS['disconnected'])}"
        )
    if "answer" in columns.indexes:  # a day beside it is the one that was asked about
        known = {name: at for name, at in columns.indexes.items() if name != "disconnected"}
        columns = replace(columns, indexes=known)
    written_at = min(datetime.fromtimestamp(path.stat().st_mtime, UTC), now)
    return ReassignedFile(columns, region, moments, checked_at or written_at)


def read_reassigned(file: ReassignedFile, size: int) -> Iterator[ReassignedPortion]:
    """The rows of the file, `size` at a time. Raises SourceError where it changes meanwhile."""
    normalise = Normaliser(file.region)
    for batch in read_rows(file.columns.survey, file.columns.start, size):
        portion = ReassignedPortion([], 0, [], batch.done)
        for row in batch.rows:
            _read(file, normalise, row, portion)
        yield portion


def _read(file: ReassignedFile, normalise: Normaliser, row: Row, portion: ReassignedPortion) -> None:
    line, cells, _ = row
    if not any(cell.strip() for cell in cells):
        return
    if (fault := file.columns.fault_of(row)) is not None:
        portion.rejected.append(Rejected(line, fault.kind, fault.reason, cells))
        return
    try:
        number = normalise(file.columns.cell(cells, "number"))
    except NotANumberError as error:
        portion.rejected.append(Rejected(line, Kind.PHONE_BAD, str(error), cells))
        return
    try:
        found = _given_up(file, cells, number)
    except ValueError as error:
        portion.rejected.append(Rejected(line, Kind.TIME, str(error), cells))
        return
    if found is None:
        portion.same_holder += 1
    else:
        portion.given_up.append(found)


def _given_up(file: ReassignedFile, cells: list[str], number: str) -> GivenUp | None:
    """When the number was given up, at the latest. None where it was not. Raises ValueError."""
    checked = file.columns.cell(cells, "checked")
    checked_at = min(file.moments.read(checked).end, file.checked_at) if checked else file.checked_at
    if "answer" in file.columns.indexes:
        answer = file.columns.cell(cells, "answer").casefold()
        if answer in _NO:
            return None
        if answer not in _YES:
            raise ValueError(f"{answer[:40]!r} is no answer; write yes, no or no data")
        # Yes tells only that it was some time before the database was asked.
        return GivenUp(number, checked_at, checked_at)
    day = file.columns.cell(cells, "disconnected")
    if not day:
        return None
    # Of a day its end: who consented on that very day may have been the one who gave the number up.
    at = file.moments.read(day)
    if at.at > checked_at:
        raise ValueError(f"{day[:40]!r} is later than when the database was asked")
    return GivenUp(number, min(at.end, checked_at), checked_at)
