"""Stopping while the database holds commits up: it ends, and nobody is called any more."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ami_dialer.engine import lifecycle
from ami_dialer.journey import hopper
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ANN = "12125550101"


@pytest.fixture
async def held_up(house, monkeypatch):
    """A dialer that waits for the commit of an attempt, and the event that lets commits through."""
    world = house()
    world.people(f"+{ANN},Ann")
    world.commits = asyncio.Event()
    commit = world.database.raw_writing

    @asynccontextmanager
    async def waiting():
        await world.commits.wait()
        async with commit() as connection:
            yield connection

    monkeypatch.setattr(world.database, "raw_writing", waiting)
    engine = await world.start()
    await until(lambda: engine.floor.calls)
    return world


async def test_a_commit_that_comes_after_the_signal_places_no_call(held_up):
    stopping = asyncio.create_task(held_up.engine.stop(30.0))
    await until(lambda: held_up.engine.floor.draining)
    held_up.commits.set()
    await stopping
    assert held_up.telephony.requests == []
    assert await held_up.rows("SELECT state, attempts FROM enrolments") == [("waiting", 0)]
    assert await held_up.rows("SELECT end_reason, detail FROM attempts") == [
        ("cancelled", "the dialer was stopped before the call was placed")
    ]


async def test_a_tick_that_is_stuck_does_not_keep_the_dialer_from_stopping(house, monkeypatch):
    monkeypatch.setattr(lifecycle, "TICK_SECONDS", 0.05)
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(cause=1)
    stuck, free = asyncio.Event(), asyncio.Event()
    refill = hopper.refill

    async def answers_late(*arguments, **further):
        claimed = await refill(*arguments, **further)
        stuck.set()
        await free.wait()
        return claimed

    monkeypatch.setattr(hopper, "refill", answers_late)
    engine = await world.start()
    await stuck.wait()
    await engine.stop(0.0)
    assert await world.rows("SELECT state FROM enrolments") == [("claimed",)]
    free.set()
    await engine._ticking
    assert world.telephony.requests == []
    monkeypatch.setattr(hopper, "refill", refill)
    await world.run_until_done()
    assert [reason for _, reason in await world.ends()] == ["invalid_number"]


async def test_commits_that_never_come_do_not_keep_the_dialer_from_stopping(held_up, monkeypatch):
    for limit in ("PLACED_SECONDS", "HANG_UP_SECONDS", "LAST_WRITES_SECONDS"):
        monkeypatch.setattr(lifecycle, limit, 0.05)
    await held_up.engine.stop(0.0)
    assert held_up.engine.floor.writer.waiting == 1
    held_up.commits.set()
    assert held_up.telephony.requests == []
    held_up.telephony.default = Plan(cause=1)
    await held_up.run_until_done()
    assert [reason for _, reason in await held_up.ends()] == ["invalid_number"]
