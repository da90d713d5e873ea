"""Logging in by phone, and what an agent can do who waits."""

import asyncio
import json
from dataclasses import replace

import pytest

from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.domain.calls import LineCame, LineEnded, LineKey, LineLeft
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.ports import CallerHungUpError, LineNext, LinePurpose, SpeechFailedError
from ami_dialer.store import agent_sessions, agents
from tests.engine.agents.conftest import LOG_IN, PIN
from tests.fakes.agent_leg import HANGS_UP, Phone
from tests.fakes.telephony import FakeTelephony

pytestmark = pytest.mark.journey

SESSIONS = "SELECT agent, state, why FROM agent_sessions ORDER BY id"


async def test_number_and_pin_make_an_agent_ready_who_hears_it(office):
    phone = await office.call(LOG_IN)
    assert (phone.next, phone.said("You are logged in and ready")) == (LineNext.WAIT, 1)
    assert (office.seat.state, office.seat.waiting, office.seat.server) == (AgentState.READY, False, "pbx")
    office.waits()
    assert office.seat.free
    assert await office.rows(SESSIONS) == [("101", "ready", None)]


async def test_five_wrong_pins_lock_and_the_right_one_does_not_help_then(office):
    phone = await office.call([("agent number", "101#"), ("your PIN", "0000#")] * 5)
    assert (phone.said("do not match"), phone.said("locked"), phone.next) == (4, 1, LineNext.BYE)
    assert (await office.call(LOG_IN, line="line-2")).said("locked") == 1
    assert not list(office.floor.seats)
    assert await office.rows("SELECT count(*) FROM audit_records WHERE action = 'agent.locked'") == [(1,)]


async def test_a_lock_that_comes_while_the_right_pin_is_judged_counts(office, monkeypatch):
    agent = await agents.load(office.database, "101")
    for _ in range(5):
        await agents.wrong_pin(office.database, "101", office.clock.now())

    async def as_it_was(*_):
        return agent

    monkeypatch.setattr(agents, "load", as_it_was)
    phone = await office.call(LOG_IN)
    assert (phone.said("locked"), phone.next, list(office.floor.seats)) == (1, LineNext.BYE, [])


async def test_wrong_pins_are_forgotten_after_the_right_one(office):
    await office.call([("agent number", "101#"), ("your PIN", "0000#"), *LOG_IN])
    assert await office.rows("SELECT wrong_pins FROM agents WHERE number = '101'") == [(0,)]


async def test_a_number_of_nobody_is_told_like_a_wrong_pin(office):
    phone = await office.call([("agent number", "999#"), ("your PIN", f"{PIN}#")] * 5)
    assert (phone.said("do not match"), phone.next) == (5, LineNext.BYE)


async def test_of_several_campaigns_the_agent_chooses_some_or_all(office):
    await office.open_run("support")
    phone = await office.call([*LOG_IN, ("Whose calls", "9#"), ("Whose calls", "3#")])
    assert office.seat.campaigns == {"support"}
    assert phone.said("not one of the choices") == 1
    await office.call([*LOG_IN, ("Whose calls", "1")], line="line-2")
    assert office.seat.campaigns is None


async def test_who_logs_in_twice_is_logged_out_on_the_older_phone_and_told_there(office):
    old = await office.ready()
    await office.call(LOG_IN, line="line-2")
    assert office.telephony.asked == [("redirect", old.channel, "ami-dialer-agent", "s")]
    phone = await office.call([], line="line-1")
    assert (phone.said("on another phone"), phone.next) == (1, LineNext.BYE)
    assert office.seat.line == "line-2"
    assert await office.rows(SESSIONS) == [
        ("101", "logged_out", "logged in on another phone"),
        ("101", "ready", None),
    ]


async def test_who_is_in_a_call_cannot_log_in_on_another_phone(office):
    seat = await office.ready()
    await office.talk(seat)
    phone = await office.call(LOG_IN, line="line-2")
    assert (phone.said("in a call on another phone"), phone.next) == (1, LineNext.BYE)
    assert office.seat is seat


