"""Weeks as people write them: days with spans of the clock, `{mon-fri: "09:00-21:30", "sat,sun": "10:00-18:00"}`."""

import re
from collections.abc import Mapping, Sequence

from ami_dialer.config.problems import Path
from ami_dialer.domain.rulebook import DAY, Week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*", re.ASCII)

Found = list[tuple[Path, str]]


def read_week(written: Mapping[str, Sequence[str]]) -> tuple[Week, Found]:
    """The week that is written, and all that is wrong with it, each with its way from the mapping on.

    A day that is not named is closed.
    """
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    named: dict[int, str] = {}
    found: Found = []
    for key, texts in written.items():
        days, wrong = _days(key)
        found += [((key,), text) for text in wrong]
        for day in [day for day in days if day in named]:
            found.append(((key,), f"{DAYS[day]} stands under {named[day]!r} too; name each day once"))
        named |= dict.fromkeys(days, key)
        spans = _spans(key, texts, found)
        for day in days:
            week[day] += spans
    return tuple(tuple(sorted(spans)) for spans in week), found


def _days(key: str) -> tuple[list[int], list[str]]:
    """The days of a key, `mon-fri` or `sat,sun`; and what is wrong."""
    days: list[int] = []
    for part in key.lower().split(","):
        first, dash, last = (end.strip() for end in part.partition("-"))
        ends = [first, last] if dash else [first]
        if any(end not in DAYS for end in ends):
            return [], [f"{part.strip()!r} is no day; write {', '.join(DAYS)}, mon-fri or sat,sun"]
        begin, end = DAYS.index(first), DAYS.index(last or first)
        if end < begin:
            return [], [f"{part.strip()!r} goes backwards; weeks begin with mon here: write sat,sun,mon for sat-mon"]
        days += range(begin, end + 1)
    if len(set(days)) < len(days):
        return sorted(set(days)), [f"{key!r} names a day twice; name each day once"]
    return days, []


def _spans(key: str, texts: Sequence[str], found: Found) -> list[tuple[int, int]]:
    """The spans of one key, sorted; what is wrong is put into `found`."""
    spans: list[tuple[int, int]] = []
    for number, text in enumerate(texts):
        at: Path = (key, number) if len(texts) > 1 else (key,)
        span = _span(text)
        if isinstance(span, str):
            found.append((at, span))
            continue
        for other in spans:
            if span[0] < other[1] and other[0] < span[1]:
                found.append((at, f"{text!r} overlaps {_span_text(other)!r}; write them as one span, or apart"))
        spans.append(span)
    return sorted(spans)


def _span(text: str) -> tuple[int, int] | str:
    """Minutes after midnight, or what is wrong."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return f'{text!r} is no span of the clock; write "08:00-20:00", in quotes'
    hours_1, minutes_1, hours_2, minutes_2 = (int(part) for part in match.groups())
    start, end = hours_1 * 60 + minutes_1, hours_2 * 60 + minutes_2
    if max(minutes_1, minutes_2) > 59 or max(start, end) > DAY:
        return f"{text!r}: there is no such time; a day goes from 00:00 to 24:00"
    if end <= start:
        return f"{text!r} ends before it starts; a span that goes past midnight is written on both days"
    return start, end


def week_text(week: Week) -> str:
    """A week in one line: `mon-fri 09:00-21:30; sat,sun 10:00-18:00`, `closed` where it never opens."""
    parts: dict[str, list[int]] = {}
    for day, spans in enumerate(week):
        if spans:
            parts.setdefault(" and ".join(_span_text(span) for span in spans), []).append(day)
    return "; ".join(f"{_days_text(days)} {text}" for text, days in parts.items()) or "closed"


def _days_text(days: list[int]) -> str:
    groups: list[list[int]] = []
    for day in days:
        if groups and groups[-1][-1] == day - 1:
            groups[-1].append(day)
        else:
            groups.append([day])
    return ",".join(
        f"{DAYS[group[0]]}-{DAYS[group[-1]]}" if len(group) > 2 else ",".join(DAYS[day] for day in group)
        for group in groups
    )


def _span_text(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)
