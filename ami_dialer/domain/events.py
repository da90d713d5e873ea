"""What happens on the way of a contact, told to the outside. Names and keys are stable: docs/events.md has them all."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: Raised when a key changes its meaning or goes away; a key that is added leaves it as it is.
SCHEMA_VERSION = 1


class EventName(StrEnum):
    """Station of the journey and what happened there."""

    #: Contacts came into a list.
    IMPORTED = "intake.imported"
    #: A contact is not called in this run: a do-not-call entry, a filter, its age or a rule keeps it out.
    EXCLUDED = "scrub.excluded"
    #: A contact may not be called now; `until` says when it is looked at again.
    HELD = "hopper.held"
    #: Asterisk has taken the call.
    DIALLED = "originate.dialled"
    #: Nobody was called: Asterisk refused it, or it was taken back.
    CANCELLED = "originate.cancelled"
    RINGING = "originate.ringing"
    ANSWERED = "amd.answered"
    #: AMD has said what answered.
    CLASSIFIED = "amd.classified"
    #: The flow begins to speak.
    FLOW_STARTED = "flow.started"
    #: Digits were pressed, or the time for them was over.
    ANSWER = "flow.answer"
    OPTED_OUT = "flow.opted_out"
    #: The call is over; it has its end reason and disposition.
    ENDED = "disposition.ended"
    #: The contact is called again.
    RETRY = "retry.scheduled"
    #: The contact is not called again in this run.
    FINISHED = "retry.finished"
    #: A call at a certain time was asked for, by whomever.
    CALLBACK_ASKED = "callback.asked"
    #: Its call was placed.
    CALLBACK_KEPT = "callback.kept"
    #: Its call was not placed in time.
    CALLBACK_MISSED = "callback.missed"
    CALLBACK_CANCELLED = "callback.cancelled"
    #: A person and an agent, or what stands for one, are connected.
    CONNECTED = "agent.connected"
    #: Nobody was free within the time that the campaign lets people wait.
    DROPPED = "agent.dropped"
    #: An agent does something else than before.
    AGENT_STATE = "agent.state"
    RUN_STARTED = "run.started"
    RUN_PAUSED = "run.paused"
    RUN_ENDED = "run.ended"

    @property
    def station(self) -> str:
        """Where it happened."""
        return self.value.partition(".")[0]

    @property
    def what(self) -> str:
        """What happened there."""
        return self.value.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    name: EventName
    at: datetime
    #: None for what belongs to no campaign: a list's import.
    campaign: str | None = None
    #: What else there is to say: `run`, `contact`, `attempt`, `number`, `end_reason`, …
    data: dict[str, object] = field(default_factory=dict)
