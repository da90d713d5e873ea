"""Weekdays and times of day as people write them: `mon-fri: ["9:00-12:00", "13:00-18:00"]`."""

import itertools
import re
from collections.abc import Mapping

from ami_dialer.domain.rulebook import DAY, Week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([0-2]?[0-9]):([0-5][0-9])", re.ASCII)


def minute_of_day(text: object) -> int:
    """`9:00` as 540; `24:00` is the end of the day. Raises ValueError."""
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    minute = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if minute > DAY:
        raise ValueError(f"{text!r} is not a time of day; write 9:00, 21:30 or 24:00")
    return minute


def clock(minute: int) -> str:
    """540 as `09:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def span_of(text: object) -> tuple[int, int]:
    """`9:00-17:30` as minutes. Raises ValueError."""
    start, dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not dash:
        raise ValueError(f"{text!r} is not a span of time; write 9:00-17:30")
    span = minute_of_day(start), minute_of_day(end)
    if span[0] >= span[1]:
        raise ValueError(
            f"{text!r} ends before it starts; a span lies within one day, so write one to 24:00 and one from 0:00"
        )
    return span


def weekdays(text: str) -> list[int]:
    """`mon-fri`, `sat`, `mon,wed` as 0 to 6, Monday first. Raises ValueError."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} is not a weekday; write mon, mon-fri or sat,sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % 7 for day in range(start, end + 1 if start <= end else end + 8)]
    return found


def week_of(written: Mapping[str, object]) -> Week:
    """A week; a day that is not named has no span. Raises ValueError for spans that overlap and days named twice."""
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    named: set[int] = set()
    for days, spans in written.items():
        several = spans if isinstance(spans, list) else [spans]
        for day in weekdays(days):
            if day in named:
                raise ValueError(f"{DAYS[day]} is named twice; write all its spans in one place")
            named.add(day)
            week[day] = sorted(span_of(span) for span in several)
    for day, of_day in enumerate(week):
        for (start, end), (next_start, next_end) in itertools.pairwise(of_day):
            if next_start < end:
                first, second = f"{clock(start)}-{clock(end)}", f"{clock(next_start)}-{clock(next_end)}"
                raise ValueError(f"{first} and {second} on {DAYS[day]} overlap; write them as one")
    return tuple(tuple(of_day) for of_day in week)
