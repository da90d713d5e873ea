"""The scrub at the start of a run, 5 million contacts against 2 million do-not-call entries, and the bare anti-join.

On SQLite and on PostgreSQL; each on the same tables in the same run, in turns, in a transaction that is taken back. 5 %
of the contacts stand on a list. And one number looked up in memory, as at dial. AMI_DIALER_BENCH_SHRINK=20 takes a
twentieth of everything.
"""

import asyncio
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Database as Settings
from ami_dialer.store import dnc, dnc_loading, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_index import DncIndex, Numbers
from ami_dialer.store.dnc_loading import NewEntry
from ami_dialer.store.migrate import migrate
from ami_dialer.store.tables import campaigns, runs
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

# The bare anti-joins. `ratio` is to the one that does the same, UPDATE; the others only read.
#: The contacts that may be called, counted.
BARE_SELECT = """
SELECT count(*) FROM enrolments e WHERE e.run_id = 1 AND NOT EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = e.number AND d.list_id IN (1, 2, 3))"""
#: The contacts that may be called, written down: what a scrub by hand makes of a list.
BARE_TABLE = """
CREATE TEMPORARY TABLE allowed AS SELECT e.contact_id, e.number FROM enrolments e WHERE e.run_id = 1 AND NOT EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = e.number AND d.list_id IN (1, 2, 3))"""
#: The others marked where they stand, without the entry that did it.
BARE_UPDATE = """
UPDATE enrolments SET state = 'excluded' WHERE run_id = 1 AND EXISTS
  (SELECT 1 FROM dnc_entries d WHERE d.number = enrolments.number AND d.list_id IN (1, 2, 3))"""


class TakenBackError(Exception):
    """Ends a transaction without a commit."""


async def fill(database: Database) -> float:
    """A run of so many, and a register; the seconds that loading the register took."""
    async with database.writing() as connection:
        if database.is_sqlite:  # for the filling alone
            await connection.exec_driver_sql("PRAGMA cache_size = -1500000")
        await connection.execute(insert(campaigns).values(name="bench", origin="made", document={}))
        await connection.execute(insert(runs).values(campaign_id=1, state="running", started_at=NOW, document={}))
        moment, empty = ("'2026-03-02 15:00:00.000000'", "'{}'")
        if not database.is_sqlite:
            moment, empty = f"{moment}::timestamptz", "'{}'::json"
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {CONTACTS - 1})"
        if not database.is_sqlite:
            numbers = f"WITH n AS (SELECT generate_series(0, {CONTACTS - 1}) AS i)"
        bigint = "CAST(i AS bigint)"
        await connection.execute(
            text(
                "INSERT INTO enrolments (run_id, contact_id, number, state, due_at, attempts, tries, created_at) "
                f"{numbers} SELECT 1, i + 1, '+1' || ({FIRST} + 2 * (({bigint} * {STEP}) % {CONTACTS})), 'waiting', "
                f"{moment}, 0, {empty}, {moment} FROM n"
            )
        )
        if database.is_sqlite:
            await connection.exec_driver_sql("PRAGMA cache_size = -2000")
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


async def taken_back(database: Database, work: Callable[[Any], Awaitable[int]]) -> tuple[float, int]:
    try:
        async with database.writing() as connection:
            begin = time.perf_counter()
            count = await work(connection)
            seconds = time.perf_counter() - begin
            raise TakenBackError  # noqa: TRY301
    except TakenBackError:
        return seconds, count


def bare(statement: str) -> Callable[[Any], Awaitable[int]]:
    async def work(connection: Any) -> int:
        result = await connection.execute(text(statement))
        return int(result.scalar_one()) if statement is BARE_SELECT else result.rowcount

    return work


async def own(connection: Any) -> int:
    return await scrub.at_start(connection, 1, CAMPAIGN, NOW)


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
        ways = {"own": own, "select": bare(BARE_SELECT), "table": bare(BARE_TABLE), "update": bare(BARE_UPDATE)}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, work in ways.items():
                took, count = await taken_back(database, work)
                print(f"  {name:8} {took:7.2f} s  {count:,}", flush=True)
                seconds[name].append(took)
                assert name not in {"own", "update"} or count == OVERLAP, count
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
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        return {
            "scrub_s": round(medians["own"], 2),
            "bare_select_s": round(medians["select"], 2),
            "bare_table_s": round(medians["table"], 2),
            "bare_update_s": round(medians["update"], 2),
            "ratio": round(medians["own"] / medians["update"], 2),
            "ratio_to_select": round(medians["own"] / medians["select"], 2),
            "ratio_to_table": round(medians["own"] / medians["table"], 2),
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
