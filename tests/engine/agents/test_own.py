"""Contacts that wait for their own agent hold nobody else up."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store.tables import enrolments
from tests.engine.agents.seated import TALKS, seat
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

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
    async with engine.floor.database.writing() as connection:
        more = enrolments.c.id.in_(range(3, 6))
        await connection.execute(update(enrolments).where(more).values(agent="102"))
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)
    assert {claimed.enrolment_id for claimed in desk.for_own} == keys
    await until(lambda: desk.tally.held(world.clock.now())["own-agent"] == 3)
    async with engine.floor.database.reading() as connection:
        held = select(enrolments.c.id).where(enrolments.c.held_by == "own-agent")
        assert set(await connection.scalars(held)) == {3, 4, 5}


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
