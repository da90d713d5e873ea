"""Steps that are about a call: while it goes on, and in wrap-up."""

import asyncio
import re
from datetime import datetime
from typing import Protocol

import structlog

from ami_dialer.config.agents import EXTENSION_PATTERN, Transfer
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.domain.agent import AgentState, SeatKind
from ami_dialer.domain.callback import CallbackSource
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.events import EventName
from ami_dialer.engine.agents.holding import Holding
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.talked import Calls, StepRefusedError, Talked, asked_of_asterisk
from ami_dialer.engine.floor import Call, Floor
from ami_dialer.flows import callback_time
from ami_dialer.store import attempts, callbacks, dnc, outcomes, revoking
from ami_dialer.store.callback_writes import Wanted
from ami_dialer.store.callbacks import CallbackRefusedError
from ami_dialer.store.outcomes import UnknownTitleError
from ami_dialer.store.revoking import Barring, OptOuts

log = structlog.get_logger(__name__)

#: Seconds that an agent waits for a database that takes no writes; then they go on, and it is written when it does.
PATIENCE = 2.0
#: Why somebody has a break who gave none; heard by the agent.
NO_RESULTS = "No results given"
#: Context of asterisk_conf/extensions.conf whose extensions are Asterisk's queues, for transfers.
QUEUE_CONTEXT = "ami-dialer-queue"


class Connections(Protocol):
    """The person's side of a call (engine/agents/connecting.py). Each raises ConnectionError, AsteriskError."""

    async def hang_up(self, call: Call) -> None:
        """The agent ends the call."""
        ...

    async def transfer(self, call: Call, context: str, extension: str) -> None:
        """The person goes on at an extension; the agent's call is over."""
        ...


