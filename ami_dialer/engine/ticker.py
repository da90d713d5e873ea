"""One tick: hopper, pacing, originate for each run that is going on."""

import asyncio
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog

from ami_dialer.domain.agent import OWN_AGENT, AgentState
from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.domain.errors import AsteriskError, StoreError
from ami_dialer.domain.events import EventName
from ami_dialer.engine import callbacks
from ami_dialer.engine.agents import sessions
from ami_dialer.engine.agents.offers import Offers
from ami_dialer.engine.agents.room import Room
from ami_dialer.engine.contexts import Contexts
from ami_dialer.engine.dispatch import Dispatch
from ami_dialer.engine.floor import Call, Floor, RunDesk
from ami_dialer.engine.reconcile import Reconcile
from ami_dialer.engine.refill import Refill
from ami_dialer.engine.runs import Runs
from ami_dialer.engine.sharing import Sharing
from ami_dialer.journey import originate, scrub
from ami_dialer.journey.originate import Placed
from ami_dialer.journey.scrub import Allowed
from ami_dialer.store import giving_back

log = structlog.get_logger(__name__)

#: A server that refuses one call refuses all (privileges, missing context): it is asked again so much later.
REFUSED_SECONDS = 30.0
#: The next tick begins so soon while more are due than could be judged.
_SOON_SECONDS = 0.01
#: A verdict is good for so long; a call that the database held up longer is judged again.
_VERDICT_SECONDS = 2.0


