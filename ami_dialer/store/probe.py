"""Can this database be written? For `ami-dialer doctor`; nothing of it stays."""

from sqlalchemy import text

from ami_dialer.store.database import Database


async def try_writing(database: Database, *, migrated: bool) -> None:
    """Begin a transaction and write what changes nothing. Raises StoreError.

    Before the tables are there, it takes the right to make some.
    """
    async with database.writing() as connection:
        if migrated:
            await connection.execute(text("UPDATE attempts SET detail = detail WHERE 1 = 0"))
        else:
            await connection.execute(text("CREATE TABLE ami_dialer_doctor (probe INTEGER)"))
            await connection.execute(text("DROP TABLE ami_dialer_doctor"))
