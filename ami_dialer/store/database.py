"""Connections: one object for the database, whichever of the two it is."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import audit
from ami_dialer.store.failures import speaking
from ami_dialer.store.filters import SQLITE_FUNCTIONS

#: A write waits this long for another's lock (a list import next to a running dialer) before it is refused as locked.
BUSY_TIMEOUT_MS = 10_000
#: Who finds another process migrating waits for it: a large SQLite file is written anew table by table.
_MIGRATION_SECONDS = 600.0
#: SQLite while batches of ten thousands of rows come in: KiB of pages kept in memory, and pages that gather in the
#: write-ahead log before they go into the file. The index of numbers is written all over by each batch; with SQLite's
#: usual 2 MB and 1,000 pages most of it would be read and written again for each (docs/performance.md).
BULK_CACHE_KIB = 64 * 1024
BULK_WAL_PAGES = 20_000
#: From where PostgreSQL counts time.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Advisory lock of PostgreSQL that the one running engine holds: "amid" as a number.
ENGINE_LOCK = 0x616D6964
#: The same of who migrates.
MIGRATION_LOCK = ENGINE_LOCK + 1

#: An open connection of `Database.looking`; None: one is opened.
Look = AsyncConnection | None


def async_url(settings: Settings) -> URL:
    """The URL with the async driver's name and the password filled in."""
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if settings.password is not None:
        url = url.set(password=settings.password.get_secret_value())
    return url.set(drivername="postgresql+asyncpg")


class Database:
    """The database. `reading` and `writing` give connections; each `writing` block is one transaction.

    What is noted in it (`store.audit.note`) goes into the audit trail at its end, as done by `actor`.
    """

    def __init__(self, settings: Settings, actor: str = audit.DIALER) -> None:
        url = async_url(settings)
        self.actor = actor
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.path = Path(url.database) if self.is_sqlite and url.database else None
        self._lock_file: int | None = None
        self._lock_connection: AsyncConnection | None = None
        if self.path is not None:
            self._make_folder(self.path.parent)
            self._reader = _sqlite_engine(url, "BEGIN")
            self._looker = _sqlite_engine(url, None)
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE")
            self._bulk = _sqlite_engine(url, "BEGIN IMMEDIATE", bulk=True)
        else:
            self._reader = self._looker = self._writer = _postgresql_engine(url)
            self._bulk = _postgresql_engine(url, bulk=True)

    @staticmethod
    def _make_folder(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"database: the folder {folder} cannot be made: {error.strerror}") from error

    @property
    def label(self) -> str:
        """For people: the file, or the server's address without the password."""
        return str(self.path) if self.path else self._writer.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from. Errors become StoreError."""
        with speaking(self.label):
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def looking(self, look: Look = None) -> AsyncIterator[AsyncConnection]:
        """To read a little, often, each statement by itself: on SQLite at half the cost of `reading`.

        `look` is one that is open already, and stays open. Errors become StoreError.
        """
        if look is not None:
            yield look
            return
        with speaking(self.label):
            async with self._looker.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction; committed at the end of the block. Errors become StoreError."""
        with speaking(self.label):
            async with self._recorded(self._writer) as connection:
                yield connection

    @asynccontextmanager
    async def bulk_writing(self) -> AsyncIterator[AsyncConnection]:
        """As `writing`, for batches of ten thousands of rows."""
        with speaking(self.label):
            async with self._recorded(self._bulk) as connection:
                yield connection

    @asynccontextmanager
    async def raw_writing(self) -> AsyncIterator[AsyncConnection]:
        """The same, with the driver's own errors: for the batched writer, which tells lasting from passing ones."""
        async with self._recorded(self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def _recorded(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with engine.begin() as connection, audit.recording(connection, self.actor):
            yield connection

    async def lock_engine(self) -> None:
        """Take the lock of the one running engine. Raises StoreError when another process has it."""
        if self.path is not None:
            self._lock_sqlite(self.path)
        else:
            await self._lock_postgresql()

    async def keep_engine_lock(self) -> bool:
        """See that the lock is still ours: PostgreSQL drops it with the connection, as when the server is restarted.

        Takes it again where that has happened, and returns True then: claims made before may not be ours. Raises
        StoreError when another process was quicker, and while the server is away: nobody may dial then. Does nothing
        where the lock was never taken.
        """
        if self._lock_connection is None:
            return False
        try:
            await self._lock_connection.execute(text("SELECT 1"))
            await self._lock_connection.commit()
        except (SQLAlchemyError, OSError):
            await self._lock_connection.invalidate()
            await self._lock_postgresql()
            return True
        return False

    async def _lock_postgresql(self) -> None:
        with speaking(self.label):
            connection = await self._writer.connect()
            try:
                got = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ENGINE_LOCK})
                await connection.commit()
            except BaseException:
                await connection.close()
                raise
        if not got:
            await connection.close()
            raise StoreError(f"another ami-dialer is running on {self.label}; stop it first")
        before, self._lock_connection = self._lock_connection, connection
        if before is not None:
            await before.close()

    def _lock_sqlite(self, path: Path) -> None:
        lock_path = path.with_name(path.name + ".lock")
        try:
            handle = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StoreError(
                f"database: {lock_path} cannot be written ({error.strerror}); "
                "give the dialer's user write permission on the folder"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise StoreError(f"another ami-dialer (pid {holder}) is running on {path}; stop it first") from None
        except OSError as error:
            os.close(handle)
            raise StoreError(f"database: {lock_path} cannot be locked ({error.strerror}); use a local disk") from error
        self._lock_file = handle
        with suppress(OSError):  # the process id is for people only; a full disk has no room for it
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())

    async def close(self) -> None:
        """Give every connection and the lock back."""
        if self._lock_connection is not None:
            await self._lock_connection.close()
            self._lock_connection = None
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None
        for engine in {self._reader, self._looker, self._writer, self._bulk}:
            await engine.dispose()


