"""The database of a configuration, ready to be changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from ami_dialer.config.schema import Config
from ami_dialer.store import agents, dnc_lists, documents
from ami_dialer.store.audit import DIALER
from ami_dialer.store.database import Database
from ami_dialer.store.migrate import migrate


@asynccontextmanager
async def opened_database(config: Config, now: datetime, actor: str = DIALER) -> AsyncIterator[Database]:
    """The database of the configuration, brought to this version's tables and holding config.yaml's documents.

    `actor` is who changes it, for the audit trail.
    """
    await migrate(config.database)
    database = Database(config.database, actor)
    try:
        await documents.apply_config(database, config)
        await dnc_lists.apply_config(database, config, now)
        await agents.sync(database, config, now)
        yield database
    finally:
        await database.close()
