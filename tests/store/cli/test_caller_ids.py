"""The numbers that calls show, from the command line."""

import asyncio

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.ending import EndReason
from ami_dialer.store import attempts, hopper, runs
from ami_dialer.store.database import Database
from ami_dialer.store.writer import Writer
from tests.store.cli.conftest import Folder
from tests.store.world import attempt_on

pytestmark = pytest.mark.store

NEAR, FAR = "+13015550199", "+13105550100"


async def calls(url: str) -> None:
    """One call with NEAR that nobody answered, and one that is going on, answered."""
    now = SystemClock().now()
    database = Database(Settings.model_validate({"url": url}))
    writer = Writer(database, 0.0)
    writer.start()
    [run] = await runs.running_ids(database)
    first, second = [attempt_on(one, now) for one in await hopper.claim(database, run, 2, now)]
    for attempt, shown in ((first, NEAR), (second, f"Us <{NEAR}>")):
        attempt.caller_id = shown
        await writer.put(attempts.new(attempt))
    first.end(EndReason.BUSY, now)
    second.answered_at = now
    await writer.put(attempts.ended(first, "survey"), attempts.changed(second))
    await writer.stop(10)
    await database.close()


def test_a_pool_is_listed_with_its_calls_and_answers_and_a_burnt_number_is_taken_out_and_brought_back(
    house: Folder,
) -> None:
    with (house.path / "config.yaml").open("a", encoding="utf-8") as config:
        config.write(f"caller_ids: {{main: {{numbers: [{NEAR}, {{number: {FAR}, retired: true}}], per_day: 9}}}}\n")
    house.invoke("campaign", "start", "survey")
    asyncio.run(calls(house.database))
    [near, far] = house.json("caller-id", "list")
    wanted = {"number": NEAR, "pool": "main", "country": "US", "state": "MD", "area": "+1301"}
    wanted |= {"calls_today": 2, "limit": 9, "answered_today": 1, "answer_rate": 0.5, "retired": None}
    assert {key: near[key] for key in wanted} == wanted
    assert near["last_used_today"] is not None
    assert (far["calls_today"], far["retired"]["by"]) == (0, "config.yaml")

    done = house.invoke("caller-id", "retire", NEAR, "--reason", "marked as spam")
    assert done.stdout == f"{NEAR} is not used any more; back with: ami-dialer caller-id restore {NEAR}\n"
    assert house.json("caller-id", "list")[0]["retired"]["reason"] == "marked as spam"
    assert "marked as spam" in house.invoke("caller-id", "list").stdout
    again = house.invoke("caller-id", "retire", NEAR)
    assert (again.exit_code, "is retired already" in again.stderr) == (1, True)
    assert house.json("caller-id", "restore", NEAR) == {"number": NEAR, "retired": False}
    assert "is not retired" in house.invoke("caller-id", "restore", NEAR).stderr
    assert "take `retired: true` out there" in house.invoke("caller-id", "restore", FAR).stderr
    unknown = house.invoke("caller-id", "retire", "+13015550198")
    assert (unknown.exit_code, "no pool under caller_ids has the number" in unknown.stderr) == (5, True)
