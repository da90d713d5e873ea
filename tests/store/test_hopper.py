"""Claims: nobody is in two hoppers, and nobody who is due is forgotten."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.rank import of_retry, rank
from ami_dialer.store import attempts, enrolments, hopper, runs
from ami_dialer.store.database import Database
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, claimed, number, rows, run_of, value

pytestmark = pytest.mark.store


async def keep(database, *writes):
    writer = Writer(database, 0.0)
    writer.start()
    await writer.put(*writes)
    await writer.stop(10)


async def due(database, index, at):
    async with database.writing() as connection:
        await connection.execute(
            text("UPDATE enrolments SET due_at = :at WHERE number = :number"),
            {"at": at.replace(tzinfo=None) if database.is_sqlite else at, "number": number(index)},
        )


async def test_a_claim_holds_all_that_the_call_needs(database, clock):
    run_id = await run_of(database, 1, clock.now())
    [one] = await hopper.claim(database, run_id, 10, clock.now())
    assert (one.run_id, one.number, one.attempts, one.tries) == (run_id, number(0), 0, {})
    assert one.fields == {"name": "P 0000"}
    assert one.claimed_at == one.due_at == clock.now()


async def test_claims_are_made_in_order_of_their_due_time_and_never_more_than_asked_for(database, clock):
    run_id = await run_of(database, 5, clock.now())
    for index, minutes in ((0, 30), (1, 10), (2, 20), (3, 10), (4, 40)):
        await due(database, index, clock.now() - timedelta(minutes=minutes))
    first = await hopper.claim(database, run_id, 3, clock.now())
    rest = await hopper.claim(database, run_id, 3, clock.now())
    assert [one.number for one in first + rest] == [number(index) for index in (4, 0, 2, 1, 3)]


async def test_who_is_due_later_is_not_claimed(database, clock):
    run_id = await run_of(database, 2, clock.now())
    await due(database, 0, clock.now() + timedelta(microseconds=1))
    assert [one.number for one in await hopper.claim(database, run_id, 10, clock.now())] == [number(1)]
    clock.advance(1)
    assert [one.number for one in await hopper.claim(database, run_id, 10, clock.now())] == [number(0)]


async def test_a_claim_looks_at_its_own_run_only(database, clock):
    first = await run_of(database, 3, clock.now())
    await runs.end(database, first, RunState.STOPPED, clock.now())
    second = await run_of(database, 3, clock.now())
    assert {one.run_id for one in await hopper.claim(database, second, 10, clock.now())} == {second}
    assert await value(database, f"SELECT count(*) FROM enrolments WHERE run_id = {first} AND state = 'waiting'") == 3


async def test_two_engines_that_claim_at_the_same_time_never_hold_the_same(database_settings, database, clock):
    people = 300
    run_id = await run_of(database, people, clock.now())
    others = [Database(database_settings) for _ in range(3)]

    async def engine(of):
        held = []
        while found := await hopper.claim(of, run_id, 7, clock.now()):
            assert len(found) <= 7
            held += [one.enrolment_id for one in found]
        return held

    held = await asyncio.gather(*(engine(of) for of in others for _ in range(2)))
    for other in others:
        await other.close()
    together = [key for keys in held for key in keys]
    assert len(together) == len(set(together)) == people


async def test_claims_without_a_living_attempt_are_given_back_after_a_crash(database, clock):
    nobody, ended, living = await claimed(database, 3, clock.now())
    over, going_on = attempt_on(ended, clock.now()), attempt_on(living, clock.now())
    over.end(EndReason.CANCELLED, clock.now())
    await keep(database, attempts.new(over), attempts.new(going_on))
    assert await hopper.release_unattempted(database) == 2
    assert await rows(database, "SELECT number FROM enrolments WHERE state = 'claimed'") == [(living.number,)]
    assert await rows(database, "SELECT count(*) FROM enrolments WHERE claimed_at IS NOT NULL") == [(1,)]
    back = await hopper.claim(database, nobody.run_id, 10, clock.now())
    assert {one.number for one in back} == {nobody.number, ended.number}


async def test_what_is_done_or_excluded_is_not_given_back(database, clock):
    done, excluded = await claimed(database, 2, clock.now())
    await keep(
        database,
        enrolments.changed(done, EnrolmentState.DONE, due_at=clock.now()),
        enrolments.changed(excluded, EnrolmentState.EXCLUDED, due_at=clock.now(), excluded_by="opt-outs: " + "x" * 300),
    )
    assert await hopper.release_unattempted(database) == 0
    await hopper.release(database, [done.enrolment_id, excluded.enrolment_id])
    assert await hopper.claim(database, done.run_id, 10, clock.now()) == []
    assert len(await value(database, "SELECT excluded_by FROM enrolments WHERE state = 'excluded'")) == 200


async def test_a_released_claim_is_due_as_it_was(database, clock):
    [one] = await claimed(database, 1, clock.now())
    await hopper.release(database, [one.enrolment_id])
    clock.advance(60)
    [again] = await hopper.claim(database, one.run_id, 1, clock.now())
    assert (again.due_at, again.claimed_at) == (one.due_at, clock.now())


async def test_a_restarted_engine_finds_claims_as_the_last_one_made_them(database, clock):
    one, two = await claimed(database, 2, clock.now())
    assert await hopper.load_claimed(database, [one.enrolment_id, two.enrolment_id]) == {
        one.enrolment_id: one,
        two.enrolment_id: two,
    }
    assert await hopper.load_claimed(database, []) == {}


async def test_the_outlook_tells_what_is_left_of_a_run(database, clock):
    later = clock.now() + timedelta(hours=1)
    one, two = await claimed(database, 2, clock.now())
    assert await hopper.outlook(database, one.run_id) == hopper.Outlook(next_due=None, claimed=True)
    await keep(database, enrolments.changed(one, EnrolmentState.WAITING, due_at=later, tries={"busy": 1}))
    assert await hopper.outlook(database, one.run_id) == hopper.Outlook(next_due=later, claimed=True)
    await keep(database, enrolments.changed(two, EnrolmentState.DONE, due_at=later))
    outlook = await hopper.outlook(database, one.run_id)
    assert (outlook, outlook.over) == (hopper.Outlook(next_due=later, claimed=False), False)
    clock.advance(3_600)
    [one] = await hopper.claim(database, one.run_id, 1, clock.now())
    await keep(database, enrolments.changed(one, EnrolmentState.EXCLUDED, due_at=later))
    assert (await hopper.outlook(database, one.run_id)).over


async def test_a_retry_goes_on_with_its_phone_and_rank_unless_another_contact_has_the_phone(database, clock):
    one, two = await claimed(database, 2, clock.now())
    free = "+13105550101"
    for phone in (free, two.number):
        await keep(
            database,
            enrolments.changed(replace(one, number=phone, rank=9), EnrolmentState.WAITING, due_at=clock.now()),
        )
        [one] = await hopper.claim(database, one.run_id, 1, clock.now())
        assert (one.number, one.rank) == (free, 9)


async def test_claims_held_too_long_are_given_back_and_those_in_a_call_go_behind(database, clock):
    one, two, three = await claimed(database, 3, clock.now())
    clock.advance(60)
    await hopper.release(database, [three.enrolment_id])
    [three] = await hopper.claim(database, one.run_id, 1, clock.now())
    stale = replace(three, claimed_at=one.claimed_at)  # a claim that is not held any more
    await hopper.recycle(database, [one, two, stale], {one.enrolment_id}, clock.now())
    back = await hopper.claim(database, one.run_id, 10, clock.now())
    assert [found.enrolment_id for found in back] == [two.enrolment_id, one.enrolment_id]


async def test_lists_of_higher_priority_come_first_and_within_them_contacts_by_the_order_of_retries(database, clock):
    run_id = await run_of(database, 4, clock.now())
    ranks = [rank(10, 0), rank(90, 0), of_retry(rank(90, 0), "new-first"), rank(90, 50)]
    async with database.writing() as connection:
        for index, wanted in enumerate(ranks):
            await connection.execute(
                text("UPDATE enrolments SET rank = :rank WHERE number = :number"),
                {"rank": wanted, "number": number(index)},
            )
    found = await hopper.claim(database, run_id, 10, clock.now())
    assert [one.number for one in found] == [number(index) for index in (3, 1, 2, 0)]
