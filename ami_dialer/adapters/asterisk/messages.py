"""An event as it came off the wire."""

from functools import lru_cache

#: Headers we read are a dozen; a caller that made them up would not fill memory with them.
_KNOWN_HEADERS = 64


class AmiEvent:
    """One event. A header is looked for when it is asked for: of some twenty a handler reads two or three."""

    __slots__ = ("_block",)

    def __init__(self, block: bytes) -> None:
        """`block` is the event without its empty line."""
        self._block = block

    def header(self, name: str) -> str:
        """Its value, the first where it is repeated, "" where it is missing. Upper and lower case count."""
        key = _key(name)
        at = self._block.find(key)
        if at < 0:
            return ""
        start = at + len(key)
        end = self._block.find(b"\r\n", start)
        value = self._block[start:] if end < 0 else self._block[start:end]
        return value.decode("utf-8", "replace")


@lru_cache(_KNOWN_HEADERS)
def _key(name: str) -> bytes:
    return f"\r\n{name}: ".encode()
