"""After the call: the result by keypad, by command, or not at all."""

import asyncio
from datetime import UTC, datetime

import pytest

from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.domain.callback import CallbackSource
from ami_dialer.domain.meaning import DEFAULT
from ami_dialer.engine.agents.dialogues import moments, results
from ami_dialer.ports import LineNext, LinePurpose
from tests.fakes.agent_leg import HANGS_UP, Phone

pytestmark = pytest.mark.journey

OUTCOME = "SELECT outcome FROM attempts"


async def test_the_result_is_chosen_by_its_key_and_the_agent_rests(office):
    seat = await office.wraps_up()
    phone = await office.call([("What came", "1")])
    assert phone.heard == [
        "What came of the call? For Sold press 1. For Call Back press 2. For Never press 3. For Not Home press 1 2.",
        "Sold.",
    ]
    assert (seat.state, phone.next) == (AgentState.READY, LineNext.WAIT)
    assert not seat.rested(office.clock.now())
    assert await office.rows(OUTCOME) == [("Sold",)]
    assert await office.rows("SELECT state FROM enrolments") == [("done",)]


async def test_a_result_of_two_keys_is_not_cut_short(office):
    await office.wraps_up()
    await office.call([("What came", "12")])
    assert await office.rows(OUTCOME) == [("Not Home",)]


async def test_star_right_after_the_result_opens_the_menu_and_other_keys_do_nothing(office):
    seat = await office.wraps_up()
    await office.call([("What came", "1"), ("Sold.", "*"), ("For a break", "1"), ("Lunch", "2")])
    assert (seat.state, seat.reason) == (AgentState.ON_BREAK, "Break")
    await office.steps.ready(seat)
    await office.call([("Sold.", "1")])
    assert seat.state is AgentState.READY


async def test_a_digit_outside_the_menu_is_told_and_asked_again(office):
    await office.wraps_up()
    phone = await office.call([("What came", "9"), ("What came", "1")])
    assert phone.said("not one of the choices") == 1
    assert await office.rows(OUTCOME) == [("Sold",)]


async def test_a_forgotten_result_is_asked_for_until_the_limit_and_then_stays_as_it_was(office):
    seat = await office.wraps_up()
    before = office.clock.now()
    phone = await office.call([])
    assert (office.clock.now() - before).total_seconds() == 60
    assert (seat.state, phone.next, phone.said("has no result")) == (AgentState.READY, LineNext.WAIT, 1)
    assert await office.rows(OUTCOME) == [(None,)]


async def test_who_gives_no_result_three_times_in_a_row_is_perhaps_not_there_and_has_a_break(office):
    seat = await office.ready()
    for pressed in ("", "", "1", "", ""):
        await office.hang_up(await office.talk(seat), seat)
        await office.call([("What came", pressed)])
        assert seat.state is AgentState.READY
    await office.hang_up(await office.talk(seat), seat)
    phone = await office.call([])
    assert (seat.state, seat.reason, phone.next) == (AgentState.ON_BREAK, "No results given", LineNext.WAIT)
    assert phone.said("on a break: No results given") > 0


async def test_who_hangs_up_in_wrap_up_leaves_it_as_it_was(office):
    seat = await office.wraps_up()
    await office.call([("What came", HANGS_UP)])
    office.telephony.lose_line("line-1")
    assert seat.state is AgentState.LOGGED_OUT


async def test_a_result_by_command_ends_the_dialogue(office):
    seat = await office.wraps_up()
    attempt_id = seat.attempt_id
    phone = await office.call([("What came", lambda: office.steps.wrapped_up(seat))])
    assert (seat.state, phone.next, len(phone.heard)) == (AgentState.READY, LineNext.WAIT, 1)
    assert attempt_id is not None


