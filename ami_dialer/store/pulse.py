"""What came of the calls of runs, kept up to date cheaply: counted whole now and then, and what is new each second."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, extract, func, select

from ami_dialer.domain.attempt import ATTEMPT_ID_PREFIX
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """Attempts of a run that ended as one disposition."""

    run: int
    disposition: Disposition
    attempts: int
    answered: int
    #: Seconds from answer to end, of all of them together.
    talked: float

    def __add__(self, other: "Ended") -> "Ended":
        """The same run and disposition, counted at two times."""
        together = (self.attempts + other.attempts, self.answered + other.answered, self.talked + other.talked)
        return Ended(self.run, self.disposition, *together)


async def ended(
    database: Database, run_ids: Collection[int], after: datetime | None = None, until: datetime | None = None
) -> list[Ended]:
    """Attempts of runs that ended after one moment and not after the other; those that called nobody are left out.

    Without `after` it goes through all attempts of the runs, with it through those that ended since. Raises StoreError.
    """
    columns: tuple[ColumnElement[Any], ...] = (
        attempts.c.run_id,
        attempts.c.disposition,
        func.count(),
        func.count(attempts.c.answered_at),
        func.sum(_talked(database)),
    )
    # The sum keeps the databases from going by run, and so through all of it, where few have ended since.
    run = attempts.c.run_id if after is None else attempts.c.run_id + 0
    wanted = select(*columns).where(
        run.in_(run_ids), attempts.c.disposition.is_not(None), attempts.c.end_reason != EndReason.CANCELLED
    )
    if after is not None:
        wanted = wanted.where(attempts.c.ended_at > after)
    if until is not None:
        wanted = wanted.where(attempts.c.ended_at <= until)
    async with database.reading() as connection:
        rows = await connection.execute(wanted.group_by(attempts.c.run_id, attempts.c.disposition))
        return [Ended(row[0], Disposition(row[1]), row[2], row[3], float(row[4] or 0)) for row in rows]


def _talked(database: Database) -> ColumnElement[Any]:
    if database.is_sqlite:
        return (func.julianday(attempts.c.ended_at) - func.julianday(attempts.c.answered_at)) * 86_400
    return extract("epoch", attempts.c.ended_at - attempts.c.answered_at)


async def begun(database: Database, now: datetime) -> dict[int, int]:
    """Attempts that began in the last minute, by run: their keys sort by time. Raises StoreError."""
    since = now - _MINUTE
    first = f"{ATTEMPT_ID_PREFIX}{int(since.timestamp() * 1000):011x}"
    counted = select(attempts.c.run_id, func.count()).where(attempts.c.id >= first, attempts.c.claimed_at >= since)
    async with database.reading() as connection:
        return {row[0]: row[1] for row in await connection.execute(counted.group_by(attempts.c.run_id))}
