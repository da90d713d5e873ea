"""Is a dialer running on this database?"""

import fcntl
import os
from pathlib import Path

from sqlalchemy import text

from ami_dialer.store.database import ENGINE_LOCK, Database


async def engine_running(database: Database) -> bool:
    """Whether another process holds the lock that `Database.lock_engine` takes."""
    if database.path is not None:
        return _held(database.path.with_name(database.path.name + ".lock"))
    async with database.reading() as connection:
        found = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " AND classid = 0 AND objid = :key"
            ),
            {"key": ENGINE_LOCK},
        )
    return bool(found)


def _held(path: Path) -> bool:
    # flock cannot be asked, only tried: for some microseconds a dialer that starts would be turned away.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
