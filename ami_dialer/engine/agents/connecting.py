"""Brings people who answered to those who take calls: who gets whom, for how long, and what when nobody is free."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.domain.attempt import AttemptEvent, AttemptState
from ami_dialer.domain.calls import CallEnded
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.domain.events import EventName
from ami_dialer.engine.agents import person
from ami_dialer.engine.agents.room import Room, is_promised, serves
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.talked import result_wanted
from ami_dialer.engine.floor import Call, Floor
from ami_dialer.journey import flow
from ami_dialer.ports import CallerHungUpError, CallLeg, SoundMissingError, SpeechFailedError
from ami_dialer.store import attempts

if TYPE_CHECKING:
    from ami_dialer.engine.dispatch import Dispatch

log = structlog.get_logger(__name__)

#: Q.850.
_NORMAL_CLEARING = 16
#: The kinds of seats that a line of ours reaches at once; members are chosen by their queue.
_OURS = frozenset({SeatKind.LINE, SeatKind.SESSION})
#: In these a line has nobody on it, and is to be in its bridge or its dialogue.
_LISTENS = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING, AgentState.ON_BREAK})
#: Who waits for somebody looks so often whether they are there, and whether the person is: a tenth of a second is not
#: felt beside seconds of waiting.
WAIT_SLICE_SECONDS = 0.1
#: Where Asterisk refuses to let a line wait again, it is asked so often.
RECOVER_SECONDS = 2.0
#: A hang-up is told within milliseconds of the end of its session, except by a channel that a supervisor barged into:
#: Asterisk keeps that one, silent, until the supervisor leaves. 2 s are sure to be no late event.
KEPT_OPEN_SECONDS = 2.0


class Members(Protocol):
    """Whoever looks after members of queues."""

    def call_over(self, attempt_id: str, now: datetime) -> None:
        """A member has the person of this attempt no more. Nothing where none had them."""
        ...


@dataclass(slots=True)
class _Waiting:
    """A person who waits for somebody."""

    call: Call
    seat: Seat | None = None


class Connecting:
    """Serves answered calls of campaigns with agents."""

    def __init__(self, floor: Floor, room: Room, dispatch: "Dispatch") -> None:
        self._floor = floor
        self._room = room
        self._dispatch = dispatch
        #: Told when the members of queues have their calls no more.
        self.members: Members | None = None
        #: Brings an agent's line out of a dialogue into the bridge.
        self.summon: Callable[[Seat], None] = lambda _: None
        #: People who wait for a line or a session, in order.
        self._waiting: dict[str, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, leg: CallLeg, call: Call, host: flow.CallHost, settings: flow.FlowSettings) -> None:
        """The whole call, from the end of AMD to the hang-up. Never raises, except when it is cancelled."""
        end: EndReason = EndReason.CONNECTED
        detail: str | None = None
        try:
            if leg.crowded:
                end, detail = await self._drop(leg, call, host, settings, leg.crowded)
            elif call.desk.campaign.queue is not None:
                end, detail = await self._by_queue(leg, call, host, settings, call.desk.campaign.queue)
            else:
                end, detail = await self._by_seat(leg, call, host, settings)
        except CallerHungUpError:
            if call.attempt.connected_at is None:
                end, detail = EndReason.ABANDONED, "hung up while waiting for an agent"
        except asyncio.CancelledError:
            if call.attempt.connected_at is None:
                self._give_back(call)
                self._dispatch.flow_over(call, EndReason.FLOW_FAILED, "the dialer stopped while the person waited")
            raise  # who talks goes on talking, and the next start finds them
        except Exception as error:
            log.exception("a call could not be connected, or not gone on with", attempt=call.attempt.id)
            detail = f"{type(error).__name__}: {error}"
            if call.attempt.connected_at is None:
                end = EndReason.FLOW_FAILED
            call.transfer = None
            await flow.say_sorry(leg, host, settings)
        finally:
            self._waiting.pop(call.attempt.id, None)
        self._give_back(call)
        if call.transfer is None or call.attempt.connected_at is None:
            with suppress(CallerHungUpError):
                await leg.hang_up()
        self._over(call, end, detail)

    def _over(self, call: Call, end: EndReason, detail: str | None) -> None:
        talked = call.attempt.connected_at is not None
        # What breaks after the talk is no fault of the campaign's flow, of which five would stop it.
        self._dispatch.flow_over(call, end, detail, crowded=talked)
        if talked and call.transfer is None:
            asyncio.get_running_loop().call_later(KEPT_OPEN_SECONDS, self._kept_open, call, self._floor.clock.now())

    def _kept_open(self, call: Call, at: datetime) -> None:
        """The person was hung up on at that time. Asterisk has not told it yet: a supervisor's ear is in the way.

        While the link is down nothing is told; its return settles the call.
        """
        server = call.trunk.server
        if call.ended is None and server.telephony.connected:
            self._dispatch.on_event(server, CallEnded(call.attempt.id, at, cause=_NORMAL_CLEARING))

    async def _by_seat(
        self, leg: CallLeg, call: Call, host: flow.CallHost, settings: flow.FlowSettings
    ) -> tuple[EndReason, str | None]:
        """Lines and sessions: the first one that is free, within the time that the campaign lets people wait."""
        campaign = call.desk.campaign
        until = self._floor.clock.monotonic() + campaign.dialing.customer_wait
        told: bool | None = None
        while (seat := await self._seat(leg, call, until - self._floor.clock.monotonic())) is not None:
            if seat.kind is SeatKind.SESSION:
                await leg.go_on(campaign.dialplan or "", "s")
                call.transfer = (campaign.dialplan or "", "s")
                self.bridged(call, self._floor.clock.now())
                return EndReason.CONNECTED, None
            told = await self._announce(leg, call, host) if told is None else told
            if await self._talk(leg, call, seat, record=told):
                if call.transfer is None:
                    return EndReason.CONNECTED, None
                await leg.go_on(*call.transfer)
                return EndReason.CONNECTED, f"transferred to {call.transfer[1]}"
            log.warning("an agent's line is gone; the person gets another one", agent=seat.agent)
        why = f"no agent was free within {campaign.dialing.customer_wait:g} s"
        return await self._drop(leg, call, host, settings, why)

    async def _seat(self, leg: CallLeg, call: Call, seconds: float) -> Seat | None:
        """Somebody for the call, who is taken from now on; None where nobody is free in time.

        Who waits longest is served first. The wait is a verb, so that a hang-up is noticed; keys mean nothing here.
        """
        waits = self._waiting[call.attempt.id] = _Waiting(call)
        self.match()
        until = self._floor.clock.monotonic() + seconds
        music = False
        try:
            while waits.seat is None and self._floor.clock.monotonic() < until:
                if not music:
                    await person.wait(leg, call.desk.campaign)
                    music = True
                await leg.wait_for_digit(WAIT_SLICE_SECONDS)
                if waits.seat is None and (seat := self._best(call, occupied=True)) is not None:
                    self.summon(seat)
        finally:
            self._waiting.pop(call.attempt.id, None)
        if music and call.desk.campaign.dialing.waiting_music is not None:
            await leg.music(None)
        return waits.seat

    def match(self) -> None:
        """Give those who wait whoever is free. Called whenever somebody may have become free; costs little else."""
        for waits in self._waiting.values():
            if waits.seat is None and (seat := self._best(waits.call)) is not None:
                seat.taken_by = waits.call.attempt.id
                waits.seat = seat

    def _best(self, call: Call, *, occupied: bool = False) -> Seat | None:
        """Whoever takes this call; None where nobody is free. With `occupied` of those who are in a dialogue.

        Its own agent, who was reserved for its run, who is ready, and at last who is reserved for another run, since a
        person waits here and theirs only ring; among equals who waits longest.
        """
        now, wanted, of_own = self._floor.clock.now(), call.claimed, self._room.calls_for_own()
        only = wanted.agent if not call.desk.campaign.own_agent.others else None
        free = (
            seat
            for seat in self._floor.seats
            if (seat.occupied if occupied else seat.free)
            and seat.rested(now)
            and seat.kind in _OURS
            and (seat.server == call.trunk.server.name or seat.kind is SeatKind.SESSION)
            and serves(seat, call.desk)
            and (seat.preview is None or seat.preview.enrolment_id == wanted.enrolment_id)
            and only in {None, seat.agent}
        )

        def closeness(seat: Seat) -> tuple[bool, bool, bool, bool, bool, datetime]:
            """Lower first."""
            own = seat.agent == wanted.agent
            chose = seat.preview is not None
            promised = not own and is_promised(seat, of_own)
            theirs = seat.run != call.desk.run.id
            return not own, not chose, promised, theirs, seat.state is not AgentState.READY, seat.idle_since

        return min(free, key=closeness, default=None)

    async def _talk(self, leg: CallLeg, call: Call, seat: Seat, *, record: bool) -> bool:
        """Connect them until that is over. False where the line was gone before."""
        attempt, campaign = call.attempt, call.desk.campaign
        attempt.agent = seat.agent
        if record and await person.record(leg, attempt, campaign):
            self._floor.writer.put(attempts.changed(attempt))
        if await person.connect(leg, seat.channel):
            self.bridged(call, self._floor.clock.now())  # where the event was missed
            return True
        if seat.taken_by == attempt.id:
            seat.taken_by, seat.waiting = None, False
            task = asyncio.create_task(self._recover(seat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return attempt.connected_at is not None

    async def _recover(self, seat: Seat) -> None:
        """Nobody could be bridged with a line: it waits anew, or it is gone."""
        telephony = self._floor.servers[seat.server].telephony
        while self._floor.seats.by_key.get(seat.key) is seat and seat.state in _LISTENS and not seat.waiting:
            if seat.taken_by is not None:
                return
            where = "waiting" if seat.occupied else "s"  # a break that begins, say, is for the dialogue
            try:
                there = await telephony.redirect(seat.channel, self._floor.config.agent_lines.context, where)
            except ConnectionError as down:
                log.info("an agent's line is asked for with the next link", agent=seat.agent, why=str(down))
                return
            except AsteriskError as refused:
                log.warning("an agent's line could not be brought back to wait", agent=seat.agent, why=str(refused))
                await asyncio.sleep(RECOVER_SECONDS)
            else:
                if not there:
                    self._floor.seats.leave(seat, self._floor.clock.now(), "the line is gone")
                return

    async def _by_queue(
        self, leg: CallLeg, call: Call, host: flow.CallHost, settings: flow.FlowSettings, name: str
    ) -> tuple[EndReason, str | None]:
        """One of Asterisk's queues: it chooses among its members, and `MemberConnected` says whom."""
        told = await self._announce(leg, call, host)
        if told and await person.record(leg, call.attempt, call.desk.campaign):
            self._floor.writer.put(attempts.changed(call.attempt))
        try:
            served = await person.queue(leg, call.desk.campaign, name)
        finally:
            self._missed(leg, call)
        if served:
            self._member_left(call)
            if call.transfer is not None:
                await leg.go_on(*call.transfer)
                return EndReason.CONNECTED, f"transferred to {call.transfer[1]}"
            return EndReason.CONNECTED, None
        waited = call.desk.campaign.dialing.customer_wait
        return await self._drop(leg, call, host, settings, f"no member of queue {name} answered within {waited:g} s")

    def _missed(self, leg: CallLeg, call: Call) -> None:
        """A member had the person while the link was down: the end of the call tells, when they were connected too."""
        if leg.talked is not None:
            self.bridged(call, self._floor.clock.now() - timedelta(seconds=leg.talked))

    async def _announce(self, leg: CallLeg, call: Call, host: flow.CallHost) -> bool:
        """Tell the person that the call is recorded, where the campaign says so. False: it must not be recorded."""
        recording = call.desk.campaign.recording
        if not recording.enabled or recording.announce is None:
            return True
        try:
            await leg.play(await host.speech(recording.announce, host.voice))
        except (SpeechFailedError, SoundMissingError) as error:
            log.error(
                "a call is not recorded, since that could not be announced", attempt=call.attempt.id, why=str(error)
            )
            return False
        return True

    async def _drop(
        self, leg: CallLeg, call: Call, host: flow.CallHost, settings: flow.FlowSettings, why: str
    ) -> tuple[EndReason, str | None]:
        """Nobody is free: the person hears the message, with the key to opt out, and the call counts as abandoned."""
        call.dropped = True
        now = self._floor.clock.now()
        since = call.attempt.classified_at or call.attempt.answered_at or now
        log.warning("nobody was free for a call", attempt=call.attempt.id, campaign=call.desk.run.campaign, why=why)
        self._floor.announcer.call(EventName.DROPPED, call, now, waited_s=round((now - since).total_seconds(), 3))
        self._floor.wake.set()
        trouble = await flow.say_sorry(leg, host, settings)
        return EndReason.ABANDONED, f"{why}; {trouble}" if trouble else why

    def bridged(self, call: Call, at: datetime) -> None:
        """The person and somebody are in one bridge: from now on they are connected."""
        attempt = call.attempt
        if attempt.connected_at is not None or attempt.state is not AttemptState.ANSWERED:
            return
        attempt.move(AttemptEvent.CONNECT, at)
        attempt.heard_at = at
        seat = next((seat for seat in self._floor.seats if seat.taken_by == attempt.id), None)
        if seat is not None:
            seat.taken_by = None
            attempt.agent = seat.agent
            self._floor.seats.move(seat, AgentEvent.CONNECT, at, run=attempt.run_id, attempt_id=attempt.id)
        self._floor.writer.put(attempts.changed(attempt))
        waited = (at - (attempt.classified_at or attempt.answered_at or at)).total_seconds()
        self._floor.announcer.call(EventName.CONNECTED, call, at, agent=attempt.agent, waited_s=round(waited, 3))

    def _give_back(self, call: Call) -> None:
        """The call does not need its seat any more: the agent wraps up, or is free again."""
        now, attempt = self._floor.clock.now(), call.attempt
        for seat in list(self._floor.seats):
            if seat.taken_by == attempt.id:
                seat.taken_by = None
                self._floor.seats.wake()
            if seat.kind is SeatKind.LINE and _talks(seat, attempt.id):
                self.over(seat, call, now)

    def over(self, seat: Seat, call: Call, now: datetime) -> None:
        """An agent's call is over: its result is asked for, unless the campaign does not want to know."""
        seat.preview, seat.dial_wanted = None, False
        campaign = call.desk.campaign
        asked = result_wanted(campaign, call.attempt.outcome) and seat.kind is not SeatKind.SESSION
        self._floor.seats.finish(seat, now, wrap_up=asked, pause=campaign.wrap_up.pause)

    def ended(self, call: Call, now: datetime) -> None:
        """An attempt has ended, however: whoever had it is not left in the call."""
        self._member_left(call)
        for seat in list(self._floor.seats):
            if _talks(seat, call.attempt.id) and seat.kind is not SeatKind.MEMBER:
                self.over(seat, call, now)
            if seat.taken_by == call.attempt.id:
                seat.taken_by = None
            if seat.preview is not None and seat.preview.enrolment_id == call.attempt.enrolment_id:
                seat.preview, seat.dial_wanted = None, False

    def _member_left(self, call: Call) -> None:
        if self.members is not None:
            self.members.call_over(call.attempt.id, self._floor.clock.now())

    async def hang_up(self, call: Call) -> None:
        """The agent ends the call. Raises ConnectionError, AsteriskError."""
        await call.trunk.server.telephony.hang_up(call.attempt.id)

    async def transfer(self, call: Call, context: str, extension: str) -> None:
        """The agent's line leaves the bridge; the person goes on at an extension. Raises ConnectionError.

        Nobody leads the person of a call that is older than this dialer: they are redirected, which ends the bridge.
        Raises AsteriskError where they are gone.
        """
        call.transfer = (context, extension)
        try:
            if call.in_flow:
                await self._out_of_bridge(call)
            else:
                await self._redirect(call, context, extension)
        except BaseException:
            call.transfer = None
            raise
        if not call.in_flow and call.ended is None:
            call.attempt.detail = f"transferred to {extension}"
            self._floor.writer.put(attempts.changed(call.attempt))
            self._member_left(call)
            self._give_back(call)

    async def _redirect(self, call: Call, context: str, extension: str) -> None:
        if not await call.trunk.server.telephony.redirect(call.attempt.id, context, extension):
            raise AsteriskError("the person is gone")

    async def _out_of_bridge(self, call: Call) -> None:
        seat = next((seat for seat in self._floor.seats if _talks(seat, call.attempt.id)), None)
        if seat is None:
            return
        telephony = call.trunk.server.telephony
        if seat.kind is SeatKind.LINE:
            await telephony.redirect(seat.channel, self._floor.config.agent_lines.context, "s")
        else:
            await telephony.hang_up_line(seat.channel)


def _talks(seat: Seat, attempt_id: str) -> bool:
    return seat.state is AgentState.IN_CALL and seat.attempt_id == attempt_id
