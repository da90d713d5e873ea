"""The law and the campaign's wishes once more, as naively as can be: what is wrong with a call at one moment?

Nothing of `rules/compliance` is used and nothing is worked out in advance; each rule is read as it is written. What
the dialer decides is compared with this. Slow, and meant to be.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from ami_dialer.domain.consent import ConsentRecord
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.rulebook import Rule, Rulebook
from ami_dialer.domain.verdict import Callee

Policy = Any


def may_call(book: Rulebook, policy: Policy, callee: Callee, now: datetime) -> set[str]:
    """The ids of all rules that a call at `now` would break; empty: it may be placed."""
    zones = list(callee.place.zones)
    if not zones and policy.unknown_zone:
        zones = [policy.unknown_zone]
    clocks = [now.astimezone(ZoneInfo(zone)) for zone in zones]

    broken = wishes_about_whom(policy, callee)
    if not clocks:
        broken.add("zone.unknown")
    for clock in clocks:
        broken |= wishes_about_time(policy, callee, clock)
    of_contact = callee.place.source == "time zone of the contact"
    windows = clocks
    if clocks and policy.zone and not of_contact:
        windows = [now.astimezone(ZoneInfo(policy.zone))]
    if any(not within(policy.week, clock) for clock in windows):
        broken.add("campaign.windows")

    for rule in book.rules:
        # The law of a state is asked on its clock too where something else says when it is there.
        there = dict(callee.place.law_clocks).get(rule.jurisdiction, ()) if clocks else ()
        asked = clocks + [now.astimezone(ZoneInfo(zone)) for zone in there]
        if rule.jurisdiction in callee.place.jurisdictions and breaks_law(rule, policy, callee, asked, now):
            broken.add(rule.id)
    return broken | wishes_about_calls(policy, callee, now) | consent(policy, callee, now)


def breaks_law(rule: Rule, policy: Policy, callee: Callee, clocks: list[datetime], now: datetime) -> bool:
    if policy.purpose not in rule.purposes or exempt(rule, policy):
        return False
    if rule.recorded and not policy.recorded:
        return False
    for clock in clocks:
        if in_force(rule, clock.date()) and breaks_time(rule, clock):
            return True
    # Where nobody knows the time, the calendar of Greenwich says which law is in force.
    if any(in_force(rule, clock.date()) for clock in clocks or [now.astimezone(UTC)]):
        if rule.kind == "consent" and policy.consent:
            return not consented(policy, callee, now, rule.needs)
        return breaks_count(rule, policy, callee, now)
    return False


def wishes_about_whom(policy: Policy, callee: Callee) -> set[str]:
    broken: set[str] = set()
    if callee.place.country not in policy.countries:
        broken.add("number.country")
    if callee.kind not in policy.kinds:
        broken.add("number.kind")
    states = dict(policy.states)
    if any(state in states and states[state] is None for state in callee.place.jurisdictions):
        broken.add("campaign.blocked_state")
    return broken


def wishes_about_time(policy: Policy, callee: Callee, clock: datetime) -> set[str]:
    """What the campaign wants, on one of the clocks that the person may live by."""
    broken: set[str] = set()
    minute = clock.hour * 60 + clock.minute
    states = dict(policy.states)
    if not policy.earliest <= minute < policy.latest:
        broken.add("campaign.hours")
    for state in callee.place.jurisdictions:
        if states.get(state) is not None and not states[state][0] <= minute < states[state][1]:
            broken.add("campaign.state_hours")
    if clock.date() in policy.closed_days:
        broken.add("campaign.closed_day")
    places = callee.place.jurisdictions
    if policy.holidays == "all" and any(day_names(place, clock.date(), public=True) for place in places):
        broken.add("campaign.holiday")
    return broken


def in_force(rule: Rule, day: date) -> bool:
    return rule.effective <= day and not (rule.ends is not None and day >= rule.ends)


def breaks_time(rule: Rule, clock: datetime) -> bool:
    if rule.kind == "hours":
        return not within(rule.week, clock)
    day = clock.date()
    named = day in rule.dates or any((day.month, day.day) == one for one in rule.yearly)
    return rule.kind == "closed" and (named or names_holiday(rule, day))


def breaks_count(rule: Rule, policy: Policy, callee: Callee, now: datetime) -> bool:
    calls = [
        call
        for call in callee.history
        if (call.number == callee.number if rule.per == "number" else call.contact_id == callee.contact_id)
        and (rule.scope == "all" or call.campaign_id == policy.campaign_id)
    ]
    if rule.kind == "attempts":
        assert rule.most is not None
        return count(calls, rule.seconds, now) >= rule.most
    if rule.kind == "lockout":
        return count([call for call in calls if call.abandoned], rule.seconds, now) > 0
    if rule.kind == "conversation":
        return count([call for call in calls if call.answered], rule.seconds, now) > 0
    return False


def within(week: Any, clock: datetime) -> bool:
    minute = clock.hour * 60 + clock.minute
    return any(start <= minute < end for start, end in week[clock.weekday()])


def exempt(rule: Rule, policy: Policy) -> bool:
    names = [name for exemption in policy.exemptions for name in exemption.rules]
    return any(name in ("*", rule.id, rule.kind, rule.jurisdiction.lower()) for name in names)


def day_names(jurisdiction: str, day: date, *, public: bool) -> list[str]:
    """What a day is called, after the holidays package; empty for a day without a name."""
    calendar = calendar_of(jurisdiction, public, day.year)
    return [] if calendar is None else calendar.get_list(day)


@cache
def calendar_of(jurisdiction: str, public: bool, year: int) -> holidays.HolidayBase | None:
    """The one thing that is kept: the package takes a tenth of a second for a year."""
    country, _, state = jurisdiction.partition("-")
    try:
        kinds = None if public else holidays.country_holidays(country).supported_categories
        return holidays.country_holidays(country, subdiv=state or None, years=year, categories=kinds)
    except NotImplementedError:
        return None


def names_holiday(rule: Rule, day: date) -> bool:
    if "*" in rule.holidays and day_names(rule.jurisdiction, day, public=True):
        return True
    names = day_names(rule.jurisdiction, day, public=False) if rule.holidays else []
    return any(name.replace(" (observed)", "") in rule.holidays for name in names)


def count(calls: list[PastCall], seconds: float | None, now: datetime) -> int:
    """How many of the calls were less than so long ago."""
    assert seconds is not None
    return sum(now - datetime.fromtimestamp(call.at, UTC) < timedelta(seconds=seconds) for call in calls)


def wishes_about_calls(policy: Policy, callee: Callee, now: datetime) -> set[str]:
    broken: set[str] = set()
    there = [call for call in callee.history if call.number == callee.number or call.contact_id == callee.contact_id]
    for cap in policy.caps:
        calls = [
            call
            for call in callee.history
            if (call.number == callee.number if cap.per == "number" else call.contact_id == callee.contact_id)
            and (cap.scope == "all" or call.campaign_id == policy.campaign_id)
        ]
        if count(calls, cap.seconds, now) >= cap.most:
            broken.add(cap.id)
    if count(there, policy.between_calls, now):
        broken.add("calls.between")
    if count([call for call in there if call.answered], policy.skip_answered_days * 86_400, now):
        broken.add("calls.answered")
    if count([call for call in there if call.abandoned], policy.abandoned_lockout, now):
        broken.add("calls.abandoned_lockout")
    return broken


def about_campaign(policy: Policy, record: ConsentRecord) -> bool:
    return record.scope in ("*", str(policy.purpose.value), "campaign:" + policy.campaign)


def consent(policy: Policy, callee: Callee, now: datetime) -> set[str]:
    broken: set[str] = set()
    said = [record for record in callee.consent.records if about_campaign(policy, record) and record.at <= now]
    for number, no in enumerate(said):
        if no.granted:
            continue
        taken_back = [
            yes
            for yes in said[number + 1 :]
            if yes.granted and yes.scope in ("*", no.scope) and (yes.expires_at is None or yes.expires_at > now)
        ]
        if not taken_back:
            broken.add("consent.revoked")
    moved = callee.consent.reassigned_at
    if moved is not None and moved <= now:
        yeses = [record for record in said if record.granted]
        if yeses and yeses[-1].at < moved:
            broken.add("consent.reassigned")
        if not yeses and (callee.known_since is None or callee.known_since < moved):
            broken.add("consent.reassigned")
    if policy.consent and not consented(policy, callee, now, policy.consent):
        expired = consented(policy, callee, now, policy.consent, expired_too=True)
        broken.add("consent.expired" if expired else "consent.required")
    return broken


def consented(policy: Policy, callee: Callee, now: datetime, strength: str, *, expired_too: bool = False) -> bool:
    """Whether there is a consent: for this campaign, strong enough, of this holder, and not revoked since."""
    moved = callee.consent.reassigned_at
    good = False
    for record in callee.consent.records:  # oldest first
        if not about_campaign(policy, record) or record.at > now:
            continue
        if not record.granted:
            good = False
            continue
        if strength == "written" and record.strength != "written":
            continue
        if moved is not None and moved <= now and record.at < moved:
            continue
        if expired_too or record.expires_at is None or record.expires_at > now:
            good = True
    return good
