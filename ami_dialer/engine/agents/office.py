"""Everything about agents in one place: lines, queues, steps and orders, wired to the calls."""

import asyncio
from datetime import datetime

import structlog

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.calls import MemberChanged, MemberConnected, MemberGone, SeatEvent
from ami_dialer.domain.errors import AsteriskError, StoreError
from ami_dialer.engine.agents.calling_back import CallingBack
from ami_dialer.engine.agents.connecting import Connecting
from ami_dialer.engine.agents.lines import Lines
from ami_dialer.engine.agents.offers import Offers
from ami_dialer.engine.agents.orders import Orders
from ami_dialer.engine.agents.queues import Queues
from ami_dialer.engine.agents.room import Room
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import Steps
from ami_dialer.engine.floor import Floor, ServerDesk
from ami_dialer.engine.schedule import Job
from ami_dialer.ports import AgentLeg
from ami_dialer.store import agents

log = structlog.get_logger(__name__)

#: How late an order may be taken up: somebody waits for its answer.
ORDER_SECONDS = 0.3
#: How late a wrap-up or a pause may end.
LOOK_SECONDS = 0.5
#: Whose lines are up is asked again so soon where Asterisk or the database did not answer.
_ASK_AGAIN_SECONDS = 1.0


class Office:
    """The agents' side of the engine."""

    def __init__(self, floor: Floor, room: Room, offers: Offers, connecting: Connecting) -> None:
        self._floor = floor
        self._connecting = connecting
        self._queues = connecting.members = Queues(floor)
        room.trouble = self._queues.trouble
        self._steps = Steps(floor, connecting, offers, self._queues)
        self._lines = Lines(floor, self._steps)
        connecting.summon = self._lines.summon
        self._orders = Orders(floor, self._steps)
        self._calling_back = CallingBack(floor, self._steps, self._queues)
        self._links: set[asyncio.Task[None]] = set()
        floor.seats.wake = self._changed
        floor.seats.tell = self._told

    def _changed(self) -> None:
        """Somebody may have become free: first for those who wait on the line, then for further calls."""
        self._connecting.match()
        self._floor.wake.set()

    def _told(self, seat: Seat, before: AgentState, at: datetime) -> None:
        """An agent does something else: tell it, and let them hear whether calls are placed for them in power mode."""
        self._floor.announcer.agent(seat, before, at)
        desk = None if seat.run is None else self._floor.runs.get(seat.run)
        if seat.state is AgentState.RESERVED and desk is not None and desk.campaign.dialing.mode == "power":
            self._lines.tone(seat, ringing=True)
        elif seat.state is AgentState.READY and before is AgentState.RESERVED:
            self._lines.tone(seat, ringing=False)
        if before is AgentState.WRAP_UP:
            self._calling_back.look()  # a phone that rings for the result is let go at once

    def jobs(self) -> list[Job]:
        """What comes round."""
        return [
            Job("agents' orders", ORDER_SECONDS, self._orders.look),
            Job("agents", LOOK_SECONDS, self.look),
        ]

    async def look(self) -> None:
        """End what time ends, follow queues of runs that began, and serve those who wait. Raises StoreError."""
        await self._steps.look()
        await self._lines.look()
        await self._queues.settle(list(self._floor.runs.values()))
        self._calling_back.look()
        self._connecting.match()

    async def restore(self) -> None:
        """Take up who was logged in when the last engine ended. Raises StoreError."""
        await agents.sync(self._floor.database, self._floor.config, self._floor.clock.now())
        await self._lines.restore()
        await self._queues.restore()

    async def serve(self, leg: AgentLeg) -> None:
        """An agent's line has come to us."""
        await self._lines.serve(leg)

    def on_event(self, server: ServerDesk, event: SeatEvent) -> None:
        """Something happened to somebody who takes calls."""
        if isinstance(event, MemberChanged | MemberGone | MemberConnected):
            self._queues.on_event(server, event)
        else:
            self._lines.on_event(server, event)

    def on_link(self, server: ServerDesk, up: bool) -> None:
        """The link to a server came up or was lost."""
        self._queues.on_link(server, up)
        if up:
            task = asyncio.create_task(self._take_up(server), name=f"agents of {server.name}")
            self._links.add(task)
            task.add_done_callback(self._links.discard)

    async def _take_up(self, server: ServerDesk) -> None:
        while server.telephony.connected:
            try:
                await self._lines.on_link(server)
            except ConnectionError:
                return  # it is done anew when the link is back
            except (AsteriskError, StoreError) as error:
                log.warning("whose lines are up cannot be asked for yet", server=server.name, why=str(error))
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
            except Exception as error:  # without their seats agents get no calls: it has to be tried again
                log.exception("agents' lines could not be taken up", server=server.name, why=repr(error))
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
            else:
                self._changed()
                return

    async def stop(self) -> None:
        """Nothing is asked or followed any more; lines and calls stay up."""
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        await self._orders.stop()
        await self._calling_back.stop()
        await self._lines.stop()
        await self._queues.stop()
