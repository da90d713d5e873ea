"""Many campaigns at once: shares by priority, one limit over all, nobody called twice, an emergency before all."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.events import EventName
from ami_dialer.store import documents, emergency
from tests.compliance import UNRESTRICTED
from tests.engine.test_limits import CAMPAIGN, resting, set_up
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ROOMY = {"max_calls": 1000, "calls_per_second": 1000}
EXEMPT = [{"rules": ["hours", "attempts", "closed"], "basis": "emergency", "reason": "The dam may break."}]


async def rounds(world, engine, calls, rounds):
    """End all calls at once, so often, whenever `calls` of them are going on; how many each campaign made."""
    made = Counter()
    for turn in range(rounds):
        await until(lambda: len(world.telephony.live) == calls and resting(engine))
        made.update(call.desk.run.campaign for call in engine.floor.calls.values())
        if turn < rounds - 1:
            for attempt_id in list(world.telephony.live):
                world.telephony.end(attempt_id, 17)
    return made


async def test_campaigns_share_a_scarce_trunk_by_priority(house):
    world = house()
    trunks = {"carrier": {"max_calls": 8, "calls_per_second": 1000}}
    fields = {"first": {"priority": 5, "max_calls": 0}, "second": {"priority": 3, "max_calls": 0}}
    set_up(world, 60, server=ROOMY, trunks=trunks, campaigns=fields)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    assert await rounds(world, engine, 8, 10) == {"first": 50, "second": 30}
    assert "trunk carrier has its 8 calls at once" in {desk.why for desk in engine.floor.runs.values()}


async def test_the_limit_over_all_campaigns_holds_and_is_named(house):
    world = house()
    world.config = world.config.model_copy(update={"engine": world.config.engine.model_copy(update={"max_calls": 4})})
    set_up(world, 20, server=ROOMY, trunks={"carrier": ROOMY}, campaigns={"first": {}, "second": {}})
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    assert await rounds(world, engine, 4, 3) == {"first": 6, "second": 6}
    whys = {desk.why for desk in engine.floor.runs.values()}
    assert whys == {"all campaigns together have their 4 calls at once (engine.max_calls)"}


async def test_fifty_campaigns_call_the_same_people_by_their_shares_and_nobody_twice_at_once(house):
    world = house()
    priorities = {f"campaign-{index:02d}": 1 + index % 5 for index in range(55)}
    set_up(
        world,
        60,
        server=ROOMY,
        trunks={"carrier": {"max_calls": 33, "calls_per_second": 1000}},
        campaigns={name: {"priority": priority} for name, priority in priorities.items()},
    )
    world.telephony.default = Plan(stays=True)
    originate, talking = world.telephony.originate, Counter()

    async def watched(request):
        call = world.engine.floor.calls[request.attempt_id]
        others = [world.engine.floor.calls[key].attempt for key in world.telephony.live]
        talking["twice"] += sum(one.contact_id == call.attempt.contact_id for one in others)
        talking["calls"] += 1
        await originate(request)

    world.telephony.originate = watched
    engine = await world.start()
    made = await rounds(world, engine, 33, 10)  # 330 calls: 165 is the sum of all priorities
    # Whose next contact is just in another campaign's call lets one go before, and has it back in the next round.
    assert all(abs(made[name] - 2 * priority) <= 1 for name, priority in priorities.items()), made
    assert talking == {"twice": 0, "calls": 330}


async def test_an_emergency_takes_all_room_whatever_its_hours_and_leaves_the_rest(house):
    world = house()
    shut = {"earliest": "00:00", "latest": "00:01", "closed_days": [str(world.clock.now().date())]}
    trunks = {"carrier": {"max_calls": 5, "calls_per_second": 1000}}
    fields = {"sale": {"max_calls": 0}, "flood": {"hours": {**UNRESTRICTED["hours"], **shut}, "exemptions": EXEMPT}}
    set_up(world, 13, server=ROOMY, trunks=trunks, campaigns=fields)
    world.config.campaigns["flood"] = Campaign.model_validate(
        {**CAMPAIGN, "trunks": ["carrier"], "retry": {"max_attempts": 1}, "start": "by-hand", "max_calls": 2}
        | fields["flood"]
    )
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 5 and resting(engine))
    key, document = await documents.load_campaign(world.database, "flood")
    await emergency.start(world.database, key, document, world.clock.now())
    await until(lambda: len(engine.floor.runs) == 2)
    made = []
    for _ in range(4):
        for attempt_id in list(world.telephony.live):
            world.telephony.end(attempt_id, 17)
        await until(lambda: len(world.telephony.live) == 5 and resting(engine))
        made.append(Counter(call.desk.run.campaign for call in engine.floor.calls.values()))
        if made[-1]["flood"] < 5:
            break
    assert made == [{"flood": 5}, {"flood": 5}, {"flood": 3, "sale": 2}]
    assert [one["emergency"] for one in world.events.of(EventName.RUN_STARTED)] == [False, True]


async def test_of_two_emergencies_at_the_same_moment_one_begins(house):
    world = house()
    fields = {name: {"exemptions": EXEMPT, "start": "by-hand"} for name in ("flood", "fire")}
    set_up(world, 2, server=ROOMY, trunks={"carrier": ROOMY}, campaigns=fields)
    await world.prepare()
    at_once = []
    for name in fields:
        key, document = await documents.load_campaign(world.database, name)
        at_once.append(emergency.start(world.database, key, document, world.clock.now()))
    done = await asyncio.gather(*at_once, return_exceptions=True)
    [refused] = [one for one in done if isinstance(one, BaseException)]
    assert isinstance(refused, emergency.NoEmergencyError)
    async with world.database.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM runs WHERE emergency")) == 1
