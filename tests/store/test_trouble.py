"""A database that is locked, full, read-only or gone: it is said, nothing is lost, and all goes on afterwards."""

import asyncio
import resource
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import attempts, hopper, runs
from ami_dialer.store.database import Database
from ami_dialer.store.failures import may_pass, meaning
from ami_dialer.store.migrate import migrate
from ami_dialer.store.writer import Kind, Write, Writer
from tests.journey.conftest import until
from tests.store.world import attempt_on, claimed, rows, run_of, value

pytestmark = pytest.mark.store


@pytest.fixture
def impatient(monkeypatch):
    """Nobody waits for long."""
    monkeypatch.setattr("ami_dialer.store.database.BUSY_TIMEOUT_MS", 40)
    monkeypatch.setattr("ami_dialer.store.writer._RETRY_SECONDS", (0.01, 0.02))


@pytest.fixture
async def troubled(impatient, database_settings):
    database = Database(database_settings)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(impatient, tmp_path, migrated_sqlite):
    path = tmp_path / "test.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = Database(Settings(url=f"sqlite:///{path}"))
    yield database
    await database.close()


@asynccontextmanager
async def writing_to(database):
    writer = Writer(database, 0.0)
    writer.start()
    try:
        yield writer
    finally:
        await writer.stop(10)


@asynccontextmanager
async def locked(settings):
    """Another connection is writing, and does not come to an end."""
    other = Database(settings)
    async with other.writing() as connection:
        if not other.is_sqlite:
            await connection.execute(text("LOCK TABLE attempts, enrolments, runs IN ACCESS EXCLUSIVE MODE"))
        yield
    await other.close()


async def test_while_another_holds_the_lock_writes_wait_and_the_reason_is_said(troubled, database_settings, clock):
    people = [attempt_on(one, clock.now()) for one in await claimed(troubled, 5, clock.now())]
    async with writing_to(troubled) as writer:
        async with locked(database_settings):
            done = [writer.put(attempts.new(one)) for one in people]
            await until(lambda: writer.trouble)
            assert "holds a lock on it; end that" in writer.trouble
            assert not any(one.done() for one in done)
        await asyncio.gather(*done)
        assert writer.trouble is None
    assert await value(troubled, "SELECT count(*) FROM attempts") == 5


async def test_a_claim_on_a_locked_database_is_refused_in_words(troubled, database_settings, clock):
    run_id = await run_of(troubled, 1, clock.now())
    async with locked(database_settings):
        with pytest.raises(StoreError, match="holds a lock on it"):
            await hopper.claim(troubled, run_id, 1, clock.now())
    assert len(await hopper.claim(troubled, run_id, 1, clock.now())) == 1


async def test_a_writer_that_must_stop_while_the_database_is_locked_says_how_much_it_could_not_keep(
    troubled, database_settings, clock
):
    people = [attempt_on(one, clock.now()) for one in await claimed(troubled, 3, clock.now())]
    writer = Writer(troubled, 0.0)
    writer.start()
    async with locked(database_settings):
        for one in people:
            writer.put(attempts.new(one))
        await until(lambda: writer.trouble)
        assert await writer.stop(0.1) == 3
    assert await rows(troubled, "SELECT id FROM attempts") == []


async def test_a_writer_that_must_stop_keeps_all_when_the_lock_goes_in_time(troubled, database_settings, clock):
    people = [attempt_on(one, clock.now()) for one in await claimed(troubled, 3, clock.now())]
    writer = Writer(troubled, 0.0)
    writer.start()
    async with locked(database_settings):
        for one in people:
            writer.put(attempts.new(one))
        await until(lambda: writer.trouble)
        stopping = asyncio.create_task(writer.stop(20))
    assert await stopping == 0
    assert await value(troubled, "SELECT count(*) FROM attempts") == 3


