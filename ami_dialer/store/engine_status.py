"""What the running engine sees: one row that it writes anew, and other processes read."""

from sqlalchemy import delete, select
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


async def clear(database: Database) -> None:
    """The engine has ended: nobody sees anything any more. Raises StoreError."""
    async with database.writing() as connection:
        await connection.execute(delete(engine_status))


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
