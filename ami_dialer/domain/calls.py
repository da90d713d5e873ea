"""What is asked of Asterisk for a call, and what Asterisk tells of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OriginateRequest:
    """One call to place. Holds ids, a validated number and constants of the administrator; nothing else crosses AMI."""

    attempt_id: str
    #: Dial string with the number filled in, e.g. `PJSIP/15551234567@carrier` or `Local/15551234567@from-internal`.
    channel: str
    #: Where the answered call goes in the dialplan: (context, extension); the priority is 1.
    context: str
    extension: str
    #: Seconds it may ring.
    ring_seconds: int
    #: `Name <number>` or `number`; None leaves the trunk's own.
    caller_id: str | None = None
    #: Channel variables: names and values are constants of the administrator.
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the opt-out line, as Asterisk tells it. Not to be trusted: anybody may send any number."""

    #: As it came in; empty where there is none.
    number: str
    #: The caller does not want it to be shown.
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class CallRinging:
    """The far end signals ringing."""

    attempt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The channel is up."""

    attempt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallClassified:
    """The dialplan ran AMD: `status` and `cause` are AMDSTATUS and AMDCAUSE; a fax tone gives status FAX."""

    attempt_id: str
    at: datetime
    status: str
    cause: str


@dataclass(frozen=True, slots=True)
class CallUnserved:
    """The dialplan could not hand the answered call to the dialer; the person hears the closing prompt."""

    attempt_id: str
    at: datetime
    #: What failed, in the dialplan's words.
    detail: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The channel is gone, or never came to be. Comes exactly once for each originate that was accepted."""

    attempt_id: str
    at: datetime
    #: ITU-T Q.850 cause; None where no channel was ever made (bad dial string, trunk unreachable).
    cause: int | None
    cause_text: str = ""
    #: `Reason` of a failed OriginateResponse (AST_CONTROL_* value: 3 ring time over, 5 busy, 8 congestion, 0 failure).
    reason: int | None = None


@dataclass(frozen=True, slots=True)
class CallBridged:
    """The person is in one bridge with somebody."""

    attempt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineCame:
    """An agent's line, or one that wants to be one, has come to our dialplan; its AGI session follows."""

    #: Uniqueid of its channel.
    line: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineWaits:
    """An agent's line is in its holding bridge: it can be connected."""

    line: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineLeft:
    """An agent's line has left its holding bridge: for a call, for a dialogue, or for good."""

    line: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineKey:
    """An agent pressed a key. Comes whatever the line is doing."""

    line: str
    digit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineEnded:
    """An agent's line is gone."""

    line: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A member of one of Asterisk's queues, as `QueueMemberStatus` tells of it."""

    queue: str
    #: Its channel, like PJSIP/101: who it is.
    interface: str
    #: For people.
    name: str
    #: AST_DEVICE_* (devicestate.h): 1 not in use, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, 8 on hold.
    status: int
    paused: bool = False
    paused_reason: str = ""
    in_call: bool = False
    #: When its last call ended, in seconds since 1970; 0: it had none.
    last_call: int = 0
    #: Seconds after a call in which the queue gives it none.
    wrap_up: int = 0
    penalty: int = 0


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """A member came, or is not what it was."""

    member: Member
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberGone:
    """A member was taken out of its queue."""

    queue: str
    interface: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberConnected:
    """A member of a queue has the person of an attempt on the line."""

    attempt_id: str
    queue: str
    interface: str
    #: The member's channel and its Uniqueid.
    channel: str
    line: str
    at: datetime


#: What happens to those who take calls, and not to one call.
SeatEvent = LineCame | LineWaits | LineLeft | LineKey | LineEnded | MemberChanged | MemberGone | MemberConnected

CallEvent = CallBridged | CallRinging | CallAnswered | CallClassified | CallUnserved | CallEnded


@dataclass(frozen=True, slots=True)
class LineRequest:
    """What Asterisk is asked for when an agent's phone is called: all of it constants of the administrator's."""

    #: The channel's Uniqueid, of our making (`domain.attempt.new_line_id`).
    line: str
    #: Like PJSIP/101.
    channel: str
    context: str
    extension: str
    ring_seconds: int
    #: What the phone shows.
    caller_id: str | None = None
    #: Channel variables.
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One channel of ours that Asterisk holds, as `CoreShowChannels` lists it."""

    attempt_id: str
    channel: str
    #: Asterisk's ChannelState: 6 is up, 5 ringing, others not answered yet.
    channel_state: int
    #: Seconds since the channel was made.
    duration: int


@dataclass(frozen=True, slots=True)
class AmdFacts:
    """What app_amd said about who picked up; empty texts where AMD did not run."""

    status: str = ""
    cause: str = ""
