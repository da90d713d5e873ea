"""A database in trouble: no new calls, calls in progress go on, and all is caught up with afterwards."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import runs
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.migrate import migrate
from tests.fakes.telephony import Plan
from tests.journey.conftest import House, until
from tests.store.world import number

pytestmark = pytest.mark.journey


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Nobody waits for long."""
    monkeypatch.setattr("ami_dialer.store.database.BUSY_TIMEOUT_MS", 40)
    monkeypatch.setattr("ami_dialer.store.writer._RETRY_SECONDS", (0.01, 0.02))


@asynccontextmanager
async def locked(settings):
    """Another connection is writing, and does not come to an end."""
    other = Database(settings)
    async with other.writing() as connection:
        if not other.is_sqlite:
            await connection.execute(text("LOCK TABLE attempts, enrolments IN EXCLUSIVE MODE"))
        yield
    await other.close()


def people(world, count):
    world.people(*(f"{number(index)},P" for index in range(count)))


async def test_a_lock_of_others_stops_new_calls_and_its_end_lets_them_go_on(house, database_settings):
    world = house(max_calls=2)
    people(world, 6)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2 and engine.floor.writer.waiting == 0)
    async with locked(database_settings):
        for attempt_id in list(world.telephony.live):
            world.telephony.end(attempt_id, 1)
        # Whoever was picked before the lock showed waits for the attempt to be written, and is not called before.
        await until(lambda: engine.floor.writer.trouble and not world.telephony.live)
        [desk] = engine.floor.runs.values()
        await until(lambda: "the database takes no writes: another" in desk.why)
        assert len(world.telephony.requests) == 2
    world.telephony.default = Plan(cause=1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert [reason for _, reason in await world.ends()] == ["invalid_number"] * 6
    assert len(world.telephony.ever) == 6


async def test_a_person_is_served_while_the_database_is_locked_and_what_was_pressed_is_kept(house, database_settings):
    world = house()
    people(world, 1)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 1 and not world.telephony._tasks)
    await until(lambda: engine.floor.writer.waiting == 0)
    async with locked(database_settings):
        [attempt_id] = world.telephony.live
        await world.telephony._play_out(attempt_id, Plan(answers=True, presses=("2",)))
        await until(lambda: engine.floor.writer.trouble)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT digits, end_reason FROM answers JOIN attempts ON attempts.id = attempt_id") == [
        ("2", "completed")
    ]


async def test_without_an_answer_about_do_not_call_lists_nobody_is_called_and_nobody_is_asked_without_end(
    house, monkeypatch
):
    world = house()
    people(world, 3)
    world.telephony.default = Plan(cause=1)
    asked, started = 0, False
    refresh = DncIndex.refresh

    async def away(*given):
        nonlocal asked, started
        if not started:  # the start itself needs an answer, and ends without one
            started = True
            return await refresh(*given)
        asked += 1
        raise StoreError("database: nothing listens there")

    monkeypatch.setattr(DncIndex, "refresh", away)
    engine = await world.start()
    await until(lambda: asked)
    before = asked
    for _ in range(300):
        await asyncio.sleep(0)
    assert asked <= before + 1  # a tick may have passed, no more
    assert (engine.floor.calls, world.telephony.requests) == ({}, [])
    [desk] = engine.floor.runs.values()
    assert len(desk.hopper) == 3
    assert desk.limit.in_progress == 0
    monkeypatch.setattr(DncIndex, "refresh", refresh)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 3


async def test_a_postgresql_that_crashes_under_the_dialer_costs_no_call_and_no_result(crashing_postgres, tmp_path):
    settings = Settings(url=crashing_postgres.url("postgres"))
    await migrate(settings)
    database = Database(settings)
    await database.lock_engine()
    world = House(database, tmp_path, max_calls=5)
    people(world, 30)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 5)
    for _ in range(2):
        await asyncio.to_thread(crashing_postgres.crash)
        for attempt_id in list(world.telephony.live):
            world.telephony.end(attempt_id, 1)
        await until(lambda: engine.floor.writer.trouble and not engine.floor.calls)
        placed = len(world.telephony.ever)
        await asyncio.to_thread(crashing_postgres.start)
        await until(lambda placed=placed: len(world.telephony.ever) == placed + 5)
    world.telephony.default = Plan(cause=1)
    for attempt_id in list(world.telephony.live):
        world.telephony.end(attempt_id, 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert engine.fault is None
    assert len({request.channel for request in world.telephony.ever}) == len(world.telephony.ever) == 30
    assert await world.rows("SELECT end_reason, count(*) FROM attempts GROUP BY end_reason") == [("invalid_number", 30)]
    assert await world.rows("SELECT state, count(*) FROM enrolments GROUP BY state") == [("done", 30)]
    await database.close()


async def test_an_engine_whose_lock_went_to_another_calls_nobody(house, monkeypatch):
    world = house()
    people(world, 3)
    world.telephony.default = Plan(cause=1)
    taken = "another ami-dialer is running on this database; stop it first"

    async def lost():
        if taken:
            raise StoreError(taken)

    monkeypatch.setattr(world.database, "keep_engine_lock", lost)
    engine = await world.start()
    await until(lambda: engine._ticker._trouble == taken)
    assert world.telephony.requests == []
    taken = None
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 3


async def test_a_dialer_that_finds_no_database_at_its_start_says_so_and_stops_at_once(house, monkeypatch):
    world = house()
    people(world, 1)

    async def away(*_):
        raise StoreError("database: nothing listens there; start the database server")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "running_ids", away)
        with pytest.raises(StoreError, match="nothing listens there"):
            await world.start()
        await world.engine.stop(0.0)
    assert not world.telephony.connected
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    assert [reason for _, reason in await world.ends()] == ["invalid_number"]
