"""What can be told of a campaign before it runs: that it can never dial, and where the law narrows what it wants."""

import itertools
from collections.abc import Iterable
from datetime import date, datetime

from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place
from ami_dialer.domain.rulebook import ALWAYS, Rulebook, RuleKind, Week, in_force
from ami_dialer.rules.compliance import telling
from ami_dialer.rules.compliance.calendar import Spans, span
from ami_dialer.rules.compliance.ground import Ground, Survey, is_exempt, law_of
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.rules.compliance.timeline import FAR


def never_opens(book: Rulebook, policy: Policy, places: Iterable[Place], now: datetime) -> dict[Place, str]:
    """Those of the places where nobody can be called within 400 days of `now`, whatever their history, and why.

    Raises ValueError for a rule without the figures of its kind.
    """
    survey = Survey(book, policy)
    kind = min(policy.kinds, default=NumberKind.UNKNOWN)
    return {place: why for place in places if (why := _shut(survey.ground(place, kind), now))}


def wider_than_law(book: Rulebook, policy: Policy, jurisdictions: Iterable[str], day: date) -> list[str]:
    """Where the campaign's hours and windows go beyond the hours of the law on a day or later: nobody is called then.

    One sentence for each rule. Windows on another clock than the contact's are left out of it.
    """
    wanted = _wanted(policy)
    found: list[str] = []
    for rule in law_of(book, policy, jurisdictions):
        if rule.kind is RuleKind.HOURS and (rule.ends is None or rule.ends > day):
            cut = tuple(_less(mine, law) for mine, law in zip(wanted, rule.week, strict=True))
            if any(cut):
                begins = "" if in_force(rule, day) else f" from {telling.day_text(rule.effective)} on"
                then = f"{rule.id}{begins}: {telling.figure_of(rule)}"
                if is_exempt(rule, policy):
                    found.append(
                        f"{then}; the campaign is exempt and calls {telling.week_text(cut, shut=False)} all the same"
                    )
                else:
                    found.append(
                        f"{then}; the campaign would call {telling.week_text(cut, shut=False)} too, where it will not"
                    )
    return found


def _shut(ground: Ground, now: datetime) -> str:
    """Why there is no moment at which a call is right; empty where there is one."""
    if ground.fixed:
        return " and ".join(f"{telling.wish_text(name, ground.policy)} ({name})" for name in ground.fixed)
    timeline = ground.timeline
    moment = now.timestamp()
    place = timeline.at(moment)
    if timeline.first(place, moment + FAR, lambda one: not one.refusing) is not None:
        return ""
    shut = {one.refusing for one in timeline.segments[place:]}
    law = {rule.id: telling.figure_of(rule) for rule in ground.law}
    names = sorted(frozenset[str]().union(*shut))
    # The fewest rules of which at any moment at least one refuses.
    least = next(
        some
        for count in range(1, len(names) + 1)
        for some in itertools.combinations(names, count)
        if not any(one.isdisjoint(some) for one in shut)
    )
    told = [f"{law.get(name) or telling.wish_text(name, ground.policy)} ({name})" for name in least]
    together = "; together they leave no time open" if len(told) > 1 else ""
    return f"{' and '.join(told)}{together}, in {telling.zones_text(ground.zones)}"


def _wanted(policy: Policy) -> Week:
    """What the campaign wants on the contact's clock."""
    daily = span(policy.earliest, policy.latest)
    week = policy.week if policy.zone is None else ALWAYS
    return tuple(_both(daily, spans) for spans in week)


def _both(some: Spans, others: Spans) -> Spans:
    """What two have in common."""
    meet = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return tuple(sorted(one for one in meet if one[0] < one[1]))


def _less(some: Spans, others: Spans) -> Spans:
    """What the first have beyond the others."""
    left = list(some)
    for start, end in others:
        left = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    return tuple(sorted(left))
