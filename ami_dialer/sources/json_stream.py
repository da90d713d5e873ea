"""JSON read piece by piece: the contacts of an answer one after the other, whatever its size.

An answer of 200 MB would take two gigabytes as objects, and parsing it at one go would stop everything else in the
process for seconds. Here no more than one contact is an object at a time.
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import IO, NoReturn

#: Characters of one contact, or of any other value of an answer that has to be read at one go.
MAX_VALUE = 4_000_000
#: How deep a path may lead, and how deep values that nobody wants are gone through one by one.
MAX_DEPTH = 100
#: Characters that are read at once, and at least looked at before a value is decoded.
_PIECE = 1 << 16
#: A number may go on after what looks like its end: `1` `.5`, `1` `e-5`.
_NUMBER_TAIL = 3
#: Escapes and words, which look like mistakes where the text read so far cuts them off: `\\ud83d\\ude00`.
_LONGEST_TOKEN = 16
_BLANKS = " \t\n\r"


class JsonError(Exception):
    """What was read is no JSON, or none that can be used. The text says where."""


def _no_constant(word: str) -> NoReturn:
    raise JsonError(f"holds {word}, which is no JSON")


#: Numbers stay as they are written: 1.50 is not 1.5, and no digit of a long id is lost.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def encoding_of(head: bytes, charset: str | None) -> str:
    """The encoding of an answer that begins with `head`: by its first bytes, else as the server says, else UTF-8."""
    found = json.detect_encoding(head)
    if found != "utf-8" or charset is None:
        return found
    try:
        return codecs.lookup(charset).name
    except LookupError:
        return found


class JsonStream:
    """One JSON document, read once from beginning to end."""

    def __init__(self, stream: IO[bytes], encoding: str, size: int | None = None) -> None:
        """`size`: bytes that belong to the document; without it, all there are."""
        self._stream = stream
        self._left = size
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._encoding = encoding
        self._text = ""
        self._at = 0
        #: Characters before `_text`.
        self._before = 0
        self._ended = False

    def pieces(self) -> Iterator[str]:
        """The text as it is. Instead of reading values, not besides. Raises JsonError on bytes that are no text."""
        while self._more():
            yield self._text
            self._before += len(self._text)
            self._text = ""

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            text, at, length = self._text, self._at, len(self._text)
            while at < length and text[at] in _BLANKS:
                at += 1
            self._at = at
            if at < length:
                return text[at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Read one character that must be there. Raises JsonError."""
        if self.peek() != expected:
            self.fail(f"{expected!r} is missing")
        self._at += 1

    def value(self) -> object:
        """Read a value whole. Raises JsonError."""
        self.peek()
        wanted = _PIECE
        while True:
            while len(self._text) - self._at < wanted and self._more():
                pass
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                self.fail("is nested too deeply")
            except json.JSONDecodeError as error:
                if self._ended or not self._cut_off(error):
                    self._broken(error)
            else:
                if self._ended or len(self._text) - end >= _NUMBER_TAIL:
                    if end - self._at > MAX_VALUE:
                        self.fail(f"has a value of more than {MAX_VALUE:,} characters")
                    self._at = end
                    return found
            if wanted > MAX_VALUE:
                self.fail(f"is broken, or has a value of more than {MAX_VALUE:,} characters")
            wanted = 2 * max(wanted, len(self._text) - self._at)

    def end(self) -> None:
        """Nothing may follow. Raises JsonError."""
        if self.peek():
            self.fail("goes on after its end")

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here, or the positions of the list; the caller reads each value."""
        opening = self.peek()
        closing = {"{": "}", "[": "]"}[opening]
        self._at += 1
        if self.peek() == closing:
            self._at += 1
            return
        number = 0
        while True:
            if opening == "{":
                if self.peek() != '"':
                    self.fail("a key is missing")
                key = self.value()
                self.take(":")
                yield str(key)
            else:
                yield str(number)
                number += 1
            if self.peek() == closing:
                self._at += 1
                return
            self.take(",")

    def fail(self, what: str) -> NoReturn:
        """Raise JsonError with the place."""
        if self._ended and self._at >= len(self._text):
            raise JsonError(f"ends in the middle, after {self._before + len(self._text):,} characters: {what}")
        raise JsonError(f"{what}, at character {self._before + self._at + 1:,}")

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        """Whether more text could mend it."""
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _LONGEST_TOKEN

    def _broken(self, error: json.JSONDecodeError) -> NoReturn:
        unterminated = error.msg.startswith("Unterminated")
        self._at = len(self._text) if self._ended and unterminated else min(error.pos, len(self._text))
        self.fail(error.msg[:1].lower() + error.msg[1:])

    def _more(self) -> bool:
        """Read on; False at the end."""
        if self._ended:
            return False
        self._before += self._at
        self._text, self._at = self._text[self._at :], 0
        size = _PIECE if self._left is None else min(_PIECE, self._left)
        data = self._stream.read(size)
        if self._left is not None:
            self._left -= len(data)
        self._ended = not data
        try:
            self._text += self._decoder.decode(data, self._ended)
        except UnicodeDecodeError:
            raise JsonError(
                f"holds bytes that are no {self._encoding}, after character {self._before + len(self._text):,}"
            ) from None
        return not self._ended


def walk(stream: JsonStream, wanted: Mapping[str, str], seen: list[str] | None = None, depth: int = 0) -> Iterator[str]:
    """Go through the value that begins here. Wherever a wanted value begins, give its name; the caller reads it then.

    `wanted` is {path: name}. Paths are keys with dots between them; a key that holds dots itself is found too, as it
    is. Positions in lists are numbers from 0. The outermost keys go to `seen`. Raises JsonError.
    """
    if "" in wanted:
        yield wanted[""]
        return
    if depth > MAX_DEPTH:
        stream.fail("is nested too deeply")
    if stream.peek() not in {"{", "["}:
        stream.value()
        return
    for key in stream.members():
        if seen is not None:
            seen.append(key)
        within = {path[len(key) + 1 :]: name for path, name in wanted.items() if _leads_on(path, key)}
        yield from walk(stream, within, None, depth + 1)


def skip(stream: JsonStream) -> None:
    """Read the value that begins here, and forget it. Raises JsonError."""
    for _ in walk(stream, {}):
        pass


def _leads_on(path: str, key: str) -> bool:
    return path.startswith(key) and path[len(key) : len(key) + 1] in {"", "."}
