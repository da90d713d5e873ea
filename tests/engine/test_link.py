"""The link to Asterisk is lost and comes back: calls go on, those gone are settled, nothing is dialled blindly."""

import asyncio

import pytest

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.engine import ticker
from tests.engine.line import HeldLeg, ended, lines
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ANN, BOB = "12125550101", "12125550102"


@pytest.fixture
async def line(house):
    [made] = await lines(house(), 1)
    yield made
    await made.world.engine.stop(0.0)
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def in_flow(line):
    leg = HeldLeg(line.id, Plan(presses=("1",)))
    line.tasks.append(asyncio.create_task(line.world.telephony.on_leg(leg)))
    await leg.waiting.wait()
    return leg


async def test_a_flow_that_ends_while_the_link_is_down_has_its_own_end(line):
    leg = await in_flow(line)
    line.world.telephony.link(up=False)
    leg.release.set()
    await asyncio.gather(*line.tasks)
    line.world.telephony.live.clear()
    line.world.telephony.link(up=True)
    assert await ended(line) == ("completed", None)


async def test_a_flow_whose_call_is_gone_when_the_link_returns_is_waited_for(line):
    leg = await in_flow(line)
    line.world.telephony.link(up=False)
    line.world.telephony.live.clear()
    line.world.telephony.link(up=True)
    await until(lambda: line.world.engine.floor.calls[line.id].gone)
    assert line.attempt.state is AttemptState.IN_FLOW
    leg.release.set()
    assert await ended(line) == ("completed", None)


async def test_a_flow_goes_on_over_a_lost_link_as_if_nothing_had_been(line):
    leg = await in_flow(line)
    line.world.telephony.link(up=False)
    line.world.telephony.link(up=True)
    await until(lambda: line.world.engine.floor.servers["pbx"].reconciled)
    leg.release.set()
    await asyncio.gather(*line.tasks)
    line.end()
    assert await ended(line) == ("completed", None)


async def test_a_call_that_was_answered_while_the_link_was_down_is_known_as_answered(line):
    live = line.world.telephony.live[line.id]
    line.world.telephony.link(up=False)
    line.world.telephony.live[line.id] = type(live)(live.attempt_id, live.channel, 6, 5)
    line.world.telephony.link(up=True)
    await until(lambda: line.attempt.state is AttemptState.ANSWERED)
    line.end()
    assert (await ended(line))[0] == "abandoned"


async def test_a_link_that_comes_and_goes_loses_no_call_that_lives(line):
    for _ in range(20):
        line.world.telephony.link(up=False)
        await asyncio.sleep(0)
        line.world.telephony.link(up=True)
        await asyncio.sleep(0)
    await until(lambda: line.world.engine.floor.servers["pbx"].reconciled)
    assert list(line.world.engine.floor.calls) == [line.id]
    line.end(17)
    assert (await ended(line))[0] == "busy"
    assert len(line.world.telephony.requests) == 1


async def test_nothing_is_dialled_until_asterisk_has_told_what_it_holds(house):
    world = house()
    world.people(f"+{ANN},Ann")
    told = asyncio.Event()
    alive = world.telephony.alive

    async def slow():
        await told.wait()
        return await alive()

    world.telephony.alive = slow
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).why)
    assert next(iter(engine.floor.runs.values())).why == "server pbx: its calls are being asked for"
    assert world.telephony.requests == []
    told.set()
    await until(lambda: world.telephony.requests)


async def test_while_the_link_is_down_the_reason_is_said_and_nobody_is_taken_for_called(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.start = start_without_link(world.telephony)
    engine = await world.start()
    await until(lambda: engine.floor.runs and "connection refused" in next(iter(engine.floor.runs.values())).why)
    await engine.stop(0.0)
    assert await world.rows("SELECT id FROM attempts") == []
    assert await world.rows("SELECT state FROM enrolments") == [("waiting",)]


def start_without_link(telephony):
    async def start(on_event, on_link):
        telephony._on_event, telephony._on_link = on_event, on_link
        telephony.trouble = "connection refused"

    return start


async def test_an_originate_whose_answer_did_not_come_but_that_lives_is_taken_up(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(answers=True, presses=("1",), unknown=True, lands=True)
    await world.run_until_done()
    assert [reason for _, reason in await world.ends()] == ["completed"]
    assert len(world.telephony.requests) == 1


async def test_an_originate_that_the_link_was_lost_under_is_settled_when_it_returns(house):
    world = house()
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.plans = {ANN: Plan(unknown=True), BOB: Plan(unknown=True, lands=True, stays=True)}
    originate = world.telephony.originate

    async def cut(request):
        try:
            await originate(request)
        finally:
            if len(world.telephony.requests) == 2:
                world.telephony.link(up=False)

    world.telephony.originate = cut
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 2 and not engine._ticker._dials)
    world.telephony.link(up=True)
    await until(lambda: len(engine.floor.calls) == 1)
    world.telephony.end(next(iter(world.telephony.live)), 17)
    await until(lambda: not engine.floor.calls)
    await engine.stop(0.0)
    assert sorted(await world.ends()) == [(f"+{ANN}", "lost"), (f"+{BOB}", "busy")]


async def test_a_server_that_refuses_is_left_alone_for_half_a_minute_and_then_asked_again(house, clock):
    world = house()
    world.clock = world.telephony.clock = clock
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(refused="Permission denied")
    asked = []
    originate = world.telephony.originate

    async def counting(request):
        asked.append(clock.monotonic())
        await originate(request)

    world.telephony.originate = counting
    engine = await world.start()
    for passed in (0, ticker.REFUSED_SECONDS - 1, 2):
        clock.advance(passed)
        engine.floor.wake.set()
        await until(lambda: engine.floor.wake._waiters and not engine.floor.wake.is_set() and not engine.floor.calls)
    assert len(asked) == 2
    assert asked[1] - asked[0] >= ticker.REFUSED_SECONDS
    world.telephony.default = Plan(cause=1)
    clock.advance(ticker.REFUSED_SECONDS)
    engine.floor.wake.set()
    await until(lambda: engine.idle)
    reasons = [reason for _, reason in await world.ends()]
    assert reasons.count("invalid_number") == 1
    assert set(reasons) == {"cancelled", "invalid_number"}