async def test_a_call_that_comes_while_the_log_in_is_written_stays_with_the_older_phone(office, monkeypatch):
    seat, begin = await office.ready(), agent_sessions.begin

    async def slow(*told):
        key = await begin(*told)
        await office.talk(seat)
        return key

    monkeypatch.setattr(agent_sessions, "begin", slow)
    phone = await office.call(LOG_IN, line="line-2")
    assert (phone.said("in a call on another phone"), phone.next) == (1, LineNext.BYE)
    await office.floor.writer.put()
    assert (office.seat, seat.state) == (seat, AgentState.IN_CALL)
    assert await office.rows(SESSIONS) == [
        ("101", "in_call", None),
        ("101", "logged_out", "in a call on another phone"),
    ]


@pytest.mark.parametrize("attempt", ["amid-1-1", None], ids=["with a person of ours", "of their own, as this one"])
async def test_a_member_of_a_queue_who_has_a_person_on_the_line_cannot_log_in_on_another_one(office, attempt):
    now = office.clock.now()
    seat = Seat(
        key="member:pbx:PJSIP/101",
        kind=SeatKind.MEMBER,
        agent="101",
        name="Agent",
        server="pbx",
        began_at=now,
        since=now,
        idle_since=now,
        state=AgentState.IN_CALL,
        attempt_id=attempt,
    )
    office.floor.seats.enter(seat, now)
    phone = await office.call(LOG_IN)
    if attempt is None:
        assert (phone.said("in a call on another phone"), phone.next) == (0, LineNext.WAIT)
    else:
        assert (phone.said("in a call on another phone"), phone.next) == (1, LineNext.BYE)
        assert list(office.floor.seats) == [seat]


async def test_a_key_opens_the_menu_and_nobody_is_connected_meanwhile(office):
    seat = await office.ready()
    office.telephony.tell(LineKey("line-1", "*", office.clock.now()))
    assert not seat.free
    office.telephony.tell(LineKey("line-1", "1", office.clock.now()))  # heard by the dialogue, and by AMI too
    await office.settle()
    assert len(office.telephony.asked) == 1
    phone = await office.call([("For a break", "3")])
    assert (phone.said("You have had 0 calls"), phone.next) == (1, LineNext.WAIT)


async def test_keys_that_come_too_late_for_the_last_result_take_nobody_from_the_next_call(office):
    seat = await office.ready()
    for event in (AgentEvent.RESERVE, AgentEvent.RELEASE):
        office.telephony.tell(LineKey("line-1", "2", office.clock.now()))
        assert (seat.free, office.telephony.asked) == (True, [])
        office.floor.seats.move(seat, event, office.clock.now(), run=office.run)


async def test_who_is_in_the_menu_is_called_out_of_it_when_somebody_is_on_the_line(office):
    seat = await office.ready()

    def somebody_waits():
        assert seat.occupied
        office.lines.summon(seat)
        office.waits()  # before the dialogue has heard that its line is elsewhere
        raise CallerHungUpError

    phone = await office.press("*", [("For a break", somebody_waits)])
    await office.settle()
    assert office.telephony.asked[-1] == ("redirect", "PJSIP/line-1", "ami-dialer-agent", "waiting")
    assert (seat.free, seat.state, len(phone.heard)) == (True, AgentState.READY, 1)
    office.lines.summon(seat)
    await office.settle()
    assert len(office.telephony.asked) == 2  # nobody who waits is disturbed
    for times in (1, 0):  # the menu comes again after the wrap-up, once
        await office.hang_up(await office.talk(seat), seat)
        assert (await office.call([("What came", "1")])).said("For a break") == 2 * times


