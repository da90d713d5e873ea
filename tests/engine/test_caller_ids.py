"""Which number a call shows: near, in turns, within its calls of the day, and never a retired one."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.config.caller_ids import CallerIdPool
from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.engine.caller_ids import CallerIds
from ami_dialer.rules.caller_id import NoneLeft
from ami_dialer.store import caller_ids, documents, pausing
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

NEW_YORK, CHICAGO = "+12125550100", "+13125550100"
ONE_TRY = {"max_attempts": 1}


def pool(*numbers, **settings):
    return CallerIdPool.model_validate({"numbers": list(numbers), **settings})


def with_pool(house, pools, **campaign):
    world = house(caller_ids="main", retry=ONE_TRY, **campaign)
    world.config.caller_ids.update(pools)
    return world


async def shown(world):
    return dict(await world.rows("SELECT number, caller_id FROM attempts"))


async def test_each_is_shown_a_number_of_their_own_area_or_state_and_sql_and_the_events_say_which(house):
    world = with_pool(house, {"main": pool(NEW_YORK, {"number": CHICAGO, "name": "West"}, name="Us")})
    world.people("+12125551001,P", "+13125551002,P", "+16465551003,P", "+12175551004,P")
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    wanted = {
        "+12125551001": f"Us <{NEW_YORK}>",
        "+13125551002": f"West <{CHICAGO}>",
        "+16465551003": f"Us <{NEW_YORK}>",
        "+12175551004": f"West <{CHICAGO}>",
    }
    assert await shown(world) == wanted
    asked = {f"+{request.channel[6:17]}": request.caller_id for request in world.telephony.requests}
    assert asked == wanted
    told = {event.data["number"]: event.data for event in world.events.heard if event.name == "originate.dialled"}
    assert {number: data["caller_id"] for number, data in told.items()} == wanted
    assert told["+16465551003"]["caller_id_why"] == "same state NY"


async def test_a_pool_that_has_its_calls_of_the_day_says_so_survives_a_restart_and_holds_nobody_else_back(house):
    world = with_pool(house, {"main": pool(NEW_YORK, {"number": CHICAGO, "per_day": 4}, per_day=2)})
    document = world.config.campaigns["survey"].model_dump(exclude_unset=True, by_alias=True)
    other = {**document, "caller_ids": None, "caller_id": f"Other <{NEW_YORK}>"}
    world.config.campaigns["other"] = Campaign.model_validate(other)
    world.people(*(f"+1914555{n:04d},P" for n in range(12)))
    world.telephony.default = Plan(cause=1)
    engine = await world.start()
    done = "SELECT count(*) FROM attempts JOIN runs ON runs.id = run_id JOIN campaigns c ON c.id = campaign_id"
    await until(lambda: [desk.run.campaign for desk in engine.floor.runs.values()] == ["survey"])
    await until(lambda: not engine.floor.calls)
    [desk] = engine.floor.runs.values()
    assert desk.why.startswith("all caller ids of pool main have the calls they may have today; the next call from ")
    # Calls of the other campaign with the same number count, however many they are.
    by_caller = dict(await world.rows("SELECT caller_id, count(*) FROM attempts GROUP BY caller_id"))
    assert by_caller[f"Other <{NEW_YORK}>"] == 12
    assert by_caller[CHICAGO] == 4
    assert by_caller.get(NEW_YORK, 0) <= 2
    before = len(world.telephony.requests)
    await engine.stop(1.0)
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).why.startswith("all caller ids"))
    assert engine.floor.caller_ids.used(CHICAGO).calls == 4
    assert engine.floor.caller_ids.used(NEW_YORK).calls == before - 4
    assert len(world.telephony.requests) == before
    assert (await world.rows(f"{done} WHERE c.name = 'other'")) == [(12,)]
    await engine.stop(1.0)


async def test_a_number_that_is_retired_while_the_dialer_runs_is_not_used_any_more(house):
    world = with_pool(house, {"main": pool(NEW_YORK)}, max_calls=1)
    world.people("+12125551001,P", "+12125551002,P")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await caller_ids.retire(world.database, NEW_YORK, "burnt", world.clock.now())
    await engine.floor.look_at_caller_ids()
    world.telephony.end(next(iter(world.telephony.live)), 1)
    [desk] = engine.floor.runs.values()
    await until(lambda: desk.why.startswith("all caller ids of pool main are retired"))
    assert len(world.telephony.requests) == 1
    await caller_ids.restore(world.database, NEW_YORK, world.clock.now())
    await engine.floor.look_at_caller_ids()
    await until(lambda: world.telephony.live)
    assert len(world.telephony.requests) == 2
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)


async def test_another_pool_on_a_paused_campaign_counts_from_the_resume_on(house):
    world = with_pool(house, {"main": pool(NEW_YORK), "second": pool(CHICAGO)}, max_calls=1)
    world.people("+12125551001,P", "+12125551002,P")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await pausing.pause(world.database, "survey", world.clock.now())
    await until(lambda: not engine.floor.runs)
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: not engine.floor.calls)
    document = world.config.campaigns["survey"].model_dump(exclude_unset=True, by_alias=True)
    world.config.campaigns["survey"] = Campaign.model_validate({**document, "caller_ids": "second"})
    await documents.apply_config(world.database, world.config)
    resumed = await pausing.resume(world.database, "survey", world.clock.now())
    assert resumed.changes == {"caller_ids": ["main", "second"]}
    await until(lambda: world.telephony.live)
    assert set((await shown(world)).values()) == {NEW_YORK, CHICAGO}
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)


def test_the_day_begins_at_midnight_of_the_machine_and_a_call_that_was_not_placed_does_not_count():
    ids = CallerIds({"main": pool(NEW_YORK, per_day=1)}, "America/New_York")
    campaign = Campaign.model_validate({"lists": ["a"], "trunks": ["b"], "flow": "c", "caller_ids": "main"})
    late = datetime(2026, 11, 23, 4, 59, tzinfo=UTC)  # 23:59 in New York
    placed, taken_back = (attempt(late, key) for key in ("one", "two"))
    ids.entered(taken_back)
    assert isinstance(ids.for_call(campaign, CHICAGO, late), NoneLeft)
    ids.left(taken_back)
    assert ids.for_call(campaign, CHICAGO, late).number == NEW_YORK
    ids.entered(placed)
    refused = ids.for_call(campaign, CHICAGO, late)
    assert refused.until == datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert refused.why.endswith("have their 1 calls today; the next call from 2026-11-23 00:00:00 (America/New_York)")
    tomorrow = late + timedelta(minutes=1)
    assert ids.for_call(campaign, CHICAGO, tomorrow).number == NEW_YORK
    ids.left(placed)
    assert ids.used(NEW_YORK).calls == 0


def attempt(at, key):
    return Attempt(key, 1, 1, 1, 1, CHICAGO, "pbx", "out", AttemptState.CLAIMED, at, caller_id=NEW_YORK)
