"""What the dialer needs of the outside world, as protocols. Adapters implement them; tests fake them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ami_dialer.config.lists import ListApi
from ami_dialer.domain.calls import (
    AmdFacts,
    Caller,
    CallEvent,
    LineRequest,
    LiveCall,
    Member,
    OriginateRequest,
    SeatEvent,
)
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.events import Event


class Clock(Protocol):
    """Where time comes from. Rules never ask it; they take `now`."""

    def now(self) -> datetime:
        """The time now, in UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for rates and time-outs."""
        ...


class OriginateRefusedError(Exception):
    """Asterisk said no, or the request never left us: nobody was called."""


class OriginateUnknownError(Exception):
    """The link was lost or the answer did not come in time: the call may or may not exist. Ask `alive()`."""


class Telephony(Protocol):
    """One Asterisk server, over AMI."""

    name: str

    @property
    def connected(self) -> bool:
        """Logged in and answering."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, for people; None when it is."""
        ...

    @property
    def refused(self) -> bool:
        """The login was refused for good: it is not tried again, since trying does harm."""
        ...

    async def start(self, on_event: Callable[[CallEvent | SeatEvent], None], on_link: Callable[[bool], None]) -> None:
        """Begin to connect, and keep connected. Does not wait for the connection.

        `on_event` is called for every event of our calls, and of those who take them, in order. `on_link(True)` is
        called after each login, before any event of that connection; `on_link(False)` when the link is lost. Neither
        may block or raise.
        """
        ...

    async def originate(self, request: OriginateRequest) -> None:
        """Place a call; returns when Asterisk has taken it.

        Never queued, never sent twice. Raises OriginateRefusedError (nobody was called; also when not connected)
        or OriginateUnknownError (sent, answer unknown).
        """
        ...

    async def alive(self) -> dict[str, LiveCall]:
        """The calls of ours that Asterisk holds now, by attempt id. Raises ConnectionError when the link is down."""
        ...

    async def hang_up(self, attempt_id: str) -> None:
        """End a call; no error when it is gone already."""
        ...

    async def call_line(self, request: LineRequest) -> None:
        """Call an agent's phone; returns when it has answered or when that failed.

        Raises OriginateRefusedError: nobody answered, or nobody was called; ConnectionError when the link is down.
        """
        ...

    async def lines(self, context: str) -> dict[str, str]:
        """Lines of agents that Asterisk holds now: channel names by Uniqueid. `context` is where they are.

        Raises ConnectionError when the link is down, AsteriskError when Asterisk refuses.
        """
        ...

    async def redirect(self, channel: str, context: str, extension: str) -> bool:
        """Send a channel to an extension of the dialplan, out of the bridge it is in. False where it is gone.

        Raises ConnectionError when the link is down, AsteriskError when Asterisk refuses.
        """
        ...

    async def extension_exists(self, context: str, extension: str) -> bool:
        """Whether the dialplan has this extension. Raises ConnectionError, AsteriskError."""
        ...

    async def press_code(self, attempt_id: str, code: str) -> bool:
        """Press a code of features.conf, by its name there, for whoever talks with the person of an attempt.

        False where nobody does. Raises ConnectionError, AsteriskError (features.conf has no such code).
        """
        ...

    async def hang_up_line(self, channel: str) -> None:
        """End an agent's line, or a member's leg; no error when it is gone already. Raises ConnectionError."""
        ...

    async def members(self, queue: str) -> list[Member] | None:
        """The members of a queue; None where there is no such queue. Raises ConnectionError, AsteriskError."""
        ...

    async def pause_member(self, queue: str, interface: str, *, paused: bool, reason: str = "") -> None:
        """Pause a member of a queue, or let it go on. Raises ConnectionError, AsteriskError (no such member)."""
        ...

    async def mute_recording(self, attempt_id: str, *, muted: bool) -> None:
        """Silence in the recording of a call, or sound again. Raises ConnectionError, AsteriskError (not recorded)."""
        ...

    async def stop(self) -> None:
        """Log off and stay off."""
        ...


class CallerHungUpError(Exception):
    """The call is over; no verb can be carried out any more."""


class CallLostError(CallerHungUpError):
    """The connection to Asterisk ended without a word of a hang-up: Asterisk, or the way to it, may have gone down."""


class SoundMissingError(Exception):
    """Asterisk cannot open a sound file."""


