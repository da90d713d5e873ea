"""Calls members of queues back who hung up before the person did: their phones are asked for the result of the call.

Whoever the person hung up on needs none of this: their leg goes on to the dialogue.
"""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from ami_dialer.config.agents import PHONE_PATTERN
from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.domain.attempt import wrap_up_line_id
from ami_dialer.domain.calls import LineRequest
from ami_dialer.domain.errors import AsteriskError, StoreError
from ami_dialer.engine.agents.members import Place
from ami_dialer.engine.agents.queues import Queues
from ami_dialer.engine.agents.seats import Seat, interface_of
from ami_dialer.engine.agents.steps import StepRefusedError, Steps
from ami_dialer.engine.agents.talked import Talked
from ami_dialer.engine.floor import Floor
from ami_dialer.ports import OriginateRefusedError

log = structlog.get_logger(__name__)

#: Where asterisk_conf/extensions.conf calls a member, and where it reads whom.
CONTEXT, EXTENSION, VARIABLE = "ami-dialer-member", "wrap-up", "AMI_DIALER_CALL"
#: The extension of the agents' context that members' legs come to us by.
_AFTER = "after"
#: A leg that goes on to the dialogue is there by then; only then a phone that tells nothing of itself is called.
GRACE_SECONDS = 1.0
#: At the end phones are let go for so long at most.
STOP_SECONDS = 2.0


@dataclass(slots=True)
class _Ringing:
    """A phone that is being called."""

    seat: Seat
    attempt_id: str
    #: It is being asked to end.
    ending: bool = False
    #: Asterisk was asked to call it, and did not say yet what became of that.
    rings: bool = False


class CallingBack:
    """One call for each wrap-up that nobody has on the phone."""

    def __init__(self, floor: Floor, steps: Steps, queues: Queues) -> None:
        self._floor = floor
        self._steps = steps
        self._queues = queues
        #: By attempt.
        self._ringing: dict[str, _Ringing] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self) -> None:
        """Call whoever hung up first; let phones go whose result is there, or not asked for any more."""
        now = self._floor.clock.now()
        for ringing in self._ringing.values():
            if ringing.rings and not ringing.ending and not _wraps_up(ringing.seat, ringing.attempt_id):
                ringing.ending = True
                self._later(self._let_go(ringing))
        for seat in self._floor.seats:
            if seat.kind is not SeatKind.MEMBER or seat.state is not AgentState.WRAP_UP or seat.attempt_id is None:
                continue
            if seat.attempt_id in self._ringing or seat.attempt_id in self._steps.calls.asked:
                continue
            place = self._queues.place_of(seat)
            linked = self._floor.servers[seat.server].telephony.connected
            graced = (now - seat.since).total_seconds() >= GRACE_SECONDS
            if place is not None and linked and graced and place.on_hook():
                ringing = self._ringing[seat.attempt_id] = _Ringing(seat, seat.attempt_id)
                self._later(self._call(ringing, place))

    async def _call(self, ringing: _Ringing, place: Place) -> None:
        seat, attempt_id = ringing.seat, ringing.attempt_id
        try:
            talked = await self._steps.calls.of(seat)
            if await self._possible(seat, talked) and _wraps_up(seat, attempt_id):
                await self._ring(ringing, place, talked)
        except (ConnectionError, StoreError, StepRefusedError) as error:
            log.debug("a member could not be called back yet", agent=seat.agent, why=str(error))
        except AsteriskError as error:
            self._steps.calls.asked.add(attempt_id)
            log.warning("a member cannot be called back", agent=seat.agent, why=str(error))
        finally:
            del self._ringing[attempt_id]

    async def _possible(self, seat: Seat, talked: Talked) -> bool:
        """Whether this member can be called at all; where not, it is not looked at again.

        Raises ConnectionError, AsteriskError.
        """
        why = None
        if not talked.document.wrap_up.call_back:
            self._steps.calls.asked.add(talked.attempt_id)
            return False
        if re.fullmatch(PHONE_PATTERN, interface_of(seat)) is None:
            why = "its interface is none that can be dialled"
        elif not await self._floor.servers[seat.server].telephony.extension_exists(CONTEXT, EXTENSION):
            why = f"there is no {EXTENSION} in [{CONTEXT}]; install asterisk_conf/extensions.conf anew"
        if why is not None:
            self._steps.calls.asked.add(talked.attempt_id)
            log.warning("a member cannot be called back for the result of its call", agent=seat.agent, why=why)
        return why is None

    async def _ring(self, ringing: _Ringing, place: Place, talked: Talked) -> None:
        """Let the phone ring, for the rest of the wrap-up at most. Raises ConnectionError."""
        seat, attempt_id, now = ringing.seat, ringing.attempt_id, self._floor.clock.now()
        seconds = 0 if place.wrap_until is None else int((place.wrap_until - now).total_seconds())
        self._steps.calls.asked.add(attempt_id)
        if seconds < 1:
            return
        line = wrap_up_line_id(attempt_id)
        request = LineRequest(
            line=line,
            channel=f"Local/{EXTENSION}@{CONTEXT}",
            context=self._floor.config.agent_lines.context,
            extension=_AFTER,
            ring_seconds=seconds,
            # No number that could be called back by hand: the person is called by the dialer alone.
            caller_id=f'"Result of {talked.number}" <ami-dialer>',
            variables=((VARIABLE, interface_of(seat)),),
        )
        seat.line, seat.channel = line, line  # a channel goes by its Uniqueid too
        place.called = ringing.rings = True
        log.info("a member is called back for the result", agent=seat.agent, attempt=attempt_id, seconds=seconds)
        why = None
        try:
            await self._floor.servers[seat.server].telephony.call_line(request)
        except OriginateRefusedError as refused:
            why = str(refused)
        finally:
            place.called = ringing.rings = False
            # Of both the device tells in a moment: that it is in use, or that it does not ring any more.
            place.leaves = why is None or not place.on_hook()
        if why is not None and _wraps_up(seat, attempt_id):
            log.info("a member gave no result", agent=seat.agent, attempt=attempt_id, why=why)
            self._steps.wrapped_up(seat)

    async def _let_go(self, ringing: _Ringing) -> None:
        """End the ringing. Where that fails, or there is no channel yet, it is looked at again."""
        try:
            telephony = self._floor.servers[ringing.seat.server].telephony
            await telephony.hang_up_line(wrap_up_line_id(ringing.attempt_id))
        except (ConnectionError, AsteriskError) as error:
            log.debug("a phone rings on for nothing", agent=ringing.seat.agent, why=str(error))
        finally:
            ringing.ending = False

    def _later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Nobody is there to ask for results: phones that ring are let go."""
        ringing = [one for one in self._ringing.values() if one.rings]
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(self._let_go(one) for one in ringing))
        except TimeoutError:
            log.warning("phones that ring for a result could not be let go")
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _wraps_up(seat: Seat, attempt_id: str) -> bool:
    return seat.state is AgentState.WRAP_UP and seat.attempt_id == attempt_id
