"""What bytes mean: how the line ends of an encoding are found in bytes, and how damaged text is read."""

import codecs
from dataclasses import dataclass

#: Characters that separate cells and lines, or stand in numbers. An encoding that writes them otherwise than ASCII (or
#: than ASCII with NULs, as UTF-16 and UTF-32 do) is refused: line ends could not be told from other bytes.
_PROBE = "\n\r,;\t|\"'=+-@. ()0123456789aZ"
_WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose BOM it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Encodings of host names and of Python's source.
_NOT_FOR_FILES = {"idna", "raw_unicode_escape"}
_ERRORS = "ami_dialer.damaged"


def _as_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Each byte that cannot be read becomes a lone surrogate, which no readable text holds."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 | byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _as_surrogates)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding whose line ends can be found in bytes."""

    #: As Python calls it.
    name: str
    #: Bytes of a line feed: 1, 2 or 4.
    unit: int

    def decode(self, data: bytes) -> tuple[str, bool]:
        """The text, and whether it is whole; bytes that cannot be read are lone surrogates in it."""
        try:
            return data.decode(self.name), True
        except UnicodeDecodeError:
            pass
        if self.unit == 1:
            try:
                return data.decode(self.name, "surrogateescape"), False
            except UnicodeDecodeError:  # a byte below 128, second of a pair
                pass
        return data.decode(self.name, _ERRORS), False

    def encode(self, text: str) -> bytes | None:
        """The bytes that `decode` made this text of; None where it is not known, because some were damaged."""
        try:
            return text.encode(self.name, "surrogateescape" if self.unit == 1 else "strict")
        except UnicodeEncodeError:
            return None

    def end_of_lines(self, data: bytes) -> int:
        """Where the last whole line ends; 0 without one. A CR at the very end may be half of a CRLF: not yet whole."""
        size = len(data) - len(data) % self.unit
        return max(self._last("\n", data, size), self._last("\r", data, size - self.unit))

    def end_of_line(self, data: bytes) -> int:
        """Where the first line ends; 0 where that is not known yet."""
        size = len(data) - len(data) % self.unit
        feed = self._first("\n", data, size)
        turn = self._first("\r", data, feed or size - self.unit)
        if turn and turn + self.unit == feed:
            return feed
        return turn or feed

    def _last(self, character: str, data: bytes, end: int) -> int:
        what = character.encode(self.name)
        found = data.rfind(what, 0, max(end, 0))
        while found > 0 and found % self.unit:
            found = data.rfind(what, 0, found + self.unit - 1)
        return found + self.unit if found >= 0 else 0

    def _first(self, character: str, data: bytes, end: int) -> int:
        what = character.encode(self.name)
        found = data.find(what, 0, max(end, 0))
        while found > 0 and found % self.unit:
            found = data.find(what, found + 1, end)
        return found + self.unit if found >= 0 else 0


UTF_8 = Encoding("utf-8", 1)
CP1252 = Encoding("cp1252", 1)


def named(name: str) -> Encoding:
    """The encoding of that name, as people and Python write it. Raises LookupError with what is wrong with it."""
    try:
        plain = codecs.lookup(name).name
    except ValueError as error:
        raise LookupError(str(error)) from None
    if plain in {"utf-16", "utf-32"}:
        plain = f"{plain}-le"  # without a BOM; with one, the BOM decides
    plain = "utf-8" if plain == "utf-8-sig" else plain
    unit = _WIDE.get(plain, 1)
    try:
        written = _PROBE.encode(plain)
    except (UnicodeError, LookupError):
        written = b""
    like_ascii = written.replace(b"\0", b"") == _PROBE.encode("ascii") and len(written) == unit * len(_PROBE)
    if not like_ascii or plain in _NOT_FOR_FILES:
        raise LookupError(f"{name!r} is no encoding of text files")
    return Encoding(plain, unit)


def byte_order_mark(head: bytes) -> tuple[Encoding, int] | None:
    """The encoding that the first bytes of a file state, and how many bytes do."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, _WIDE.get(name, 1)), len(mark)
    return None


def shown(name: str) -> str:
    """The name of an encoding, as people write it."""
    usual = {"cp1252": "Windows-1252", "ascii": "ASCII", "iso8859-1": "ISO 8859-1"}
    return usual.get(name, name.upper())


def wide_without_mark(head: bytes) -> Encoding | None:
    """UTF-16 or UTF-32 without a BOM, told by where its NULs stand: Latin letters have one in every second byte."""
    pairs = len(head) // 2
    if pairs < 2 or not head.count(0):
        return None
    fours = len(head) // 4
    zero = [head[at::4].count(0) for at in range(4)] if fours else [0] * 4
    if fours > 1:
        if min(zero[1:]) > 0.9 * fours and zero[0] < 0.1 * fours:
            return Encoding("utf-32-le", 4)
        if min(zero[:3]) > 0.9 * fours and zero[3] < 0.1 * fours:
            return Encoding("utf-32-be", 4)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * pairs and even < 0.05 * pairs:
        return Encoding("utf-16-le", 2)
    if even > 0.4 * pairs and odd < 0.05 * pairs:
        return Encoding("utf-16-be", 2)
    return None
