"""Every call leaves one record in the audit trail, however it ends and however the engine does."""

import asyncio
import json

import pytest
import structlog

from ami_dialer.domain.calls import AmdFacts
from ami_dialer.engine import audit_head
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.test_audit import chain

pytestmark = pytest.mark.journey

ANN, BOB, CAT, DAN, EVE = (f"1212555010{n}" for n in range(5))


async def calls(world):
    """What is recorded of each call, by attempt; each holds what SQL has of it."""
    found = {each.attempt_id: each for each in await chain(world.database) if each.action == "call"}
    rows = await world.rows(
        "SELECT a.id, a.number, a.end_reason, a.disposition, c.name FROM attempts a "
        "JOIN runs r ON r.id = a.run_id JOIN campaigns c ON c.id = r.campaign_id WHERE a.state = 'ended'"
    )
    assert found.keys() == {row[0] for row in rows}
    told = []
    for key, number, end_reason, disposition, campaign in rows:
        detail = json.loads(found[key].detail)
        assert (found[key].subject, detail["end_reason"], detail["disposition"], detail["campaign"]) == (
            number,
            end_reason,
            disposition,
            campaign,
        )
        assert found[key].actor == "dialer"
        told.append(detail)
    return told


async def test_every_way_a_call_can_end_leaves_one_record(house):
    world = house()
    world.people(*(f"+{number},P" for number in (ANN, BOB, CAT, DAN, EVE)))
    world.telephony.plans = {
        ANN: Plan(answers=True, presses=("1",)),
        BOB: Plan(cause=17),
        CAT: Plan(answers=True, amd=AmdFacts("MACHINE", "MAXWORDS-3-3")),
        DAN: Plan(answers=True, presses=("9",)),
        EVE: Plan(cause=1),
    }
    await world.run_until_done()
    found = await calls(world)
    by_end = {detail["end_reason"]: detail for detail in found}
    assert len(found) == 6  # Bob was busy twice
    assert by_end.keys() == {"completed", "busy", "machine", "opted_out", "invalid_number"}
    ann = by_end["completed"]
    assert ann["dialled_at"] <= ann["answered_at"] <= ann["connected_at"] <= ann["ended_at"]
    assert {name: detail["opted_out"] for name, detail in by_end.items()} == {
        name: name == "opted_out" for name in by_end
    }
    assert "answered_at" not in by_end["busy"]


async def test_an_opt_out_is_recorded_with_its_call(house):
    world = house()
    world.people(f"+{DAN},Dan")
    world.telephony.default = Plan(answers=True, presses=("9",))
    await world.run_until_done()
    [call] = await world.rows("SELECT id FROM attempts")
    [opt_out] = [each for each in await chain(world.database) if each.action == "dnc.add"]
    assert (opt_out.subject, json.loads(opt_out.detail)["attempt"]) == (f"+{DAN}", call[0])


async def test_a_call_that_nobody_placed_is_recorded_as_that(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(refused="no such context")
    engine = await world.start()
    await until(lambda: engine.floor.servers["pbx"].refused and not engine.floor.calls)
    await engine.stop(1.0)
    [cancelled] = await calls(world)
    assert (cancelled["end_reason"], cancelled["why"]) == ("cancelled", "Asterisk refused the call: no such context")


async def test_a_call_that_a_killed_engine_left_is_recorded_by_the_next_one(house):
    world = house(retry={"rules": {"lost": {"after": 100, "max": 1}}})
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2 and engine.floor.writer.waiting == 0)
    await asyncio.sleep(0.05)
    await world.kill()
    assert await calls(world) == []
    world.telephony.live.pop(next(iter(world.telephony.live)))  # one of them ended meanwhile
    engine = await world.start()
    await until(lambda: len(engine.floor.calls) == 1)
    world.telephony.end(next(iter(world.telephony.live)), 16)
    await until(lambda: not engine.floor.calls)
    await engine.stop(1.0)
    assert len(await calls(world)) == 2


async def test_the_log_tells_the_head_of_the_trail(house):
    world = house()
    world.people(f"+{EVE},Eve")
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    with structlog.testing.capture_logs() as logged:
        await audit_head.look(world.database)
    last = (await chain(world.database))[-1]
    [line] = logged
    assert (line["action"], line["head"]) == ("audit_head", f"{last.hash}:{last.id}")