class Ticker:
    """Looks for work each tick, at once when a call ends, and when a rate allows the next call."""

    def __init__(
        self, floor: Floor, runs: Runs, dispatch: Dispatch, reconcile: Reconcile, room: Room, offers: Offers
    ) -> None:
        self._floor = floor
        self._runs = runs
        self._dispatch = dispatch
        self._reconcile = reconcile
        self._refill = Refill(floor, runs)
        self._sharing = Sharing(floor, room, offers)
        self._contexts = Contexts(floor)
        #: Runs whose contacts of agents' own were looked at when they began to go on.
        self._woken: set[int] = set()
        self._room = room
        self._offers = offers
        self._tick = floor.config.engine.tick
        self._followed_at = float("-inf")
        self._dials: set[asyncio.Task[None]] = set()
        self._trouble: str | None = None
        self._stopping = False

    async def run(self) -> None:
        """Tick until `stop`."""
        while not self._stopping:
            self._floor.wake.clear()
            wait = self._tick
            try:
                wait = await self._once()
                self._recovered()
            except StoreError as error:
                self._say_once(str(error))
                if not self._stopping:
                    self._floor.wake.clear()  # calls that were given back woke us: the database needs a moment
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._floor.wake.wait()

    def stop(self) -> None:
        """End after the tick that is going on. Not by cancelling: a claim must not be cut off in its transaction."""
        self._stopping = True
        self._floor.wake.set()

    async def settle(self, seconds: float) -> None:
        """Wait until every call that is being placed has been placed; give up those that take longer.

        What is given up waits for a commit, so its Originate was not sent, or for Asterisk's answer to it; the next
        start asks for it.
        """
        await self._contexts.stop()
        if self._dials:
            _, left = await asyncio.wait(self._dials, timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _once(self) -> float:
        now = self._floor.clock.monotonic()
        if now - self._followed_at >= self._tick:
            if await self._floor.database.keep_engine_lock():
                await self._runs.start_over()
            await self._runs.follow()
            self._followed_at = now
        await self._runs.hold()
        desks = list(self._floor.runs.values())
        await self._wake_own(desks)
        self._contexts.look(desks)
        more = [await self._refill.look(desk) for desk in desks]
        self._offers.look()
        sessions.follow(self._floor, desks)
        picked, rate_wait = self._sharing.hand_out(desks)
        self._withdraw(self._room.settle(desks))
        await self._dial_all(picked)
        for desk in desks:
            await self._refill.give_back(desk)
        return min(self._tick if rate_wait is None else rate_wait, _SOON_SECONDS if any(more) else self._tick)

    async def _wake_own(self, desks: list[RunDesk]) -> None:
        """Agents have come, or a run that goes on: contacts of those who are there that were put off are due.

        Raises StoreError.
        """
        came = set(self._floor.seats.came)
        paced = {desk.run.id: desk for desk in desks if desk.pacing is not None}
        if paced.keys() - self._woken:
            came |= {seat.agent for seat in self._floor.seats if seat.state is not AgentState.ON_BREAK}
        if came and paced:
            now = self._floor.clock.now()
            if await giving_back.wake(self._floor.database, list(paced), OWN_AGENT, came, now):
                for desk in paced.values():
                    desk.ask_again_at = desk.fill_at = 0.0
        self._floor.seats.came -= came
        self._woken = set(paced)

    def _withdraw(self, calls: list[Call]) -> None:
        """Give up calls that ring and that nobody is left for; a person who picks up just then is counted."""
        for call in calls:
            if not call.withdrawn:
                log.info("a call is given up: no agent is left for it", attempt=call.attempt.id)
            call.withdrawn = True
            if call.attempt.state is AttemptState.CLAIMED:
                continue  # it is not placed any more
            task = asyncio.create_task(self._give_up(call))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)

    async def _give_up(self, call: Call) -> None:
        try:
            await call.trunk.server.telephony.hang_up(call.attempt.id)
        except (ConnectionError, AsteriskError) as error:
            call.withdrawn = False
            log.warning("a call could not be given up", attempt=call.attempt.id, why=str(error))

    async def _dial_all(self, picked: list[Call]) -> None:
        """Place these calls, run by run.

        Without an answer about do-not-call lists, calls and consent they go back to their hopper.
        """
        by_run: dict[int, list[Call]] = {}
        for call in picked:
            by_run.setdefault(call.attempt.run_id, []).append(call)
        try:
            for key in list(by_run):
                await self._dial_some(by_run[key])
                del by_run[key]
        except StoreError:
            for calls in by_run.values():
                for call in reversed(calls):
                    self._floor.leave(call)
                    call.desk.hopper.appendleft(call.claimed)
            raise

    async def _dial_some(self, calls: list[Call]) -> None:
        floor, desk = self._floor, calls[0].desk
        scrubbed, judged = await scrub.at_dial(
            floor.database, floor.writer, floor.dnc, desk.court, [call.claimed for call in calls], floor.clock
        )
        desk.tally.excluded += scrubbed.excluded
        floor.announcer.excluded(desk, scrubbed.excluded, Exclusion.DNC, floor.clock.now())
        if scrubbed.moved:  # they wait for the hopper, with another phone
            desk.ask_again_at = 0.0
        desk.refused += judged.refused
        allowed = {one.claimed.enrolment_id: one for one in judged.allowed}
        for call in calls:
            if (one := allowed.get(call.claimed.enrolment_id)) is not None:
                _allow(call, one, judged.at)
                task = asyncio.create_task(self._dial(call))
                self._dials.add(task)
                task.add_done_callback(partial(self._dialled, call))
            else:
                floor.leave(call)

    async def _dial(self, call: Call) -> None:
        server = call.trunk.server
        wanted = originate.request(call.attempt, call.desk.campaign, call.trunk.settings, server.settings)
        placed = await originate.place(
            call.attempt,
            wanted,
            server.telephony,
            self._floor.writer,
            self._floor.clock,
            lambda: self._floor.draining,
            partial(self._forbidden, call),
        )
        if placed in (Placed.ACCEPTED, Placed.UNKNOWN):
            self._keep_callback(call)
        if call.attempt.id not in self._floor.calls:
            return  # a reconnect in between has settled it
        if placed is Placed.ACCEPTED:
            now = self._floor.clock.now()
            call.desk.tally.started(now)
            self._floor.announcer.dialled(call, now)
        elif placed is Placed.UNKNOWN:
            await self._reconcile.ask_for(call)
        else:
            if placed is Placed.REFUSED and server.telephony.connected:
                self._pause(call)
            self._dispatch.cancelled(call)

    def _keep_callback(self, call: Call) -> None:
        """The call that somebody asked for is placed."""
        if call.callee is None or (key := call.callee.callback) is None:
            return
        now = self._floor.clock.now()
        self._floor.writer.put(callbacks.kept(key, call.attempt, now))
        self._floor.announcer.call(EventName.CALLBACK_KEPT, call, now, callback=key)

    async def _forbidden(self, call: Call) -> str | None:
        """Why a call whose attempt is committed may not be placed any more, for people.

        Its verdict is a moment old. Where the database took longer, or the window shuts just now, everything is asked
        again.
        """
        floor, desk, now = self._floor, call.desk, self._floor.clock.now()
        if call.withdrawn:
            return "its agent left before it was placed"
        age = None if call.judged_at is None else (now - call.judged_at).total_seconds()
        if age is not None and 0 <= age < _VERDICT_SECONDS and (call.allowed_until is None or now < call.allowed_until):
            return None
        try:
            scrubbed, judged = await scrub.at_dial(
                floor.database, floor.writer, floor.dnc, desk.court, [call.claimed], floor.clock, [call.attempt.id]
            )
        except StoreError as error:
            return f"whether it may be called could not be asked again: {error}"
        desk.tally.took_out(scrubbed.excluded)
        if not scrubbed.allowed:
            return "it came on a do-not-call list or was given a final result before the call was placed"
        if judged.refused:
            return f"refused when the call was about to be placed: {judged.refused[0].verdict.why}"
        _allow(call, judged.allowed[0], judged.at)
        return None

    def _dialled(self, call: Call, task: asyncio.Task[None]) -> None:
        self._dials.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("a call could not be placed", attempt=call.attempt.id, why=repr(error))
        if call.attempt.state is AttemptState.CLAIMED and call.attempt.id in self._floor.calls:
            # Its attempt could not be written, so nothing was sent. The claim is given back by the next start: trying
            # it again at once would fail the same way for ever.
            self._floor.leave(call)

    def _pause(self, call: Call) -> None:
        server = call.trunk.server
        server.refused = call.attempt.detail or "no reason given"
        server.refused_until = self._floor.clock.monotonic() + REFUSED_SECONDS
        log.error(
            "Asterisk refuses calls; `ami-dialer doctor` says what is missing",
            server=server.name,
            why=server.refused,
            again_in_s=REFUSED_SECONDS,
        )

    def _say_once(self, trouble: str) -> None:
        report = log.debug if trouble == self._trouble else log.error
        report("no new calls while this lasts", why=trouble)
        self._trouble = trouble

    def _recovered(self) -> None:
        if self._trouble is not None:
            log.info("the database answers again")
            self._trouble = None


def _allow(call: Call, allowed: Allowed, at: datetime) -> None:
    """Keep with a call why it is allowed."""
    call.attempt.verdict = scrub.told(allowed, call.desk.court, at)
    call.judged_at, call.allowed_until, call.callee = at, allowed.verdict.until, allowed.callee
