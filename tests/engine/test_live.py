"""Live lists while the engine runs: who comes later is called too, and the run waits for them."""

import asyncio

import pytest

from ami_dialer.domain.enrolment import RunState
from ami_dialer.store import documents, lists, live, runs
from ami_dialer.store.loading import Duplicates
from tests.contacts import add_contacts
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import number

pytestmark = pytest.mark.journey


@pytest.fixture
def world(house):
    """One contact at the start, everybody answers that they are busy once, live lists are looked at all the time."""
    world = house(live=["people"])
    engine = world.config.engine.model_copy(update={"sync": 0.05})
    world.config = world.config.model_copy(update={"engine": engine})
    world.telephony.default = Plan(cause=1)
    world.people(f"{number(0)},P")
    return world


async def come(world, *people):
    key = await lists.list_id(world.database, "people")
    await add_contacts(world.database, key, {number(n): {} for n in people}, world.clock.now())


def called(world):
    return [
        f"+{request.channel.removeprefix('PJSIP/').removesuffix('@carrier')}" for request in world.telephony.requests
    ]


async def test_who_comes_into_a_live_list_is_called_in_the_run_that_is_going_on(world):
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1)
    await come(world, 1, 2)
    await until(lambda: len(world.telephony.requests) == 3)
    assert sorted(called(world)) == [number(n) for n in range(3)]
    assert await world.rows("SELECT count(*) FROM runs") == [(1,)]
    await engine.stop(1.0)


async def test_the_run_waits_when_nobody_is_left_and_completes_when_the_list_is_switched_off(world):
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1 and not engine.floor.calls)
    [desk] = engine.floor.runs.values()
    await until(lambda: desk.why == "everybody has been called; it waits for new contacts in its live lists")
    assert not engine.idle
    await live.switch(world.database, desk.run.id, "people", on=False)
    await come(world, 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT state FROM runs") == [("completed",)]
    assert called(world) == [number(0)]


async def test_a_list_that_is_switched_on_again_catches_up(world):
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    [run_id] = engine.floor.runs
    await live.switch(world.database, run_id, "people", on=False)
    await come(world, 1)
    await asyncio.sleep(0.3)
    assert called(world) == [number(0)]
    await live.switch(world.database, run_id, "people", on=True)
    await until(lambda: number(1) in called(world))
    await engine.stop(0.0)


async def test_what_came_while_the_dialer_was_down_is_called_when_it_is_up_again(world):
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1 and not engine.floor.calls)
    await engine.stop(1.0)
    await come(world, 1)
    engine = await world.start()
    await until(lambda: number(1) in called(world))
    await engine.stop(1.0)


async def test_a_run_that_was_stopped_gets_nobody_more(world):
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1 and not engine.floor.calls)
    [run_id] = engine.floor.runs
    await runs.end(world.database, run_id, RunState.STOPPED, world.clock.now())
    await come(world, 1)
    await until(lambda: engine.idle)
    await asyncio.sleep(0.2)
    await engine.stop(1.0)
    assert await world.rows("SELECT count(*) FROM enrolments") == [(1,)]


async def test_who_comes_later_is_tried_again_by_the_same_rules(world):
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1)
    world.telephony.default = Plan(cause=17)
    await come(world, 1)
    await until(lambda: called(world).count(number(1)) == 2)
    await until(lambda: not engine.floor.calls)
    await engine.stop(1.0)
    assert await world.rows(f"SELECT tries FROM enrolments WHERE number = '{number(1)}'") in (
        [('{"busy": 2}',)],
        [({"busy": 2},)],
    )


async def test_a_number_that_a_list_holds_twice_is_never_in_two_calls_at_once(house):
    world = house(start="by-hand")
    world.people(f"{number(0)},P", f"{number(1)},P")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    key = await lists.list_id(world.database, "people")
    await add_contacts(world.database, key, {number(0): {}}, world.clock.now(), Duplicates(allowed=True))
    campaign_id, document = await documents.load_campaign(world.database, "survey")
    await runs.start(world.database, campaign_id, document, world.clock.now())
    await until(lambda: len(world.telephony.live) == 2)
    await asyncio.sleep(0.3)
    assert sorted(called(world)) == [number(0), number(1)]
    [desk] = engine.floor.runs.values()
    assert desk.why == "all who are due are being called already"
    [first] = [call.attempt.id for call in engine.floor.calls.values() if call.attempt.number == number(0)]
    world.telephony.end(first, 16)
    await until(lambda: called(world).count(number(0)) == 2)
    assert engine.floor.numbers == {number(0): 1, number(1): 1}
    await engine.stop(0.0)
    assert not engine.floor.numbers
