"""The migrations make what the code's tables say, on both databases, and keep all that an older version wrote."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import dnc, lists
from ami_dialer.store.database import Database, migration_engine
from ami_dialer.store.migrate import _alembic, current_revision, migrate, newest_revision
from ami_dialer.store.tables import metadata
from tests.contacts import add_contacts, load_fields
from tests.store.world import rows, value

pytestmark = pytest.mark.store

ANN, BOB, CAT, DAN = "+12125550101", "+442079460123", "+16135550110", "+18005550199"
IMPORTED = "2026-01-02 03:04:05.000678"
LIST = json.dumps({"file": "/lists/people.csv", "region": "GB"})
OLD = [
    f"INSERT INTO lists (id, name, origin, document, file_digest, imported_at) VALUES "
    f"(1, 'people', 'config', '{LIST}', 'abc', '{IMPORTED}'), (2, 'others', 'config', '{{}}', NULL, NULL)",
    "INSERT INTO contacts (id, fields, created_at) VALUES "
    + ", ".join(f"""({key}, '{{"name": "P {key}"}}', '{IMPORTED}')""" for key in (1, 2, 3, 5, 6)),
    # As an import of the first version gave keys: a contact on two lists is two contacts.
    f"INSERT INTO list_members (id, list_id, contact_id, number) VALUES "
    f"(1, 1, 2, '{ANN}'), (2, 1, 1, '{BOB}'), (3, 1, 3, '{CAT}'), (7, 2, 5, '{ANN}'), (8, 2, 6, '{DAN}')",
    "INSERT INTO campaigns (id, name, origin, document) VALUES (1, 'survey', 'config', '{}')",
    f"INSERT INTO runs (id, campaign_id, state, started_at, document) VALUES (1, 1, 'running', '{IMPORTED}', '{{}}')",
    "INSERT INTO enrolments (id, run_id, contact_id, number, state, due_at, attempts, tries, excluded_by, created_at) "
    f"VALUES (1, 1, 2, '{ANN}', 'waiting', '{IMPORTED}', 1, '{{\"busy\": 1}}', NULL, '{IMPORTED}'), "
    f"(2, 1, 1, '{BOB}', 'excluded', '{IMPORTED}', 0, '{{}}', 'mine: asked for it', '{IMPORTED}')",
    "INSERT INTO attempts (id, run_id, enrolment_id, contact_id, ordinal, number, server, trunk, state, claimed_at, "
    f"ended_at, end_reason, disposition) VALUES ('amid-1', 1, 1, 2, 1, '{ANN}', 'pbx', 'carrier', 'ended', "
    f"'{IMPORTED}', '{IMPORTED}', 'busy', 'Busy')",
    "INSERT INTO answers (id, attempt_id, question, digits, valid, try_number, at) "
    f"VALUES (1, 'amid-1', 'happy', '1', true, 1, '{IMPORTED}')",
    f"INSERT INTO dnc_lists (id, name, created_at) VALUES (1, 'mine', '{IMPORTED}')",
    "INSERT INTO dnc_entries (id, list_id, number, reason, source, attempt_id, added_at) VALUES "
    f"(1, 1, '{BOB}', 'asked for it', 'flow', 'amid-1', '{IMPORTED}'), (2, 1, '{DAN}', 'by letter', 'cli', NULL, "
    f"'{IMPORTED}')",
]
#: PostgreSQL counts keys apart from the rows.
SEQUENCES = (
    "lists",
    "contacts",
    "list_members",
    "campaigns",
    "runs",
    "enrolments",
    "answers",
    "dnc_lists",
    "dnc_entries",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def unmigrated(request, tmp_path):
    """A database without any table."""
    if request.param == "sqlite":
        yield Settings(url=f"sqlite:///{tmp_path}/old.db")
        return
    server = request.getfixturevalue("postgres")
    server.sql("CREATE DATABASE old")
    yield Settings(url=server.url("old"))
    server.sql("DROP DATABASE old WITH (FORCE)")


@pytest.fixture
async def upgraded(unmigrated):
    """What the first version wrote, with further statements, brought to this version."""
    opened = Database(unmigrated)

    async def upgrade(*further):
        engine = migration_engine(unmigrated)
        async with engine.connect() as connection:
            await connection.run_sync(lambda c: command.upgrade(_alembic(c), "0001"))
            for statement in [*OLD, *further]:
                await connection.exec_driver_sql(statement)
            if not opened.is_sqlite:
                for table in SEQUENCES:
                    await connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                    )
            await connection.commit()
        await engine.dispose()
        await migrate(unmigrated)
        return opened

    yield upgrade
    await opened.close()


async def differences(database):
    async with database.reading() as connection:
        return await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c, opts={"compare_type": False}), metadata)
        )


async def test_a_migrated_database_has_the_tables_of_the_code(database):
    assert await differences(database) == []
    assert await current_revision(database) == newest_revision()


async def test_migrating_twice_changes_nothing(database_settings, database):
    await migrate(database_settings)
    assert await current_revision(database) == newest_revision()


async def test_a_database_of_the_first_version_gets_the_tables_of_the_code(upgraded):
    database = await upgraded()
    assert await differences(database) == []
    if database.is_sqlite:
        assert await rows(database, "PRAGMA foreign_key_check") == []


async def test_lists_keep_their_contacts_in_order_with_numbers_and_fields(upgraded):
    database = await upgraded()
    found = await rows(
        database,
        "SELECT l.name, m.number, m.occurrence, m.contact_id, m.revision, c.number FROM list_members m "
        "JOIN lists l ON l.id = m.list_id JOIN contacts c ON c.id = m.contact_id ORDER BY m.list_id, m.position",
    )
    assert found == [
        ("people", ANN, 0, 2, 1, ANN),
        ("people", BOB, 0, 1, 1, BOB),
        ("people", CAT, 0, 3, 1, CAT),
        ("others", ANN, 0, 5, 1, ANN),
        ("others", DAN, 0, 6, 1, DAN),
    ]
    assert await load_fields(database, 3) == {"name": "P 3"}
    assert await value(database, "SELECT count(*) FROM contacts") == 5


async def test_what_is_known_of_a_list_stays(upgraded):
    database = await upgraded()
    people = (await lists.load_lists(database))["people"]
    imported = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    assert (people.state, people.trouble, people.file_digest, people.imported_at) == (
        "validated",
        None,
        "abc",
        imported,
    )
    assert people.settings.region == "GB"
    assert (await lists.last_added(database))[people.id] == imported
    assert await lists.count_members(database) == {1: 3, 2: 2}


async def test_whoever_was_on_a_list_is_known_to_the_next_import_and_new_keys_are_free(upgraded, clock):
    database = await upgraded()
    loaded = await add_contacts(database, 1, {ANN: {}, DAN: {"name": "Dan"}}, clock.now())
    assert (loaded.known, loaded.added) == (1, 1)
    assert await value(database, "SELECT max(id) FROM contacts") == 7
    assert await load_fields(database, 2) == {"name": "P 2"}


async def test_the_region_of_every_number_is_found(upgraded):
    database = await upgraded()
    found = await rows(
        database, "SELECT c.number, r.country, r.state, r.zones FROM contacts c JOIN regions r ON r.id = c.region_id"
    )
    assert {number: place for number, *place in found} == {
        ANN: ["US", "NY", "America/New_York"],
        BOB: ["GB", "", "Europe/London"],
        CAT: ["CA", "ON", "America/Toronto"],
        DAN: ["US", "", ""],
    }
    assert len(found) == 5


async def test_runs_attempts_and_answers_go_on_where_they_were(upgraded):
    database = await upgraded()
    assert await rows(
        database,
        "SELECT number, occurrence, state, rank, attempts, exclusion, excluded_by, expires_at FROM enrolments "
        "ORDER BY id",
    ) == [
        (ANN, 0, "waiting", 3, 1, None, None, None),
        (BOB, 0, "excluded", 3, 0, "dnc", "mine: asked for it", None),
    ]
    assert await rows(database, "SELECT id, enrolment_id, end_reason FROM attempts") == [("amid-1", 1, "busy")]
    assert await rows(database, "SELECT attempt_id, digits FROM answers") == [("amid-1", "1")]


async def test_a_campaign_stands_where_its_newest_run_did(upgraded):
    document = "'{}'"
    database = await upgraded(
        f"INSERT INTO campaigns (id, name, origin, document) VALUES (2, 'never', 'config', {document}), "
        f"(3, 'over', 'config', {document})",
        "INSERT INTO runs (id, campaign_id, state, started_at, document) VALUES "
        f"(2, 3, 'stopped', '{IMPORTED}', {document}), (3, 3, 'completed', '{IMPORTED}', {document})",
    )
    assert await rows(database, "SELECT name, status, next_start_at FROM campaigns ORDER BY id") == [
        ("survey", "running", None),
        ("never", "draft", None),
        ("over", "completed", None),
    ]


async def test_do_not_call_lists_forbid_what_they_forbade(upgraded, clock):
    database = await upgraded()
    found = await dnc.forbidden(database, [ANN, BOB, DAN], ["mine"], clock.now())
    assert {number: entry.label for number, entry in found.items()} == {
        BOB: "mine: asked for it",
        DAN: "mine: by letter",
    }
    assert await dnc.forbidden(database, [ANN, BOB, DAN], [], clock.now()) == {}
    assert await dnc.add(database, "mine", [BOB, ANN], reason="again", source="cli", now=clock.now()) == 1
    assert await rows(database, "SELECT attempt_id FROM dnc_entries ORDER BY id LIMIT 2") == [("amid-1",), (None,)]


async def test_there_is_one_global_list_which_is_empty(upgraded):
    database = await upgraded()
    assert await rows(database, "SELECT name, is_global FROM dnc_lists ORDER BY id") == [
        ("mine", False),
        ("global", True),
    ]


async def test_a_list_that_happened_to_be_named_global_counts_for_whom_it_counted(upgraded, clock):
    database = await upgraded(
        f"INSERT INTO dnc_lists (id, name, created_at) VALUES (2, 'global', '{IMPORTED}'), (3, 'global-2', "
        f"'{IMPORTED}')",
        "INSERT INTO dnc_entries (id, list_id, number, reason, source, added_at) "
        f"VALUES (3, 2, '{CAT}', 'by letter', 'cli', '{IMPORTED}')",
    )
    assert await dnc.forbidden(database, [CAT], ["mine"], clock.now()) == {}
    assert list(await dnc.forbidden(database, [CAT], ["global"], clock.now())) == [CAT]
    assert await rows(database, "SELECT name FROM dnc_lists WHERE is_global") == [("global-3",)]


async def test_a_migration_that_is_cut_off_leaves_nothing_and_is_done_later(unmigrated, monkeypatch):
    class KilledError(BaseException):
        pass

    def killed(*_given):
        raise KilledError

    database = Database(unmigrated)
    with monkeypatch.context() as patch:
        patch.setattr("ami_dialer.store.migrate.known_revisions", set)
        patch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", killed)
        with pytest.raises(KilledError):
            await migrate(unmigrated)
    assert await current_revision(database) is None
    async with database.reading() as connection:
        assert await connection.run_sync(lambda c: inspect(c).get_table_names()) == []
    await migrate(unmigrated)
    assert await differences(database) == []
    await database.close()


async def test_two_that_migrate_at_a_time_do_it_once(unmigrated):
    await asyncio.gather(migrate(unmigrated), migrate(unmigrated), migrate(unmigrated))
    database = Database(unmigrated)
    assert await differences(database) == []
    await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(database_settings, database):
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer ami-dialer"):
        await migrate(database_settings)


async def test_a_second_engine_is_refused_while_the_first_runs(database_settings, database):
    await database.lock_engine()
    second = Database(database_settings)
    try:
        with pytest.raises(StoreError, match="another ami-dialer"):
            await second.lock_engine()
    finally:
        await second.close()
