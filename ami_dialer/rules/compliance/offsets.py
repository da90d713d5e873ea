"""The wall clock of a time zone, as stretches of time during which it runs evenly."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

#: Seconds of a block that is looked at in one go. Whatever asks, asks for the same blocks.
_BLOCK = 64 * 86_400
#: No zone changes its offset and takes that back within so many seconds.
_LOOK = 6 * 3600

#: Since when (seconds since 1970), and how many seconds the wall clock is ahead of UTC from then on.
Stretch = tuple[int, int]


def stretches(zone: str, start: int, end: int) -> tuple[Stretch, ...]:
    """The stretches of a zone (tz database) from `start` to `end`, seconds since 1970; the first one begins at `start`.

    On each of them local time is UTC plus a constant, so no minute of it is left out or comes twice. Raises
    ZoneInfoNotFoundError.
    """
    found: list[Stretch] = []
    for block in range(start // _BLOCK, (end - 1) // _BLOCK + 1):
        for since, offset in _block(zone, block):
            if since >= end:
                break
            if since <= start:
                found = [(start, offset)]
            elif found[-1][1] != offset:
                found.append((since, offset))
    return tuple(found)


@lru_cache(maxsize=4096)
def _block(zone: str, block: int) -> tuple[Stretch, ...]:
    clock = ZoneInfo(zone)
    start = block * _BLOCK
    found = [(start, _offset(clock, start))]
    for look in range(start + _LOOK, start + _BLOCK + 1, _LOOK):
        offset = _offset(clock, look)
        if offset == found[-1][1]:
            continue
        before, after = look - _LOOK, look
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(clock, middle) == found[-1][1]:
                before = middle
            else:
                after = middle
        if after < start + _BLOCK:
            found.append((after, _offset(clock, after)))
    return tuple(found)


def _offset(clock: ZoneInfo, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, UTC).astimezone(clock).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
