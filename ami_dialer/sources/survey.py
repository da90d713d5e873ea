"""One look at a whole file before anything of it is used: what it is, how it is written, and its digest."""

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.sources import encodings
from ami_dialer.sources.binary import check_is_text
from ami_dialer.sources.dialect import Dialect, find_dialect, sep_line
from ami_dialer.sources.encodings import CP1252, UTF_8, Encoding
from ami_dialer.sources.opening import Packing, open_source
from ami_dialer.sources.problems import SourceError

#: Bytes that are looked at together.
BLOCK = 1 << 20
#: Bytes at the beginning from which the dialect is found.
HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is. The bytes are those inside, where it is packed."""

    path: Path
    #: SHA-256 of the bytes, hexadecimal.
    digest: str
    #: Bytes.
    size: int
    #: Physical lines, each ended by LF, CRLF or CR; the last one may lack its end.
    lines: int
    encoding: Encoding
    #: Nothing in the file states the encoding: no BOM, and it is no UTF-8.
    encoding_guessed: bool
    bom: bool
    dialect: Dialect
    #: The line end most used.
    newline: str
    packing: Packing
    #: Bytes before the first row: a BOM and Excel's line `sep=;`.
    start: int
    #: The physical line of the first row.
    first_line: int
    #: Size and time of the last change of the file itself.
    stamp: tuple[int, int]

    def describe(self) -> str:
        """For people, in one line."""
        encoding = encodings.shown(self.encoding.name)
        if self.bom:
            encoding += " with BOM"
        elif self.encoding_guessed:
            encoding += " (a guess)"
        lines = f"{self.lines:,} line{'s' if self.lines != 1 else ''}"
        said = [encoding, self.dialect.describe(), lines]
        if self.newline == "\r":
            said.append("ended by CR")
        if self.packing is not Packing.NONE:
            said.append(self.packing)
        return ", ".join(said)


def survey_file(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Survey:
    """Look at the file, once from end to end, with flat memory.

    `encoding` and `delimiter` are taken as given where they are not None; a BOM still wins over the encoding.
    Raises SourceError.
    """
    given = _given_encoding(path, encoding)
    with open_source(path) as source:
        head = source.read(HEAD)
        if not head:
            raise SourceError(f"{path} is empty; it needs a header line and a row for each contact")
        mark = encodings.byte_order_mark(head)
        bom = mark[1] if mark else 0
        stated = mark[0] if mark else given or encodings.wide_without_mark(head)
        check_is_text(path, head[bom:], wide=stated is not None and stated.unit > 1)
        tally = _Tally(stated or UTF_8)
        digest = hashlib.sha256()
        size, data = 0, head
        while data:
            digest.update(data)
            tally.add(data[bom:] if not size else data)
            size += len(data)
            data = source.read(BLOCK)
        packing, stamp = source.packing, source.stamp
    lines = tally.lines()
    found = stated or (UTF_8 if tally.is_utf8() else CP1252)
    text = _whole_lines(head[bom:], found, whole=size <= HEAD)
    sep = sep_line(text)
    skipped = len(text[: sep[1]].encode(found.name)) if sep else 0
    if sep:
        text = text[sep[1] :]
        delimiter = sep[0] if delimiter is None else delimiter
    return Survey(
        path=path,
        digest=digest.hexdigest(),
        size=size,
        lines=lines,
        encoding=found,
        encoding_guessed=stated is None and found is CP1252,
        bom=mark is not None,
        dialect=find_dialect(text, found.decode(tally.escapes)[0], delimiter),
        newline=tally.newline(),
        packing=packing,
        start=bom + skipped,
        first_line=2 if sep else 1,
        stamp=stamp,
    )


def _given_encoding(path: Path, name: str | None) -> Encoding | None:
    if name is None:
        return None
    try:
        return encodings.named(name)
    except LookupError:
        raise SourceError(
            f"{path}: {name!r} is no encoding of text files; write utf-8, utf-16, cp1252, iso8859-15, …"
        ) from None


def _whole_lines(data: bytes, encoding: Encoding, *, whole: bool) -> str:
    """The text of the lines that are complete, or of the one that is not."""
    end = len(data) if whole else encoding.end_of_lines(data) or len(data)
    return encoding.decode(data[:end])[0]


class _Tally:
    """What is counted in passing."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._wide = encoding.unit > 1
        self._decoder = codecs.getincrementaldecoder(encoding.name if self._wide else "utf-8")(
            "replace" if self._wide else "surrogateescape"
        )
        self._feeds = self._turns = self._both = 0
        self._last = ""
        self._good = self._bad = 0
        #: A piece of the file with backslashes before quotation marks.
        self.escapes = b""

    def add(self, data: bytes) -> None:
        """Count one more block."""
        if self._wide:
            text = self._decoder.decode(data)
            if not text:
                return
            self._count(text.count("\n"), text.count("\r"), text.count("\r\n"))
            first, self._last_now = text[0], text[-1]
        else:
            if not data:
                return
            turns = data.count(b"\r")
            self._count(data.count(b"\n"), turns, data.count(b"\r\n") if turns else 0)
            first, self._last_now = chr(data[0]), chr(data[-1])
            self._judge(data)
        if self._last == "\r" and first == "\n":
            self._both += 1
        self._last = self._last_now
        if not self.escapes:
            self._keep_escapes(data)

    def _count(self, feeds: int, turns: int, both: int) -> None:
        self._feeds += feeds
        self._turns += turns
        self._both += both

    def _judge(self, data: bytes) -> None:
        """How much of it is UTF-8 beyond ASCII, and how much cannot be."""
        text = self._decoder.decode(data)
        if text.isascii():
            return
        try:
            self._good += len(text.encode()) - len(text)
        except UnicodeEncodeError:  # bytes that are no UTF-8
            readable = text.encode("utf-8", "ignore")
            self._bad += len(text.encode("utf-8", "surrogateescape")) - len(readable)
            self._good += len(readable) - len(readable.decode("utf-8"))

    def _keep_escapes(self, data: bytes) -> None:
        at = data.find('\\"'.encode(self._encoding.name)) if b"\\" in data else -1
        if at < 0:
            return
        unit = self._encoding.unit
        begin = max(0, at - HEAD // 2)
        begin -= begin % unit
        piece = data[begin : begin + HEAD]
        # From the first whole line of the piece to the last one.
        start = self._encoding.end_of_line(piece) if begin else 0
        end = self._encoding.end_of_lines(piece)
        self.escapes = piece[start:end] if start < end else piece

    def is_utf8(self) -> bool:
        """At least as much UTF-8 as bytes that cannot be; a character cut off by the end of the file does not count."""
        return self._bad <= self._good

    def lines(self) -> int:
        """Physical lines. Nothing is added after it was asked."""
        self._last = (self._last + self._decoder.decode(b"", True))[-1:] if self._wide else self._last
        return self._feeds + self._turns - self._both + (self._last not in ("", "\n", "\r"))

    def newline(self) -> str:
        """The line end most used."""
        counts = {"\n": self._feeds - self._both, "\r\n": self._both, "\r": self._turns - self._both}
        return max(counts, key=lambda end: counts[end])
