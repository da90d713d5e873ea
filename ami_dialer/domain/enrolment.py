"""The enrolment: this contact in this run."""

from enum import StrEnum


class EnrolmentState(StrEnum):
    """Where a contact stands in a run."""

    #: To be called when `due_at` has come.
    WAITING = "waiting"
    #: In the hopper, or being called: one engine holds it.
    CLAIMED = "claimed"
    #: Not to be called again in this run, unless a callback is asked for or a result given afterwards says so; its last
    #: attempt says how it ended.
    DONE = "done"
    #: Not called in this run, or not any more: a do-not-call entry, a filter or a rule took it out.
    EXCLUDED = "excluded"


#: Where each state leads. A claim is a conditional write on WAITING (store/hopper.py); what becomes of one is held to
#: this table (store/enrolments.py).
ENROLMENT_TRANSITIONS: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.WAITING: frozenset({EnrolmentState.CLAIMED, EnrolmentState.EXCLUDED}),
    EnrolmentState.CLAIMED: frozenset({EnrolmentState.WAITING, EnrolmentState.DONE, EnrolmentState.EXCLUDED}),
    #: Back by a callback (store/callbacks.py), or by the `retry` of a result that was given then (store/retrying.py).
    EnrolmentState.DONE: frozenset({EnrolmentState.WAITING}),
    EnrolmentState.EXCLUDED: frozenset(),
}


class Exclusion(StrEnum):
    """What kept a contact from being called in a run; `excluded_by` of the enrolment names the entry or the filter."""

    DNC = "dnc"
    FILTER = "filter"
    EXPIRED = "expired"
    #: A rule that no waiting changes: the kind of number, the country, no consent.
    RULE = "rule"

    @property
    def label(self) -> str:
        """As reports show it."""
        return _TITLES[self]


_TITLES = {
    Exclusion.DNC: "DNC Excluded",
    Exclusion.FILTER: "Filter Excluded",
    Exclusion.EXPIRED: "Expired",
    Exclusion.RULE: "Rule Excluded",
}


class RunState(StrEnum):
    """Where one execution of a campaign stands."""

    #: Contacts are called as they fall due.
    RUNNING = "running"
    #: Nobody is called until it is resumed; calls in progress finish.
    PAUSED = "paused"
    #: Every enrolment is done or excluded, or the end of its schedule came.
    COMPLETED = "completed"
    #: Ended by hand, or by the next start of its schedule; what was not called is not called in this run.
    STOPPED = "stopped"
    #: It could not go on; `why` of the run says what is missing.
    FAILED = "failed"


#: A run in one of these is not over: lists that it uses are kept, what comes into its live lists comes into it.
GOING_ON = (RunState.RUNNING, RunState.PAUSED)
