"""Everybody whom a campaign would call: those who wait in its run, or those whom a start would enrol.

Nothing is written: they stand in a temporary table (store/preview.py), which is gone through in the order of its keys.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.lists import ContactList
from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store import scrub
from ami_dialer.store.bulk import is_sqlite
from ami_dialer.store.database import Database
from ami_dialer.store.preview import carried_out, stand_before
from ami_dialer.store.runs import Run
from ami_dialer.store.tables import attempts, consents, contacts, enrolments, reassignments

#: `excluded_by` of those whose time will be over.
_OVER = "expires before"


class Waiting(NamedTuple):
    """Somebody who waits."""

    enrolment: int
    number: str
    contact: int
    #: JSON.
    fields: str
    time_zone: str | None
    created_at: datetime | None = None
    due_at: datetime | None = None
    #: The rule that put that off.
    held_by: str | None = None


@dataclass(slots=True)
class Everybody:
    """All of a run, by where they stand."""

    connection: AsyncConnection
    #: None: of a start.
    run: int | None
    contacts: int
    waiting: int
    #: Being called, or right before it; called for the last time.
    claimed: int = 0
    done: int = 0
    #: Who will not be called, by what keeps them out and by the entry or condition that does it.
    excluded: dict[Exclusion, dict[str, int]] = field(default_factory=dict)

    async def portion(self, after: int, size: int, *, times: bool) -> list[Waiting]:
        """The next `size` of those who wait, behind the one with this key; 0: from the beginning.

        Without `times` it is left out when they came in and are due.
        """
        query = _PORTION_WITH_TIMES if times else _PORTION
        rows = await self.connection.execute(query, {"after": after, "size": size})
        return [Waiting(*row) for row in rows]


@asynccontextmanager
async def of_start(
    database: Database, name: str, document: Campaign, written: Mapping[str, ContactList], at: datetime
) -> AsyncIterator[Everybody]:
    """Those whom a start of the campaign would enrol."""
    async with carried_out(database, name, document, written, at) as (connection, found, _):
        await _settle(connection)
        left_out = {
            Exclusion.FILTER: found.filter_excluded,
            Exclusion.EXPIRED: found.expired,
            Exclusion.DNC: found.dnc_excluded,
        }
        excluded = {kind: by for kind, by in left_out.items() if by}
        yield Everybody(connection, None, found.contacts - found.doubles, found.left, excluded=excluded)


@asynccontextmanager
async def of_run(database: Database, run: Run, at: datetime) -> AsyncIterator[Everybody]:
    """Those who wait in a run that goes on; who would be taken out by then, as do-not-call lists are now, is."""
    async with database.reading() as connection:
        found = Everybody(connection, run.id, 0, 0)
        await _tell(connection, run.id, found)
        table = await _real_name(connection)
        await stand_before(connection)
        try:
            waits = f"run_id = :run AND state = '{EnrolmentState.WAITING}'"
            copied = f"INSERT INTO enrolments SELECT * FROM {table} WHERE {waits}"  # noqa: S608 - names of our own
            await connection.execute(text(copied), {"run": run.id})
            await connection.execute(
                update(enrolments)
                .where(enrolments.c.expires_at <= at)
                .values(state=EnrolmentState.EXCLUDED, exclusion=Exclusion.EXPIRED, excluded_by=_OVER)
            )
            if run.document.check_on_dial:
                await scrub.waiting(connection, run.id, run.document, at)
            found.contacts = found.waiting = 0
            await _tell(connection, run.id, found)
            found.contacts = (
                found.waiting
                + found.claimed
                + found.done
                + sum(count for by in found.excluded.values() for count in by.values())
            )
            await _settle(connection)
            yield found
        finally:
            await connection.rollback()


async def _real_name(connection: AsyncConnection) -> str:
    """What the table is called where a temporary one stands before it."""
    if is_sqlite(connection):
        return "main.enrolments"
    query = (
        "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = to_regclass('enrolments')"
    )
    return f"{await connection.scalar(text(query))}.enrolments"


async def _tell(connection: AsyncConnection, run_id: int, found: Everybody) -> None:
    counted = (
        select(enrolments.c.state, enrolments.c.exclusion, enrolments.c.excluded_by, func.count())
        .where(enrolments.c.run_id == run_id)
        .group_by(enrolments.c.state, enrolments.c.exclusion, enrolments.c.excluded_by)
        .order_by(func.count().desc(), enrolments.c.excluded_by)
    )
    for state, exclusion, by, count in await connection.execute(counted):
        match EnrolmentState(state):
            case EnrolmentState.WAITING:
                found.waiting = count
            case EnrolmentState.CLAIMED:
                found.claimed += count
            case EnrolmentState.DONE:
                found.done += count
            case EnrolmentState.EXCLUDED:
                kind = found.excluded.setdefault(Exclusion(exclusion), {})
                kind[by or ""] = kind.get(by or "", 0) + count


async def _settle(connection: AsyncConnection) -> None:
    """PostgreSQL knows nothing of rows of this transaction: it might go through all contacts for each portion."""
    if not is_sqlite(connection):
        await connection.execute(text("ANALYZE enrolments"))


def _portion(*, times: bool) -> Select[Any]:
    """With `times` those too that only some ask for: reading them takes a fifth of the time of all."""
    moments = (contacts.c.created_at, enrolments.c.due_at, enrolments.c.held_by) if times else ()
    return (
        select(
            enrolments.c.id,
            enrolments.c.number,
            enrolments.c.contact_id,
            # As text: who reads a million of them does it in one way for all.
            cast(contacts.c.fields, Text),
            contacts.c.time_zone,
            *moments,
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.id > bindparam("after", type_=BigInteger), enrolments.c.state == EnrolmentState.WAITING)
        .order_by(enrolments.c.id)
        .limit(bindparam("size", type_=Integer))
    )


_PORTION, _PORTION_WITH_TIMES = _portion(times=False), _portion(times=True)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to be asked for."""

    #: Calls since a moment.
    calls: bool
    #: Consents, revocations or numbers that changed hands.
    consent: bool


async def anything_known(database: Database, since: datetime) -> Known:
    """Whether anybody was called since then, and whether anything is known of consent: by indexes."""
    living = attempts.c.state != literal_column(f"'{AttemptState.ENDED}'")
    async with database.reading() as connection:
        ended = await connection.scalar(select(exists().where(attempts.c.ended_at >= since)))
        calls = ended or await connection.scalar(select(exists().where(living)))
        said = select(or_(exists(select(consents.c.id)), exists(select(reassignments.c.number))))
        consent = await connection.scalar(said)
    return Known(bool(calls), bool(consent))
