"""How often somebody may be called: each cap says from when on it lets the next call through. Sliding windows."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from ami_dialer.domain.rulebook import Per, Rule, RuleKind, Scope
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance import questions
from ami_dialer.rules.compliance.policy import Policy

_DAY = 86_400.0


class Counted(NamedTuple):
    """A cap, whoever set it: at most `most` calls within `seconds`; 1 for a time that must pass after a call."""

    id: str
    most: int
    seconds: float
    #: Calls to the number, to the contact; to either where both are set.
    number: bool
    contact: bool
    #: Only those of the campaign.
    own: bool
    #: Only those that a person answered.
    answered: bool = False
    #: Only those that were abandoned.
    abandoned: bool = False


class Held(NamedTuple):
    """A cap that refuses."""

    id: str
    until: float
    """Seconds since 1970; infinite where the cap lets nothing through."""
    cap: Counted


def waived(cap: Counted, callee: Callee) -> bool:
    """Whether a cap is the campaign's own wish, and the contact asked for this call."""
    return callee.callback is not None and (
        cap.id in (questions.BETWEEN, questions.ANSWERED) or cap.id.startswith("campaign.")
    )


def of_policy(policy: Policy) -> tuple[Counted, ...]:
    """The caps of a campaign and of all campaigns."""
    found = [
        Counted(
            cap.id, cap.most, cap.seconds, cap.per is Per.NUMBER, cap.per is Per.CONTACT, cap.scope is Scope.CAMPAIGN
        )
        for cap in policy.caps
    ]
    if policy.between_calls > 0:
        found.append(Counted(questions.BETWEEN, 1, policy.between_calls, number=True, contact=True, own=False))
    if policy.skip_answered_days > 0:
        seconds = policy.skip_answered_days * _DAY
        found.append(Counted(questions.ANSWERED, 1, seconds, number=True, contact=True, own=False, answered=True))
    if policy.abandoned_lockout > 0:
        seconds = policy.abandoned_lockout
        found.append(Counted(questions.LOCKOUT, 1, seconds, number=True, contact=True, own=False, abandoned=True))
    return tuple(found)


def of_law(rule: Rule) -> Counted | None:
    """The cap that a rule of law is; None for a rule of another kind."""
    if rule.kind not in (RuleKind.ATTEMPTS, RuleKind.LOCKOUT, RuleKind.CONVERSATION):
        return None
    if rule.seconds is None or (rule.kind is RuleKind.ATTEMPTS and rule.most is None):
        raise ValueError(f"{rule.id} does not say how many calls within how many seconds")
    return Counted(
        rule.id,
        int(rule.most or 0) if rule.kind is RuleKind.ATTEMPTS else 1,
        rule.seconds,
        number=rule.per is Per.NUMBER,
        contact=rule.per is Per.CONTACT,
        own=rule.scope is Scope.CAMPAIGN,
        answered=rule.kind is RuleKind.CONVERSATION,
        abandoned=rule.kind is RuleKind.LOCKOUT,
    )


def held(caps: Iterable[Counted], callee: Callee, campaign_id: int, now: float) -> list[Held]:
    """The caps that refuse at `now`. A call later than `now` counts too: two engines, two clocks."""
    found: list[Held] = []
    calls = len(callee.history)
    for cap in caps:
        if waived(cap, callee):
            continue
        if cap.most <= 0:
            found.append(Held(cap.id, math.inf, cap))
        elif calls >= cap.most:
            times = times_of(cap, callee, campaign_id)
            if len(times) >= cap.most:
                times.sort()
                until = times[-cap.most] + cap.seconds
                if until > now:
                    found.append(Held(cap.id, until, cap))
    return found


def times_of(cap: Counted, callee: Callee, campaign_id: int) -> list[float]:
    """When the calls were that a cap counts, whether they are long past or not."""
    number, contact = cap.number, cap.contact
    return [
        call[0]
        for call in callee.history
        if ((number and call[1] == callee.number) or (contact and call[2] == callee.contact_id))
        and not (cap.own and call[3] != campaign_id)
        and not (cap.answered and not call[4])
        and not (cap.abandoned and not call[5])
    ]


def look_back(caps: Iterable[Counted]) -> float:
    """How many seconds of history the caps look at."""
    return max((cap.seconds for cap in caps), default=0.0)


def counted(caps: Iterable[Counted], callee: Callee, campaign_id: int, now: float) -> dict[str, int]:
    """How many calls each cap counted at `now`; those that counted none are not in it."""
    found: dict[str, int] = {}
    for cap in caps:
        if calls := sum(1 for at in times_of(cap, callee, campaign_id) if at + cap.seconds > now):
            found[cap.id] = calls
    return found
