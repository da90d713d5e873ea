"""Campaigns that share agents, contacts that wait for their own, and what preview leaves alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.calls import LineWaits
from tests.engine.agents.seated import TALKS, full_rate, seat
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

URGENT, OTHERS = "+12125551001", "+12125551002"
#: Rings until the test ends it.
RINGS = Plan(answers=False, stays=True)


def number_of(request) -> str:
    return "+" + request.channel.removeprefix("PJSIP/").partition("@")[0]


async def two_campaigns(house, urgent: Plan, others: Plan, **settings):
    """`urgent`, of higher priority, with one contact, and `survey` with another one, for the same agents."""
    world = house(agents="all", priority=3, **settings)
    low = world.config.campaigns["survey"]
    world.config.lists["urgent"] = world.config.lists["people"].model_copy(update={"file": world.folder / "urgent.csv"})
    world.config.campaigns["urgent"] = low.model_copy(update={"priority": 5, "lists": ["urgent"]})
    world.config.lists["urgent"].file.write_text(f"phone,first_name\n{URGENT},P\n", encoding="utf-8")
    world.people(f"{OTHERS},P")
    world.telephony.plans = {URGENT[1:]: urgent, OTHERS[1:]: others}
    engine = await world.start()
    await until(lambda: len(engine.floor.runs) == 2 and all(desk.hopper for desk in engine.floor.runs.values()))
    await full_rate(world)
    return world, engine


async def test_an_agent_whom_a_campaign_had_for_agent_idle_without_a_call_goes_to_another_one(house):
    world, engine = await two_campaigns(house, RINGS, TALKS)
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.RESERVED and world.telephony.requests)
    assert [number_of(request) for request in world.telephony.requests] == [URGENT]
    one.since -= timedelta(seconds=31)  # agent_idle is 30 s
    engine.floor.wake.set()
    await until(lambda: one.state is AgentState.IN_CALL)
    assert [number_of(request) for request in world.telephony.requests] == [URGENT, OTHERS]
    assert one.passed_over is None


async def test_when_the_campaign_of_higher_priority_has_nobody_left_its_agents_call_for_the_other(house):
    world, engine = await two_campaigns(house, Plan(cause=17), TALKS, retry={"max_attempts": 1})
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)
    assert [number_of(request) for request in world.telephony.requests] == [URGENT, OTHERS]
    assert [desk.run.campaign for desk in engine.floor.runs.values() if desk.run.id == one.run] == ["survey"]


async def test_who_has_just_decided_to_dial_is_offered_nobody_else(house):
    world = house(agents="all", dialing={"mode": "preview", "preview": {"timeout": 600}})
    world.people(*(f"+121255510{n:02d},P" for n in range(10, 13)))
    world.telephony.default = Plan(cause=17)
    engine = await world.start()
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.PREVIEWING)
    chosen, [desk] = one.preview, engine.floor.runs.values()
    engine._ticker._offers.dial(one)
    assert (one.state, engine._ticker._sharing._turn(desk, [])) == (AgentState.RESERVED, None)
    await until(lambda: one.state is AgentState.PREVIEWING)  # nobody was reached; then comes the next one
    assert [number_of(request) for request in world.telephony.requests] == [chosen.number]
    assert one.preview.number != chosen.number


@pytest.mark.parametrize("mode", ["power", "preview"])
async def test_who_is_let_go_on_the_way_into_the_bridge_hears_silence_there(house, mode):
    world = house(agents="all", dialing={"mode": mode, "preview": {"timeout": 600}})
    world.people(f"{URGENT},P")
    world.telephony.default = RINGS
    engine = await world.start()
    one = await seat(world, "101")
    if mode == "preview":
        await until(lambda: one.state is AgentState.PREVIEWING)
        engine._ticker._offers.dial(one)
    await until(lambda: one.state is AgentState.RESERVED and world.telephony.live)
    lines = engine._office._lines
    await until(lambda: not lines._tasks)
    told = len(world.telephony.asked)
    lines._desk.ring.add(one.line)  # the dialplan has it on its way to the bridge with the tone
    one.waiting = False
    world.telephony.end(*world.telephony.live, 17)
    await until(lambda: one.state is AgentState.READY)
    assert world.telephony.asked[told:] == []
    world.telephony.tell(LineWaits(one.line, one.channel, world.clock.now()))
    await until(lambda: one.free)
    assert world.telephony.asked[told:] == [("redirect", one.channel, "ami-dialer-agent", "waiting")]


async def test_a_contact_that_waited_long_enough_for_its_own_agent_goes_to_another_one(house):
    world = house(agents="all", own_agent={"wait": 60, "others": True})
    world.people(f"{URGENT},P")
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).hopper)
    desk = next(iter(engine.floor.runs.values()))
    desk.hopper[0] = replace(desk.hopper[0], agent="102")
    one = await seat(world, "101")
    await until(lambda: desk.why == "all who are due wait for their own agents")
    assert one.state is AgentState.READY
    [waits] = desk.for_own
    desk.for_own.remove(waits)
    desk.for_own.add(waits, world.clock.monotonic() - 61)
    engine.floor.wake.set()
    await until(lambda: one.state is AgentState.IN_CALL)
