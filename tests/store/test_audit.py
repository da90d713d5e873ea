"""The audit trail: with the change or not at all, one chain whoever writes, and nothing in it is ever changed."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.domain.audit import BEGINNING, Chain, Head, Record
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import StoreError
from ami_dialer.store import attempts, audit, dnc, dnc_loading
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import audit_records
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, claimed, rows, value

pytestmark = pytest.mark.store

AT = datetime(2026, 3, 2, 15, 0, 0, 123456, tzinfo=UTC)


async def record(database, *entries):
    async with database.writing() as connection:
        audit.note(connection, *entries)


async def trail(database):
    async with database.reading() as connection:
        found = await connection.execute(audit_records.select().order_by(audit_records.c.id))
        return [Record(**row) for row in found.mappings()]


async def chain(database):
    """The records, if they are one chain that ends where the head says."""
    found = await trail(database)
    followed = Chain()
    for each in found:
        followed.follow(each)
    followed.end(Head(*(await rows(database, "SELECT last_id, hash FROM audit_head"))[0]))
    assert followed.breaks == []
    return found


async def test_what_is_noted_is_recorded_with_the_transaction(database):
    await record(database, Entry("dnc.add", "+12125550100", {"list": "opt-outs", "at": AT}, AT))
    await record(database, Entry("list.create", "list:people", {}), Entry("list.delete", "list:people", {"members": 3}))
    first, second, third = await chain(database)
    assert first[:7] == (
        1,
        AT,
        "dialer",
        "dnc.add",
        "+12125550100",
        None,
        '{"at":"2026-03-02T15:00:00.123456Z","list":"opt-outs"}',
    )
    assert (second.id, third.id, third.subject) == (2, 3, "list:people")
    assert abs((SystemClock().now() - second.at).total_seconds()) < 3600  # by the database's clock


async def test_a_transaction_that_fails_leaves_no_record(database):
    class ChangedOurMindError(Exception):
        pass

    async def change():
        async with database.writing() as connection:
            audit.note(connection, Entry("list.create", "list:people", {}))
            raise ChangedOurMindError

    with pytest.raises(ChangedOurMindError):
        await change()
    assert await chain(database) == []
    await record(database, Entry("list.create", "list:others", {}))
    assert [each.id for each in await chain(database)] == [1]


async def test_the_record_names_who_did_it(database_settings):
    database = Database(database_settings, "ann")
    await record(database, Entry("list.create", "list:people", {}))
    assert [each.actor for each in await chain(database)] == ["ann"]
    await database.close()


async def test_nothing_can_be_recorded_on_a_connection_for_reading(database):
    await record(database, Entry("list.create", "list:people", {}))
    async with database.reading() as connection:
        with pytest.raises(RuntimeError, match="for reading"):
            audit.note(connection, Entry("list.create", "list:people", {}))


async def test_a_call_is_recorded_once_however_often_it_is_committed(database):
    call = Entry("call", "+12125550100", {"end_reason": "busy"}, AT, "amid-1")
    await record(database, call, call)
    await record(database, call, Entry("call", "+12125550101", {}, AT, "amid-2"))
    assert [each.attempt_id for each in await chain(database)] == ["amid-1", "amid-2"]


async def test_what_may_be_committed_twice_is_recorded_once_but_only_where_it_says_so(database):
    once = Entry("dnc.add", "+12125550100", {"list": "opt-outs"}, AT, once=True)
    often = Entry("fetch", "list:people", {"n": 1}, AT)
    await record(database, once, often, often)
    await record(database, once, once._replace(detail={"list": "others"}), often)
    assert [each.action for each in await chain(database)] == ["dnc.add", "fetch", "fetch", "dnc.add", "fetch"]


async def test_without_a_head_nothing_can_be_changed(database):
    async with database.writing() as connection:
        await disarm(connection)
        await connection.execute(text("DELETE FROM audit_head"))
    with pytest.raises(StoreError, match="the audit trail has lost its head"):
        await record(database, Entry("list.create", "list:people", {}))


async def disarm(connection):
    """Drop the triggers, as somebody would who means to change the trail."""
    for table in ("audit_records", "audit_head"):
        for what in ("update", "delete"):
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            await connection.execute(text(f"DROP TRIGGER {table}_{what}{on}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET detail = '{}'",
        "DELETE FROM audit_records",
        "DELETE FROM audit_records WHERE id = 2",
        "UPDATE audit_head SET last_id = 1",
        "DELETE FROM audit_head",
    ],
)
async def test_the_database_itself_refuses_to_change_the_trail(database, statement):
    await record(database, *(Entry("list.create", f"list:{n}", {}) for n in range(3)))
    with pytest.raises(DBAPIError, match=r"append-only|only moves on"):
        async with database.raw_writing() as connection:
            await connection.execute(text(statement))
    assert len(await chain(database)) == 3


async def test_postgresql_refuses_to_empty_the_trail_and_sqlite_to_replace_a_record(database):
    await record(database, Entry("list.create", "list:people", {}))
    columns = "id, at, actor, action, subject, detail, hash"
    replace = f"INSERT OR REPLACE INTO audit_records ({columns}) VALUES (1, '{AT}', 'x', 'x', 'x', '', '')"
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.raw_writing() as connection:
            await connection.execute(text(replace if database.is_sqlite else "TRUNCATE audit_records"))
    assert len(await chain(database)) == 1


async def test_many_who_record_at_once_make_one_chain(database_settings, database):
    others = [Database(database_settings, f"process {n}") for n in range(4)]

    async def work(one):
        for n in range(10):
            await record(one, *(Entry("dnc.add", f"+1212555{n:04d}", {"n": m}) for m in range(3)))

    await asyncio.gather(*(work(one) for one in others))
    found = await chain(database)
    assert [each.id for each in found] == list(range(1, 121))
    assert {each.actor for each in found} == {one.actor for one in others}
    for one in others:
        await one.close()


PROCESS = """
import asyncio, sys
from ami_dialer.config.schema import Database as Settings
from ami_dialer.store import audit
from ami_dialer.store.database import Database

