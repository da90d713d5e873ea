"""Day and time of a callback, entered by an agent on the person's clock."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ami_dialer.engine.agents.dialogues import words
from ami_dialer.engine.agents.dialogues.talk import TRIES, Talk, always
from ami_dialer.flows import callback_time

#: How agents enter times and hear them.
_FORMAT: callback_time.Format = "24h"
_SECOND = timedelta(seconds=1)


async def ask(talk: Talk, zones: Sequence[str], going: Callable[[], bool] = always) -> datetime | None:
    """The moment that the agent enters; None for none, or none that can be."""
    for _ in range(TRIES):
        day = await talk.number(words.DAY, 4, going)
        if not day:
            return None
        clock = await talk.number(words.TIME, 4, going)
        at = entered(day, clock, talk.floor.clock.now(), zones)
        if at is not None:
            return at
        if not going():
            return None
        await talk.say(words.NO_TIME)
    return None


def told(talk: Talk, at: datetime, zones: Sequence[str]) -> str:
    """The sentence that says when it is."""
    return words.called_back(callback_time.told(at, talk.floor.clock.now(), zones, _FORMAT))


def entered(day: str, clock: str, now: datetime, zones: Sequence[str]) -> datetime | None:
    """The moment: day 1 is today, 2 tomorrow, else MMDD, of this year or the next; the time is HHMM.

    None: there is no such day or time, or it is over. Where the person may be in several zones it is the last of the
    moments that may be meant.
    """
    moments = [_in_zone(day, clock, now, zone) for zone in zones or ("UTC",)]
    known = [at for at in moments if at is not None and at > now]
    return max(known) if known and None not in moments else None


def _in_zone(day: str, clock: str, now: datetime, zone: str) -> datetime | None:
    on = _day(day, now.astimezone(ZoneInfo(zone)).date())
    if on is None:
        return None
    # Right before the day begins there: the next such time is on that day.
    before = datetime.combine(on, time(), ZoneInfo(zone)).astimezone(UTC) - _SECOND
    return callback_time.entered(clock, before, (zone,), _FORMAT)


def _day(day: str, today: date) -> date | None:
    if day in {"1", "2"}:
        return today + timedelta(days=int(day) - 1)
    if len(day) != 4 or not day.isdecimal():
        return None
    for year in (today.year, today.year + 1):
        try:
            on = date(year, int(day[:2]), int(day[2:]))
        except ValueError:
            continue
        if on >= today:
            return on
    return None
