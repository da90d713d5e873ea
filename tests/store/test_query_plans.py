"""The cost of a call does not grow with the list: no query on its way scans a table that grows."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.verdict import Verdict
from ami_dialer.store import (
    abandonment,
    attempts,
    consents,
    dnc,
    documents,
    enrolments,
    giving_back,
    hopper,
    live,
    reassignments,
    revoking,
    runs,
    trail,
)
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.giving_back import Refused
from ami_dialer.store.history import past_calls
from ami_dialer.store.revoking import Barring
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, campaign, config, fill, number, run_of

pytestmark = pytest.mark.store

PEOPLE = 20_000
GROWING = (
    "contacts",
    "list_members",
    "enrolments",
    "attempts",
    "answers",
    "dnc_entries",
    "answered_calls",
    "consents",
    "reassignments",
)
COUNT = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE})"
PAST = "'2026-01-01 00:00:00.000000'"
#: A run that ended long ago, each of its contacts called once, and a do-not-call register.
HISTORY = [
    f"""INSERT INTO contacts (id, number, fields, created_at)
        {COUNT} SELECT 1000 + i, '+1313' || (1000000 + i), '{{}}', {PAST} FROM n""",
    f"""INSERT INTO list_members (list_id, contact_id, number, revision, position)
        {COUNT} SELECT 1, 1000 + i, '+1313' || (1000000 + i), 0, i FROM n""",
    f"""INSERT INTO enrolments (id, run_id, contact_id, number, state, due_at, attempts, tries, created_at)
        {COUNT} SELECT 1000 + i, 1, 1000 + i, '+1313' || (1000000 + i),
        CASE i % 3 WHEN 0 THEN 'waiting' ELSE 'done' END, {PAST}, 1, '{{}}', {PAST} FROM n""",
    f"""INSERT INTO attempts (id, run_id, enrolment_id, contact_id, ordinal, number, server, trunk, state, claimed_at,
        end_reason, disposition) {COUNT} SELECT 'amid-' || (1000000 + i), 1, 1000 + i, 1000 + i, 1,
        '+1313' || (1000000 + i), 'pbx', 'carrier', 'ended', {PAST}, 'busy', 'Busy' FROM n""",
    f"""INSERT INTO answers (attempt_id, question, digits, valid, try_number, at)
        {COUNT} SELECT 'amid-' || (1000000 + i), 'happy', '1', 1 = 1, 1, {PAST} FROM n""",
    f"""INSERT INTO answered_calls (attempt_id, campaign_id, at, outcome)
        {COUNT} SELECT 'amid-' || (1000000 + i), 1, {PAST}, 'machine' FROM n""",
    f"""INSERT INTO dnc_entries (list_id, number, reason, source, added_at)
        {COUNT} SELECT 1, '+1414' || (1000000 + i), 'register', 'cli', {PAST} FROM n""",
    f"""INSERT INTO consents (number, granted, scope, strength, source, at, recorded_at)
        {COUNT} SELECT '+1414' || (1000000 + i), 1 = 1, '*', 'express', 'form', {PAST}, {PAST} FROM n""",
    f"""INSERT INTO reassignments (number, disconnected_at, source, checked_at)
        {COUNT} SELECT '+1414' || (1000000 + i), {PAST}, 'RND', {PAST} FROM n""",
]


class Queries:
    """The statements that were sent, and how the database carries them out."""

    def __init__(self, database):
        self._database = database
        self.seen = []

    def hear(self, _connection, _cursor, statement, parameters, _context, executemany):
        self.seen.append((statement, parameters[0] if executemany else parameters))

    async def scans(self):
        """Each scan of a growing table, with the statement that makes it."""
        found = []
        explain = "EXPLAIN QUERY PLAN " if self._database.is_sqlite else "EXPLAIN "
        async with self._database.reading() as connection:
            for statement, parameters in self.seen:
                if statement.startswith("SET LOCAL"):  # it was planned with this
                    await connection.exec_driver_sql(statement)
                    continue
                # The numbers of all lists are read once, when the dialer starts.
                once = "SELECT CAST(substr(number, 2)"
                if statement.startswith(("BEGIN", "SELECT 1", "INSERT INTO attempts", "PRAGMA", once)):
                    continue
                plan = await connection.exec_driver_sql(explain + statement, parameters)
                lines = [str(row[-1]) for row in plan]
                found += [(line.strip(), statement) for line in lines if self._is_scan(line)]
        return found

    def _is_scan(self, line):
        if self._database.is_sqlite:
            # A partial index holds few rows, so walking it is no scan of the table.
            scan = re.match(
                r"SCAN (\w+)(?! USING (?:COVERING )?INDEX (?:ix_attempts_living|ix_dnc_entries_beginnings))", line
            )
        else:
            scan = re.search(r"Seq Scan on (\w+)", line)
        return scan is not None and scan[1] in GROWING


@contextmanager
def heard(database):
    queries = Queries(database)
    engines = {database._reader.sync_engine, database._writer.sync_engine, database._bulk.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", queries.hear)
    yield queries
    for engine in engines:
        event.remove(engine, "before_cursor_execute", queries.hear)


@pytest.fixture
async def large(database, clock):
    """A database with a past, as large as an installation has after a while."""
    key, document = await campaign(database, config(lists=("past",)))
    await dnc.ensure_list(database, "opt-outs", clock.now())
    past = await runs.start(database, key, document, clock.now())
    await runs.end(database, past, RunState.STOPPED, clock.now())
    async with database.writing() as connection:
        for statement in HISTORY:
            await connection.execute(text(statement if database.is_sqlite else cast(statement)))
        for table in () if database.is_sqlite else ("contacts", "enrolments"):
            await connection.execute(text(f"SELECT setval('{table}_id_seq', 100000)"))
    return database


def cast(statement):
    """PostgreSQL takes no text for times and JSON in a SELECT."""
    return statement.replace(PAST, f"{PAST}::timestamptz").replace("'{}'", "'{}'::json")


async def run_with_people(database, clock):
    await campaign(database, config())
    await fill(database, "people", [number(index) for index in range(1_000)], clock.now())
    return await run_of(database, 0, clock.now())


async def the_way_of_a_call(database, clock, run_id):
    """Every query and write that a call and the tick around it make."""
    [one] = await hopper.claim(database, run_id, 1, clock.now())
    await hopper.outlook(database, run_id)
    index = DncIndex()
    await index.refresh(database)
    await dnc.forbidden(database, [one.number], ["opt-outs"], clock.now(), [5])
    assert await consents.known(database, [one.number, "+14141000007"])
    assert await what_is_known(database, clock, one)
    shut = Verdict(False, "us.hours", None, clock.now(), (), ("us.hours",))
    await giving_back.refused(database, [Refused(one, shut)], ["opt-outs"], clock.now())
    [one] = await hopper.claim(database, run_id, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    answer = {"attempt_id": attempt.id, "question": "q", "digits": "1", "valid": True, "try_number": 1}
    writer = Writer(database, 0.0)
    writer.start()
    await writer.put(attempts.new(attempt))
    attempt.move(AttemptEvent.SENT, clock.now())
    again = enrolments.changed(one, EnrolmentState.WAITING, due_at=clock.now())
    await writer.put(attempts.changed(attempt), again, Write(Kind.ANSWER, {**answer, "at": clock.now()}))
    revoked = revoking.revocation(one.number, "*", "key", clock.now(), attempt_id=attempt.id)
    await writer.put(*revoking.writes(revoked, Barring(index.keys["opt-outs"], "asked", "flow"), clock.now()))
    await writer.stop(10)
    assert one.number in await index.refresh(database)
    [one] = await hopper.claim(database, run_id, 1, clock.now())
    await hopper.release(database, [one.enrolment_id])


async def what_is_known(database, clock, one):
    """Of somebody who was called once, and of another one's number."""
    since = clock.now() - timedelta(days=3_650)
    async with database.reading() as connection:
        found = await past_calls(connection, ["+13131000007", one.number], [one.contact_id, 1007], since)
    return found.of("+13131000007", 1007)


