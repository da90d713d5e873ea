"""Preview: one contact at a time is offered to an agent, locked against all others, until it is dialled or skipped."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog

from ami_dialer.domain.agent import AgentEvent, AgentState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.errors import DialerError
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.store import agent_sessions, enrolments
from ami_dialer.store.hopper import Claimed

log = structlog.get_logger(__name__)

#: A skipped contact is offered again after so long where the campaign's rules do not say when unanswered ones are.
_AGAIN_SECONDS = 1_800.0


class OfferRefusedError(DialerError):
    """What an agent asked for cannot be; the text says why."""


class Offers:
    """Contacts that agents decide about."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: By enrolment: who has it, of which run.
        self._held: dict[int, tuple[Claimed, Seat, RunDesk]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, desk: RunDesk, claimed: Claimed, seat: Seat) -> None:
        """Offer a contact of the hopper to an agent who is free."""
        self._held[claimed.enrolment_id] = (claimed, seat, desk)
        self._floor.hold(claimed)
        seat.preview, seat.dial_wanted = claimed, False
        self._floor.seats.move(seat, AgentEvent.PREVIEW, self._floor.clock.now(), run=desk.run.id)
        task = asyncio.create_task(self._show(seat))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show(self, seat: Seat) -> None:
        """Bring the agent's line to the dialogue; where that fails the time to decide passes all the same."""
        telephony = self._floor.servers[seat.server].telephony
        try:
            await telephony.redirect(seat.channel, self._floor.config.agent_lines.context, "s")
        except (ConnectionError, DialerError) as error:
            log.warning("a contact cannot be read out to an agent", agent=seat.agent, why=str(error))

    def left(self, seat: Seat) -> float:
        """Seconds that are left to decide; 0 or less: it is dialled."""
        if seat.preview is None or (held := self._held.get(seat.preview.enrolment_id)) is None:
            return 0.0
        return held[2].campaign.dialing.preview.timeout - (self._floor.clock.now() - seat.since).total_seconds()

    def desk_of(self, seat: Seat) -> RunDesk | None:
        """The run whose contact is offered to an agent."""
        held = None if seat.preview is None else self._held.get(seat.preview.enrolment_id)
        return None if held is None else held[2]

    def may_skip(self, seat: Seat) -> bool:
        """Whether the contact may be skipped once more."""
        if seat.preview is None or (held := self._held.get(seat.preview.enrolment_id)) is None:
            return False
        return seat.preview.skips < held[2].campaign.dialing.preview.max_skips

    def dial(self, seat: Seat) -> None:
        """The agent wants the contact called, or the time to decide is over. Raises OfferRefusedError."""
        if seat.state is not AgentState.PREVIEWING or seat.preview is None:
            raise OfferRefusedError("there is no contact to dial")
        run = seat.run
        self._floor.seats.move(seat, AgentEvent.RESERVE, self._floor.clock.now(), run=run)
        seat.dial_wanted = True
        self._floor.wake.set()

    def skip(self, seat: Seat) -> None:
        """The agent does not want to call the contact: it comes again later. Raises OfferRefusedError."""
        if seat.state is not AgentState.PREVIEWING or seat.preview is None:
            raise OfferRefusedError("there is no contact to skip")
        if not self.may_skip(seat):
            raise OfferRefusedError("this contact was skipped as often as it may be; it is dialled")
        claimed, _, desk = self._held.pop(seat.preview.enrolment_id)
        rule = desk.campaign.retry.rules.get(EndReason.NO_ANSWER)
        now = self._floor.clock.now()
        due_at = now + timedelta(seconds=_AGAIN_SECONDS if rule is None else rule.after)
        skipped = replace(claimed, skips=claimed.skips + 1)
        self._floor.writer.put(
            enrolments.changed(skipped, EnrolmentState.WAITING, due_at=due_at),
            agent_sessions.skipped(desk.run.id, claimed.enrolment_id, seat.agent, now),
        )
        log.info("an agent skipped a contact", agent=seat.agent, contact=claimed.contact_id, times=skipped.skips)
        self._floor.let_go(claimed)
        desk.ask_again_at = 0.0
        seat.preview = None
        self._floor.seats.move(seat, AgentEvent.RELEASE, now)

    def wanted(self, desk: RunDesk) -> list[tuple[Claimed, Seat]]:
        """Contacts of a run whose agents want them called now."""
        return [(claimed, seat) for claimed, seat, of in self._held.values() if of is desk and seat.dial_wanted]

    def dialled(self, claimed: Claimed) -> None:
        """Its call takes its place."""
        _, seat, _ = self._held.pop(claimed.enrolment_id)
        seat.dial_wanted = False
        self._floor.let_go(claimed)

    def look(self) -> None:
        """Dial what nobody decided about in time; take back what was offered to agents who are gone."""
        for claimed, seat, desk in list(self._held.values()):
            mine = seat.preview is claimed and self._floor.seats.by_key.get(seat.key) is seat
            if mine and seat.state is AgentState.PREVIEWING:
                if self.left(seat) <= 0 or not self._floor.runs.get(desk.run.id):
                    self._out_of_time(claimed, seat, desk)
            elif not (mine and seat.dial_wanted and seat.state is AgentState.RESERVED):
                self._take_back(claimed, seat, desk)

    def _out_of_time(self, claimed: Claimed, seat: Seat, desk: RunDesk) -> None:
        if desk.run.id in self._floor.runs:
            self.dial(seat)
            return
        self._take_back(claimed, seat, desk)
        self._floor.seats.move(seat, AgentEvent.RELEASE, self._floor.clock.now())

    def _take_back(self, claimed: Claimed, seat: Seat, desk: RunDesk) -> None:
        """The contact is free for others, in its old place."""
        del self._held[claimed.enrolment_id]
        self._floor.let_go(claimed)
        if seat.preview is claimed:
            seat.preview, seat.dial_wanted = None, False
        if self._floor.runs.get(desk.run.id) is desk:
            desk.hopper.appendleft(claimed)
        else:
            self._floor.writer.put(enrolments.changed(claimed, EnrolmentState.WAITING, due_at=claimed.due_at))
        self._floor.wake.set()
