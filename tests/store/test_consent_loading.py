"""Consents into SQL, one by one and many at once."""

from datetime import timedelta

import pytest

from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.store import consent_loading, consents
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import number, value

pytestmark = pytest.mark.store


def said(index, clock, granted=True, **more):
    return NewRecord(number(index), granted, EVERYTHING, Strength.EXPRESS, "form", clock.now(), **more)


async def load(database, records, clock):
    async with database.bulk_writing() as connection:
        return await consent_loading.load(connection, records, clock.now())


async def test_many_come_at_once_and_twice_changes_nothing(database, clock):
    ends = clock.now() + timedelta(days=30)
    records = [
        said(1, clock, evidence="form 1"),
        said(1, clock, evidence="form 1"),
        said(1, clock, evidence="form 2"),
        said(2, clock, expires_at=ends),
        said(2, clock, granted=False, honour_by=ends, honoured_at=clock.now()),
    ]
    assert await load(database, records, clock) == 4
    assert await load(database, records, clock) == 0
    assert await load(database, [], clock) == 0
    found = await consents.known(database, [number(1), number(2)])
    assert sorted(one.evidence for one in found[number(1)].records) == ["form 1", "form 2"]
    assert [(one.granted, one.expires_at, one.at) for one in found[number(2)].records] == [
        (True, ends, clock.now()),
        (False, None, clock.now()),
    ]


async def test_the_same_consent_with_another_end_is_another_record(database, clock):
    ends = clock.now() + timedelta(days=30)
    for expires_at in (None, ends, ends + timedelta(days=1)):
        assert await load(database, [said(1, clock, expires_at=expires_at)], clock) == 1
    assert await value(database, "SELECT count(*) FROM consents") == 3


async def test_the_writer_records_once_what_is_committed_twice(database, clock):
    writer = Writer(database, 0.0)
    writer.start()
    revoked = Write(Kind.CONSENT, consent_loading.row(said(1, clock, granted=False, attempt_id="a-1"), clock.now()))
    with_end = said(2, clock, expires_at=clock.now() + timedelta(days=1))
    ends = Write(Kind.CONSENT, consent_loading.row(with_end, clock.now()))
    await writer.put(revoked, ends)
    await writer.put(revoked, ends)
    assert await writer.stop(5) == 0
    assert await value(database, "SELECT count(*) FROM consents") == 2
    assert await value(database, "SELECT attempt_id FROM consents WHERE NOT granted") == "a-1"
