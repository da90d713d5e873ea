"""A run that is paused calls nobody, and goes on where it was with what was changed meanwhile."""

import pytest
from sqlalchemy import text

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.campaign import CampaignAction
from ami_dialer.store import campaigns, documents, pausing, runs
from tests.engine.waiting import until_rows
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import fill, number

pytestmark = pytest.mark.journey


def people(world, count):
    world.people(*(f"{number(index)},P" for index in range(count)))


async def pause(world, name="survey"):
    return await pausing.pause(world.database, name, world.clock.now())


async def resume(world, name="survey"):
    return await pausing.resume(world.database, name, world.clock.now())


async def edit(world, **keys):
    await documents.apply_config(world.database, world.config)
    standing = await campaigns.standing(world.database, "survey")
    world.config.campaigns["survey"] = Campaign.model_validate({**standing.document, **keys})
    await documents.apply_config(world.database, world.config)


def let_go(world, cause=16):
    for attempt_id in list(world.telephony.live):
        world.telephony.end(attempt_id, cause)


async def end(world, engine):
    """Call nobody more, and let all calls end."""
    await pause(world)
    await until(lambda: not engine.floor.runs)
    let_go(world)
    await until(lambda: engine.idle)
    await engine.stop(1.0)


async def test_no_call_starts_while_it_is_paused_and_calls_in_progress_finish(house):
    world = house(max_calls=2)
    people(world, 6)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2)
    run = await pause(world)
    await until(lambda: not engine.floor.runs)
    assert await world.rows("SELECT state, count(*) FROM enrolments GROUP BY state ORDER BY state") == [
        ("claimed", 2),
        ("waiting", 4),
    ]
    let_go(world)
    await until(lambda: not engine.floor.calls)
    await until(lambda: engine.idle)
    assert len(world.telephony.requests) == 2
    assert await world.rows("SELECT id, state FROM runs") == [(run, "paused")]
    assert await world.rows("SELECT status FROM campaigns") == [("paused",)]
    await engine.stop(1.0)


async def test_who_was_reached_is_not_called_again_when_it_goes_on(house):
    world = house(max_calls=2)
    people(world, 5)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2)
    await pause(world)
    await until(lambda: not engine.floor.runs)
    world.telephony.default = Plan(cause=1)
    let_go(world, 1)
    await until(lambda: not engine.floor.calls)
    await resume(world)
    await until(lambda: engine.idle and len(world.telephony.requests) == 5)
    await engine.stop(1.0)
    assert len({found for found, _ in await world.ends()}) == 5
    assert await world.rows("SELECT state FROM runs") == [("completed",)]
    assert await world.rows("SELECT status FROM campaigns") == [("completed",)]


async def test_calls_that_outlast_the_pause_count_against_the_limit_of_the_campaign(house):
    world = house(max_calls=2)
    people(world, 5)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2)
    await pause(world)
    await until(lambda: not engine.floor.runs)
    await resume(world)
    await until(lambda: engine.floor.runs)
    [desk] = engine.floor.runs.values()
    assert desk.limit.in_progress == 2
    assert all(call.desk is desk for call in engine.floor.calls.values())
    let_go(world)
    await until(lambda: len(world.telephony.live) == 2)
    assert len(world.telephony.requests) == 4
    assert desk.limit.in_progress == 2
    await end(world, engine)


async def test_what_was_changed_on_a_paused_campaign_counts_from_the_resume_on(house):
    world = house(max_calls=1, caller_id="+12125550100")
    people(world, 3)
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    run = await pause(world)
    await until(lambda: not engine.floor.runs)
    let_go(world)
    await until(lambda: not engine.floor.calls)
    await edit(world, caller_id="+12125550199", max_calls=2, lists=["people", "more"], purpose="survey")
    resumed = await resume(world)
    assert resumed.run == run
    assert resumed.changes == {"caller_id": ["+12125550100", "+12125550199"], "max_calls": [1, 2]}
    await until(lambda: len(world.telephony.live) == 2)
    assert await world.rows("SELECT caller_id, count(*) FROM attempts GROUP BY caller_id ORDER BY caller_id") == [
        ("+12125550100", 1),
        ("+12125550199", 2),
    ]
    [desk] = engine.floor.runs.values()
    assert desk.campaign.lists == ["people"]
    await end(world, engine)


async def test_a_paused_run_stays_so_over_a_restart(house):
    world = house()
    people(world, 2)
    world.telephony.default = Plan(cause=1)
    await world.prepare()
    key, document = await documents.load_campaign(world.database, "survey")
    await runs.start(world.database, key, document, world.clock.now())
    await pause(world)
    await world.run_until_done()
    assert world.telephony.requests == []
    await resume(world)
    await world.run_until_done()
    assert len(world.telephony.requests) == 2


async def test_what_comes_into_a_live_list_of_a_paused_run_is_called_when_it_goes_on(house):
    world = house(live=["people"])
    people(world, 1)
    world.telephony.default = Plan(cause=1)
    await world.prepare()
    key, document = await documents.load_campaign(world.database, "survey")
    await runs.start(world.database, key, document, world.clock.now())
    await pause(world)
    await fill(world.database, "people", [number(7)], world.clock.now())
    engine = await world.start()
    await until_rows(world, "SELECT count(*) FROM enrolments", [(2,)])
    await resume(world)
    await until(lambda: len(world.telephony.requests) == 2)
    await runs.stop(world.database, "survey", world.clock.now())
    await until(lambda: engine.idle)
    await engine.stop(1.0)


async def test_a_rerun_calls_everybody_again_and_carries_nothing_over(house):
    world = house()
    people(world, 3)
    world.telephony.default = Plan(cause=17)
    await world.run_until_done()
    assert await world.rows("SELECT status FROM campaigns") == [("completed",)]
    key, document = await documents.load_campaign(world.database, "survey")
    second = await runs.start(world.database, key, document, world.clock.now(), CampaignAction.RERUN)
    fresh = f"SELECT state, attempts, last_end_reason, exclusion FROM enrolments WHERE run_id = {second}"
    assert await world.rows(fresh) == [("waiting", 0, None, None)] * 3
    before = len(world.telephony.requests)
    await world.run_until_done()
    assert len(world.telephony.requests) == 2 * before


async def test_a_run_whose_document_is_of_another_version_fails_and_its_calls_end(house):
    world = house(max_calls=1)
    people(world, 2)
    world.telephony.default = Plan(stays=True)
    await world.start()
    await until(lambda: world.telephony.live)
    await world.kill()
    async with world.database.writing() as connection:
        await connection.execute(text("UPDATE runs SET document = '{\"ring\": 1000}'"))
    engine = await world.start()
    await until(lambda: engine.floor.calls and engine.floor.servers["pbx"].reconciled)
    let_go(world)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    [(state, why)] = await world.rows("SELECT state, why FROM runs")
    assert state == "failed"
    assert "campaigns.survey.ring: 1000 is out of range" in why
    assert await world.rows("SELECT status, trouble FROM campaigns") == [("failed", why)]
    assert await world.rows("SELECT count(*) FROM attempts WHERE end_reason IS NOT NULL") == [(1,)]
