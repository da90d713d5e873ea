"""The scrub of 5 million contacts against 2 million do-not-call entries, and the bare anti-join.

On SQLite and on PostgreSQL; each on the same tables in the same run, in turns, in a transaction that is taken back. 5 %
of the contacts stand on a list. The scrub at the start is what do-not-call lists add to it: the search, and what the
enrolment takes longer with what it found than without. `again` is the scrub of a run that is there. And one number
looked up in memory, as at dial. AMI_DIALER_BENCH_SHRINK=20 takes a twentieth of everything.
"""

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Database as Settings
from ami_dialer.store import barring, dnc, dnc_loading, enrolling, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_index import DncIndex, Numbers
from ami_dialer.store.dnc_loading import NewEntry
from ami_dialer.store.migrate import migrate
from ami_dialer.store.tables import campaigns, list_revisions, lists, runs
from tests.postgres import start_postgres

SHRINK = int(os.environ.get("AMI_DIALER_BENCH_SHRINK", "1"))
CONTACTS = 5_000_000 // SHRINK
ENTRIES = 2_000_000 // SHRINK
OVERLAP = CONTACTS // 20
ROUNDS = 2
LOOK_UPS = 200_000
PORT = 54_331
RESULTS = Path(__file__).parent / "results" / "scrub.json"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CAMPAIGN = Campaign(lists=["people"], trunks=["carrier"], dialplan="out", dnc=["opt-outs", "register"])
FIRST = 2_010_000_000
#: Times a prime that does not divide the number of contacts: the order of a file that nobody sorted.
STEP = 1_299_709

# The bare anti-joins; numbers of the lists are written in.
#: The contacts that may be called, counted: `ratio` is to this one, which only reads.
BARE_SELECT = """
SELECT count(*) FROM list_members m WHERE m.list_id = 1 AND NOT EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = m.number AND d.list_id IN (1, 2, 3))"""
#: The contacts that may be called, written down: what a scrub by hand makes of a list.
BARE_TABLE = """
CREATE TEMPORARY TABLE allowed AS SELECT m.contact_id, m.number FROM list_members m WHERE m.list_id = 1 AND NOT EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = m.number AND d.list_id IN (1, 2, 3))"""
#: Those of a run marked where they stand, without the entry that did it: to this one `again_ratio` is.
BARE_UPDATE = """
UPDATE enrolments SET state = 'excluded' WHERE run_id = 1 AND EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = enrolments.number AND d.list_id IN (1, 2, 3))"""


class TakenBackError(Exception):
    """Ends a transaction without a commit."""