async def work():
    database = Database(Settings(url=sys.argv[1]), sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(60):
        try:
            async with database.writing() as connection:
                audit.note(connection, *(audit.Entry("test", f"{sys.argv[2]} {n}", {"m": m}) for m in range(n % 3 + 1)))
                if n % 10 == 9:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    await database.close()

asyncio.run(work())
"""


async def test_processes_that_record_at_once_leave_no_gap_and_no_fork(database_settings, database):
    url = database_settings.url
    names = ("one", "two", "three")
    pipe = asyncio.subprocess.PIPE
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, url, name, stdin=pipe, stdout=pipe)
        for name in names
    ]
    for each in running:
        assert await each.stdout.readline() == b"ready\n"
    await asyncio.gather(*(each.communicate(b"go\n") for each in running))
    assert [each.returncode for each in running] == [0, 0, 0]
    found = await chain(database)
    expected = [(name, f"{name} {n}", m) for name in names for n in range(60) if n % 10 != 9 for m in range(n % 3 + 1)]
    assert sorted((each.actor, each.subject, int(each.detail[5:-1])) for each in found) == sorted(expected)
    switches = sum(one.actor != two.actor for one, two in pairwise(found))
    assert switches > 2  # they did write at once


async def test_a_new_trail_begins_at_nothing(database):
    assert await rows(database, "SELECT id, last_id, hash FROM audit_head") == [(1, 0, BEGINNING)]
    assert await value(database, "SELECT count(*) FROM audit_records") == 0


class Unheard:
    """A database whose connection breaks once, right after a commit."""

    def __init__(self, database):
        self._database = database
        self.is_sqlite = database.is_sqlite
        self.commits = 0

    @asynccontextmanager
    async def raw_writing(self):
        async with self._database.raw_writing() as connection:
            yield connection
        self.commits += 1
        if self.commits == 1:
            raise ConnectionResetError("connection reset by peer")


async def test_a_commit_whose_answer_got_lost_leaves_one_record_of_the_call_and_one_of_the_opt_out(
    database, clock, monkeypatch
):
    monkeypatch.setattr("ami_dialer.store.writer._RETRY_SECONDS", (0.0,))
    [one] = await claimed(database, 1, clock.now())
    key = await dnc.ensure_list(database, "opt-outs", clock.now())
    before = len(await chain(database))
    attempt = attempt_on(one, clock.now())
    new = attempts.new(attempt)
    attempt.verdict, attempt.caller_id = '{"book":3,"rule":"us.hours"}', "Survey <+12125550199>"
    attempt.end(EndReason.OPTED_OUT, clock.now())
    opt_out = Write(Kind.DNC, dnc_loading.row(key, one.number, "pressed 9", "flow", clock.now(), attempt_id=attempt.id))
    unheard = Unheard(database)
    writer = Writer(unheard, 0.0)
    writer.start()
    await writer.put(new, attempts.ended(attempt, "survey"), opt_out)
    await writer.stop(10)
    assert unheard.commits == 2
    barred, call = (await chain(database))[before:]
    assert (barred.action, barred.subject, json.loads(barred.detail)) == (
        "dnc.add",
        one.number,
        {"list": "opt-outs", "reason": "pressed 9", "source": "flow", "attempt": attempt.id},
    )
    assert (call.action, call.attempt_id, call.at) == ("call", attempt.id, clock.now())
    told = json.loads(call.detail)
    assert (told["verdict"], told["caller_id"]) == ({"book": 3, "rule": "us.hours"}, "Survey <+12125550199>")
    assert (told["end_reason"], told["opted_out"], told["run"]) == ("opted_out", True, one.run_id)
    assert "answered_at" not in told


async def test_the_end_of_a_call_cannot_be_written_without_its_record(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    with pytest.raises(ValueError, match="has not ended"):
        attempts.ended(attempt, "survey")
    attempt.end(EndReason.CANCELLED, clock.now())
    with pytest.raises(ValueError, match="write it with `ended`"):
        attempts.changed(attempt)


async def test_of_very_many_numbers_that_come_at_once_one_record_is_made(database, clock):
    numbers = [f"+1212{n:07d}" for n in range(2_000_000, 2_001_001)]
    await dnc.add(database, "register", numbers[:3], reason="by letter", source="cli", now=clock.now())
    await dnc.add(database, "register", numbers, reason="register", source="cli", now=clock.now())
    await dnc.remove(database, "register", numbers, clock.now())
    found = await chain(database)
    assert [(each.action, each.subject) for each in found[:4]] == [
        ("dnc.create", "dnc:register"),
        *(("dnc.add", number) for number in numbers[:3]),
    ]
    whole = json.loads(found[4].detail)
    assert (found[4].subject, whole["numbers"]) == ("dnc:register", 1_001)
    assert whole["digest"] == sha256("\n".join(numbers).encode()).hexdigest()
    assert [each.subject for each in found[5:]] == numbers  # who is taken off may be called again: each is told
