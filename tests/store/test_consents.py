"""What is known of consent."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.store import consents
from ami_dialer.store.tables import consents as consents_table
from ami_dialer.store.tables import reassignments
from tests.store.world import number

pytestmark = pytest.mark.store


async def test_of_numbers_that_nobody_spoke_of_nothing_is_known(database):
    assert await consents.known(database, []) == {}
    assert await consents.known(database, [number(1)]) == {}


async def test_records_come_oldest_first_and_a_revocation_outlives_a_consent_of_the_same_moment(database, clock):
    now = clock.now()
    said = {"number": number(1), "scope": "*", "strength": "written", "source": "form", "recorded_at": now}
    rows = [
        {**said, "granted": False, "at": now},
        {**said, "granted": True, "at": now, "evidence": "form 7"},
        {**said, "granted": True, "at": now - timedelta(days=1)},
    ]
    async with database.writing() as connection:
        await connection.execute(insert(consents_table), [{"evidence": "", **row} for row in rows])
        gone = {"number": number(2), "disconnected_at": now, "source": "RND", "checked_at": now}
        await connection.execute(insert(reassignments), gone)
    found = await consents.known(database, [number(1), number(2), number(3)])
    assert [(each.granted, each.at) for each in found[number(1)].records] == [
        (True, now - timedelta(days=1)),
        (True, now),
        (False, now),
    ]
    assert found[number(1)].records[1] == ConsentRecord(
        2, number(1), True, "*", Strength.WRITTEN, "form", now, None, "form 7"
    )
    assert found[number(2)] == ConsentFacts((), now)
    assert set(found) == {number(1), number(2)}


async def test_a_consent_without_an_end_ends_when_the_administrator_says(database, clock):
    said = {"number": number(1), "scope": "*", "strength": "express", "source": "form", "recorded_at": clock.now()}
    ends = clock.now() + timedelta(days=5)
    rows = [
        {**said, "granted": True, "at": clock.now(), "expires_at": None},
        {**said, "granted": True, "at": clock.now(), "expires_at": ends},
        {**said, "granted": False, "at": clock.now(), "expires_at": None},
    ]
    async with database.writing() as connection:
        await connection.execute(insert(consents_table), rows)
    found = await consents.known(database, [number(1)], days=30)
    assert [one.expires_at for one in found[number(1)].records] == [clock.now() + timedelta(days=30), ends, None]
