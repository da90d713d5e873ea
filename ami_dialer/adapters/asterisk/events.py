"""From AMI events to what the domain knows of a call. Holds a few words for each living call, and no more."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ami_dialer.adapters.asterisk.actions import SECOND_LEG
from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.domain.attempt import is_attempt_id
from ami_dialer.domain.calls import CallAnswered, CallClassified, CallEnded, CallEvent, CallRinging, CallUnserved

#: AST_STATE_RINGING and AST_STATE_UP (include/asterisk/channelstate.h).
_RINGING, _UP = "5", "6"
#: A call that nobody answered gives a Hangup and an OriginateResponse, by two ways through Asterisk and in
#: either order, milliseconds apart. The second is waited for this long; then what is known must do.
SETTLE_SECONDS = 0.5
#: Calls ended without their Hangup are remembered this long, so that a late one does not end them again.
_REMEMBER_SECONDS = 60.0
#: Twice the most calls a server may be set to hold; only a peer that never sends Hangup comes near it.
MAX_CALLS = 20_000


@dataclass(slots=True)
class _Call:
    has_channel: bool = False
    ringing: bool = False
    answered: bool = False
    ended: bool = False
    #: From the Hangup: cause and its text.
    hangup: tuple[int | None, str] | None = None
    #: From a failed OriginateResponse.
    reason: int | None = None
    timer: asyncio.TimerHandle | None = None


class CallTracker:
    """Turns messages into events of calls: ringing and answered at most once each, ended exactly once."""

    def __init__(
        self,
        emit: Callable[[CallEvent], None],
        now: Callable[[], datetime],
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._emit = emit
        self._now = now
        self._settle_seconds = settle_seconds
        self._calls: dict[str, _Call] = {}
        #: By event name; only these are read at all.
        self.handlers: dict[str, Callable[[AmiEvent], None]] = {
            "Newchannel": self._newchannel,
            "Newstate": self._newstate,
            "Hangup": self._hangup,
            "OriginateResponse": self._originate_response,
            "UserEvent": self._user_event,
        }

    def __len__(self) -> int:
        """Calls that something is kept of."""
        return len(self._calls)

    def expect(self, attempt_id: str) -> None:
        """An Originate is about to be sent."""
        self._call(attempt_id)

    def forget(self, attempt_id: str) -> None:
        """Asterisk refused it: there will be no events."""
        call = self._calls.pop(attempt_id, None)
        if call is not None and call.timer is not None:
            call.timer.cancel()

    def clear(self) -> None:
        """The link is gone. Calls known to be over end now; the rest is asked for after the next login."""
        for attempt_id, call in list(self._calls.items()):
            over = call.hangup is not None or (call.reason is not None and not call.has_channel)
            if over and not call.ended:
                self._end(attempt_id, call)
            self.forget(attempt_id)

    def _call(self, attempt_id: str) -> _Call:
        call = self._calls.get(attempt_id)
        if call is None:
            if len(self._calls) >= MAX_CALLS:
                self.forget(next(iter(self._calls)))
            call = self._calls[attempt_id] = _Call()
        return call

    def _newchannel(self, event: AmiEvent) -> None:
        if is_ours(unique_id := event.header("Uniqueid")):
            self._call(unique_id).has_channel = True

    def _newstate(self, event: AmiEvent) -> None:
        unique_id, state = event.header("Uniqueid"), event.header("ChannelState")
        if is_ours(unique_id):
            call = self._call(unique_id)
            call.has_channel = True
            if state == _UP:
                self._answered(unique_id, call)
            elif state == _RINGING:
                self._ringing(unique_id, call)
        elif state == _RINGING and (linked := self._calls.get(event.header("Linkedid"))) is not None:
            # Behind a Local channel the trunk's channel rings; its Linkedid is our channel's Uniqueid.
            self._ringing(event.header("Linkedid"), linked)

    def _ringing(self, attempt_id: str, call: _Call) -> None:
        if not (call.ringing or call.answered or call.ended or call.hangup):
            call.ringing = True
            self._emit(CallRinging(attempt_id, self._now()))

    def _answered(self, attempt_id: str, call: _Call) -> None:
        if not (call.answered or call.ended or call.hangup):
            call.answered = True
            self._emit(CallAnswered(attempt_id, self._now()))

    def _originate_response(self, event: AmiEvent) -> None:
        # A call that is not known is over, or was taken over after a reconnect: alive() has told of it.
        if (call := self._calls.get(attempt_id := event.header("ActionID"))) is None:
            return
        # Not `message.success`: panoramisk has True there for every event.
        if event.header("Response") == "Success":
            call.has_channel = True
            self._answered(attempt_id, call)
        elif not call.answered:
            call.reason = _number(event.header("Reason"))
            if call.hangup is not None:
                self._end(attempt_id, call)
            elif not call.has_channel:
                self._settle(attempt_id, call)
            # else its Hangup is on the way: Asterisk sends one for every channel.

    def _hangup(self, event: AmiEvent) -> None:
        if not is_ours(attempt_id := event.header("Uniqueid")):
            return
        call = self._call(attempt_id)
        if call.ended:
            self.forget(attempt_id)
            return
        call.hangup = (_number(event.header("Cause")), event.header("Cause-txt"))
        if call.answered or call.reason is not None or event.header("ChannelState") == _UP:
            self._end(attempt_id, call)
        else:
            self._settle(attempt_id, call)

    def _settle(self, attempt_id: str, call: _Call) -> None:
        if call.timer is None:
            loop = asyncio.get_running_loop()
            call.timer = loop.call_later(self._settle_seconds, self._settled, attempt_id, call)

    def _settled(self, attempt_id: str, call: _Call) -> None:
        if call.hangup is not None or not call.has_channel:
            self._end(attempt_id, call)

    def _end(self, attempt_id: str, call: _Call) -> None:
        cause, text = call.hangup or (None, "")
        if call.hangup is not None:
            self.forget(attempt_id)
        else:
            call.ended = True
            loop = asyncio.get_running_loop()
            call.timer = loop.call_later(_REMEMBER_SECONDS, self.forget, attempt_id)
        self._emit(CallEnded(attempt_id, self._now(), cause, text, call.reason))

    def _user_event(self, event: AmiEvent) -> None:
        if not is_ours(attempt_id := event.header("Uniqueid")):
            return
        if event.header("UserEvent") == "AmiDialerAmd":
            self._emit(CallClassified(attempt_id, self._now(), event.header("Status"), event.header("Cause")))
        elif event.header("UserEvent") == "AmiDialerFailed":
            self._emit(CallUnserved(attempt_id, self._now(), event.header("Detail")))


def is_ours(unique_id: str) -> bool:
    """Whether a channel is the one of an attempt, and not the second leg of its Local channel."""
    return is_attempt_id(unique_id) and not unique_id.endswith(SECOND_LEG)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
