"""What the running engine sees: one row that it writes anew, and other processes read."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from ami_dialer.domain.engine_status import EngineStatus
from ami_dialer.store.database import Database
from ami_dialer.store.tables import engine_status

#: One engine runs on a database, so one row is enough.
_ONLY = 1


async def write(database: Database, status: EngineStatus) -> None:
    """Put it in the place of what was seen before. Raises StoreError."""
    insert_new = sqlite.insert if database.is_sqlite else postgresql.insert
    row = {"at": status.at, "document": status.as_json()}
    statement = insert_new(engine_status).values(id=_ONLY, **row)
    async with database.writing() as connection:
        await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


async def clear(database: Database, now: datetime) -> None:
    """The engine has ended: nobody sees anything any more, and when that was is kept. Raises StoreError."""
    async with database.writing() as connection:
        ended = update(engine_status).where(engine_status.c.id == _ONLY)
        await connection.execute(ended.values(at=now, document={}))


async def last_sign(database: Database) -> datetime | None:
    """When an engine wrote last what it saw, or ended; None where none ever ran. Raises StoreError."""
    async with database.reading() as connection:
        found = await connection.scalar(select(engine_status.c.at).where(engine_status.c.id == _ONLY))
    return found if isinstance(found, datetime) else None


async def read(database: Database) -> EngineStatus | None:
    """What was written last, however long ago; None where no engine runs, or another version's wrote it."""
    async with database.reading() as connection:
        document = await connection.scalar(select(engine_status.c.document).where(engine_status.c.id == _ONLY))
    if document is None:
        return None
    try:
        return EngineStatus.from_json(document)
    except (KeyError, TypeError, ValueError):
        return None
