"""Claims: who is called now. A claim is one conditional write, so no two engines ever hold one enrolment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, contacts, enrolments


@dataclass(frozen=True, slots=True)
class Claimed:
    """An enrolment held for dialing, with all that its call will need."""

    enrolment_id: int
    run_id: int
    contact_id: int
    number: str
    due_at: datetime
    claimed_at: datetime
    #: Attempts that ended before, and how many in which way.
    attempts: int
    tries: dict[str, int]
    last_end_reason: EndReason | None
    fields: dict[str, str]


async def claim(database: Database, run_id: int, limit: int, now: datetime) -> list[Claimed]:
    """Take up to `limit` enrolments that are due, in order of their due time."""
    due = (
        select(enrolments.c.id)
        .where(
            enrolments.c.run_id == run_id,
            enrolments.c.state == EnrolmentState.WAITING,
            enrolments.c.due_at <= now,
        )
        .order_by(enrolments.c.due_at, enrolments.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may carry a plain subquery out once for each row, and then claims more than `limit`.
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    async with database.writing() as connection:
        claimed = await connection.execute(
            update(enrolments)
            .where(enrolments.c.id.in_(select(due.c.id)), enrolments.c.state == EnrolmentState.WAITING)
            .values(state=EnrolmentState.CLAIMED, claimed_at=now)
            .returning(enrolments.c.id)
        )
        keys = list(claimed.scalars())
        return await _load(connection, keys) if keys else []


async def _load(connection: AsyncConnection, keys: list[int]) -> list[Claimed]:
    rows = await connection.execute(
        select(
            enrolments.c.id,
            enrolments.c.run_id,
            enrolments.c.contact_id,
            enrolments.c.number,
            enrolments.c.due_at,
            enrolments.c.claimed_at,
            enrolments.c.attempts,
            enrolments.c.tries,
            enrolments.c.last_end_reason,
            contacts.c.fields,
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.id.in_(keys))
        .order_by(enrolments.c.due_at, enrolments.c.id)
    )
    return [
        Claimed(
            enrolment_id=row.id,
            run_id=row.run_id,
            contact_id=row.contact_id,
            number=row.number,
            due_at=row.due_at,
            claimed_at=row.claimed_at,
            attempts=row.attempts,
            tries=dict(row.tries),
            last_end_reason=row.last_end_reason and EndReason(row.last_end_reason),
            fields=dict(row.fields),
        )
        for row in rows
    ]


async def load_claimed(database: Database, keys: list[int]) -> dict[int, Claimed]:
    """Enrolments by key: what a restarted dialer needs to take up the calls it finds alive."""
    async with database.reading() as connection:
        return {claimed.enrolment_id: claimed for claimed in await _load(connection, keys)}


async def release_unattempted(database: Database) -> int:
    """Give back every claim that has no living attempt: what a killed engine held in its hopper. Returns how many."""
    living = exists().where(attempts.c.enrolment_id == enrolments.c.id, attempts.c.state != AttemptState.ENDED)
    async with database.writing() as connection:
        result = await connection.execute(
            update(enrolments)
            .where(enrolments.c.state == EnrolmentState.CLAIMED, ~living)
            .values(state=EnrolmentState.WAITING, claimed_at=None)
        )
        return result.rowcount


async def release(database: Database, keys: list[int]) -> None:
    """Give claims back that were not dialled: the hopper of an engine that stops."""
    async with database.writing() as connection:
        await connection.execute(
            update(enrolments)
            .where(enrolments.c.id.in_(keys), enrolments.c.state == EnrolmentState.CLAIMED)
            .values(state=EnrolmentState.WAITING, claimed_at=None)
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is still to be done in a run."""

    #: When the next enrolment falls due; None when none waits.
    next_due: datetime | None
    #: Somebody is in a hopper or being called.
    claimed: bool

    @property
    def over(self) -> bool:
        """Nobody is left to be called."""
        return self.next_due is None and not self.claimed


async def outlook(database: Database, run_id: int) -> Outlook:
    """What is left of a run: two look-ups in the index by state and due time."""
    of_run = enrolments.c.run_id == run_id
    async with database.reading() as connection:
        # Claimed first: a call that ends between the two shows as waiting, never as gone.
        claimed = await connection.scalar(select(exists().where(of_run, enrolments.c.state == EnrolmentState.CLAIMED)))
        next_due = await connection.scalar(
            select(func.min(enrolments.c.due_at)).where(of_run, enrolments.c.state == EnrolmentState.WAITING)
        )
    return Outlook(next_due, bool(claimed))