async def test_a_break_with_its_reason_and_back(office):
    seat = await office.ready()
    office.clock.advance(1)
    phone = await office.press("*", [("For a break", "7"), ("For a break", "1"), ("Lunch", "1")])
    assert phone.said("not one of the choices") == 1
    assert (seat.state, seat.reason, phone.next) == (AgentState.ON_BREAK, "Lunch", LineNext.WAIT)
    office.waits()
    phone = await office.press("1", [])
    assert (seat.state, phone.heard) == (AgentState.READY, ["You are ready."])
    assert await office.rows("SELECT state, reason FROM agent_spells ORDER BY id") == [
        ("ready", None),
        ("on_break", "Lunch"),
    ]


async def test_logging_out_by_phone_ends_the_line(office):
    await office.ready()
    phone = await office.press("*", [("For a break", "2")])
    assert (phone.heard[-1], phone.next) == ("You are logged out. Good bye.", LineNext.BYE)
    assert await office.rows(SESSIONS) == [("101", "logged_out", "logged out by phone")]


async def test_a_line_that_ends_logs_out_whatever_it_was_doing(office):
    seat = await office.ready()
    await office.press("*", [("For a break", HANGS_UP)])
    office.telephony.lose_line("line-1")
    assert seat.state is AgentState.LOGGED_OUT
    assert await office.rows(SESSIONS) == [("101", "logged_out", "the line ended")]
    office.telephony.tell(LineEnded("line-1", office.clock.now()))


async def test_no_key_redirects_a_line_that_is_being_connected(office):
    seat = await office.ready()
    seat.taken_by = "amid-1"
    office.telephony.tell(LineKey("line-1", "*", office.clock.now()))
    assert (office.telephony.asked, seat.waiting) == ([], True)
    office.telephony.tell(LineLeft("line-1", office.clock.now()))
    assert not seat.waiting


async def test_the_menu_opens_for_who_asks_for_it_on_the_way_into_the_bridge(office):
    await office.call(LOG_IN)
    for digit in ("5", "*"):
        office.telephony.tell(LineKey("line-1", digit, office.clock.now()))
    assert office.telephony.asked == []
    office.waits()
    await office.settle()
    assert (len(office.telephony.asked), office.seat.free) == (1, False)
    assert (await office.call([("For a break", "3")])).said("You have had 0 calls") == 1


async def test_a_menu_that_a_command_makes_pointless_ends(office):
    seat = await office.ready()

    def break_by_command():
        office.floor.seats.move(seat, AgentEvent.BREAK, office.clock.now(), reason="Lunch")

    phone = await office.press("*", [("For a break", break_by_command)])
    assert (seat.state, phone.next, phone.said("You are on a break: Lunch")) == (AgentState.ON_BREAK, LineNext.WAIT, 2)


async def test_who_speaks_badly_strands_nobody(office):
    async def broken(text, voice):
        raise SpeechFailedError("espeak-ng is not installed")

    office.speech.sound_for = broken
    phone = Phone(office)
    office.telephony.tell(LineCame("line-1", phone.channel, office.clock.now()))
    phone._reactions = [("beep", "101#"), ("beep", f"{PIN}#")]
    await office.lines.serve(phone)
    assert (phone.heard, phone.next) == (["beep", "beep", "beep"], LineNext.WAIT)


async def test_a_dialogue_that_breaks_leaves_the_agent_waiting(office, monkeypatch):
    await office.ready()

    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(office.lines._desk, "_dialogue", broken)
    assert (await office.call([])).next is LineNext.WAIT


async def test_a_supervisor_listens_whispers_and_barges_in(office):
    seat = await office.ready()
    known = [("agent number", "102#"), ("your PIN", f"{PIN}#")]
    whom = [("whose call you want", "999#"), ("whose call you want", "101#"), ("Press 4", "5")]
    phone = await office.call([*known, *whom], line="line-2", purpose=LinePurpose.SUPERVISE)
    assert (phone.spied, phone.said("no line that you could hear")) == ([(seat.channel, "whisper")], 1)
    phone = await office.call(LOG_IN, line="line-3", purpose=LinePurpose.SUPERVISE)
    assert (phone.spied, phone.said("may not listen")) == ([], 1)


