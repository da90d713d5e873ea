"""Bring the database to the tables of this version, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import MIGRATION_LOCK, Database, migration_engine
from ami_dialer.store.failures import speaking


def _alembic(connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """The revision this version of the program needs."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    if head is None:  # pragma: no cover - the package always carries its migrations
        raise StoreError("the package holds no migrations; install it again")
    return head


def known_revisions() -> set[str]:
    """Every revision this version can bring up to date."""
    return {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


async def current_revision(database: Database) -> str | None:
    """The revision of the database; None when it has no tables of ours."""
    async with database.reading() as connection:
        return await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())


async def migrate(settings: Settings) -> None:
    """Upgrade to the newest revision, whole or not at all; does nothing when it is there. Raises StoreError."""
    database = Database(settings)  # makes SQLite's folder
    try:
        if await current_revision(database) == newest_revision():
            return
    finally:
        await database.close()
    engine = migration_engine(settings)
    try:
        with speaking(database.label):
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
                await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":  # there one transaction at a time writes
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in known_revisions():
        raise StoreError(
            f"the database was written by a newer ami-dialer (revision {revision}); install that version again"
        )
    if revision != newest_revision():  # another process may have been quicker
        command.upgrade(_alembic(connection), "head")
