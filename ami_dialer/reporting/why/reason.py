"""What may keep a campaign from dialing, and what is known when it is asked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.engine_status import EngineStatus
from ami_dialer.store.queue import Queue
from ami_dialer.store.results import ExclusionCount


class Why(StrEnum):
    """The kind of a reason: stable, for programs."""

    STATUS = "status"
    NOT_RUNNING = "dialer_not_running"
    SILENT = "dialer_silent"
    STOPPING = "dialer_stopping"
    DATABASE = "database"
    TAKEN_OUT = "taken_out"
    SCHEDULE_END = "schedule_end"
    NOT_TAKEN_UP = "not_taken_up"
    EMERGENCY = "emergency"
    SERVER = "server"
    ABANDONMENT = "abandonment"
    LIMIT = "limit"
    BUSY = "in_calls_already"
    NO_AGENT = "no_agent"
    NO_FREE_AGENT = "no_free_agent"
    OWN_AGENT = "own_agent"
    ENGINE = "engine"
    HELD = "held_by_rule"
    RETRY = "next_try"
    CALLBACK = "callback"
    DUE = "due"
    CLAIMED = "claimed"
    CALLS = "calls"
    EXCLUDED = "excluded"
    DONE = "done"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, or where some contacts stand."""

    kind: Why
    #: For people.
    text: str
    #: Contacts that it keeps from being called, or that stand there.
    contacts: int = 0
    #: When it ends for the first of them, where that is known.
    until: datetime | None = None
    #: What somebody can do, for people; "" where waiting is all.
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known."""

    campaign: str
    at: datetime
    status: CampaignStatus
    #: Why it failed, for people.
    trouble: str | None = None
    next_start_at: datetime | None = None
    #: It starts with the dialer, and has never run.
    starts_with_dialer: bool = False
    lists: tuple[str, ...] = ()
    #: The queue whose members take its calls; None where agents do, or nobody has to be there.
    member_queue: str | None = None
    #: Whether any of its lists holds anybody.
    anybody: bool = True
    dialer_running: bool = True
    #: What the engine saw last; None where it said nothing.
    seen: EngineStatus | None = None
    #: The newest run; None where it has never run.
    run: int | None = None
    #: That run has ended: whoever is left in it is not called in it.
    run_over: bool = False
    ends_at: datetime | None = None
    #: Why the run ended, for people.
    run_why: str | None = None
    #: What comes into a list of the run is called too.
    live: bool = False
    queue: Queue = field(default_factory=Queue)
    #: Calls of the run that go on, by state, as the database knows it.
    calls: dict[str, int] = field(default_factory=dict)
    excluded: tuple[ExclusionCount, ...] = ()
    #: Attempts that ended, by disposition.
    dispositions: dict[str, int] = field(default_factory=dict)
