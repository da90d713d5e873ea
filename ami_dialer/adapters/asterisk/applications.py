"""What Asterisk's applications do for a call or an agent's line. FastAGI and the classic script share it.

Nothing untrusted reaches an application: what goes into one is checked by `names`, or AsteriskError is raised.
Statements about Asterisk were tried on 22.
"""

from abc import ABC, abstractmethod

from ami_dialer.adapters.asterisk.names import CHANNEL, EXTENSION, NAME, RECORDING, checked
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallerHungUpError, CallLostError, LineNext

#: Channel variable that tells [ami-dialer-agent] what a line does next. Empty: the dialer is not there, ask again.
NEXT = "AMI_DIALER_THEN"
#: Contexts of asterisk_conf/extensions.conf.
AGENT_CONTEXT, MEMBER_CONTEXT, RECORD_CONTEXT = "ami-dialer-agent", "ami-dialer-member", "ami-dialer-record"
#: Of Queue(). c: the person stays when the member hangs up. F: the member's leg goes there when the person does.
#: b: run for the member's channel before it rings.
_QUEUE = f"cF({AGENT_CONTEXT}^after^1)b({MEMBER_CONTEXT}^before^1)"
#: QUEUESTATUS when a member had the person and hung up.
_SERVED = "CONTINUE"
#: Seconds with a member, whether there was none, and QUEUESTATUS: what app_queue leaves on the person's channel.
_TALKED = "${ANSWEREDTIME},${ABANDONED},${QUEUESTATUS}"
#: Of ChanSpy(). q: no announcement, u: by name or Uniqueid, E: until that channel is gone, S: at once where it is,
#: d: the keys 4, 5 and 6 switch between the three, w: whisper, B: barge.
_SPY = {"listen": "quESd", "whisper": "quESdw", "barge": "quESdB"}


class Applications(ABC):
    """Verbs that are applications of the dialplan, on any way to run these."""

    #: See `CallLeg.talked`.
    talked: float | None = None

    @abstractmethod
    async def _execute(self, application: str, arguments: str) -> None:
        """Run an application to its end. Raises CallerHungUpError, AsteriskError."""

    @abstractmethod
    async def _gosub(self, context: str, argument: str) -> None:
        """Run a subroutine of the dialplan to its end."""

    @abstractmethod
    async def _read(self, variable: str) -> str:
        """A channel variable, or what a function of the dialplan gives; "" where it is not set."""

    @abstractmethod
    async def _write(self, variable: str, value: str) -> None:
        """Set a channel variable."""

    @abstractmethod
    async def _leave(self, context: str, extension: str) -> None:
        """Where the dialplan goes on when the session is over, which it is now."""

    async def _last_words(self, expression: str) -> str:  # noqa: ARG002
        """What an expression gives when the person has hung up; "" where that cannot be asked."""
        return ""

    async def connect(self, channel: str) -> bool:
        """Bridge the person with this channel; see `CallLeg.connect`.

        Asterisk takes the channel out of whatever it is doing, another person's bridge among it: who asks must know.
        """
        await self._execute("Bridge", f"{checked(CHANNEL, channel)},p")
        return await self._read("BRIDGERESULT") == "SUCCESS"

    async def queue(self, name: str, seconds: float, music: str | None) -> bool:
        """Hand the person to a queue; see `CallLeg.queue`."""
        queue = checked(NAME, name)
        if music is not None:
            await self._write("CHANNEL(musicclass)", checked(NAME, music))
        wait = max(1, round(seconds))
        try:
            await self._execute("Queue", f"{queue},{_QUEUE},,,{wait}")
            served = await self._read("QUEUESTATUS") == _SERVED
        except CallLostError:
            raise
        except CallerHungUpError:
            self.talked = _talked(await self._last_words(_TALKED))
            raise
        if served:
            self.talked = _talked(f"{await self._read('ANSWEREDTIME')},,{_SERVED}")
        return served

    async def record(self, file: str) -> None:
        """Record the call from here on; see `CallLeg.record`."""
        await self._gosub(RECORD_CONTEXT, checked(RECORDING, file))

    async def music(self, name: str | None) -> None:
        """Let the person hear this class of music; None ends it."""
        if name is None:
            await self._execute("StopMusicOnHold", "")
        else:
            await self._execute("StartMusicOnHold", checked(NAME, name))

    async def go_on(self, context: str, extension: str) -> None:
        """Leave the call to the dialplan; see `CallLeg.go_on`. Raises AsteriskError where there is no extension."""
        target = f"{checked(NAME, context)},{checked(EXTENSION, extension)},1"
        if await self._read(f"DIALPLAN_EXISTS({target})") == "0":
            raise AsteriskError(f"Asterisk's dialplan has no {target}: nobody can be sent there")
        await self._leave(context, extension)

    async def spy(self, channel: str, mode: str) -> None:
        """Hear the call of another channel; see `AgentLeg.spy`."""
        await self._execute("ChanSpy", f"{checked(CHANNEL, channel)},{_SPY[mode]}")

    async def then(self, what: LineNext) -> None:
        """What the line does when the dialogue is over."""
        await self._write(NEXT, what)


def _talked(told: str) -> float | None:
    """From what `_TALKED` gives: seconds that a member had the person; None where none had them, or nobody tells."""
    seconds, abandoned, status = (*told.split(","), "", "", "")[:3]
    if abandoned or not seconds.isdecimal():
        return None
    return float(seconds) if int(seconds) or status == _SERVED else None
