"""How calls end, straight over the trunk and through the PBX's own outbound routes."""

import asyncio

import pytest

from ami_dialer.domain.calls import CallClassified
from ami_dialer.lab import BY_NAME
from ami_dialer.ports import OriginateRefusedError
from tests.asterisk.ami.conftest import Line
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

WAYS = ["PJSIP/{}@carrier", "Local/{}@from-internal"]


def dial(way: str, behaviour: str, line: int = 0) -> str:
    return way.format(BY_NAME[behaviour].number(line).removeprefix("+"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("behaviour", "cause"), [("busy", 17), ("congestion", 34), ("unallocated", 1), ("declined", 21)]
)
async def test_a_refused_call_ends_once_with_the_cause_of_the_far_end(
    line: Line, way: str, behaviour: str, cause: int
) -> None:
    request = line.request(dial(way, behaviour))
    await line.telephony.originate(request)
    ended = await line.end_of(request.attempt_id)
    assert (ended.cause, ended.reason) == (cause, 0)
    assert [name for name in line.names(request.attempt_id) if name != "CallRinging"] == ["CallEnded"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_nobody_answers_rings_and_ends_when_its_ring_time_is_over(line: Line, way: str) -> None:
    request = line.request(dial(way, "no-answer"), ring_seconds=2)
    await line.telephony.originate(request)
    ended = await line.end_of(request.attempt_id)
    assert (ended.cause, ended.reason) == (19, 3)
    assert line.names(request.attempt_id) == ["CallRinging", "CallEnded"]


@pytest.mark.parametrize("way", WAYS)
async def test_an_answered_call_rings_is_answered_and_classified_and_ends_each_once(line: Line, way: str) -> None:
    request = line.request(dial(way, "answers-1s"), extension="amd")
    await line.telephony.originate(request)
    await until(lambda: "CallClassified" in line.names(request.attempt_id), 30)
    await line.telephony.hang_up(request.attempt_id)
    ended = await line.end_of(request.attempt_id)
    assert (ended.cause, ended.reason) == (16, None)
    assert line.names(request.attempt_id) == ["CallRinging", "CallAnswered", "CallClassified", "CallEnded"]
    classified = line.of(request.attempt_id)[2]
    assert isinstance(classified, CallClassified)
    assert classified.status == "HUMAN"


@pytest.mark.parametrize("way", WAYS)
async def test_a_far_end_that_hangs_up_ends_the_call(line: Line, way: str) -> None:
    request = line.request(dial(way, "hangs-up-at-once"), extension="amd")
    await line.telephony.originate(request)
    assert (await line.end_of(request.attempt_id)).cause == 16
    assert line.names(request.attempt_id)[:2] == ["CallRinging", "CallAnswered"]


@pytest.mark.parametrize("way", WAYS)
async def test_alive_holds_the_call_once_and_hang_up_ends_it(line: Line, way: str) -> None:
    request = line.request(dial(way, "no-answer"))
    await line.telephony.originate(request)
    await until(lambda: "CallRinging" in line.names(request.attempt_id))
    alive = await line.telephony.alive()
    assert list(alive) == [request.attempt_id]
    assert alive[request.attempt_id].channel.startswith(way[:5])
    await line.telephony.hang_up(request.attempt_id)
    await line.end_of(request.attempt_id)
    await line.telephony.hang_up(request.attempt_id)
    assert line.names(request.attempt_id) == ["CallRinging", "CallEnded"]
    assert await line.telephony.alive() == {}


async def test_hang_up_ends_an_answered_call(line: Line) -> None:
    request = line.request(dial(WAYS[0], "answers-1s"))
    await line.telephony.originate(request)
    await until(lambda: "CallAnswered" in line.names(request.attempt_id))
    await line.telephony.hang_up(request.attempt_id)
    assert (await line.end_of(request.attempt_id)).cause == 16


async def test_a_trunk_that_does_not_exist_ends_the_call_without_a_cause(line: Line) -> None:
    request = line.request("PJSIP/12015550000@no-such-trunk")
    await line.telephony.originate(request)
    ended = await line.end_of(request.attempt_id)
    assert (ended.cause, ended.reason) == (None, 0)


async def test_an_extension_that_does_not_exist_is_refused(line: Line) -> None:
    request = line.request(dial(WAYS[0], "answers-1s"), extension="no-such-extension")
    with pytest.raises(OriginateRefusedError, match="Extension does not exist"):
        await line.telephony.originate(request)


async def test_variables_and_caller_id_arrive_as_they_were_written(line: Line, world: World) -> None:
    text = r'a,b "quoted" (c) [d] \ e; f=g & Zoë'
    request = line.request(
        dial(WAYS[0], "no-answer"),
        caller_id="Survey, José <+12015550100>",
        variables=(("AMI_DIALER_TEXT", text), ("AMI_DIALER_OTHER", "x")),
    )
    await line.telephony.originate(request)
    await until(lambda: "CallRinging" in line.names(request.attempt_id))
    async with world.ami() as ami:
        for variable, value in [
            ("AMI_DIALER_TEXT", text),
            ("AMI_DIALER_OTHER", "x"),
            ("CALLERID(num)", "+12015550100"),
            ("CALLERID(name)", "Survey, José"),
        ]:
            answer = await ami.ask(Action="Getvar", Channel=request.attempt_id, Variable=variable)
            assert answer["Value"] == value
    await line.telephony.hang_up(request.attempt_id)


async def test_a_crowd_of_calls_ends_each_once_and_leaves_nothing_behind(line: Line) -> None:
    behaviours = ["busy", "congestion", "unallocated", "declined", "hangs-up-at-once"] * 8
    requests = [line.request(dial(WAYS[n % 2], name, n)) for n, name in enumerate(behaviours)]
    await asyncio.gather(*(line.telephony.originate(request) for request in requests))
    for request in requests:
        await line.end_of(request.attempt_id)
    assert await line.telephony.alive() == {}
    assert all(line.names(request.attempt_id).count("CallEnded") == 1 for request in requests)
    assert len(line.telephony._calls) == 0
