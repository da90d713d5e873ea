"""Small pieces of rows, gathered into batches of the size that a database likes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.sources.contacts import ContactReader, Reading
from ami_dialer.sources.quoting import Row
from ami_dialer.sources.rows import Position

#: Rows, where reading goes on after them (None where it cannot), and how many bytes were read so far.
Piece = tuple[list[Row], Position | None, int]


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What became of some thousand rows."""

    #: Without its contacts.
    reading: Reading
    arrivals: Arrivals
    first_line: int
    #: Where the next batch begins.
    next_line: int
    #: Reading from here gives the rows that come after these.
    end: Position | None
    #: Bytes of the source read so far, for progress.
    done: int

    def counts(self) -> Counter[str]:
        """The rows that are no contacts, and what was left out of those that are, by kind."""
        found = Counter(row.kind.value for row in self.reading.rejected)
        found.update(row.kind.value for row in self.reading.warned)
        found["blank"] = self.reading.blank
        return +found


class Batches:
    """Reads a source batch by batch."""

    #: Whether batches are read by another process, so that one may be asked for while another is loaded.
    apart = False

    def __init__(
        self, reader: ContactReader, pieces: Iterator[Piece], size: int, line: int, *, doubles_too: bool = False
    ) -> None:
        """`size`: rows of a batch, at least. `line`: where the first one begins. `doubles_too`: as Arrivals.of."""
        self._reader = reader
        self._pieces = pieces
        self._size = size
        self._doubles_too = doubles_too
        #: Where the next batch begins.
        self.line = line

    def close(self) -> None:
        """Nothing is held open that the end of the rows does not close."""

    def read(self) -> ReadBatch | None:
        """The next batch; None at the end. Raises SourceError. Takes a while: for a thread."""
        whole = Reading()
        first, end, rows, done = self.line, None, 0, 0
        while rows < self._size and (piece := next(self._pieces, None)) is not None:
            found, end, done = piece
            rows += len(found)
            reading = self._reader.read(found)
            whole.contacts += reading.contacts
            whole.rejected += reading.rejected
            whole.warned += reading.warned
            whole.blank += reading.blank
            self.line = end.row if end else found[-1][0] + 1
        if not rows:
            return None
        arrivals = Arrivals.of(whole.contacts, doubles_too=self._doubles_too)
        whole.contacts = []
        return ReadBatch(whole, arrivals, first, self.line, end, done)
