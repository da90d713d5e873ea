"""What a member of one of Asterisk's queues can do now. Asks what app_queue asks before it rings somebody."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ami_dialer.domain.calls import Member

#: AST_DEVICE_* of devicestate.h. app_queue rings devices that tell nothing of themselves (0), too.
_IDLE = frozenset({0, 1})
_AWAY = frozenset({4, 5})
_RINGING = frozenset({6, 7})


class Standing(StrEnum):
    """How a member stands in one queue."""

    #: Its device is not there: not registered, or there is no such device.
    AWAY = "away"
    #: By somebody else than the dialer.
    PAUSED = "paused"
    #: Rings, or is in a call. Queues with `ringinuse` would call it all the same; nobody gets two calls of ours.
    BUSY = "busy"
    #: Its last call is over, and the time after it is not, or the dialer keeps it paused.
    RESTING = "resting"
    FREE = "free"


def standing(member: Member, seen_at: datetime, now: datetime, own_pause: str) -> Standing:
    """How a member stands.

    `seen_at` is when the end of its last call was seen first; `own_pause` is the reason that the dialer gives when it
    pauses somebody.
    """
    if member.status in _AWAY:
        return Standing.AWAY
    if member.paused and member.paused_reason != own_pause:
        return Standing.PAUSED
    if member.in_call or member.status not in _IDLE:
        return Standing.BUSY
    if member.paused or now < rested_at(member, seen_at):
        return Standing.RESTING
    return Standing.FREE


def rested_at(member: Member, seen_at: datetime) -> datetime:
    """When the queue's own time after the last call is over.

    Asterisk's clock may be ahead of ours: the end is never further from when it was seen than that time is long.
    """
    if not member.last_call or not member.wrap_up:
        return seen_at
    long = timedelta(seconds=member.wrap_up)
    return min(datetime.fromtimestamp(member.last_call, UTC) + long, seen_at + long)


def idle(members: Iterable[Member]) -> bool:
    """Whether a device is there and nobody uses it, as the queues that it is in see it."""
    found = [member.status for member in members]
    return bool(found) and all(status in _IDLE for status in found)


def rings(members: Iterable[Member]) -> bool:
    """Whether a device rings, as the queues that it is in see it."""
    return any(member.status in _RINGING for member in members)