@pytest.mark.parametrize("analyzed", [False, True], ids=["statistics not gathered yet", "statistics gathered"])
async def test_nothing_on_the_way_of_a_call_scans(large, clock, analyzed):
    run_id = await run_with_people(large, clock)
    if analyzed:
        async with large.writing() as connection:
            await connection.execute(text("ANALYZE"))
    with heard(large) as queries:
        await the_way_of_a_call(large, clock, run_id)
    assert len(queries.seen) > 10
    assert [scan for scan, _ in await queries.scans()] == []


#: Of half of the ranks nobody is due yet, so that ranks are gone through in which nobody is due.
RANKS = (
    "UPDATE enrolments SET rank = id % 40, due_at = CASE WHEN id % 40 < 20 THEN '{later}' ELSE due_at END "
    "WHERE run_id = {run}"
)


@pytest.mark.parametrize("analyzed", [False, True], ids=["statistics not gathered yet", "statistics gathered"])
async def test_many_ranks_and_contacts_that_come_later_are_no_reason_to_scan(large, clock, analyzed):
    run_id = await run_with_people(large, clock)
    async with large.writing() as connection:
        later = "2027-01-01 00:00:00.000000" + ("" if large.is_sqlite else "+00")
        await connection.execute(text(RANKS.format(later=later, run=run_id)))
        if analyzed:
            await connection.execute(text("ANALYZE"))
    await live.switch(large, run_id, "people", on=True)
    await fill(large, "people", [number(2_000), number(2_001)], clock.now())
    _, document = await documents.load_campaign(large, "survey")
    with heard(large) as queries:
        claimed = await hopper.claim(large, run_id, 5, clock.now())
        await hopper.outlook(large, run_id)
        assert await live.behind(large) == [run_id]
        synced = await live.sync(large, run_id, document, clock.now())
        await live.of_run(large, run_id)
    assert len(claimed) == 5
    assert synced.enrolled == 2
    # The scrub of the two works in temporary tables, which are gone.
    queries.seen = [each for each in queries.seen if not re.search("scrub_", each[0])]
    assert [scan for scan, _ in await queries.scans()] == []


