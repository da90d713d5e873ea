"""What came of a run: counts by outcome, answers, durations. For reports; never asked on the way of a call."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import PICKED_UP, Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store.database import Database
from ami_dialer.store.runs import Run, as_run, run_query
from ami_dialer.store.tables import answers, attempts, enrolments, runs

#: An attempt that was taken back called nobody: it is no outcome.
CALLED = or_(attempts.c.end_reason.is_(None), attempts.c.end_reason != EndReason.CANCELLED)


@dataclass(frozen=True, slots=True)
class EndCount:
    """How many attempts ended this way with this outcome, and how many contacts have it as their last one."""

    end_reason: EndReason
    outcome: str | None
    attempts: int
    answered: int
    contacts: int


@dataclass(frozen=True, slots=True)
class DigitCount:
    """How many contacts gave this valid answer; the last one counts."""

    question: str
    digits: str
    contacts: int


@dataclass(frozen=True, slots=True)
class QuestionCount:
    """How often a question was asked, and how often nothing useful came."""

    question: str
    #: Contacts who were asked, and times a wrong answer or none was given.
    asked: int
    invalid_tries: int
    silent_tries: int


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds: how many calls they were taken of, the mean, the longest and the sum."""

    calls: int
    mean: float
    longest: float
    total: float


async def runs_of(database: Database, campaign_key: int) -> list[Run]:
    """Every run of a campaign, newest first."""
    async with database.reading() as connection:
        rows = await connection.execute(
            run_query().where(runs.c.campaign_id == campaign_key).order_by(runs.c.id.desc())
        )
        return [as_run(row) for row in rows]


