"""Claims and ticks among 50,000 and among 5 million enrolments, on SQLite and on PostgreSQL.

50 runs that share them. Claims of 500 from each run in turns, beside the bare SQL of the same claim; then ticks: what
the hopper asks of the database for all 50 campaigns, claims of two and what is left. On PostgreSQL also
four engines that claim at the same time. `growth` is the cost at 5 million to that at 50,000, of claim or of tick,
whichever is worse.
AMI_DIALER_BENCH_SHRINK=20 takes a twentieth of everything.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.rank import rank
from ami_dialer.journey import hopper as station
from ami_dialer.store import hopper
from ami_dialer.store.database import Database
from ami_dialer.store.migrate import migrate
from ami_dialer.store.tables import campaigns, runs
from tests.postgres import start_postgres

SHRINK = int(os.environ.get("AMI_DIALER_BENCH_SHRINK", "1"))
SIZES = (50_000 // SHRINK, 5_000_000 // SHRINK)
RUNS = 50
CLAIM = 500 // SHRINK
#: So many of the claims are taken at each size: half of what the smaller one holds.
CLAIMS = 50
TICKS = 15
PORT = 54_332
RESULTS = Path(__file__).parent / "results" / "hopper.json"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)

#: What a claim does, without the ranks, the expiry and what the call will need.
BARE = """
UPDATE enrolments SET state = 'claimed', claimed_at = :now WHERE state = 'waiting' AND id IN
  (SELECT id FROM enrolments WHERE run_id = :run AND state = 'waiting' AND rank = :rank AND due_at <= :now
   ORDER BY due_at, id LIMIT :most {lock}) RETURNING id"""


async def fill(database: Database, size: int) -> float:
    """50 runs with as many enrolments each; the seconds that took."""
    begin = time.perf_counter()
    lite = database.is_sqlite
    async with database.writing() as connection:
        if lite:  # for the filling alone
            await connection.exec_driver_sql("PRAGMA cache_size = -500000")
        for number in range(RUNS):
            await connection.execute(insert(campaigns).values(name=f"bench{number}", origin="made", document={}))
            values = {"campaign_id": number + 1, "state": "running", "started_at": NOW, "document": {}}
            await connection.execute(insert(runs).values(**values))
        moment = "'2026-03-02 15:00:00.000000'" if lite else "'2026-03-02 15:00:00Z'::timestamptz"
        empty = "'{}'" if lite else "'{}'::json"
        places = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {size - 1})"
        if not lite:
            places = f"WITH n AS (SELECT generate_series(0, {size - 1}) AS i)"
        await connection.execute(
            text(
                "INSERT INTO contacts (id, number, fields, created_at) "
                f"{places} SELECT i + 1, '+1' || (2010000000 + i), {empty}, {moment} FROM n"
            )
        )
        # Run by run, as runs are enrolled.
        await connection.execute(
            text(
                "INSERT INTO enrolments (run_id, contact_id, number, state, rank, due_at, attempts, tries, created_at) "
                f"SELECT (id - 1) / {size // RUNS} + 1, id, number, 'waiting', {rank(0, 0)}, {moment}, 0, {empty}, "
                f"{moment} FROM contacts ORDER BY id"
            )
        )
        if lite:
            await connection.exec_driver_sql("PRAGMA cache_size = -2000")
    if not lite:
        await vacuum(database)
    return time.perf_counter() - begin


async def vacuum(database: Database) -> None:
    """PostgreSQL: what is there is known, as its own cleaner does after a while."""
    async with database.reading() as connection:
        bare_connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await bare_connection.execute(text("VACUUM ANALYZE enrolments"))
        await bare_connection.execute(text("VACUUM ANALYZE contacts"))


async def bare(database: Database, run_id: int) -> int:
    """The yardstick."""
    statement = text(BARE.format(lock="" if database.is_sqlite else "FOR UPDATE SKIP LOCKED"))
    now: Any = "2026-03-02 15:00:00.000000" if database.is_sqlite else NOW
    values = {"now": now, "run": run_id, "rank": rank(0, 0), "most": CLAIM}
    async with database.writing() as connection:
        return len((await connection.execute(statement, values)).all())


async def claims(database: Database) -> dict[str, Any]:
    """Claims and bare claims from the runs in turns; half of the runs for each. Milliseconds, the middle one."""
    took: dict[str, list[float]] = {"claim": [], "bare": []}
    held: list[int] = []
    for place in range(CLAIMS):
        run_id = place % RUNS + 1
        begin = time.perf_counter()
        if place % 2:
            count = await bare(database, run_id)
            took["bare"].append(time.perf_counter() - begin)
        else:
            claimed = await hopper.claim(database, run_id, CLAIM, NOW)
            took["claim"].append(time.perf_counter() - begin)
            held += [one.enrolment_id for one in claimed]
            count = len(claimed)
        assert count == CLAIM, count
    return {
        "claim_ms": round(median(took["claim"]) * 1000, 2),
        "bare_ms": round(median(took["bare"]) * 1000, 2),
        "twice": len(held) - len(set(held)),
    }


async def ticks(database: Database) -> float:
    """What a tick asks of the database for 50 campaigns: ten claims from each, and what is left. The middle one, ms."""
    took = []
    for _ in range(TICKS):
        begin = time.perf_counter()
        for run_id in range(1, RUNS + 1):
            await station.refill(database, run_id, 0, 2, NOW)
            await station.outlook(database, run_id)
        took.append(time.perf_counter() - begin)
    return round(median(took) * 1000, 1)


async def together(settings: Settings, engines: int) -> dict[str, Any]:
    """So many engines claim from the same runs at once: milliseconds for 500, and who was claimed twice."""
    databases = [Database(settings) for _ in range(engines)]

    async def engine(database: Database) -> list[int]:
        held: list[int] = []
        for run_id in range(1, RUNS + 1, 5):
            held += [one.enrolment_id for one in await hopper.claim(database, run_id, CLAIM // 5 // engines, LATER)]
        return held

    begin = time.perf_counter()
    held = [key for keys in await asyncio.gather(*(engine(one) for one in databases)) for key in keys]
    seconds = time.perf_counter() - begin
    for database in databases:
        await database.close()
    return {"ms_for_500": round(seconds / len(held) * 500_000, 2), "twice": len(held) - len(set(held))}


async def measure(settings: Settings, size: int) -> dict[str, Any]:
    await migrate(settings)
    database = Database(settings)
    try:
        filled = await fill(database, size)
        print(f"  {size:,} enrolments made in {filled:.0f} s", flush=True)
        found = await claims(database)
        found["tick_ms"] = await ticks(database)
    finally:
        await database.close()
    if not database.is_sqlite:
        found["engines_1"] = await together(settings, 1)
        found["engines_4"] = await together(settings, 4)
    print(f"  {found}", flush=True)
    return found


def compared(small: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
    growth = {name: round(large[f"{name}_ms"] / small[f"{name}_ms"], 2) for name in ("claim", "bare", "tick")}
    return {
        "growth": max(growth["claim"], growth["tick"]),
        "growth_of": growth,
        "ratio": round(large["claim_ms"] / large["bare_ms"], 2),
        str(SIZES[0]): small,
        str(SIZES[1]): large,
    }


async def main() -> None:
    result: dict[str, Any] = {"runs": RUNS, "claim": CLAIM}
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        print("sqlite", flush=True)
        lite = [await measure(Settings(url=f"sqlite:///{folder}/bench{size}.db"), size) for size in SIZES]
    server = start_postgres(PORT)
    try:
        print("postgresql", flush=True)
        post = []
        for size in SIZES:
            server.sql(f"CREATE DATABASE bench{size}")
            post.append(await measure(Settings(url=server.url(f"bench{size}")), size))
    finally:
        server.stop()
    result["sqlite"], result["postgresql"] = compared(*lite), compared(*post)
    parts = [*lite, *post, *(one[f"engines_{count}"] for one in post for count in (1, 4))]
    result["claimed_twice"] = sum(part["twice"] for part in parts)
    result["bare"] = " ".join(BARE.split())
    if SHRINK == 1:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
