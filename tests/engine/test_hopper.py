"""The hopper in a whole dialer, on a clock that the test moves: order, intervals, expiry."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from ami_dialer.config.lists import ContactList
from ami_dialer.store.tables import enrolments
from tests.engine.test_limits import resting
from tests.engine.test_verdicts import ENGAGED, NEW_YORK, OPENS, at, called, settled, two_campaigns, waiting, world
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

__all__ = ["world"]

NUMBERS = [NEW_YORK.format(index) for index in range(10)]


async def looked(engine):
    """The dialer has looked at everything at this moment, whatever calls go on."""
    engine.floor.wake.set()
    await until(lambda: resting(engine) and engine.floor.writer.waiting == 0)


async def test_the_list_of_higher_priority_is_called_first_and_within_it_the_contact_of_higher_priority(world, clock):
    world = world(
        f"{NUMBERS[0]},P,9",
        f"{NUMBERS[1]},P,50",
        f"{NUMBERS[2]},P,",
        header="phone,first_name,priority",
        lists=["people", "gold"],
        max_calls=1,
        hopper={"size": 3},
    )
    file = world.folder / "gold.csv"
    file.write_text(f"phone,priority\n{NUMBERS[3]},\n{NUMBERS[2]},1\n{NUMBERS[4]},100\n", encoding="utf-8")
    world.config.lists["gold"] = ContactList(file=file, priority=5)
    await world.run_until_done()
    assert called(world) == [NUMBERS[index][1:] for index in (4, 2, 3, 1, 0)]


async def test_whoever_could_not_be_called_in_time_gives_the_place_to_others(world, clock):
    """Two who are in a call of the first campaign fill the hopper of the other one, which opens an hour later."""
    world = world(*(f"{number},P" for number in NUMBERS[:4]))
    two_campaigns(world, between_calls=0)
    first, other = world.config.campaigns["survey"], world.config.campaigns["other"]
    opens = first.hours.model_copy(update={"earliest": "10:00"})
    few = first.hopper.model_copy(update={"size": 2, "expiry": 600.0})
    world.config.campaigns["survey"] = first.model_copy(update={"hopper": few, "max_calls": 2})
    world.config.campaigns["other"] = other.model_copy(update={"hopper": few, "hours": opens})
    world.telephony.default = Plan(stays=True)
    at(clock, OPENS)
    engine = await world.start()
    await until(lambda: len(called(world)) == 2)
    at(clock, OPENS + timedelta(hours=1))
    await looked(engine)
    [desk] = [desk for desk in engine.floor.runs.values() if desk.run.campaign == "other"]
    assert [one.number for one in desk.hopper] == NUMBERS[:2]
    clock.advance(599)
    await looked(engine)
    assert len(called(world)) == 2
    clock.advance(11)  # the next look of `dialer_interval`
    await looked(engine)
    await until(lambda: len(called(world)) == 4)
    assert sorted(called(world)[2:]) == [number[1:] for number in NUMBERS[2:4]]
    assert desk.tally.recycled == 2


async def test_a_hopper_that_is_more_than_half_full_is_filled_up_at_its_interval(world, clock):
    settings = {"size": 4, "fill_interval": "5m"}
    world = world(*(f"{number},P" for number in NUMBERS), max_calls=1, hopper=settings)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: called(world))
    [desk] = engine.floor.runs.values()
    found = []
    for seconds in (0, 299, 1):
        clock.advance(seconds)
        await looked(engine)
        found.append(len(desk.hopper))
    assert found == [3, 3, 4]


async def test_who_falls_due_by_another_hand_is_seen_within_the_dialer_interval(world, clock):
    """A call that ends, a contact that comes in and the like are told at once; this is told by nobody."""
    world = world(f"{NUMBERS[0]},P", dialer_interval="4s", retry={"rules": {"busy": {"after": "1h", "max": 1}}})
    world.telephony.default = ENGAGED
    engine = await world.start()
    await until(lambda: called(world))
    await settled(engine)
    await settled(engine)  # with all that the call has left in the database
    async with world.database.writing() as connection:
        await connection.execute(update(enrolments).values(due_at=clock.now()))
    found = []
    for seconds in (0, 3.9, 0.1):
        clock.advance(seconds)
        await settled(engine)
        found.append(len(called(world)))
    assert found == [1, 1, 2]


async def test_whoever_expires_between_two_attempts_is_not_called_again(world, clock):
    retry = {"rules": {"busy": {"after": "12h", "max": 9}}}
    world = world(f"{NUMBERS[0]},P", retry=retry)
    world.config.lists["people"] = world.config.lists["people"].model_copy(update={"expire_days": 1})
    world.telephony.default = ENGAGED
    engine = await world.start()
    for calls in (1, 2):
        await until(lambda calls=calls: len(called(world)) == calls)
        await settled(engine)
        clock.advance(12 * 3_600)
    await settled(engine)
    await until(lambda: engine.idle)
    assert len(called(world)) == 2
    assert [row[1] for row in await waiting(world)] == ["excluded"]
    [found] = await world.rows("SELECT exclusion, attempts FROM enrolments")
    assert found == ("expired", 2)
