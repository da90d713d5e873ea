"""What should have happened in a month: each contact's way by itself, a minute at a time, by nothing of the dialer."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.engine.month.plan import DAYS, END, LASTS, PLACES, Month, Planned

MINUTE = timedelta(minutes=1)
#: `callbacks.late` by default.
LATE = timedelta(minutes=15)


class Called(NamedTuple):
    """One call that should be made."""

    campaign: str
    #: The start of the schedule that its run began with.
    start: datetime
    number: str
    #: Within its run.
    ordinal: int
    at: datetime
    fate: str


def starts(campaign: Planned) -> list[tuple[datetime, datetime | None]]:
    """The starts in the month with the ends of their runs, in UTC: by a look at each day of it."""
    written = campaign.schedule
    zone = ZoneInfo(written["zone"])
    first = datetime.strptime(written["start"], "%Y-%m-%d %H:%M")  # noqa: DTZ007 - a wall clock's
    lasts = None
    if "end" in written:
        lasts = datetime.strptime(written["end"], "%Y-%m-%d %H:%M") - first  # noqa: DTZ007
    last = date.fromisoformat(written["until"]) if "until" in written else date(2026, 12, 31)
    found = []
    day = first.date()
    while day < END.date() + timedelta(days=1):
        if day <= last and _recurs(written, first.date(), day):
            wall = datetime.combine(day, first.time())
            at = _utc(wall, zone)
            if at < END:
                found.append((at, None if lasts is None else _utc(wall + lasts, zone)))
        day += timedelta(days=1)
    return found


def _utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _recurs(written: dict[str, object], first: date, day: date) -> bool:
    interval = int(str(written.get("interval", 1)))
    match written.get("every"):
        case None:
            return day == first
        case "day":
            return (day - first).days % interval == 0
        case "week":
            return (day - first).days % (7 * interval) == 0
        case _:  # the month has one of it, as the year has
            return day == first


def open_at(campaign: Planned, number: str, at: datetime) -> bool:
    """Whether the campaign calls this number at a moment."""
    local = at.astimezone(_zone_of(number))
    if not _clock(campaign.earliest) <= local.time() < _clock(campaign.latest):
        return False
    if campaign.windows is None:
        return True
    for days, span in campaign.windows.items():
        first, _, last = days.partition("-")
        begin, _, end = span.partition("-")
        within = DAYS.index(first) <= local.weekday() <= DAYS.index(last or first)
        if within and _clock(begin) <= local.time() < _clock(end):
            return True
    return False


@cache
def _zone_of(number: str) -> ZoneInfo:
    return ZoneInfo(next(zone for start, zone in PLACES.items() if number.startswith(start)))


@cache
def _clock(text: str) -> time:
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))


def calls(month: Month) -> list[Called]:
    """Every call of the month."""
    found = []
    for campaign in month.campaigns:
        times = starts(campaign)
        for number in campaign.numbers:
            found += _way(month, campaign, number, times)
    return sorted(found, key=lambda call: (call.at, call.number))


def _way(month: Month, campaign: Planned, number: str, times: list[tuple[datetime, datetime | None]]) -> list[Called]:
    """All calls to one number."""
    found: list[Called] = []
    last_begin = last_end = asked = None
    for place, (start, ends) in enumerate(times):
        over = min(times[place + 1][0] if place + 1 < len(times) else END, ends or END)
        tries: dict[str, int] = {}
        due, back = start, False
        if asked is not None and start <= asked + LATE:  # it waits for a run, but not longer than a quarter of an hour
            due, back = max(start, asked), True
        while True:
            asked = None
            at = due
            if last_end is not None:
                at = max(at, last_end)
            if (
                last_begin is not None and not back
            ):  # whoever asked to be called back is not kept waiting by the campaign
                at = max(at, last_begin + timedelta(seconds=campaign.between))
            at = _opens(campaign, number, at)
            if at >= over or at >= END:
                asked = due if back and due > over else None  # one that was due when its run ended is missed
                break
            fate = month.fate(number, len(found) + 1)
            ordinal = sum(tries.values()) + 1
            found.append(Called(campaign.name, start, number, ordinal, at, fate))
            last_begin, last_end = at, at + timedelta(seconds=LASTS[fate])
            tries[fate] = tries.get(fate, 0) + 1
            if fate == "callback":
                wished = _wished(number, month.wished(number, len(found)), last_end)
                due, back = _opens(campaign, number, wished), True
                continue
            after, most = campaign.retry.get(fate, (0, 0))
            if fate == "completed" or sum(tries.values()) >= campaign.max_attempts or tries[fate] > most:
                break
            due, back = last_end + timedelta(seconds=after), False
    return found


def _opens(campaign: Planned, number: str, at: datetime) -> datetime:
    """The first moment from `at` on at which the campaign may call: windows open with a full minute."""
    if open_at(campaign, number, at):
        return at
    at = at.replace(second=0, microsecond=0)
    while not open_at(campaign, number, at):
        at += MINUTE
    return at


def _wished(number: str, digits: str, now: datetime) -> datetime:
    """The next time that the person's clock shows so."""
    zone = _zone_of(number)
    local = now.astimezone(zone)
    wall = datetime.combine(local.date(), time(int(digits[:2]), int(digits[2:])))
    if _utc(wall, zone) <= now:
        wall += timedelta(days=1)
    return _utc(wall, zone)
