"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, a clock, free ports."""

import asyncio
import itertools
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.schema import Database as DatabaseSettings
from ami_dialer.store.database import Database, Look
from ami_dialer.store.migrate import migrate
from tests.postgres import Postgres, start_postgres

# How long drawing an input takes says something of the machine that is shared, and nothing of the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

MARKERS = {"unit", "store", "asterisk", "mqtt", "journey", "architecture"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test says what it needs, so that `-m` picks what a machine can run; what takes long does not begin last."""
    for item in items:
        if not MARKERS & {mark.name for mark in item.iter_markers()}:
            raise pytest.UsageError(f"{item.nodeid} has none of the markers {', '.join(sorted(MARKERS))}")
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A port on 127.0.0.1 that nothing listens on now."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture(scope="session")
def postgres(free_port: Callable[[], int]) -> Iterator[Postgres]:
    """One server for each test process, with a migrated template."""
    server = start_postgres(free_port())
    try:
        server.sql("CREATE DATABASE migrated")
        asyncio.run(migrate(DatabaseSettings(url=server.url("migrated"))))
        yield server
    finally:
        server.stop()


@pytest.fixture
def crashing_postgres(free_port: Callable[[], int]) -> Iterator[Postgres]:
    """A server of the test's own, to be crashed and started; what it has committed is kept."""
    server = start_postgres(free_port(), durable=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    asyncio.run(migrate(DatabaseSettings(url=f"sqlite:///{path}")))
    return path


_numbers = itertools.count(1)


@pytest.fixture
def sqlite_settings(tmp_path: Path, migrated_sqlite: Path) -> DatabaseSettings:
    """A migrated, empty SQLite file of the test's own."""
    path = tmp_path / "test.db"
    shutil.copy(migrated_sqlite, path)
    return DatabaseSettings(url=f"sqlite:///{path}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
    """A migrated, empty database of the test's own; the test runs once on each of the two."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_settings")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE migrated")
    yield DatabaseSettings(url=server.url(name))
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_settings: DatabaseSettings) -> AsyncIterator[Database]:
    """The same, open."""
    opened = Database(database_settings)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def one_connection_each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a running dialer opens a second connection while it holds one.

    With as many calls at it as PostgreSQL's pool has connections, each would wait for another's, for ever.
    """
    if request.node.get_closest_marker("journey") is None:
        return
    holders: set[object] = set()

    def watched(opened: Callable[..., Any]) -> Callable[..., Any]:
        @asynccontextmanager
        async def watch(database: Database, look: Look = None) -> AsyncIterator[AsyncConnection]:
            if look is not None:
                yield look
                return
            key = asyncio.current_task(), id(database)
            assert key not in holders, "a connection is opened within another's block: hand the open one on"
            holders.add(key)
            try:
                async with opened(database) as connection:
                    yield connection
            finally:
                holders.discard(key)

        return watch

    for way in ("reading", "looking", "writing", "bulk_writing", "raw_writing"):
        monkeypatch.setattr(Database, way, watched(getattr(Database, way)))


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Log lines as they are in production: structlog's default draws each traceback for a second."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(["event"]),
        ]
    )


class ManualClock:
    """A clock that moves when it is told to. Implements ports.Clock."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
        self._start = self._now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
