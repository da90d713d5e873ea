"""Whether a contact is called again after a result that was given when the call was over."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.retry import Retry, decide
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import GOING_ON, EnrolmentState
from ami_dialer.domain.meaning import Meanings
from ami_dialer.domain.rank import CALLBACK_RANK, of_retry
from ami_dialer.rules.retry import RetryVerdict, attempts_in, only_out
from ami_dialer.store import callback_rows, hopper
from ami_dialer.store.attempts import as_attempt
from ami_dialer.store.documents import legible_part
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.tables import attempts, enrolments, runs


class Decided(NamedTuple):
    """What became of an enrolment."""

    #: It waits until then; None: nothing was changed, or it waits no more.
    due_at: datetime | None = None
    #: It waited for another call, and does not wait any more.
    taken_out: bool = False


async def take_out(connection: AsyncConnection, enrolment_id: int, attempt_id: str) -> Decided:
    """Nobody is called again after a result that is final: whoever waits for another call is done.

    So is who is in a hopper for it: a claim that is not held any more is not dialled. Only the result of the last call
    decides. Whoever asked to be called back stays.
    """
    [one] = await hopper.loaded(connection, [enrolment_id])
    if await _asked_for(connection, one):
        return Decided()
    done = await connection.execute(
        update(enrolments)
        .where(
            enrolments.c.id == enrolment_id,
            enrolments.c.state.in_([EnrolmentState.WAITING, EnrolmentState.CLAIMED]),
            _is_last(attempt_id),
        )
        .values(state=EnrolmentState.DONE, held_by=None, claimed_at=None)
    )
    return Decided(taken_out=bool(done.rowcount))


async def decide_anew(connection: AsyncConnection, enrolment_id: int, attempt_id: str, known: Meanings) -> Decided:
    """Let the results of an enrolment's attempts, as they are now, decide whether and when it is called again.

    As station 9 would have at the end of its last attempt, in a run that goes on. Who is in the hopper or in a call
    already is left alone; so is who is excluded, whoever asked to be called back, and whose last attempt is another one
    than this, or was taken back before anybody was called.
    """
    retry, past = await _retry_of(connection, enrolment_id), await _past(connection, enrolment_id)
    last = past[-1]
    if retry is None or last.id != attempt_id or last.ended_at is None:
        return Decided()
    [one] = await hopper.loaded(connection, [enrolment_id])
    if last.end_reason in {None, EndReason.CANCELLED} or await _asked_for(connection, one):
        return Decided()
    tries, verdict = _replayed(retry, past, one, known)
    values: dict[str, Any] = {"state": EnrolmentState.DONE, "number": _free(last.number)}
    if verdict.delay is not None:
        values = {
            "state": EnrolmentState.WAITING,
            "due_at": last.ended_at + timedelta(seconds=verdict.delay),
            "number": _free(verdict.number or last.number),
            "rank": of_retry(one.rank, retry.order),
        }
    waited = await connection.scalar(select(enrolments.c.state).where(enrolments.c.id == enrolment_id))
    changed = await connection.execute(
        update(enrolments)
        .where(
            enrolments.c.id == enrolment_id,
            enrolments.c.state.in_([EnrolmentState.WAITING, EnrolmentState.DONE]),
            _is_last(attempt_id),
        )
        .values(tries=tries, attempts=attempts_in(tries), last_end_reason=last.end_reason, held_by=None, **values)
    )
    if not changed.rowcount:
        return Decided()
    due_at: datetime | None = values.get("due_at")
    return Decided(due_at, due_at is None and waited == EnrolmentState.WAITING)


async def _asked_for(connection: AsyncConnection, one: Claimed) -> bool:
    """Whether the enrolment waits for a callback, whose time goes before what results say."""
    if one.rank != CALLBACK_RANK:
        return False
    return bool(await callback_rows.open_of(connection, one.run_id, [one.contact_id], None))


def _is_last(attempt_id: str) -> ColumnElement[bool]:
    """Whether no attempt of the enrolment came after this one. Only the result of the last call decides."""
    last = select(func.max(attempts.c.id)).where(attempts.c.enrolment_id == enrolments.c.id).correlate(enrolments)
    return last.scalar_subquery() == attempt_id


async def _retry_of(connection: AsyncConnection, enrolment_id: int) -> Retry | None:
    """What the campaign's document in the run of this enrolment says of retries; None where the run is over."""
    document = await connection.scalar(
        select(runs.c.document)
        .join(enrolments, enrolments.c.run_id == runs.c.id)
        .where(enrolments.c.id == enrolment_id, runs.c.state.in_(GOING_ON))
    )
    return None if document is None else legible_part(document).retry


async def _past(connection: AsyncConnection, enrolment_id: int) -> list[Attempt]:
    rows = await connection.execute(
        select(attempts).where(attempts.c.enrolment_id == enrolment_id).order_by(attempts.c.id)
    )
    return [as_attempt(dict(row)) for row in rows.mappings()]


def _replayed(retry: Retry, past: list[Attempt], one: Claimed, known: Meanings) -> tuple[dict[str, int], RetryVerdict]:
    """The tries of all these attempts with the results they have now, and the verdict after the last of them.

    Phones that were left for another reason than a result, like an entry on a do-not-call list, stay left.
    """
    tries, verdict = only_out(one.tries, past[-1].number), RetryVerdict(None, "nobody was called")
    for attempt in past:
        if attempt.end_reason is not None and attempt.end_reason is not EndReason.CANCELLED:
            meaning = known.effective(attempt.outcome, attempt.disposition)
            tries, verdict = decide(retry, attempt.end_reason, tries, one.phones, attempt.number, meaning)
    return tries, verdict


def _free(number: str) -> ColumnElement[str]:
    """The phone, unless another enrolment of the run has got it meanwhile: then the one that it has."""
    other = enrolments.alias("other")
    taken = exists().where(
        and_(other.c.run_id == enrolments.c.run_id, other.c.number == number, other.c.id != enrolments.c.id)
    )
    return case((taken.correlate(enrolments), enrolments.c.number), else_=number)