class CallLeg(Protocol):
    """One answered call, and the verbs of a flow on it. Each verb raises CallerHungUpError when the call is over."""

    attempt_id: str
    amd: AmdFacts
    #: Of a call that came in on the opt-out line, and has no attempt; None for the calls of campaigns.
    caller: Caller | None
    #: Why the call cannot be served, in a sentence: more are going on than may. It hears the message for abandoned
    #: calls and nothing else. Empty where it can.
    crowded: str
    #: After `queue`: whole seconds that a member had the person, also where they hung up; None where none had them, or
    #: Asterisk does not say.
    talked: float | None

    async def play(self, sound: str, escape_digits: str = "") -> str:
        """Play a sound file (path without extension, as Asterisk wants it).

        Returns the digit that cut it short, or "". Raises SoundMissingError where the file cannot be opened.
        """
        ...

    async def wait_for_digit(self, seconds: float) -> str:
        """The next digit pressed within `seconds`, or ""."""
        ...

    async def connect(self, channel: str) -> bool:
        """Bridge the person with this channel, to which a short tone announces it.

        Returns True when that is over and the person is still there; False where there is no such channel.
        """
        ...

    async def queue(self, name: str, seconds: float, music: str | None) -> bool:
        """Hand the person to a queue, for `seconds` at most until a member answers. The member's codes work.

        Returns True when a member had them and they are still there; False where none answered in time, none can, or
        there is no such queue.
        """
        ...

    async def record(self, file: str) -> None:
        """Record the call from here on into FILE, a path without blanks below Asterisk's folder of recordings.

        In stereo: the person left, whoever they talk to right.
        """
        ...

    async def music(self, name: str | None) -> None:
        """Let the person hear this class of music, in verbs that are silent; None ends it."""
        ...

    async def go_on(self, context: str, extension: str) -> None:
        """Leave the call to the dialplan, from this extension on. No verb can be carried out after it."""
        ...

    async def hang_up(self) -> None:
        """End the call."""
        ...


class LineNext(StrEnum):
    """What an agent's line does when its dialogue is over."""

    #: Wait in its holding bridge, in silence or with what the administrator's music is.
    WAIT = "wait"
    #: The same, and hear that a call is being connected.
    WAIT_CONNECTING = "connecting"
    BYE = "bye"


class LinePurpose(StrEnum):
    """Why an agent's line has come to the dialer."""

    #: To log in, or to go on where the line is known: wrap-up, menu, preview.
    DESK = "desk"
    #: A code that was pressed during a call; the person hears music meanwhile.
    CODE = "code"
    #: To listen to somebody else's call.
    SUPERVISE = "supervise"


class AgentLeg(Protocol):
    """The line of an agent in a dialogue with the dialer.

    Each verb raises CallerHungUpError when the line is gone. When whoever serves it returns, the line goes on in the
    dialplan; a dialogue in a call ends and the call goes on.
    """

    #: Uniqueid and name of its channel.
    line: str
    channel: str
    purpose: LinePurpose
    #: Of a code that was pressed in a call: which (`hold`, `transfer`, …); else empty.
    code: str
    #: The number that the phone shows, as it came in.
    caller: str

    async def play(self, sound: str, escape_digits: str = "") -> str:
        """Play a sound file; see `CallLeg.play`."""
        ...

    async def wait_for_digit(self, seconds: float) -> str:
        """The next digit pressed within `seconds`, or ""."""
        ...

    async def spy(self, channel: str, mode: str) -> None:
        """Hear the call of another channel until it ends: `listen`, `whisper` or `barge`; 4, 5 and 6 switch."""
        ...

    async def then(self, what: LineNext) -> None:
        """What the line does when the dialogue is over. Without it: BYE."""
        ...

    async def hang_up(self) -> None:
        """End the line."""
        ...


class Events(Protocol):
    """Who is told of what happens. Nothing inside depends on it: no method blocks or raises."""

    @property
    def trouble(self) -> str | None:
        """Why nobody hears it at the moment, for people; None when somebody does."""
        ...

    def start(self) -> None:
        """Begin to connect, and keep connected."""
        ...

    def publish(self, event: Event) -> None:
        """Tell it, soon."""
        ...

    def status(self, campaign: str, state: str, at: datetime, **more: object) -> None:
        """Where a campaign stands, for who asks later too."""
        ...

    async def stop(self) -> None:
        """Tell what is left, for a few seconds, and say good-bye."""
        ...


class SpeechFailedError(Exception):
    """The TTS command failed."""


class Speech(Protocol):
    """Text spoken by the configured TTS command, cached by text and voice."""

    async def sound_for(self, text: str, voice: str) -> str:
        """A sound path for `CallLeg.play`. Raises SpeechFailedError with the command's own message."""
        ...


class FetchFailedError(DialerError):
    """A list's API gave no contacts. The text holds no secrets."""

    exit_code = 6

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        #: Seconds after which the API wants to be asked again, where it says so.
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of an answer holds, as far as paging asks."""

    contacts: int
    #: Alike for pages with the same contacts.
    digest: bytes
    #: What the page names as the next one; None where it names none.
    next: str | None
    #: Whether it has the place where the next one would be named.
    names_next: bool = False


class Answer(Protocol):
    """Where the pages of an answer go. Methods that raise FetchFailedError say what is wrong with the page."""

    def write(self, piece: bytes) -> None:
        """Add to the page that is being read. Raises FetchFailedError where the disk is full."""
        ...

    async def end_page(self, charset: str | None) -> Page:
        """Read the page. `charset` is what the server says of it. Raises FetchFailedError."""
        ...

    def drop_page(self) -> None:
        """Forget the page that was read last."""
        ...


class ListSource(Protocol):
    """Web APIs that contacts are fetched from."""

    async def fetch(self, api: ListApi, answer: Answer, most_pages: int | None = None) -> list[str]:
        """Ask the API, page after page, and give every page to `answer`. Returns remarks for people.

        Raises FetchFailedError.
        """
        ...

    def redacted(self, api: ListApi, text: str) -> str:
        """The text without the secrets of the API, the tokens that it gave out among them."""
        ...
