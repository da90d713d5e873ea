"""A contact on the whole way, from the list to the report, on real SQL with telephony in memory."""

import asyncio

import pytest

from ami_dialer.domain.calls import AmdFacts
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

ANN, BOB, CAT, DAN = "12125550101", "12125550102", "12125550103", "12125550104"


async def test_a_survey_runs_through_and_completes(house):
    world = house()
    world.people(f"+{ANN},Ann", f"+{BOB},Bob", f"+{CAT},Cat", f"+{DAN},Dan")
    world.telephony.plans = {
        ANN: Plan(answers=True, presses=("1",)),
        BOB: Plan(cause=17),
        CAT: Plan(answers=True, amd=AmdFacts("MACHINE", "MAXWORDS-4-4")),
        DAN: Plan(answers=True, presses=("9",)),
    }
    await world.run_until_done()
    ends = await world.ends()
    assert sorted(ends) == [
        (f"+{ANN}", "completed"),
        (f"+{BOB}", "busy"),
        (f"+{BOB}", "busy"),
        (f"+{CAT}", "machine"),
        (f"+{DAN}", "opted_out"),
    ]
    assert await world.rows("SELECT question, digits FROM answers ORDER BY digits") == [("happy", "1"), ("happy", "9")]
    assert await world.rows("SELECT number, source FROM dnc_entries") == [(f"+{DAN}", "flow")]
    assert await world.rows("SELECT state FROM runs") == [("completed",)]


async def test_a_person_who_hangs_up_in_the_flow_is_connected(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(answers=True, hangs_up_after=1)
    await world.run_until_done()
    assert await world.rows("SELECT end_reason, disposition FROM attempts") == [("hung_up", "Connected")]


async def test_an_engine_killed_in_the_middle_of_calls_adopts_them_and_dials_nobody_twice(house):
    world = house()
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 2)
    await until(lambda: engine.floor.writer.waiting == 0)
    await asyncio.sleep(0.05)
    await world.kill()
    gone = next(iter(world.telephony.live))
    del world.telephony.live[gone]
    engine = await world.start()
    await until(lambda: len(engine.floor.calls) == 1)
    assert world.telephony.requests == []
    world.telephony.end(next(iter(world.telephony.live)), 17)
    await until(lambda: not engine.floor.calls)
    await engine.stop(0.0)
    assert sorted(reason for _, reason in await world.ends()) == ["busy", "lost"]


async def test_calls_that_ended_while_the_link_was_down_are_lost_not_dialled_again_at_once(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    world.telephony.link(up=False)
    world.telephony.live.clear()
    world.telephony.link(up=True)
    await until(lambda: not engine.floor.calls)
    await until(lambda: engine.floor.writer.waiting == 0)
    await engine.stop(0.0)
    assert await world.rows(
        "SELECT end_reason, attempts FROM attempts JOIN enrolments ON enrolments.id = enrolment_id"
    ) == [("lost", 1)]
    assert len(world.telephony.requests) == 1


async def test_an_originate_of_unknown_fate_is_asked_for_and_not_sent_again(house):
    world = house()
    world.people(f"+{ANN},Ann")
    world.telephony.default = Plan(unknown=True)
    engine = await world.start()
    await until(lambda: world.telephony.requests and not engine.floor.calls)
    await engine.stop(0.0)
    assert [reason for _, reason in await world.ends()] == ["lost"]
    assert len(world.telephony.requests) == 1


async def test_a_server_that_refuses_costs_nobody_an_attempt(house):
    world = house()
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.default = Plan(refused="Permission denied")
    engine = await world.start()
    await until(lambda: engine.floor.servers["pbx"].refused)
    await until(lambda: not engine.floor.calls)
    await until(lambda: engine.floor.runs and "Permission denied" in next(iter(engine.floor.runs.values())).why)
    await engine.stop(0.0)
    assert await world.rows("SELECT state, attempts FROM enrolments") == [("waiting", 0), ("waiting", 0)]


async def test_a_number_put_on_the_dnc_list_during_a_run_is_not_called(house):
    from ami_dialer.store import dnc

    world = house(max_calls=1)
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await dnc.add(world.database, "opt-outs", [f"+{BOB}"], reason="asked", source="cli", now=world.clock.now())
    world.telephony.end(next(iter(world.telephony.live)), 17)
    await until(lambda: next(iter(engine.floor.runs.values())).tally.excluded == 1)
    await until(lambda: engine.floor.writer.waiting == 0)
    assert (f"+{BOB}", "opt-outs: asked") in await world.rows("SELECT number, excluded_by FROM enrolments")
    assert all(BOB not in request.channel for request in world.telephony.requests)


async def test_stopping_gives_back_what_was_not_dialled_and_hangs_up_after_the_grace_time(house):
    world = house(max_calls=1)
    world.people(f"+{ANN},Ann", f"+{BOB},Bob")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    await engine.stop(0.0)
    assert await world.rows("SELECT state FROM enrolments WHERE number LIKE '%0102'") == [("waiting",)]
    assert [reason for _, reason in await world.ends()] == ["no_answer"]


async def test_limits_hold_at_every_moment(house):
    world = house(max_calls=2)
    world.people(*(f"+121255501{n:02d},P" for n in range(10, 40)))
    world.telephony.default = Plan(stays=True)
    most = 0
    original = world.telephony.originate

    async def counting(request):
        nonlocal most
        await original(request)
        most = max(most, len(world.telephony.live))
        asyncio.get_running_loop().call_later(0.1, world.telephony.end, request.attempt_id, 1)  # so that two meet

    world.telephony.originate = counting
    await world.run_until_done()
    assert most == 2
    assert len(world.telephony.requests) == 30
