"""Imports batch by batch: what is in stays, what failed is noted, and the next import of the file goes on there."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ami_dialer.config.lists import ContactList
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.intake import BatchState, ImportState, ListState
from ami_dialer.journey.intake import IntakeError, import_file, target_of
from ami_dialer.sources.rows import read_rows
from ami_dialer.store import attempts, import_log, imports, lists
from ami_dialer.store.database import Database
from ami_dialer.store.imports import ImportTakenOverError
from ami_dialer.store.writer import Writer
from tests.conftest import ManualClock
from tests.store.world import attempt_on, campaign, claimed, config, fill, number, rows, value

pytestmark = pytest.mark.store

#: Rows of a batch, here; in life some ten thousand.
FEW = 5
MEMBERS = (
    "SELECT m.number, m.occurrence, m.position, CAST(c.fields AS text) FROM list_members m "
    "JOIN contacts c ON c.id = m.contact_id JOIN lists l ON l.id = m.list_id WHERE l.name = '{}' ORDER BY 1, 2"
)


class KilledError(BaseException):
    """As kill -9 does: nobody notes anything."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr("ami_dialer.sources.ahead.read_rows", lambda survey, start: read_rows(survey, start, FEW))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.csv"


class Importing:
    """Imports into lists, which may be cut off."""

    def __init__(self, database, clock, file):
        self.database = database
        self.clock = clock
        self.file = file

    async def prepare(self, **more):
        wanted = config(lists=("people", "others"))
        for name in ("people", "others"):
            wanted.lists[name] = ContactList.model_validate({"file": self.file, **more})
        await campaign(self.database, wanted)

    async def target(self, name="people"):
        target = await target_of(self.database, name)
        return replace(target, settings=target.settings.model_copy(update={"batch": FEW}))

    async def run(self, name="people", **options):
        return await import_file(self.database, await self.target(name), self.file, self.clock, **options)

    async def cut(self, after, error, name="people"):
        """The same, and so many batches come in before the error."""
        add = imports.add_batch
        done = 0

        async def adding(*given):
            nonlocal done
            if done == after:
                raise error
            done += 1
            return await add(*given)

        imports.add_batch = adding
        try:
            with suppress(type(error)):
                await self.run(name)
                return False
            return True
        finally:
            imports.add_batch = add

    async def log(self):
        key = await lists.list_id(self.database, "people")
        return await import_log.load_imports(self.database, key, 10)

    async def members(self, name="people"):
        return await rows(self.database, MEMBERS.format(name))

    async def list_state(self):
        found = (await lists.load_lists(self.database))["people"]
        return found.state, found.trouble


@pytest.fixture
async def importing(database, clock, file):
    made = Importing(database, clock, file)
    await made.prepare()
    return made


def write(file, count, extra=""):
    file.write_text("phone,name\n" + "".join(f"{number(index)},P {index}\n" for index in range(count)) + extra)


async def test_an_import_is_noted_with_its_batches(importing, file, clock):
    write(file, 12, "rubbish,x\n,\n")
    intake = await importing.run()
    assert (intake.batches, intake.counts) == (3, {"added": 12, "phone_bad": 1, "blank": 1})
    [logged] = await importing.log()
    assert (logged.state, logged.source, logged.lines, logged.trouble) == (ImportState.DONE, str(file), 15, None)
    assert (logged.started_at, logged.ended_at) == (clock.now(), clock.now())
    assert [(each.first_line, each.last_line, each.state, each.counts) for each in logged.batches] == [
        (2, 6, BatchState.DONE, {"added": 5}),
        (7, 11, BatchState.DONE, {"added": 5}),
        (12, 15, BatchState.DONE, {"added": 2, "phone_bad": 1, "blank": 1}),
    ]
    found = (await lists.load_lists(importing.database))["people"]
    assert (found.state, found.imported_at, found.file_digest is None) == (ListState.VALIDATED, clock.now(), False)


async def test_a_batch_that_fails_leaves_nothing_of_it_and_is_noted(importing, file):
    write(file, 23)
    assert await importing.cut(2, StoreError("database x: the disk is full"))
    assert len(await importing.members()) == 10
    [logged] = await importing.log()
    assert (logged.state, logged.trouble) == (ImportState.FAILED, "database x: the disk is full")
    assert [(each.batch, each.state, each.first_line, each.trouble) for each in logged.batches] == [
        (1, BatchState.DONE, 2, None),
        (2, BatchState.DONE, 7, None),
        (3, BatchState.FAILED, 12, "database x: the disk is full"),
    ]
    assert await importing.list_state() == (ListState.INVALID, "database x: the disk is full")