class DuringCall:
    """Each of these is one step. They return a sentence for people, or raise StepRefusedError with one; StoreError."""

    def __init__(self, floor: Floor, connections: Connections) -> None:
        self._floor = floor
        self._connections = connections
        self.calls = Calls(floor)
        self.holding = Holding(floor.seats)
        #: Attempts whose recording is paused.
        self._paused: set[str] = set()

    async def hang_up(self, seat: Seat) -> str:
        """End the call."""
        call = self.calls.going_on(seat)
        with asked_of_asterisk():
            await self._connections.hang_up(call)
        return "the call is over"

    async def hold(self, seat: Seat) -> str:
        """Put the person on hold."""
        await self.holding.hold(seat, self.calls.going_on(seat))
        return "the person is on hold"

    async def resume(self, seat: Seat) -> str:
        """Talk to the person again who is on hold."""
        await self.holding.resume(self.calls.going_on(seat))
        return "the person is on the line again"

    async def transfer(self, seat: Seat, to: str) -> str:
        """Send the person to a choice of the campaign's, by digit or name, or to an extension."""
        call = self.calls.going_on(seat)
        name, context, extension = _target(call.desk.campaign.transfer, to.strip())
        with asked_of_asterisk():
            await self._check_there(call, context, extension)
            await self._connections.transfer(call, context, extension)
        log.info(
            "a call is transferred",
            action="call_transferred",
            attempt=call.attempt.id,
            agent=seat.agent,
            context=context,
            to=extension,
        )
        return f"the person is transferred to {name}"

    async def _check_there(self, call: Call, context: str, extension: str) -> None:
        """Whether the person would get anywhere: asked while they still have the agent. Raises StepRefusedError."""
        telephony = call.trunk.server.telephony
        if context == QUEUE_CONTEXT:
            if await telephony.members(extension) is None:
                raise StepRefusedError(f"there is no queue {extension}; the person stays with you")
        elif not await telephony.extension_exists(context, extension):
            raise StepRefusedError(f"there is no extension {extension} in [{context}]; the person stays with you")

    async def do_not_call(self, seat: Seat) -> str:
        """The person does not want to be called any more: consent is revoked, and the number barred, at once."""
        talked = await self.calls.of(seat)
        now, to = self._floor.clock.now(), await self._opt_outs(talked)
        said = revoking.revocation(talked.number, to.scope, "agent", now, attempt_id=talked.attempt_id)
        record = revoking.honoured(said, to.deadlines, now)
        barring = Barring(to.list_id, "asked for it during a call", "agent")
        written = self._floor.writer.put(*revoking.writes(record, barring, now))
        if (call := self._floor.calls.get(talked.attempt_id)) is not None:
            self._floor.announcer.call(EventName.OPTED_OUT, call, now)
        await self._durable(written)
        return f"{talked.number} is on the do-not-call list {talked.document.opt_out_list}"

    async def callback(self, seat: Seat, at: datetime, note: str | None = None) -> str:
        """Call the person back at this time, or at the first lawful one after it, by this agent."""
        zones = (await self.calls.of(seat)).zones
        when = await self.call_back(seat, at, note)
        told = callback_time.told(when, self._floor.clock.now(), zones, "24h")
        there = f"{told['callback_day']} at {told['callback_time']} on their clock"
        why = "; no call may be made to them before that" if when > at else ""
        return f"the person is called back {there}, {when:%Y-%m-%d %H:%M} UTC{why}"

    async def call_back(self, seat: Seat, at: datetime, note: str | None = None) -> datetime:
        """As `callback`; returns for when it was taken."""
        talked, now = await self.calls.of(seat), self._floor.clock.now()
        call = self._floor.calls.get(talked.attempt_id)
        when = _lawful(call, at)
        wanted = Wanted(
            campaign_id=talked.campaign_id,
            contact_id=talked.contact_id,
            number=talked.number,
            at=when,
            source=CallbackSource.AGENT,
            agent=seat.agent,
            note=note,
            asked_in=talked.attempt_id,
        )
        try:
            await callbacks.ask(self._floor.database, wanted, now)
        except CallbackRefusedError as refused:
            raise StepRefusedError(str(refused)) from refused
        call = self._floor.calls.get(talked.attempt_id)  # it may have ended meanwhile
        if call is not None:
            call.called_back_at = when
        return when

    async def disposition(self, seat: Seat, title: str) -> str:
        """Give the call its result. In wrap-up that ends the wrap-up."""
        return await self.give(seat, await self.calls.of(seat), title)

    async def give(self, seat: Seat, talked: Talked, title: str) -> str:
        """The same for a certain call, which may be over by now."""
        known = meanings_of(self._floor.config, talked.document)
        meaning = known.get(title)
        if meaning is None:
            raise StepRefusedError(f"campaign {talked.campaign!r} knows no result {title!r}{known.like(title)}")
        call = self._floor.calls.get(talked.attempt_id)
        if call is not None:
            call.attempt.outcome = meaning.title
            await self._durable(self._floor.writer.put(attempts.outcome(call.attempt)))
        else:
            await self._give(talked, meaning.title)
        log.info(
            "an agent gave a result", action="result_given", agent=seat.agent, attempt=talked.attempt_id, result=title
        )
        seat.forgotten = 0
        if seat.attempt_id == talked.attempt_id:
            self.wrapped_up(seat)
        return f"the call counts as {meaning.title}"

    def wrapped_up(self, seat: Seat) -> None:
        """The wrap-up is over, with a result or without; nothing where it was over already."""
        if seat.state is AgentState.WRAP_UP:
            talked = self.calls.known(seat)
            pause = 0.0 if talked is None else talked.document.wrap_up.pause
            self._floor.seats.back(seat, self._floor.clock.now(), pause)

    def forgotten(self, seat: Seat) -> None:
        """The time for the result is over. Who gives none again and again is perhaps not there, and gets a break."""
        talked = self.calls.known(seat)
        most = 0 if talked is None else talked.document.wrap_up.max_forgotten
        seat.forgotten += 1
        if most and seat.forgotten >= most and seat.kind is SeatKind.LINE and seat.wanted_break is None:
            log.warning("an agent gives no results any more; is anybody there?", agent=seat.agent, calls=seat.forgotten)
            seat.forgotten, seat.wanted_break = 0, NO_RESULTS
        self.wrapped_up(seat)

    async def pause_recording(self, seat: Seat) -> str:
        """Silence in the recording from now on."""
        return await self._record(seat, paused=True)

    async def resume_recording(self, seat: Seat) -> str:
        """The recording goes on."""
        return await self._record(seat, paused=False)

    def recording_paused(self, seat: Seat) -> bool:
        """Whether the recording of the agent's call is paused."""
        return seat.attempt_id in self._paused

    async def _record(self, seat: Seat, *, paused: bool) -> str:
        call = self.calls.going_on(seat)
        settings = call.desk.campaign.recording
        if not settings.enabled:
            raise StepRefusedError("this call is not recorded")
        if paused and not settings.pause:
            raise StepRefusedError("the recordings of this campaign may not be paused")
        with asked_of_asterisk():
            await call.trunk.server.telephony.mute_recording(call.attempt.id, muted=paused)
        self._paused &= self._floor.calls.keys()
        (self._paused.add if paused else self._paused.discard)(call.attempt.id)
        return "the recording is paused" if paused else "the recording goes on"

    async def _opt_outs(self, talked: Talked) -> OptOuts:
        """What an opt-out of this call means; its run may be over."""
        floor = self._floor
        if (desk := floor.runs.get(talked.run_id)) is not None:
            return desk.opt_outs
        key = await dnc.ensure_list(floor.database, talked.document.opt_out_list, floor.clock.now())
        scope = await revoking.scope_of(floor.database, floor.config, talked.campaign, talked.document)
        return OptOuts(key, scope, floor.deadlines)

    async def _give(self, talked: Talked, title: str) -> None:
        floor = self._floor
        # What the end of the call wrote is to be there before: the result decides what follows from it anew.
        await self._durable(floor.writer.put())
        try:
            await outcomes.give(
                floor.database, floor.config, talked.attempt_id, title, floor.clock.now(), source="agent"
            )
        except (NotFoundError, UnknownTitleError) as refused:
            raise StepRefusedError(str(refused)) from refused

    async def _durable(self, written: asyncio.Future[None]) -> None:
        done, _ = await asyncio.wait([written], timeout=PATIENCE)
        if done:
            written.result()  # raises where the database refused it for good
        else:
            log.warning("what an agent did waits for the database and is kept", why=self._floor.writer.trouble)


def _lawful(call: Call | None, at: datetime) -> datetime:
    """The first lawful moment from `at` on, as far as it is known; what is not is judged when the time has come."""
    if call is None or call.callee is None:
        return at
    verdict = call.desk.court.judge.verdict(call.callee._replace(callback=call.callee.callback or 0), at)
    return at if verdict.allowed else verdict.next_at or at


def _target(transfer: Transfer, to: str) -> tuple[str, str, str]:
    """Name, context and extension of where a call is to go. Raises StepRefusedError."""
    if not transfer.allowed:
        raise StepRefusedError("calls of this campaign may not be transferred")
    by_name = {target.name.casefold(): target for target in transfer.to.values()}
    target = transfer.to.get(to) or by_name.get(to.casefold())
    if target is not None and target.queue is not None:
        return target.name, QUEUE_CONTEXT, target.queue
    if target is not None and target.extension is not None:
        return target.name, transfer.context, target.extension
    if transfer.any_extension and re.fullmatch(EXTENSION_PATTERN, to):
        return f"extension {to}", transfer.context, to
    known = ", ".join(f"{digit} {target.name}" for digit, target in transfer.to.items())
    raise StepRefusedError(f"calls are not transferred to {to!r}; known: {known or 'extensions'}")
