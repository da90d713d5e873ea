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


CallEvent = CallRinging | CallAnswered | CallClassified | CallUnserved | CallEnded


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
