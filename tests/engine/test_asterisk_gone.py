"""Asterisk goes down under a call that is in its flow."""

import pytest

from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(
    ("pressed", "end", "detail"),
    [
        (False, "hung_up", "the dialer was not connected to Asterisk when the call ended"),
        (True, "completed", None),
    ],
)
async def test_a_call_whose_end_nobody_saw_says_so_unless_the_flow_was_through(
    house, monkeypatch, pressed, end, detail
):
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True, stays=True, presses=("1",) if pressed else ())

    async def asterisk_dies(leg, _seconds):
        world.telephony.link(up=False)
        if not pressed:
            leg.over.set()
            leg._verb()
        return "1"

    monkeypatch.setattr(FakeLeg, "wait_for_digit", asterisk_dies)
    engine = await world.start()
    await until(lambda: engine.floor.calls and next(iter(engine.floor.calls.values())).attempt.flow_end)
    world.telephony.live.clear()
    world.telephony.link(up=True)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT end_reason, detail FROM attempts") == [(end, detail)]
