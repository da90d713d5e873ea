"""Follows Asterisk's queues that campaigns use, and makes seats of their members.

The queues stay the administrator's: members, strategies and pauses. The dialer looks, and pauses who has a call of its
own until the wrap-up is over.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from ami_dialer.domain.calls import MemberChanged, MemberConnected, MemberGone, SeatEvent
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.engine.agents.admission import Admission
from ami_dialer.engine.agents.members import OWN_PAUSE, Place, Talk, follow
from ami_dialer.engine.agents.seats import Seat, interface_of
from ami_dialer.engine.floor import Floor, RunDesk, ServerDesk
from ami_dialer.store import agent_sessions

log = structlog.get_logger(__name__)

#: A queue that is not there, or that Asterisk does not tell of, is asked for again so soon.
MISSING_SECONDS = 10.0
#: All others are asked for so often, beside what is heard of them: a reload of queues.conf takes members out silently.
REFRESH_SECONDS = 60.0
#: At the end members are unpaused for so long at most.
STOP_SECONDS = 5.0


@dataclass(slots=True)
class _Followed:
    """One queue on one server."""

    server: ServerDesk
    queue: str
    #: Its members were asked for since the link came up.
    fresh: bool = False
    #: Why no calls can be placed for it, for people.
    trouble: str | None = None
    #: Monotonic time at which it is asked for again.
    ask_at: float = 0.0
    #: Members that were heard of while they were asked for: what was heard is newer than the answer.
    heard: set[str] = field(default_factory=set)


class Queues:
    """All queues that running campaigns use, and the seats of their members."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._followed: dict[tuple[str, str], _Followed] = {}
        #: Members by server and interface.
        self._places: dict[tuple[str, str], Place] = {}
        self._admission = Admission(floor, self._places, self._follow)
        #: One task for each server, which asks Asterisk in order.
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def restore(self) -> None:
        """Take up who was there when the last engine ended. When the calls are restored, before any link is up."""
        await self._admission.restore()

    async def settle(self, desks: Iterable[RunDesk]) -> None:
        """Open queues of runs that began, close those of runs that are over, and look at what time changes.

        Asterisk is asked for what is new, once a minute for all, and for nothing else.
        """
        now, monotonic = self._floor.clock.now(), self._floor.clock.monotonic()
        wanted = {(trunk.server.name, desk.campaign.queue or "") for desk in desks for trunk in desk.trunks}
        wanted = {(server, queue) for server, queue in wanted if queue}
        for server, queue in wanted - self._followed.keys():
            self._followed[server, queue] = _Followed(self._floor.servers[server], queue)
        held = {(place.server, queue) for place in self._places.values() if place.held(now) for queue in place.members}
        for key in self._followed.keys() - wanted - held:
            del self._followed[key]
            self._drop_all(*key, now)
        for place in list(self._places.values()):
            self._follow(place, now)
        for one in self._followed.values():
            if one.ask_at <= monotonic and one.server.telephony.connected:
                self._wake(one.server)
        if all(one.fresh or one.trouble for one in self._followed.values()):
            self._admission.all_known()

    def trouble(self, desk: RunDesk) -> str | None:
        """Why no call of a run may be placed, as far as its queue goes, for people; None where one may."""
        for trunk in desk.trunks:
            one = self._followed.get((trunk.server.name, desk.campaign.queue or ""))
            if desk.campaign.queue is None or not trunk.server.telephony.connected:
                continue  # the server says so itself
            if one is None or not (one.fresh or one.trouble):
                return f"queue {desk.campaign.queue} on server {trunk.server.name}: its members are being asked for"
            if one.trouble is not None:
                return one.trouble
        return None

    def on_link(self, server: ServerDesk, up: bool) -> None:
        """The link to a server came up, or was lost: members are asked for anew. Calls stay with their members."""
        for one in self._followed.values():
            if one.server is server:
                one.fresh, one.ask_at = False, 0.0
        if up:
            self._wake(server)

    def on_event(self, server: ServerDesk, event: SeatEvent) -> None:
        """Something happened to a member. Events of lines are none of this."""
        match event:
            case MemberChanged(member=member) if (one := self._followed.get((server.name, member.queue))) is not None:
                one.heard.add(member.interface)
                place = self._place(server.name, member.interface)
                place.see(member, event.at)
                self._follow(place, event.at)
            case MemberGone() if (one := self._followed.get((server.name, event.queue))) is not None:
                one.heard.add(event.interface)
                if (gone := self._places.get((server.name, event.interface))) is not None:
                    self._drop(gone, event.queue, event.at)
            case MemberConnected():
                self._connected(server, event)

    def _connected(self, server: ServerDesk, event: MemberConnected) -> None:
        """A member has the person of a call on the line."""
        call = self._floor.calls.get(event.attempt_id)
        if call is None or call.ended is not None:
            return
        if call.transfer is not None or event.queue != call.desk.campaign.queue:
            return  # somebody has sent the person on to a queue: the call and its result stay theirs
        place = self._place(server.name, event.interface)
        if place.talk is not None and place.talk.call is not call:
            log.warning("a member has a second call; the first is taken for over", member=event.interface)
            place.over(self._floor.seats, event.at)
        place.talk = Talk(call, event.line, event.channel)
        call.attempt.agent = self._admission.who(place)[0]
        self._follow(place, event.at)

    def call_over(self, attempt_id: str, now: datetime) -> None:
        """The member does not have this person any more: its wrap-up begins. Nothing where no member had them."""
        for place in self._places.values():
            if place.talk is not None and place.talk.call.attempt.id == attempt_id:
                place.over(self._floor.seats, now)
                self._wake(self._floor.servers[place.server])

    def place_of(self, seat: Seat) -> Place | None:
        """What is known of a member; None of who is in no queue any more."""
        return self._places.get((seat.server, interface_of(seat)))

    async def pause(self, seat: Seat, reason: str) -> None:
        """Pause a member in all its queues, at once or after its call. Raises ConnectionError, AsteriskError."""
        place = self._places[seat.server, interface_of(seat)]
        for queue in list(place.members):
            await self._pause(place, queue, paused=True, reason=reason)

    async def unpause(self, seat: Seat) -> None:
        """A member goes on: its break and its wrap-up are over. Raises ConnectionError, AsteriskError."""
        place, now = self._places[seat.server, interface_of(seat)], self._floor.clock.now()
        if place.wrap_until is not None:
            place.wrap_until = now
        for queue, member in list(place.members.items()):
            if member.paused and member.paused_reason != OWN_PAUSE:
                await self._pause(place, queue, paused=False)
        self._follow(place, now)

    def catch_up(self, seat: Seat) -> None:
        """Its state has changed: what its queues say holds."""
        if (place := self.place_of(seat)) is not None:
            self._follow(place, self._floor.clock.now())

    async def stop(self) -> None:
        """Nothing is followed any more: members are free of us. Those with a call are left to the next start."""
        now = self._floor.clock.now()
        await self._admission.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        free = [place for place in self._places.values() if place.talk is None]
        for place in free:
            if place.seat is not None:
                self._floor.seats.leave(place.seat, now, "the dialer stopped")
            place.seat = place.rest_until = None
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                for place in free:
                    await self._keep_paused(place)

    def _place(self, server: str, interface: str) -> Place:
        return self._places.setdefault((server, interface), Place(server, interface))

    def _drop(self, place: Place, queue: str, now: datetime) -> None:
        place.drop(queue)
        self._follow(place, now)
        if not place.members and place.talk is None and place.seat is None:
            self._places.pop((place.server, place.interface), None)

    def _drop_all(self, server: str, queue: str, now: datetime, but: Iterable[str] = ()) -> None:
        left = set(but)
        for place in list(self._places.values()):
            if place.server == server and queue in place.members and place.interface not in left:
                self._drop(place, queue, now)

    def _follow(self, place: Place, now: datetime) -> None:
        """Bring the seat in step, and see to what only Asterisk or the database can do."""
        follow(place, self._floor.seats, now, lambda: self._somebody_waits(place))
        self._admission.look(place, now)
        self._keep(place)
        if place.pauses(now):
            self._wake(self._floor.servers[place.server])

    def _keep(self, place: Place) -> None:
        """Have SQL know its queues: commands ask whose calls it takes."""
        queues = frozenset(place.members)
        if place.seat is None:
            place.kept = frozenset()
        elif queues != place.kept and place.seat.session is not None:
            place.kept = queues
            self._floor.writer.put(agent_sessions.in_queues(place.seat.session, queues))

    def _somebody_waits(self, place: Place) -> bool:
        """Whether a person whose call is handed to one of its queues has nobody yet."""
        return any(
            call.desk.campaign.queue in place.members
            and call.trunk.server.name == place.server
            and call.attempt.answered_at is not None
            and call.wants_seat
            for call in self._floor.calls.values()
        )

    def _wake(self, server: ServerDesk) -> None:
        if server.name not in self._wakes:
            self._wakes[server.name] = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._work(server), name=f"queues {server.name}"))
        self._wakes[server.name].set()

    async def _work(self, server: ServerDesk) -> None:
        wake = self._wakes[server.name]
        while True:
            await wake.wait()
            wake.clear()
            try:
                for one in [one for one in self._followed.values() if one.server is server]:
                    if one.ask_at <= self._floor.clock.monotonic():
                        await self._ask(one)
                for place in [place for place in self._places.values() if place.server == server.name]:
                    await self._keep_paused(place)
            except ConnectionError:
                continue  # all of it is done anew when the link is back
            except Exception:
                log.exception("members of queues could not be followed", server=server.name)

    async def _ask(self, one: _Followed) -> None:
        """Who is in a queue. Raises ConnectionError."""
        one.heard.clear()
        server, queue = one.server.name, one.queue
        try:
            members, trouble = await one.server.telephony.members(queue), None
        except AsteriskError as error:
            members, trouble = None, f"Asterisk does not tell who is in queue {queue}: {error}"
        else:
            if members is None:
                trouble = f"server {server} has no queue {queue}: add it to its queues.conf, then: queue reload all"
        if self._followed.get((server, queue)) is not one:
            return
        if trouble is not None and trouble != one.trouble:
            log.error("no calls are placed for a queue", queue=queue, server=server, why=trouble)
        one.trouble, one.fresh = trouble, trouble is None
        one.ask_at = self._floor.clock.monotonic() + (REFRESH_SECONDS if trouble is None else MISSING_SECONDS)
        now = self._floor.clock.now()
        told = {member.interface: member for member in members or ()}
        self._drop_all(server, queue, now, but=told.keys() | one.heard)
        for member in told.values():
            if member.interface not in one.heard:
                place = self._place(server, member.interface)
                place.see(member, now)
                self._follow(place, now)
        self._floor.wake.set()

    async def _keep_paused(self, place: Place) -> None:
        """Pause who has a call of ours, and let go who is through with it. Raises ConnectionError."""
        for queue, paused, reason in place.pauses(self._floor.clock.now()):
            try:
                await self._pause(place, queue, paused=paused, reason=reason)
            except AsteriskError as error:
                place.refused.add((queue, paused))
                log.warning("a member cannot be paused", member=place.interface, queue=queue, why=str(error))

    async def _pause(self, place: Place, queue: str, *, paused: bool, reason: str = "") -> None:
        if reason != OWN_PAUSE:
            place.unpausing(queue)
        telephony = self._floor.servers[place.server].telephony
        await telephony.pause_member(queue, place.interface, paused=paused, reason=reason)
