"""Station 9, retry: is the contact called again in this run, when, and on which of its phones?"""

from dataclasses import replace
from datetime import datetime, timedelta

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.retry import decide
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.meaning import Meaning
from ami_dialer.domain.rank import of_retry
from ami_dialer.rules.retry import RetryVerdict
from ami_dialer.store.enrolments import changed
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Write


def after(
    attempt: Attempt, claimed: Claimed, campaign: Campaign, now: datetime, meaning: Meaning | None = None
) -> tuple[Write, RetryVerdict]:
    """What the enrolment becomes after an attempt that has ended, and the verdict that decided it.

    `meaning`: of the attempt's result; what it says of retries goes before the rules of the campaign.
    """
    if attempt.end_reason is None:
        raise ValueError(f"attempt {attempt.id} has not ended")
    retry = campaign.retry
    tries, verdict = decide(retry, attempt.end_reason, claimed.tries, claimed.phones, claimed.number, meaning)
    if verdict.delay is None:
        state, due_at, goes_on = EnrolmentState.DONE, claimed.due_at, claimed
    else:
        state, due_at = EnrolmentState.WAITING, now + timedelta(seconds=verdict.delay)
        first = campaign.abandonment.retry_first and attempt.end_reason is EndReason.ABANDONED
        rank = of_retry(claimed.rank, retry.order, first=first)
        goes_on = replace(claimed, number=verdict.number or claimed.number, rank=rank)
    write = changed(goes_on, state, due_at=due_at, tries=tries, last_end_reason=attempt.end_reason)
    return write, verdict
