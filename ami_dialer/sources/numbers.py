"""Files of phone numbers: CSV with a column of them, or one number a line. As they are written; others read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ami_dialer.domain.formulas import as_written
from ami_dialer.sources.columns import MAX_COLUMNS
from ami_dialer.sources.headings import phone_heading
from ami_dialer.sources.problems import SourceError
from ami_dialer.sources.rows import Position, first_row, read_rows
from ami_dialer.sources.survey import Survey, survey_file


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Where the numbers of a file stand."""

    #: Names of the columns; empty where there is no header line.
    header: tuple[str, ...]
    #: Where the first row with a number begins; None: at the beginning.
    start: Position | None
    index: int


class WrittenNumber(NamedTuple):
    """One row of a file of numbers."""

    line: int
    #: Empty where the row has none.
    text: str
    #: Why the row cannot be read.
    trouble: str | None


def find_number_column(survey: Survey, is_number: Callable[[str], bool], *, any_lines: bool = False) -> NumberColumn:
    """The column of the first row that holds a number, or that a header line names so.

    `any_lines`: a file of one column needs neither. Raises SourceError.
    """
    path = survey.path
    first = first_row(survey)
    if first is None:
        raise SourceError(f"{path} holds blank lines only; it needs one number a line, or a header line and numbers")
    (line, cells, fault), end = first
    if fault is not None:
        raise SourceError(f"{path}:{line}: the first line cannot be read: {fault.reason}")
    if len(cells) > MAX_COLUMNS:
        raise SourceError(f"{path}:{line}: has {len(cells):,} columns, at most {MAX_COLUMNS:,} are allowed")
    for at, cell in enumerate(cells):
        if is_number(cell.strip()):
            return NumberColumn((), None, at)
    phones = sorted((heading.rank, at) for at, cell in enumerate(cells) if (heading := phone_heading(cell)) is not None)
    if phones:
        return NumberColumn(tuple(cells), end, phones[0][1])
    if any_lines and len(cells) == 1:
        return NumberColumn((), None, 0)
    raise SourceError(
        f"{path}:{line}: has no column of numbers (looked for number, phone and the like), and {cells[0][:40]!r} "
        "is no number; write one number a line, or a header line that names the column"
    )


def read_numbers(path: Path, is_number: Callable[[str], bool]) -> Iterator[WrittenNumber]:
    """Each row of the file that is not blank, in order. Raises SourceError."""
    survey = survey_file(path)
    column = find_number_column(survey, is_number, any_lines=True)
    for batch in read_rows(survey, column.start):
        for line, cells, fault in batch.rows:
            text = as_written(cells[column.index].strip()) if column.index < len(cells) else ""
            if fault is not None or any(cell.strip() for cell in cells):
                yield WrittenNumber(line, text, None if fault is None else fault.reason)
