"""Calls that Asterisk holds and the engine does not wait for."""

import asyncio

import pytest
from structlog.testing import capture_logs

from ami_dialer.domain.calls import CallRinging, LiveCall
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

OTHERS = "amid-1a2026a5ea4-f3577f34f5"


async def test_calls_of_another_dialer_on_the_same_asterisk_are_left_alone_and_that_is_said_once(house):
    world = house()
    world.people()
    world.telephony.live[OTHERS] = LiveCall(OTHERS, "PJSIP/carrier-1", 6, 10)
    with capture_logs() as logs:
        engine = await world.start()
        await until(lambda: engine.floor.servers["pbx"].reconciled)
        for _ in range(3):
            world.telephony.tell(CallRinging(OTHERS, world.clock.now()))
        await until(lambda: not engine._dispatch._hang_ups)
        await engine.stop(0.0)
    assert list(world.telephony.live) == [OTHERS]
    assert len([log for log in logs if "another dialer uses this Asterisk" in log["event"]]) == 1


@pytest.mark.parametrize("how", ["found", "heard of"])
async def test_a_call_that_lives_though_its_attempt_is_over_is_ended(house, how):
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(unknown=True)
    engine = await world.start()
    await until(lambda: world.telephony.requests and not engine.floor.calls)
    await until(lambda: engine.floor.writer.waiting == 0)
    [request] = world.telephony.requests
    world.telephony.live[request.attempt_id] = LiveCall(request.attempt_id, request.channel, 5, 0)
    if how == "found":
        world.telephony.link(up=False)
        world.telephony.link(up=True)
    else:
        world.telephony.tell(CallRinging(request.attempt_id, world.clock.now()))
    await until(lambda: not world.telephony.live)
    await asyncio.sleep(0)
    await engine.stop(0.0)
    assert [reason for _, reason in await world.ends()] == ["lost"]
