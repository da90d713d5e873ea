"""A moment as somebody writes it on the command line, in the zone of this machine unless it names another."""

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from ami_dialer.adapters.clock import SystemClock

_WRITTEN = re.compile(
    r"(?:(?P<day>\d{4}-\d\d-\d\d)[ T]+)?(?P<time>\d{1,2}:\d\d(?::\d\d)?)"
    r"(?: *(?P<offset>Z|UTC|[+-]\d\d:?\d\d)| +(?P<zone>[A-Za-z][\w+/-]*))?",
    re.ASCII,
)
_WANTED = "write it like 18:05, '2026-11-26 18:05', '2026-11-26 18:05 America/New_York' or 2026-11-26T18:05-05:00"
#: Verdicts look 400 days ahead, and the calendar ends.
_YEARS = range(1971, 9991)


class MomentType(click.ParamType[datetime]):
    """Raises click.BadParameter for what is no moment, or would be two."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """The moment, in UTC."""
        try:
            return read_moment(str(value), SystemClock().now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class TheirMomentType(click.ParamType[str]):
    """A moment in ISO 8601; a time without a zone stays as it is, for the clock of whoever is called.

    Raises click.BadParameter for what is no moment.
    """

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """`14:30`, `2026-03-02T14:30`, or with an offset where a zone is named."""
        try:
            return their_moment(str(value), SystemClock().now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


def their_moment(text: str, now: datetime) -> str:
    """The same; raises ValueError."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or found["offset"] is not None or found["zone"] is not None:
        return read_moment(text, now).isoformat()
    read_moment(f"{text.strip()} UTC", now)  # is there such a day and time at all?
    clock = _padded(found["time"])
    return f"{found['day']}T{clock}" if found["day"] else clock


def _padded(clock: str) -> str:
    """A time of day as ISO 8601 has it: 09:30 for 9:30."""
    return clock.zfill(5 if clock.count(":") == 1 else 8)


def read_moment(text: str, now: datetime) -> datetime:
    """The moment in UTC; without a day it is today's. Raises ValueError."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:60]!r} is no moment; {_WANTED}")
    zone = _zone(found["offset"], found["zone"])
    try:
        at = time.fromisoformat(_padded(found["time"]))
        day = date.fromisoformat(found["day"]) if found["day"] else now.astimezone(zone).date()
    except ValueError:
        raise ValueError(f"{text[:60]!r}: there is no such day or time of day; {_WANTED}") from None
    if day.year not in _YEARS:
        raise ValueError(f"{text[:60]!r}: years from {_YEARS[0]} to {_YEARS[-1]} can be told of")
    return _moment(datetime.combine(day, at), zone)


def _zone(offset: str | None, name: str | None) -> ZoneInfo | Any | None:  # noqa: ANN401 - a fixed offset has a type of its own
    """None: that of this machine."""
    if offset is not None:
        try:
            return UTC if offset in ("Z", "UTC") else datetime.strptime(offset, "%z").tzinfo
        except ValueError:
            raise ValueError(f"there is no offset {offset!r}; write one like -05:00") from None
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone is named {name!r}; write one like America/New_York") from None


def _moment(local: datetime, zone: Any | None) -> datetime:  # noqa: ANN401 - as above
    """Raises ValueError where the clock was put over the time, or shows it twice."""

    def known(fold: int) -> datetime:
        # Without a zone `astimezone` takes the machine's.
        return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)

    moments = {known(fold) for fold in (0, 1)}
    real = [one for one in moments if one.astimezone(zone).replace(tzinfo=None) == local]
    if not real:
        raise ValueError(f"the clock goes from before {local:%H:%M} to after it on {local:%Y-%m-%d}: no such moment")
    if len(real) > 1:
        both = " or ".join(f"{one.astimezone(zone):%H:%M%z}" for one in sorted(real))
        raise ValueError(f"the clock shows {local:%H:%M} twice on {local:%Y-%m-%d}; write {both}")
    return real[0]
