"""Rejected rows, kept in a file that can be opened in a spreadsheet, mended and imported again."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ami_dialer.domain.formulas import neutral
from ami_dialer.sources.columns import REJECT_COLUMNS
from ami_dialer.sources.problems import Rejected, SourceError

_PACKED = {".gz", ".gzip", ".zip"}
#: Bytes that were no text stand as this in the file, to be found and mended.
_UNREADABLE = "\ufffd"


def rejects_path(source: Path) -> Path:
    """Where the rejected rows of a file go: `people.rejected.csv` beside `people.csv` or `people.csv.gz`."""
    inside = source.with_suffix("") if source.suffix.lower() in _PACKED else source
    return inside.with_name(f"{inside.stem}.rejected.csv")


class RejectsFile:
    """Writes rejected rows as they come; without one there is no file. A context manager."""

    def __init__(self, path: Path, header: Sequence[str], *, goes_on_at: int | None = None) -> None:
        """`header`: the list's own columns.

        `goes_on_at`: rows are added to what an import wrote that was cut off and goes on at this line of its source.
        """
        self.path = path
        self._header = [neutral(readable(name)) for name in (*REJECT_COLUMNS, *header)]
        self._goes_on_at = goes_on_at
        self._out: IO[str] | None = None
        #: Rows that were written.
        self.count = 0

    def add(self, rejected: Iterable[Rejected]) -> None:
        """Write some rows. Raises SourceError where the file cannot be written."""
        rows = [
            [
                row.line,
                row.kind.value,
                neutral(readable(row.reason)),
                *(neutral(readable(cell)) for cell in row.cells),
            ]
            for row in rejected
        ]
        if not rows:
            return
        try:
            out = self._out or self._open()
            csv.writer(out).writerows(rows)
        except OSError as error:
            raise SourceError(f"{self.path} cannot be written: {error.strerror}") from error
        self.count += len(rows)

    def _open(self) -> IO[str]:
        added = self._goes_on_at is not None and self._cut(self._goes_on_at)
        # With a BOM: Excel takes CSV without one for the code page of the machine.
        self._out = self.path.open("a" if added else "w", encoding="utf-8" if added else "utf-8-sig", newline="")
        if not added:
            csv.writer(self._out).writerow(self._header)
        return self._out

    def _cut(self, line: int) -> bool:
        """Leave out the rows from `line` on: those of a batch that did not come in. Whether there is a file."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        left = self.path.with_name(self.path.name + ".part")
        with (
            self.path.open(encoding="utf-8-sig", newline="") as source,
            left.open("w", encoding="utf-8-sig", newline="") as out,
        ):
            try:
                rows = csv.reader(source)
                mine = next(rows, None) == self._header
                csv.writer(out).writerows(chain([self._header], _before(rows, line)))
            except (csv.Error, ValueError, IndexError):
                mine = False
        if mine:
            left.replace(self.path)
        else:  # somebody has saved it in another way: nothing of it is lost
            left.unlink()
        return True

    def flush(self) -> None:
        """Give what was written to the operating system. Raises SourceError."""
        try:
            if self._out is not None:
                self._out.flush()
        except OSError as error:
            raise SourceError(f"{self.path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Close the file. Raises SourceError. Twice does no harm."""
        out, self._out = self._out, None
        try:
            if out is not None:
                out.close()
        except OSError as error:
            raise SourceError(f"{self.path} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _before(rows: Iterator[list[str]], line: int) -> Iterator[list[str]]:
    """Those of rejected rows that stood before `line`. They rise, but for a last one that was cut off."""
    last = 0
    for row in rows:
        if not last < int(row[0]) < line:
            return
        last = int(row[0])
        yield row


def readable(text: str) -> str:
    """The text as files and terminals take it: without NULs, and without the surrogates of bytes that are no text."""
    if "\0" not in text and text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", _UNREADABLE)
