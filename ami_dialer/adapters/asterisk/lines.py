"""Actions for those who take calls: agents' lines and members of queues."""

import asyncio
import re
from abc import ABC, abstractmethod

from panoramisk.actions import Action
from panoramisk.message import Message

from ami_dialer.adapters.asterisk import actions
from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.faults import UnsendableError
from ami_dialer.adapters.asterisk.names import CHANNEL, EXTENSION, NAME, checked
from ami_dialer.adapters.asterisk.seat_events import SeatTracker
from ami_dialer.domain.calls import LineRequest, Member, OriginateRequest
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import OriginateRefusedError

#: AST_CAUSE_NORMAL_CLEARING.
NORMAL_CLEARING = "16"
#: What Asterisk answers where a channel is gone (action_hangup, action_redirect, mixmonitor).
_GONE = ("No such channel", "Channel does not exist", "Channel not found")
#: What it answers where the user's classes do not allow an action (manager.c).
_DENIED = "Permission denied"
#: Keys of features.conf's [applicationmap], at most so many as Asterisk takes (FEATURE_MAX_LEN).
_CODE = re.compile(r"[0-9A-D*#]{1,11}")
#: A key lasts so long, as phones send it.
_KEY_MS = "100"
#: Beyond the seconds that a phone rings: Asterisk's own way to its OriginateResponse.
_RESPONSE_SECONDS = 5.0


class LineActions(ABC):
    """What `ports.Telephony` has for seats, on `_request`."""

    _seats: SeatTracker

    @abstractmethod
    async def _request(self, action: Action) -> list[Message]:
        """Send it; the answer. Raises ConnectionError, AsteriskError."""

    async def call_line(self, request: LineRequest) -> None:
        """Call an agent's phone; see ports.Telephony."""
        loop = asyncio.get_running_loop()
        answered = self._seats.calls.waiting[request.line] = loop.create_future()
        try:
            await self._request(AckAction(actions.originate(_as_call(request))))
            async with asyncio.timeout(request.ring_seconds + _RESPONSE_SECONDS):
                why = await answered
        except (UnsendableError, AsteriskError) as refused:
            raise OriginateRefusedError(str(refused)) from None
        except TimeoutError:
            raise OriginateRefusedError(f"{request.channel}: Asterisk does not say what became of the call") from None
        finally:
            del self._seats.calls.waiting[request.line]
        if why:
            raise OriginateRefusedError(f"{request.channel}: {why}")

    async def lines(self, context: str) -> dict[str, str]:
        """Lines of agents that Asterisk holds now; see ports.Telephony."""
        listed = await self._request(Action({"Action": "CoreShowChannels"}))
        return {
            entry.uniqueid: entry.channel
            for entry in listed
            if entry.event == "CoreShowChannel" and entry.context == context
        }

    async def redirect(self, channel: str, context: str, extension: str) -> bool:
        """Send a channel to an extension; see ports.Telephony."""
        return await self._unless_gone(
            {
                "Action": "Redirect",
                "Channel": checked(CHANNEL, channel),
                "Context": checked(NAME, context),
                "Exten": checked(EXTENSION, extension),
                "Priority": "1",
            }
        )

    async def extension_exists(self, context: str, extension: str) -> bool:
        """Whether the dialplan has this extension; see ports.Telephony."""
        where = f"{checked(NAME, context)},{checked(EXTENSION, extension)},1"
        [answer] = await self._request(AckAction({"Action": "Getvar", "Variable": f"DIALPLAN_EXISTS({where})"}))
        return bool(answer.value != "0")  # empty where func_dialplan is not loaded: then it is tried

    async def press_code(self, attempt_id: str, code: str) -> bool:
        """Press a code on the channel of whoever talks with the person; see ports.Telephony."""
        peer = await self._variable("BRIDGEPEER", checked(CHANNEL, attempt_id))
        if not peer:
            return False
        value = await self._variable(f"AST_CONFIG(features.conf,applicationmap,{checked(NAME, code)})", attempt_id)
        keys = value.partition(",")[0].strip()
        if not _CODE.fullmatch(keys):
            raise AsteriskError(f"features.conf has no code {code}, or func_config.so is not loaded")
        channel = checked(CHANNEL, peer.partition(",")[0])
        for key in keys:  # Receive: as though their phone had sent it
            press = {"Action": "PlayDTMF", "Channel": channel, "Digit": key, "Duration": _KEY_MS, "Receive": "true"}
            if not await self._unless_gone(press):
                return False
        return True

    async def _variable(self, name: str, channel: str) -> str:
        """Of a channel; "" where there is none. As for PlayDTMF the class `call` is enough."""
        action = {"Action": "Getvar", "Variable": name, "Channel": channel}
        try:
            [answer] = await self._request(AckAction(action))
        except AsteriskError as refused:
            if any(words in str(refused) for words in _GONE):
                return ""
            raise
        return str(answer.value or "")

    async def hang_up_line(self, channel: str) -> None:
        """End a line; no error when it is gone already. Raises ConnectionError."""
        await self._unless_gone(
            {"Action": "Hangup", "Channel": checked(CHANNEL, channel), "Cause": NORMAL_CLEARING},
        )

    async def members(self, queue: str) -> list[Member] | None:
        """The members of a queue; None where there is no such queue. From then on their changes are told."""
        self._seats.queues.add(checked(NAME, queue))
        listed = await self._request(Action({"Action": "QueueStatus", "Queue": queue}))
        entries = [entry for entry in listed if entry.queue == queue]
        if not any(entry.event == "QueueParams" for entry in entries):
            return None
        return [_member(entry) for entry in entries if entry.event == "QueueMember"]

    async def pause_member(self, queue: str, interface: str, *, paused: bool, reason: str = "") -> None:
        """Pause a member of a queue, or let it go on; see ports.Telephony."""
        action = {
            "Action": "QueuePause",
            "Queue": checked(NAME, queue),
            "Interface": interface,
            "Paused": "true" if paused else "false",
        }
        if reason:
            action["Reason"] = reason
        try:
            await self._request(AckAction(action))
        except AsteriskError as refused:
            if _DENIED in str(refused):
                raise AsteriskError(f"{refused}. Add `agent` to the user's `write =` line in manager.conf") from None
            raise

    async def mute_recording(self, attempt_id: str, *, muted: bool) -> None:
        """Silence in the recording of a call, or sound again; see ports.Telephony."""
        action = {"Channel": checked(CHANNEL, attempt_id), "Direction": "both", "State": "1" if muted else "0"}
        await self._request(AckAction({"Action": "MixMonitorMute", **action}))

    async def _unless_gone(self, action: dict[str, str]) -> bool:
        try:
            await self._request(AckAction(action))
        except AsteriskError as refused:
            if any(words in str(refused) for words in _GONE):
                return False
            raise
        return True


def _as_call(request: LineRequest) -> OriginateRequest:
    return OriginateRequest(
        attempt_id=request.line,
        channel=request.channel,
        context=request.context,
        extension=request.extension,
        ring_seconds=request.ring_seconds,
        caller_id=request.caller_id,
        variables=request.variables,
    )


def _member(entry: Message) -> Member:
    return Member(
        queue=entry.queue,
        interface=entry.location,
        name=entry.name,
        status=_number(entry.status),
        paused=entry.paused == "1",
        paused_reason=entry.pausedreason,
        in_call=entry.incall == "1",
        last_call=_number(entry.lastcall),
        wrap_up=_number(entry.wrapuptime),
        penalty=_number(entry.penalty),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
