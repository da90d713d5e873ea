"""What consent and revocation say at a moment, and when that changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ami_dialer.domain.consent import EVERYTHING, ConsentFacts, ConsentRecord, Strength
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance import questions
from ami_dialer.rules.compliance.policy import Policy


class Need(NamedTuple):
    """Somebody who wants consent: the campaign, or a rule of law."""

    id: str
    written: bool


def scopes_of(policy: Policy) -> frozenset[str]:
    """The scopes of consent and revocation that a campaign falls under."""
    return frozenset({EVERYTHING, policy.purpose.value, f"campaign:{policy.campaign}"})


def refusing(callee: Callee, scopes: frozenset[str], needs: Sequence[Need], now: datetime) -> tuple[str, ...]:
    """The questions of consent that refuse at `now`. What was said later is not known yet.

    A revocation of any of the scopes refuses until a grant of that scope or of everything that is still good. A consent
    counts when nothing was revoked since, it has not expired and the number has not changed hands since.
    """
    facts = callee.consent
    if not facts.records and facts.reassigned_at is None:
        return tuple(need.id for need in needs)
    said = sorted((one for one in facts.records if one.scope in scopes and one.at <= now), key=lambda one: one.at)
    grants = [one for one in said if one.granted]
    moved = facts.reassigned_at if facts.reassigned_at is not None and facts.reassigned_at <= now else None
    found: list[str] = []
    if _is_revoked(said, now):
        found.append(questions.REVOKED)
    if moved is not None and _is_somebody_else(callee.known_since, grants[-1].at if grants else None, moved):
        found.append(questions.REASSIGNED)
    if needs:
        last_no = max((place for place, one in enumerate(said) if not one.granted), default=-1)
        since = [one for one in said[last_no + 1 :] if moved is None or one.at >= moved]
        good = [one for one in since if _is_good(one, now)]
        for need in needs:
            if not any(_is_enough(one, need) for one in good):
                lapsed = need.id == questions.REQUIRED and any(_is_enough(one, need) for one in since)
                found.append(questions.EXPIRED if lapsed else need.id)
    return tuple(found)


def changes(facts: ConsentFacts, now: datetime) -> list[datetime]:
    """The later moments at which anything of it may change, in order."""
    moments = {facts.reassigned_at} | {one.at for one in facts.records}
    moments |= {one.expires_at for one in facts.records if one.granted}  # a revocation has no end
    return sorted(moment for moment in moments if moment is not None and moment > now)


def _is_revoked(said: list[ConsentRecord], now: datetime) -> bool:
    """`said` in order of time."""
    return any(
        not one.granted
        and not any(
            later.granted and later.scope in (one.scope, EVERYTHING) and _is_good(later, now)
            for later in said[place + 1 :]
        )
        for place, one in enumerate(said)
    )


def _is_somebody_else(known_since: datetime | None, consent: datetime | None, moved: datetime) -> bool:
    """Whether the number changed hands after the last consent, or, without one, after the contact came in."""
    if consent is not None:
        return consent < moved
    return known_since is None or known_since < moved


def _is_good(grant: ConsentRecord, now: datetime) -> bool:
    return grant.expires_at is None or now < grant.expires_at


def _is_enough(grant: ConsentRecord, need: Need) -> bool:
    return grant.strength is Strength.WRITTEN or not need.written
