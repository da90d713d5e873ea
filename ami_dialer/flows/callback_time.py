"""Times of day that people enter by keypad, on the clock where they are."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

#: How times are entered and told: 1430, or 0230 and 2 for the afternoon.
Format = Literal["24h", "12h"]


def entered(digits: str, now: datetime, zones: Sequence[str], form: Format) -> datetime | None:
    """The moment that the digits mean: today if that is still to come, else tomorrow; None: they are no time.

    Where the person may be in several zones it is the last of the moments that they may mean: nobody is called before
    the time that they asked for. Three digits are a time before ten: 930.
    """
    at = _time_of_day(digits, form)
    if at is None:
        return None
    return max(_next(at, now, ZoneInfo(zone)) for zone in zones or ("UTC",))


def written(text: str, now: datetime, zones: Sequence[str]) -> datetime:
    """The moment that is written in ISO 8601; without an offset on the clock of the person, and today's without a day.

    Where they may be in several zones it is the last of the moments, as for `entered`. Raises ValueError.
    """
    try:
        alone: time | None = time.fromisoformat(text)
    except ValueError:
        alone = None
    if alone is not None:
        if alone.tzinfo is not None:
            return datetime.combine(now.astimezone(alone.tzinfo).date(), alone).astimezone(UTC)
        there = [ZoneInfo(zone) for zone in zones or ("UTC",)]
        return max(datetime.combine(now.astimezone(zone).date(), alone, zone).astimezone(UTC) for zone in there)
    at = datetime.fromisoformat(text)
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    return max(at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for zone in zones or ("UTC",))


def _time_of_day(digits: str, form: Format) -> time | None:
    if not digits.isdecimal() or not digits.isascii():
        return None
    half = ""
    if form == "12h":
        digits, half = digits[:-1], digits[-1:]
    if len(digits) not in (3, 4):
        return None
    hour, minute = int(digits[:-2]), int(digits[-2:])
    if form == "12h":
        if half not in ("1", "2") or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "2" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _next(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    # A time that the clock skips is taken as if it had not been put on: an hour later on the wall.
    moment = datetime.combine(today, at, zone).astimezone(UTC)
    return moment if moment > now else datetime.combine(today + timedelta(days=1), at, zone).astimezone(UTC)


def told(at: datetime, now: datetime, zones: Sequence[str], form: Format) -> dict[str, str]:
    """`callback_time` and `callback_day` of a moment, as the person's clock and calendar show it, to be spoken."""
    zone = ZoneInfo(max(zones or ("UTC",), key=lambda name: _time_of(at, name)))
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    ahead = (there.date() - today).days
    day = {0: "today", 1: "tomorrow"}.get(ahead, f"{there:%A}" if ahead < 7 else f"{there:%A, %B} {there.day}")
    clock = (
        f"{there:%H:%M}"
        if form == "24h"
        else f"{there.hour % 12 or 12}:{there:%M} {'PM' if there.hour >= 12 else 'AM'}"
    )
    return {"callback_day": day, "callback_time": clock}


def _time_of(at: datetime, zone: str) -> float:
    """Behind which zone's clock the others are: the westernmost shows the earliest time."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return -(offset.total_seconds() if offset else 0.0)
