"""Supervisors whose phone is called by an order: they hear the agent at once."""

import asyncio
import json

import pytest
from sqlalchemy import update

from ami_dialer.domain.agent import Step
from ami_dialer.engine.agents import phones
from ami_dialer.ports import LinePurpose
from ami_dialer.store import agent_orders
from ami_dialer.store.tables import agents
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


async def ask(office, agent="101", **argument):
    key = await agent_orders.ask(office.database, agent, Step.SUPERVISE, argument, office.clock.now())
    await office.orders.look()
    return key


async def answer(office, agent="101", **argument):
    key = await ask(office, agent, **argument)
    await office.orders.settle()
    return tuple(await agent_orders.answer(office.database, key))


@pytest.fixture
async def seat(office):
    async with office.database.writing() as connection:
        await connection.execute(update(agents).where(agents.c.number == "102").values(phone="PJSIP/102"))
    return await office.ready()


@pytest.mark.parametrize(("argument", "how"), [({}, "listen"), ({"how": "whisper"}, "whisper")])
async def test_the_phone_that_is_called_hears_the_agent_without_a_question(office, seat, argument, how):
    key = await ask(office, by="102", **argument)
    await until(lambda: len(office.telephony.agent_lines) == 2)
    [line] = [line for line in office.telephony.agent_lines if line != seat.line]
    assert office.telephony.agent_lines[line].startswith("PJSIP/102")
    phone = await office.call([], line=line, purpose=LinePurpose.SUPERVISE)
    await office.orders.settle()
    assert (phone.heard, phone.spied) == ([], [(seat.channel, how)])
    assert tuple(await agent_orders.answer(office.database, key)) == (True, f"supervisor 102 hears agent 101: {how}")
    told = await office.rows("SELECT subject, detail FROM audit_records WHERE action = 'agent.supervise'")
    assert [(subject, json.loads(detail)) for subject, detail in told] == [("agent:101", {"by": "102", "mode": how})]
    assert not office.steps.supervising.wanted


async def test_an_agent_who_is_gone_while_the_phone_rings_is_said_to_both(office, seat):
    key = await ask(office, by="102")
    await until(lambda: len(office.telephony.agent_lines) == 2)
    [line] = [line for line in office.telephony.agent_lines if line != seat.line]
    office.floor.seats.leave(seat, office.clock.now(), "hung up")
    phone = await office.call([], line=line, purpose=LinePurpose.SUPERVISE)
    await office.orders.settle()
    assert (phone.said("no line that you could hear"), phone.spied) == (1, [])
    assert (
        await agent_orders.answer(office.database, key)
    ).text == "agent 101 has no line any more that could be heard"


async def test_a_phone_that_rings_for_a_supervisor_holds_up_no_step_of_the_agent(office, seat):
    await ask(office, by="102")
    await until(lambda: office.steps.supervising.wanted)
    other = await agent_orders.ask(office.database, "101", Step.BREAK, {"reason": "Lunch"}, office.clock.now())
    await office.orders.look()
    await until(lambda: other not in office.orders._tasks)
    assert (await agent_orders.answer(office.database, other)).ok
    await office.call([], line=next(iter(office.steps.supervising.wanted)), purpose=LinePurpose.SUPERVISE)
    await office.orders.settle()


async def test_what_cannot_be_is_said_before_any_phone_rings(office, seat):
    for argument, why in [
        ({"by": "102", "how": "record"}, "'record' is no way to hear an agent; known: listen, whisper, barge"),
        ({"by": "101"}, "there is no supervisor 101; `supervisor: true` makes an agent one"),
        ({"by": "999"}, "there is no supervisor 999; `supervisor: true` makes an agent one"),
        ({}, "the order says no 'by'"),
    ]:
        assert await answer(office, **argument) == (False, why)
    seat.server = "other"
    assert (await answer(office, by="102"))[1].endswith("no Asterisk hears another one's calls")
    seat.channel = ""
    assert await answer(office, by="102") == (False, "agent 101 has no line that could be heard now")
    assert len(office.telephony.agent_lines) == 1


async def test_a_supervisor_without_a_phone_dials_in(office):
    await office.ready()
    assert await answer(office, by="102") == (
        False,
        "supervisor 102 has no `phone` to be called; dial in from any phone instead",
    )


async def test_a_line_that_does_not_come_and_a_phone_that_nobody_answers_are_told(office, seat, monkeypatch):
    monkeypatch.setattr(phones, "COMES_SECONDS", 0.01)
    assert "its line did not come to the dialer" in (await answer(office, by="102"))[1]
    office.telephony.silent_phones = frozenset({"PJSIP/102"})
    assert await answer(office, by="102") == (False, "PJSIP/102 did not answer: nobody answered")
    await asyncio.sleep(0)
    assert not office.steps.supervising.wanted
