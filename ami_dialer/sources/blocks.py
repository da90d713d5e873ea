"""A file cut into blocks of whole lines, in flat memory."""

from collections.abc import Iterator
from typing import NamedTuple

from ami_dialer.sources.encodings import Encoding
from ami_dialer.sources.opening import Unpacked

#: Bytes that are read and split together. Measured: rows of larger blocks fall out of the processor's cache.
BLOCK = 1 << 16
#: Bytes of the longest line that is looked into: 1,000 columns of 300 characters, most of them beyond ASCII.
MAX_LINE = 1 << 20
#: Bytes that are kept of a longer line.
KEPT = 2_000


class Block(NamedTuple):
    """Whole lines; the last block may lack the last line end."""

    #: Bytes from the beginning of the unpacked file.
    offset: int
    #: Whole lines.
    data: bytes
    #: Bytes of the file that these are: more than `data` has, where a part was left out.
    length: int
    #: The beginning of one line that is longer than MAX_LINE; the rest of it is left out.
    overlong: bool


def blocks(source: Unpacked, offset: int, encoding: Encoding) -> Iterator[Block]:
    """The file from `offset` on, where a line begins. Where it is cut depends on `offset` alone. Raises SourceError."""
    data = b""
    while True:
        more = source.read(BLOCK - len(data) % BLOCK)
        data += more
        end = encoding.end_of_lines(data)
        if len(data) % BLOCK or not more:  # the end of the file
            if data:
                yield Block(offset, data, len(data), overlong=False)
            return
        if end:
            yield Block(offset, data[:end], end, overlong=False)
            data = data[end:]
            offset += end
        elif len(data) >= MAX_LINE:
            beginning = data[:KEPT]
            length, data = _after_line(source, data, encoding)
            yield Block(offset, beginning, length, overlong=True)
            offset += length


def _after_line(source: Unpacked, data: bytes, encoding: Encoding) -> tuple[int, bytes]:
    """How many bytes the line takes that begins with `data`, and what was read beyond it."""
    gone = 0
    while True:
        end = encoding.end_of_line(data)
        if end:
            return gone + end, data[end:]
        # The last character may be half of a line end.
        gone += len(data) - encoding.unit
        kept = data[-encoding.unit :]
        more = source.read(BLOCK - encoding.unit)
        if not more:
            return gone + encoding.unit, b""
        data = kept + more
