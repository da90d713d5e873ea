"""The status of a contact in a run, as people speak of it: made of what is stored, whenever it is asked."""

from dataclasses import dataclass
from enum import StrEnum

from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.domain.rank import CALLBACK_RANK


class ContactStatus(StrEnum):
    """Where a contact stands in a run. docs/campaigns.md has the words that other dialers use for them."""

    #: Not called yet.
    PENDING = "Pending"
    #: Being called, or talking.
    IN_PROGRESS = "In Progress"
    #: Was called, and is called again at its time.
    REATTEMPT = "Scheduled for Reattempt"
    #: Is called back at the time that was asked for.
    CALLBACK = "Scheduled Callback"
    #: It was its turn, and a rule put it off: outside its hours, called too often.
    SKIPPED = "Skipped"
    #: Was called, and is not called again; the latest result says what came of it.
    DIALED = "Dialed"
    DNC = "DNC Excluded"
    FILTER = "Filter Excluded"
    EXPIRED = "Expired"
    RULE = "Rule Excluded"
    #: The run ended while it waited to be called again.
    RETRY_CANCELLED = "Retry Cancelled"
    #: The run ended before it was called.
    NOT_DIALED = "Not Dialed"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored of a contact in a run."""

    state: EnrolmentState
    exclusion: Exclusion | None
    #: Attempts that ended.
    attempts: int
    rank: int
    #: The rule that put it off.
    held_by: str | None
    #: A call to it goes on.
    in_call: bool
    #: The run has ended.
    over: bool


_EXCLUDED = {
    Exclusion.DNC: ContactStatus.DNC,
    Exclusion.FILTER: ContactStatus.FILTER,
    Exclusion.EXPIRED: ContactStatus.EXPIRED,
    Exclusion.RULE: ContactStatus.RULE,
}


def status_of(standing: Standing) -> ContactStatus:
    """The one status. Who is in the hopper and not in a call stands as one who waits."""
    if standing.in_call:
        return ContactStatus.IN_PROGRESS
    match standing.state:
        case EnrolmentState.EXCLUDED:
            return _EXCLUDED[standing.exclusion or Exclusion.DNC]
        case EnrolmentState.DONE:
            return ContactStatus.DIALED
        case _:
            return _over(standing) if standing.over else _waiting(standing)


def _over(standing: Standing) -> ContactStatus:
    return ContactStatus.RETRY_CANCELLED if standing.attempts else ContactStatus.NOT_DIALED


def _waiting(standing: Standing) -> ContactStatus:
    if standing.held_by:
        return ContactStatus.SKIPPED
    if standing.rank == CALLBACK_RANK:
        return ContactStatus.CALLBACK
    return ContactStatus.REATTEMPT if standing.attempts else ContactStatus.PENDING


_WAIT = (EnrolmentState.CLAIMED, EnrolmentState.WAITING)

#: In which states contacts of a status are.
STATES: dict[ContactStatus, tuple[EnrolmentState, ...]] = {
    ContactStatus.IN_PROGRESS: (EnrolmentState.CLAIMED,),
    ContactStatus.PENDING: _WAIT,
    ContactStatus.REATTEMPT: _WAIT,
    ContactStatus.CALLBACK: _WAIT,
    ContactStatus.SKIPPED: _WAIT,
    ContactStatus.RETRY_CANCELLED: _WAIT,
    ContactStatus.NOT_DIALED: _WAIT,
    ContactStatus.DIALED: (EnrolmentState.DONE,),
    **dict.fromkeys(_EXCLUDED.values(), (EnrolmentState.EXCLUDED,)),
}
