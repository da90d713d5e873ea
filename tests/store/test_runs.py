"""A run is there whole or not at all: everyone enrolled once, and those taken out who must not be called."""

import asyncio
from datetime import timedelta

import pytest

from ami_dialer.domain.enrolment import RunState
from ami_dialer.store import dnc, hopper, imports, runs, scrub
from ami_dialer.store.database import Database
from tests.store.world import campaign, config, fill, number, rows, run_of, value

pytestmark = pytest.mark.store


async def test_everyone_of_the_lists_is_enrolled_due_at_once_in_the_order_of_the_list(database, clock):
    await run_of(database, 3, clock.now())
    found = await rows(database, "SELECT number, state, attempts, last_end_reason FROM enrolments ORDER BY id")
    assert found == [(number(index), "waiting", 0, None) for index in range(3)]


async def test_a_number_on_several_lists_is_enrolled_once_with_the_contact_that_came_first(database, clock):
    key, document = await campaign(database, config(lists=("people", "more", "others")))
    await fill(database, "people", [number(1), number(2)], clock.now())
    await fill(database, "more", [number(2), number(3)], clock.now())
    await fill(database, "others", [number(3), number(1), number(4)], clock.now())
    run_id = await runs.start(database, key, document, clock.now())
    assert await rows(database, "SELECT number FROM enrolments ORDER BY id") == [(number(n),) for n in (1, 2, 3, 4)]
    first = await rows(database, "SELECT min(contact_id) FROM list_members GROUP BY number ORDER BY number")
    assert await rows(database, "SELECT contact_id FROM enrolments ORDER BY number") == first
    assert len(await hopper.claim(database, run_id, 10, clock.now())) == 4


async def test_lists_that_the_campaign_does_not_name_are_left_alone(database, clock):
    key, document = await campaign(database, config(lists=("people", "others")))
    await fill(database, "people", [number(1)], clock.now())
    await fill(database, "others", [number(2)], clock.now())
    await runs.start(database, key, document.model_copy(update={"lists": ["others"]}), clock.now())
    assert await rows(database, "SELECT number FROM enrolments") == [(number(2),)]


async def test_who_must_not_be_called_is_taken_out_with_the_entry_that_did_it(database, clock):
    names = ["lawyers", "opt-outs"]
    key, document = await campaign(database, config(dnc=names))
    await fill(database, "people", [number(index) for index in range(4)], clock.now())
    await dnc.add(database, "lawyers", [number(1)], reason="wrote a letter", source="cli", now=clock.now())
    await dnc.add(database, "opt-outs", [number(1), number(2)], reason="x" * 300, source="flow", now=clock.now())
    await dnc.add(database, "unused", [number(3)], reason="of another campaign", source="cli", now=clock.now())
    run_id = await runs.start(database, key, document, clock.now())
    found = await rows(database, "SELECT number, state, excluded_by FROM enrolments ORDER BY number")
    assert found == [
        (number(0), "waiting", None),
        (number(1), "excluded", "lawyers: wrote a letter"),
        (number(2), "excluded", "opt-outs: " + "x" * 200),
        (number(3), "waiting", None),
    ]
    assert {one.number for one in await hopper.claim(database, run_id, 10, clock.now())} == {number(0), number(3)}


async def test_a_run_that_breaks_off_leaves_nothing(database, clock, monkeypatch):
    key, document = await campaign(database, config())
    await fill(database, "people", [number(1)], clock.now())

    enrol = scrub.enrol

    async def breaks(*given):
        await enrol(*given)
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(scrub, "enrol", breaks)
        with pytest.raises(RuntimeError):
            await runs.start(database, key, document, clock.now())
    assert await rows(database, "SELECT id FROM runs") == []
    assert await rows(database, "SELECT id FROM enrolments") == []


async def test_a_campaign_has_one_run_at_a_time_however_many_start_it(database, database_settings, clock):
    key, document = await campaign(database, config())
    await fill(database, "people", [number(index) for index in range(50)], clock.now())
    others = [Database(database_settings) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(runs.start(other, key, document, clock.now()) for other in others), return_exceptions=True
    )
    for other in others:
        await other.close()
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, runs.AlreadyRunningError) for outcome in outcomes) == 3
    assert await value(database, "SELECT count(*) FROM enrolments") == 50


async def test_another_run_begins_anew_when_the_first_has_ended(database, clock):
    first = await run_of(database, 2, clock.now())
    await runs.end(database, first, RunState.COMPLETED, clock.now())
    clock.advance(60)
    second = await run_of(database, 2, clock.now())
    assert {run.id for run in await runs.running(database)} == {second} == await runs.running_ids(database)
    assert await value(database, "SELECT count(*) FROM enrolments WHERE state = 'waiting'") == 4
    newest = await runs.newest(database, 1)
    assert newest is not None
    assert (newest.id, newest.started_at, newest.ended_at) == (second, clock.now(), None)


async def test_a_run_keeps_the_campaign_as_it_was_when_it_began(database, clock):
    await run_of(database, 1, clock.now(), max_calls=3)
    await campaign(database, config(max_calls=7))
    [run] = await runs.running(database)
    assert run.document.max_calls == 3


async def test_a_run_ends_once(database, clock):
    run_id = await run_of(database, 1, clock.now())
    assert await runs.end(database, run_id, RunState.STOPPED, clock.now())
    assert not await runs.end(database, run_id, RunState.COMPLETED, clock.now() + timedelta(hours=1))
    assert await rows(database, "SELECT state FROM runs") == [("stopped",)]
    assert await runs.running(database) == []


async def test_no_run_begins_while_a_list_of_it_is_being_imported(database, clock):
    key, document = await campaign(database, config())
    await fill(database, "people", [number(1)], clock.now())
    list_id = await value(database, "SELECT id FROM lists WHERE name = 'people'")
    going_on = await imports.begin(database, list_id, imports.Came("p q.csv", "d", "", 2), clock.now(), again=False)
    with pytest.raises(runs.ListsNotReadyError, match=r"list import people --file 'p q\.csv';"):
        await runs.start(database, key, document, clock.now())
    assert await rows(database, "SELECT id FROM runs") == []
    assert await imports.give_up(database, list_id, clock.now()) == "p q.csv"
    assert await imports.give_up(database, list_id, clock.now()) is None
    given_up = await runs.start(database, key, document, clock.now())
    await runs.end(database, given_up, RunState.STOPPED, clock.now())
    going_on = await imports.begin(database, list_id, imports.Came("p.csv", "d", "", 2), clock.now(), again=False)
    await imports.finish(database, going_on, clock.now())
    assert await runs.start(database, key, document, clock.now())


async def test_a_campaign_without_contacts_runs_with_nobody(database, clock):
    run_id = await run_of(database, 0, clock.now())
    assert (await hopper.outlook(database, run_id)).over


async def test_a_campaign_that_has_never_run_has_no_newest_run(database, clock):
    key, _ = await campaign(database, config())
    assert await runs.newest(database, key) is None
