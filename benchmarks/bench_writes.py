"""Durable writes a second: gathered by the writer, against one transaction each, on SQLite as the dialer uses it.

A write is what one call does five times: a row of an attempt, inserted or changed. Both ways end when all is durable.
"""

import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.attempt import Attempt, AttemptState, new_attempt_id
from ami_dialer.domain.contact import NewContact
from ami_dialer.store import attempts, runs
from ami_dialer.store.database import Database
from ami_dialer.store.loading import Duplicates, load
from ami_dialer.store.migrate import migrate
from ami_dialer.store.tables import attempts as attempts_table
from ami_dialer.store.tables import campaigns, lists
from ami_dialer.store.writer import Writer

WRITES = 2_000
ROUNDS = 5
COMMIT_INTERVAL = 0.02
RESULTS = Path(__file__).parent / "results" / "writes.json"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def attempt() -> Attempt:
    return Attempt(
        id=new_attempt_id(NOW),
        run_id=1,
        enrolment_id=1,
        contact_id=1,
        ordinal=1,
        number="+12125550100",
        server="pbx",
        trunk="carrier",
        state=AttemptState.CLAIMED,
        claimed_at=NOW,
    )


async def prepare(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(lists).values(name="people", origin="config", document={}))
        await connection.execute(insert(campaigns).values(name="bench", origin="config", document={}))
        await load(connection, 1, Arrivals.of([NewContact(2, "+12125550100", None, (), "{}")]), Duplicates(), NOW)
    await runs.start(database, 1, Campaign(lists=["people"], trunks=["carrier"], dialplan="out"), NOW)


async def gathered(database: Database) -> float:
    writer = Writer(database, COMMIT_INTERVAL)
    writer.start()
    begin = time.perf_counter()
    await asyncio.gather(*(writer.put(attempts.new(attempt())) for _ in range(WRITES)))
    seconds = time.perf_counter() - begin
    await writer.stop(10)
    return WRITES / seconds


async def one_by_one(database: Database) -> float:
    begin = time.perf_counter()
    for _ in range(WRITES):
        async with database.writing() as connection:
            await connection.execute(insert(attempts_table), [attempts.new(attempt()).row])
    return WRITES / (time.perf_counter() - begin)


async def main() -> None:
    rates: dict[str, list[float]] = {"gathered": [], "one_by_one": []}
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        settings = Settings(url=f"sqlite:///{folder}/bench.db")
        await migrate(settings)
        database = Database(settings)
        await prepare(database)
        for _ in range(ROUNDS):
            rates["gathered"].append(await gathered(database))
            rates["one_by_one"].append(await one_by_one(database))
        await database.close()
    medians = {name: statistics.median(values) for name, values in rates.items()}
    result = {
        "gathered_per_s": round(medians["gathered"]),
        "one_by_one_per_s": round(medians["one_by_one"]),
        "ratio": round(medians["gathered"] / medians["one_by_one"], 1),
        "writes": WRITES,
        "rounds": ROUNDS,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"gathered into commits    {medians['gathered']:8.0f} durable writes/s")
    print(f"one transaction each     {medians['one_by_one']:8.0f} durable writes/s")
    print(f"ratio                    {result['ratio']:8}")


if __name__ == "__main__":
    asyncio.run(main())
