"""Durable writes a second: gathered by the writer, against one transaction each, on SQLite as the dialer uses it.

A write is what one call does five times: a row of an attempt, inserted or changed. Both ways end when all is durable.
And what the audit trail costs, in seconds of a core: ends of calls with their records, and without; records verified.
"""

import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, text

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.attempt import Attempt, AttemptEvent, AttemptState, new_attempt_id
from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.ending import EndReason
from ami_dialer.reporting.audit_check import verify
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
#: As long as one is.
VERDICT = json.dumps(
    {
        "book": 3,
        "rule": "us.hours",
        "until": "2026-03-03T01:00:00.000Z",
        "kind": "fixed-or-mobile",
        "zones": ["America/New_York"],
        "by": "postal-code",
        "law": ["US", "US-NY"],
        "at": "2026-03-02T15:00:00.000Z",
    }
)
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


async def ends(database: Database, *, recorded: bool) -> float:
    """Ends of calls a second of one core, each with its record in the audit trail, or without."""
    writer = Writer(database, COMMIT_INTERVAL)
    writer.start()
    made = [attempt() for _ in range(WRITES)]
    await asyncio.gather(*(writer.put(attempts.new(one)) for one in made))
    for one in made:
        for event in (AttemptEvent.SENT, AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.FLOW):
            one.move(event, NOW)
        one.verdict, one.caller_id = VERDICT, "Survey <+12125550199>"
        one.end(EndReason.COMPLETED, NOW)
    begin = time.process_time()
    writes = [attempts.ended(one, "bench") for one in made]
    writes = writes if recorded else [replace(write, entry=None) for write in writes]
    await asyncio.gather(*(writer.put(write) for write in writes))
    seconds = time.process_time() - begin
    await writer.stop(10)
    return WRITES / seconds


async def verified(database: Database) -> float:
    """Records of the audit trail verified a second of one core."""
    begin = time.process_time()
    found = await verify(database, None, [], lambda _done, _of: None)
    assert found.holds, found.broken
    return found.records / (time.process_time() - begin)


async def bytes_of_a_call(database: Database) -> float:
    """Of one record of a call, without the indexes."""
    async with database.reading() as connection:
        size = "avg(length(detail) + length(hash) + length(actor) + length(subject) + length(attempt_id) + 40)"
        return float(await connection.scalar(text(f"SELECT {size} FROM audit_records WHERE action = 'call'")) or 0)


async def main() -> None:
    rates: dict[str, list[float]] = {
        "gathered": [],
        "one_by_one": [],
        "ends_recorded": [],
        "ends_unrecorded": [],
        "verified": [],
    }
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        settings = Settings(url=f"sqlite:///{folder}/bench.db")
        await migrate(settings)
        database = Database(settings)
        await prepare(database)
        for _ in range(ROUNDS):
            rates["gathered"].append(await gathered(database))
            rates["one_by_one"].append(await one_by_one(database))
            rates["ends_recorded"].append(await ends(database, recorded=True))
            rates["ends_unrecorded"].append(await ends(database, recorded=False))
            rates["verified"].append(await verified(database))
        size = await bytes_of_a_call(database)
        await database.close()
    medians = {name: statistics.median(values) for name, values in rates.items()}
    result = {
        "gathered_per_s": round(medians["gathered"]),
        "one_by_one_per_s": round(medians["one_by_one"]),
        "ratio": round(medians["gathered"] / medians["one_by_one"], 1),
        "ends_recorded_per_s": round(medians["ends_recorded"]),
        "ends_unrecorded_per_s": round(medians["ends_unrecorded"]),
        "audit_cpu_us_per_call": round(1e6 / medians["ends_recorded"] - 1e6 / medians["ends_unrecorded"]),
        "audit_bytes_per_call": round(size),
        "verified_per_s": round(medians["verified"]),
        "writes": WRITES,
        "rounds": ROUNDS,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"gathered into commits    {medians['gathered']:8.0f} durable writes/s")
    print(f"one transaction each     {medians['one_by_one']:8.0f} durable writes/s")
    print(f"ratio                    {result['ratio']:8}")
    print(
        f"ends of calls, recorded  {medians['ends_recorded']:8.0f} /s; not recorded {medians['ends_unrecorded']:.0f} /s"
    )
    cost, size = result["audit_cpu_us_per_call"], result["audit_bytes_per_call"]
    print(f"a record of a call costs {cost:8} us of a core and {size} bytes")
    print(f"audit records verified   {medians['verified']:8.0f} /s")


if __name__ == "__main__":
    asyncio.run(main())
