"""Agents, their steps and mapping lists from the command line."""

import asyncio
from pathlib import Path

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Database as Settings
from ami_dialer.domain.agent import SeatKind
from ami_dialer.domain.engine_status import EngineStatus, LimitSeen
from ami_dialer.domain.pin import matches
from ami_dialer.store import agent_orders, agent_sessions, agents, engine_status
from ami_dialer.store.agent_sessions import LogIn
from ami_dialer.store.database import Database
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

CLOCK = SystemClock()


def test_agents_are_made_listed_locked_unlocked_and_taken_out(house: Folder) -> None:
    (house.path / "pin").write_text("1234\n")
    pin_file = ("--pin-file", str(house.path / "pin"))
    made = house.json("agent", "add", "101", "--name", "Agent One", "--phone", "PJSIP/101", "--supervisor", *pin_file)
    assert (made["number"], made["has_pin"], made["supervisor"], made["origin"]) == ("101", True, True, "made")
    again = house.invoke("agent", "add", "101", "--name", "Other", *pin_file)
    assert (again.exit_code, "exists already: Agent One" in again.stderr) == (6, True)

    async def lock() -> None:
        database = Database(Settings(url=house.database))
        for _ in range(5):
            await agents.wrong_pin(database, "101", CLOCK.now())
        await database.close()

    asyncio.run(lock())
    [one] = house.json("agent", "list")
    assert one["locked_at"] is not None
    assert "and was locked since" in house.invoke("agent", "unlock", "101").stdout
    assert "Agent One" in house.invoke("agent", "list").stdout
    assert house.json("agent", "set-pin", "101", *pin_file) == {"number": "101", "unlocked": False}
    assert "was taken out" in house.invoke("agent", "remove", "101").stdout
    gone = house.invoke("agent", "unlock", "101")
    assert (gone.exit_code, "there is no agent 101" in gone.stderr) == (5, True)


def test_a_pin_is_hashed_and_what_is_none_is_refused(house: Folder) -> None:
    (house.path / "pin").write_text("1234")
    made = house.json("agent", "pin", "--pin-file", str(house.path / "pin"))["pin_hash"]
    assert matches("1234", made)
    for wrong in ("12", "abcd", "1" * 13):
        (house.path / "pin").write_text(wrong)
        told = house.invoke("agent", "add", "101", "--name", "One", "--pin-file", str(house.path / "pin"))
        assert (told.exit_code, "4 to 12 digits" in told.stderr) == (2, True)
    assert "is no terminal; use --pin-file" in house.invoke("agent", "pin").stderr
    assert "1 to 10 digits" in house.invoke("agent", "add", "ann", "--name", "Ann", "--no-pin").stderr
    assert "--phone" in house.invoke("agent", "add", "7", "--name", "Ann", "--phone", "a b", "--no-pin").stderr
    assert (
        "no server is named 'x'" in house.invoke("agent", "add", "7", "--name", "A", "--server", "x", "--no-pin").stderr
    )


def test_a_step_needs_a_dialer_and_its_answer_is_told(house: Folder) -> None:
    house.invoke("list", "import", "people")
    told = house.invoke("agent", "break", "101", "Lunch")
    assert (told.exit_code, "no dialer runs" in told.stderr) == (1, True)

    async def with_dialer() -> tuple[object, object, object]:
        engine, now = Database(Settings(url=house.database)), CLOCK.now()
        await engine.lock_engine()
        await engine_status.write(engine, EngineStatus(1, now, now, LimitSeen()))
        taken = asyncio.to_thread(house.invoke, "agent", "break", "101", "Lunch")
        first, (_, order) = await asyncio.gather(taken, answered(engine, ok=True, text="agent 101 is on a break"))
        taken = asyncio.to_thread(house.invoke, "agent", "skip", "101", "--json")
        second, _ = await asyncio.gather(taken, answered(engine, ok=False, text="nobody is offered"))
        unknown = await asyncio.to_thread(house.invoke, "agent", "login", "101", "--campaign", "gone")
        assert (unknown.exit_code, await agent_orders.waiting(engine)) == (5, [])
        await engine.close()
        return first, second, order

    first, second, order = asyncio.run(with_dialer())
    assert (first.exit_code, first.stdout) == (0, "agent 101 is on a break\n")
    assert (order.step.value, order.argument) == ("break", {"reason": "Lunch"})
    assert (second.exit_code, '"nobody is offered"' in second.stdout) == (6, True)


async def answered(engine: Database, *, ok: bool, text: str) -> tuple[None, agent_orders.Order]:
    orders = []
    for _ in range(2_000):
        if orders := await agent_orders.waiting(engine):
            break
        await asyncio.sleep(0.01)
    await agent_orders.done(engine, orders[0].id, ok, text, CLOCK.now())
    return None, orders[0]


