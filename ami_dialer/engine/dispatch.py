"""Hears what happens to calls and passes them on to their next station."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from functools import partial

import structlog

from ami_dialer.domain.attempt import AttemptEvent, AttemptState
from ami_dialer.domain.calls import (
    AmdFacts,
    CallAnswered,
    CallBridged,
    CallClassified,
    CallEnded,
    CallEvent,
    CallRinging,
    CallUnserved,
)
from ami_dialer.domain.ending import GIVEN_UP, PICKED_UP, EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.events import EventName
from ami_dialer.engine.agents.connecting import Connecting
from ami_dialer.engine.agents.room import Room
from ami_dialer.engine.floor import Call, Floor, RunDesk, ServerDesk
from ami_dialer.engine.follow_up import FollowUp
from ami_dialer.journey import amd, disposition, flow
from ami_dialer.ports import CallerHungUpError, CallLeg
from ami_dialer.store import attempts, enrolments
from ami_dialer.store.callees import callee

log = structlog.get_logger(__name__)

#: A flow notices a hang-up within one AGI round trip. If it has not ended so long after the hang-up, it hangs itself.
FLOW_END_SECONDS = 10.0
#: One contact's fields may break a flow, even of two in a row. Five in a row are people called in vain for a fault of
#: the flow itself, or of what speaks it.
MAX_BROKEN_FLOWS = 5

#: What a call's new state is told as.
_TOLD = {
    AttemptState.RINGING: EventName.RINGING,
    AttemptState.ANSWERED: EventName.ANSWERED,
    AttemptState.IN_FLOW: EventName.FLOW_STARTED,
}


class Dispatch:
    """Applies events to calls. Every method here runs on the event loop and never blocks it."""

    def __init__(self, floor: Floor, room: Room) -> None:
        self._floor = floor
        self.connecting = Connecting(floor, room, self)
        self.follow_up = FollowUp(floor)
        self._hang_ups: set[asyncio.Task[None]] = set()
        #: Servers that hold calls of another dialer: said once.
        self._shared: set[str] = set()

    def on_event(self, server: ServerDesk, event: CallEvent) -> None:
        """Something happened to a call on a server."""
        call = self._floor.calls.get(event.attempt_id)
        if call is None:
            self._stray(server, event)
            return
        match event:
            case CallRinging():
                if call.attempt.state is AttemptState.ORIGINATING:
                    self._move(call, AttemptEvent.RING, event.at)
            case CallAnswered():
                self._answered(call, event.at)
            case CallClassified():
                self._answered(call, event.at)
                self._note(call, AmdFacts(event.status, event.cause), event.at)
            case CallBridged():
                if call.desk.campaign.paced:
                    self.connecting.bridged(call, event.at)
            case CallUnserved():
                self._unserved(call, event)
            case CallEnded():
                self._ended(call, event)

    def _stray(self, server: ServerDesk, event: CallEvent) -> None:
        """An event of a call that is over for us. One that lives is a late Originate: it must reach nobody."""
        if isinstance(event, CallEnded):
            return
        task = asyncio.create_task(self.end_strays(server, {event.attempt_id}))
        self._hang_ups.add(task)
        task.add_done_callback(self._hung_up)

    async def end_strays(self, server: ServerDesk, attempt_ids: Collection[str]) -> None:
        """End calls whose attempts are over. Raises ConnectionError, StoreError.

        An attempt is committed before its call is placed, so a call that the database does not know is another
        dialer's, with a database of its own.
        """
        ours = await attempts.known(self._floor.database, attempt_ids)
        for attempt_id in ours - self._floor.calls.keys():
            log.warning("a call lives whose attempt is over; it is ended", attempt=attempt_id)
            await server.telephony.hang_up(attempt_id)
        if len(ours) < len(attempt_ids) and server.name not in self._shared:
            self._shared.add(server.name)
            log.warning("another dialer uses this Asterisk too; its calls are left alone", server=server.name)

    def _hung_up(self, task: asyncio.Task[None]) -> None:
        self._hang_ups.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("it could not be ended", why=str(error))

    async def on_leg(self, leg: CallLeg) -> None:
        """An answered call is handed to us by the dialplan: station 6 and 7."""
        call = self._floor.calls.get(leg.attempt_id)
        settings = None if call is None else call.desk.flow
        served = call is not None and (call.in_flow or call.attempt.flow_at is not None or call.ended is not None)
        if call is None or settings is None or served:
            log.warning("a call came that is not waited for; it is ended", attempt=leg.attempt_id)
            await _hang_up(leg)
            return
        now = self._floor.clock.now()
        self._answered(call, now)
        self._note(call, leg.amd, now)
        if amd.classify(call.attempt, call.desk.campaign) is not None:
            self._keep(call)
            await _hang_up(leg)
            return
        call.in_flow = True
        host = flow.CallHost(
            call.attempt,
            call.claimed.fields,
            settings,
            self._floor.speech,
            self._floor.writer,
            self._floor.clock,
            partial(self._floor.announcer.call, call=call),
        )
        host.booking = self._booking(call)
        if call.desk.campaign.paced:
            await self.connecting.serve(leg, call, host, settings)
            return
        try:
            if leg.crowded:
                await self._not_served(call, leg, host, settings)
                return
            self._move(call, AttemptEvent.FLOW, now)
            result = await flow.run(leg, host, settings)
            self.flow_over(call, result.end, result.detail)
        except asyncio.CancelledError:
            self.flow_over(call, EndReason.FLOW_FAILED, "the dialer stopped while the call was in its flow")
            raise

    def _booking(self, call: Call) -> flow.Booking:
        """How the person may ask to be called back."""

        def booked(at: datetime) -> None:
            call.called_back_at = at

        desk, columns = call.desk, call.desk.court.columns
        claimed = call.claimed
        seen = call.callee or callee(
            call.attempt.number, call.attempt.contact_id, claimed.fields, columns, time_zone=claimed.time_zone
        )
        return flow.Booking(
            desk.run.campaign_id,
            desk.run.campaign,
            desk.campaign.callbacks.horizon,
            desk.court.judge,
            seen,
            booked,
            attempts_left=call.attempts_left,
        )

    async def _not_served(self, call: Call, leg: CallLeg, host: flow.CallHost, settings: flow.FlowSettings) -> None:
        """There is no room for the call: the person hears the message for abandoned calls."""
        self._keep(call)
        log.warning("a call is not served", attempt=call.attempt.id, campaign=call.desk.run.campaign, why=leg.crowded)
        trouble = await flow.say_sorry(leg, host, settings)
        detail = f"{leg.crowded}; {trouble}" if trouble else leg.crowded
        self.flow_over(call, EndReason.FLOW_FAILED, detail, crowded=True)

    def flow_over(self, call: Call, end: EndReason, detail: str | None, *, crowded: bool = False) -> None:
        """The flow has told its end; the attempt is concluded when the hang-up is known too.

        `crowded`: there was no room for it, which is no fault of the flow.
        """
        call.in_flow = False
        # We cut the person off, not they us: whoever wants them called again says so in the rule of flow_failed.
        ours = call.cut_off and end in {EndReason.HUNG_UP, EndReason.LOST}
        call.attempt.flow_end = EndReason.FLOW_FAILED if ours else end
        call.attempt.detail = detail or call.attempt.detail
        if not crowded:
            self._flow_told(call.desk, end, detail)
        if call.ended is not None:
            self._conclude(call, call.ended)
        elif call.gone:
            self.lost(call)

    def _flow_told(self, desk: RunDesk, end: EndReason, detail: str | None) -> None:
        """A flow that breaks will break for the next one too, who is called in vain: say so, and soon stop."""
        if self._floor.draining:
            return
        if end is not EndReason.FLOW_FAILED:
            desk.broken_flows = 0
            return
        desk.broken_flows += 1
        report = log.error if desk.broken_flows == 1 else log.debug
        report(
            "a flow broke; the person heard that the call could not be served",
            campaign=desk.run.campaign,
            detail=detail,
        )
        if desk.broken_flows == MAX_BROKEN_FLOWS:
            times = f"its flow broke {MAX_BROKEN_FLOWS} times in a row"
            desk.held = f"{times} ({detail}); mend it and start the dialer again"
            self._floor.wake.set()

    def cancelled(self, call: Call) -> None:
        """Nobody was called. The enrolment is due again as it was; the attempt stays as a record, and costs no try."""
        attempt = call.attempt
        attempt.end(EndReason.CANCELLED, self._floor.clock.now())
        again = enrolments.changed(call.claimed, EnrolmentState.WAITING, due_at=call.claimed.due_at)
        self._floor.writer.put(attempts.ended(attempt, call.desk.run.campaign), again)
        call.desk.ask_again_at = 0.0
        self._floor.leave(call)
        self._floor.announcer.call(EventName.CANCELLED, call, self._floor.clock.now(), detail=attempt.detail)
        log.info("attempt cancelled", action="attempt_cancelled", attempt=attempt.id, detail=attempt.detail)

    def lost(self, call: Call) -> None:
        """Asterisk does not hold the call any more, and its hang-up was not heard."""
        if call.attempt.state is AttemptState.ENDED:
            return
        call.gone = True
        if call.in_flow:  # it notices that itself, and its end is waited for
            asyncio.get_running_loop().call_later(FLOW_END_SECONDS, self._give_flow_up, call)
            return
        disposition.lose(call.attempt, self._floor.clock.now())
        self._after_end(call)

    def _answered(self, call: Call, now: datetime) -> None:
        if call.attempt.state in {AttemptState.ORIGINATING, AttemptState.RINGING}:
            self._move(call, AttemptEvent.ANSWER, now)

    def _unserved(self, call: Call, event: CallUnserved) -> None:
        self._answered(call, event.at)
        if call.attempt.connected_at is not None:
            return  # it talked with somebody over a restart of the dialer, whose session was gone when that was over
        if not call.in_flow and call.attempt.flow_end is None:
            call.attempt.flow_end = EndReason.FLOW_FAILED
            call.attempt.detail = f"the dialplan could not hand the call to the dialer: {event.detail}"
            self._flow_told(call.desk, EndReason.FLOW_FAILED, f"{call.attempt.detail}; `ami-dialer doctor` says why")

    def _ended(self, call: Call, event: CallEnded) -> None:
        if call.ended is not None:
            return
        call.ended = event
        if call.in_flow:
            asyncio.get_running_loop().call_later(FLOW_END_SECONDS, self._give_flow_up, call)
        else:
            self._conclude(call, event)

    def _give_flow_up(self, call: Call) -> None:
        if call.attempt.id in self._floor.calls and call.in_flow:
            if call.gone:
                self.flow_over(call, EndReason.LOST, None)
            else:
                self.flow_over(call, EndReason.HUNG_UP, "the flow did not notice the hang-up")

    def _conclude(self, call: Call, event: CallEnded) -> None:
        attempt = call.attempt
        if attempt.state is AttemptState.ENDED:
            return
        if attempt.answered_at is None and event.cause is None and not attempt.detail:
            attempt.detail = event.cause_text or "Asterisk could not make the channel; is the trunk reachable?"
        if call.withdrawn:
            self._withdrawn(call)
        elif call.cut_off:
            attempt.detail = attempt.detail or "hung up because the dialer was stopped"
        elif attempt.flow_at is not None and attempt.flow_end is None:
            attempt.detail = attempt.detail or "the dialer ended in the middle of the flow"
        disposition.conclude(
            attempt,
            call.desk.campaign,
            amd.classify(attempt, call.desk.campaign),
            cause=event.cause,
            reason=event.reason,
            now=event.at,
            withdrawn=call.withdrawn,
        )
        self._after_end(call)

    def _withdrawn(self, call: Call) -> None:
        """A call that was given up is over; a person may have picked it up in that moment."""
        if call.attempt.connected_at is not None:
            return  # somebody was there in the end
        call.desk.tally.withdrawn += 1
        call.attempt.detail = GIVEN_UP
        if call.attempt.answered_at is not None:
            call.desk.tally.withdrawn_answered += 1
            call.attempt.detail = PICKED_UP

    def _after_end(self, call: Call) -> None:
        self.connecting.ended(call, self._floor.clock.now())
        self.follow_up.after(call)

    def _move(self, call: Call, event: AttemptEvent, now: datetime) -> None:
        before = call.attempt.state
        call.attempt.move(event, now)
        log.debug("attempt moved", attempt=call.attempt.id, before=before, by=event, after=call.attempt.state)
        self._keep(call)
        if (name := _TOLD.get(call.attempt.state)) is not None:
            self._floor.announcer.call(name, call, now)

    def _note(self, call: Call, facts: AmdFacts, now: datetime) -> None:
        """What AMD said."""
        if amd.note(call.attempt, facts, now):
            self._keep(call)
            self._floor.announcer.call(EventName.CLASSIFIED, call, now, amd_status=facts.status, amd_cause=facts.cause)

    def _keep(self, call: Call) -> None:
        self._floor.writer.put(attempts.changed(call.attempt))


async def _hang_up(leg: CallLeg) -> None:
    try:
        await leg.hang_up()
    except CallerHungUpError:
        return
