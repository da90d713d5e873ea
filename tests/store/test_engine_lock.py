"""One engine at a time on one database."""

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import text

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running
from tests.store.world import rows

pytestmark = pytest.mark.store


@pytest.fixture
async def second(database_settings):
    database = Database(database_settings)
    yield database
    await database.close()


async def test_the_lock_is_seen_by_others_and_free_after_the_end(database, second):
    assert not await engine_running(second)
    await database.lock_engine()
    assert await engine_running(second)
    with pytest.raises(StoreError, match=r"another ami-dialer .*is running on .*; stop it first"):
        await second.lock_engine()
    await database.close()
    assert not await engine_running(second)
    await second.lock_engine()


async def test_asking_does_not_take_the_lock(database, second):
    assert not await engine_running(second)
    await database.lock_engine()
    await database.keep_engine_lock()


async def test_keeping_a_lock_that_was_never_taken_takes_none(database, second):
    await database.keep_engine_lock()
    await second.lock_engine()


HOLD = """
import asyncio, sys
from ami_dialer.config.schema import Database as Settings
from ami_dialer.store.database import Database

async def hold():
    database = Database(Settings(url=sys.argv[1]))
    await database.lock_engine()
    print("locked", flush=True)
    await asyncio.sleep(600)

asyncio.run(hold())
"""


@pytest.fixture
def holder(database_settings):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, database_settings.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"locked\n"
            yield process
        finally:
            process.kill()


async def test_a_killed_process_leaves_no_lock_behind(holder, second):
    with pytest.raises(StoreError, match=f"pid {holder.pid}" if second.is_sqlite else "another ami-dialer"):
        await second.lock_engine()
    holder.kill()
    holder.wait()
    deadline = asyncio.get_running_loop().time() + 20
    while await engine_running(second):  # PostgreSQL notices within moments that the other is gone
        assert asyncio.get_running_loop().time() < deadline
    await second.lock_engine()


@pytest.fixture
async def on_postgresql(postgres):
    postgres.sql("CREATE DATABASE locks TEMPLATE migrated")
    opened = [Database(Settings(url=postgres.url("locks"))) for _ in range(2)]
    yield opened
    for database in opened:
        await database.close()
    postgres.sql("DROP DATABASE locks WITH (FORCE)")


async def cut(database, other):
    """The server ends the connection that holds the lock."""
    await database.lock_engine()
    [(pid,)] = await rows(other, "SELECT pid FROM pg_locks WHERE locktype = 'advisory'")
    async with other.writing() as connection:
        # Waits until it is gone: it is told to end, and ends when it likes.
        assert await connection.scalar(text(f"SELECT pg_terminate_backend({pid}, 10000)"))


async def test_a_lock_that_was_lost_with_its_connection_is_taken_again(on_postgresql):
    first, second = on_postgresql
    await cut(first, second)
    await first.keep_engine_lock()
    with pytest.raises(StoreError, match="another ami-dialer is running"):
        await second.lock_engine()


async def test_who_lost_the_lock_to_another_may_not_go_on(on_postgresql):
    first, second = on_postgresql
    await cut(first, second)
    await second.lock_engine()
    for _ in range(2):
        with pytest.raises(StoreError, match="another ami-dialer is running"):
            await first.keep_engine_lock()
    await second.close()
    await first.keep_engine_lock()


async def test_while_the_server_is_away_the_lock_cannot_be_kept(crashing_postgres):
    database = Database(Settings(url=crashing_postgres.url("postgres")))
    await database.lock_engine()
    crashing_postgres.crash()
    for _ in range(2):
        with pytest.raises(StoreError, match="nothing listens there"):
            await database.keep_engine_lock()
    crashing_postgres.start()
    await database.keep_engine_lock()
    assert await engine_running(database)
    await database.close()


async def test_a_disk_without_room_for_the_process_id_does_not_keep_the_lock_from_being_taken(
    tmp_path, monkeypatch, migrated_sqlite
):
    def full(*_):
        raise OSError(28, "No space left on device")

    database = Database(Settings(url=f"sqlite:///{tmp_path}/test.db"))
    with monkeypatch.context() as patched:
        patched.setattr("ami_dialer.store.database.os.write", full)
        await database.lock_engine()
    assert await engine_running(database)
    await database.close()


async def test_a_disk_that_knows_no_locks_is_said(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(37, "No locks available")

    database = Database(Settings(url=f"sqlite:///{tmp_path}/test.db"))
    with monkeypatch.context() as patched:
        patched.setattr("ami_dialer.store.database.fcntl.flock", no_locks)
        with pytest.raises(StoreError, match=r"cannot be locked \(No locks available\); use a local disk"):
            await database.lock_engine()
    await database.close()
