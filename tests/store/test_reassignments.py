"""Numbers that their holders gave up."""

from datetime import timedelta

import pytest

from ami_dialer.store import reassignments
from ami_dialer.store.reassignments import GivenUp, Reassignment
from tests.store.world import number

pytestmark = pytest.mark.store


async def load(database, given_up, source="RND"):
    async with database.bulk_writing() as connection:
        return await reassignments.load(connection, given_up, source)


async def test_the_last_time_a_number_was_given_up_is_kept(database, clock):
    now = clock.now()
    before = now - timedelta(days=90)
    assert await load(database, []) == 0
    assert await load(database, [GivenUp(number(1), before, before), GivenUp(number(2), before, before)]) == 2
    assert await load(database, [GivenUp(number(1), now, now), GivenUp(number(1), before, now)], "other") == 1
    assert await load(database, [GivenUp(number(1), before, now), GivenUp(number(1), now, now)], "third") == 0
    assert await reassignments.find(database, number(1)) == [Reassignment(number(1), now, "other", now)]
    assert await reassignments.find(database, number(2)) == [Reassignment(number(2), before, "RND", before)]
    assert await reassignments.find(database, number(3)) == []


async def test_the_same_day_asked_again_later_is_news(database, clock):
    gone = clock.now() - timedelta(days=90)
    await load(database, [GivenUp(number(1), gone, gone)])
    assert await load(database, [GivenUp(number(1), gone, clock.now())]) == 1
    [found] = await reassignments.find(database, number(1))
    assert found.checked_at == clock.now()
