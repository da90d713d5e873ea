"""What an enrolment becomes."""

from collections.abc import Mapping
from datetime import datetime

from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import ENROLMENT_TRANSITIONS, EnrolmentState
from ami_dialer.rules.retry import attempts_in
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Kind, Write


def changed(
    claimed: Claimed,
    state: EnrolmentState,
    *,
    due_at: datetime,
    tries: Mapping[str, int] | None = None,
    last_end_reason: EndReason | None = None,
    excluded_by: str | None = None,
) -> Write:
    """The write that lets a claim go into another state. It does nothing where the claim is not held any more.

    It gets the number and the rank of `claimed`; where another enrolment of the run has the number, it keeps its own.

    Raises ValueError for a state that a claim does not lead to.
    """
    if state not in ENROLMENT_TRANSITIONS[EnrolmentState.CLAIMED]:
        raise ValueError(f"an enrolment that is claimed does not become {state}")
    tries = claimed.tries if tries is None else tries
    return Write(
        Kind.ENROLMENT,
        {
            "key": claimed.enrolment_id,
            "held_since": claimed.claimed_at,
            "state": state,
            "due_at": due_at,
            "attempts": attempts_in(tries),
            "tries": dict(tries),
            "claimed_at": None,
            "rank": claimed.rank,
            "new_number": claimed.number,
            "skips": claimed.skips,
            "last_end_reason": last_end_reason or claimed.last_end_reason,
            "excluded_by": None if excluded_by is None else excluded_by[:200],
        },
    )
