"""Contacts that wait for their own agent hold nobody else up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store import pausing
from ami_dialer.store.tables import enrolments
from tests.engine.agents.seated import TALKS, on_break, ready_again, seat
from tests.engine.waiting import until_rows
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

HALF_AN_HOUR = timedelta(minutes=30)
PEOPLE = [f"+1212555{number},P" for number in range(1000, 1012)]


async def all_for_the_absent(world):
    """The whole hopper belongs to agent 102, who is not there."""
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).hopper)
    [desk] = engine.floor.runs.values()
    keys = {claimed.enrolment_id for claimed in desk.hopper}
    async with engine.floor.database.writing() as connection:
        await connection.execute(update(enrolments).where(enrolments.c.id.in_(keys)).values(agent="102"))
    desk.hopper = type(desk.hopper)(replace(claimed, agent="102") for claimed in desk.hopper)
    return engine, desk, keys


async def three_more_for_the_absent(world, engine):
    """Contacts 3 to 5 belong to agent 102 too; 101 is there, and has a call."""
    async with engine.floor.database.writing() as connection:
        more = enrolments.c.id.in_(range(3, 6))
        await connection.execute(update(enrolments).where(more).values(agent="102"))
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)


async def test_contacts_of_an_absent_agent_leave_the_hopper_to_others_and_are_that_agents_first(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False}, hopper={"size": 4})
    engine, desk, keys = await all_for_the_absent(world)
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)
    assert engine.floor.calls[one.attempt_id].attempt.enrolment_id not in keys
    assert {claimed.enrolment_id for claimed in desk.for_own} == keys
    two = await seat(world, "102")
    await until(lambda: two.state is AgentState.IN_CALL)
    mine = engine.floor.calls[two.attempt_id].attempt.enrolment_id
    assert mine in keys
    assert mine not in desk.turn_came


async def test_where_too_many_wait_for_one_agent_the_others_of_these_are_put_off_by_name(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False}, hopper={"size": 2})
    engine, desk, keys = await all_for_the_absent(world)
    await three_more_for_the_absent(world, engine)
    assert {claimed.enrolment_id for claimed in desk.for_own} == keys
    await until(lambda: desk.tally.held(world.clock.now())["own-agent"] == 3)
    async with engine.floor.database.reading() as connection:
        held = select(enrolments.c.id).where(enrolments.c.held_by == "own-agent")
        assert set(await connection.scalars(held)) == {3, 4, 5}
    soon = f"SELECT count(*) FROM enrolments WHERE id IN (3, 4, 5) AND due_at < '{world.clock.now() + HALF_AN_HOUR}'"
    assert await world.rows(soon) == [(0,)], "the agent is away"
    two = await seat(world, "102")
    await until(lambda: two.state is AgentState.IN_CALL)
    assert await world.rows(soon) == [(3,)], "and has come"


async def test_who_came_while_the_campaign_was_paused_is_looked_for_when_it_goes_on(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False}, hopper={"size": 2})
    engine, desk, _ = await all_for_the_absent(world)
    await three_more_for_the_absent(world, engine)
    await until(lambda: desk.tally.held(world.clock.now())["own-agent"] == 3)
    await pausing.pause(world.database, "survey", world.clock.now())
    await until(lambda: not engine.floor.runs)
    await seat(world, "102")
    await pausing.resume(world.database, "survey", world.clock.now())
    soon = f"SELECT count(*) FROM enrolments WHERE id IN (3, 4, 5) AND due_at < '{world.clock.now() + HALF_AN_HOUR}'"
    await until_rows(world, soon, [(3,)])


async def test_whoever_comes_back_from_a_break_is_looked_for_too(office):
    one, seats = await office.ready(), office.floor.seats
    seats.came.clear()
    seats.take_break(one, office.clock.now(), "Lunch")
    assert seats.came == set()
    seats.back(one, office.clock.now(), 0.0)
    assert seats.came == {"101"}


async def test_many_contacts_of_an_absent_agent_starve_nobody_whatever_their_rank(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False}, hopper={"size": 2})
    world.people(*(f"+1212555{number},P" for number in range(1000, 1040)))
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).hopper)
    [desk] = engine.floor.runs.values()
    async with engine.floor.database.writing() as connection:
        await connection.execute(update(enrolments).where(enrolments.c.id <= 38).values(agent="102"))
    desk.hopper = type(desk.hopper)(replace(claimed, agent="102") for claimed in desk.hopper)
    one, two = await seat(world, "101"), await seat(world, "103")
    await until(lambda: one.state is two.state is AgentState.IN_CALL)
    assert {engine.floor.calls[each.attempt_id].attempt.enrolment_id for each in (one, two)} == {39, 40}


async def test_a_contact_that_was_not_reached_is_tried_again_for_its_own_agent(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False})
    world.people(PEOPLE[0])
    world.telephony.default = Plan(cause=17)
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).hopper)
    [desk] = engine.floor.runs.values()
    async with engine.floor.database.writing() as connection:
        await connection.execute(update(enrolments).values(agent="102"))
    desk.hopper = type(desk.hopper)(replace(claimed, agent="102") for claimed in desk.hopper)
    two = await seat(world, "102")
    await until(lambda: world.telephony.requests)
    on_break(world, two)
    one = await seat(world, "101")
    await until(lambda: desk.for_own)
    assert (one.state, len(world.telephony.requests)) == (AgentState.READY, 1)
    world.telephony.default = TALKS
    ready_again(world, two)
    await until(lambda: two.state is AgentState.IN_CALL)
    assert engine.floor.calls[two.attempt_id].attempt.ordinal == 2


async def test_who_waits_too_long_beside_the_hopper_gives_the_place_back_and_keeps_the_turn(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": True}, hopper={"size": 4})
    engine, desk, keys = await all_for_the_absent(world)
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL and len(desk.for_own) == 4)
    turns = {key: desk.turn_came[key] for key in keys}
    at_once = desk.campaign.hopper.model_copy(update={"expiry": 0.0})
    desk.campaign, lasting = desk.campaign.model_copy(update={"hopper": at_once}), desk.campaign
    desk.recycle_at = 0.0
    engine.floor.wake.set()
    await until(lambda: desk.tally.recycled >= 4)
    desk.campaign = lasting
    two = await seat(world, "102")
    await until(lambda: two.state is AgentState.IN_CALL)
    mine = engine.floor.calls[two.attempt_id].attempt.enrolment_id
    assert mine in keys
    assert all(desk.turn_came.get(key, turn) == turn for key, turn in turns.items() if key != mine)


async def test_what_waits_beside_the_hopper_is_given_back_with_it(house):
    world = house(agents="all", own_agent={"wait": 86400, "others": False}, hopper={"size": 4})
    engine, desk, keys = await all_for_the_absent(world)
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)
    assert {claimed.enrolment_id for claimed in desk.for_own} == keys
    desk.ask_again_at = float("inf")  # nobody is claimed anew
    await engine._ticker._runs.give_back(desk)
    assert not desk.for_own
    async with engine.floor.database.reading() as connection:
        states = select(enrolments.c.state).where(enrolments.c.id.in_(keys))
        assert set(await connection.scalars(states)) == {EnrolmentState.WAITING}
