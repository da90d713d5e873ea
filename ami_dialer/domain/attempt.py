"""The attempt: one try on one number, and the table of its states."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ami_dialer.domain.ending import DISPOSITION_OF, Disposition, EndReason

#: Marks a channel as ours in Asterisk's lists. Ids are `amid-<milliseconds in hex>-<40 random bits in hex>`:
#: they sort by time, cannot be guessed by a stranger on the FastAGI port, and pass AMI and dialplan unquoted.
ATTEMPT_ID_PREFIX = "amid-"
#: Test calls of `ami-dialer doctor`. Event filters let them pass like attempts, but a running dialer leaves them alone.
TEST_CALL_PREFIX = f"{ATTEMPT_ID_PREFIX}doctor-"


class AttemptState(StrEnum):
    """Where an attempt is. The reason why it ended is a second word: `EndReason`."""

    #: Committed to the database; nothing has been sent to Asterisk yet.
    CLAIMED = "claimed"
    #: `Originate` has been sent.
    ORIGINATING = "originating"
    #: The far end signals ringing.
    RINGING = "ringing"
    #: Somebody or something has picked up.
    ANSWERED = "answered"
    #: A person is in the flow.
    IN_FLOW = "in_flow"
    #: An agent, or what stands for one, has the person on the line.
    CONNECTED = "connected"
    #: Over. Has an end reason and a disposition.
    ENDED = "ended"


class AttemptEvent(StrEnum):
    """What moves an attempt from one state to the next."""

    SENT = "sent"
    RING = "ring"
    ANSWER = "answer"
    FLOW = "flow"
    CONNECT = "connect"
    END = "end"


_S, _E = AttemptState, AttemptEvent

TRANSITIONS: dict[tuple[AttemptState, AttemptEvent], AttemptState] = {
    (_S.CLAIMED, _E.SENT): _S.ORIGINATING,
    (_S.ORIGINATING, _E.RING): _S.RINGING,
    (_S.ORIGINATING, _E.ANSWER): _S.ANSWERED,  # trunks that never send 180
    (_S.RINGING, _E.ANSWER): _S.ANSWERED,
    (_S.ANSWERED, _E.FLOW): _S.IN_FLOW,
    (_S.ANSWERED, _E.CONNECT): _S.CONNECTED,
    (_S.CLAIMED, _E.END): _S.ENDED,
    (_S.ORIGINATING, _E.END): _S.ENDED,
    (_S.RINGING, _E.END): _S.ENDED,
    (_S.ANSWERED, _E.END): _S.ENDED,
    (_S.IN_FLOW, _E.END): _S.ENDED,
    (_S.CONNECTED, _E.END): _S.ENDED,
}


class IllegalTransitionError(Exception):
    """An event came that the state has no way out by."""


def advance(state: AttemptState, event: AttemptEvent) -> AttemptState:
    """The state that `event` leads to from `state`; raises IllegalTransitionError where there is no way."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"{state} has no way out by {event}") from None


def new_attempt_id(now: datetime) -> str:
    """A new id: the channel's `ChannelId`, the `ActionID` of its Originate and the key in SQL. 27 characters."""
    return f"{ATTEMPT_ID_PREFIX}{int(now.timestamp() * 1000):011x}-{secrets.token_hex(5)}"


def new_line_id() -> str:
    """The Uniqueid of a channel to an agent's phone. No attempt's: event filters let lines pass by their context."""
    return f"ami-dialer-line-{secrets.token_hex(8)}"


def wrap_up_line_id(attempt_id: str) -> str:
    """The Uniqueid of the channel by which a member of a queue is called back for the result of this attempt.

    It can be told from the attempt: the next dialer knows whom a phone is for that rings when this one dies.
    """
    return f"ami-dialer-line-{attempt_id}"


def is_attempt_id(text: str) -> bool:
    """Whether a channel's Uniqueid is one of ours."""
    return text.startswith(ATTEMPT_ID_PREFIX) and not text.startswith(TEST_CALL_PREFIX)


@dataclass(slots=True)
class Attempt:
    """One try on one number, as the engine holds it while it lives. SQL has the same columns."""

    id: str
    run_id: int
    enrolment_id: int
    contact_id: int
    #: 1 for the first try on this enrolment.
    ordinal: int
    #: E.164 with the plus sign.
    number: str
    server: str
    trunk: str
    state: AttemptState
    claimed_at: datetime
    originated_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    classified_at: datetime | None = None
    flow_at: datetime | None = None
    connected_at: datetime | None = None
    #: The number of the agent who had it; of a queue's member who is no agent of ours, its interface.
    agent: str | None = None
    ended_at: datetime | None = None
    #: `AMDSTATUS` and `AMDCAUSE` as app_amd gave them.
    amd_status: str | None = None
    amd_cause: str | None = None
    #: When the person had finished the greeting, as far as AMD tells (`rules.amd.greeting_end`).
    greeting_end_at: datetime | None = None
    #: ITU-T Q.850 cause of the hang-up.
    cause: int | None = None
    end_reason: EndReason | None = None
    disposition: Disposition | None = None
    #: The title in the campaign's set that the flow or somebody gave it; it goes before the disposition.
    outcome: str | None = None
    #: For people: what went wrong, in a sentence.
    detail: str | None = None
    #: Why it was allowed, as JSON; how it was shown to whoever was called; where the recording is.
    verdict: str | None = None
    caller_id: str | None = None
    recording: str | None = None
    #: Digits and notes that the flow reported before the call ended; not stored.
    flow_end: EndReason | None = field(default=None, repr=False)
    #: When the flow began to be heard: its first prompt; not stored.
    heard_at: datetime | None = field(default=None, repr=False)

    def move(self, event: AttemptEvent, now: datetime) -> None:
        """Take one step of the table and stamp its time."""
        self.state = advance(self.state, event)
        match self.state:
            case AttemptState.ORIGINATING:
                self.originated_at = now
            case AttemptState.RINGING:
                self.ringing_at = now
            case AttemptState.ANSWERED:
                self.answered_at = now
            case AttemptState.IN_FLOW:
                self.flow_at = now
            case AttemptState.CONNECTED:
                self.connected_at = now
            case AttemptState.ENDED:
                self.ended_at = now
            case AttemptState.CLAIMED:  # pragma: no cover - no event leads back here
                pass

    def end(self, reason: EndReason, now: datetime) -> None:
        """End it with its one reason."""
        self.move(AttemptEvent.END, now)
        self.end_reason = reason
        self.disposition = DISPOSITION_OF[reason]