def _sqlite_engine(url: URL, begin: str | None, *, bulk: bool = False) -> AsyncEngine:
    # Writers begin IMMEDIATE: a transaction that reads first and writes later could not wait for its lock.
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: a committed attempt survives a power cut too, and batching makes it cheap (docs/performance.md).
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        if bulk:
            cursor.execute(f"PRAGMA cache_size = -{BULK_CACHE_KIB}")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {BULK_WAL_PAGES}")
        cursor.close()
        for name, function in SQLITE_FUNCTIONS.items():
            connection.create_function(name, 1, function, deterministic=True)

    if begin is not None:

        @event.listens_for(engine.sync_engine, "begin")
        def _on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: URL, *, bulk: bool = False) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=2 if bulk else 8, pool_pre_ping=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        # Without it a write would wait for a lock of others for ever, and nobody would learn why nothing is dialled.
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
        cursor.close()
        connection.commit()
        if bulk:
            connection.run_async(_count_moments)

    return engine


async def _count_moments(driver: Any) -> None:  # noqa: ANN401 - the driver's own connection
    """Make the driver take moments as microseconds, counted once for all rows of a batch.

    It computes with time zones at each value otherwise, which takes as long as all else of a contact.
    """
    last: datetime | None = None
    counted = (0,)

    def encode(moment: datetime) -> tuple[int]:
        nonlocal last, counted
        if moment is not last:
            last, counted = moment, ((moment - _EPOCH) // _MICROSECOND,)
        return counted

    def decode(microseconds: tuple[int]) -> datetime:
        return _EPOCH + microseconds[0] * _MICROSECOND

    await driver.set_type_codec("timestamptz", schema="pg_catalog", format="tuple", encoder=encode, decoder=decode)


def migration_engine(settings: Settings) -> AsyncEngine:
    """An engine for migrations, each whole or not at all: SQLite's driver by itself would commit table by table.

    Foreign keys are not looked at: a table is changed there by making another one.
    """
    url = async_url(settings)
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, poolclass=NullPool)
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": _MIGRATION_SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own objects
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
