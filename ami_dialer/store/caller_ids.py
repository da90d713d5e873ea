"""How caller ids were used, counted from the attempts, and which of them somebody has retired."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, literal_column, select

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import audit
from ami_dialer.store.audit import MAX_ACTOR, Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, retired_caller_ids


class RetiringError(DialerError):
    """A caller id that is retired already, or is not."""


class Shown(NamedTuple):
    """A caller id as it was shown, and the calls with it."""

    caller_id: str
    calls: int
    """Since the beginning of the day."""
    answered: int
    """Of these, those that somebody or something answered."""
    last: datetime


class Retired(NamedTuple):
    """A caller id that was retired while the dialer ran."""

    number: str
    at: datetime
    actor: str
    reason: str | None


async def shown(database: Database, day: datetime, since: datetime, *, living: bool) -> list[Shown]:
    """The caller ids of all campaigns' calls: counts from `day` on, last use from `since` (no later than `day`) on.

    Calls that go on are counted where `living` says so. By the indexes of ended and of living attempts: the cost is
    that of the calls since then. Raises StoreError.
    """
    ended = _used(attempts.c.ended_at >= since, day, since)
    async with database.reading() as connection:
        found = list(await connection.execute(ended))
        if living:
            # A literal: SQLite takes the partial index of living attempts only where the value stands in the statement.
            over: ColumnElement[str] = literal_column(f"'{AttemptState.ENDED}'")
            found += await connection.execute(_used(attempts.c.state != over, day, since))
    # PostgreSQL gives sums as decimals.
    return [Shown(caller_id, int(calls), int(answered), last) for caller_id, calls, answered, last in found]


def _used(which: ColumnElement[bool], day: datetime, since: datetime) -> Select[str, int, int, datetime]:
    """Who was not called after all does not count."""
    today = attempts.c.claimed_at >= day
    answered = today & attempts.c.answered_at.is_not(None)
    return (
        select(
            attempts.c.caller_id,
            func.sum(case((today, 1), else_=0)),
            func.sum(case((answered, 1), else_=0)),
            func.max(attempts.c.claimed_at),
        )
        .where(
            which,
            attempts.c.claimed_at >= since,
            attempts.c.caller_id.is_not(None),
            func.coalesce(attempts.c.end_reason, "") != EndReason.CANCELLED,
        )
        .group_by(attempts.c.caller_id)
    )


async def retired(database: Database) -> list[Retired]:
    """Those that were retired while the dialer ran. Raises StoreError."""
    columns = retired_caller_ids.c
    query = select(columns.number, columns.at, columns.actor, columns.reason).order_by(columns.number)
    async with database.reading() as connection:
        return [Retired(*row) for row in await connection.execute(query)]


async def retire(database: Database, number: str, reason: str | None, now: datetime) -> None:
    """Not used any more, by whichever pool. Raises RetiringError, StoreError."""
    async with database.writing() as connection:
        known = select(retired_caller_ids.c.at).where(retired_caller_ids.c.number == number)
        if (at := await connection.scalar(known)) is not None:
            raise RetiringError(f"{number} is retired already, since {at:%Y-%m-%d %H:%M} UTC")
        row = {"number": number, "at": now, "actor": database.actor[:MAX_ACTOR], "reason": reason}
        await connection.execute(insert(retired_caller_ids).values(row))
        audit.note(connection, Entry("caller_id.retire", number, {} if reason is None else {"reason": reason}, now))


async def restore(database: Database, number: str, now: datetime) -> None:
    """Used again. Raises RetiringError, StoreError."""
    async with database.writing() as connection:
        done = await connection.execute(delete(retired_caller_ids).where(retired_caller_ids.c.number == number))
        if not done.rowcount:
            raise RetiringError(f"{number} is not retired")
        audit.note(connection, Entry("caller_id.restore", number, {}, now))


def numbers_of(found: Iterable[Retired]) -> frozenset[str]:
    """Their numbers."""
    return frozenset(one.number for one in found)
