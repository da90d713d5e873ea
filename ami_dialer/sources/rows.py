"""The rows of a file. No input makes a row vanish or appear: what cannot be read is given back as a broken row."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, repeat

from ami_dialer.sources.blocks import MAX_LINE, Block, blocks
from ami_dialer.sources.encodings import shown
from ami_dialer.sources.opening import Unpacked, open_source
from ami_dialer.sources.problems import Fault, Kind, SourceError
from ami_dialer.sources.quoting import Careful, Row, quick
from ami_dialer.sources.survey import Survey

#: Rows that are handed out together, unless the caller wants another number. Few enough for the processor's cache.
BATCH = 500

_OVERLONG = Fault(Kind.BROKEN, f"is a line of more than {MAX_LINE:,} bytes; only its beginning was kept")
_NUL = Fault(Kind.BROKEN, "holds a NUL byte")

__all__ = ["BATCH", "Batch", "Header", "Position", "Row", "first_row", "read_header", "read_rows"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two rows. Good for the same file with the same survey; callers only keep it and give it back."""

    #: Bytes of the unpacked file before the line `line`, where reading begins.
    offset: int
    line: int
    #: Lines that were looked at in vain up to there: see sources/quoting.py.
    spent: int
    #: The first row that is wanted begins on this line or after it.
    row: int

    def __str__(self) -> str:
        """As it may be stored."""
        return f"{self.offset}:{self.line}:{self.spent}:{self.row}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The position that was written so. Raises ValueError."""
        offset, line, spent, row = map(int, text.split(":"))
        return cls(offset, line, spent, row)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows in a row."""

    rows: list[Row]
    #: Reading from here gives the rows that come after these.
    end: Position
    #: Bytes of the unpacked file that were read so far, at most one block more than these rows; for progress.
    done: int


@dataclass(frozen=True, slots=True)
class Header:
    """The first row that is not blank."""

    line: int
    cells: list[str]
    #: Where the rows begin.
    end: Position


def first_row(survey: Survey) -> tuple[Row, Position] | None:
    """The first row that holds anything but blanks, and where the next one begins; None where there is none."""
    before = _beginning(survey)
    for batch in read_rows(survey):
        for line, cells, fault in batch.rows:
            if fault is not None or any(cell.strip() for cell in cells):
                found = next(read_rows(survey, replace(before, row=line), size=1))
                return found.rows[0], found.end
        before = batch.end
    return None


def read_header(survey: Survey) -> Header:
    """The header line. Raises SourceError where there is none, or none that can be read."""
    first = first_row(survey)
    if first is None:
        raise SourceError(f"{survey.path} holds blank lines only; it needs a header line and a row for each contact")
    (line, cells, fault), end = first
    if fault is not None:
        raise SourceError(f"{survey.path}:{line}: the header line cannot be read: {fault.reason}")
    return Header(line, cells, end)


def read_rows(survey: Survey, start: Position | None = None, size: int = BATCH) -> Iterator[Batch]:
    """All rows from `start` on, the header among them without one, `size` at a time; blank lines are left out.

    Memory is flat: a piece of the file and `size` rows. Raises SourceError where the file cannot be read or is not
    the one any more that was surveyed.
    """
    begin = start or _beginning(survey)
    with open_source(survey.path) as source:
        if source.stamp != survey.stamp:
            raise SourceError(f"{survey.path} was changed while it was read; import it again")
        source.skip(begin.offset)
        yield from _batches(survey, source, begin, size)


def _beginning(survey: Survey) -> Position:
    return Position(survey.start, survey.first_line, 0, survey.first_line)


def _batches(survey: Survey, source: Unpacked, begin: Position, size: int) -> Iterator[Batch]:
    reader = _Reader(survey, begin)
    pending: list[Row] = []
    done = begin.offset
    for block in chain(blocks(source, begin.offset, survey.encoding), [None]):
        if block is None:
            rows = reader.end()
        else:
            rows = reader.read(block)
            done = block.offset + block.length
        if rows and rows[0][0] < begin.row:
            rows = [row for row in rows if row[0] >= begin.row]
        pending += rows
        while len(pending) >= size:
            batch, pending = pending[:size], pending[size:]
            yield Batch(batch, reader.position(pending[0][0] if pending else reader.line), done)
    if pending:
        yield Batch(pending, reader.position(reader.line), done)


class _Reader:
    """Makes rows of blocks."""

    def __init__(self, survey: Survey, begin: Position) -> None:
        self._encoding = survey.encoding
        self._dialect = survey.dialect
        self._careful = Careful(survey.dialect, begin.spent)
        #: The physical line after the last row.
        self.line = begin.line
        #: Where reading would have to begin to give the rows of this block, and those of the next.
        self._origin = self._next = (begin.offset, begin.line, begin.spent)
        #: The text of a row that goes on in the next block, and whether it holds what no row may.
        self._rest = ""
        self._suspect = False

    def position(self, row: int) -> Position:
        """A place in the block that was read last, before the row that begins on line `row`."""
        return Position(*self._origin, row)

    def read(self, block: Block) -> list[Row]:
        """The rows that end in this block."""
        self._origin = self._next
        rows = self._overlong(block) if block.overlong else self._rows(block)
        rest = self._encoding.encode(self._rest)
        if rest is not None and block.data.endswith(rest):  # else it began before this block, or is damaged
            end = block.offset + block.length - len(rest)
            self._next = (end, self.line, self._careful.spent)
        return rows

    def _rows(self, block: Block) -> list[Row]:
        text, whole = self._encoding.decode(block.data)
        if not text.endswith(("\n", "\r")):
            text += "\n"
        self._suspect = self._suspect or not whole or "\0" in text
        cells = None if self._rest else quick(text, self._dialect)
        if cells is None:
            return self._slowly(self._rest + text, last=False)
        rows: list[Row] = list(zip(count(self.line), cells, repeat(None)))
        self.line += len(cells)
        return self._judged([row for row in rows if row[1]] if [] in cells else rows)

    def _overlong(self, block: Block) -> list[Row]:
        rows = self._finish()
        rows.append((self.line, [self._encoding.decode(block.data)[0]], _OVERLONG))
        self.line += 1
        return rows

    def end(self) -> list[Row]:
        """The rows of what is left at the end of the file."""
        self._origin = self._next
        return self._finish()

    def _finish(self) -> list[Row]:
        """The rows of what is left; nothing of it goes on in a next block."""
        return self._slowly(self._rest, last=True) if self._rest else []

    def _slowly(self, text: str, *, last: bool) -> list[Row]:
        rows, lines, self._rest = self._careful.read(text, self.line, last=last)
        self.line += lines
        return self._judged(rows)

    def _judged(self, rows: list[Row]) -> list[Row]:
        if self._suspect:
            rows = [self._judge(row) for row in rows]
            self._suspect = bool(self._rest)
        return rows

    def _judge(self, row: Row) -> Row:
        """The row, broken where it holds what no text holds."""
        text = "".join(row[1])
        if row[2] is not None:
            return row
        if "\0" in text:
            return row[0], row[1], _NUL
        try:
            text.encode()
        except UnicodeEncodeError as error:
            bad = ord(text[error.start]) & 0xFF
            reason = (
                f"holds a byte (0x{bad:02X}) that is no {shown(self._encoding.name)}; mend it, or name the encoding"
            )
            return row[0], row[1], Fault(Kind.ENCODING, reason)
        return row
