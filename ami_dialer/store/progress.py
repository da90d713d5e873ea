"""How far a run is: counts for status, live view and report."""

from collections import Counter

from sqlalchemy import func, select

from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.enrolment import EnrolmentState
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


async def disposition_counts(database: Database, run_id: int) -> Counter[Disposition]:
    """Ended attempts by disposition."""
    async with database.reading() as connection:
        rows = await connection.execute(
            select(attempts.c.disposition, func.count())
            .where(attempts.c.run_id == run_id, attempts.c.disposition.is_not(None))
            .group_by(attempts.c.disposition)
        )
        return Counter({Disposition(name): count for name, count in rows})


async def totals(database: Database, run_id: int) -> tuple[int, int, Counter[Disposition]]:
    """Enrolments done, enrolments excluded, and ended attempts by disposition: what a live view begins with."""
    counts = await enrolment_counts(database, run_id)
    return (
        counts[EnrolmentState.DONE],
        counts[EnrolmentState.EXCLUDED],
        await disposition_counts(database, run_id),
    )