async def test_a_batch_that_fails_again_says_why_it_failed_last(importing, file):
    write(file, 23)
    await importing.cut(2, StoreError("first"))
    await importing.cut(0, StoreError("second"))
    [logged] = await importing.log()
    assert [each.trouble for each in logged.batches] == [None, None, "second"]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), KilledError()], ids=["refused", "killed"])
@pytest.mark.parametrize("after", range(6))
async def test_the_next_import_of_the_file_goes_on_after_the_last_good_batch(importing, file, after, error):
    write(file, 23)
    assert await importing.cut(after, error) is (after < 5)
    if after < 5:
        assert len(await importing.members()) == FEW * after
        assert (await importing.list_state())[0] is not ListState.VALIDATED
    intake = await importing.run()
    assert (intake.read, intake.resumed) == (after < 5, 0 < after < 5)
    assert intake.counts == ({"added": 23} if after < 5 else {})
    assert [member[0] for member in await importing.members()] == [number(index) for index in range(23)]
    [logged] = await importing.log()
    assert (logged.state, len(logged.batches), logged.counts) == (ImportState.DONE, 5, {"added": 23})
    assert await importing.list_state() == (ListState.VALIDATED, None)
    assert (await importing.run()).read is False


async def test_an_error_of_the_database_itself_is_told_and_the_batch_comes_in_later(importing, file):
    write(file, 23)
    database = importing.database
    guard = f"number = '{number(13)}'"
    if database.is_sqlite:
        on = [
            f"CREATE TRIGGER guard BEFORE INSERT ON list_members WHEN NEW.{guard} "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        ]
        off = ["DROP TRIGGER guard"]
    else:
        on = [f"ALTER TABLE list_members ADD CONSTRAINT guard CHECK (NOT ({guard}))"]
        off = ["ALTER TABLE list_members DROP CONSTRAINT guard"]
    async with database.writing() as connection:
        for statement in on:
            await connection.exec_driver_sql(statement)
    with pytest.raises(StoreError, match="disk is full" if database.is_sqlite else "violates check constraint"):
        await importing.run()
    assert len(await importing.members()) == 10
    assert await value(database, "SELECT count(*) FROM contacts") == 10
    async with database.writing() as connection:
        for statement in off:
            await connection.exec_driver_sql(statement)
    assert (await importing.run()).counts == {"added": 23}


async def test_a_file_that_cannot_be_read_to_its_end_keeps_what_came_in(importing, file):
    write(file, 23)

    def changed(survey, start):
        for ordinal, batch in enumerate(read_rows(survey, start, FEW)):
            if ordinal == 2:
                file.touch()
                list(read_rows(survey))
            yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ami_dialer.sources.ahead.read_rows", changed)
        with pytest.raises(IntakeError, match=r"people.csv was changed while it was read; import it again"):
            await importing.run()
    assert len(await importing.members()) == 10
    assert [each.state for each in (await importing.log())[0].batches] == ["done", "done", "failed"]
    assert (await importing.run()).counts == {"added": 23}


async def test_an_import_that_was_cut_off_and_whose_file_has_changed_is_given_up(importing, file):
    write(file, 23)
    await importing.cut(2, KilledError())
    write(file, 30)
    intake = await importing.run()
    assert (intake.resumed, intake.counts) == (False, {"added": 20, "known": 10})
    assert [(one.state, one.trouble) for one in await importing.log()] == [
        (ImportState.DONE, None),
        (ImportState.FAILED, "given up: another import began"),
    ]
    assert [member[0] for member in await importing.members()] == [number(index) for index in range(30)]


async def test_another_mapping_begins_anew(importing, file):
    file.write_text("phone,other\n" + "".join(f"{number(i)},{number(i + 100)}\n" for i in range(12)))
    await importing.cut(1, KilledError())
    target = replace(await importing.target(), mapping={"phone": "other", "old": "phone"})
    intake = await import_file(importing.database, target, file, importing.clock)
    assert (intake.resumed, intake.counts) == (False, {"added": 12})
    assert len(await importing.members()) == 17


async def test_another_process_goes_on_with_the_same_import_and_one_of_them_gives_way(importing, file):
    write(file, 23)
    await importing.cut(2, KilledError())
    target = await importing.target()
    key = await lists.list_id(importing.database, "people")
    [first] = await rows(importing.database, "SELECT digest FROM imports")
    mine = await imports.find(importing.database, key, first[0])
    assert (await import_file(importing.database, target, file, importing.clock)).counts == {"added": 23}
    batch = imports.BatchRead(Arrivals.of([]), imports.Counter(), 12, 17, None)
    with pytest.raises(
        ImportTakenOverError, match=r"people.csv is being imported by another process; it goes on there"
    ):
        await imports.add_batch(importing.database, mine, 3, batch, imports.Duplicates(), importing.clock.now())
    assert (await importing.log())[0].state is ImportState.DONE


