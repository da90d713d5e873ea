"""What an API answered: its pages, kept beside until all are there, and the contacts in them."""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from ami_dialer.ports import FetchFailedError, Page
from ami_dialer.sources.json_fields import FieldSurvey, as_text
from ami_dialer.sources.json_rows import JsonRows
from ami_dialer.sources.json_stream import JsonError, JsonStream, encoding_of, skip, walk

#: Bytes of an answer that stay in memory; a longer one goes to a temporary file without a name.
IN_MEMORY = 8_000_000
#: Packed bytes of an answer that are kept for export: databases take no more than a gigabyte as one value.
MOST_KEPT = 100_000_000
#: Characters of the longest secret, a token in base64 (config.kinds takes 4,096 characters).
_LONGEST_SECRET = 8_192
#: Bytes that are unpacked at once.
_PIECE = 1 << 20
#: For zlib: with the header and the checksum of gzip.
_GZIP = 31
#: Characters of an answer that is no JSON that are shown.
_SHOWN = 60
_CONTACTS, _NEXT = "contacts", "next"


class SpooledAnswer:
    """Implements ports.Answer. A context manager: closing it deletes what was kept."""

    def __init__(self, columns: Mapping[str, str], contacts: str | None, following: str | None) -> None:
        """`columns`: {our name: path in a contact}; `contacts` and `following`: paths in a page."""
        self._columns = columns
        self._contacts = contacts
        self._following = following
        self._spool = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by close()
        #: Where each page begins, how many bytes it has, and its encoding.
        self._pages: list[tuple[int, int, str]] = []
        self._begin = 0
        self._digests: list[bytes] = []
        self._counts: list[int] = []
        #: Contacts on all pages.
        self.count = 0
        self.survey = FieldSurvey(list(columns.values()), frozenset(columns))

    def write(self, piece: bytes) -> None:
        """Add to the page that is being read. Raises FetchFailedError where the disk is full."""
        try:
            self._spool.write(piece)
        except OSError as error:
            raise FetchFailedError(f"the answer cannot be kept in a temporary file: {error.strerror}") from error

    async def end_page(self, charset: str | None) -> Page:
        """Read the page. Raises FetchFailedError where it is no JSON, or does not hold contacts."""
        return await asyncio.to_thread(self._end_page, charset)

    def drop_page(self) -> None:
        """Forget the page that was read last."""
        self._pages.pop()
        self.count -= self._counts.pop()
        self._digests.pop()

    @property
    def digest(self) -> str:
        """Alike for answers with the same contacts in the same order."""
        return hashlib.sha256(b"".join(self._digests)).hexdigest()

    @property
    def field_names(self) -> list[str]:
        """The names of the contacts' fields, positions in lists as `*`, sorted."""
        return sorted(self.survey.shapes)

    def contacts(self) -> Iterator[object]:
        """Every contact, page after page. Takes no memory worth speaking of."""
        for page in self._pages:
            yield from self._of_page(page, {self._contacts or "": _CONTACTS}, lambda _: None)

    def rows(self) -> JsonRows:
        """What makes rows of the contacts."""
        return JsonRows(self._columns, self.survey)

    def packed(self, redacted: Callable[[str], str]) -> bytes | None:
        """The answer as it was, gzipped: one page as it is, several as a JSON list of pages. Without secrets.

        None where it is too large to be kept.
        """
        whole = bytearray()
        packer = zlib.compressobj(wbits=_GZIP)
        for piece in _hidden(self._text(), redacted):
            whole += packer.compress(piece.encode("utf-8", "replace"))
            if len(whole) > MOST_KEPT:
                return None
        return bytes(whole + packer.flush())

    def close(self) -> None:
        """Delete what was kept."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end_page(self, charset: str | None) -> Page:
        end = self._spool.tell()
        self._spool.seek(self._begin)
        page = (self._begin, end - self._begin, encoding_of(self._spool.read(4), charset))
        self._begin = end
        if page[1] == 0:
            raise FetchFailedError("is empty; it should be JSON")
        following: list[str | None] = []
        wanted = {self._contacts or "": _CONTACTS}
        if self._following is not None:
            wanted[self._following] = _NEXT
        digest = hashlib.sha256()
        count = 0
        try:
            for contact in self._of_page(page, wanted, lambda value: following.append(_cursor(value))):
                count += 1
                digest.update(repr(contact).encode("utf-8", "replace"))
                if isinstance(contact, dict):
                    self.survey.add(contact)
        except JsonError as error:
            raise FetchFailedError(self._no_json(page, error)) from error
        except RecursionError as error:
            raise FetchFailedError("is nested too deeply") from error
        finally:
            self._spool.seek(end)
        self._digests.append(digest.digest())
        self._counts.append(count)
        self._pages.append(page)
        self.count += count
        return Page(count, digest.digest(), next((each for each in following if each), None), bool(following))

    def _of_page(
        self, page: tuple[int, int, str], wanted: Mapping[str, str], on_next: Callable[[object], None]
    ) -> Iterator[object]:
        begin, size, encoding = page
        self._spool.seek(begin)
        stream = JsonStream(self._spool, encoding, size)
        lists = 0
        first = stream.peek()
        keys: list[str] = []
        for name in walk(stream, wanted, keys):
            if name == _NEXT:
                on_next(stream.value())
                continue
            lists += 1
            if stream.peek() == "[":
                for _ in stream.members():
                    yield stream.value()
            elif stream.peek() != "n" or self._contacts is None or stream.value() is not None:
                raise JsonError(self._no_list(stream, first))
        stream.end()
        if not lists:
            raise JsonError(f"has no {self._contacts!r}, which `api.contacts` names{_has(keys)}")

    def _no_list(self, stream: JsonStream, first: str) -> str:
        if self._contacts is not None:
            return f"holds no list at {self._contacts!r}, which `api.contacts` names"
        if first != "{":
            stream.value()
            return "is no list of contacts"
        keys = []
        found = ""
        for key in stream.members():
            keys.append(key)
            if stream.peek() == "[" and not found:
                found = key
            skip(stream)
        mend = found or "data.items"
        return f"is an object, not a list; say where the contacts stand with `api: {{contacts: {mend}}}`{_has(keys)}"

    def _text(self) -> Iterator[str]:
        """The pages as text."""
        several = len(self._pages) > 1
        yield "[\n" if several else ""
        for number, (begin, size, encoding) in enumerate(self._pages):
            yield "\n,\n" if number else ""
            self._spool.seek(begin)
            yield from JsonStream(self._spool, encoding, size).pieces()
        yield "\n]\n" if several else ""

    def _no_json(self, page: tuple[int, int, str], error: JsonError) -> str:
        begin, _, encoding = page
        self._spool.seek(begin)
        head = self._spool.read(4 * _SHOWN).decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if not head:
            return "holds nothing but blanks; it should be JSON"
        if head[0] == "<":
            return (
                f"is no JSON but HTML or XML: {''.join(c if c.isprintable() else ' ' for c in head[:_SHOWN])!r}…; "
                "is the address that of a page for people, or of a log-in?"
            )
        return str(error) if head[0] in "[{" or str(error).startswith("is no list") else f"is no JSON: {error}"


def unpacked(packed: bytes) -> Iterator[bytes]:
    """What `SpooledAnswer.packed` packed, some at a time."""
    opened = zlib.decompressobj(wbits=_GZIP)
    while packed:
        yield opened.decompress(packed, _PIECE)
        packed = opened.unconsumed_tail
    yield opened.flush()


def _cursor(value: object) -> str | None:
    """The cursor that a page names; null, false and empty ones say that there is no further page."""
    return None if isinstance(value, bool) else as_text(value)


def _has(keys: list[str]) -> str:
    return f"; it has: {', '.join(json.dumps(key)[1:-1][:64] for key in keys[:20])}" if keys else ""


def _hidden(pieces: Iterator[str], redacted: Callable[[str], str]) -> Iterator[str]:
    """The text with each secret taken out, also where it stands across two pieces."""
    rest = ""
    for piece in pieces:
        rest = redacted(rest + piece)
        yield rest[:-_LONGEST_SECRET]
        rest = rest[-_LONGEST_SECRET:]
    yield rest
