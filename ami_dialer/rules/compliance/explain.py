"""A verdict as a person would say it: whose time, whose law, what each rule said, what decided, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from ami_dialer.domain.place import ZoneSource
from ami_dialer.domain.rulebook import Certainty, Rule, Rulebook, RuleKind, in_force
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.rules.compliance import caps, closed_days, telling
from ami_dialer.rules.compliance.ground import exemption_of, law_of, law_zones_of, unasked, window_zones, zones_of
from ami_dialer.rules.compliance.policy import Policy

#: So many zones are told with their time; the others are counted.
_ZONES = 6


class Answer(StrEnum):
    """What a rule said."""

    ALLOWS = "allows"
    REFUSES = "refuses"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule that was asked."""

    id: str
    answer: Answer
    #: What the rule lets through, in figures.
    figure: str
    #: What it found: how many calls there were, who revoked, why the campaign is exempt. May be empty.
    found: str
    #: Of a rule of law: where it stands. Empty for what the campaign wants.
    source: str


def explain(verdict: Verdict, callee: Callee, policy: Policy, book: Rulebook, now: datetime, found_by: str = "") -> str:
    """The verdict of `now` in sentences, one to a line. `found_by` says what told the time zone: `ZIP 32501`."""
    zones = zones_of(callee.place, policy)
    zone = zones[0] if zones else "UTC"
    by = f" by campaign {policy.campaign!r}" if policy.campaign else ""
    lines = [
        f"{callee.number} {'may' if verdict.allowed else 'must not'} be called{by} at {both(now, zone)}.",
        *_decision(verdict, zone),
        "",
        *_whereabouts(callee, policy, zones, now, found_by),
        "",
        "Asked:",
    ]
    wide = max(map(len, verdict.asked), default=0)
    for one in asked(verdict, callee, policy, book, now):
        rest = "; ".join(text for text in (one.figure, one.found) if text)
        lines.append(f"  {one.answer:<7}  {one.id:<{wide}}  {rest}{f' [{one.source}]' if one.source else ''}")
    lines += _not_asked(callee, policy, book, now)
    lines += ["", f"Rules of law: version {book.digest[:12]}."]
    return "\n".join(lines)


def _not_asked(callee: Callee, policy: Policy, book: Rulebook, now: datetime) -> Iterator[str]:
    """What the law wants of consent and the campaign does not have asked."""
    for rule in unasked(book, policy, callee.place.jurisdictions):
        if any(in_force(rule, day) for day in _days(rule, callee, policy, now)):
            why = "the campaign sets no `consent`"
            yield f"  not asked {rule.id}  {telling.figure_of(rule)}; {why} [{rule.source}]"


def asked(verdict: Verdict, callee: Callee, policy: Policy, book: Rulebook, now: datetime) -> Iterator[Asked]:
    """Every rule that was asked, in order, with what it said."""
    law: dict[str, Rule] = {}
    for rule in law_of(book, policy, callee.place.jurisdictions):
        if any(in_force(rule, day) for day in _days(rule, callee, policy, now)):
            law.setdefault(rule.id, rule)
    own = {cap.id: cap for cap in caps.of_policy(policy)}
    for name in verdict.asked:
        answer = Answer.REFUSES if name in verdict.refusing else Answer.ALLOWS
        if name in verdict.exempt:
            answer = Answer.EXEMPT
        if name in law:
            yield _of_law(law[name], answer, callee, policy, now)
        elif name in own:
            yield Asked(name, answer, telling.cap_text(own[name]), _calls(own[name], callee, policy, now), "")
        else:
            found = telling.fact_text(name, callee, policy) if answer is Answer.REFUSES else ""
            yield Asked(name, answer, telling.wish_text(name, policy), found, "")


