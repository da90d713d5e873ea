"""What the FastAGI server and the classic script's socket share: calls come in, are served, and end."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.calls import Caller
from ami_dialer.ports import AgentLeg, CallerHungUpError, CallLeg

_log = logging.getLogger(__name__)

#: What a test call of `ami-dialer doctor` asks for (context ami-dialer-check of asterisk_conf/extensions.conf).
CHECK = "check"
#: What a call to the opt-out line asks for (context ami-dialer-opt-out).
OPT_OUT = "opt-out"
#: Of Asterisk's CALLINGPRES, an octet of Q.931: these two bits say whether the number may be shown.
_PRESENTATION, _MAY_BE_SHOWN = 0x60, 0x00
#: What Asterisk writes for a caller id that it does not have.
_NO_NUMBER = {"", "unknown", "anonymous", "restricted", "unavailable"}
#: Serves one answered call, from the first prompt to the hang-up.
OnCall = Callable[[CallLeg], Awaitable[None]]
#: Serves an agent's line for one dialogue.
OnAgent = Callable[[AgentLeg], Awaitable[None]]
#: Connections that have not said yet what they want, beyond those of `max_calls`; more are closed at once. A
#: port scan or a broken client must not take all file descriptors.
MAX_STRANGERS = 1_000
#: So many calls more than `max_calls`, a tenth and at least these, hear the message for abandoned calls, which costs
#: little; those beyond hear the closing prompt, which the dialplan plays without us.
LEAST_CROWDED = 10
#: Seconds in which a new connection must have said what it wants. Asterisk does so in one piece.
GREETING_SECONDS = 5.0
#: Asterisk gives up connecting after 2 s (MAX_AGI_CONNECT in res_agi.c), so nobody may wait in a short queue.
#: The kernel cuts this to net.core.somaxconn.
BACKLOG = 4_096
#: Longest line and longest greeting in bytes. Asterisk's environment has some 30 lines and 1,500 bytes.
LIMIT = 16_384
#: Seconds the far end gets to take the last bytes.
_CLOSE_SECONDS = 1.0


class NotACallError(Exception):
    """What connected is no answered call of ours; the text says why."""


def caller_of(number: str, presentation: str) -> Caller:
    """Who calls, from `agi_callerid` and `agi_callingpres`."""
    known = number.strip().lower() not in _NO_NUMBER
    shown = not presentation.isdecimal() or int(presentation) & _PRESENTATION == _MAY_BE_SHOWN
    return Caller(number.strip()[:64] if known else "", withheld=not shown)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """An agent's line that has come to the dialer."""

    leg: AgentLeg
    #: To be awaited when whoever served it has come to an end.
    finish: Callable[[], Awaitable[None]]


class CallServer(ABC):
    """Accepts connections on a stream socket and serves an answered call on each."""

    def __init__(self, settings: FastAgi, on_call: OnCall, on_agent: OnAgent | None = None) -> None:
        self._settings = settings
        self._on_call = on_call
        self._on_agent = on_agent
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._calls = 0
        #: Calls that only hear the message for abandoned calls.
        self._crowded = 0
        #: Addresses of strangers that a warning has named; a port scan must not fill the log.
        self._told: set[str] = set()

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return self._calls + self._crowded

    async def start(self) -> None:
        """Listen. Raises AsteriskError, which says what to do, where that is not possible."""
        self._server = await self._listen()

    async def stop(self, grace: float) -> None:
        """Take no more calls, wait up to `grace` seconds for those in progress, hang up the rest."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if self._connections and grace > 0:
            await asyncio.wait(self._connections, timeout=grace)
        rest = list(self._connections)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    @abstractmethod
    async def _listen(self) -> asyncio.Server:
        """Open the socket with `_accept` as its callback."""

    @abstractmethod
    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> CallLeg | Dialogue | None:
        """Read who is there; None for a test call of `ami-dialer doctor`, which has had its answer.

        Raises NotACallError, or EOFError, OSError, LimitOverrunError of the stream.
        """

    @abstractmethod
    def _refuse(self, writer: asyncio.StreamWriter, why: str) -> None:
        """Tell the far end that the call is not served, so that the dialplan plays the closing prompt."""

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._settings.max_calls + MAX_STRANGERS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            leg = await self._admit(reader, writer)
            if isinstance(leg, Dialogue):
                await self._serve_agent(leg)
            elif leg is not None and leg.crowded:
                self._crowded += 1
                try:
                    await self._serve(leg)
                finally:
                    self._crowded -= 1
            elif leg is not None:
                self._calls += 1
                try:
                    await self._serve(leg)
                finally:
                    self._calls -= 1
        finally:
            await _close(writer)

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> CallLeg | Dialogue | None:
        """The call that came in, or None where it is none or cannot be served."""
        report = _log.warning
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                leg = await self._greet(reader, writer)
        except NotACallError as stranger:
            why, report = str(stranger), self._stranger_report(writer)
        except TimeoutError:
            why = f"said nothing that makes sense in {GREETING_SECONDS:g} s"
            report = self._stranger_report(writer)
        except (EOFError, OSError, asyncio.LimitOverrunError) as gone:
            # Port scans and health checks are everyday; nobody is there to be told.
            _log.debug("connection without a call", extra={"peer": _peer(writer), "why": str(gone)})
            return None
        else:
            if leg is None or isinstance(leg, Dialogue) or self._room_for(leg):
                return leg
            why = leg.crowded
        report("call refused", extra={"peer": _peer(writer), "why": why})
        self._refuse(writer, why)
        return None

    def _room_for(self, leg: CallLeg) -> bool:
        """Whether a call can be served, or can at least be told that it cannot; `leg.crowded` says why not."""
        if self._calls < self._settings.max_calls:
            return True
        leg.crowded = f"{self._calls} calls are being served; fastagi.max_calls allows no more"
        return leg.caller is None and self._crowded < max(LEAST_CROWDED, self._settings.max_calls // 10)

    def _stranger_report(self, writer: asyncio.StreamWriter) -> Callable[..., None]:
        """A warning for the first stranger from an address; more of them are everyday."""
        peername = writer.get_extra_info("peername")
        address = str(peername[0]) if isinstance(peername, tuple) else "local socket"
        if address in self._told:
            return _log.debug
        if len(self._told) >= MAX_STRANGERS:
            self._told.clear()
        self._told.add(address)
        return _log.warning

    async def _serve(self, leg: CallLeg) -> None:
        try:
            await self._on_call(leg)
        except asyncio.CancelledError:
            with suppress(Exception):
                await leg.hang_up()
            raise
        except Exception:  # noqa: BLE001 - no fault of the flow may leave the caller in silence
            _log.exception("serving a call failed", extra={"attempt": leg.attempt_id})
            with suppress(Exception):
                await leg.play(self._settings.closing_prompt)
            with suppress(Exception):
                await leg.hang_up()

    async def _serve_agent(self, dialogue: Dialogue) -> None:
        """One dialogue. A line that was not told what comes next asks again: it outlives a dialer that ends."""
        if self._on_agent is None:
            return
        leg = dialogue.leg
        try:
            await self._on_agent(leg)
            await dialogue.finish()
        except CallerHungUpError:
            _log.debug("an agent's line left a dialogue", extra={"line": leg.line, "purpose": leg.purpose})
        except Exception:  # noqa: BLE001 - the line comes again in 2 s; an agent is not logged out by a fault of ours
            _log.exception("a dialogue with an agent failed", extra={"line": leg.line, "purpose": leg.purpose})


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


def _peer(writer: asyncio.StreamWriter) -> str:
    return str(writer.get_extra_info("peername") or "local socket")
