"""Rejected rows, kept in a file that can be opened in a spreadsheet, mended and imported again."""

import csv
from collections.abc import Iterable, Sequence
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

    def __init__(self, path: Path, header: Sequence[str], *, goes_on: bool = False) -> None:
        """`header`: the list's own columns. `goes_on`: rows are added to what an import that was cut off wrote."""
        self.path = path
        self._header = [*REJECT_COLUMNS, *header]
        self._goes_on = goes_on
        self._out: IO[str] | None = None
        #: Rows that were written.
        self.count = 0

    def add(self, rejected: Iterable[Rejected]) -> None:
        """Write some rows. Raises SourceError where the file cannot be written."""
        rows = [
            [
                row.line,
                row.kind.value,
                neutral(_readable(row.reason)),
                *(neutral(_readable(cell)) for cell in row.cells),
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
        added = self._goes_on and self.path.exists() and self.path.stat().st_size > 0
        # With a BOM: Excel takes CSV without one for the code page of the machine.
        self._out = self.path.open("a" if added else "w", encoding="utf-8" if added else "utf-8-sig", newline="")
        if not added:
            csv.writer(self._out).writerow([neutral(_readable(name)) for name in self._header])
        return self._out

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


def _readable(text: str) -> str:
    """The text without NULs and without the lone surrogates that stand for bytes that are no text."""
    if "\0" not in text and text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", _UNREADABLE)
