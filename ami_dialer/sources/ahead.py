"""A file read ahead by a process of its own: reading takes about as long as loading, and machines have several cores.

In a thread it would not pay: SQLite's driver lets Python's lock go at each row, and a thread that computes keeps it.
"""

import gc
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ami_dialer.domain.phone import Normaliser
from ami_dialer.sources.batches import Batches, Piece, ReadBatch
from ami_dialer.sources.columns import Columns
from ami_dialer.sources.contacts import ContactReader
from ami_dialer.sources.problems import SourceError
from ami_dialer.sources.rows import Position, read_rows
from ami_dialer.sources.survey import Survey

#: A smaller file (some 50,000 contacts) is read in the time that a process takes to start.
WORTHWHILE_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be read, and how."""

    survey: Survey
    columns: Columns
    #: Country of numbers without a country code.
    region: str
    start: Position
    #: Rows of a batch, at least.
    size: int
    #: The list allows numbers to come in again.
    doubles_too: bool

    def batches(self) -> Batches:
        """The batches, to be read here."""
        reader = ContactReader(self.columns, Normaliser(self.region))
        return Batches(reader, self._pieces(), self.size, self.start.row, doubles_too=self.doubles_too)

    def open(self, reader: "Reader | None" = None) -> "Batches | Ahead":
        """The batches, read ahead where the file is long enough: by `reader`, where one waits for work already."""
        if self.survey.size < WORTHWHILE_BYTES:
            return self.batches()
        return Ahead(self, reader or Reader())

    def _pieces(self) -> Iterator[Piece]:
        for batch in read_rows(self.survey, self.start):
            yield batch.rows, batch.end, batch.done


class Reader:
    """A process that waits for a task. It starts while there is other work to do. `close` it, once or more."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")  # a fork would take over the threads' locks
        self.pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_read_all, args=(theirs,), name="ami-dialer reader", daemon=True)
        self._process.start()
        theirs.close()

    @classmethod
    def for_file(cls, path: Path) -> "Reader | None":
        """One for a file that may be long enough."""
        try:
            return cls() if path.stat().st_size >= WORTHWHILE_BYTES else None
        except (OSError, ValueError):  # whoever reads the file says what is wrong with it
            return None

    def close(self) -> None:
        """End the process, however far it is. Whoever waits for it is told so."""
        self._process.terminate()
        self._process.join()


class Ahead:
    """Reads the batches of a task in another process, one batch ahead. As `Batches`; `close` it."""

    apart = True

    def __init__(self, task: Task, reader: Reader) -> None:
        #: Where the next batch begins.
        self.line = task.start.row
        self._path = task.survey.path
        self._reader = reader
        self._pipe = reader.pipe
        with suppress(OSError):  # it was ended; `read` says so
            self._pipe.send(task)

    def read(self) -> ReadBatch | None:
        """The next batch; None at the end. Raises SourceError. Takes a while: for a thread."""
        try:
            message = self._pipe.recv()
        except (EOFError, OSError):
            raise SourceError(f"{self._path}: the process that read it was ended; import it again") from None
        if isinstance(message, SourceError):
            raise message
        if message is None:
            return None
        batch: ReadBatch = message
        self.line = batch.next_line
        return batch

    def close(self) -> None:
        """End the process, however far it is. Whoever waits in `read` is told so."""
        self._reader.close()


def _read_all(pipe: "Connection[ReadBatch | SourceError | None, Task]") -> None:
    """The other process: take the task, send each batch, then None; or the error that ends the reading."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to both; the other one ends this one
    gc.disable()  # millions of tuples, and no cycles among them
    try:
        batches = pipe.recv().batches()
        while (batch := batches.read()) is not None:
            pipe.send(batch)  # in columns: they are sent in a fifth of the time that so many small objects take
            del batch  # or it would be held while the next one grows
        pipe.send(None)
    except SourceError as error:
        pipe.send(error)
    except (BrokenPipeError, EOFError):  # nobody wants to know, or ever wanted
        return
