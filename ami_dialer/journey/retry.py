"""Station 9, retry: is the contact called again in this run, and when?"""

from datetime import datetime, timedelta

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.rules.retry import RetryVerdict, next_try
from ami_dialer.store.enrolments import changed
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Write


def after(attempt: Attempt, claimed: Claimed, campaign: Campaign, now: datetime) -> tuple[Write, RetryVerdict]:
    """What the enrolment becomes after an attempt that has ended, and the verdict that decided it."""
    if attempt.end_reason is None:
        raise ValueError(f"attempt {attempt.id} has not ended")
    tries = {**claimed.tries, attempt.end_reason.value: claimed.tries.get(attempt.end_reason, 0) + 1}
    rules = {reason: (rule.after, rule.max) for reason, rule in campaign.retry.rules.items()}
    verdict = next_try(attempt.end_reason, tries, campaign.retry.max_attempts, rules)
    if verdict.delay is None:
        state, due_at = EnrolmentState.DONE, claimed.due_at
    else:
        state, due_at = EnrolmentState.WAITING, now + timedelta(seconds=verdict.delay)
    write = changed(claimed, state, due_at=due_at, tries=tries, last_end_reason=attempt.end_reason)
    return write, verdict
