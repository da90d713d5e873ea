"""The contacts of a run with their status, in the order of dialing, portion by portion along the hopper's index."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, tuple_

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.contact_status import STATES, ContactStatus, Standing, status_of
from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.enrolment import GOING_ON, EnrolmentState, Exclusion
from ami_dialer.domain.meaning import effective_title
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.store.database import Database
from ami_dialer.store.results import CALLED
from ami_dialer.store.runs import Run
from ami_dialer.store.tables import attempts, contacts, enrolments

#: Contacts read at once; their last calls come with one query.
_PORTION = 1_000
#: Who is in a call comes first, then who is next.
_ORDER = (EnrolmentState.CLAIMED, EnrolmentState.WAITING, EnrolmentState.DONE, EnrolmentState.EXCLUDED)
_KEY = (enrolments.c.rank, enrolments.c.due_at, enrolments.c.id)

#: What narrows a look at one status down in SQL, beside the state; `status_of` decides.
_NARROWED: dict[ContactStatus, ColumnElement[bool]] = {
    ContactStatus.PENDING: and_(enrolments.c.attempts == 0, enrolments.c.held_by.is_(None)),
    ContactStatus.REATTEMPT: and_(enrolments.c.attempts > 0, enrolments.c.held_by.is_(None)),
    ContactStatus.CALLBACK: enrolments.c.rank == CALLBACK_RANK,
    ContactStatus.SKIPPED: enrolments.c.held_by.is_not(None),
    ContactStatus.RETRY_CANCELLED: enrolments.c.attempts > 0,
    ContactStatus.NOT_DIALED: enrolments.c.attempts == 0,
    ContactStatus.DNC: or_(enrolments.c.exclusion == Exclusion.DNC, enrolments.c.exclusion.is_(None)),
    ContactStatus.FILTER: enrolments.c.exclusion == Exclusion.FILTER,
    ContactStatus.EXPIRED: enrolments.c.exclusion == Exclusion.EXPIRED,
    ContactStatus.RULE: enrolments.c.exclusion == Exclusion.RULE,
}


@dataclass(frozen=True, slots=True)
class RunContact:
    """A contact of a run."""

    contact: int
    #: The phone that is dialled next, or was dialled last.
    number: str
    status: ContactStatus
    attempts: int
    #: 0 to 100, higher ones first; as it is written with the contact.
    priority: int
    #: The result of the latest attempt that counts; None before the first has ended.
    disposition: str | None
    #: Of its latest call.
    started_at: datetime | None
    ended_at: datetime | None
    #: Seconds from the answer to the end of it.
    talk: float | None
    #: When it is called next, at the soonest; None: not again.
    next_due: datetime | None
    #: The rule that put it off, or what took it out.
    why: str | None


@dataclass(frozen=True, slots=True)
class _Last:
    """The latest attempt of an enrolment."""

    living: bool = False
    title: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    talk: float | None = None


async def contacts_of(
    database: Database, run: Run, status: ContactStatus | None = None
) -> AsyncGenerator[RunContact, None]:
    """The contacts of a run, or those with this status: who is in a call, who is next, who is done, who is excluded."""
    over = run.state not in GOING_ON
    for state in _ORDER if status is None else STATES[status]:
        after: tuple[Any, ...] | None = None
        while portion := await _portion(database, run.id, state, status, after):
            last = await _last(database, [row.id for row in portion])
            for row in portion:
                found = _as_contact(row, last.get(row.id, _Last()), over=over)
                if status is None or found.status is status:
                    yield found
            after = (portion[-1].rank, portion[-1].due_at, portion[-1].id)


async def _portion(
    database: Database, run_id: int, state: EnrolmentState, status: ContactStatus | None, after: tuple[Any, ...] | None
) -> list[Row[Any]]:
    query = portion_query(run_id, state, status, after)
    async with database.reading() as connection:
        return list(await connection.execute(query))


def portion_query(
    run_id: int, state: EnrolmentState, status: ContactStatus | None, after: tuple[Any, ...] | None
) -> Select[Any]:
    """The next contacts in one state after this rank, due time and key."""
    query = (
        select(
            enrolments.c.id,
            enrolments.c.contact_id,
            enrolments.c.number,
            enrolments.c.state,
            enrolments.c.exclusion,
            enrolments.c.excluded_by,
            enrolments.c.attempts,
            enrolments.c.rank,
            enrolments.c.due_at,
            enrolments.c.held_by,
            contacts.c.priority,
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.run_id == run_id, enrolments.c.state == state)
        .order_by(*_KEY)
        .limit(_PORTION)
    )
    if status in _NARROWED:
        query = query.where(_NARROWED[status])
    if after is not None:
        query = query.where(tuple_(*_KEY) > tuple_(*after, types=[column.type for column in _KEY]))
    return query


async def _last(database: Database, keys: Sequence[int]) -> dict[int, _Last]:
    """The latest attempts of these enrolments; ids of attempts sort by time."""
    columns = (
        attempts.c.enrolment_id,
        attempts.c.state,
        attempts.c.outcome,
        attempts.c.disposition,
        attempts.c.claimed_at,
        attempts.c.answered_at,
        attempts.c.ended_at,
    )
    query = select(*columns).where(attempts.c.enrolment_id.in_(keys), CALLED).order_by(attempts.c.id)
    found = {}
    async with database.reading() as connection:
        for row in await connection.execute(query):
            talked = row.answered_at is not None and row.ended_at is not None
            found[row.enrolment_id] = _Last(
                living=row.state != AttemptState.ENDED,
                title=effective_title(row.outcome, row.disposition and Disposition(row.disposition)),
                started_at=row.claimed_at,
                ended_at=row.ended_at,
                talk=round((row.ended_at - row.answered_at).total_seconds(), 1) if talked else None,
            )
    return found


def _as_contact(row: Row[Any], last: _Last, *, over: bool) -> RunContact:
    state = EnrolmentState(row.state)
    standing = Standing(
        state=state,
        exclusion=row.exclusion and Exclusion(row.exclusion),
        attempts=row.attempts,
        rank=row.rank,
        held_by=row.held_by,
        in_call=state is EnrolmentState.CLAIMED and last.living,
        over=over,
    )
    return RunContact(
        contact=row.contact_id,
        number=row.number,
        status=status_of(standing),
        attempts=row.attempts,
        priority=row.priority or 0,
        disposition=last.title,
        started_at=last.started_at,
        ended_at=last.ended_at,
        talk=last.talk,
        next_due=row.due_at if not over and state is EnrolmentState.WAITING else None,
        why=row.excluded_by or row.held_by,
    )
