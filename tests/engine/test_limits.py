"""Limits of server, trunk and campaign hold under load, and no run starves another."""

import random
from collections import Counter

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Server, Trunk
from ami_dialer.store.database import Database
from tests.compliance import UNRESTRICTED
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

CAMPAIGN = {"lists": ["people"], "flow": "survey", **UNRESTRICTED}


@pytest.fixture
async def database(sqlite_settings):
    """SQLite alone: limits are kept in memory."""
    opened = Database(sqlite_settings)
    yield opened
    await opened.close()


def trunk(name, **limits):
    return Trunk.model_validate({"server": "pbx", "dial": f"PJSIP/{{number}}@{name}", **limits})


def set_up(world, people, *, server, trunks, campaigns):
    """Replace servers, trunks and campaigns of the dialer."""
    world.people(*(f"+1212555{index:04d},P" for index in range(people)))
    world.config.servers["pbx"] = Server.model_validate({"secret": "s", **server})
    world.config.trunks.clear()
    world.config.trunks.update({name: trunk(name, **limits) for name, limits in trunks.items()})
    world.config.campaigns.clear()
    for name, fields in campaigns.items():
        world.config.campaigns[name] = Campaign.model_validate(
            {**CAMPAIGN, "trunks": list(trunks), "retry": {"max_attempts": 1}, **fields}
        )


def trunk_of(channel):
    return channel.split("@")[1]


def resting(engine):
    """The ticker has done all that it can do now."""
    return engine.floor.wake._waiters and not engine.floor.wake.is_set() and not engine._ticker._dials


async def test_calls_at_once_of_server_trunks_and_campaigns_hold_while_calls_come_and_go(house):
    world = house()
    set_up(
        world,
        60,
        server={"max_calls": 9, "calls_per_second": 1000},
        trunks={
            "small": {"max_calls": 3, "calls_per_second": 1000},
            "large": {"max_calls": 7, "calls_per_second": 1000},
        },
        campaigns={"first": {"max_calls": 4}, "second": {"max_calls": 8}},
    )
    world.telephony.default = Plan(stays=True)
    dice = random.Random(1)
    most = Counter()
    originate = world.telephony.originate

    async def counting(request):
        await originate(request)
        calls = [world.engine.floor.calls[key] for key in world.telephony.live]
        now = Counter(trunk_of(live.channel) for live in world.telephony.live.values() if "@" in live.channel)
        now.update(call.desk.run.campaign for call in calls)
        now["pbx"] = len(calls)
        for name, count in now.items():
            most[name] = max(most[name], count)

    world.telephony.originate = counting
    engine = await world.start()
    while not engine.idle:
        await until(lambda: engine.idle or (world.telephony.live and resting(engine)))
        living = list(world.telephony.live)
        for attempt_id in dice.sample(living, k=dice.randint(1, max(1, len(living)))) if living else ():
            world.telephony.end(attempt_id, 17)
    assert most == {"small": 3, "large": most["large"], "first": 4, "second": most["second"], "pbx": 9}
    assert 6 <= most["large"] <= 7
    assert 5 <= most["second"] <= 8
    assert await world.rows("SELECT count(*), count(DISTINCT enrolment_id) FROM attempts") == [(120, 120)]


async def test_calls_a_second_of_server_and_trunk_hold_at_every_moment(house, clock):
    world = house()
    world.clock = world.telephony.clock = clock
    rates = {"pbx": 12.0, "slow": 2.0, "fast": 11.0}
    set_up(
        world,
        80,
        server={"max_calls": 100, "calls_per_second": rates["pbx"]},
        trunks={name: {"max_calls": 100, "calls_per_second": rates[name]} for name in ("slow", "fast")},
        campaigns={"survey": {"max_calls": 100}},
    )
    world.telephony.default = Plan(cause=1)
    starts = {name: [] for name in rates}
    originate = world.telephony.originate

    async def counting(request):
        starts["pbx"].append(clock.monotonic())
        starts[trunk_of(request.channel)].append(clock.monotonic())
        await originate(request)

    world.telephony.originate = counting
    engine = await world.start()
    dice = random.Random(2)
    while not engine.idle:
        clock.advance(dice.choice((0.01, 0.05, 0.1, 0.4, 2.0)))
        engine.floor.wake.set()
        await until(lambda: engine.idle or (resting(engine) and not engine.floor.calls))
    assert len(starts["pbx"]) == 80
    assert starts["slow"]
    for name, rate in rates.items():
        burst = max(1.0, rate / 10)
        times = starts[name]
        for first, begin in enumerate(times):
            for last in range(first, len(times)):
                assert last - first + 1 <= rate * (times[last] - begin) + burst + 1e-6


async def test_a_rate_wakes_the_dialer_when_the_next_call_may_go_and_not_at_the_next_tick_only(house):
    world = house()
    set_up(
        world,
        30,
        server={"max_calls": 100, "calls_per_second": 1000},
        trunks={"carrier": {"max_calls": 100, "calls_per_second": 100}},
        campaigns={"survey": {"max_calls": 100}},
    )
    world.telephony.default = Plan(stays=True)
    waits = []
    engine = await world.start()
    once = engine._ticker._once

    async def measured():
        waits.append(await once())
        return waits[-1]

    engine._ticker._once = measured
    await until(lambda: len(world.telephony.live) == 30)
    assert min(waits) <= 0.01 < engine.floor.config.engine.tick


async def test_two_runs_share_a_trunk_call_by_call(house):
    world = house()
    set_up(
        world,
        40,
        server={"max_calls": 100, "calls_per_second": 1000},
        trunks={"carrier": {"max_calls": 3, "calls_per_second": 1000}},
        campaigns={"first": {"max_calls": 50}, "second": {"max_calls": 50}, "third": {"max_calls": 50}},
    )
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    for _ in range(30):
        await until(lambda: len(world.telephony.live) == 3 and resting(engine))
        world.telephony.end(next(iter(world.telephony.live)), 17)
    await until(lambda: len(world.telephony.live) == 3 and resting(engine))
    served = Counter(desk.run.campaign for desk in engine.floor.runs.values() for _ in range(desk.tally.attempts))
    assert served == {"first": 10, "second": 10, "third": 10}


async def test_a_run_that_may_take_little_leaves_the_rest_to_the_others(house):
    world = house()
    set_up(
        world,
        40,
        server={"max_calls": 100, "calls_per_second": 1000},
        trunks={"carrier": {"max_calls": 10, "calls_per_second": 1000}},
        campaigns={"small": {"max_calls": 2}, "large": {"max_calls": 50}},
    )
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 10 and resting(engine))
    assert Counter(call.desk.run.campaign for call in engine.floor.calls.values()) == {"small": 2, "large": 8}


async def test_calls_taken_up_after_a_restart_count_against_calls_at_once(house):
    world = house()
    set_up(
        world,
        10,
        server={"max_calls": 100, "calls_per_second": 1000},
        trunks={"carrier": {"max_calls": 4, "calls_per_second": 1000}},
        campaigns={"survey": {"max_calls": 50}},
    )
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 4 and resting(engine) and engine.floor.writer.waiting == 0)
    await world.kill()
    world.config.trunks["carrier"] = trunk("carrier", max_calls=6, calls_per_second=1000)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 6 and resting(engine))
    assert len(world.telephony.requests) == 2
    assert engine.floor.trunks["carrier"].limit.in_progress == 6
