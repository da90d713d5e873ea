"""A call with an agent while it goes on: the link is lost, the person is put on hold, sent on, recorded."""

import pytest

from ami_dialer.domain.agent import AgentState
from ami_dialer.engine.agents import connecting
from tests.engine.agents.seated import TALKS, agent_ends, leg_of, ready_again, seat
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

PEOPLE = ("+12125551001,P", "+12125551002,P")
ENDS = "SELECT end_reason, detail FROM attempts WHERE state = 'ended'"


async def talking(house, people=PEOPLE[:1], **campaign):
    """World and seat of an agent with a person on the line."""
    world = house(agents="all", **campaign)
    world.people(*people)
    world.telephony.default = TALKS
    await world.start()
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.IN_CALL)
    return world, one


async def written(world) -> None:
    await until(lambda: not world.engine.floor.writer.waiting)


async def test_while_the_link_is_lost_they_talk_on_and_the_end_is_seen_afterwards(house):
    world, one = await talking(house, PEOPLE)
    attempt, leg = one.attempt_id, leg_of(world, one)
    world.telephony.link(up=False)
    assert (one.state, leg.over.is_set()) == (AgentState.IN_CALL, False)
    world.telephony.link(up=True)
    await until(lambda: not world.engine._office._links)
    assert (one.state, one.attempt_id, leg.over.is_set()) == (AgentState.IN_CALL, attempt, False)
    agent_ends(world, one)
    await until(lambda: one.state is AgentState.WRAP_UP)
    await until(lambda: attempt not in world.engine.floor.calls)
    ready_again(world, one)
    await until(lambda: one.state is AgentState.IN_CALL)
    await written(world)
    assert await world.rows(ENDS) == [("connected", None)]


async def test_a_supervisor_who_barged_in_and_stays_on_the_line_does_not_keep_the_call_from_its_end(house, monkeypatch):
    monkeypatch.setattr(connecting, "KEPT_OPEN_SECONDS", 0.01)
    world, one = await talking(house)
    attempt = one.attempt_id
    leg_of(world, one).parted.set()  # and Asterisk tells no hang-up
    await until(lambda: not world.engine.floor.calls)
    assert (attempt in world.telephony.live, one.state) == (True, AgentState.WRAP_UP)
    await written(world)
    assert await world.rows(ENDS) == [("connected", None)]


async def test_a_line_that_went_while_the_link_was_lost_is_logged_out_and_its_person_is_let_go(house):
    world, one = await talking(house)
    attempt, leg = one.attempt_id, leg_of(world, one)
    world.telephony.link(up=False)
    world.telephony.agent_lines.clear()
    leg.parted.set()
    await until(leg.over.is_set)
    del world.telephony.live[attempt]
    world.telephony.link(up=True)
    await until(lambda: one.state is AgentState.LOGGED_OUT)
    await until(lambda: not world.engine.floor.calls)
    await written(world)
    assert await world.rows(ENDS) == [("connected", None)]
    assert await world.rows("SELECT why FROM agent_sessions") == [("the line ended while nobody watched",)]


async def test_a_person_who_went_while_the_link_was_lost_leaves_the_agent_in_wrap_up(house):
    world, one = await talking(house)
    attempt, leg = one.attempt_id, leg_of(world, one)
    world.telephony.link(up=False)
    del world.telephony.live[attempt]
    leg.over.set()
    await until(lambda: one.state is AgentState.WRAP_UP)
    world.telephony.link(up=True)
    await until(lambda: not world.engine.floor.calls)
    await written(world)
    assert (one.state, one.attempt_id) == (AgentState.WRAP_UP, attempt)
    assert await world.rows(ENDS) == [("connected", None)]


async def test_a_break_that_was_asked_for_in_a_call_begins_after_the_wrap_up(house):
    world, one = await talking(house, PEOPLE)
    steps = world.engine._office._steps
    assert await steps.take_break(one, "Lunch") == "agent 101 is on a break after the call: Lunch"
    agent_ends(world, one)
    await until(lambda: one.state is AgentState.WRAP_UP)
    steps.wrapped_up(one)
    assert (one.state, one.reason) == (AgentState.ON_BREAK, "Lunch")
    await steps.ready(one)
    await until(lambda: one.state is AgentState.IN_CALL)
    assert len(world.telephony.requests) == 2


async def test_a_transferred_person_goes_on_and_the_agent_wraps_up(house):
    target = {"context": "internal", "to": {"1": {"name": "Support", "extension": "200"}}}
    world, one = await talking(house, transfer=target)
    attempt, leg = one.attempt_id, leg_of(world, one)
    await world.engine._office._steps.transfer(one, "Support")
    leg.parted.set()
    await until(lambda: one.state is AgentState.WRAP_UP)
    assert leg.verbs[-1] == ("go on", "internal", "200")
    assert not leg.over.is_set()
    world.telephony.end(attempt, 16)
    await until(lambda: not world.engine.floor.calls)
    await written(world)
    assert await world.rows(ENDS) == [("connected", "transferred to 200")]


async def test_a_recorded_call_says_so_first_and_is_recorded_before_it_is_connected(house):
    world, one = await talking(house, recording={"enabled": True, "announce": "This call is recorded."})
    leg, attempt = leg_of(world, one), one.attempt_id
    [(verb, file), connected] = leg.verbs
    assert (verb, connected, len(leg.heard)) == ("record", ("connect", one.channel), 1)
    assert file.startswith("ami-dialer/")
    assert file.endswith(f"/{attempt}.wav")
    await written(world)
    assert await world.rows("SELECT recording FROM attempts") == [(file,)]
