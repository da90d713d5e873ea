"""Regions: one row for each, whoever asks, and never a key of a row that was rolled back."""

import asyncio
from contextlib import suppress

import pytest

from ami_dialer.domain.region import Region, region_of
from ami_dialer.store.database import Database
from ami_dialer.store.regions import load_regions, region_ids
from tests.store.world import value

pytestmark = pytest.mark.store

NEW_YORK = Region("US", "NY", ("America/New_York",))
CANADA = Region("CA", None, ("America/Toronto", "America/Vancouver"))
NOWHERE = Region("", None, ())


class InterruptionError(Exception):
    """Ends a transaction without a commit."""


async def keys_of(database, wanted):
    async with database.writing() as connection:
        return await region_ids(connection, wanted)


async def test_a_region_keeps_its_key(database):
    first = await keys_of(database, [NEW_YORK, CANADA, NOWHERE])
    assert set(first) == {NEW_YORK, CANADA, NOWHERE}
    assert len(set(first.values())) == 3
    assert await keys_of(database, [CANADA, NEW_YORK]) == {one: first[one] for one in (CANADA, NEW_YORK)}
    assert await value(database, "SELECT count(*) FROM regions") == 3


async def test_a_region_is_read_as_it_was_written(database):
    keys = await keys_of(database, [NEW_YORK, CANADA, NOWHERE, region_of("+442079460123")])
    async with database.reading() as connection:
        assert await load_regions(connection) == {key: region for region, key in keys.items()}


async def test_nothing_is_asked_of_nothing(database):
    assert await keys_of(database, []) == {}


async def test_another_process_has_the_same_keys(database, database_settings):
    ours = await keys_of(database, [NEW_YORK])
    other = Database(database_settings)
    try:
        assert await keys_of(other, [NEW_YORK, CANADA]) == {NEW_YORK: ours[NEW_YORK], CANADA: ours[NEW_YORK] + 1}
    finally:
        await other.close()


async def test_a_key_is_forgotten_with_its_transaction(database):
    with suppress(InterruptionError):
        async with database.writing() as connection:
            await region_ids(connection, [NEW_YORK])
            assert await region_ids(connection, [NEW_YORK]) != {}
            raise InterruptionError
    found = await keys_of(database, [NEW_YORK])
    assert found[NEW_YORK] == await value(database, "SELECT id FROM regions")


async def test_a_key_is_forgotten_with_its_savepoint(database):
    async with database.writing() as connection:
        with suppress(InterruptionError):
            async with connection.begin_nested():
                await region_ids(connection, [NEW_YORK])
                raise InterruptionError
        found = await region_ids(connection, [CANADA, NEW_YORK])
    assert await value(database, "SELECT count(*) FROM regions") == 2
    assert await value(database, "SELECT id FROM regions WHERE state = 'NY'") == found[NEW_YORK]


async def test_known_regions_cost_no_query(database):
    known = await keys_of(database, [NEW_YORK, CANADA])
    async with database.writing() as connection:
        await connection.exec_driver_sql("DELETE FROM regions")
        assert await region_ids(connection, [NEW_YORK, CANADA]) == known


async def test_many_at_a_time_make_each_region_once(database):
    wanted = [Region("US", f"S{index}", ()) for index in range(20)]
    halves = [wanted[index:] + wanted[:index] for index in range(0, 20, 4)]
    found = await asyncio.gather(*(keys_of(database, half) for half in halves))
    assert all(one == found[0] for one in found)
    assert await value(database, "SELECT count(*) FROM regions") == 20
