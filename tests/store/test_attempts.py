"""Attempts between memory and SQL."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import attempts
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, claimed, rows

pytestmark = pytest.mark.store


async def keep(database, *writes):
    writer = Writer(database, 0.0)
    writer.start()
    await writer.put(*writes)
    await writer.stop(10)


async def test_a_living_attempt_comes_back_as_it_was(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await keep(database, attempts.new(attempt))
    for step in (AttemptEvent.SENT, AttemptEvent.RING, AttemptEvent.ANSWER):
        clock.advance(0.25)
        attempt.move(step, clock.now())
    attempt.amd_status, attempt.amd_cause, attempt.classified_at = "HUMAN", "HUMAN-820-800", clock.now()
    attempt.cause, attempt.detail = 16, "ümlaut\nand a second line"
    await keep(database, attempts.changed(attempt))
    assert await attempts.living(database) == [attempt]


async def test_only_attempts_that_have_not_ended_are_living_in_order_of_their_time(database, clock):
    made = []
    for one in await claimed(database, 3, clock.now()):
        made.append(attempt_on(one, clock.now()))
        clock.advance(1)
    made[1].end(EndReason.BUSY, clock.now())
    await keep(database, *(attempts.new(one) for one in reversed(made)))
    assert [one.id for one in await attempts.living(database)] == [made[0].id, made[2].id]


async def test_what_only_the_living_call_needs_is_not_stored(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    attempt.flow_end = EndReason.COMPLETED
    await keep(database, attempts.new(attempt))
    assert await attempts.living(database) == [replace(attempt, flow_end=None)]


@pytest.mark.parametrize(
    "change",
    ["state = 'ended'", "end_reason = 'busy'", "state = 'asleep'", "end_reason = 'tired', state = 'ended'"],
)
async def test_the_database_itself_holds_each_attempt_to_one_end_reason(database, clock, change):
    [one] = await claimed(database, 1, clock.now())
    await keep(database, attempts.new(attempt_on(one, clock.now())))
    with pytest.raises(StoreError):
        async with database.writing() as connection:
            await connection.execute(text(f"UPDATE attempts SET {change}"))
    assert await rows(database, "SELECT state, end_reason FROM attempts") == [("claimed", None)]
