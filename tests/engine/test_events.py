"""Events of a call come in any order, twice, or not at all: each attempt still ends once, and nothing breaks."""

import asyncio
import random

import pytest

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.engine import dispatch
from tests.engine.line import HeldLeg, Line, ended, lines
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

HUMAN = ("HUMAN", "HUMAN-820-800")


@pytest.fixture
async def line(house):
    """A dialer that has just placed a call."""
    [made] = await lines(house(), 1)
    yield made
    await made.world.engine.stop(0.0)
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_the_leg_comes_before_the_answer_is_told(line):
    leg = line.leg(Plan(presses=("1",), amd=AmdFacts(*HUMAN)))
    await leg.over.wait()
    line.answer()
    line.classify(*HUMAN)
    line.end()
    assert await ended(line) == ("completed", None)
    assert len(await line.world.rows("SELECT answered_at FROM attempts WHERE answered_at IS NOT NULL")) == 1


async def test_the_hang_up_is_told_before_the_flow_has_ended(line):
    leg = HeldLeg(line.id, Plan(presses=("1",)))
    line.tasks.append(asyncio.create_task(line.world.telephony.on_leg(leg)))
    await leg.waiting.wait()
    line.end()
    assert line.attempt.state is AttemptState.IN_FLOW
    leg.release.set()
    assert await ended(line) == ("completed", None)


async def test_a_flow_that_does_not_notice_the_hang_up_is_given_up(line, monkeypatch):
    monkeypatch.setattr(dispatch, "FLOW_END_SECONDS", 0.01)
    leg = HeldLeg(line.id, Plan())
    line.tasks.append(asyncio.create_task(line.world.telephony.on_leg(leg)))
    await leg.waiting.wait()
    line.end()
    assert await ended(line) == ("hung_up", "the flow did not notice the hang-up")
    leg.release.set()
    await asyncio.gather(*line.tasks)
    assert await ended(line) == ("hung_up", "the flow did not notice the hang-up")


async def test_a_flow_is_carried_out_once_however_often_the_call_is_handed_over(line):
    first = line.leg(Plan(presses=("2",)))
    await first.over.wait()
    second, third = line.leg(Plan(presses=("1",))), line.leg(Plan(presses=("1",)))
    await asyncio.gather(*line.tasks)
    line.end()
    assert (second.heard, third.heard) == ([], [])
    assert second.over.is_set()
    assert await ended(line) == ("completed", None)
    assert await line.world.rows("SELECT digits FROM answers") == [("2",)]


async def test_a_call_of_another_dialer_or_of_long_ago_is_ended_when_it_is_handed_over(line):
    stranger = FakeLeg("amid-00000000000-0000000000", Plan())
    await line.world.telephony.on_leg(stranger)
    assert (stranger.heard, stranger.over.is_set()) == ([], True)


async def test_a_leg_that_comes_after_the_end_hears_nothing(line):
    line.answer()
    line.end()
    await ended(line)
    leg = line.leg(Plan())
    await asyncio.gather(*line.tasks)
    assert leg.heard == []


async def test_a_machine_that_is_handed_over_all_the_same_hears_nothing(line):
    leg = line.leg(Plan(amd=AmdFacts("MACHINE", "MAXWORDS-4-3")))
    await asyncio.gather(*line.tasks)
    line.end()
    assert leg.heard == []
    assert await ended(line) == ("machine", None)


async def test_what_amd_said_to_the_dialplan_and_to_the_leg_is_noted_once(line):
    line.classify(*HUMAN)
    leg = line.leg(Plan(presses=("1",), amd=AmdFacts("MACHINE", "MAXWORDS-4-3")))
    await leg.over.wait()
    line.end()
    assert await ended(line) == ("completed", None)


async def test_a_call_that_the_dialplan_could_not_hand_over_has_failed_on_our_side(line):
    line.answer()
    line.unserved()
    line.end()
    end, detail = await ended(line)
    assert end == "flow_failed"
    assert "AGI connection refused" in detail


async def test_the_end_of_a_flow_counts_more_than_a_dialplan_that_complains_after_it(line):
    leg = line.leg(Plan(presses=("1",)))
    await leg.over.wait()
    await asyncio.gather(*line.tasks)
    line.unserved()
    line.end()
    assert await ended(line) == ("completed", None)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_order_events_come_in_each_attempt_ends_once(house, seed):
    dice = random.Random(seed)
    world = house(max_calls=40, retry={})
    going_on = await lines(world, 40)
    actions = [
        Line.ring,
        Line.answer,
        Line.unserved,
        lambda line: line.classify(*HUMAN),
        lambda line: line.classify("MACHINE", "MAXWORDS-4-3"),
        lambda line: line.leg(Plan(presses=("1",))),
        lambda line: line.leg(Plan(presses=("", "9"))),
        lambda line: line.leg(Plan(hangs_up_after=2)),
        lambda line: line.end(dice.choice((None, 0, 1, 16, 17, 34, 127)), dice.choice((None, 0, 3, 5, 8))),
    ]
    for _ in range(300):
        dice.choice(actions)(dice.choice(going_on))
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    for line in going_on:
        line.end()
        await asyncio.gather(*line.tasks)
    await until(lambda: not world.engine.floor.calls)
    await world.engine.stop(0.0)
    assert await world.rows("SELECT count(*), count(end_reason) FROM attempts WHERE state = 'ended'") == [(40, 40)]
    assert await world.rows("SELECT count(*) FROM enrolments WHERE attempts = 1 AND state <> 'claimed'") == [(40,)]
    assert all(limit.in_progress == 0 for limit in (world.engine.floor.servers["pbx"].limit,))
