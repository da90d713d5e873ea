"""A flow that breaks: the attempt says so, and the administrator is told once, not for each contact."""

import pytest
from structlog.testing import capture_logs

from ami_dialer.ports import SoundMissingError
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


async def test_a_flow_that_breaks_for_everybody_is_said_once_and_stored_for_each(house, monkeypatch):
    async def missing(_leg, sound, _keys=""):
        raise SoundMissingError(sound)

    monkeypatch.setattr(FakeLeg, "play", missing)
    world = house()
    world.people(*(f"+1212555010{line},Ann" for line in range(4)))
    world.telephony.default = Plan(answers=True)
    with capture_logs() as logs:
        await world.run_until_done()
    said = [log for log in logs if log["event"].startswith("a flow broke") and log["log_level"] == "error"]
    assert len(said) == 1
    assert "cannot open the sound file" in said[0]["detail"]
    assert [reason for _, reason in await world.ends()] == ["flow_failed"] * 4
    assert len(await world.rows("SELECT detail FROM attempts WHERE detail LIKE '%cannot open the sound file%'")) == 4


async def test_after_five_broken_flows_in_a_row_nobody_else_is_called_in_vain(house, monkeypatch):
    async def missing(_leg, sound, _keys=""):
        raise SoundMissingError(sound)

    monkeypatch.setattr(FakeLeg, "play", missing)
    world = house(max_calls=1)
    world.people(*(f"+121255501{line:02d},Ann" for line in range(20)))
    world.telephony.default = Plan(answers=True)
    await world.run_until_done()
    assert len(world.telephony.requests) == 5
    assert await world.rows("SELECT state, count(*) FROM enrolments GROUP BY 1 ORDER BY 1") == [
        ("done", 5),
        ("waiting", 15),
    ]
    assert await world.rows("SELECT state FROM runs") == [("running",)]
    [why] = world.engine.unusable
    assert "broke 5 times in a row" in why
    assert "cannot open the sound file" in why


async def test_a_call_that_comes_twice_is_served_once(house):
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True, presses=("1",))
    served = []
    on_leg = None

    async def twice(leg):
        await on_leg(leg)
        again = FakeLeg(leg.attempt_id, Plan())
        await on_leg(again)
        served.append(again.heard)

    engine = await world.start()
    on_leg, world.telephony.on_leg = world.telephony.on_leg, twice
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert served == [[]]
    assert [reason for _, reason in await world.ends()] == ["completed"]
