"""Phones that are called by order: those of agents, for their log-in, and of supervisors."""

import asyncio

from ami_dialer.domain.calls import LineRequest
from ami_dialer.engine.agents.talked import StepRefusedError, asked_of_asterisk
from ami_dialer.ports import OriginateRefusedError, Telephony

#: Seconds that a phone rings.
RING_SECONDS = 30
#: Seconds after it was answered in which its line has to come to us.
COMES_SECONDS = 5.0


async def call(telephony: Telephony, request: LineRequest, came: asyncio.Event) -> None:
    """Call a phone; `came` is set when its line is with us. Raises StepRefusedError where it is not."""
    try:
        with asked_of_asterisk():
            await telephony.call_line(request)
        async with asyncio.timeout(COMES_SECONDS):
            await came.wait()
    except OriginateRefusedError as refused:
        raise StepRefusedError(f"{request.channel} did not answer: {refused}") from refused
    except TimeoutError:
        raise StepRefusedError(
            f"{request.channel} was called, but its line did not come to the dialer; "
            f"is [{request.context}] of asterisk_conf/extensions.conf there?"
        ) from None