async def test_two_processes_that_begin_with_the_same_file_bring_it_in_once(importing, database_settings, file):
    await importing.prepare(dupe_days=-1)
    write(file, 60)
    other = Database(database_settings)
    second = Importing(other, importing.clock, file)
    try:
        done = await asyncio.gather(importing.run(), second.run(), return_exceptions=True)
    finally:
        await other.close()
    assert sum(isinstance(one, ImportTakenOverError) for one in done) <= 1
    [whole] = [one for one in done if not isinstance(one, Exception) and one.read]
    assert whole.counts == {"added": 60}
    assert len(await importing.members()) == 60
    assert [one.state for one in await importing.log()] == [ImportState.DONE]


async def test_an_import_that_was_ended_since_it_was_found_is_not_gone_on_with(importing, file):
    write(file, 23)
    await importing.cut(2, KilledError())
    key = await lists.list_id(importing.database, "people")
    [first] = await rows(importing.database, "SELECT digest FROM imports")
    found = await imports.find(importing.database, key, first[0])
    assert (await importing.run()).counts == {"added": 23}
    with pytest.raises(ImportTakenOverError):
        await imports.resume(importing.database, found)
    assert [one.state for one in await importing.log()] == [ImportState.DONE]


async def test_an_import_that_is_done_again_takes_over_from_one_that_goes_on(importing, file):
    write(file, 23)
    add = imports.add_batch

    async def interfered(*given):
        imports.add_batch = add
        await importing.run(again=True)
        return await add(*given)

    imports.add_batch = interfered
    try:
        with pytest.raises(ImportTakenOverError):
            await importing.run()
    finally:
        imports.add_batch = add
    assert len(await importing.members()) == 23
    assert [one.state for one in await importing.log()] == [ImportState.DONE, ImportState.FAILED]


async def test_two_files_come_into_one_list_at_the_same_time(importing, database_settings, file, tmp_path):
    write(file, 60)
    another = tmp_path / "more.csv"
    another.write_text("phone,name\n" + "".join(f"{number(index)},Q\n" for index in range(30, 90)))
    other = Database(database_settings)
    second = Importing(other, importing.clock, another)
    try:
        first, more = await asyncio.gather(importing.run(), second.run())
    finally:
        await other.close()
    assert first.counts["added"] + more.counts["added"] == 90
    assert [member[0] for member in await importing.members()] == [number(index) for index in range(90)]
    assert {(one.state, one.trouble) for one in await importing.log()} == {(ImportState.DONE, None)}
    assert await importing.list_state() == (ListState.VALIDATED, None)


async def test_somebody_may_add_to_the_list_between_two_batches(importing, file):
    write(file, 23)
    await importing.cut(2, KilledError())
    await fill(importing.database, "people", [number(15), number(99)], importing.clock.now())
    intake = await importing.run()
    assert intake.counts["added"] == 22
    assert len(await importing.members()) == 24


async def test_a_list_in_which_nobody_can_be_called_is_invalid(importing, file):
    file.write_text("phone\nrubbish\n")
    assert (await importing.run()).list_state is ListState.INVALID
    assert await importing.list_state() == (ListState.INVALID, f"{file} holds nobody who can be called")
    assert (await importing.run()).list_state is ListState.INVALID
    await fill(importing.database, "people", [number(1)], importing.clock.now())
    assert (await importing.run()).list_state is ListState.VALIDATED


