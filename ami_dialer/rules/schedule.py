"""When a scheduled campaign starts: once, or again and again. The only home of dateutil.

Wall-clock times are those of one zone. As RFC 5545 (3.3.5, 3.3.10) says: a time that a clock skips in spring is taken
with the offset before the gap (2:30 becomes 3:30), of one that comes twice in autumn the first is meant, and a month
without the day, or a year without 29 February, is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule

#: A start that nobody could make, because the dialer was down, is made good for so long; later it is left out.
CATCH_UP = timedelta(hours=1)
#: A start that is made so much later is made in time, also where one that was missed is not made good.
IN_TIME = timedelta(minutes=2)
#: Lists are scrubbed again so long before a start (seed 003).
SCRUB_BEFORE = timedelta(minutes=15)


class Every(StrEnum):
    """How a schedule recurs."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_FREQUENCIES: dict[Every, Literal[0, 1, 2, 3]] = {
    Every.DAY: DAILY,
    Every.WEEK: WEEKLY,
    Every.MONTH: MONTHLY,
    Every.YEAR: YEARLY,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule. Times without a zone are on the clock of `zone`."""

    start: datetime
    zone: str
    #: End of the first run; later ones last as long on the wall clock. None: each ends when nobody is left.
    end: datetime | None = None
    every: Every | None = None
    interval: int = 1
    #: No start after this moment.
    until: datetime | None = None
    #: Whether a start that was missed is made good.
    catch_up: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """One start, in UTC."""

    at: datetime
    ends_at: datetime | None


def starts(plan: Plan, after: datetime) -> Iterator[Start]:
    """The starts later than `after`, in order."""
    lasts = None if plan.end is None else plan.end - plan.start
    for local in _local_starts(plan, _wall_clock(after, plan.zone) - timedelta(days=2)):
        start = Start(_moment(local, plan.zone), None if lasts is None else _moment(local + lasts, plan.zone))
        if start.at > after:
            yield start


def next_start(plan: Plan, after: datetime) -> Start | None:
    """The first start later than `after`; None where there is none any more."""
    return next(starts(plan, after), None)


def missed(plan: Plan, since: datetime, now: datetime) -> list[Start]:
    """The starts later than `since` up to `now`, oldest first: those that came while nobody looked."""
    found = []
    for start in starts(plan, since):
        if start.at > now:
            break
        found.append(start)
    return found


def still_good(plan: Plan, start: Start, now: datetime) -> bool:
    """Whether a start that has come is made at `now`: not too long past, and not over already."""
    late = now - start.at
    return late <= (CATCH_UP if plan.catch_up else IN_TIME) and (start.ends_at is None or now < start.ends_at)


def _local_starts(plan: Plan, since: datetime) -> Iterator[datetime]:
    if plan.every is None:
        return iter([plan.start])
    rule = rrule(_FREQUENCIES[plan.every], dtstart=plan.start, interval=plan.interval, until=plan.until)
    return iter(rule.xafter(since, inc=True))


def _wall_clock(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _moment(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
