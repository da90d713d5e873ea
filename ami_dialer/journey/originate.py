"""Station 5, originate: the attempt is committed first, then the call is placed."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Server, Trunk
from ami_dialer.domain.attempt import Attempt, AttemptEvent
from ami_dialer.domain.calls import OriginateRequest
from ami_dialer.domain.phone import dialled
from ami_dialer.ports import Clock, OriginateRefusedError, OriginateUnknownError, Telephony
from ami_dialer.store import attempts

if TYPE_CHECKING:
    from ami_dialer.store.writer import Writer

#: Channel variable with the context that takes the call instead of a flow; asterisk_conf/extensions reads it.
NEXT_CONTEXT_VARIABLE = "AMI_DIALER_NEXT"
#: What the dialplan does with AMDSTATUS NOTSURE then: "person" or "machine".
NOT_SURE_VARIABLE = "AMI_DIALER_NOT_SURE"


class Placed(Enum):
    """What became of placing a call."""

    #: Asterisk has it; events will tell the rest.
    ACCEPTED = "accepted"
    #: Asterisk said no: nobody was called; `attempt.detail` says why.
    REFUSED = "refused"
    #: Nothing was sent; `attempt.detail` says why.
    NOT_SENT = "not sent"
    #: Sent, but not known to have arrived: Asterisk must be asked.
    UNKNOWN = "unknown"


def request(attempt: Attempt, campaign: Campaign, trunk: Trunk, server: Server) -> OriginateRequest:
    """What is asked of Asterisk: ids, digits and the administrator's constants, nothing of the contact's fields."""
    return OriginateRequest(
        attempt_id=attempt.id,
        channel=trunk.dial.replace("{number}", dialled(attempt.number, trunk.number_format, trunk.prefix)),
        context=server.answered_context,
        extension="amd" if campaign.amd.enabled else "direct",
        ring_seconds=round(campaign.ring),
        caller_id=attempt.caller_id,
        variables=_variables(campaign),
    )


def _variables(campaign: Campaign) -> tuple[tuple[str, str], ...]:
    if campaign.dialplan is None or campaign.paced:  # with sessions the dialer sends on whom one is free for
        return ()
    return (NEXT_CONTEXT_VARIABLE, campaign.dialplan), (NOT_SURE_VARIABLE, campaign.amd.not_sure)


async def place(
    attempt: Attempt,
    wanted: OriginateRequest,
    telephony: Telephony,
    writer: "Writer",
    clock: Clock,
    draining: Callable[[], bool],
    forbidden: Callable[[], Awaitable[str | None]],
) -> Placed:
    """Commit the attempt, then send Originate, once. Never raises for what Asterisk says.

    A database that refuses writes holds the commit up for as long as it likes, so whether a call may start is asked
    again behind it. `forbidden` says why it may not be placed, or None.
    """
    await writer.put(attempts.new(attempt))
    if (why := await forbidden()) is not None:
        attempt.detail = why
        return Placed.NOT_SENT
    if draining():
        attempt.detail = "the dialer was stopped before the call was placed"
        return Placed.NOT_SENT
    if not telephony.connected:
        attempt.detail = telephony.trouble or "the link to Asterisk was lost before the call was placed"
        return Placed.NOT_SENT
    attempt.move(AttemptEvent.SENT, clock.now())
    writer.put(attempts.changed(attempt))
    try:
        await telephony.originate(wanted)
    except OriginateRefusedError as error:
        attempt.detail = f"Asterisk refused the call: {error}"
        return Placed.REFUSED
    except OriginateUnknownError as error:
        attempt.detail = str(error)
        return Placed.UNKNOWN
    return Placed.ACCEPTED
