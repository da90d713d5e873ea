"""The database: reachable, writable, with the tables of this version, and who runs on it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, not_checked, ok
from ami_dialer.doctor.machine import Machine
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running
from ami_dialer.store.migrate import current_revision, known_revisions, newest_revision
from ami_dialer.store.probe import try_writing

#: Seconds for a database on another machine; SQLite itself waits 10 s for a lock (BUSY_TIMEOUT_MS).
_PATIENCE = 15.0
_FIRST_RUN = "the first `ami-dialer run`, `ami-dialer list import` or `ami-dialer list fetch` makes it"


def absent(machine: Machine) -> Path | None:
    """The SQLite file, where it is not there yet."""
    url = machine.config.database.url
    path = Path(url.removeprefix("sqlite:///"))
    return path if url.startswith("sqlite:///") and not path.exists() else None


@asynccontextmanager
async def opened(machine: Machine) -> AsyncIterator[Database]:
    """The database of the configuration. Raises StoreError."""
    database = Database(machine.config.database)
    try:
        async with asyncio.timeout(_PATIENCE):
            yield database
    except TimeoutError:
        raise StoreError(f"database: no answer from {database.label} within {_PATIENCE:g} s") from None
    finally:
        await database.close()


async def _database(machine: Machine) -> Sequence[Result]:
    path = absent(machine)
    if path is not None:
        return [_can_be_made(path)]
    try:
        async with opened(machine) as database:
            await try_writing(database, migrated=await current_revision(database) is not None)
            return [ok(f"{database.label} can be read and written")]
    except StoreError as trouble:
        return [failed(str(trouble).removeprefix("database: "), _mend(machine))]


def _can_be_made(path: Path) -> Result:
    folder = next(parent for parent in path.parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return ok(f"{path} is not there yet; {_FIRST_RUN}")
    return failed(
        f"{path} cannot be made: {folder} {'cannot be written' if folder.is_dir() else 'is no folder'}",
        f"Make the folder {path.parent} and give it to the user that runs the dialer, or change database.url.",
    )


def _mend(machine: Machine) -> str:
    if machine.config.database.url.startswith("sqlite"):
        path = machine.config.database.url.removeprefix("sqlite:///")
        return (
            f"The user that runs the dialer must be able to write {path}, its folder and the files {path}-wal and "
            f"{path}-shm: `chown` them to it. Run doctor as that user."
        )
    return (
        "See that database.url and database.password are right, and that the user may write (not a read-only replica)."
    )


async def _tables(machine: Machine) -> Sequence[Result]:
    if absent(machine) is not None:
        return [not_checked(f"there is no database yet; {_FIRST_RUN}")]
    async with opened(machine) as database:
        revision = await current_revision(database)
    if revision == newest_revision():
        return [ok(f"the tables are those of this version (revision {revision})")]
    if revision is None:
        return [
            failed(
                "the database has no tables of ami-dialer: it has not been migrated",
                "Start `ami-dialer run` (or `ami-dialer list import`) once, which makes the tables.",
            )
        ]
    if revision in known_revisions():
        return [
            failed(
                f"the database has not been migrated: it has revision {revision}, this version needs "
                f"{newest_revision()}",
                "Back it up, then start `ami-dialer run` once, which brings the tables up to date.",
            )
        ]
    return [
        failed(
            f"the database was written by a newer ami-dialer (revision {revision}, this one knows {newest_revision()})",
            "Install that version again, or restore a backup from before.",
        )
    ]


async def _dialer(machine: Machine) -> Sequence[Result]:
    if absent(machine) is not None:
        return [not_checked("there is no database yet, so no dialer runs on it")]
    async with opened(machine) as database:
        running = await engine_running(database)
    return [ok("a dialer is running on this database" if running else "no dialer is running on this database")]


CHECKS = (
    Check("database", _database),
    Check("tables", _tables, needs=("database",)),
    Check("dialer", _dialer, needs=("database",)),
)
