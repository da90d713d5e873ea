"""Runs that begin and end from outside while the engine runs."""

import asyncio

import pytest
from sqlalchemy import text

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import documents, hopper, progress, runs
from tests.contacts import find_contacts
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import fill, number

pytestmark = pytest.mark.journey


async def start(world, name):
    key, document = await documents.load_campaign(world.database, name)
    return await runs.start(world.database, key, document, world.clock.now())


def people(world, count):
    world.people(*(f"{number(index)},P" for index in range(count)))


async def test_a_run_that_another_command_starts_is_taken_up_within_a_tick(house):
    world = house(start="by-hand")
    people(world, 3)
    world.telephony.default = Plan(cause=1)
    engine = await world.start()
    assert engine.idle
    await start(world, "survey")
    await until(lambda: len(world.telephony.requests) == 3 and engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT state FROM runs") == [("completed",)]


async def test_a_run_that_is_stopped_calls_nobody_more_and_lets_calls_end(house):
    world = house(max_calls=2)
    people(world, 10)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2)
    [run_id] = engine.floor.runs
    await runs.end(world.database, run_id, RunState.STOPPED, world.clock.now())
    await until(lambda: not engine.floor.runs)
    assert len(engine.floor.calls) == 2
    for attempt_id in list(world.telephony.live):
        world.telephony.end(attempt_id, 16)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 2
    assert await world.rows("SELECT state, count(*) FROM enrolments GROUP BY state") == [("waiting", 10)]
    assert await world.rows("SELECT state FROM runs") == [("stopped",)]


async def test_a_campaign_that_has_completed_may_run_again(house):
    world = house()
    people(world, 2)
    world.telephony.default = Plan(cause=1)
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 2 and engine.idle)
    await start(world, "survey")
    await until(lambda: len(world.telephony.requests) == 4 and engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT state FROM runs") == [("completed",), ("completed",)]


async def test_a_campaign_that_ran_to_its_end_is_not_started_by_the_next_start_of_the_dialer(house):
    world = house()
    people(world, 2)
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    await world.run_until_done()
    assert len(world.telephony.requests) == 2


async def test_a_campaign_whose_lists_are_empty_waits_for_contacts(house):
    world = house()
    world.telephony.default = Plan(cause=1)
    people(world, 0)
    await world.run_until_done()
    assert await world.rows("SELECT count(*) FROM runs") == [(0,)]
    people(world, 1)
    await world.run_until_done()
    assert await world.rows("SELECT state FROM runs") == [("completed",)]
    assert len(world.telephony.requests) == 1


async def test_contacts_on_several_lists_are_called_once(house):
    world = house(lists=["people", "more"])
    world.config.lists["more"] = world.config.lists["people"].model_copy(update={"file": world.folder / "more.csv"})
    people(world, 3)
    (world.folder / "more.csv").write_text(f"phone,first_name\n{number(1)},Again\n{number(7)},New\n")
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    assert sorted(found for found, _ in await world.ends()) == [number(index) for index in (0, 1, 2, 7)]


async def test_a_list_that_grows_does_not_touch_a_run_that_goes_on(house):
    world = house(max_calls=1)
    people(world, 2)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await fill(world.database, "people", [number(9)], world.clock.now())
    world.telephony.default = Plan(cause=1)
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 2
    assert len(await find_contacts(world.database, number(9))) == 1


async def test_a_run_whose_trunk_is_gone_is_said_and_the_others_go_on(house):
    world = house()
    people(world, 2)
    world.telephony.default = Plan(cause=1)
    other = {"lists": ["people"], "flow": "survey", "trunks": ["carrier"], "start": "by-hand"}
    world.config.campaigns["other"] = Campaign.model_validate(other)
    await world.prepare()
    await start(world, "other")
    world.config.trunks["new"] = world.config.trunks.pop("carrier")
    world.config.campaigns["survey"] = world.config.campaigns["survey"].model_copy(update={"trunks": ["new"]})
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 2 and engine.idle)
    [why] = engine.unusable
    await engine.stop(1.0)
    assert "campaign 'other' cannot go on: its trunks carrier are not in the configuration any more" in why
    found = await world.rows(
        "SELECT c.name, c.status, r.state, r.why FROM campaigns c JOIN runs r ON r.campaign_id = c.id"
    )
    assert ("survey", "completed", "completed", None) in found
    [(*states, trouble)] = [rest for name, *rest in found if name == "other"]
    assert states == ["failed", "failed"]
    assert "ami-dialer campaign rerun other" in trouble


async def test_a_run_that_begins_while_the_database_is_away_for_a_moment_is_not_given_up(house, monkeypatch):
    world = house(start="by-hand")
    people(world, 1)
    world.telephony.default = Plan(cause=1)
    engine = await world.start()
    failures = 0
    totals = progress.totals

    async def away(*arguments):
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise StoreError("database: nothing listens there")
        return await totals(*arguments)

    monkeypatch.setattr(progress, "totals", away)
    await start(world, "survey")
    await until(lambda: len(world.telephony.requests) == 1 and engine.idle)
    assert engine.unusable == []
    await engine.stop(1.0)


async def test_claims_of_a_stopped_run_are_given_back_when_the_database_is(house, monkeypatch):
    world = house(max_calls=1)
    people(world, 5)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    failures = 0
    release = hopper.release

    async def away(*arguments):
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise StoreError("database: nothing listens there")
        await release(*arguments)

    monkeypatch.setattr(hopper, "release", away)
    [run_id] = engine.floor.runs
    await runs.end(world.database, run_id, RunState.STOPPED, world.clock.now())
    await until(lambda: not engine.floor.runs)
    await asyncio.sleep(0)
    assert await world.rows("SELECT state, count(*) FROM enrolments GROUP BY state ORDER BY state") == [
        ("claimed", 1),
        ("waiting", 4),
    ]


async def test_what_another_version_stored_keeps_only_its_own_campaign_from_running(house):
    world = house()
    people(world, 1)
    world.telephony.default = Plan(cause=1)
    shared = {"lists": ["people"], "trunks": ["carrier"]}
    world.config.flows["old"] = world.config.flows["survey"]
    world.config.campaigns["old flow"] = Campaign.model_validate({**shared, "flow": "old", "start": "by-hand"})
    world.config.campaigns["old campaign"] = Campaign.model_validate({**shared, "flow": "survey"})
    await world.prepare()
    await start(world, "old flow")
    del world.config.flows["old"], world.config.campaigns["old flow"], world.config.campaigns["old campaign"]
    async with world.database.writing() as connection:
        await connection.execute(text("UPDATE flows SET document = '{\"steps\": 1}' WHERE name = 'old'"))
        await connection.execute(text("UPDATE campaigns SET document = '{\"a\": 1}' WHERE name = 'old campaign'"))
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 1 and engine.idle)
    await engine.stop(1.0)
    [why] = engine.unusable
    assert "campaign 'old flow' cannot go on: flow 'old' was stored by another version: flows.old.steps:" in why
    assert await world.rows("SELECT run_id, count(*) FROM attempts GROUP BY run_id") == [(2, 1)]
