"""How far a run is: counts for status, live view and report."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select

from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, enrolments


async def enrolment_counts(database: Database, run_id: int) -> dict[EnrolmentState, int]:
    """Enrolments by state."""
    async with database.reading() as connection:
        rows = await connection.execute(
            select(enrolments.c.state, func.count()).where(enrolments.c.run_id == run_id).group_by(enrolments.c.state)
        )
        counts = {EnrolmentState(state): count for state, count in rows}
    return {state: counts.get(state, 0) for state in EnrolmentState}


async def exclusion_counts(database: Database, run_id: int) -> dict[Exclusion, int]:
    """Enrolments that were taken out, by what did it."""
    async with database.reading() as connection:
        rows = await connection.execute(
            select(enrolments.c.exclusion, func.count())
            .where(enrolments.c.run_id == run_id, enrolments.c.state == EnrolmentState.EXCLUDED)
            .group_by(enrolments.c.exclusion)
        )
        counts = {Exclusion(exclusion): count for exclusion, count in rows if exclusion is not None}
    return {exclusion: counts.get(exclusion, 0) for exclusion in Exclusion}


async def held_counts(database: Database, run_id: int) -> dict[str, int]:
    """Enrolments that a rule has put off, by the rule, the most frequent first. Goes through all who wait."""
    query = (
        select(enrolments.c.held_by, func.count())
        .where(
            enrolments.c.run_id == run_id,
            enrolments.c.state == EnrolmentState.WAITING,
            enrolments.c.held_by.is_not(None),
        )
        .group_by(enrolments.c.held_by)
        .order_by(func.count().desc(), enrolments.c.held_by)
    )
    async with database.reading() as connection:
        return {rule: int(count) for rule, count in await connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Totals:
    """What came of a run so far: what a live view begins with."""

    #: Enrolments that need no further call, and enrolments taken out.
    done: int
    excluded: int
    #: Ended attempts that called somebody, by disposition; how many of them were answered.
    dispositions: Counter[Disposition]
    answered: int


async def totals(database: Database, run_id: int) -> Totals:
    """The counts of a run."""
    by_state = await enrolment_counts(database, run_id)
    async with database.reading() as connection:
        rows = await connection.execute(
            select(attempts.c.disposition, func.count(), func.count(attempts.c.answered_at))
            .where(attempts.c.run_id == run_id, attempts.c.end_reason != EndReason.CANCELLED)
            .group_by(attempts.c.disposition)
        )
        counted = [(Disposition(name), count, answered) for name, count, answered in rows]
    return Totals(
        done=by_state[EnrolmentState.DONE],
        excluded=by_state[EnrolmentState.EXCLUDED],
        dispositions=Counter({disposition: count for disposition, count, _ in counted}),
        answered=sum(answered for _, _, answered in counted),
    )
