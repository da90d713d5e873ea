"""Agents' lines: what is heard of them, which dialogue each needs now, and how they outlive the dialer."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import structlog

from ami_dialer.domain.agent import FREE, AgentEvent, AgentState, SeatKind
from ami_dialer.domain.attempt import wrap_up_line_id
from ami_dialer.domain.calls import LineCame, LineEnded, LineKey, LineLeft, LineWaits, SeatEvent
from ami_dialer.domain.errors import DialerError, StoreError
from ami_dialer.engine.agents.desk import MENU_KEY, Desk
from ami_dialer.engine.agents.seats import Seat, interface_of
from ami_dialer.engine.agents.steps import Steps
from ami_dialer.engine.agents.talked import Talked, result_wanted
from ami_dialer.engine.floor import Floor, ServerDesk
from ami_dialer.ports import AgentLeg, CallerHungUpError, LineNext, LinePurpose
from ami_dialer.store import agent_sessions, agents
from ami_dialer.store.agent_sessions import Session

log = structlog.get_logger(__name__)

#: Seconds between two looks.
LOOK_SECONDS = 1.0
#: In these nobody is on the line, and a key means that the agent wants something.
_LISTENS = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING, AgentState.ON_BREAK})
#: In these the line is to be in its dialogue, and not only wait.
_SPEAKS = frozenset({AgentState.WRAP_UP, AgentState.PREVIEWING, AgentState.ON_BREAK})


class Lines:
    """Serves agents' lines, and keeps seats in step with them."""

    def __init__(self, floor: Floor, steps: Steps) -> None:
        self._floor = floor
        self._steps = steps
        #: By line: the name of its server, of those that came since the start.
        self._servers: dict[str, str] = {}
        #: Lines in a dialogue, with the newest of their legs; those of them that have ended meanwhile.
        self._served: dict[str, AgentLeg] = {}
        self._gone: set[str] = set()
        #: Lines of agents who asked for the menu on their way into the bridge: it opens when they are there.
        self._early: set[str] = set()
        #: Log-ins of the engine before whose lines were not seen yet, by line.
        self._kept: dict[str, Session] = {}
        #: By attempt: the calls that they had, or wrapped up.
        self._talked: dict[str, Talked] = {}
        #: Lines that were brought to a dialogue by `look`, with the state that it was for.
        self._brought: dict[str, object] = {}
        self._names: Mapping[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._desk = Desk(floor, steps, self._servers)

    def on_event(self, server: ServerDesk, event: SeatEvent) -> None:
        """Something happened to a line. Those of queues' members are none of ours."""
        match event:
            case LineCame():
                self._servers[event.line] = server.name
            case LineWaits():
                self._waits(event.line, tunes=True)
            case LineLeft():
                if (seat := self._floor.seats.of_line(event.line)) is not None:
                    seat.waiting = False
            case LineKey():
                self._key(event)
            case LineEnded():
                self._ended(event)
            case _:
                pass

    def _waits(self, line: str, *, tunes: bool = False) -> None:
        seat = self._floor.seats.of_line(line)
        if seat is not None and line not in self._served:
            seat.waiting, seat.tuning = True, False
            early = line in self._early
            self._early.discard(line)
            if early and seat.state in _LISTENS and seat.taken_by is None:
                self._desk.keys[line] = MENU_KEY
                self._bring(seat)
                return
            if not (tunes and self._tune(seat)):
                self._floor.seats.wake()

    def _key(self, event: LineKey) -> None:
        """A key of somebody who waits opens the menu; from now on nobody can be connected with them."""
        seat = self._floor.seats.of_line(event.line)
        if seat is None:
            self._desk.pressed(event.line, event.digit)
        if seat is None or seat.kind is not SeatKind.LINE or seat.taken_by is not None:
            return
        if seat.state not in _LISTENS and event.line not in self._served:
            return
        if seat.state in FREE and event.digit != MENU_KEY:
            return  # a result that came a moment too late takes nobody away from the next call
        if seat.waiting and seat.state in _LISTENS:
            self._desk.keys[event.line] = event.digit
            self._bring(seat)
        elif event.digit == MENU_KEY and event.line not in self._desk.keys:
            (self._desk.stars if event.line in self._served else self._early).add(event.line)

    def _ended(self, event: LineEnded) -> None:
        self._servers.pop(event.line, None)
        self._desk.keys.pop(event.line, None)
        self._early.discard(event.line)
        self._brought.pop(event.line, None)
        self._desk.owed.discard(event.line)
        self._desk.ring.discard(event.line)
        self._desk.wanted_ring.discard(event.line)
        self._steps.displaced.discard(event.line)
        if (kept := self._kept.pop(event.line, None)) is not None:
            self._later(agent_sessions.close(self._floor.database, [kept.id], event.at, "the line ended"))
        if event.line in self._served:
            self._gone.add(event.line)
        self._leave(event.line)

    def _leave(self, line: str) -> None:
        seat = self._floor.seats.of_line(line)
        if seat is not None and seat.kind is SeatKind.LINE:
            self._floor.seats.leave(seat, self._floor.clock.now(), "the line ended")

    async def serve(self, leg: AgentLeg) -> None:
        """A line has come to us. Never raises, except when it is cancelled; nobody is left without what comes next."""
        self._served[leg.line] = leg
        self._early.discard(leg.line)
        self._desk.ring.discard(leg.line)
        seat = self._floor.seats.of_line(leg.line) or self._member(leg)
        if seat is not None and seat.kind is SeatKind.LINE and leg.purpose is LinePurpose.DESK:
            seat.waiting = seat.tuning = False
        try:
            await self._serve(leg)
        except CallerHungUpError:
            log.debug("a line left in the middle of its dialogue", line=leg.line)
        except Exception as error:
            log.exception("a dialogue with an agent broke", line=leg.line, purpose=leg.purpose, why=str(error))
            await self._after_fault(leg)
        finally:
            if self._served.get(leg.line) is leg:  # else the line has come again, before this one heard that it left
                del self._served[leg.line]
                self._desk.stars.discard(leg.line)
            if leg.line in self._gone:  # it ended right when its agent was being logged in
                if leg.line not in self._served:
                    self._gone.discard(leg.line)
                self._leave(leg.line)

    def _member(self, leg: AgentLeg) -> Seat | None:
        """Whose leg this is of the members of queues with a call that is older than this dialer."""
        for seat in self._floor.seats:
            if seat.kind is not SeatKind.MEMBER or seat.line or seat.attempt_id is None:
                continue
            theirs = leg.channel.startswith(f"{interface_of(seat).removesuffix('/n')}-")
            if theirs or leg.line == wrap_up_line_id(seat.attempt_id):
                seat.line, seat.channel = leg.line, leg.channel
                return seat
        return None

    async def _serve(self, leg: AgentLeg) -> None:
        if leg.purpose is LinePurpose.SUPERVISE:
            await self._desk.supervise(leg)
        elif leg.purpose is LinePurpose.CODE:
            await self._desk.code(leg)
        else:
            if (kept := self._kept.pop(leg.line, None)) is not None:  # it proves itself that it is there
                await self._take_up([kept], {leg.line: leg.channel})
            await self._desk.serve(leg)

    async def _after_fault(self, leg: AgentLeg) -> None:
        """Whatever broke: an agent who is logged in goes on waiting, whoever is not hears that it failed."""
        try:
            if leg.purpose is LinePurpose.DESK and self._floor.seats.of_line(leg.line) is not None:
                await leg.then(LineNext.WAIT)
            elif leg.purpose is not LinePurpose.CODE:
                await leg.play(self._floor.config.fastagi.closing_prompt)
        except Exception as error:  # noqa: BLE001 - the line may be gone, or the sound missing
            log.debug("nothing could be said on the line", line=leg.line, why=repr(error))

    async def restore(self) -> None:
        """Read who was logged in when the last engine ended; `on_link` takes them up. Raises StoreError."""
        going_on = await agent_sessions.going_on(self._floor.database)
        self._kept = {one.line: one for one in going_on if one.kind is SeatKind.LINE}
        for key in {one.attempt_id for one in self._kept.values() if one.attempt_id is not None}:
            if (talked := await self._steps.calls.recall(key)) is not None:
                self._talked[key] = talked
        gone = [one for one in self._kept.values() if one.server not in self._floor.servers]
        await self._close(gone, "its server is not in the configuration any more")

    async def on_link(self, server: ServerDesk) -> None:
        """The link is up, and the server's calls are known: seats become what is true now.

        Raises ConnectionError, AsteriskError, StoreError.
        """
        held = await server.telephony.lines(self._floor.config.agent_lines.context)
        now = self._floor.clock.now()
        for line in held:  # some may have been there before us, in the middle of their log-in
            self._servers.setdefault(line, server.name)
        kept = [one for one in self._kept.values() if one.server == server.name]
        await self._close([one for one in kept if one.line not in held], "the line ended while nobody watched")
        alive = [one for one in kept if self._kept.pop(one.line, None) is not None]
        await self._take_up(alive, held)
        for seat in [one for one in self._floor.seats if one.kind is SeatKind.LINE and one.server == server.name]:
            if seat.line not in held and seat.line not in self._served:
                self._floor.seats.leave(seat, now, "the line ended while nobody watched")
            elif seat.state is not AgentState.IN_CALL and seat.taken_by is None and seat.line not in self._served:
                # Whether it waits nobody knows: its dialogue sends it back into the bridge, and that is heard.
                self._bring(seat)

    async def _close(self, gone: list[Session], why: str) -> None:
        for one in gone:
            self._kept.pop(one.line, None)
            log.info("an agent's line is gone", agent=one.agent, why=why)
        await agent_sessions.close(self._floor.database, [one.id for one in gone], self._floor.clock.now(), why)

    async def _take_up(self, sessions: list[Session], held: Mapping[str, str]) -> None:
        """Seats of the engine before."""
        if sessions and not self._names:
            with suppress(StoreError):  # then they go by their numbers
                self._names = {one.number: one.name for one in await agents.every(self._floor.database)}
        for one in sessions:
            self._adopt(one, held.get(one.line, one.channel))

    def _adopt(self, one: Session, channel: str) -> None:
        floor, now = self._floor, self._floor.clock.now()
        self._servers[one.line] = one.server
        talked = self._talked.pop(one.attempt_id or "", None)
        seat = Seat(
            key=f"line:{one.id}",
            kind=SeatKind.LINE,
            agent=one.agent,
            name=self._names.get(one.agent, one.agent),
            server=one.server,
            began_at=one.began_at,
            since=one.since,
            idle_since=one.since,
            state=one.state,
            reason=None if one.state is AgentState.IN_CALL else one.reason,  # on hold is nobody any more
            line=one.line,
            channel=channel,
            campaigns=None if one.campaigns is None else frozenset(one.campaigns),
            session=one.id,
            run=None if talked is None else talked.run_id,  # it is not over before their wrap-up is
            attempt_id=one.attempt_id,
            waiting=False,
        )
        floor.seats.enter(seat, now)
        if talked is not None:
            self._steps.calls.keep(talked)
        if seat.state in {AgentState.RESERVED, AgentState.PREVIEWING}:
            floor.seats.move(seat, AgentEvent.RELEASE, now)
        elif seat.state is AgentState.IN_CALL:
            self._still_talks(seat, talked)
        log.info("an agent is still logged in", agent=one.agent, state=seat.state)

    def _still_talks(self, seat: Seat, talked: Talked | None) -> None:
        """Whether they do; where the call ended while nobody watched, its result is asked for, if it has none."""
        call = self._floor.calls.get(seat.attempt_id or "")
        if call is not None and call.ended is None and not call.gone:
            return
        asked = talked is None or result_wanted(talked.document, call.attempt.outcome if call else talked.outcome)
        pause = 0.0 if talked is None else talked.document.wrap_up.pause
        self._floor.seats.finish(seat, self._floor.clock.now(), wrap_up=asked, pause=pause)

    async def look(self) -> None:
        """Each second: whoever is to hear something, and waits instead, is brought to the dialogue. Once each."""
        now = self._floor.clock.now()
        for seat in self._floor.seats:
            if seat.kind is not SeatKind.LINE or not seat.waiting or seat.state not in _SPEAKS:
                continue
            fresh = (now - seat.since).total_seconds() < LOOK_SECONDS
            if not fresh and self._brought.get(seat.line) != (seat.state, seat.since):
                self._brought[seat.line] = (seat.state, seat.since)
                self._bring(seat)

    def summon(self, seat: Seat) -> None:
        """Out of a dialogue and back into the bridge: somebody is on the line who finds nobody else."""
        leg = self._served.get(seat.line)
        if leg is None or leg.purpose is not LinePurpose.DESK:
            return  # it is on its way into the bridge, or in the menu of a code and then on that way
        del self._served[seat.line]
        if seat.line in self._desk.in_menu:
            self._desk.owed.add(seat.line)
        log.info("an agent is called out of the menu: somebody is on the line", agent=seat.agent)
        self._desk.stars.discard(seat.line)
        self._bring(seat, "waiting")

    def tone(self, seat: Seat, *, ringing: bool) -> None:
        """Let somebody who waits hear that calls are placed for them, or silence again."""
        if seat.kind is SeatKind.LINE:
            (self._desk.wanted_ring.add if ringing else self._desk.wanted_ring.discard)(seat.line)
            self._tune(seat)

    def _tune(self, seat: Seat) -> bool:
        """Into the bridge with the sound that is wanted, now or when the line waits. Whether it is on its way there."""
        ringing = seat.line in self._desk.wanted_ring
        if not seat.waiting or seat.taken_by is not None or ringing == (seat.line in self._desk.ring):
            return False
        (self._desk.ring.add if ringing else self._desk.ring.discard)(seat.line)
        seat.tuning = True
        self._bring(seat, "connecting" if ringing else "waiting")
        return True

    def _bring(self, seat: Seat, extension: str = "s") -> None:
        """Out of the holding bridge, into the dialogue or back into a bridge with another sound."""
        seat.waiting = False
        self._later(self._redirect(seat, extension))

    async def _redirect(self, seat: Seat, extension: str) -> None:
        telephony, context = self._floor.servers[seat.server].telephony, self._floor.config.agent_lines.context
        try:
            if await telephony.redirect(seat.channel, context, extension):
                return
            log.info("an agent's line is gone", agent=seat.agent)
        except (ConnectionError, DialerError) as error:
            log.warning("an agent's line could not be brought to its dialogue", agent=seat.agent, why=str(error))
            if seat.line not in self._served:
                self._waits(seat.line)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("what a line was to do failed", why=str(error) or repr(error))

    async def stop(self) -> None:
        """Nothing more is asked of Asterisk. Lines go on in the dialplan, and find the next engine."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