def test_a_mapping_list_comes_in_whole_or_not_at_all_and_each_bad_row_is_told(house: Folder) -> None:
    file = house.path / "own.csv"
    rows = ["phone,agent,priority", "(301) 555-0100,101,90", "302-555-0101,102,", "none,101,", "302-555-0101,103,"]
    rows += ["+1 603 555 0110,ann,", "+1 603 555 0111,101,200", "(301) 555-0100,101,90"]
    file.write_text("\n".join(rows) + "\n")
    words = ("agent", "map", "import", "customers-of", str(file))
    refused = house.invoke(*words)
    assert refused.exit_code == 2
    assert [line.removeprefix(f"{file}:")[:1] for line in refused.stderr.splitlines()[1:]] == ["4", "5", "6", "7"]
    assert "+13025550101 stands in line 3 already, for agent 102" in refused.stderr
    assert house.invoke("agent", "map", "show", "customers-of").exit_code in {3, 5}
    done = house.json(*words, "--skip-bad", "--description", "Whose is whose")
    assert (done["added"], done["changed"], len(done["rejected"])) == (2, 0, 4)
    assert done["unknown_agents"] == {"101": 1, "102": 1}
    assert house.json("agent", "map", "show", "customers-of", "--number", "3025550101") == [
        {"number": "+13025550101", "agent": "102", "priority": None}
    ]
    assert "is 103's, before 102's" in house.invoke("agent", "map", "add", "customers-of", "3025550101", "103").stdout
    [one] = house.json("agent", "map", "list")
    assert (one["name"], one["entries"], one["description"]) == ("customers-of", 2, "Whose is whose")
    assert "is nobody's now" in house.invoke("agent", "map", "remove", "customers-of", "3025550101").stdout
    assert "was deleted, with 1 number" in house.invoke("agent", "map", "delete", "customers-of").stdout
    gone = house.invoke("agent", "map", "show", "customers-of")
    assert (gone.exit_code, "no mapping list is named 'customers-of'" in gone.stderr) == (5, True)


def test_who_is_logged_in_is_shown(house: Folder) -> None:
    house.invoke("list", "import", "people")
    assert "nobody is logged in" in house.invoke("agents").stdout

    async def log_in() -> None:
        database = Database(Settings(url=house.database))
        new = LogIn("101", SeatKind.LINE, "pbx", "1.1", "PJSIP/101-1", ["survey"])
        await agent_sessions.begin(database, new, CLOCK.now())
        await database.close()

    asyncio.run(log_in())
    told = house.invoke("agents", "--campaign", "survey").stdout
    assert "nobody is logged in" in told
    told = house.invoke("agents").stdout
    assert "1 ready" in told
    assert "survey" in told
    [one] = house.json("agents")["agents"]
    assert (one["agent"], one["state"], one["calls"], one["average_talk"]) == ("101", "ready", 0, 0)
    assert "no call of this run was connected" in reported(house)


def reported(house: Folder) -> str:
    house.invoke("campaign", "start", "survey")
    assert house.json("report", "survey", "--by", "agent") == []
    return house.invoke("report", "survey", "--by", "agent").stdout


def test_a_campaign_whose_mapping_list_is_not_there_is_neither_changed_nor_started(house: Folder) -> None:
    house.invoke("list", "import", "people")
    told = house.invoke("campaign", "create", "own", "--file", str(own_campaign(house)))
    assert (told.exit_code, "no mapping list is named 'gone'" in told.stderr) == (2, True)
    (house.path / "own.csv").write_text("phone,agent\n(301) 555-0100,101\n")
    house.invoke("agent", "map", "import", "gone", str(house.path / "own.csv"))
    assert house.invoke("campaign", "create", "own", "--file", str(own_campaign(house))).exit_code == 0
    told = house.invoke("agent", "map", "delete", "gone")
    assert (told.exit_code, "campaign 'own' names it" in told.stderr) == (2, True)


def test_whose_contact_it_is_stands_in_its_trail_and_in_why_it_is_not_called(house: Folder) -> None:
    house.invoke("list", "import", "people")
    (house.path / "own.csv").write_text("phone,agent\n(301) 555-0100,101\n")
    house.invoke("agent", "map", "import", "gone", str(house.path / "own.csv"))
    house.invoke("agent", "add", "101", "--name", "Agent One", "--no-pin")
    house.invoke("campaign", "create", "own", "--file", str(own_campaign(house)))
    house.invoke("campaign", "start", "own")

    assert "its own agent is 101" in house.invoke("trace", "3015550100").stdout
    why = house.invoke("campaign", "why", "own", "--contact", "3015550100").stdout
    assert "own agent     101 (Agent One): logged out; anybody gets it 300 s after its turn came" in why
    assert house.json("campaign", "why", "own", "--contact", "3015550100")["own_agent"] == "101"
    assert "own agent" not in house.invoke("campaign", "why", "own", "--contact", "3015550101").stdout


def own_campaign(house: Folder) -> Path:
    file = house.path / "own.yaml"
    file.write_text("lists: [people]\ntrunks: [carrier]\nagents: all\nown_agent: {map: gone}\n")
    return file
