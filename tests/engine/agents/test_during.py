"""Codes in a call, offered contacts, and the steps behind both."""

import pytest

from ami_dialer.domain.agent import AgentEvent, AgentState
from ami_dialer.engine.agents.dialogues.preview import spoken
from ami_dialer.engine.agents.steps import StepRefusedError
from ami_dialer.ports import LineNext, LinePurpose
from tests.fakes.agent_leg import HANGS_UP

pytestmark = pytest.mark.journey


@pytest.fixture
async def seat(office):
    seat = await office.ready()
    await office.talk(seat)
    return seat


async def code(office, name, *reactions):
    return await office.call([*reactions], purpose=LinePurpose.CODE, code=name)


async def test_a_transfer_to_an_extension_or_a_queue(office, seat):
    office.telephony.queues["billing"] = []
    await code(office, "transfer", ("For Support", "9"), ("For Support", "1"))
    await code(office, "transfer", ("For Support", "2"))
    assert office.connections.asked == [
        ("transfer", "from-internal", "200"),
        ("transfer", "ami-dialer-queue", "billing"),
    ]
    with pytest.raises(StepRefusedError, match="not transferred to '300'; known: 1 Support, 2 Billing"):
        await office.steps.transfer(seat, "300")


async def test_nobody_is_sent_where_there_is_nothing(office, seat):
    office.telephony.missing_extensions = frozenset({"200"})
    for to, told in (("1", r"no extension 200 in \[from-internal\]"), ("2", "no queue billing")):
        with pytest.raises(StepRefusedError, match=f"{told}.*stays with you"):
            await office.steps.transfer(seat, to)
    assert office.connections.asked == []


async def test_any_extension_can_be_entered_where_the_campaign_says_so(office_of):
    office = await office_of(transfer={"any_extension": True})
    await office.talk(await office.ready())
    await code(office, "transfer", ("Enter the extension", "301#"))
    assert office.connections.asked == [("transfer", "from-internal", "301")]


async def test_without_transfer_none_is_made(office_of):
    office = await office_of(transfer={})
    await office.talk(await office.ready())
    assert (await code(office, "transfer")).said("may not be transferred") == 1


async def test_do_not_call_revokes_at_once(office, seat):
    phone = await code(office, "dnc", ("never be called", "1"))
    assert phone.said("not be called any more") == 1
    assert await office.rows("SELECT number, granted, source FROM consents") == [("+12125550101", False, "agent")]
    assert await office.rows("SELECT number, source FROM dnc_entries") == [("+12125550101", "agent")]


async def test_a_callback_and_a_result_during_the_call_count_at_its_end(office, seat):
    [call] = office.floor.calls.values()
    await code(office, "callback", ("which day", "2#"), ("what time", "0930"))
    assert f"{call.called_back_at:%d %H:%M}" == "03 14:30"
    await code(office, "disposition", ("What came", "1"))
    assert (call.attempt.outcome, seat.state) == ("Sold", AgentState.IN_CALL)
    assert await office.rows("SELECT outcome FROM attempts") == [("Sold",)]


async def test_a_digit_outside_the_menu_in_the_call_is_asked_again_and_reaches_nobody_else(office, seat):
    phone = await code(office, "disposition", ("What came", "9"), ("What came", "1"))
    assert (phone.said("not one of the choices"), phone.said("What came")) == (1, 2)
    assert await office.rows("SELECT outcome FROM attempts") == [("Sold",)]


async def test_the_recording_is_paused_and_goes_on(office, seat):
    [attempt_id] = office.floor.calls
    assert (await code(office, "record")).said("is paused") == 1
    assert (await code(office, "record")).said("goes on") == 1
    assert office.telephony.asked[-2:] == [("mute", attempt_id), ("unmute", attempt_id)]


async def test_the_agent_hangs_up_by_code(office, seat):
    await code(office, "hangup")
    assert office.connections.asked == [("hang up",)]


async def test_a_code_after_the_call_or_one_that_nobody_knows_does_nothing(office, seat):
    assert (await code(office, "conference")).said("not one of the choices") == 1
    await office.hang_up(*office.floor.calls.values(), seat)
    assert (await code(office, "hold")).heard == []


async def test_without_a_link_the_agent_hears_that_it_did_not_work(office, seat):
    office.telephony.connected = False
    assert (await code(office, "record")).said("no connection to Asterisk") == 1


async def test_steps_that_make_no_sense_are_refused_in_a_sentence(office, seat):
    steps = office.steps
    for step, why in [
        (steps.dial(seat), "no contact is offered to agent 101"),
        (steps.resume(seat), "not on hold"),
        (steps.disposition(seat, "Soldd"), "did you mean 'Sold'"),
    ]:
        with pytest.raises(StepRefusedError, match=why):
            await step
    await office.hang_up(*office.floor.calls.values(), seat)
    steps.wrapped_up(seat)
    with pytest.raises(StepRefusedError, match="has no call"):
        await steps.do_not_call(seat)
    await steps.take_break(seat, "Lunch")
    with pytest.raises(StepRefusedError, match="on a break already: Lunch"):
        await steps.take_break(seat, "Tea")


@pytest.fixture
async def offered(office):
    seat, desk = await office.ready(), office.floor.runs[office.run]
    preview = desk.campaign.dialing.model_copy(update={"mode": "preview"})
    desk.campaign = desk.campaign.model_copy(update={"dialing": preview})
    office.floor.seats.move(seat, AgentEvent.PREVIEW, office.clock.now(), run=office.run)
    seat.preview = office.claimed
    office.claimed.fields["first_name"] = "Ann"
    return seat


async def test_an_offered_contact_is_named_and_dialled(office, offered):
    phone = await office.call([("Ann. To dial press 1. To skip press 2.", "5"), ("Ann", "1")])
    assert phone.said("not one of the choices") == 1
    assert (offered.state, phone.next) == (AgentState.RESERVED, LineNext.WAIT_CONNECTING)


async def test_an_offered_contact_is_skipped_as_long_as_that_may_be(office, offered):
    office.offers.skippable = False
    phone = await office.call([("Ann. To dial press 1.", "2"), ("Ann", lambda: setattr(office.offers, "skippable", 1))])
    assert (offered.state, phone.said("not one of the choices"), phone.said("To skip")) == (
        AgentState.RESERVED,
        1,
        phone.said("Ann") - 2,
    )


async def test_skipping(office, offered):
    phone = await office.call([("Ann", "2")])
    assert (offered.state, phone.next, phone.said("Skipped")) == (AgentState.READY, LineNext.WAIT, 1)


async def test_who_does_not_decide_in_time_has_decided(office, offered):
    before = office.clock.now()
    assert (await office.call([])).next is LineNext.WAIT_CONNECTING
    assert (office.clock.now() - before).total_seconds() <= 30


async def test_a_decision_by_command_ends_the_question(office, offered):
    phone = await office.call([("Ann", lambda: office.offers.dial(offered))])
    assert (phone.next, len(phone.heard)) == (LineNext.WAIT_CONNECTING, 1)


async def test_who_hangs_up_while_a_contact_is_offered_is_logged_out(office, offered):
    await office.call([("Ann", HANGS_UP)])
    office.telephony.lose_line("line-1")
    assert offered.state is AgentState.LOGGED_OUT


def test_fields_without_a_value_are_left_out():
    text = '{{first_name}} {{last_name}}, {{city|default("nowhere")}}'
    assert spoken(text, {"first_name": "Ann", "last_name": " "}) == "Ann , nowhere"
