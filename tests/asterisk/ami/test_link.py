"""The link to a real Asterisk: cut, dead, refused, reloaded."""

import pytest

from ami_dialer.lab import BY_NAME
from ami_dialer.ports import OriginateRefusedError, OriginateUnknownError
from tests.asterisk.ami.conftest import Line, connected
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

RINGS = f"PJSIP/{BY_NAME['no-answer'].number(0).removeprefix('+')}@carrier"


async def _ringing(line: Line) -> str:
    request = line.request(RINGS)
    await line.telephony.originate(request)
    await until(lambda: "CallRinging" in line.names(request.attempt_id))
    return request.attempt_id


async def test_a_call_outlives_the_link_is_found_after_the_reconnect_and_heard_to_its_end(line: Line) -> None:
    attempt_id = await _ringing(line)
    line.wire.cut()
    await until(lambda: line.links == [True, False, True])
    assert list(await line.telephony.alive()) == [attempt_id]
    await line.telephony.hang_up(attempt_id)
    await line.end_of(attempt_id)
    assert line.names(attempt_id) == ["CallRinging", "CallEnded"]
    assert len(line.telephony._calls) == 0


async def test_an_originate_whose_answer_is_lost_is_found_and_not_sent_again(world: World) -> None:
    async with connected(world, originate_timeout=0.5) as line:
        request = line.request(RINGS)
        line.wire.from_asterisk = False
        with pytest.raises(OriginateUnknownError):
            await line.telephony.originate(request)
        line.wire.from_asterisk = True
        await until(lambda: line.links == [True, False, True])
        assert list(await line.telephony.alive()) == [request.attempt_id]
        assert len(world.channels()) == 1
        await line.telephony.hang_up(request.attempt_id)


async def test_an_originate_lost_on_its_way_calls_nobody_ever(world: World) -> None:
    async with connected(world, originate_timeout=0.5) as line:
        line.wire.to_asterisk = False
        with pytest.raises(OriginateUnknownError):
            await line.telephony.originate(line.request(RINGS))
        line.wire.to_asterisk = True
        await until(lambda: line.links == [True, False, True])
        assert await line.telephony.alive() == {}
        assert world.channels() == []


async def test_while_the_link_is_down_nobody_is_called(line: Line, world: World) -> None:
    line.wire.open = False
    line.wire.cut()
    await until(lambda: not line.telephony.connected)
    with pytest.raises(OriginateRefusedError):
        await line.telephony.originate(line.request(RINGS))
    line.wire.open = True
    await until(lambda: line.telephony.connected)
    assert await line.telephony.alive() == {}


async def test_a_wrong_password_is_tried_once_and_told_how_to_mend(world: World) -> None:
    async with connected(world, secret="not-the-secret") as line:
        assert not await line.telephony.wait_connected(60)
        assert line.telephony.trouble is not None
        assert "Asterisk refused the manager user 'ami-dialer' (Authentication failed)" in line.telephony.trouble
        assert line.wire.connections == 1
        assert line.links == []


async def test_a_reload_of_the_manager_leaves_calls_and_events_in_place(line: Line, world: World) -> None:
    attempt_id = await _ringing(line)
    world.pbx.console("manager reload")
    await until(lambda: line.telephony.connected)
    assert list(await line.telephony.alive()) == [attempt_id]
    await line.telephony.hang_up(attempt_id)
    await line.end_of(attempt_id)
