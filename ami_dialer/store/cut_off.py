"""Fetches that were cut off: what had come in of them is taken back before the next one, which brings it again.

Only where a list allows the same number again: elsewhere what is in already is known, and left alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.intake import BatchState, ImportState
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.list_deletion import delete_contacts
from ami_dialer.store.tables import import_batches, imports, list_members, lists

#: Members that are taken off in one transaction.
_PORTION = 5_000


async def take_back(database: Database, list_id: int, source: str, now: datetime) -> int:
    """Take off a list whom unfinished imports of this source have brought. Returns how many.

    Whoever was in a run keeps what became of them there, and is not enrolled in it again when they come anew. In
    portions: cut off itself, it goes on the next time.
    """
    gone, some = 0, 1
    while some:
        async with database.writing() as connection:
            # Behind the lock that whoever loads a batch takes.
            await connection.execute(select(lists.c.id).where(lists.c.id == list_id).with_for_update())
            some = await _portion(connection, list_id, source, now)
            if some > 0:
                name = await audit.name_of(connection, lists, list_id)
                detail = {"source": source, "contacts": some}
                audit.note(connection, Entry("list.take_back", f"list:{name}", detail, now))
        gone += max(some, 0)
    return gone


async def _portion(connection: AsyncConnection, list_id: int, source: str, now: datetime) -> int:
    """How many are gone; -1 where a batch held nobody any more, and 0 at the end."""
    batch = (
        await connection.execute(
            select(import_batches.c.import_id, import_batches.c.ordinal, import_batches.c.revision)
            .join(imports, imports.c.id == import_batches.c.import_id)
            .where(
                imports.c.list_id == list_id,
                imports.c.source == source,
                imports.c.state != ImportState.DONE,
                import_batches.c.state == BatchState.DONE,
                import_batches.c.revision.is_not(None),
            )
            .limit(1)
        )
    ).first()
    if batch is None:
        return 0
    members = list_members.c
    of_batch = (members.list_id == list_id, members.revision == batch.revision)
    found = (
        await connection.execute(
            select(members.number, members.contact_id).where(*of_batch).order_by(members.number).limit(_PORTION)
        )
    ).all()
    if found:
        numbers = {row.number for row in found}
        keys = await connection.scalars(
            delete(list_members).where(*of_batch, members.number.in_(numbers)).returning(members.contact_id)
        )
        gone = keys.all()
        await delete_contacts(connection, gone)
        return len(gone)
    await _mark(connection, batch, now)
    return -1


async def _mark(connection: AsyncConnection, batch: Any, now: datetime) -> None:  # noqa: ANN401 - a row
    await connection.execute(
        update(import_batches)
        .where(import_batches.c.import_id == batch.import_id, import_batches.c.ordinal == batch.ordinal)
        .values(state=BatchState.FAILED, counts={}, revision=None, trouble="taken back: fetched anew", ended_at=now)
    )
