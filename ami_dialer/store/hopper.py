"""Claims: who is called now. A claim is one conditional write, so no two engines ever hold one enrolment."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.domain.rank import AHEAD, FIRST_RANK
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, contact_phones, contacts, enrolments

#: `excluded_by` of those whose time was over when they would have been called.
EXPIRED_WAITING = "expired before it could be called"


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
    #: The contact's own, as its list names it.
    time_zone: str | None = None
    #: When the contact came in.
    known_since: datetime | None = None
    #: CALLBACK_RANK: at a time that was asked for, or tried again after that.
    rank: int = FIRST_RANK + 1
    #: The contact's, in dialing order, without those that another enrolment of the run has.
    phones: tuple[str, ...] = ()
    #: The number of the agent it belongs to; None: anybody's.
    agent: str | None = None
    #: How often agents skipped it in this run.
    skips: int = 0


#: One claim excludes at most so many whose time is over; the next one goes on. They are not to hold up the writes of
#: calls for long.
_MOST_EXPIRED = 5_000


async def claim(
    database: Database, run_id: int, limit: int, now: datetime, on_expired: Callable[[int], None] | None = None
) -> list[Claimed]:
    """Take up to `limit` enrolments that are due: lowest rank first, within it in order of their due time.

    Whoever has expired is excluded instead; `on_expired` is told how many.
    """
    keys: list[int] = []
    expired = 0
    async with database.writing() as connection:
        for rank in await _due_ranks(connection, run_id, now):
            # As many as still fit. Those that turn out to have expired leave room for others.
            while len(keys) < limit and expired < _MOST_EXPIRED:
                taken = await _take(connection, run_id, rank, limit - len(keys), now)
                claimed = [key for key, state in taken if state == EnrolmentState.CLAIMED]
                keys += claimed
                expired += len(taken) - len(claimed)
                if len(claimed) == len(taken):
                    break
            if len(keys) >= limit or expired >= _MOST_EXPIRED:
                break
        found = await loaded(connection, keys) if keys else []
    if expired and on_expired is not None:
        on_expired(expired)
    return found


async def claim_ahead(
    database: Database, run_id: int, limit: int, now: datetime, on_expired: Callable[[int], None] | None = None
) -> list[Claimed]:
    """Take up to `limit` of each rank of AHEAD that are due, whatever the hopper holds; of the expired see `claim`."""
    async with database.writing() as connection:
        taken = [one for rank in AHEAD for one in await _take(connection, run_id, rank, limit, now)]
        keys = [key for key, state in taken if state == EnrolmentState.CLAIMED]
        found = await loaded(connection, keys) if keys else []
    if on_expired is not None and len(keys) < len(taken):
        on_expired(len(taken) - len(keys))
    return found


async def due_ahead(database: Database, run_ids: Collection[int]) -> dict[int, datetime]:
    """When the next one of AHEAD falls due in each run; runs without one are not in it. A look into the index."""
    waiting = and_(
        enrolments.c.run_id.in_(run_ids),
        enrolments.c.state == EnrolmentState.WAITING,
        enrolments.c.rank <= AHEAD[-1],
    )
    found = select(enrolments.c.run_id, func.min(enrolments.c.due_at)).where(waiting).group_by(enrolments.c.run_id)
    async with database.reading() as connection:
        return {row[0]: row[1] for row in await connection.execute(found)}


def _taking() -> Any:  # noqa: ANN401 - SQLAlchemy's own type has no name for it
    """Claim those of one rank, or exclude those who have expired. Built once: building takes as long as its work."""
    now = bindparam("now", type_=enrolments.c.due_at.type)
    due = (
        select(enrolments.c.id)
        .where(
            enrolments.c.run_id == bindparam("run"),
            enrolments.c.state == EnrolmentState.WAITING,
            enrolments.c.rank == bindparam("rank_taken"),
            enrolments.c.due_at <= now,
        )
        .order_by(enrolments.c.due_at, enrolments.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        # PostgreSQL may carry a plain subquery out once for each row, and then claims more than `limit`.
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    expired = enrolments.c.expires_at <= now
    return (
        update(enrolments)
        .where(enrolments.c.id.in_(select(due.c.id)), enrolments.c.state == EnrolmentState.WAITING)
        .values(
            state=case((expired, EnrolmentState.EXCLUDED), else_=EnrolmentState.CLAIMED),
            claimed_at=case((expired, null()), else_=now),
            held_by=None,
            exclusion=case((expired, Exclusion.EXPIRED), else_=enrolments.c.exclusion),
            excluded_by=case((expired, EXPIRED_WAITING), else_=enrolments.c.excluded_by),
        )
        .returning(enrolments.c.id, enrolments.c.state)
    )


_TAKING = _taking()


async def _take(
    connection: AsyncConnection, run_id: int, rank: int, limit: int, now: datetime
) -> list[tuple[int, str]]:
    """Claim those of one rank, or exclude those who have expired: keys, each with its new state."""
    given = {"run": run_id, "rank_taken": rank, "most": limit, "now": now}
    return [(key, state) for key, state in await connection.execute(_TAKING, given)]


def _first_of_each_rank() -> CTE:
    """For each rank of those who wait in `run`, the one who is due first: a step of the index for each, no scan."""

    def first(waiting: FromClause, *after: ColumnElement[bool]) -> Select[Any]:
        return (
            select(waiting.c.id)
            .where(waiting.c.run_id == bindparam("run"), waiting.c.state == EnrolmentState.WAITING, *after)
            .order_by(waiting.c.rank, waiting.c.due_at, waiting.c.id)
            .limit(1)
        )

    columns = (enrolments.c.rank, enrolments.c.due_at, enrolments.c.held_by)
    start = select(*columns).where(enrolments.c.id == first(enrolments.alias("lowest")).scalar_subquery())
    ranks = start.cte("ranks", recursive=True)
    higher = enrolments.alias("higher")
    step = first(higher, higher.c.rank > ranks.c.rank).correlate(ranks).scalar_subquery()
    return ranks.union_all(select(*columns).select_from(ranks.join(enrolments, enrolments.c.id == step)))


_RANKS = _first_of_each_rank()
_DUE_RANKS = (
    select(_RANKS.c.rank)
    .where(_RANKS.c.due_at <= bindparam("now", type_=enrolments.c.due_at.type))
    .order_by(_RANKS.c.rank)
)
_NEXT = select(_RANKS.c.due_at, _RANKS.c.held_by).order_by(_RANKS.c.due_at, _RANKS.c.rank).limit(1)
_ANY_CLAIMED = select(
    exists().where(enrolments.c.run_id == bindparam("run"), enrolments.c.state == EnrolmentState.CLAIMED)
)


async def _due_ranks(connection: AsyncConnection, run_id: int, now: datetime) -> list[int]:
    return list(await connection.scalars(_DUE_RANKS, {"run": run_id, "now": now}))


async def loaded(connection: AsyncConnection, keys: list[int]) -> list[Claimed]:
    """Enrolments by key, in order of dialing, in whatever state; `claimed_at` is None where it is no claim."""
    phones = await _further_phones(connection, keys)
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
            contacts.c.number.label("first_number"),
            contacts.c.fields,
            contacts.c.time_zone,
            contacts.c.created_at,
            enrolments.c.rank,
            enrolments.c.agent,
            enrolments.c.skips,
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.id.in_(keys))
        .order_by(enrolments.c.rank, enrolments.c.due_at, enrolments.c.id)
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
            time_zone=row.time_zone,
            known_since=row.created_at,
            rank=row.rank,
            phones=_phones(row.number, row.first_number, phones.get(row.id, ())),
            agent=row.agent,
            skips=row.skips,
        )
        for row in rows
    ]


def _phones(current: str, first: str, further: Sequence[tuple[str, bool]]) -> tuple[str, ...]:
    """Which phones a contact has for this run; `further` ones each with whether another enrolment has it."""
    if not further:
        return (current,)
    free = [number for number, taken in [(first, False), *further] if number == current or not taken]
    return tuple(dict.fromkeys(free if current in free else [current, *free]))


async def _further_phones(connection: AsyncConnection, keys: list[int]) -> dict[int, list[tuple[str, bool]]]:
    """The phones after the first one of those who have any, in dialing order, by enrolment."""
    other = enrolments.alias("other")
    taken = exists().where(
        other.c.run_id == enrolments.c.run_id,
        other.c.number == contact_phones.c.number,
        other.c.id != enrolments.c.id,
    )
    found: dict[int, list[tuple[str, bool]]] = {}
    rows = await connection.execute(
        select(enrolments.c.id, contact_phones.c.number, taken.label("taken"))
        .join(contact_phones, contact_phones.c.contact_id == enrolments.c.contact_id)
        .where(enrolments.c.id.in_(keys))
        .order_by(enrolments.c.id, contact_phones.c.position)
    )
    for key, number, has_other in rows:
        found.setdefault(key, []).append((number, bool(has_other)))
    return found


async def held(connection: AsyncConnection, claimed: Sequence[Claimed]) -> list[Claimed]:
    """Those of these whose claims are still held; somebody may have taken a contact out of its run meanwhile."""
    query = select(enrolments.c.id, enrolments.c.claimed_at).where(
        enrolments.c.id.in_([one.enrolment_id for one in claimed]), enrolments.c.state == EnrolmentState.CLAIMED
    )
    since = {row.id: row.claimed_at for row in await connection.execute(query)}
    return [one for one in claimed if since.get(one.enrolment_id) == one.claimed_at]


async def load_claimed(database: Database, keys: list[int]) -> dict[int, Claimed]:
    """Enrolments by key: what a restarted dialer needs to take up the calls it finds alive."""
    async with database.reading() as connection:
        return {claimed.enrolment_id: claimed for claimed in await loaded(connection, keys)}


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


_GIVE_BACK = (
    update(enrolments)
    .where(
        enrolments.c.id == bindparam("enrolment"),
        enrolments.c.state == EnrolmentState.CLAIMED,
        enrolments.c.claimed_at == bindparam("held_since"),
    )
    .values(state=EnrolmentState.WAITING, claimed_at=None, due_at=bindparam("new_due"))
)


async def recycle(database: Database, of: Sequence[Claimed], behind: Collection[int], now: datetime) -> None:
    """Give claims back that have been held too long, unless they are not held any more.

    Those of `behind`, by key, are due now: they lose their place to whoever waits. The others keep theirs.
    """
    rows = [
        {
            "enrolment": one.enrolment_id,
            "held_since": one.claimed_at,
            "new_due": now if one.enrolment_id in behind else one.due_at,
        }
        for one in of
    ]
    async with database.writing() as connection:
        await connection.execute(_GIVE_BACK, rows)


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
    #: The rule that put that one off until then; None where a retry or nothing did.
    held_by: str | None = None

    def due(self, now: datetime) -> bool:
        """Whether somebody may be claimed."""
        return self.next_due is not None and self.next_due <= now

    @property
    def over(self) -> bool:
        """Nobody is left to be called."""
        return self.next_due is None and not self.claimed


async def outlook(database: Database, run_id: int) -> Outlook:
    """What is left of a run: look-ups in the index by state, rank and due time, one for each rank."""
    async with database.reading() as connection:
        # Claimed first: a call that ends between the two shows as waiting, never as gone.
        claimed = await connection.scalar(_ANY_CLAIMED, {"run": run_id})
        first = (await connection.execute(_NEXT, {"run": run_id})).first()
    return Outlook(first and first.due_at, bool(claimed), first and first.held_by)
