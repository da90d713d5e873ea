"""What Asterisk's applications do for a call or an agent's line. FastAGI and the classic script share it.

Nothing untrusted reaches an application: what goes into one matches a strict pattern, or UnsendableError is raised.
"""

import re
from abc import ABC, abstractmethod

from ami_dialer.adapters.asterisk.faults import UnsendableError
from ami_dialer.ports import LineNext

#: As Asterisk names channels: `PJSIP/101-0000002a`, `Local/7@agents-00000001;1`; or a Uniqueid. No comma, quote, `$`.
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_.:@;=+*#/-]{1,120}|[A-Za-z0-9_.-]{1,150}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_EXTENSION = re.compile(r"[A-Za-z0-9_*#+-]{1,80}")
_FILE = re.compile(r"(?!.*\.\.)[A-Za-z0-9_/.-]{1,200}\.wav")
#: Channel variable that tells the dialplan what an agent's line does next.
NEXT = "AMI_DIALER_THEN"
#: Context of asterisk_conf/extensions.conf for members of queues.
MEMBER_CONTEXT = "ami-dialer-member"
#: Of ChanSpy(): q no announcement of the channel's name, u its Uniqueid will do, E the end when the call ends,
#: w whisper, B barge, d the keys 4, 5 and 6 switch.
_SPY = {"listen": "quEd", "whisper": "quEdw", "barge": "quEdB"}


class Applications(ABC):
    """Verbs that are applications of the dialplan, on any way to run these."""

    @abstractmethod
    async def _execute(self, application: str, arguments: str) -> None:
        """Run an application to its end. Raises CallerHungUpError, AsteriskError."""

    @abstractmethod
    async def _read(self, variable: str) -> str:
        """A channel variable; "" where it is not set."""

    @abstractmethod
    async def _write(self, variable: str, value: str) -> None:
        """Set a channel variable."""

    @abstractmethod
    async def _leave(self, context: str, extension: str) -> None:
        """Where the dialplan goes on when the session is over."""

    async def connect(self, channel: str) -> bool:
        """Bridge the person with this channel; see `CallLeg.connect`."""
        await self._execute("Bridge", f"{_checked(_CHANNEL, channel, 'channel')},p")
        return await self._read("BRIDGERESULT") == "SUCCESS"

    async def queue(self, name: str, seconds: float, music: str | None) -> bool:
        """Hand the person to a queue; see `CallLeg.queue`."""
        queue = _checked(_NAME, name, "queue")
        if music is not None:
            await self._write("CHANNEL(musicclass)", _checked(_NAME, music, "class of music"))
        wait = max(1, round(seconds))
        options = f"cnF({MEMBER_CONTEXT}^after^1)b({MEMBER_CONTEXT}^before^1)"
        await self._execute("Queue", f"{queue},{options},,,{wait},,,{MEMBER_CONTEXT}")
        return await self._read("QUEUESTATUS") == "CONTINUE"

    async def record(self, file: str) -> None:
        """Record the call from here on; see `CallLeg.record`."""
        await self._execute("MixMonitor", f"{_checked(_FILE, file, 'file')},")

    async def music(self, name: str | None) -> None:
        """Let the person hear this class of music; None ends it."""
        if name is None:
            await self._execute("StopMusicOnHold", "")
        else:
            await self._execute("StartMusicOnHold", _checked(_NAME, name, "class of music"))

    async def go_on(self, context: str, extension: str) -> None:
        """Leave the call to the dialplan; see `CallLeg.go_on`."""
        await self._leave(_checked(_NAME, context, "context"), _checked(_EXTENSION, extension, "extension"))

    async def spy(self, channel: str, mode: str) -> None:
        """Hear the call of another channel; see `AgentLeg.spy`."""
        await self._execute("ChanSpy", f"{_checked(_CHANNEL, channel, 'channel')},{_SPY[mode]}")

    async def then(self, what: LineNext) -> None:
        """What the line does when the dialogue is over."""
        await self._write(NEXT, what)


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise UnsendableError(f"{text[:60]!r} is no {what} that can be given to Asterisk")
    return text
