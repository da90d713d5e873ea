"""The legs that FastAGI sessions are: a person's call, or an agent's line."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from asterisk.agi import AGIError, AGIHangup

from ami_dialer.adapters.asterisk.agi import ConnectionEndedError, FileNotPlayedError, FlowAgi
from ami_dialer.adapters.asterisk.applications import Applications
from ami_dialer.adapters.asterisk.greenlets import in_greenlet
from ami_dialer.domain.calls import AmdFacts, Caller
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallerHungUpError, CallLostError, LineNext, LinePurpose, SoundMissingError

#: Keys of a telephone; anything else in a reply (Asterisk answers 1 for an interrupted wait) is no digit.
_KEYS = frozenset("0123456789*#ABCD")
#: What Asterisk writes for a number that it does not have.
_UNKNOWN = "unknown"

#: Seconds in which Asterisk answers about a channel that is hung up; it does so at once, or not at all.
_LAST_SECONDS = 2.0

P = ParamSpec("P")
T = TypeVar("T")


class _Verbs(Applications):
    """The verbs of both."""

    def __init__(self, agi: FlowAgi, writer: asyncio.StreamWriter) -> None:
        self._agi = agi
        self._writer = writer
        self._over = False
        #: A command has been sent and its reply not read: after a cancelled verb the two sides are out of
        #: step.
        self._reply_due = False

    async def play(self, sound: str, escape_digits: str = "") -> str:
        """Play a sound file; see `CallLeg.play`."""
        try:
            return _key(await self._verb(self._agi.stream_file, sound, escape_digits))
        except FileNotPlayedError:
            raise SoundMissingError(sound) from None

    async def wait_for_digit(self, seconds: float) -> str:
        """The next digit pressed within `seconds`, or ""."""
        return _key(await self._verb(self._agi.wait_for_digit, round(seconds * 1000)))

    async def hang_up(self) -> None:
        """End the call; no error when it is over already."""
        if self._over:
            return
        if self._reply_due:
            # Asterisk stops a running STREAM FILE or WAIT FOR DIGIT when a new command comes in.
            self._writer.write(b"HANGUP\n")
        else:
            with suppress(CallerHungUpError):
                await self._verb(self._agi.hangup)
        self._over = True

    async def _execute(self, application: str, arguments: str) -> None:
        await self._verb(self._agi.run_application, application, arguments)

    async def _gosub(self, context: str, argument: str) -> None:
        await self._verb(self._agi.run_subroutine, context, argument)

    async def _read(self, variable: str) -> str:
        return await self._verb(self._agi.read_variable, variable)

    async def _last_words(self, expression: str) -> str:
        with suppress(AGIError, OSError, TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                return await in_greenlet(self._agi.last_words, expression)
        return ""

    async def _write(self, variable: str, value: str) -> None:
        await self._verb(self._agi.write_variable, variable, value)

    async def _leave(self, context: str, extension: str) -> None:
        await self._verb(self._agi.go_on, context, extension)
        self._over = True

    async def _verb(self, verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._over or self._reply_due:
            raise CallerHungUpError
        self._reply_due = True
        try:
            result = await in_greenlet(verb, *args, **kwargs)
        except (ConnectionEndedError, OSError) as gone:
            self._over = True
            raise CallLostError(str(gone)) from None
        except AGIHangup as told:
            self._over = True
            raise CallerHungUpError(str(told)) from None
        except FileNotPlayedError:
            self._reply_due = False
            raise
        except AGIError as trouble:
            self._reply_due = False
            raise AsteriskError(f"AGI: {trouble}") from trouble
        self._reply_due = False
        return result


class AgiLeg(_Verbs):
    """An answered call over FastAGI."""

    def __init__(
        self,
        agi: FlowAgi,
        writer: asyncio.StreamWriter,
        attempt_id: str,
        amd: AmdFacts,
        caller: Caller | None = None,
    ) -> None:
        super().__init__(agi, writer)
        self.attempt_id = attempt_id
        self.amd = amd
        self.caller = caller
        self.crowded = ""


class AgiAgentLeg(_Verbs):
    """An agent's line in a dialogue over FastAGI.

    A Redirect of the line takes it out of the dialogue: the next verb raises CallerHungUpError though the line lives.
    Its channel may be in a bridge with a person (`LinePurpose.CODE`), whose hang-up is not told here.
    """

    def __init__(self, agi: FlowAgi, writer: asyncio.StreamWriter, purpose: LinePurpose) -> None:
        super().__init__(agi, writer)
        self.line = agi.env.get("agi_uniqueid", "")
        self.channel = agi.env.get("agi_channel", "")
        self.purpose = purpose
        self.code = agi.env.get("agi_arg_1", "") if purpose is LinePurpose.CODE else ""
        caller = agi.env.get("agi_callerid", "")
        self.caller = "" if caller == _UNKNOWN else caller
        self._told = False

    async def then(self, what: LineNext) -> None:
        """What the line does when the dialogue is over."""
        self._told = True
        await super().then(what)

    async def finish(self) -> None:
        """The dialogue is over: the dialplan goes on. A line that nobody told what comes next ends."""
        if self.purpose is LinePurpose.DESK and not self._told:
            await self.then(LineNext.BYE)


def _key(digit: str) -> str:
    return digit if digit in _KEYS else ""
