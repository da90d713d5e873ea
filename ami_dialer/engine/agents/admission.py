"""Lets members of queues in: each has a log-in in SQL while it can be reached, like any other agent."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ami_dialer.config.agents import Agent
from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.agents.members import Place, Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Floor
from ami_dialer.store import agent_sessions, agents, runs
from ami_dialer.store.agent_sessions import LogIn, Session

log = structlog.get_logger(__name__)

#: After a refusal of the database it is tried again so soon.
_AGAIN_SECONDS = 1.0


class Admission:
    """Begins and takes up log-ins of members, one after the other, off the way of events."""

    def __init__(
        self, floor: Floor, places: dict[tuple[str, str], Place], follow: Callable[[Place, datetime], None]
    ) -> None:
        self._floor = floor
        self._places = places
        self._follow = follow
        #: Log-ins that the last engine left, by server and interface.
        self._left: dict[tuple[str, str], Session] = {}
        #: Agents of ours by server and phone: number and name.
        self._phones: dict[tuple[str, str], tuple[str, str]] = {}
        self._know(floor.config.agents)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        #: Every queue was asked for: who has not come by now is gone.
        self._all_known = False

    def _know(self, found: dict[str, Agent]) -> None:
        first = next(iter(self._floor.config.servers), "")
        for number, agent in found.items():
            if agent.phone is not None:
                self._phones[agent.server or first, agent.phone] = number, agent.name

    async def restore(self) -> None:
        """Take up the log-ins that are open in SQL. Raises StoreError."""
        for session in await agent_sessions.going_on(self._floor.database):
            if session.kind is not SeatKind.MEMBER:
                continue
            key = session.server, session.line
            self._left[key] = session
            call = self._floor.calls.get(session.attempt_id or "")
            if session.state is AgentState.IN_CALL and call is not None:
                self._places.setdefault(key, Place(*key)).talk = Talk(call)

    def who(self, place: Place) -> tuple[str, str]:
        """Number and name of the agent of ours who has this phone; else the interface and the name in the queue."""
        names = (member.name for member in place.members.values())
        unknown = place.interface, next(filter(None, names), place.interface)
        return self._phones.get((place.server, place.interface), unknown)

    def look(self, place: Place, now: datetime) -> None:
        """A member may be there now that has no seat, or is on a line of ours beside its queue."""
        on_line = self._on_line(place)
        if place.seat is None and place.present(now) and not on_line:
            self._begin()
        elif place.seat is not None and on_line and place.talk is None:
            seat, place.seat = place.seat, None
            self._floor.seats.leave(seat, now, "logged in on a line")

    def _on_line(self, place: Place) -> bool:
        return any(seat.kind is SeatKind.LINE for seat in self._floor.seats.all_of(self.who(place)[0]))

    def all_known(self) -> None:
        """Every queue of every running campaign was asked for."""
        self._all_known = True
        if self._left:
            self._begin()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="members of queues")
        self._wake.set()

    async def stop(self) -> None:
        """Nobody comes in any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._let_in()
                if self._all_known:
                    await self._end_left()
            except StoreError as error:
                log.warning("members of queues cannot be let in", why=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                self._wake.set()
            except Exception:
                log.exception("members of queues could not be let in")

    async def _let_in(self) -> None:
        def wanting() -> list[Place]:
            now = self._floor.clock.now()
            return [
                one for one in self._places.values() if one.seat is None and one.present(now) and not self._on_line(one)
            ]

        if wanting():
            found = await agents.every(self._floor.database)
            self._know({one.number: Agent(name=one.name, phone=one.phone, server=one.server) for one in found})
        for place in wanting():
            await self._enter(place)

    async def _enter(self, place: Place) -> None:
        now = self._floor.clock.now()
        (agent, name), key = self.who(place), (place.server, place.interface)
        left = self._left.get(key)
        if left is not None and left.agent != agent:
            await agent_sessions.close(self._floor.database, [left.id], now, "the phone is another agent's now")
            left = None
        run = await self._wraps_up_still(place, left)
        if left is None:
            new = LogIn(agent, SeatKind.MEMBER, place.server, place.interface, place.interface)
            session = await agent_sessions.begin(self._floor.database, new, now)
        else:
            session = left.id
        self._left.pop(key, None)
        if self._places.get(key) is not place or not place.present(self._floor.clock.now()):
            await agent_sessions.close(self._floor.database, [session], self._floor.clock.now(), place.why_away())
            return
        began, since = (now, now) if left is None else (left.began_at, left.since)
        seat = Seat(
            key=f"member:{place.server}:{place.interface}",
            kind=SeatKind.MEMBER,
            agent=agent,
            name=name,
            server=place.server,
            began_at=began,
            since=since,
            idle_since=since,
            session=session,
            run=run,
        )
        if left is not None:
            seat.state, seat.attempt_id = left.state, left.attempt_id
            seat.reason = None if left.state is AgentState.IN_CALL else left.reason  # on hold is nobody any more
        place.seat = seat
        self._floor.seats.enter(seat, now)
        if seat.state is AgentState.RESERVED:  # for calls of an engine that is over
            self._floor.seats.move(seat, AgentEvent.RELEASE, now)
        self._follow(place, self._floor.clock.now())

    async def _wraps_up_still(self, place: Place, left: Session | None) -> int | None:
        """A wrap-up that an engine before began goes on for the rest of its time; its run. Raises StoreError."""
        if left is None or left.state is not AgentState.WRAP_UP or left.attempt_id is None:
            return None
        found = await runs.of_attempt(self._floor.database, left.attempt_id)
        if found is None:
            return None
        attempt, run = found
        settings = run.legible.wrap_up
        place.wrap_until, place.pause = left.since + timedelta(seconds=settings.limit), settings.pause
        return attempt.run_id

    async def _end_left(self) -> None:
        """Those who have not come again are gone."""
        now = self._floor.clock.now()
        gone = [
            key
            for key in self._left
            if (place := self._places.get(key)) is None or place.seat is not None or not place.present(now)
        ]
        if gone:
            keys = [self._left[key].id for key in gone]
            await agent_sessions.close(self._floor.database, keys, now, "gone while the dialer was not there")
            for key in gone:
                del self._left[key]
