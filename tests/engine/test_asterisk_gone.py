"""Asterisk goes down under a call that is in its flow."""

import asyncio

import pytest

from ami_dialer.engine import dispatch
from ami_dialer.ports import CallerHungUpError, CallLostError
from tests.engine.line import HeldLeg, ended, lines
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(
    ("seen", "end", "detail"),
    [
        (CallLostError, "lost", "the dialer was not connected to Asterisk when the call ended"),
        (CallerHungUpError, "hung_up", None),
        (None, "completed", None),
    ],
)
async def test_a_call_whose_end_nobody_saw_is_lost_unless_the_flow_was_through(house, monkeypatch, seen, end, detail):
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True, stays=True)

    async def asterisk_dies(leg, _seconds):
        world.telephony.link(up=False)
        if seen is not None:
            leg.over.set()
            raise seen
        return "1"

    monkeypatch.setattr(FakeLeg, "wait_for_digit", asterisk_dies)
    engine = await world.start()
    await until(lambda: engine.floor.calls and next(iter(engine.floor.calls.values())).attempt.flow_end)
    world.telephony.live.clear()
    world.telephony.link(up=True)
    await until(lambda: not engine.floor.calls)
    await engine.stop(1.0)
    assert await world.rows("SELECT end_reason, detail FROM attempts") == [(end, detail)]


async def in_its_question(world):
    """A call whose person is being asked, and its leg."""
    [line] = await lines(world, 1)
    leg = HeldLeg(line.id, Plan())
    line.tasks.append(asyncio.create_task(world.telephony.on_leg(leg)))
    await leg.waiting.wait()
    return line, leg


@pytest.mark.parametrize("hang_up_first", [True, False])
async def test_a_hang_up_that_is_heard_says_how_a_call_ended_whose_connection_was_lost(house, hang_up_first):
    world = house()
    line, leg = await in_its_question(world)
    leg.breaks_off = True
    if hang_up_first:
        line.end()
    leg.release.set()
    if not hang_up_first:
        await asyncio.gather(*line.tasks)
        line.end()
    assert await ended(line) == ("hung_up", None)
    await world.engine.stop(0.0)


async def test_a_flow_that_does_not_notice_that_asterisk_is_gone_is_given_up_and_the_call_is_lost(house, monkeypatch):
    monkeypatch.setattr(dispatch, "FLOW_END_SECONDS", 0.01)
    world = house()
    line, leg = await in_its_question(world)
    world.telephony.link(up=False)
    world.telephony.live.clear()
    world.telephony.link(up=True)
    assert await ended(line) == ("lost", "the dialer was not connected to Asterisk when the call ended")
    leg.release.set()
    await asyncio.gather(*line.tasks)
    await world.engine.stop(0.0)
    assert await world.rows("SELECT end_reason FROM attempts WHERE ordinal = 1") == [("lost",)]
