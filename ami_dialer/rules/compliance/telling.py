"""Figures of rules in words: the sentence of a verdict, and the pieces that `explain` is made of."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ami_dialer.domain.rulebook import DAY, Rule, RuleKind, Week
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance import closed_days, questions
from ami_dialer.rules.compliance.calendar import is_closed, span
from ami_dialer.rules.compliance.caps import Counted
from ami_dialer.rules.compliance.policy import Policy

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds"))


def clock(minute: int) -> str:
    """540 as `09:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def spans_text(spans: tuple[tuple[int, int], ...]) -> str:
    """`09:00-12:00 and 13:00-18:00`."""
    if spans == ((0, DAY),):
        return "all day"
    return " and ".join(f"{clock(start)}-{clock(end)}" for start, end in spans) or "never"


def week_text(week: Week, *, shut: bool = True) -> str:
    """`Mon-Fri 09:00-18:00, Sat 10:00-14:00, Sun never`; days that are alike together, `shut` ones only if wanted."""
    runs: list[list[int]] = []
    for day in range(7):
        if runs and week[runs[-1][0]] == week[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    if len(runs) == 1:
        return spans_text(week[0])
    return ", ".join(
        f"{_DAYS[run[0]]}{f'-{_DAYS[run[-1]]}' if len(run) > 1 else ''} {spans_text(week[run[0]])}"
        for run in runs
        if shut or week[run[0]]
    )


def seconds_text(seconds: float) -> str:
    """Exact and short: `24 hours`, `7 days`, `90 seconds`."""
    for size, one, many in _UNITS:
        count = seconds / size
        # A single day is told in hours, as laws do.
        if count == int(count) and (count > 1 or (count == 1 and size < 86_400)):
            return f"{count:g} {one if count == 1 else many}"
    return f"{seconds:g} seconds"


def moment_text(moment: datetime, zone: str = "UTC") -> str:
    """`Mon 2 Mar 2026 08:00 CST`, with seconds where there are any."""
    local = moment.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    seconds = f":{local.second:02}" if local.second or local.microsecond else ""
    name = local.tzname() or ""
    if name[:1] in "+-":  # a zone without letters
        name = f"UTC{name}"
    return f"{_DAYS[local.weekday()]} {day_text(local.date())} {local:%H:%M}{seconds} {name}"


def day_text(day: date) -> str:
    """`2 Mar 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def zones_text(zones: tuple[str, ...]) -> str:
    """`America/Chicago`, `America/Chicago and America/New_York`, `America/Adak and 5 more`."""
    if len(zones) > 3:
        return f"{zones[0]} and {len(zones) - 1} more"
    return " and ".join(zones) or "an unknown zone"


def figure_of(rule: Rule) -> str:
    """What a rule of law lets through, in figures; its own words where it has none."""
    time = seconds_text(rule.seconds or 0)
    match rule.kind:
        case RuleKind.HOURS:
            text = f"calls {week_text(rule.week)}"
        case RuleKind.CLOSED:
            named = ["every public holiday" if name == closed_days.ALL else name for name in rule.holidays]
            yearly = [f"{day} {_MONTHS[month - 1]}" for month, day in rule.yearly]
            text = f"no calls on {', '.join([*named, *yearly, *map(day_text, rule.dates)])}"
        case RuleKind.CONSENT:
            text = f"needs {rule.needs} consent"
        case RuleKind.ATTEMPTS:
            text = f"at most {rule.most or 0:g} calls to a {rule.per} in {time}"
        case RuleKind.CONVERSATION:
            text = f"no call for {time} after a person answered"
        case RuleKind.LOCKOUT:
            text = f"no call for {time} after an abandoned one"
        case _:
            text = rule.says
    return text


def cap_text(cap: Counted) -> str:
    """What a cap lets through."""
    if cap.answered:
        return f"no call for {seconds_text(cap.seconds)} after a person answered"
    if cap.abandoned:
        return f"no call for {seconds_text(cap.seconds)} after an abandoned one"
    if cap.number and cap.contact:
        return f"{seconds_text(cap.seconds)} from one call to the next"
    whose = "by the campaign" if cap.own else "by all campaigns together"
    whom = "number" if cap.number else "contact"
    return f"at most {cap.most} calls to the {whom} in {seconds_text(cap.seconds)}, {whose}"


