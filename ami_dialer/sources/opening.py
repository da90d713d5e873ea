"""Files as bytes, whether plain, gzip or zip. What a file is, its first bytes say, not its name."""

import gzip
import lzma
import stat
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ami_dialer.sources.problems import SourceError

#: Bytes that a packed file may unpack to. 5 million contacts of 800 bytes are 4 GB.
MAX_UNPACKED = 4 << 30
#: A packed file that unpacks to more than so many times its size is taken for a bomb …
MAX_RATIO = 200
#: … once so many bytes came out of it.
RATIO_FROM = 64 << 20

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_TEXT_NAMES = (".csv", ".tsv", ".txt")
#: Members that give away an office document, which is a zip too.
_DOCUMENTS = ("[Content_Types].xml", "META-INF/manifest.xml")
_DAMAGED = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Packing(StrEnum):
    """How a file is packed."""

    NONE = "not packed"
    GZIP = "gzip"
    ZIP = "zip"


class Unpacked:
    """The bytes inside a file, from the first to the last. A context manager. Methods raise SourceError."""

    def __init__(self, path: Path, packing: Packing, file: IO[bytes], stream: IO[bytes]) -> None:
        self.path = path
        self.packing = packing
        status = path.stat()
        #: Size in bytes and time of the last change: the same as before, so the file is the same as before.
        self.stamp = (status.st_size, status.st_mtime_ns)
        self._size = status.st_size
        self._file = file
        self._stream = stream
        self._given = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        try:
            data = self._stream.read(size)
        except _DAMAGED as error:
            raise SourceError(
                f"{self.path} is damaged: after {self._given:,} bytes its {self.packing} data ends or makes no sense "
                f"({error}); copy or pack it again"
            ) from None
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror or error}") from error
        self._given += len(data)
        if self.packing is not Packing.NONE:
            self._check_size()
        return data

    def skip(self, size: int) -> None:
        """Go `size` bytes further without looking at them."""
        if self.packing is Packing.NONE:
            self._stream.seek(size, 1)
            self._given += size
            return
        while size > 0:
            data = self.read(min(size, 1 << 20))
            if not data:
                return
            size -= len(data)

    def _check_size(self) -> None:
        if self._given > MAX_UNPACKED:
            raise SourceError(
                f"{self.path} unpacks to more than {MAX_UNPACKED:,} bytes; unpack it yourself, or split the list"
            )
        if self._given > RATIO_FROM and self._given > MAX_RATIO * self._size:
            raise SourceError(
                f"{self.path} unpacks to more than {MAX_RATIO} times its size, as bombs do; "
                "if it is yours, unpack it and import what is in it"
            )

    def close(self) -> None:
        """Close the file. Twice does no harm."""
        self._stream.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(path: Path) -> Unpacked:
    """Open the file and look into it where it is packed. Raises SourceError."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise SourceError(f"{path} is {what}; name a CSV file")
        file = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise SourceError(f"{str(path)!r} cannot be read: {error}") from None
    try:
        return _look_inside(path, file)
    except BaseException:
        file.close()
        raise


def _look_inside(path: Path, file: IO[bytes]) -> Unpacked:
    try:
        magic = file.read(4)
        file.seek(0)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    if magic.startswith(_GZIP):
        # A GzipFile lacks nothing that is used here; Unpacked closes it.
        unpacking: IO[bytes] = gzip.open(file)  # type: ignore[assignment]  # noqa: SIM115
        return Unpacked(path, Packing.GZIP, file, unpacking)
    if magic in _ZIP:
        return Unpacked(path, Packing.ZIP, file, _member(path, file))
    return Unpacked(path, Packing.NONE, file, file)


def _member(path: Path, file: IO[bytes]) -> IO[bytes]:
    """The one file in a zip that is a list."""
    try:
        archive = zipfile.ZipFile(file)
        chosen = _the_one(path, archive)
        if chosen.flag_bits & 1:
            raise SourceError(f"{path} is encrypted; unpack it with its password and import {chosen.filename}")
        return archive.open(chosen)
    except (NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{path} is packed in a way that cannot be read ({error}); unpack it yourself") from None
    except (*_DAMAGED, UnicodeDecodeError, ValueError, OSError) as error:
        raise SourceError(f"{path} is a damaged zip ({error}); copy or pack it again") from None


def _the_one(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if {info.filename for info in members} & set(_DOCUMENTS):
        raise SourceError(f"{path} is a spreadsheet or another office document; save it as CSV and import that")
    # What the Mac adds of its own.
    members = [info for info in members if not info.filename.startswith("__MACOSX/")]
    texts = [info for info in members if info.filename.lower().endswith(_TEXT_NAMES)]
    for found in (members, texts):
        if len(found) == 1:
            return found[0]
    names = ", ".join(info.filename for info in (texts or members)[:5])
    raise SourceError(
        f"{path} holds {len(texts or members)} files ({names}); pack one CSV file in a zip, or unpack it"
        if members
        else f"{path} is an empty zip; pack the CSV file again"
    )
