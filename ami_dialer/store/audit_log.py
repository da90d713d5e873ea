"""The audit trail read: from end to end, searched, and where it ends."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from ami_dialer.domain.audit import Head, Record
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import audit_head, audit_records

#: Records that are read at once: no long transaction stands in the way of the dialer's writes.
_PORTION = 5_000
_COLUMNS = [audit_records.c[name] for name in Record._fields]
_id = audit_records.c.id


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the trail ends at one moment."""

    #: What the head says.
    head: Head
    #: The last record there is; 0 where there is none.
    last_id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in the trail. None: whatever."""

    #: With an asterisk at its end: all that begin so. The same of `action`.
    subject: str | None = None
    action: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def ends(database: Database) -> Ends:
    """Where the trail ends now. Raises StoreError where the head is gone."""
    newest = select(func.coalesce(func.max(_id), 0)).scalar_subquery()
    query = select(audit_head.c.last_id, audit_head.c.hash, newest).where(audit_head.c.id == 1)
    async with database.reading() as connection:
        row = (await connection.execute(query)).first()
    if row is None:
        raise StoreError("the audit trail has lost its head: somebody emptied the table audit_head")
    return Ends(Head(row[0], row[1]), row[2])


async def stream(database: Database, after: int, until: int) -> AsyncIterator[list[Record]]:
    """The records after one up to another, in order, some thousands at a time."""
    while True:
        query = select(*_COLUMNS).where(_id > after, _id <= until).order_by(_id).limit(_PORTION)
        async with database.reading() as connection:
            try:
                portion = [Record(*row) for row in await connection.execute(query)]
            except ValueError as error:  # SQLite keeps whatever is written into a column
                raise StoreError(f"a record from {after + 1:,} on was changed and cannot be read: {error}") from error
        if not portion:
            return
        yield portion
        after = portion[-1].id


async def by_id(database: Database, key: int) -> Record | None:
    """One record."""
    async with database.reading() as connection:
        row = (await connection.execute(select(*_COLUMNS).where(_id == key))).first()
    return None if row is None else Record(*row)


async def by_hash(database: Database, wanted: str) -> Record | None:
    """The record with a hash. Goes through the whole trail."""
    query = select(*_COLUMNS).where(audit_records.c.hash == wanted).limit(1)
    async with database.reading() as connection:
        row = (await connection.execute(query)).first()
    return None if row is None else Record(*row)


async def search(database: Database, wanted: Wanted, limit: int) -> list[Record]:
    """The newest records that match, newest first."""
    query = _matching(select(*_COLUMNS), wanted).order_by(_id.desc()).limit(limit)
    async with database.reading() as connection:
        return [Record(*row) for row in await connection.execute(query)]


def _matching(query: Select[Any], wanted: Wanted) -> Select[Any]:
    for column, text in ((audit_records.c.subject, wanted.subject), (audit_records.c.action, wanted.action)):
        if text is not None and text.endswith("*"):
            query = query.where(column.startswith(text[:-1], autoescape=True))
        elif text is not None:
            query = query.where(column == text)
    if wanted.actor is not None:
        query = query.where(audit_records.c.actor == wanted.actor)
    if wanted.since is not None:
        query = query.where(audit_records.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit_records.c.at < wanted.until)
    return query


async def about(
    database: Database, number: str, attempts: Collection[str], moments: Collection[tuple[str, datetime]]
) -> list[tuple[Record, str | None]]:
    """All records about a number, in order, each with the hash before its own; None where that record is gone.

    Those of the number, of these attempts, and of these subjects at these moments: a list that it came into.
    """
    subjects = {subject for subject, _ in moments}
    before = audit_records.alias("before")
    query = (
        select(*_COLUMNS, before.c.hash)
        .outerjoin(before, before.c.id == _id - 1)
        .where(
            or_(
                audit_records.c.subject == number,
                audit_records.c.attempt_id.in_(attempts),
                audit_records.c.subject.in_(subjects),
            )
        )
        .order_by(_id)
    )
    async with database.reading() as connection:
        rows = [(Record(*row[:-1]), row[-1]) for row in await connection.execute(query)]
    return [
        (record, previous)
        for record, previous in rows
        if record.subject not in subjects or record.subject == number or (record.subject, record.at) in moments
    ]
