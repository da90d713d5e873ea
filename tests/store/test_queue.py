"""Who of a run waits, and for what, and what came of its calls: counted the same on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.store import attempts, hopper, pulse, queue
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, number, run_of

pytestmark = pytest.mark.store


async def put_off(database, clock, index, hours, held_by, rank="rank"):
    async with database.writing() as connection:
        await connection.execute(
            text(f"UPDATE enrolments SET due_at = :at, held_by = :by, rank = {rank} WHERE number = :number").bindparams(
                at=(clock.now() + timedelta(hours=hours)).replace(tzinfo=None)
                if database.is_sqlite
                else clock.now() + timedelta(hours=hours),
                by=held_by,
                number=number(index),
            )
        )


async def test_those_who_wait_are_told_apart_and_add_up(database, clock):
    run = await run_of(database, 10, clock.now())
    for index, (hours, rule, rank) in enumerate(
        [(2, "us.hours", "rank"), (1, "us.hours", "0"), (3, "calls.between", "rank"), (1, None, "0"), (5, None, "rank")]
    ):
        await put_off(database, clock, index, hours, rule, rank)
    await put_off(database, clock, 5, -1, "us.hours")
    await hopper.claim(database, run, 1, clock.now())

    found = await queue.queue(database, run, clock.now())

    assert (found.due, found.claimed, found.contacts, found.left) == (4, 1, 10, 10)
    assert [(rule, later.contacts) for rule, later in found.held] == [("us.hours", 2), ("calls.between", 1)]
    assert found.held[0][1].first == clock.now() + timedelta(hours=1)
    assert (found.callbacks.contacts, found.callbacks.first) == (1, clock.now() + timedelta(hours=1))
    assert (found.retries.contacts, found.retries.first) == (1, None)


async def test_calls_are_counted_once_whether_they_ended_before_or_after_the_last_count(database, clock):
    run = await run_of(database, 3, clock.now())
    writer = Writer(database, 0.0)
    writer.start()
    made = []
    for one in await hopper.claim(database, run, 3, clock.now()):
        made.append(attempt_on(one, clock.now()))
        await writer.put(attempts.new(made[-1]))
    assert await queue.calls_now(database) == {run: {AttemptState.CLAIMED: 3}}
    assert await pulse.begun(database, clock.now()) == {run: 3}
    for seconds, attempt in enumerate(made[:2]):
        attempt.answered_at = clock.now()
        attempt.end(EndReason.HUNG_UP, clock.now() + timedelta(seconds=4 + 10 * seconds))
        await writer.put(attempts.ended(attempt, "survey"))
    await writer.stop(5)
    middle = clock.now() + timedelta(seconds=10)

    [before] = await pulse.ended(database, [run], until=middle)
    [after] = await pulse.ended(database, [run], after=middle)

    assert (before.attempts, round(before.talked), after.attempts, round(after.talked)) == (1, 4, 1, 14)
    assert (before + after).disposition is Disposition.CONNECTED
    assert await pulse.ended(database, [run]) == [before + after]
    assert await queue.dispositions(database, run) == {"Connected": 2}
    assert await pulse.begun(database, clock.now() + timedelta(seconds=61)) == {}