def wish_text(question: str, policy: Policy) -> str:
    """What a question that is no rule of law and no cap lets through."""
    own = [f"{state} {spans_text(span(*hours))}" for state, hours in policy.states if hours is not None]
    texts: dict[str, Callable[[], str]] = {
        questions.COUNTRY: lambda: f"calls to {_any(sorted(policy.countries), 'no country')} only",
        questions.KIND: lambda: f"calls to {_any(sorted(policy.kinds), 'no kind of number')} only",
        questions.UNKNOWN_ZONE: lambda: "nobody is called whose time zone is unknown",
        questions.BLOCKED_STATE: lambda: f"no calls to {', '.join(_blocked(policy))}",
        questions.REVOKED: lambda: "no calls to whoever revoked",
        questions.REASSIGNED: lambda: "no calls to a number that changed hands",
        questions.REQUIRED: lambda: f"needs {policy.consent} consent",
        questions.EXPIRED: lambda: f"needs {policy.consent} consent that has not expired",
        questions.HOURS: lambda: f"calls {spans_text(span(policy.earliest, policy.latest))}",
        questions.STATE_HOURS: lambda: f"calls {', '.join(own)}",
        questions.WINDOWS: lambda: f"calls {week_text(policy.week)}{f' in {policy.zone}' if policy.zone else ''}",
        questions.CLOSED_DAY: lambda: f"no calls on {', '.join(map(day_text, policy.closed_days))}",
        questions.HOLIDAY: lambda: "no calls on public holidays",
    }
    return texts[question]()


def closed_text(rule: Rule, zones: tuple[str, ...], start: float, end: float) -> str:
    """Which days between two moments a rule closes, with their names: `no calls on 25 Dec 2026 (Christmas Day)`."""
    if math.isinf(end):
        return figure_of(rule)
    day = min(datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(zone)).date() for zone in zones)
    last = max(datetime.fromtimestamp(end - 1, UTC).astimezone(ZoneInfo(zone)).date() for zone in zones)
    days: list[str] = []
    while day <= last and len(days) < 5:
        if is_closed(rule, day):
            name = closed_days.holiday_name(rule.jurisdiction, day) if rule.holidays else ""
            days.append(f"{day_text(day)}{f' ({name})' if name else ''}")
        day += timedelta(days=1)
    return f"no calls on {', '.join(days)}" if days else figure_of(rule)


def fact_text(question: str, callee: Callee, policy: Policy) -> str:
    """What it is about this number that a wish or a fact refuses; empty where the figure says it all.

    Names no number: the sentence is kept for all numbers that are alike.
    """
    said = callee.consent.records
    moved = callee.consent.reassigned_at
    if question == questions.REVOKED:
        last = [one for one in said if not one.granted][-1:]
        return "".join(f"revoked by {one.source} on {moment_text(one.at)}" for one in last)
    if question == questions.EXPIRED:
        ends = [one.expires_at for one in said if one.granted and one.expires_at is not None]
        return f"the consent expired on {moment_text(max(ends))}" if ends else ""
    if question == questions.REASSIGNED and moved is not None:
        return f"the number changed hands on {moment_text(moved)}"
    states = [one for one in callee.place.jurisdictions if one in _blocked(policy)]
    return {
        questions.COUNTRY: f"the number belongs to {callee.place.country or 'no country'}",
        questions.KIND: f"the number is of the kind {callee.kind.value}",
        questions.UNKNOWN_ZONE: "nobody knows the time zone",
        questions.BLOCKED_STATE: f"the number or the contact is in {', '.join(states)}",
        questions.REQUIRED: f"there is no {policy.consent} consent",
    }.get(question, "")


def _blocked(policy: Policy) -> list[str]:
    return [state for state, hours in policy.states if hours is None]


def _any(texts: list[str], nothing: str) -> str:
    return ", ".join(texts) or nothing
