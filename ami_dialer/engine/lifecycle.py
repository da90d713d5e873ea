"""Start, run, drain, stop."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import structlog

from ami_dialer.domain.calls import CallEvent, SeatEvent
from ami_dialer.engine import abandonment, planned
from ami_dialer.engine.agents.offers import Offers
from ami_dialer.engine.agents.office import Office
from ami_dialer.engine.agents.room import Room
from ami_dialer.engine.dispatch import Dispatch
from ami_dialer.engine.fetcher import LOOK_SECONDS, Fetcher
from ami_dialer.engine.floor import Call, Floor, ServerDesk
from ami_dialer.engine.opt_out_line import OptOutLine
from ami_dialer.engine.planned import WRITTEN_SECONDS, Planned
from ami_dialer.engine.reconcile import Reconcile
from ami_dialer.engine.runs import Runs
from ami_dialer.engine.schedule import Job, Schedule, jobs_of
from ami_dialer.engine.status import LOOK_SECONDS as STATUS_SECONDS
from ami_dialer.engine.status import Status
from ami_dialer.engine.ticker import Ticker
from ami_dialer.ports import AgentLeg, CallLeg, ListSource
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.store import rulebooks

log = structlog.get_logger(__name__)

#: After the grace time calls are hung up; so long their hang-ups are waited for.
HANG_UP_SECONDS = 5.0
#: Calls that are being placed at the end may take so long: a commit, and Asterisk's answer to Originate.
PLACED_SECONDS = 5.0
#: The tick that is going on may take so long: its claim and its scrub each wait 10 s for another's lock on SQLite.
TICK_SECONDS = 25.0
#: The last writes may take so long; then they are given up, and the log says how many.
LAST_WRITES_SECONDS = 30.0
_POLL_SECONDS = 0.05


#: Serves an answered call; an agent's line.
OnLeg = Callable[[CallLeg], Awaitable[None]]
OnAgent = Callable[[AgentLeg], Awaitable[None]]


class LegServer(Protocol):
    """Something that hands answered calls over: FastAGI, or the socket of the classic script."""

    async def start(self) -> None:
        """Begin to listen."""
        ...

    async def stop(self, grace: float) -> None:
        """Stop listening, and end what is still going on after `grace` seconds."""
        ...


class Engine:
    """The running dialer. `start`, then wait for what you like, then `stop`."""

    def __init__(
        self,
        floor: Floor,
        leg_servers: Callable[[OnLeg, OnAgent], list[LegServer]],
        list_source: ListSource | None = None,
    ) -> None:
        """Without a `list_source` no list is fetched."""
        self.floor = floor
        room, offers = Room(floor), Offers(floor)
        self._dispatch = Dispatch(floor, room)
        self._office = Office(floor, room, offers, self._dispatch.connecting)
        self._reconcile = Reconcile(floor, self._dispatch)
        self._runs = Runs(floor)
        self._ticker = Ticker(floor, self._runs, self._dispatch, self._reconcile, room, offers)
        jobs = [*jobs_of(floor), Job("abandoned calls", abandonment.LOOK_SECONDS, self._runs.abandonment.look)]
        self._opt_out_line = OptOutLine(floor)
        self._leg_servers = leg_servers(self._on_leg, self._office.serve)
        self._fetcher = None
        if list_source is not None:
            self._fetcher = Fetcher(
                floor.config, floor.database, list_source, floor.clock, self._on_contacts, floor.announcer
            )
            jobs.append(Job("lists to be fetched", LOOK_SECONDS, self._fetcher.look))
        self._planned = Planned(floor, None if self._fetcher is None else self._fetcher.fetch)
        jobs.append(Job("schedules that were written", WRITTEN_SECONDS, self._planned.take_up))
        jobs.append(Job("campaigns that start by their schedule", planned.LOOK_SECONDS, self._planned.look))
        self._schedule = Schedule(jobs, floor.clock.monotonic)
        self._status = Status(floor, self._runs)
        # By itself: what it tells must not grow old while another job takes long.
        # So must what agents ask for, and the ends of their pauses, not wait for one.
        telling = [Job("what the engine sees", STATUS_SECONDS, self._status.look), *self._office.jobs()]
        self._telling = Schedule(telling, floor.clock.monotonic)
        #: A fault of ours that ended the ticker: nothing is dialled any more.
        self.fault: BaseException | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._hurried = False

    async def start(self) -> None:
        """Take up what was left, listen for answered calls, connect, and begin to dial. Raises DialerError."""
        self.floor.writer.start()
        await self._adopt_rules()
        self.floor.announcer.start()
        await self.floor.caller_ids.restore(self.floor.database, self.floor.clock.now())
        await self._runs.start_declared()
        await self._runs.follow()
        await self._reconcile.restore(self._runs)
        await self._office.restore()
        await self.floor.dnc.refresh(self.floor.database)
        await self._opt_out_line.prepare()
        for server in self._leg_servers:
            await server.start()
        for desk in self.floor.servers.values():
            await desk.telephony.start(partial(self._on_event, desk), partial(self._on_link, desk))
        self._schedule.start()
        self._telling.start()
        self._ticking = asyncio.create_task(self._ticker.run(), name="ticker")
        self._ticking.add_done_callback(self._ticker_ended)

    async def _adopt_rules(self) -> None:
        """By which rules of law calls are judged, and revocations must be honoured, until the next start."""
        config, now = self.floor.config, self.floor.clock.now()
        self.floor.rules = rules = await rulebooks.current(self.floor.database, config.compliance.rules, now)
        self.floor.deadlines = Deadlines(rules.rulebook)
        # Before anybody presses a key: it takes a moment.
        await asyncio.to_thread(self.floor.deadlines.prepare, now.date())

    @property
    def idle(self) -> bool:
        """No run is going on, no call is left, and no list is being fetched that may begin one."""
        fetching = self._fetcher is not None and self._fetcher.busy
        return not self.floor.runs and not self.floor.calls and not fetching

    @property
    def unusable(self) -> list[str]:
        """Runs that cannot go on, and why, for people."""
        return list(self._runs.unusable.values())

    async def stop(self, grace: float) -> None:
        """No new calls; calls in progress may go on for `grace` seconds, then they are hung up. State is saved."""
        self.floor.draining = True
        await self._schedule.stop()
        await self._planned.stop()
        if calls := self._ours():
            log.info("waiting for calls in progress", calls=len(calls), at_most_s=grace)
        if not await self._calls_over(grace, lambda: self._hurried):
            await self._ticker.settle(PLACED_SECONDS)  # what is just being placed has no channel to hang up yet
            await self._hang_up_all()
        await self._close()

    def hurry(self) -> None:
        """The grace time of a `stop` that is going on, or will be, is over."""
        self._hurried = True

    async def _calls_over(self, seconds: float, hurried: Callable[[], bool] = lambda: False) -> bool:
        end = self.floor.clock.monotonic() + seconds
        while self._watchable():
            if hurried() or self.floor.clock.monotonic() >= end:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True

    def _watchable(self) -> bool:
        """Whether a call goes on whose end can be seen; without a link the next start asks for it."""
        return any(call.trunk.server.telephony.connected or call.in_flow for call in self._ours())

    def _ours(self) -> list[Call]:
        """Calls that cannot go on without us. Who talks to an agent does, and the next start finds them."""
        return [
            call
            for call in self.floor.calls.values()
            if call.attempt.connected_at is None or not call.desk.campaign.paced
        ]

    async def _hang_up_all(self) -> None:
        log.info("the grace time is over; calls are hung up", calls=len(self._ours()))
        for call in self._ours():
            call.cut_off = True
            try:
                await call.trunk.server.telephony.hang_up(call.attempt.id)
            except ConnectionError:
                continue
        await self._calls_over(HANG_UP_SECONDS)

    async def _close(self) -> None:
        if self._fetcher is not None:
            await self._fetcher.stop()
        ticked = await self._last_tick()
        await self._ticker.settle(PLACED_SECONDS)
        for server in self._leg_servers:
            await server.stop(0.0)
        await self._reconcile.stop()
        await self._office.stop()
        for desk in self.floor.servers.values():
            await desk.telephony.stop()
        if ticked and self.floor.writer.trouble is None:
            for run in self.floor.runs.values():
                await self._runs.give_back(run)
        unsaved = await self.floor.writer.stop(LAST_WRITES_SECONDS)
        await self._telling.stop()
        await self._status.clear()
        await self.floor.announcer.stop()
        if unsaved:
            log.error("writes could not be saved; the next start asks Asterisk instead", writes=unsaved)
        if self.floor.calls:
            log.warning("calls are left for the next start to find", calls=len(self.floor.calls))

    async def _last_tick(self) -> bool:
        """Let the tick that is going on end. False where it is stuck: what it claimed is for the next start to find.

        It is not cancelled, for that would cut a claim off in the middle of its transaction.
        """
        if self._ticking is None:
            return True
        self._ticker.stop()
        done, _ = await asyncio.wait([self._ticking], timeout=TICK_SECONDS)
        if not done:
            log.error("the database does not answer; the dialer stops without it", waited_s=TICK_SECONDS)
        return bool(done)

    async def _on_contacts(self) -> None:
        """A list was fetched. Campaigns that waited for the first contacts begin."""
        await self._runs.start_declared()
        self.floor.wake.set()

    async def _on_leg(self, leg: CallLeg) -> None:
        """The dialplan hands a call over: one of ours that was answered, or one that came in on the opt-out line."""
        if leg.caller is not None:
            await self._opt_out_line.serve(leg, leg.caller)
        else:
            await self._dispatch.on_leg(leg)

    def _on_event(self, desk: ServerDesk, event: CallEvent | SeatEvent) -> None:
        if isinstance(event, SeatEvent):
            self._office.on_event(desk, event)
        else:
            self._dispatch.on_event(desk, event)

    def _on_link(self, desk: ServerDesk, up: bool) -> None:
        self._reconcile.on_link(desk, up)
        self._office.on_link(desk, up)

    def _ticker_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.fault = task.exception()
            log.critical("the ticker broke; no new calls", why=repr(self.fault))
