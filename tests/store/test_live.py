"""Live sync and snapshot: what comes into a list after the start is called in the same run, or in the next."""

import asyncio

import pytest
from sqlalchemy import text

from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import dnc, documents, hopper, live, runs
from ami_dialer.store.live import Synced
from tests.store.enrolling_world import add, house, in_order, out
from tests.store.world import number, rows, value

pytestmark = pytest.mark.store


async def run_of(database, clock, of, **campaign):
    await documents.apply_config(database, house(of, **campaign))
    for place, name in enumerate(of):
        await add(database, name, clock.now(), 10 * place + 1)
    key, document = await documents.load_campaign(database, "survey")
    return await runs.start(database, key, document, clock.now()), document


async def sync(database, clock, run_id, document):
    if run_id not in await live.behind(database):
        return None
    return await live.sync(database, run_id, document, clock.now())


async def test_what_comes_into_a_live_list_is_called_and_what_comes_into_a_snapshot_is_not(database, clock):
    run_id, document = await run_of(database, clock, {"live": {}, "frozen": {}}, live=["live"])
    assert await sync(database, clock, run_id, document) is None
    clock.advance(60)
    await add(database, "live", clock.now(), 2, 3)
    await add(database, "frozen", clock.now(), 12)
    assert await sync(database, clock, run_id, document) == Synced(2, 0)
    assert await sync(database, clock, run_id, document) is None
    assert await in_order(database, run_id) == [1, 11, 2, 3]
    [frozen, lively] = await live.of_run(database, run_id)
    assert (frozen.name, frozen.live, frozen.synced_at, frozen.added, frozen.newer) == ("frozen", False, None, 0, 1)
    assert lively == live.RunList("live", True, clock.now(), 2, 2, 0)
    assert len(await hopper.claim(database, run_id, 10, clock.now())) == 4


async def test_the_same_rules_hold_for_whoever_comes_later(database, clock):
    run_id, document = await run_of(
        database,
        clock,
        {"people": {"priority": 3}, "others": {}},
        live=["people", "others"],
        filter={"column": "plan", "is": ["", "a"]},
    )
    await dnc.add(database, "opt-outs", [number(4)], reason="asked", source="cli", now=clock.now())
    await add(database, "others", clock.now(), 5, 7)
    await add(
        database,
        "people",
        clock.now(),
        {"n": 2, "fields": {"plan": "b"}},
        {"n": 3, "fields": {"plan": "a"}},
        4,
        5,
        {"n": 6, "priority": 8},
        11,
    )
    assert await sync(database, clock, run_id, document) == Synced(6, 2)
    found = await out(database, run_id)
    assert found[2] == ("filter", "plan is empty or a")
    assert found[4][0] == "dnc"
    assert [who for who in await in_order(database, run_id) if who not in found] == [6, 1, 3, 5, 11, 7]
    assert await value(database, f"SELECT count(*) FROM enrolments WHERE number = '{number(5)}'") == 1
    by_list = {each.name: each.added for each in await live.of_run(database, run_id)}
    assert by_list == {"people": 5, "others": 1}


async def test_a_number_that_is_in_the_run_already_is_not_called_again(database, clock):
    run_id, document = await run_of(database, clock, {"people": {}, "others": {}}, live=["people", "others"])
    await add(database, "others", clock.now(), 1)
    assert await sync(database, clock, run_id, document) == Synced(0, 0)
    assert await live.behind(database) == []
    await add(database, "people", clock.now(), 1, again=True)
    assert await sync(database, clock, run_id, document) == Synced(1, 0)
    assert await in_order(database, run_id) == [1, 11, 1]


async def test_off_freezes_and_on_catches_up_with_all_that_came_since_the_start(database, clock):
    run_id, document = await run_of(database, clock, {"people": {}})
    await add(database, "people", clock.now(), 2)
    assert await sync(database, clock, run_id, document) is None
    assert await live.switch(database, run_id, "people", on=True)
    assert not await live.switch(database, run_id, "people", on=True)
    assert await sync(database, clock, run_id, document) == Synced(1, 0)
    assert await live.switch(database, run_id, "people", on=False)
    await add(database, "people", clock.now(), 3)
    await add(database, "people", clock.now(), 4)
    assert await sync(database, clock, run_id, document) is None
    assert await live.switch(database, run_id, "people", on=True)
    assert await sync(database, clock, run_id, document) == Synced(2, 0)
    assert await in_order(database, run_id) == [1, 2, 3, 4]


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.COMPLETED])
async def test_a_run_that_has_ended_is_never_touched(database, clock, state):
    run_id, document = await run_of(database, clock, {"people": {}}, live=["people"])
    await add(database, "people", clock.now(), 2)
    await runs.end(database, run_id, state, clock.now())
    assert await live.behind(database) == []
    assert await live.sync(database, run_id, document, clock.now()) == Synced(0, 0)
    assert await in_order(database, run_id) == [1]
    with pytest.raises(NotFoundError, match="has ended"):
        await live.switch(database, run_id, "people", on=False)


async def test_only_lists_of_the_run_can_be_switched(database, clock):
    await documents.apply_config(database, house({"stranger": {}}))
    run_id, _ = await run_of(database, clock, {"people": {}, "others": {}})
    with pytest.raises(NotFoundError, match=r"'stranger' is none of run 1; it has: people, others"):
        await live.switch(database, run_id, "stranger", on=True)


async def test_removals_are_not_propagated(database, clock):
    run_id, document = await run_of(database, clock, {"people": {}}, live=["people"])
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM list_members"))
    assert await sync(database, clock, run_id, document) is None
    assert len(await hopper.claim(database, run_id, 10, clock.now())) == 1


async def test_a_run_with_a_live_list_does_not_complete_until_the_list_is_switched_off(database, clock):
    run_id, _ = await run_of(database, clock, {"people": {}}, live=["people"])
    assert not await runs.complete(database, run_id, clock.now())
    await live.switch(database, run_id, "people", on=False)
    assert await runs.complete(database, run_id, clock.now())
    assert await rows(database, "SELECT state FROM runs") == [("completed",)]


async def test_a_run_of_a_version_without_live_lists_takes_up_what_came_since(database, clock):
    run_id, document = await run_of(database, clock, {"people": {}})
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM run_lists"))
    await add(database, "people", clock.now(), 2)
    assert await live.switch(database, run_id, "people", on=True)
    assert await sync(database, clock, run_id, document) == Synced(1, 0)
    assert await in_order(database, run_id) == [1, 2]


async def test_syncs_and_additions_at_the_same_time_enrol_everybody_once(database, clock):
    run_id, document = await run_of(database, clock, {"people": {}}, live=["people"])

    async def adding():
        for n in range(100, 140):
            await add(database, "people", clock.now(), n)

    async def syncing():
        for _ in range(20):
            await live.sync(database, run_id, document, clock.now())

    await asyncio.gather(adding(), syncing(), syncing())
    await live.sync(database, run_id, document, clock.now())
    assert sorted(await in_order(database, run_id)) == [1, *range(100, 140)]
    [people] = await live.of_run(database, run_id)
    assert (people.added, people.newer) == (40, 0)
