"""What goes wrong around a call with an agent: sessions lost in a restart, lines that cannot be bridged, recordings."""

from datetime import timedelta

import pytest

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.calls import CallUnserved, Member
from ami_dialer.ports import CallerHungUpError, SpeechFailedError
from tests.engine.agents.seated import TALKS, seat
from tests.engine.agents.test_connecting import PEOPLE, in_call
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


async def test_a_call_that_talked_over_a_restart_was_connected_whatever_the_dialplan_says_of_its_lost_session(house):
    world = house(agents="all")
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    engine = await world.start()
    one = await seat(world, "101")
    await in_call(world, one)
    call = engine.floor.calls[one.attempt_id]
    call.in_flow = False  # as an adopted one
    world.telephony.tell(CallUnserved(one.attempt_id, world.clock.now(), "AGI ended with SUCCESS"))
    world.telephony.end(one.attempt_id, 16)
    await until(lambda: not engine.floor.calls and not engine.floor.writer.waiting)
    assert await world.rows("SELECT end_reason FROM attempts") == [("connected",)]
    assert call.desk.broken_flows == 0


async def test_a_line_that_cannot_be_bridged_waits_anew_or_is_logged_out_when_it_is_gone(house):
    world = house(agents="all", dialing={"customer_wait": 20})
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    await world.start()
    one, two = await seat(world, "101", waiting=False), await seat(world, "102")
    serve = world.telephony.on_leg

    async def with_a_line_that_is_gone(leg):
        leg.nobody = frozenset({two.channel})
        del world.telephony.agent_lines[two.line]
        one.waiting = True
        await serve(leg)

    world.telephony.on_leg = with_a_line_that_is_gone
    await in_call(world, one)
    await until(lambda: two.state is AgentState.LOGGED_OUT)


async def test_a_call_whose_recording_could_not_be_announced_is_not_recorded(house):
    world = house(agents="all", recording={"enabled": True, "announce": "This call is recorded."})
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    engine = await world.start()

    async def broken(text, voice):
        raise SpeechFailedError("no voice")

    engine.floor.speech.sound_for = broken
    one = await seat(world, "101")
    await in_call(world, one)
    assert [verb for verb in world.telephony.legs[one.attempt_id].verbs if verb[0] == "record"] == []


async def test_an_agent_who_takes_a_break_after_choosing_to_dial_is_offered_contacts_again_later(house):
    world = house(agents="all", dialing={"mode": "preview"})
    world.people(*PEOPLE[:2])
    world.telephony.default = Plan(answers=False, stays=True)
    engine = await world.start()
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.PREVIEWING)
    engine._ticker._offers.dial(one)
    engine.floor.seats.take_break(one, world.clock.now() + timedelta(0), "Lunch")
    assert one.preview is None
    await until(lambda: not any(call.wants_seat for call in engine.floor.calls.values()))
    engine.floor.seats.back(one, world.clock.now(), 0.0)
    one.waiting = True
    await until(lambda: one.state is AgentState.PREVIEWING)


async def test_who_was_connected_with_a_member_while_the_link_was_down_was_not_abandoned(house, monkeypatch):
    world = house(queue="sales")
    world.people("+12125551000,P")
    world.telephony.queues = {"sales": [Member("sales", "PJSIP/101", "", 1)]}
    world.telephony.default = TALKS

    async def talks_and_hangs_up(leg, name, seconds, music):
        world.telephony.link(up=False)
        leg.talked = 0.0
        world.telephony.end(leg.attempt_id, 16)
        raise CallerHungUpError

    monkeypatch.setattr(FakeLeg, "queue", talks_and_hangs_up)
    engine = await world.start()
    await until(lambda: world.telephony.legs and not world.telephony.connected)
    world.telephony.link(up=True)
    await until(lambda: not engine.floor.calls and not engine.floor.writer.waiting)
    rows = await world.rows("SELECT end_reason, connected_at >= answered_at FROM attempts")
    assert [(end, bool(after)) for end, after in rows] == [("connected", True)]