class Pragma:
    """Makes SQLite refuse what would grow or change the file, with its own error, whoever runs the test."""

    def __init__(self, database, on, off):
        self._statements = (off, on)
        self.refusing = False
        event.listen(database._writer.sync_engine, "checkout", self._checkout)

    def _checkout(self, connection, _record, _proxy):
        cursor = connection.cursor()
        cursor.execute(self._statements[self.refusing])
        cursor.close()


@pytest.mark.parametrize(
    ("on", "off", "words"),
    [
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "the disk is full; free some space"),
        ("PRAGMA query_only = 1", "PRAGMA query_only = 0", "it is read-only; give the dialer's user write permission"),
    ],
    ids=["full", "read-only"],
)
async def test_a_full_disk_or_a_read_only_file_is_said_and_nothing_is_lost(sqlite, clock, on, off, words):
    people = [attempt_on(one, clock.now()) for one in await claimed(sqlite, 30, clock.now())]
    pragma = Pragma(sqlite, on, off)
    async with writing_to(sqlite) as writer:
        pragma.refusing = True
        done = []
        for one in people:
            one.detail = "x" * 2_000
            done.append(writer.put(attempts.new(one)))
        await until(lambda: writer.trouble)
        assert words in writer.trouble
        pragma.refusing = False
        await asyncio.gather(*done)
        assert writer.trouble is None
    assert await value(sqlite, "SELECT count(*) FROM attempts") == 30


async def test_a_file_that_may_not_grow_loses_nothing(sqlite, clock):
    people = [attempt_on(one, clock.now()) for one in await claimed(sqlite, 200, clock.now())]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    done = []
    async with writing_to(sqlite) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sqlite.path.stat().st_size + 400_000, limits[1]))
        try:
            for one in people:
                one.detail = "x" * 4_000
                done.append(writer.put(attempts.new(one)))
                await asyncio.sleep(0)
            await until(lambda: writer.trouble)
            assert "the disk cannot be written; check free space" in writer.trouble
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await asyncio.gather(*done)
    assert await value(sqlite, "SELECT count(*) FROM attempts") == 200


async def test_a_postgresql_that_turns_read_only_is_said_and_nothing_is_lost(impatient, postgres, clock):
    postgres.sql("CREATE DATABASE read_only TEMPLATE migrated")
    database = Database(Settings(url=postgres.url("read_only")))
    end_sessions = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'read_only'"
    [one] = await claimed(database, 1, clock.now())
    async with writing_to(database) as writer:
        postgres.sql("ALTER DATABASE read_only SET default_transaction_read_only = on")
        postgres.sql(end_sessions)
        done = writer.put(attempts.new(attempt_on(one, clock.now())))
        await until(lambda: writer.trouble and "it is read-only" in writer.trouble)
        postgres.sql("ALTER DATABASE read_only RESET default_transaction_read_only")
        postgres.sql(end_sessions)
        await done
    assert await value(database, "SELECT count(*) FROM attempts") == 1
    await database.close()
    postgres.sql("DROP DATABASE read_only WITH (FORCE)")


async def test_a_postgresql_that_crashes_again_and_again_loses_and_doubles_nothing(impatient, crashing_postgres, clock):
    settings = Settings(url=crashing_postgres.url("postgres"))
    await migrate(settings)
    database = Database(settings)
    people = [attempt_on(one, clock.now()) for one in await claimed(database, 50, clock.now())]
    done = []
    crashes = 0

    async def traffic():
        done.extend([writer.put(attempts.new(one)) for one in people])
        asked = 0
        while crashes < 2:
            asked += 1
            for one in people:
                one.detail = str(asked)
                done.append(writer.put(attempts.changed(one), answer(one, asked)))
                await asyncio.sleep(0.001)
        return asked

    async with writing_to(database) as writer:
        busy = asyncio.create_task(traffic())
        while crashes < 2:
            kept = sum(one.done() for one in done)
            await until(lambda kept=kept: sum(one.done() for one in done) > kept)
            await asyncio.to_thread(crashing_postgres.crash)
            await until(lambda: writer.trouble)
            await asyncio.to_thread(crashing_postgres.start)
            await until(lambda: writer.trouble is None)
            crashes += 1
        asked = await busy
        await asyncio.gather(*done)
    assert await rows(database, "SELECT detail, count(*) FROM attempts GROUP BY detail") == [(str(asked), 50)]
    assert await value(database, "SELECT count(DISTINCT (attempt_id, try_number)) FROM answers") == 50 * asked
    assert await value(database, "SELECT count(*) FROM answers") == 50 * asked
    await database.close()


