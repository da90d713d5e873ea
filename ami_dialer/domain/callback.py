"""The callback: a call at a time that the contact asked for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CallbackState(StrEnum):
    """Where a callback stands."""

    #: Its time has not come, or the call could not be placed yet.
    WAITING = "waiting"
    #: A call was placed for it; the attempt says what became of that.
    KEPT = "kept"
    #: It was not placed within `callbacks.late` after its time, or the run ended when it was due.
    MISSED = "missed"
    #: Taken back by hand, replaced by a later one, or since the contact must not be called.
    CANCELLED = "cancelled"


class CallbackSource(StrEnum):
    """Who asked for it."""

    #: The contact, by keypad in a flow.
    FLOW = "flow"
    AGENT = "agent"
    #: A disposition that calls back.
    DISPOSITION = "disposition"
    API = "api"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it is kept."""

    id: int
    campaign_id: int
    contact_id: int
    #: E.164.
    number: str
    at: datetime
    state: CallbackState
    source: CallbackSource
    #: None: for anyone.
    agent: str | None = None
    note: str | None = None
    asked_in: str | None = None
    kept_by: str | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    #: Why it was cancelled or missed, for people.
    why: str | None = None


#: Those that a call may still keep: a late one is kept too.
OPEN = (CallbackState.WAITING, CallbackState.MISSED)
