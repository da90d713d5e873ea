"""Versions of the rules of law in SQL: which one holds, and what becomes of files with mistakes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from ami_dialer.config.rulebook import load
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.store import rulebooks
from ami_dialer.store.tables import audit_records
from ami_dialer.store.tables import rulebooks as table

pytestmark = pytest.mark.store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RING = """\
jurisdiction: US-GA
name: Georgia
rules:
  - {{id: us-ga.ring, kind: ring, purposes: [sales], seconds: {seconds}, says: Let it ring., source: A law,
     url: "https://example.com", from: 2024-07-01, checked: 2026-11-22, certainty: reported}}
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "us-ga.yaml").write_text(RING.format(seconds=20))
    return folder


async def test_before_the_first_start_no_rules_are_in_force(database):
    assert await rulebooks.in_force(database) is None
    assert await rulebooks.versions(database) == []
    with pytest.raises(NotFoundError, match="there is no version 1 of the rules; there are: none yet"):
        await rulebooks.get(database, 1)


async def test_rules_that_are_adopted_read_back_equal(database, folder):
    packaged, own = load(None), load(folder)
    first = await rulebooks.adopt(database, packaged, "packaged", NOW)
    second = await rulebooks.adopt(database, own, str(folder), NOW + DAY)
    assert first != second
    assert await rulebooks.in_force(database) == (second, own)
    assert await rulebooks.get(database, first) == packaged
    newest, oldest = await rulebooks.versions(database)
    assert (newest.id, newest.origin, newest.digest, newest.in_force) == (second, str(folder), own.digest, True)
    assert (oldest.id, oldest.origin, oldest.created_at, oldest.in_force) == (first, "packaged", NOW, False)
    with pytest.raises(NotFoundError, match=f"there is no version 99 of the rules; there are: {second}, {first}"):
        await rulebooks.get(database, 99)


async def test_the_same_rules_are_one_version_however_often_they_come(database, folder):
    packaged, own = load(None), load(folder)
    first = await rulebooks.adopt(database, packaged, "packaged", NOW)
    assert await rulebooks.adopt(database, packaged, "packaged", NOW + DAY) == first
    second = await rulebooks.adopt(database, own, str(folder), NOW + 2 * DAY)
    assert await rulebooks.adopt(database, packaged, "packaged", NOW + 3 * DAY) == first
    assert await rulebooks.in_force(database) == (first, packaged)
    newest, oldest = await rulebooks.versions(database)
    assert (newest.id, newest.created_at, newest.adopted_at) == (first, NOW, NOW + 3 * DAY)
    assert oldest.id == second


async def test_a_clock_that_was_put_back_does_not_bring_old_rules_into_force(database, folder):
    packaged, own = load(None), load(folder)
    await rulebooks.adopt(database, packaged, "packaged", NOW)
    own_key = await rulebooks.adopt(database, own, str(folder), NOW - DAY)
    assert await rulebooks.in_force(database) == (own_key, own)
    packaged_key = await rulebooks.adopt(database, packaged, "packaged", NOW - 2 * DAY)
    assert await rulebooks.in_force(database) == (packaged_key, packaged)


async def test_two_that_adopt_at_once_get_the_same_version(database):
    packaged = load(None)
    keys = await asyncio.gather(*(rulebooks.adopt(database, packaged, "packaged", NOW) for _ in range(4)))
    assert len(set(keys)) == 1
    assert len(await rulebooks.versions(database)) == 1


async def test_an_adoption_is_in_the_audit_trail_once(database, folder):
    key = await rulebooks.adopt(database, load(None), "packaged", NOW)
    await rulebooks.adopt(database, load(None), "packaged", NOW + DAY)
    await rulebooks.adopt(database, load(folder), str(folder), NOW + DAY)
    async with database.reading() as connection:
        records = (await connection.execute(select(audit_records).order_by(audit_records.c.id))).all()
    assert [record.action for record in records] == ["rules.adopt", "rules.adopt"]
    assert records[0].subject == f"rules:{key}"
    assert f'"before":{key}' in records[1].detail.replace(" ", "")


async def test_a_start_adopts_the_files(database, folder):
    packaged = await rulebooks.current(database, None, NOW)
    assert (packaged.rulebook, packaged.trouble) == (load(None), None)
    own = await rulebooks.current(database, folder, NOW + DAY)
    assert (own.rulebook, own.trouble) == (load(folder), None)
    assert await rulebooks.in_force(database) == (own.id, own.rulebook)


async def test_files_with_a_mistake_leave_the_rules_adopted_last_in_force(database, folder, capsys):
    own = await rulebooks.current(database, folder, NOW)
    (folder / "us-ga.yaml").write_text(RING.format(seconds="long"))
    kept = await rulebooks.current(database, folder, NOW + DAY)
    assert (kept.id, kept.rulebook) == (own.id, own.rulebook)
    assert "us-ga.yaml:4:" in kept.trouble
    assert kept.trouble.endswith(f"version {own.id} of the rules stays in force")
    assert "rules_not_taken" in capsys.readouterr().out
    (folder / "us-ga.yaml").write_text(RING.format(seconds=25))
    mended = await rulebooks.current(database, folder, NOW + 2 * DAY)
    assert mended.trouble is None
    assert mended.id != own.id


async def test_files_with_a_mistake_at_the_first_start_leave_the_packaged_rules(database, folder):
    (folder / "us-ga.yaml").write_text("rules: [")
    found = await rulebooks.current(database, folder, NOW)
    assert found.rulebook == load(None)
    assert found.trouble.endswith(f"the packaged rules are in force (version {found.id})")
    assert await rulebooks.in_force(database) == (found.id, found.rulebook)


async def test_a_folder_that_is_gone_is_a_mistake_too(database, folder, tmp_path):
    own = await rulebooks.current(database, folder, NOW)
    found = await rulebooks.current(database, tmp_path / "elsewhere", NOW + DAY)
    assert found.id == own.id
    assert "cannot be read as a folder" in found.trouble


async def test_rules_of_another_version_of_ami_dialer_are_told_and_not_used(database, folder):
    own = await rulebooks.current(database, folder, NOW)
    async with database.writing() as connection:
        await connection.execute(update(table).values(document='[{"id": "us.x", "kind": "moon"}]'))
    with pytest.raises(StoreError, match=f"version {own.id} of the rules: rules stored by another version cannot"):
        await rulebooks.in_force(database)
    (folder / "us-ga.yaml").write_text("rules: [")
    found = await rulebooks.current(database, folder, NOW + DAY)
    assert found.rulebook == load(None)
    assert "stored by another version" in found.trouble
