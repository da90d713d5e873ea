"""One Asterisk server over AMI, as the engine sees it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from panoramisk.actions import Action
from panoramisk.message import Message

from ami_dialer.adapters.asterisk import actions
from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.events import CallTracker, is_ours
from ami_dialer.adapters.asterisk.faults import (
    ActionRefusedError,
    AnswerLateError,
    LinkDownError,
    LinkLostError,
    UnsendableError,
)
from ami_dialer.adapters.asterisk.lines import NORMAL_CLEARING, LineActions
from ami_dialer.adapters.asterisk.reconnect import Reconnector
from ami_dialer.adapters.asterisk.seat_events import SeatTracker, both
from ami_dialer.adapters.backoff import Backoff
from ami_dialer.config.schema import Server
from ami_dialer.domain.attempt import ATTEMPT_ID_PREFIX
from ami_dialer.domain.calls import CallEvent, LiveCall, OriginateRequest, SeatEvent
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import Clock, OriginateRefusedError, OriginateUnknownError, Telephony

log = structlog.get_logger(__name__)

#: CoreShowChannels of a PBX with thousands of channels takes well under a second.
_ANSWER_TIMEOUT = 10.0


class AmiTelephony(LineActions, Telephony):
    """Calls through one Asterisk.

    Events of a call may come before `originate` has returned: Asterisk sends them on the heels of its answer.
    """

    def __init__(
        self,
        name: str,
        settings: Server,
        clock: Clock,
        *,
        originate_timeout: float = 10.0,
        backoff: Backoff | None = None,
        agent_context: str = "ami-dialer-agent",
    ) -> None:
        """`originate_timeout` is in seconds; an Originate unanswered by then has an unknown fate.

        `agent_context` is where agents' lines are in the dialplan.
        """
        self.name = name
        self._settings = settings
        self._originate_timeout = originate_timeout
        self._backoff = backoff or Backoff()
        self._calls = CallTracker(self._hear, clock.now)
        self._seats = SeatTracker(self._hear, clock.now, agent_context)
        self._on_event: Callable[[CallEvent | SeatEvent], None] = lambda _: None
        self._on_link: Callable[[bool], None] = lambda _: None
        self._link: Reconnector | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Logged in and answering."""
        return self._connection is not None

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, for people; None when it is."""
        if self._link is None:
            return "not started"
        return self._link.trouble

    @property
    def refused(self) -> bool:
        """The login was refused for good: it is not tried again, since trying does harm."""
        return self._link is not None and self._link.refused

    @property
    def _connection(self) -> AmiConnection | None:
        return self._link.connection if self._link is not None else None

    async def start(self, on_event: Callable[[CallEvent | SeatEvent], None], on_link: Callable[[bool], None]) -> None:
        """Begin to connect, and keep connected. After `stop` it may be started again."""
        if self._task is not None:
            raise RuntimeError(f"{self.name} is started already")
        self._on_event, self._on_link = on_event, on_link
        self._link = Reconnector(self.name, self._new_connection, self._link_changed, self._backoff)
        self._task = asyncio.create_task(self._link.run(), name=f"ami-{self.name}")

    def _new_connection(self) -> AmiConnection:
        handlers = both(self._calls.handlers, self._seats.handlers)
        return AmiConnection(self._settings, handlers, ATTEMPT_ID_PREFIX, self._seats.marks)

    def _hear(self, event: CallEvent | SeatEvent) -> None:
        try:
            self._on_event(event)
        except Exception:  # a fault of the listener must not cost other calls their events
            log.exception("event_listener_failed", server=self.name, heard=type(event).__name__)

    def _link_changed(self, up: bool) -> None:
        if not up:
            self._calls.clear()
            self._seats.calls.clear()
        try:
            self._on_link(up)
        except Exception:  # a fault of the listener must not take the link with it
            log.exception("link_listener_failed", server=self.name)

    async def wait_connected(self, timeout: float) -> bool:
        """Wait for the connection up to `timeout` seconds; False at once where the login was refused."""
        if self._link is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._link.settled.wait()
        return self.connected

    async def originate(self, request: OriginateRequest) -> None:
        """Place a call; see ports.Telephony. An answer that is late costs the link.

        Bytes still in our own buffer are thrown away with it, so that the call cannot begin later, when the
        engine has asked what is alive and decided on the attempt.
        """
        connection = self._connection
        if connection is None:
            raise OriginateRefusedError(f"not connected to {self.name}: {self.trouble}")
        attempt_id = request.attempt_id
        try:
            action = AckAction(actions.originate(request))
            self._calls.expect(attempt_id)
            await connection.request(action, self._originate_timeout)
        except (UnsendableError, LinkDownError, ActionRefusedError) as refused:
            self._calls.forget(attempt_id)
            raise OriginateRefusedError(str(refused)) from None
        except AnswerLateError as late:
            connection.give_up(str(late))
            raise OriginateUnknownError(str(late)) from None
        except LinkLostError as lost:
            raise OriginateUnknownError(f"link lost before the answer: {lost}") from None

    async def alive(self) -> dict[str, LiveCall]:
        """The calls of ours that Asterisk holds now, by attempt id.

        Raises ConnectionError when the link is down, AsteriskError when Asterisk refuses.
        """
        listed = await self._request(Action({"Action": "CoreShowChannels"}))
        calls = (_live_call(entry) for entry in listed if entry.event == "CoreShowChannel" and is_ours(entry.uniqueid))
        return {call.attempt_id: call for call in calls}

    async def hang_up(self, attempt_id: str) -> None:
        """End a call; no error when it is gone already. Raises ConnectionError when the link is down."""
        if not is_ours(attempt_id):  # a `/regex/` here would end the calls of others
            raise ValueError(f"{attempt_id!r} is no attempt's id")
        # Asterisk looks channels up by name or Uniqueid (main/channel.c, get_by_name_prefix_or_uniqueid).
        action = AckAction({"Action": "Hangup", "Channel": attempt_id, "Cause": NORMAL_CLEARING})
        try:
            await self._request(action)
        except AsteriskError as refused:
            if "No such channel" not in str(refused):
                raise

    async def stop(self) -> None:
        """Log off and stay off. `on_link` is not called: nobody lost anything."""
        task, self._task = self._task, None
        if task is None or self._link is None:
            return
        self._on_link = lambda _: None
        await self._link.log_off()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._link.trouble = "stopped"

    async def _request(self, action: Action) -> list[Message]:
        connection = self._connection
        if connection is None:
            raise LinkDownError(f"not connected to {self.name}: {self.trouble}")
        try:
            return await connection.request(action, _ANSWER_TIMEOUT)
        except AnswerLateError as late:
            connection.give_up(str(late))
            raise
        except ActionRefusedError as refused:
            raise AsteriskError(f"{self.name}: Asterisk refused {action['Action']}: {refused}") from None


def _live_call(entry: Message) -> LiveCall:
    # Empty where Asterisk has not stamped the channel yet.
    hours, minutes, seconds = (entry.duration or "0:0:0").split(":")
    return LiveCall(
        attempt_id=entry.uniqueid,
        channel=entry.channel,
        channel_state=int(entry.channelstate),
        duration=int(hours) * 3600 + int(minutes) * 60 + int(seconds),
    )
