"""Orders of commands; and agents who outlive the dialer."""

import asyncio

import pytest

from ami_dialer.domain.agent import AgentState, Step
from ami_dialer.domain.calls import LineCame
from ami_dialer.ports import LineNext
from ami_dialer.store import agent_orders
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

SESSIONS = "SELECT state, why FROM agent_sessions ORDER BY id"


async def order(office, step, agent="101", **argument):
    key = await agent_orders.ask(office.database, agent, step, argument, office.clock.now())
    await office.orders.look()
    await office.orders.settle()
    return await agent_orders.answer(office.database, key)


async def test_orders_do_what_the_keypad_does(office):
    seat = await office.ready()
    assert await order(office, Step.BREAK, reason="Lunch") == (True, "agent 101 is on a break: Lunch")
    assert await order(office, Step.READY) == (True, "agent 101 is ready")
    call = await office.talk(seat)
    office.takes_codes()
    assert await order(office, Step.HOLD) == (True, "the person is on hold")
    assert await order(office, Step.RESUME) == (True, "the person is on the line again")
    at = "2026-03-03T09:30:00-05:00"
    taken = "the person is called back tomorrow at 09:30 on their clock, 2026-03-03 14:30 UTC"
    assert (await order(office, Step.CALLBACK, at=at)).text == taken
    assert (await order(office, Step.CALLBACK, at="2026-03-03T09:30")).text == taken
    await office.hang_up(call, seat)
    assert await order(office, Step.DISPOSITION, title="sold") == (True, "the call counts as Sold")
    assert seat.state is AgentState.READY
    assert await order(office, Step.LOG_OUT) == (True, "agent 101 is logged out")
    assert not list(office.floor.seats)
    assert ("hang up", seat.channel) in office.telephony.asked


async def test_orders_that_cannot_be_are_answered_with_the_reason(office):
    assert await order(office, Step.BREAK) == (False, "agent 101 is not logged in")
    assert await order(office, Step.LOG_IN, agent="999") == (False, "there is no agent 999")
    assert "has no `phone`" in (await order(office, Step.LOG_IN, agent="102")).text
    await office.talk(await office.ready())
    assert await order(office, Step.CALLBACK, at="soon") == (
        False,
        "'soon' is no time; write it like 2026-05-04T15:30:00+00:00",
    )
    assert await order(office, Step.TRANSFER) == (False, "the order says no 'to'")
    assert "is over" in (await order(office, Step.CALLBACK, at="2026-03-01T09:30")).text


async def test_an_order_that_is_too_old_is_not_carried_out(office):
    seat = await office.ready()
    key = await agent_orders.ask(office.database, "101", Step.BREAK, {}, office.clock.now())
    office.clock.advance(31)
    await office.orders.look()
    await office.orders.settle()
    assert not (await agent_orders.answer(office.database, key)).ok
    assert seat.state is AgentState.READY


async def test_a_step_that_breaks_is_answered_too(office, monkeypatch):
    await office.ready()

    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(office.steps, "ready", broken)
    assert "fault of the dialer: ZeroDivisionError" in (await order(office, Step.READY)).text


async def test_a_phone_that_is_called_needs_no_pin(office):
    key = await agent_orders.ask(office.database, "101", Step.LOG_IN, {"campaigns": ["sales"]}, office.clock.now())
    await office.orders.look()
    await until(lambda: office.telephony.agent_lines)
    [line] = office.telephony.agent_lines
    phone = await office.call([], line=line)
    await office.orders.settle()
    assert await agent_orders.answer(office.database, key) == (True, "agent 101 is logged in")
    assert (phone.heard, office.seat.campaigns) == (
        ["You are logged in and ready. Press star for the menu."],
        {"sales"},
    )
    assert "logged in already: ready" in (await order(office, Step.LOG_IN)).text


async def test_a_log_in_that_no_running_campaign_takes_is_answered_with_that(office):
    office.floor.runs.clear()
    key = await agent_orders.ask(office.database, "101", Step.LOG_IN, {}, office.clock.now())
    await office.orders.look()
    await until(lambda: office.telephony.agent_lines)
    await office.call([], line=next(iter(office.telephony.agent_lines)))
    await office.orders.settle()
    done, told = await agent_orders.answer(office.database, key)
    assert (done, told.startswith("agent 101 is logged in; no campaign is running")) == (True, True)


async def test_a_phone_that_does_not_answer_is_told(office):
    office.telephony.silent_phones = frozenset({"PJSIP/101"})
    assert await order(office, Step.LOG_IN) == (False, "PJSIP/101 did not answer: nobody answered")
    assert not office.steps.expected


