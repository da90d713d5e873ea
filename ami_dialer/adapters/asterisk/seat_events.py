"""From AMI events to what the domain knows of agents' lines and of members of queues. Keeps nothing of either."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ami_dialer.adapters.asterisk.events import is_ours
from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.domain.calls import (
    CallBridged,
    CallEvent,
    LineCame,
    LineEnded,
    LineKey,
    LineLeft,
    LineWaits,
    Member,
    MemberChanged,
    MemberConnected,
    MemberGone,
    SeatEvent,
)

#: Of the bridge that BridgeWait() puts a line into.
_HOLDING = "holding_bridge"
#: Where a line's Uniqueid begins so, we called it (`domain.attempt.new_line_id`).
_LINE_ID = "ami-dialer-line-"
#: `Reason` of a failed OriginateResponse (AST_CONTROL_*), for people.
_REASONS = {"3": "nobody answered", "5": "it is busy", "8": "it cannot be reached"}


@dataclass(slots=True)
class LineCalls:
    """Agents' phones that are being called, by the Uniqueid their channel gets."""

    waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)

    def answered(self, line: str, response: str, reason: str) -> None:
        """Asterisk says what became of it."""
        future = self.waiting.get(line)
        if future is not None and not future.done():
            future.set_result("" if response == "Success" else _REASONS.get(reason, "it could not be called"))

    def clear(self) -> None:
        """The link is gone; nobody will say."""
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the link was lost while the phone was being called"))


class SeatTracker:
    """Turns messages into events of lines and members."""

    def __init__(
        self,
        emit: Callable[[CallEvent | SeatEvent], None],
        now: Callable[[], datetime],
        context: str,
    ) -> None:
        """`context`: of the dialplan, where agents' lines are."""
        self._emit = emit
        self._now = now
        self._context = context
        #: Phones that are being called.
        self.calls = LineCalls()
        #: Queues that somebody follows; events of others are nobody's business here.
        self.queues: set[str] = set()
        #: By event name.
        self.handlers: dict[str, Callable[[AmiEvent], None]] = {
            "UserEvent": self._user_event,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "DTMFEnd": self._key,
            "Hangup": self._hangup,
            "OriginateResponse": self._originate_response,
            "AgentConnect": self._agent_connect,
            "QueueMemberStatus": self._member,
            "QueueMemberPause": self._member,
            "QueueMemberAdded": self._member,
            "QueueMemberPenalty": self._member,
            "QueueMemberRemoved": self._member_gone,
        }
        line = f"\r\nContext: {context}\r\n"
        #: By event name, what else than an attempt's id makes the event worth a look: one of these must stand in it.
        self.marks: dict[str, tuple[str, ...]] = {
            "UserEvent": (line,),
            "BridgeEnter": (line,),
            "BridgeLeave": (line,),
            "DTMFEnd": (line,),
            "Hangup": (line,),
            "OriginateResponse": (_LINE_ID,),
            **{name: ("",) for name in self.handlers if name.startswith("QueueMember")},
        }

    def _is_line(self, event: AmiEvent) -> bool:
        return event.header("Context") == self._context

    def _user_event(self, event: AmiEvent) -> None:
        if event.header("UserEvent") == "AmiDialerLine" and self._is_line(event):
            self._emit(LineCame(event.header("Uniqueid"), event.header("Channel"), self._now()))

    def _bridge_enter(self, event: AmiEvent) -> None:
        holding = event.header("BridgeTechnology") == _HOLDING
        if is_ours(attempt_id := event.header("Uniqueid")):
            if not holding:
                self._emit(CallBridged(attempt_id, self._now()))
        elif holding and self._is_line(event):
            self._emit(LineWaits(event.header("Uniqueid"), event.header("Channel"), self._now()))

    def _bridge_leave(self, event: AmiEvent) -> None:
        if event.header("BridgeTechnology") == _HOLDING and self._is_line(event):
            self._emit(LineLeft(event.header("Uniqueid"), self._now()))

    def _key(self, event: AmiEvent) -> None:
        # Sent is what the person pressed, as it goes out to the agent's phone.
        if event.header("Direction") == "Received" and self._is_line(event):
            self._emit(LineKey(event.header("Uniqueid"), event.header("Digit"), self._now()))

    def _hangup(self, event: AmiEvent) -> None:
        if self._is_line(event):
            self._emit(LineEnded(event.header("Uniqueid"), self._now()))

    def _originate_response(self, event: AmiEvent) -> None:
        self.calls.answered(event.header("ActionID"), event.header("Response"), event.header("Reason"))

    def _agent_connect(self, event: AmiEvent) -> None:
        if is_ours(attempt_id := event.header("Uniqueid")):
            self._emit(
                MemberConnected(
                    attempt_id=attempt_id,
                    queue=event.header("Queue"),
                    interface=event.header("Interface"),
                    channel=event.header("DestChannel"),
                    line=event.header("DestUniqueid"),
                    at=self._now(),
                )
            )

    def _member(self, event: AmiEvent) -> None:
        if event.header("Queue") in self.queues:
            self._emit(MemberChanged(_member(event), self._now()))

    def _member_gone(self, event: AmiEvent) -> None:
        if (queue := event.header("Queue")) in self.queues:
            self._emit(MemberGone(queue, event.header("Interface"), self._now()))


def both(
    first: dict[str, Callable[[AmiEvent], None]], second: dict[str, Callable[[AmiEvent], None]]
) -> dict[str, Callable[[AmiEvent], None]]:
    """Handlers of two trackers as one: of an event that both hear `first` hears first."""

    def joined(name: str) -> Callable[[AmiEvent], None]:
        one, other = first[name], second[name]

        def hear(event: AmiEvent) -> None:
            one(event)
            other(event)

        return hear

    return {**first, **second, **{name: joined(name) for name in first.keys() & second.keys()}}


def _member(event: AmiEvent) -> Member:
    return Member(
        queue=event.header("Queue"),
        interface=event.header("Interface"),
        name=event.header("MemberName"),
        status=_number(event.header("Status")),
        paused=event.header("Paused") == "1",
        paused_reason=event.header("PausedReason"),
        in_call=event.header("InCall") == "1",
        last_call=_number(event.header("LastCall")),
        wrap_up=_number(event.header("Wrapuptime")),
        penalty=_number(event.header("Penalty")),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