def answer(attempt, try_number):
    row = {"question": "happy", "digits": "1", "valid": True, "try_number": try_number}
    return Write(Kind.ANSWER, {"attempt_id": attempt.id, "at": attempt.claimed_at, **row})


async def test_a_server_that_is_not_there_is_named_without_its_password(free_port):
    url = f"postgresql://dialer@127.0.0.1:{free_port()}/calls"
    database = Database(Settings.model_validate({"url": url, "password": "hush"}))
    with pytest.raises(StoreError, match="nothing listens there; start the database server") as refusal:
        await runs.running(database)
    assert urlsplit(url).netloc.removeprefix("dialer@") in str(refusal.value)
    assert "hush" not in str(refusal.value)
    await database.close()


async def test_a_database_that_does_not_exist_is_named(postgres):
    database = Database(Settings(url=postgres.url("nowhere")))
    with pytest.raises(StoreError, match=r'it does not exist; create it \(createdb\).*"nowhere"'):
        await runs.running(database)
    await database.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"This is a letter, not a database. " * 40, "the file is no SQLite database"), (b"", "has not been migrated")],
    ids=["a letter", "empty"],
)
async def test_a_file_that_is_no_database_of_ours_is_said(tmp_path, content, words):
    (tmp_path / "letter.db").write_bytes(content)
    database = Database(Settings(url=f"sqlite:///{tmp_path}/letter.db"))
    with pytest.raises(StoreError, match=words):
        await runs.running(database)
    await database.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"folder .*/file/var cannot be made: Not a directory"):
        Database(Settings(url=f"sqlite:///{tmp_path}/file/var/test.db"))


class DriverError(Exception):
    """A driver's own error."""

    def __init__(self, message, sqlstate=None):
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OperationalError("", {}, DriverError("database is locked")), True),
        (DBAPIError("", {}, DriverError("could not extend file: No space left on device", "53100")), True),
        (DBAPIError("", {}, DriverError("sorry, too many clients already", "53300")), True),
        (DBAPIError("", {}, DriverError("the database system is starting up", "57P03")), True),
        (DBAPIError("", {}, DriverError("terminating connection due to administrator command", "57P01")), True),
        (DBAPIError("", {}, DriverError("deadlock detected", "40P01")), True),
        (DBAPIError("", {}, DriverError("permission denied for table attempts", "42501")), True),
        (ConnectionResetError("connection reset by peer"), True),
        (TimeoutError(), True),
        (RuntimeError("who knows"), True),
        (IntegrityError("", {}, DriverError("duplicate key", "23505")), False),
        (DBAPIError("", {}, DriverError("value too long for type character varying(16)", "22001")), False),
        (StatementError("a time without a zone", "", {}, ValueError()), False),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), False),
    ],
    ids=lambda case: str(getattr(case, "orig", None) or case)[:40],
)
def test_only_what_can_never_be_written_is_given_up(error, passes):
    assert may_pass(error) is passes


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("could not extend file: No space left on device\nHINT: free some", "the disk is full"),
        ("attempt to write a readonly database", "it is read-only"),
        ("database disk image is malformed", "restore it from a backup"),
        ('password authentication failed for user "dialer"', "the user or the password is refused"),
        ("something new\nand more", "something new"),
    ],
)
def test_an_error_is_told_in_words_and_one_line(message, words):
    told = meaning(DBAPIError("", {}, DriverError(message)))
    assert words in told
    assert "\n" not in told
