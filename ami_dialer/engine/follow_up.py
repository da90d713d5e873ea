"""What follows from the end of a call: its result, what it bars, when the contact is called again, and who is told."""

from datetime import datetime

import structlog

from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.events import EventName
from ami_dialer.domain.meaning import Meaning
from ami_dialer.engine import callbacks
from ami_dialer.engine.floor import Call, Floor, RunDesk
from ami_dialer.journey import disposition, retry
from ami_dialer.store import abandonment, attempts
from ami_dialer.store.callback_writes import asked, row_of
from ami_dialer.store.writer import Kind, Write

log = structlog.get_logger(__name__)


class FollowUp:
    """All of it is written in one commit; then the call is off the floor."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def after(self, call: Call) -> None:
        """A call has ended, however; the attempt says how."""
        attempt, desk = call.attempt, call.desk
        now = self._floor.clock.now()
        given = disposition.forgotten(attempt, desk.campaign)
        result = disposition.meaning(attempt, self._floor.config, desk.campaign)
        enrolment, verdict = retry.after(attempt, call.claimed, desk.campaign, now, result)
        called_back = self._call_back(call, result, now)
        if call.called_back_at is not None and not result.do_not_call:
            enrolment, verdict = callbacks.called_back(attempt, enrolment, verdict, call.called_back_at, now)
        barred = disposition.opt_outs(attempt, desk.campaign, result, desk.opt_outs, now)
        entered = self.entered(attempt, desk, cut_off=call.cut_off)
        end = attempts.ended(attempt, desk.run.campaign, opted_out=bool(barred))
        self._floor.writer.put(end, enrolment, *given, *barred, *called_back, *entered)
        desk.tally.ended(attempt)
        if verdict.delay is None:
            desk.tally.done += 1
        else:
            until = self._floor.clock.monotonic() + verdict.delay
            desk.ask_again_at = min(desk.ask_again_at, until)
        self._floor.leave(call)
        self._floor.announcer.ended(call, now)
        again = verdict.delay is not None
        self._floor.announcer.call(
            EventName.RETRY if again else EventName.FINISHED,
            call,
            now,
            why=verdict.why,
            **({"due_at": enrolment.row["due_at"]} if again else {}),
        )
        log.info(
            "attempt ended",
            action="attempt_ended",
            attempt=attempt.id,
            campaign=desk.run.campaign,
            end_reason=str(attempt.end_reason),
            disposition=str(attempt.disposition),
            outcome=attempt.outcome,
            cause=attempt.cause,
            detail=attempt.detail,
            next=verdict.why if enrolment.row["state"] == EnrolmentState.WAITING else None,
        )

    def _call_back(self, call: Call, result: Meaning, now: datetime) -> list[Write]:
        """The callback that the call's result asks for, unless the person asked for one in the call.

        Nobody has named a time for it: the budget of attempts binds it.
        """
        desk = call.desk
        wanted = disposition.call_back(call.attempt, result, desk.campaign, desk.run.campaign_id, now)
        if wanted is None or call.called_back_at is not None or not call.attempts_left:
            return []
        call.called_back_at = wanted.at
        return [Write(Kind.CALLBACK, row_of(wanted, now), asked(wanted, desk.run.campaign, now))]

    def entered(self, attempt: Attempt, desk: RunDesk, *, cut_off: bool = False) -> list[Write]:
        """What an attempt that has ended leaves in the ledger of abandonment, if somebody or something answered it.

        `cut_off`: we hung up on it.
        """
        connect = desk.abandonment.connect(attempt.number)
        found = disposition.answered(attempt, desk.campaign, desk.run.campaign_id, connect, cut_off=cut_off)
        if found is None:
            return []
        desk.abandonment.enter(found, self._floor.clock.now())
        return [abandonment.entered(found)]