async def test_the_ledger_of_abandonment_is_loaded_by_an_index(large, clock):
    """Of a campaign whose calls were all answered long ago nothing is read."""
    async with large.writing() as connection:
        await connection.execute(text("ANALYZE"))
    with heard(large) as queries:
        since = clock.now() - timedelta(days=30)
        found = await abandonment.load(large, 1, since)
        await abandonment.reviews(large, 1, since)
    assert found.first_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert not found.since(since)
    assert len(queries.seen) >= 3
    assert [scan for scan, _ in await queries.scans()] == []


async def test_what_a_restart_and_a_trace_look_up_goes_by_an_index(large, clock):
    async with large.writing() as connection:
        await connection.execute(text("ANALYZE"))
    with heard(large) as queries:
        await attempts.living(large)
        await trail.memberships(large, number="+13131000007")
        await trail.memberships(large, contact_id=1007)
        await trail.enrolled(large, [1007])
        await trail.attempts_of(large, [1007])
        await trail.answers_of(large, ["amid-1000007"])
        await trail.barred(large, "+14141000007")
        await trail.further_numbers(large, [1007])
        await consents.records_of(large, "+14141000007")
        await reassignments.find(large, "+14141000007")
        await hopper.load_claimed(large, [1007, 1008])
    assert [scan for scan, _ in await queries.scans()] == []
