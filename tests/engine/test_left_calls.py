"""Calls that an engine left behind whose run or trunk is no more: they end too."""

import asyncio

import pytest

from ami_dialer.domain.enrolment import RunState
from ami_dialer.engine import runs as engine_runs
from ami_dialer.store import runs
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ANN = "12125550101"
HOW = (
    "SELECT attempts.state, end_reason, enrolments.state, enrolments.attempts FROM attempts"
    " JOIN enrolments ON enrolments.id = enrolment_id"
)


async def killed_in_a_call(world):
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await until(lambda: engine.floor.writer.waiting == 0)
    await asyncio.sleep(0.05)
    await world.kill()


async def test_a_call_of_a_run_that_was_stopped_meanwhile_goes_on_and_ends_once(house, monkeypatch):
    warned_of_consent = []
    monkeypatch.setattr(engine_runs, "_warn_of_consent", lambda run, *_: warned_of_consent.append(run.state))
    world = house()
    await killed_in_a_call(world)
    [(run,)] = await world.rows("SELECT id FROM runs")
    await runs.end(world.database, run, RunState.STOPPED, world.clock.now())
    engine = await world.start()
    await until(lambda: len(engine.floor.calls) == 1)
    assert world.telephony.live  # it was not ended
    world.telephony.end(next(iter(world.telephony.live)), 21)
    await until(lambda: not engine.floor.calls)
    await engine.stop(0.0)
    assert await world.rows(HOW) == [("ended", "rejected", "done", 1)]
    assert world.telephony.requests == []
    assert warned_of_consent == [RunState.RUNNING]  # when it began, and not once more for a run that is over


async def test_a_call_on_a_trunk_that_is_gone_is_ended_and_its_contact_not_forgotten(house):
    world = house()
    await killed_in_a_call(world)
    carrier = world.config.trunks.pop("carrier")
    world.config.trunks["other"] = carrier
    engine = await world.start()
    await until(lambda: not world.telephony.live)
    await engine.stop(1.0)
    assert await world.rows(HOW) == [("ended", "lost", "waiting", 1)]
    [(detail,)] = await world.rows("SELECT detail FROM attempts")
    assert "trunk carrier is not in the configuration any more" in detail
