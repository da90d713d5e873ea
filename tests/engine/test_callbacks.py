"""Callbacks in a whole dialer: placed at their time before all others, kept, missed, and asked for in a call."""

from collections import deque
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from ami_dialer.domain.callback import CallbackSource, CallbackState
from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.engine import callbacks as engine_callbacks
from ami_dialer.engine.refill import Refill
from ami_dialer.journey import scrub
from ami_dialer.store import callback_rows, callbacks, tables
from ami_dialer.store.callback_writes import Wanted
from tests.engine.line import Line, lines
from tests.engine.waiting import until_rows
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import number, rows, run_of

pytestmark = pytest.mark.journey

STATES = "SELECT state FROM callbacks ORDER BY id"


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(engine_callbacks, "LOOK_SECONDS", 0.02)


async def ask(world, number, later=0.0, **more):
    [[key]] = await world.rows("SELECT id FROM campaigns")
    contact = await callback_rows.contact_with(world.database, key, number)
    now = world.clock.now()
    at = now + timedelta(seconds=later)
    wanted = Wanted(campaign_id=key, contact_id=contact, number=number, at=at, source=CallbackSource.CLI, **more)
    return await callbacks.ask(world.database, wanted, now)


async def test_it_is_dialled_before_a_hopper_full_of_others(house):
    world = house(max_calls=1, hopper={"size": 50})
    [first] = await lines_of(world, 12)
    await ask(world, "+12125550011")
    await until(lambda: any(desk.hopper[0].number == "+12125550011" for desk in world.engine.floor.runs.values()))
    first.end(17)
    await until_rows(world, STATES, [("kept",)])
    found = await world.rows("SELECT number FROM attempts ORDER BY id")
    assert found[1] == ("+12125550011",)
    [[kept_by, verdict]] = await world.rows(
        "SELECT kept_by, verdict FROM callbacks JOIN attempts ON attempts.id = callbacks.kept_by"
    )
    assert kept_by
    assert '"callback":1' in verdict
    assert world.events.names("+12125550011").count("callback.kept") == 1


async def lines_of(world, people):
    world.people(*(f"+1212555{index:04d},P" for index in range(people)))
    world.telephony.default = Plan(stays=True)
    await world.start()
    await until(lambda: len(world.telephony.live) == 1 and not world.telephony._tasks)
    return [Line(world, attempt_id) for attempt_id in world.telephony.live]


async def test_it_goes_ahead_of_the_hopper_too_where_the_database_is_away_when_it_is_judged(monkeypatch):
    async def away(*_):
        raise StoreError("away")

    monkeypatch.setattr(scrub, "verdicts", away)
    waits, asked, other = (SimpleNamespace(rank=rank) for rank in (8, CALLBACK_RANK, 2))
    desk = SimpleNamespace(hopper=deque([waits]), court=None)
    refill = Refill(SimpleNamespace(database=None, writer=None, clock=None), None)
    with pytest.raises(StoreError):
        await refill._judge(desk, [asked, other])
    assert list(desk.hopper) == [asked, waits, other]


async def test_whoever_answered_is_called_again_at_the_time_although_the_campaign_would_not(house):
    """Neither the time between two calls nor the days after an answer hold back what the person asked for."""
    world = house(caps={"between_calls": "1h", "skip_answered_days": 3})
    [first] = await lines(world, 1)
    first.answer()
    await until(lambda: first.attempt.answered_at is not None)
    await ask(world, "+12125550000")
    first.end()
    await until_rows(world, STATES, [("kept",)])
    assert await world.rows("SELECT count(*) FROM attempts") == [(2,)]


async def test_what_cannot_be_placed_in_time_is_missed_and_kept_late(house):
    world = house(max_calls=1)
    [first] = await lines_of(world, 2)
    asked = await ask(world, "+12125550001")
    await until(lambda: "callback.asked" in world.events.names())
    async with world.database.writing() as connection:
        await connection.execute(update(tables.callbacks).values(at=asked.at - timedelta(hours=1)))
    await until_rows(world, STATES, [("missed",)])
    await until(lambda: "callback.missed" in world.events.names())
    first.end()
    await until_rows(world, STATES, [("kept",)])
    [found] = await callback_rows.load(world.database, [asked.id])
    assert found.state is CallbackState.KEPT


async def test_a_call_that_outlives_the_dialer_keeps_its_callback_although_that_was_not_written(house, monkeypatch):
    world = house()
    [first] = await lines(world, 1)
    first.answer()
    await until(lambda: first.attempt.answered_at is not None)
    await ask(world, "+12125550000")
    monkeypatch.setattr(world.engine._ticker, "_keep_callback", lambda _: None)
    first.end()
    await until(lambda: len(world.telephony.requests) == 2 and not world.telephony._tasks)
    await until(lambda: world.engine.floor.writer.waiting == 0)
    await world.kill()
    assert await world.rows(STATES) == [("waiting",)]
    await world.start()
    await until_rows(world, STATES, [("kept",)])
    [second] = [Line(world, attempt_id) for attempt_id in world.telephony.live]
    assert await world.rows("SELECT kept_by FROM callbacks") == [(second.id,)]
    second.answer()
    second.end()
    await until_rows(world, "SELECT state FROM enrolments", [("done",)])
    await until(lambda: world.engine.idle)
    assert len(world.telephony.ever) == 2


async def test_each_second_those_that_changed_are_read_and_told_and_no_others(database, clock, monkeypatch):
    now = clock.now()
    await run_of(database, 3, now)
    key = (await rows(database, "SELECT id FROM campaigns"))[0][0]
    asked, told, read = [], [], []

    async def ask_for(index):
        contact = await callback_rows.contact_with(database, key, number(index))
        at = now + timedelta(hours=1)
        wanted = Wanted(campaign_id=key, contact_id=contact, number=number(index), at=at, source=CallbackSource.CLI)
        asked.append((await callbacks.ask(database, wanted, now)).id)

    async def load(database, keys, load=callback_rows.load):
        read.append(set(keys))
        return await load(database, keys)

    monkeypatch.setattr(callback_rows, "load", load)
    announcer = SimpleNamespace(callback=lambda name, one, _: told.append((name, one.id, one.campaign)))
    looks = engine_callbacks.Callbacks(
        SimpleNamespace(database=database, clock=clock, runs={}, announcer=announcer, wake=None)
    )
    await ask_for(0)
    await looks.look()
    await ask_for(1)
    await looks.look()
    await ask_for(2)
    await callbacks.cancel(database, asked[:1], now, "by hand")
    await looks.look()
    await looks.look()
    first, second, third = asked
    assert read == [{second}, {first, third}]
    assert told == [
        ("callback.asked", second, "survey"),
        ("callback.asked", third, "survey"),
        ("callback.cancelled", first, "survey"),
    ]
