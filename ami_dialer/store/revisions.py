"""Revisions of lists: raised whenever members come in, so that what came later can be told."""

from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store.tables import list_revisions, lists


async def raise_revision(connection: AsyncConnection, list_id: int, now: datetime) -> int:
    """The revision for members that come in now. Whoever else adds to the list waits until this transaction ends."""
    raised = update(lists).where(lists.c.id == list_id).values(revision=lists.c.revision + 1)
    revision = int((await connection.scalars(raised.returning(lists.c.revision))).one())
    await connection.execute(insert(list_revisions).values(list_id=list_id, revision=revision, at=now))
    return revision
