"""Actions for those who take calls: agents' lines and members of queues."""

from abc import ABC, abstractmethod

from panoramisk.actions import Action
from panoramisk.message import Message

from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.domain.calls import LineRequest, Member
from ami_dialer.domain.errors import AsteriskError

#: AST_CAUSE_NORMAL_CLEARING.
NORMAL_CLEARING = "16"
_GONE = ("No such channel", "Channel does not exist", "Channel not up")


class LineActions(ABC):
    """What `ports.Telephony` has for seats, on `_request`."""

    @abstractmethod
    async def _request(self, action: Action) -> list[Message]:
        """Send it; the answer. Raises ConnectionError, AsteriskError."""

    async def call_line(self, request: LineRequest) -> None:
        """Call an agent's phone; see ports.Telephony."""
        raise NotImplementedError

    async def lines(self, context: str) -> dict[str, str]:
        """Lines of agents that Asterisk holds now; see ports.Telephony."""
        listed = await self._request(Action({"Action": "CoreShowChannels"}))
        return {entry.uniqueid: entry.channel for entry in listed if entry.context == context}

    async def redirect(self, channel: str, context: str, extension: str) -> bool:
        """Send a channel to an extension; see ports.Telephony."""
        action = {"Action": "Redirect", "Channel": channel, "Context": context, "Exten": extension, "Priority": "1"}
        return await self._unless_gone(AckAction(action))

    async def hang_up_line(self, channel: str) -> None:
        """End a line; no error when it is gone already. Raises ConnectionError."""
        await self._unless_gone(AckAction({"Action": "Hangup", "Channel": channel, "Cause": NORMAL_CLEARING}))

    async def members(self, queue: str) -> list[Member] | None:
        """The members of a queue; None where there is no such queue."""
        raise NotImplementedError

    async def pause_member(self, queue: str, interface: str, *, paused: bool, reason: str = "") -> None:
        """Pause a member of a queue, or let it go on."""
        raise NotImplementedError

    async def mute_recording(self, attempt_id: str, *, muted: bool) -> None:
        """Silence in the recording of a call, or sound again."""
        raise NotImplementedError

    async def _unless_gone(self, action: Action) -> bool:
        try:
            await self._request(action)
        except AsteriskError as refused:
            if any(words in str(refused) for words in _GONE):
                return False
            raise
        return True