#: Rows of a file: mostly people, some of them twice, and all that goes wrong.
ROWS = st.lists(
    st.one_of(
        st.integers(0, 30).map(lambda index: f"{number(index)},P {index}"),
        st.sampled_from(
            ["rubbish,x", ",", "", f'{number(31)},"two\nlines, ""quoted"""', "+1212,short", "one cell", '"', "\0,x"]
        ),
    ),
    max_size=60,
)
CUTS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=ROWS, cuts=CUTS, dupe_days=st.sampled_from([90, 0, -1]), newline=st.booleans())
def test_wherever_it_is_cut_the_same_contacts_and_rejected_rows_come_in(
    sqlite_settings, file, lines, cuts, dupe_days, newline
):
    file.write_text("phone,name\n" + "\n".join(lines) + "\n" * newline)
    rejects = file.with_name("people.rejected.csv")

    async def play():
        database = Database(sqlite_settings)
        async with database.writing() as connection:
            for table in ("list_members", "contacts", "list_revisions", "import_batches", "imports"):
                await connection.exec_driver_sql(f"DELETE FROM {table}")
        importing = Importing(database, ManualClock(), file)
        await importing.prepare(dupe_days=dupe_days)
        rejects.unlink(missing_ok=True)
        whole = await importing.run("others")
        expected = rejects.read_text() if rejects.exists() else None
        rejects.unlink(missing_ok=True)
        importing.clock.advance(1)
        complete = False
        for after, killed in cuts:
            if not await importing.cut(after, KilledError() if killed else StoreError("the disk is full")):
                complete = True
                break
            importing.clock.advance(1)
        if not complete:
            assert (await importing.run()).counts == whole.counts
        assert await importing.members() == await importing.members("others")
        assert (rejects.read_text() if rejects.exists() else None) == expected
        [logged] = await importing.log()
        assert logged.counts == dict(whole.counts)
        await database.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("on", "off", "words"),
    [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "the disk is full; free some space"),
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0", "it is read-only; give the dialer's user write permission"),
    ],
    ids=["full", "read-only"],
)
async def test_a_database_that_refuses_is_said_and_the_import_goes_on_later(
    sqlite_settings, clock, file, on, off, words
):
    database = Database(sqlite_settings)
    importing = Importing(database, clock, file)
    await importing.prepare()
    # Long enough for each batch to need more room than migrations have left free.
    names, values = ",".join(f"field_{n}" for n in range(80)), ",".join(["x" * 300] * 80)
    file.write_text(f"phone,{names}\n" + "".join(f"{number(i)},{values}\n" for i in range(23)))
    refusing = False

    def checkout(connection, _record, _proxy):
        cursor = connection.cursor()
        cursor.execute(on if refusing else off)
        cursor.close()

    for engine in (database._bulk, database._writer):
        event.listen(engine.sync_engine, "checkout", checkout)
    add = imports.add_batch

    async def adding(*given):
        nonlocal refusing
        refusing = given[2] >= 3
        return await add(*given)

    imports.add_batch = adding
    try:
        with pytest.raises(StoreError, match=words):
            await importing.run()
    finally:
        imports.add_batch = add
    assert len(await importing.members()) == 10
    refusing = False
    intake = await importing.run()
    assert (intake.resumed, intake.counts) == (True, {"added": 23})
    await database.close()


async def test_a_postgresql_that_turns_read_only_is_said_and_the_import_goes_on_later(postgres, clock, file):
    postgres.sql("CREATE DATABASE import_read_only TEMPLATE migrated")
    end_sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'import_read_only'"
    database = Database(Settings(url=postgres.url("import_read_only")))
    importing = Importing(database, clock, file)
    await importing.prepare()
    write(file, 23)
    add = imports.add_batch

    async def adding(*given):
        if given[2] == 3:
            postgres.sql("ALTER DATABASE import_read_only SET default_transaction_read_only = on")
            postgres.sql(end_sessions)
        return await add(*given)

    imports.add_batch = adding
    try:
        with pytest.raises(StoreError, match="it is read-only"):
            await importing.run()
    finally:
        imports.add_batch = add
    assert len(await importing.members()) == 10
    postgres.sql("ALTER DATABASE import_read_only RESET default_transaction_read_only")
    postgres.sql(end_sessions)
    assert (await importing.run()).counts == {"added": 23}
    await database.close()
    postgres.sql("DROP DATABASE import_read_only WITH (FORCE)")


async def test_a_running_dialer_writes_on_between_the_batches(database, database_settings, clock, file, monkeypatch):
    monkeypatch.setattr("ami_dialer.sources.ahead.read_rows", read_rows)
    dialer = Database(database_settings)
    [one] = await claimed(dialer, 1, clock.now())
    writer = Writer(dialer, 0.0)
    writer.start()
    importing = Importing(database, clock, file)
    await importing.prepare(batch=2_000)
    file.write_text("phone,name\n" + "".join(f"+1212{index:07d},P {index}\n" for index in range(2_000_000, 2_030_000)))
    target = await target_of(database, "people")
    bringing = asyncio.create_task(import_file(database, target, file, clock))
    written = 0
    troubles = set()
    while not bringing.done():
        await writer.put(attempts.new(attempt_on(one, clock.now())))
        troubles.add(writer.trouble)
        written += 1
    assert (await bringing).counts["added"] == 30_000
    assert (written > 15, troubles) == (True, {None})
    assert await writer.stop(10) == 0
    await dialer.close()