async def test_who_hears_whom_and_each_switch_by_key_is_in_the_audit_trail(office, monkeypatch):
    await office.ready()

    async def hears(phone, channel, mode):
        for key in "6614":
            office.telephony.tell(LineKey(phone.line, key, office.clock.now()))

    monkeypatch.setattr(Phone, "spy", hears)
    known = [("agent number", "102#"), ("your PIN", f"{PIN}#"), ("whose call you want", "101#"), ("Press 4", "5")]
    await office.call(known, line="line-2", purpose=LinePurpose.SUPERVISE)
    office.telephony.tell(LineKey("line-2", "5", office.clock.now()))
    told = await office.rows("SELECT subject, detail FROM audit_records WHERE action = 'agent.supervise' ORDER BY id")
    assert [(subject, json.loads(detail)["mode"]) for subject, detail in told] == [
        ("agent:101", "whisper"),
        ("agent:101", "barge"),
        ("agent:101", "listen"),
    ]


async def test_who_logs_in_while_no_campaign_takes_them_hears_that(office):
    office.floor.runs.clear()
    phone = await office.call(LOG_IN)
    assert phone.said("No campaign is running whose calls you take") == 1


async def test_a_supervisor_whose_phone_is_on_another_server_is_told_so_and_can_hear_somebody_else(office):
    seat = await office.ready()
    seat.server = "pbx_east"
    elsewhere = FakeTelephony("pbx_east", office.clock, agent_lines={"line-1": seat.channel}, connected=True)
    office.floor.servers["pbx_east"] = replace(office.server, name="pbx_east", telephony=elsewhere)
    known = [("agent number", "102#"), ("your PIN", f"{PIN}#")]
    whom = [("whose call you want", "101#"), ("whose call you want", "101#"), ("Press 4", "5")]
    sentence = "is on the Asterisk server pbx east. Only phones of that server"
    phone = await office.call([*known, whom[0]], line="line-2", purpose=LinePurpose.SUPERVISE)
    assert (phone.spied, phone.said(sentence)) == ([], 1)
    elsewhere.agent_lines["line-2"] = "PJSIP/line-2"
    phone = await office.call([*known, *whom[1:]], line="line-2", purpose=LinePurpose.SUPERVISE)
    assert (phone.spied, phone.said(sentence)) == ([(seat.channel, "whisper")], 0)


async def test_a_line_that_ends_while_its_agent_is_logged_in_leaves_no_seat(office, monkeypatch):
    enter = office.steps.seat

    async def slow(*told):
        office.telephony.lose_line("line-1")
        return await enter(*told)

    monkeypatch.setattr(office.steps, "seat", slow)
    await office.call([*LOG_IN, ("You are logged in", HANGS_UP)])
    assert not list(office.floor.seats)


async def test_a_members_leg_is_not_asked_who_it_is(office):
    phone = Phone(office, line="leg-of-a-member")
    await office.lines.serve(phone)
    assert (phone.heard, phone.next) == ([], LineNext.BYE)


async def test_a_line_that_hangs_up_at_once_is_no_fault(office):
    phone = Phone(office)
    await phone.hang_up()
    with pytest.raises(CallerHungUpError):
        await phone.wait_for_digit(1)
    await office.lines.serve(phone)
    assert not list(office.floor.seats)


async def test_a_session_that_ends_late_does_not_end_the_dialogue_that_the_line_came_back_to(office):
    seat = await office.ready()
    late, newer = Phone(office), Phone(office)
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(leg):
        if leg is late:
            started.set()
            await go_on.wait()
        else:
            go_on.set()
            await first
            office.waits()  # told late, of the wait before
            assert not seat.waiting

    office.lines._serve = slow
    first = asyncio.create_task(office.lines.serve(late))
    await started.wait()
    await office.lines.serve(newer)
    office.waits()
    assert seat.waiting