async def test_a_callback_asks_for_day_and_time_of_the_person(office):
    seat = await office.wraps_up()
    phone = await office.call(
        [("What came", "2"), ("which day", "0101#"), ("what time", "9999"), ("which day", "2#"), ("what time", "0930")]
    )
    assert phone.said("no such time") == 1
    assert phone.said("called back tomorrow at 09:30") == 1
    [(at, source, agent)] = await office.rows("SELECT at, source, agent FROM callbacks")
    assert (source, agent) == (CallbackSource.AGENT, "101")
    assert str(at).startswith("2026-03-03 14:30")  # New York
    assert await office.rows(OUTCOME) == [("Call Back",)]
    assert seat.state is AgentState.READY


@pytest.mark.parametrize(
    ("day", "asked_for"), [("", (CallbackSource.DISPOSITION, None)), ("2#", (CallbackSource.AGENT, "101"))]
)
async def test_the_time_for_the_result_does_not_end_what_a_result_asks_for(office, day, asked_for):
    seat = await office.wraps_up()
    looks = []

    def at_the_last_moment():
        office.clock.advance(60)
        looks.append(asyncio.create_task(office.steps.look()))
        phone._react(day)

    phone = Phone(office, [("What came", "2"), ("which day", at_the_last_moment), ("what time", "0930")])
    await office.lines.serve(phone)
    await asyncio.gather(*looks)
    assert (seat.state, phone.said("has no result")) == (AgentState.READY, 0)
    assert await office.rows(OUTCOME) == [("Call Back",)]
    assert await office.rows("SELECT source, agent FROM callbacks") == [asked_for]


async def test_who_hangs_up_instead_of_naming_the_time_of_a_callback_has_chosen_all_the_same(office):
    await office.wraps_up()
    await office.call([("What came", "2"), ("which day", HANGS_UP)])
    assert await office.rows(OUTCOME) == [("Call Back",)]


async def test_a_result_chosen_in_the_call_counts_although_the_call_ends_before_it_is_given(office_of):
    office = await office_of(wrap_up={"limit": 0})
    seat = await office.ready()
    call = await office.talk(seat)

    async def ends():
        await office.hang_up(call, None)
        office.floor.seats.finish(seat, office.clock.now(), wrap_up=False)

    phone = Phone(office, [("What came", "2")], purpose=LinePurpose.CODE, code="disposition")
    phone.silent = ends
    await office.lines.serve(phone)
    assert (seat.state, await office.rows(OUTCOME)) == (AgentState.READY, [("Call Back",)])


async def test_who_forgets_the_result_hears_so_although_the_clock_was_faster_than_the_questions(office):
    seat = await office.wraps_up()

    async def the_time_is_over():
        office.clock.advance(60)
        await office.steps.look()
        assert seat.state is AgentState.READY

    phone = Phone(office)
    phone.silent = the_time_is_over
    await office.lines.serve(phone)
    assert (phone.said("What came"), phone.said("has no result"), phone.next) == (1, 1, LineNext.WAIT)


async def test_a_break_by_command_does_not_take_the_time_for_the_result(office):
    seat = await office.wraps_up()
    assert await office.steps.take_break(seat, "Lunch") == "agent 101 is on a break after the wrap-up: Lunch"
    phone = await office.call([("What came", "1")])
    assert (seat.state, seat.reason, phone.next) == (AgentState.ON_BREAK, "Lunch", LineNext.WAIT)
    assert await office.rows(OUTCOME) == [("Sold",)]


async def test_do_not_call_is_confirmed_first(office):
    await office.wraps_up()
    phone = await office.call([("What came", "3"), ("never be called", "2"), ("What came", "3"), ("never be", "1")])
    assert phone.said("What came") == 2
    assert await office.rows("SELECT number FROM dnc_entries") == [("+12125550101",)]
    assert await office.rows(OUTCOME) == [("Never",)]


async def test_a_break_that_was_asked_for_in_the_call_begins_after_it(office):
    seat = await office.ready()
    call = await office.talk(seat)
    assert "after the call" in await office.steps.take_break(seat, "Lunch")
    await office.hang_up(call, seat)
    phone = await office.call([("What came", "1")])
    assert (seat.state, seat.reason, phone.next) == (AgentState.ON_BREAK, "Lunch", LineNext.WAIT)


