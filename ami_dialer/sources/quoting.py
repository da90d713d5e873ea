"""Text made rows. A quotation mark that is never closed costs its own line, not the rest of the file."""

import csv
import io
from collections.abc import Iterator
from typing import TypeAlias

from ami_dialer.sources.blocks import MAX_LINE
from ami_dialer.sources.dialect import Dialect
from ami_dialer.sources.problems import Fault, Kind

#: Physical lines of the longest row; a quotation mark still open then is taken for a stray one.
MAX_ROW_LINES = 200
#: Lines that may be looked at in vain for the end of a quotation, in all and for each line of the file. Beyond that,
#: quotations must end on their line: a file of stray quotation marks takes no more than five times as long as others.
_SPARE = 20_000
_SPARE_PER_LINE = 4
#: A line put behind the text; it comes out as a row of its own exactly when every quotation before it is closed.
_MARK = "\x1e"

#: The physical line on which the row begins, its cells, and what is wrong with it. A broken row has one cell: its line.
Row: TypeAlias = tuple[int, list[str], Fault | None]

_OPEN = Fault(Kind.BROKEN, "opens a quotation mark that is not closed where a cell ends")
_CUT_OFF = Fault(Kind.BROKEN, "opens a quotation mark, and the file ends before it is closed; is the file complete?")
_LONG = Fault(Kind.BROKEN, f"has a cell of more than {csv.field_size_limit():,} characters")


def quick(text: str, dialect: Dialect) -> list[list[str]] | None:
    """One row for each line, empty for a blank one; None where a row takes several lines or cannot be read."""
    reader = csv.reader(io.StringIO(text + _MARK, newline=""), **dialect.format)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    if len(rows) != reader.line_num or rows.pop() != [_MARK]:
        return None
    return rows


class Careful:
    """Makes rows of text where rows take several lines, or quotation marks are stray."""

    def __init__(self, dialect: Dialect, spent: int) -> None:
        self._dialect = dialect
        #: Lines that were looked at in vain for the end of a quotation.
        self.spent = spent

    def read(self, text: str, first: int, *, last: bool) -> tuple[list[Row], int, str]:
        """The rows of whole lines, how many lines they take, and the text of a row that goes on in the next block.

        `first` is the physical line of the first one. With `last` there is no next block.
        """
        lines = io.StringIO(text, newline="").readlines()
        rows: list[Row] = []
        feed = _Feed(lines)
        large = len(text) > MAX_LINE
        at = 0
        while at < len(lines):
            feed.at, feed.end = at, at + self._reach(first + at)
            try:
                for cells in csv.reader(feed, strict=True, **self._dialect.format):
                    if large:
                        _check_length(lines[at : feed.at])
                    if cells:
                        rows.append((first + at, cells, None))
                    at = feed.at
                    feed.end = at + MAX_ROW_LINES
            except csv.Error:
                row, fault = self._alone(lines[at])
                if fault is not None:
                    ran_out = feed.ran_out and feed.at == len(lines)
                    if ran_out and not last and sum(map(len, lines[at:])) < MAX_LINE:
                        return rows, at, "".join(lines[at:])
                    self.spent += feed.at - at - 1
                    fault = _CUT_OFF if ran_out and last and fault is _OPEN else fault
                rows.append((first + at, row, fault))
                at += 1
        return rows, at, ""

    def _reach(self, line: int) -> int:
        """How many lines a row that begins here may take."""
        return MAX_ROW_LINES if self.spent < _SPARE + _SPARE_PER_LINE * line else 1

    def _alone(self, line: str) -> tuple[list[str], Fault | None]:
        """One line by itself, read as leniently as spreadsheets do: text behind a quotation belongs to the cell."""
        try:
            rows = list(csv.reader([line, _MARK], **self._dialect.format))
        except csv.Error:
            return [line.rstrip("\r\n")], _LONG
        return (rows[0], None) if rows[1:] == [[_MARK]] else ([line.rstrip("\r\n")], _OPEN)


def _check_length(lines: list[str]) -> None:
    """A row of several lines is no longer than a line may be, wherever blocks end."""
    if len(lines) > 1 and sum(map(len, lines)) > MAX_LINE:
        raise csv.Error(f"row larger than {MAX_LINE}")


class _Feed(Iterator[str]):
    """Lines for csv.reader, from `at` up to `end`."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.at = self.end = 0
        self.ran_out = False

    def __next__(self) -> str:
        at = self.at
        if at >= self.end or at >= len(self._lines):
            self.ran_out = True
            raise StopIteration
        self.at = at + 1
        return self._lines[at]
