"""Station 6, AMD: a person, a machine, a fax or silence?"""

from datetime import datetime

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.domain.ending import EndReason
from ami_dialer.rules.amd import AnsweredBy, answered_by, greeting_end

_ENDS = {
    AnsweredBy.MACHINE: EndReason.MACHINE,
    AnsweredBy.SILENCE: EndReason.SILENCE,
    AnsweredBy.FAX: EndReason.FAX,
}
#: Longest AMDCAUSE that is kept; app_amd's own are under 40 characters.
_MAX_CAUSE = 80


def note(attempt: Attempt, facts: AmdFacts, now: datetime) -> bool:
    """Keep what AMD said, once, and when the greeting was over by it. False when it was known or nothing was said."""
    if not facts.status or attempt.amd_status is not None:
        return False
    attempt.amd_status = facts.status[:16]
    attempt.amd_cause = facts.cause[:_MAX_CAUSE]
    attempt.classified_at = now
    attempt.greeting_end_at = greeting_end(facts.status, facts.cause, attempt.answered_at or now, now)
    return True


def classify(attempt: Attempt, campaign: Campaign) -> EndReason | None:
    """The end reason of a call that no person answered; None for a person, and where AMD said nothing."""
    if attempt.amd_status is None:
        return None
    not_sure = AnsweredBy(campaign.amd.not_sure)
    return _ENDS.get(answered_by(attempt.amd_status, attempt.amd_cause or "", not_sure))