def _of_law(rule: Rule, answer: Answer, callee: Callee, policy: Policy, now: datetime) -> Asked:
    cap = caps.of_law(rule)
    found = _calls(cap, callee, policy, now) if cap is not None else ""
    if rule.kind is RuleKind.CLOSED and rule.holidays:
        days = _days(rule, callee, policy, now)
        names = [closed_days.holiday_name(rule.jurisdiction, day) for day in days]
        found = ", ".join(f"{telling.day_text(day)} is {name}" for day, name in zip(days, names, strict=True) if name)
    exemption = exemption_of(rule, policy) if answer is Answer.EXEMPT else None
    if exemption is not None:
        found = f"the campaign is exempt, {exemption.basis}: {exemption.reason}"
    doubt = "" if rule.certainty is Certainty.VERIFIED else f", {rule.certainty.value}"
    return Asked(rule.id, answer, telling.figure_of(rule), found, f"{rule.source}{doubt}")


def _days(rule: Rule, callee: Callee, policy: Policy, now: datetime) -> list[date]:
    """The days that it is on the clocks by which the rule is asked."""
    zones = law_zones_of(callee.place, policy, rule.jurisdiction) or ("UTC",)
    return sorted({now.astimezone(ZoneInfo(zone)).date() for zone in zones})


def _calls(cap: caps.Counted, callee: Callee, policy: Policy, now: datetime) -> str:
    """How much of a cap is used up: `2 so far, the last one at …`."""
    since = now.timestamp() - cap.seconds
    times = [at for at in caps.times_of(cap, callee, policy.campaign_id) if at > since]
    if not times:
        return "none so far"
    zones = zones_of(callee.place, policy)
    last = telling.moment_text(datetime.fromtimestamp(max(times), UTC), zones[0] if zones else "UTC")
    return f"{len(times)} so far, the last one {last}"


def _decision(verdict: Verdict, zone: str) -> Iterator[str]:
    if verdict.allowed:
        if verdict.until is None:
            yield "No end of that is in sight."
        else:
            yield f"If nothing else happens, until {both(verdict.until, zone)}; then {verdict.rule} refuses."
        return
    yield f"{verdict.rule} decides: {verdict.why.removesuffix(f' ({verdict.rule})')}."
    others = len(verdict.refusing) - 1
    if others:
        yield f"{others} other {'rule refuses' if others == 1 else 'rules refuse'} too."
    if verdict.next_at is None:
        yield "It will not be allowed as long as nothing of that changes."
    else:
        yield f"If nothing else happens, it may be called from {both(verdict.next_at, zone)} on."


def _whereabouts(callee: Callee, policy: Policy, zones: tuple[str, ...], now: datetime, found_by: str) -> Iterator[str]:
    place = callee.place
    if not zones:
        yield "Whose time: nobody knows."
    else:
        source = place.source if place.zones else ZoneSource.DEFAULT
        yield f"Whose time: {found_by or source.value} says {telling.zones_text(zones)}."
        for zone in zones[:_ZONES]:
            yield f"  there it is {telling.moment_text(now, zone)} ({zone})"
        if len(zones) > 1:
            rest = f", and {len(zones) - _ZONES} more" if len(zones) > _ZONES else ""
            yield f"  a call must be right in all of them{rest}"
        if policy.zone is not None and window_zones(place, zones, policy) == (policy.zone,):
            yield f"  the campaign's windows are in {policy.zone}: {telling.moment_text(now, policy.zone)}"
    yield f"Whose law: {', '.join(place.jurisdictions) or 'no jurisdiction that is known'}."
    for state, clocks in place.law_clocks if zones else ():
        there = " and ".join(telling.moment_text(now, zone) for zone in clocks[:_ZONES])
        yield f"  that of {state} on its own clock too ({telling.zones_text(clocks)}): {there}"
    yield f"Kind of number: {callee.kind.value}."
    for note in place.notes:
        yield f"Note: {note}."


def both(moment: datetime, zone: str) -> str:
    """Local time, and UTC where that is another."""
    local, plain = telling.moment_text(moment, zone), telling.moment_text(moment)
    return local if local == plain else f"{local} ({plain})"