async def living_attempts(database: Database, run_id: int) -> int:
    """Calls of a run that have not ended, as the database knows it."""
    async with database.reading() as connection:
        return (
            await connection.scalar(
                select(func.count()).where(attempts.c.run_id == run_id, attempts.c.state != AttemptState.ENDED)
            )
            or 0
        )


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Calls that were given up while they rang, since nobody was left for them; those picked up in that moment."""

    calls: int
    picked_up: int


async def given_up(database: Database, run_id: int) -> GivenUp:
    """How many calls of a run were given up since agents left."""
    picked_up = attempts.c.detail == PICKED_UP
    query = select(func.count(), func.count().filter(picked_up)).where(
        attempts.c.run_id == run_id, or_(attempts.c.end_reason == EndReason.WITHDRAWN, picked_up)
    )
    async with database.reading() as connection:
        calls, picked = (await connection.execute(query)).one()
    return GivenUp(calls, picked)


async def end_counts(database: Database, run_id: int) -> list[EndCount]:
    """Attempts and contacts by end reason and outcome, most frequent first; who called nobody is left out."""
    of_run = and_(attempts.c.run_id == run_id, attempts.c.end_reason.is_not(None), CALLED)
    by_attempt = (
        select(attempts.c.end_reason, attempts.c.outcome, func.count(), func.count(attempts.c.answered_at))
        .where(of_run)
        .group_by(attempts.c.end_reason, attempts.c.outcome)
    )
    # Ids of attempts sort by time, so the greatest one of an enrolment is its last.
    last = select(func.max(attempts.c.id)).where(of_run).group_by(attempts.c.enrolment_id)
    by_contact = (
        select(attempts.c.end_reason, attempts.c.outcome, func.count())
        .where(attempts.c.id.in_(last))
        .group_by(attempts.c.end_reason, attempts.c.outcome)
    )
    async with database.reading() as connection:
        contacts = {(row[0], row[1]): row[2] for row in await connection.execute(by_contact)}
        counts = [
            EndCount(EndReason(reason), outcome, count, answered, contacts.get((reason, outcome), 0))
            for reason, outcome, count, answered in await connection.execute(by_attempt)
        ]
    return sorted(counts, key=lambda count: (-count.attempts, count.end_reason, count.outcome or ""))


@dataclass(frozen=True, slots=True)
class OrdinalCount:
    """How many contacts are at this attempt with this result; of a call that goes on there is none yet."""

    #: 1 for the first attempt.
    ordinal: int
    outcome: str | None
    disposition: Disposition | None
    contacts: int


async def ordinal_counts(database: Database, run_id: int) -> list[OrdinalCount]:
    """Contacts by their latest attempt and its result, calls that go on included."""
    last = select(func.max(attempts.c.id)).where(attempts.c.run_id == run_id, CALLED).group_by(attempts.c.enrolment_id)
    columns = (attempts.c.ordinal, attempts.c.outcome, attempts.c.disposition)
    query = select(*columns, func.count()).where(attempts.c.id.in_(last)).group_by(*columns).order_by(*columns)
    async with database.reading() as connection:
        return [
            OrdinalCount(ordinal, outcome, disposition and Disposition(disposition), count)
            for ordinal, outcome, disposition, count in await connection.execute(query)
        ]


@dataclass(frozen=True, slots=True)
class ExclusionCount:
    """How many contacts were taken out by this entry, condition or rule."""

    exclusion: Exclusion
    by: str
    contacts: int


async def exclusions(database: Database, run_id: int) -> list[ExclusionCount]:
    """Contacts taken out, by what took them out, the most frequent first."""
    # Of a rule by its id: the sentence has figures of each contact.
    by = func.coalesce(enrolments.c.held_by, enrolments.c.excluded_by)
    query = (
        select(enrolments.c.exclusion, by, func.count())
        .where(enrolments.c.run_id == run_id, enrolments.c.state == EnrolmentState.EXCLUDED)
        .group_by(enrolments.c.exclusion, by)
        .order_by(func.count().desc(), enrolments.c.exclusion, by)
    )
    async with database.reading() as connection:
        return [
            ExclusionCount(Exclusion(kind or Exclusion.DNC), by or "", count)
            for kind, by, count in await connection.execute(query)
        ]


def _answers_of(run_id: int, *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns)
        .select_from(answers.join(attempts, attempts.c.id == answers.c.attempt_id))
        .where(attempts.c.run_id == run_id)
    )


async def question_counts(database: Database, run_id: int) -> list[QuestionCount]:
    """Each question that was asked, in the order in which they were first asked."""
    wrong = and_(~answers.c.valid, answers.c.digits != "")
    silent = and_(~answers.c.valid, answers.c.digits == "")
    query = _answers_of(
        run_id,
        answers.c.question,
        func.count(distinct(attempts.c.enrolment_id)),
        func.count().filter(wrong),
        func.count().filter(silent),
    ).group_by(answers.c.question)
    async with database.reading() as connection:
        rows = await connection.execute(query.order_by(func.min(answers.c.id)))
        return [QuestionCount(*row) for row in rows]


async def digit_counts(database: Database, run_id: int) -> list[DigitCount]:
    """Valid answers by question and digits; of a contact who gave several to one question the last one counts."""
    last = (
        _answers_of(run_id, func.max(answers.c.id))
        .where(answers.c.valid)
        .group_by(attempts.c.enrolment_id, answers.c.question)
    )
    query = (
        select(answers.c.question, answers.c.digits, func.count())
        .where(answers.c.id.in_(last))
        .group_by(answers.c.question, answers.c.digits)
        .order_by(answers.c.question, answers.c.digits)
    )
    async with database.reading() as connection:
        return [DigitCount(*row) for row in await connection.execute(query)]


async def durations(database: Database, run_id: int) -> tuple[Duration, Duration]:
    """How long it rang (until the answer or the end), and how long people or machines were talked to."""
    until = func.coalesce(attempts.c.answered_at, attempts.c.ended_at)
    async with database.reading() as connection:
        ring = await _duration(connection, database, run_id, attempts.c.ringing_at, until)
        talk = await _duration(connection, database, run_id, attempts.c.answered_at, attempts.c.ended_at)
    return ring, talk


async def _duration(
    connection: AsyncConnection,
    database: Database,
    run_id: int,
    begin: ColumnElement[Any],
    end: ColumnElement[Any],
) -> Duration:
    if database.is_sqlite:
        seconds: ColumnElement[Any] = (func.julianday(end) - func.julianday(begin)) * 86_400
    else:
        seconds = extract("epoch", end - begin)
    row = (
        await connection.execute(
            select(func.count(seconds), func.avg(seconds), func.max(seconds), func.sum(seconds)).where(
                attempts.c.run_id == run_id, attempts.c.state == AttemptState.ENDED
            )
        )
    ).one()
    calls, mean, longest, total = (round(float(value or 0), 1) for value in row)
    return Duration(int(calls), mean, longest, total)