async def test_an_order_waits_for_the_one_before_of_its_agent_alone(office, monkeypatch):
    await office.ready()
    gate = asyncio.Event()

    async def slow(seat):
        await gate.wait()
        return "done"

    monkeypatch.setattr(office.steps, "ready", slow)
    first = await agent_orders.ask(office.database, "101", Step.READY, {}, office.clock.now())
    second = await agent_orders.ask(office.database, "101", Step.BREAK, {}, office.clock.now())
    other = await agent_orders.ask(office.database, "999", Step.BREAK, {}, office.clock.now())
    await office.orders.look()
    await until(lambda: other not in office.orders._tasks)
    assert await agent_orders.answer(office.database, second) is None
    third = await agent_orders.ask(office.database, "101", Step.LOG_OUT, {}, office.clock.now())
    await office.orders.look()
    await agent_orders.withdraw(office.database, third, office.clock.now(), "given up")
    gate.set()
    await office.orders.settle()
    assert (await agent_orders.answer(office.database, first)).text == "done"
    assert (await agent_orders.answer(office.database, second)).ok
    assert office.seat.state is AgentState.ON_BREAK, "what was withdrawn while it waited is not done"


async def restarted(office):
    await office.floor.writer.stop(5.0)
    kept = dict(office.floor.calls)
    office.restart()
    await office.telephony.start(office.on_event, lambda up: None)
    await office.open_run("sales")
    for call in kept.values():
        office.floor.adopt(call)
    await office.lines.restore()


async def test_agents_outlive_the_dialer_in_the_state_they_were_in(office):
    seat = await office.ready()
    call = await office.talk(seat)
    await restarted(office)
    await office.lines.on_link(office.server)
    again = office.seat
    assert (again.state, again.attempt_id, again.run) == (AgentState.IN_CALL, call.attempt.id, office.run)
    assert office.telephony.asked == []  # nobody is torn out of a call
    await office.hang_up(call, again)
    assert (await office.call([("What came", "1")])).next is LineNext.WAIT
    await restarted(office)
    await office.lines.on_link(office.server)
    await office.settle()
    assert (office.seat.state, office.seat.free) == (AgentState.READY, False)
    assert office.telephony.asked == [("redirect", "PJSIP/line-1", "ami-dialer-agent", "s")]
    assert (await office.call([])).next is LineNext.WAIT
    office.waits()
    assert office.seat.free


async def test_whose_call_ended_while_the_dialer_was_away_wraps_up(office):
    seat = await office.ready()
    call = await office.talk(seat)
    await office.hang_up(call, None)
    await restarted(office)
    heard = []
    office.floor.seats.tell = lambda seat, before, at: heard.append((seat.state, seat.run))
    phone = await office.call([("What came", "1")])  # the line proves itself that it is there, before the link is up
    assert (office.seat.state, phone.next) == (AgentState.READY, LineNext.WAIT)
    assert (AgentState.WRAP_UP, office.run) in heard  # the run waits for it
    assert await office.rows("SELECT outcome FROM attempts") == [("Sold",)]


async def test_a_result_that_was_given_in_the_call_is_not_asked_for_by_the_next_dialer(office):
    seat = await office.ready()
    call = await office.talk(seat)
    assert (await order(office, Step.DISPOSITION, title="Sold")).ok
    await office.hang_up(call, None)
    await restarted(office)
    await office.lines.on_link(office.server)
    assert (office.seat.state, office.seat.rested(office.clock.now())) == (AgentState.READY, False)


async def test_a_wrap_up_goes_on_after_a_restart_for_as_long_as_its_campaign_gives(office_of):
    office = await office_of(wrap_up={"limit": "5m"})
    await office.wraps_up()
    await restarted(office)
    await office.lines.on_link(office.server)
    office.clock.advance(200)
    await office.steps.look()
    assert office.seat.state is AgentState.WRAP_UP
    office.clock.advance(101)
    await office.steps.look()
    assert office.seat.state is AgentState.READY


async def test_whose_line_ended_while_the_dialer_was_away_is_logged_out(office):
    await office.ready()
    await restarted(office)
    office.telephony.agent_lines.clear()
    await office.lines.on_link(office.server)
    assert not list(office.floor.seats)
    assert await office.rows(SESSIONS) == [("logged_out", "the line ended while nobody watched")]


async def test_after_a_lost_link_lines_that_are_gone_are_logged_out_and_others_say_where_they_are(office):
    seat = await office.ready()
    office.telephony.link(up=False)
    office.telephony.agent_lines["line-2"] = office.telephony.agent_lines.pop("line-1")
    office.telephony.link(up=True)
    await office.lines.on_link(office.server)
    assert seat.state is AgentState.LOGGED_OUT
    office.telephony.tell(LineCame("line-2", seat.channel, office.clock.now()))
    assert await office.rows(SESSIONS) == [("logged_out", "the line ended while nobody watched")]
