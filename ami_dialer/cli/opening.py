"""The database for commands: as it is for those that only ask, made and migrated for those that change it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli import logs
from ami_dialer.cli.actor import actor
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import Database
from ami_dialer.store.migrate import current_revision, newest_revision
from ami_dialer.store.opened import opened_database

_MAKE = "`ami-dialer list import`, `ami-dialer list fetch` or `ami-dialer run` makes it"


@asynccontextmanager
async def changing(config: Config) -> AsyncIterator[Database]:
    """The database, made and migrated where need be, with the documents of the configuration. Raises StoreError."""
    logs.configure_quiet()
    async with opened_database(config, SystemClock().now(), actor()) as database:
        yield database


@asynccontextmanager
async def reading(config: Config) -> AsyncIterator[Database]:
    """The database as it is, nothing made or migrated. Raises StoreError where there is none, or another version's."""
    logs.configure_quiet()
    url = config.database.url
    if url.startswith("sqlite:///") and not Path(path := url.removeprefix("sqlite:///")).exists():
        raise StoreError(f"there is no database at {path} yet; {_MAKE}")
    database = Database(config.database, actor())
    try:
        revision = await current_revision(database)
        if revision is None:
            raise StoreError(f"the database {database.label} has no tables of ami-dialer yet; {_MAKE}")
        if revision != newest_revision():
            raise StoreError(
                f"the database {database.label} belongs to another version of ami-dialer (revision {revision}, this "
                f"one needs {newest_revision()}); `ami-dialer run` brings an older one up to date"
            )
        yield database
    finally:
        await database.close()