async def test_a_log_out_that_was_asked_for_in_the_call_ends_the_line_after_it(office):
    seat = await office.ready()
    call = await office.talk(seat)
    await office.steps.log_out(seat)
    await office.hang_up(call, seat)
    assert (await office.call([("What came", "1")])).next is LineNext.BYE
    assert seat.state is AgentState.LOGGED_OUT
    assert ("hang up", seat.channel) in office.telephony.asked


async def test_a_line_that_is_back_before_its_call_is_over_waits_for_the_word(office):
    seat = await office.ready()
    call = await office.talk(seat)
    phone = Phone(office, [("What came", "1")])
    phone.silent = lambda: office.hang_up(call, seat)
    await office.lines.serve(phone)
    assert (seat.state, await office.rows(OUTCOME)) == (AgentState.READY, [("Sold",)])


async def test_wrap_ups_over_their_limit_end_by_the_clock_too(office):
    seat = await office.wraps_up()
    await office.steps.look()
    assert seat.state is AgentState.WRAP_UP
    office.clock.advance(60)
    await office.steps.look()
    assert seat.state is AgentState.READY


async def test_who_waits_and_has_something_to_hear_is_brought_to_it_once(office):
    seat = await office.wraps_up()
    office.waits()
    office.clock.advance(2)
    for _ in range(2):
        await office.lines.look()
        await office.settle()
        office.waits()
    assert office.telephony.asked == [("redirect", seat.channel, "ami-dialer-agent", "s")]


def test_without_keys_the_agents_own_results_are_numbered():
    titles = {digit: meaning.title for digit, meaning in results.menu(DEFAULT).items()}
    assert titles == {"1": "Unresolved", "2": "Requires Supervisor", "3": "Resolved"}


@pytest.mark.parametrize(
    ("day", "clock", "zones", "at"),
    [
        ("1", "1015", ["America/New_York"], datetime(2026, 3, 2, 15, 15, tzinfo=UTC)),
        ("1", "0959", ["America/New_York"], None),
        ("2", "0000", ["America/New_York"], datetime(2026, 3, 3, 5, 0, tzinfo=UTC)),
        ("1", "1015", ["America/New_York", "America/Chicago"], datetime(2026, 3, 2, 16, 15, tzinfo=UTC)),
        ("0301", "1200", ["UTC"], datetime(2027, 3, 1, 12, 0, tzinfo=UTC)),
        ("0230", "1200", ["UTC"], None),
        ("3", "1200", ["UTC"], None),
        ("1", "2460", ["UTC"], None),
    ],
)
def test_a_moment_is_a_day_and_a_time_on_the_persons_clock(day, clock, zones, at):
    now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert moments.entered(day, clock, now, zones) == at


async def test_the_leg_of_a_member_whose_call_is_older_than_the_dialer_goes_by_its_interface(office):
    seat = await office.ready()
    seat.kind, seat.key, seat.line = SeatKind.MEMBER, "member:pbx:PJSIP/line-1", ""
    office.floor.seats.by_key = {seat.key: seat}
    call = await office.talk(seat)
    phone = await office.call(
        [], line="leg-1", channel="PJSIP/line-1-00000007", purpose=LinePurpose.CODE, code="hangup"
    )
    assert (seat.line, seat.channel, office.connections.asked) == ("leg-1", phone.channel, [("hang up",)])
    await office.hang_up(call, seat)
    phone = await office.call([("What came", "1")], line="leg-1", channel="PJSIP/line-1-00000007")
    assert (seat.state, phone.next) == (AgentState.READY, LineNext.BYE)
    assert await office.rows("SELECT outcome FROM attempts") == [("Sold",)]


async def test_the_leg_of_a_member_who_was_paused_meanwhile_hears_no_menu(office):
    seat = await office.wraps_up()
    seat.kind = SeatKind.MEMBER

    def paused():
        office.floor.seats.move(seat, AgentEvent.BREAK, office.clock.now(), reason="Lunch")

    phone = await office.call([("What came", paused)])
    assert (seat.state, phone.next, len(phone.heard)) == (AgentState.ON_BREAK, LineNext.BYE, 1)