async def fill(database: Database) -> float:
    """A list of so many, in the order of a file that nobody sorted, and a register; the seconds that took to load."""
    async with database.writing() as connection:
        if database.is_sqlite:  # for the filling alone
            await connection.exec_driver_sql("PRAGMA cache_size = -1500000")
        await connection.execute(insert(lists).values(name="people", origin="made", document={}, revision=1))
        await connection.execute(insert(list_revisions).values(list_id=1, revision=1, at=NOW))
        await connection.execute(insert(campaigns).values(name="bench", origin="made", document={}))
        await connection.execute(insert(runs).values(campaign_id=1, state="running", started_at=NOW, document={}))
        moment, empty = ("'2026-03-02 15:00:00.000000'", "'{}'")
        if not database.is_sqlite:
            moment, empty = f"{moment}::timestamptz", "'{}'::json"
        places = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {CONTACTS - 1})"
        if not database.is_sqlite:
            places = f"WITH n AS (SELECT generate_series(0, {CONTACTS - 1}) AS i)"
        number = f"'+1' || ({FIRST} + 2 * ((CAST(i AS bigint) * {STEP}) % {CONTACTS}))"
        await connection.execute(
            text(
                "INSERT INTO contacts (id, number, fields, created_at) "
                f"{places} SELECT i + 1, {number}, {empty}, {moment} FROM n"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO list_members (list_id, number, contact_id, revision, position) "
                "SELECT 1, number, id, 1, id FROM contacts ORDER BY number"
            )
        )
        if database.is_sqlite:
            await connection.exec_driver_sql("PRAGMA cache_size = -2000")
    if not database.is_sqlite:
        await vacuum(database, "contacts", "list_members")
    await dnc.ensure_list(database, "opt-outs", NOW)
    key = await dnc.ensure_list(database, "register", NOW)
    listed = [FIRST + 2 * (CONTACTS // OVERLAP) * place for place in range(OVERLAP)]
    listed += [FIRST + 2 * place + 1 for place in range(ENTRIES - OVERLAP)]
    listed.sort()  # as registers come
    begin = time.perf_counter()
    for start in range(0, ENTRIES, dnc_loading.CHUNK):
        chunk = range(start, min(start + dnc_loading.CHUNK, ENTRIES))
        entries = [NewEntry(f"+1{listed[place]}", "national register") for place in chunk]
        async with database.writing() as connection:
            await dnc_loading.load(connection, key, entries, "file", NOW)
    return time.perf_counter() - begin


async def vacuum(database: Database, *tables: str) -> None:
    """PostgreSQL: what was taken back is gone, and what is there is known, as its own cleaner does after a while."""
    async with database.reading() as connection:
        bare_connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in tables:
            await bare_connection.execute(text(f"VACUUM ANALYZE {table}"))


async def timed(work: Awaitable[Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = await work
    return time.perf_counter() - begin, found


async def one_round(database: Database) -> dict[str, float]:
    """Seconds of each way, in turns."""
    took: dict[str, float] = {}

    def note(name: str, seconds: float, count: int) -> None:
        print(f"  {name:8} {seconds:7.2f} s  {count:,}", flush=True)
        took[name] = seconds

    with suppress(TakenBackError):
        async with database.writing() as connection:
            of = await enrolling.attached(connection, CAMPAIGN)
            seconds, result = await timed(connection.execute(text(BARE_SELECT)))
            note("select", seconds, result.scalar_one())
            seconds, found = await timed(barring.find(connection, of, await scrub.lists_of(connection, CAMPAIGN), NOW))
            note("find", seconds, found)
            await barring.drop(connection)
            seconds, result = await timed(connection.execute(text(BARE_TABLE)))
            note("table", seconds, result.rowcount)
            raise TakenBackError
    with suppress(TakenBackError):
        async with database.writing() as connection:
            seconds, (_, excluded) = await timed(scrub.enrol(connection, 1, of, CAMPAIGN, NOW))
            note("start", seconds, excluded)
            assert excluded == OVERLAP, excluded
            raise TakenBackError
    if not database.is_sqlite:
        await vacuum(database, "enrolments")
    with suppress(TakenBackError):
        async with database.writing() as connection:
            seconds, enrolled = await timed(enrolling.enrol(connection, 1, of, None, NOW, barred=False))
            note("without", seconds, enrolled)
            savepoint = await connection.begin_nested()
            seconds, excluded = await timed(scrub.waiting(connection, 1, CAMPAIGN, NOW))
            note("again", seconds, excluded)
            await savepoint.rollback()
            seconds, result = await timed(connection.execute(text(BARE_UPDATE)))
            note("update", seconds, result.rowcount)
            assert excluded == result.rowcount == OVERLAP
            raise TakenBackError
    if not database.is_sqlite:
        await vacuum(database, "enrolments")
    return took


def look_up_us(numbers: Numbers) -> float:
    """Microseconds for one number, half of them on a list."""
    wanted = [f"+1{FIRST + 2 * (CONTACTS // OVERLAP) * (place * STEP % OVERLAP)}" for place in range(LOOK_UPS // 2)]
    wanted += [f"+1{FIRST + 2 * (place * STEP % CONTACTS)}" for place in range(LOOK_UPS // 2)]
    begin = time.perf_counter()
    found = sum(number in numbers for number in wanted)
    seconds = time.perf_counter() - begin
    assert found >= LOOK_UPS // 2
    return seconds / LOOK_UPS * 1e6


def rss_mb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1_000_000


async def filled(url: str) -> None:
    """In a process of its own, whose memory is not counted. Prints the seconds of the register."""
    settings = Settings(url=url)
    await migrate(settings)
    database = Database(settings)
    print(await fill(database))
    await database.close()


async def measure(settings: Settings) -> dict[str, Any]:
    command = [sys.executable, __file__, settings.url]
    ran = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
    load_s = float(ran.stdout)
    database = Database(settings)
    try:
        rounds = [await one_round(database) for _ in range(ROUNDS)]
        gc.collect()
        before = rss_mb()
        index = DncIndex()
        begin = time.perf_counter()
        numbers = await index.refresh(database)
        index_s = time.perf_counter() - begin
        assert len(numbers) == ENTRIES
        begin = time.perf_counter()
        for _ in range(100):
            await index.refresh(database)
        refresh_ms = (time.perf_counter() - begin) * 10
        look_up = look_up_us(numbers)
        # The least: whatever else the machine does makes it more.
        least = {name: min(each[name] for each in rounds) for name in rounds[0]}
        scrubbed = max(least["find"], least["start"] - least["without"])
        return {
            "scrub_s": round(scrubbed, 2),
            "find_s": round(least["find"], 2),
            "start_s": round(least["start"], 2),
            "start_without_s": round(least["without"], 2),
            "bare_select_s": round(least["select"], 2),
            "bare_table_s": round(least["table"], 2),
            "ratio": round(scrubbed / least["select"], 2),
            "ratio_to_table": round(scrubbed / least["table"], 2),
            "again_s": round(least["again"], 2),
            "bare_update_s": round(least["update"], 2),
            "again_ratio": round(least["again"] / least["update"], 2),
            "entries_loaded_per_s": round(ENTRIES / load_s),
            "index_load_s": round(index_s, 2),
            "index_mb": rss_mb() - before,
            "dial_check_us": round(look_up, 2),
            "dial_refresh_ms": round(refresh_ms, 2),
            "rss_mb": rss_mb(),
        }
    finally:
        await database.close()


async def main() -> None:
    result: dict[str, Any] = {"contacts": CONTACTS, "entries": ENTRIES, "on_a_list": OVERLAP, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        print("sqlite", flush=True)
        result["sqlite"] = await measure(Settings(url=f"sqlite:///{folder}/bench.db"))
    server = start_postgres(PORT)
    try:
        print("postgresql", flush=True)
        server.sql("CREATE DATABASE bench")
        result["postgresql"] = await measure(Settings(url=server.url("bench")))
    finally:
        server.stop()
    result["bare"] = {"select": BARE_SELECT.split(), "table": BARE_TABLE.split(), "update": BARE_UPDATE.split()}
    result["bare"] = {name: " ".join(words) for name, words in result["bare"].items()}
    if SHRINK == 1:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    asyncio.run(filled(sys.argv[1]) if len(sys.argv) > 1 else main())
