"""People and agents: who is dialled for whom, who gets whom, and what becomes of those nobody is free for."""

from dataclasses import replace

import pytest

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.calls import CallAnswered, LineWaits
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.engine.agents import connecting
from ami_dialer.store import results
from ami_dialer.store.results import GivenUp
from tests.engine.agents.seated import TALKS, agent_ends, full_rate, leg_of, on_break, ready_again, seat
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

PEOPLE = [f"+1212555{n:04d},P" for n in range(1000, 1012)]
QUICK = {"customer_wait": 3}


def called(world) -> int:
    return len(world.telephony.requests)


async def in_call(world, *seats) -> None:
    await until(lambda: all(one.state is AgentState.IN_CALL for one in seats))


async def test_without_agents_nobody_is_called_and_the_run_says_why(house):
    world = house(agents="all")
    world.people(*PEOPLE)
    engine = await world.start()
    await until(lambda: engine.floor.runs and next(iter(engine.floor.runs.values())).why)
    assert next(iter(engine.floor.runs.values())).why == "no agent is logged in"
    assert called(world) == 0


async def test_progressive_places_one_call_for_each_free_agent_and_the_next_one_when_one_is_free_again(house):
    world = house(agents="all")
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    await world.start()
    one, two = await seat(world, "101"), await seat(world, "102")
    await in_call(world, one, two)
    assert called(world) == 2
    assert one.attempt_id != two.attempt_id
    agent_ends(world, one)
    await until(lambda: one.state is AgentState.WRAP_UP)
    assert called(world) == 2
    ready_again(world, one)
    await in_call(world, one)
    assert called(world) == 3
    rows = await world.rows("SELECT state, agent FROM attempts WHERE agent = '102'")
    assert rows == [("connected", "102")]


async def test_who_hangs_up_after_the_talk_was_connected_and_the_agent_is_asked_for_the_result(house):
    world = house(agents=["101"])
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    engine = await world.start()
    await seat(world, "999")  # of another campaign: never called for
    one = await seat(world, "101")
    await in_call(world, one)
    attempt = one.attempt_id
    agent_ends(world, one)
    await until(lambda: one.state is AgentState.WRAP_UP)
    assert one.attempt_id == attempt
    await until(lambda: not engine.floor.calls)
    await until(lambda: not engine.floor.writer.waiting)
    assert await world.rows("SELECT end_reason, disposition, outcome, agent FROM attempts") == [
        ("connected", "Connected", "System Generated", "101")
    ]
    assert engine.floor.runs, "the run waits for the result"
    ready_again(world, one)
    await until(lambda: engine.idle)
    spells = await world.rows("SELECT state FROM agent_spells WHERE agent = '101' ORDER BY id")
    assert [state for (state,) in spells] == ["ready", "reserved", "in_call", "wrap_up"]


async def test_power_dials_by_its_ratio_and_whoever_finds_nobody_hears_the_message(house):
    world = house(agents="all", dialing={"mode": "power", "call_ratio": 2, **QUICK})
    world.people(*PEOPLE[:2])
    world.telephony.default = TALKS
    engine = await world.start()
    await full_rate(world)
    one = await seat(world, "101")
    await in_call(world, one)
    await until(lambda: called(world) == len(world.telephony.legs) == 2)
    [other] = [leg for key, leg in world.telephony.legs.items() if key != one.attempt_id]
    await until(other.over.is_set)
    assert other.heard == ["ami-dialer/closing"], "the campaign has no message of its own"
    world.telephony.end(other.attempt_id, 16)
    await until(lambda: len(engine.floor.calls) == 1)
    await until(lambda: not engine.floor.writer.waiting)
    [(reason, detail)] = await world.rows("SELECT end_reason, detail FROM attempts WHERE state = 'ended'")
    assert (reason, detail) == ("abandoned", "no agent was free within 3 s")
    assert await world.rows("SELECT outcome FROM answered_calls") == [("abandoned",)]


async def test_who_waits_gets_the_agent_who_becomes_free(house):
    world = house(agents="all", dialing={"mode": "power", "call_ratio": 2, "customer_wait": 20})
    world.people(*PEOPLE[:2])
    world.telephony.default = TALKS
    await world.start()
    await full_rate(world)
    one = await seat(world, "101")
    await in_call(world, one)
    first = one.attempt_id
    two = await seat(world, "102")
    await in_call(world, two)
    assert two.attempt_id != first


async def test_an_agent_whose_line_is_gone_at_that_moment_is_passed_over_and_asked_for(house, monkeypatch):
    monkeypatch.setattr(connecting, "RECOVER_SECONDS", 0.01)
    world = house(agents="all", dialing={"customer_wait": 20})
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    engine = await world.start()
    one = await seat(world, "101")
    two = await seat(world, "102", waiting=False)
    connect = world.telephony.on_leg

    async def without_one(leg):
        leg.nobody = frozenset({one.channel})
        two.waiting = True
        await connect(leg)

    refusals, redirect = ["not now"], world.telephony.redirect

    async def refused_first(*where):
        if refusals:
            raise AsteriskError(refusals.pop())
        return await redirect(*where)

    world.telephony.on_leg, world.telephony.redirect = without_one, refused_first
    engine.floor.wake.set()
    await in_call(world, two)
    await until(lambda: one.waiting)
    assert one.state in {AgentState.READY, AgentState.RESERVED}


async def test_when_agents_leave_nobody_is_called_and_the_newest_calls_that_ring_are_given_up(house):
    world = house(agents="all", dialing={"mode": "power", "call_ratio": 2})
    world.people(*PEOPLE)
    world.telephony.default = Plan(answers=False, stays=True)
    engine = await world.start()
    one, two = await seat(world, "101"), await seat(world, "102")
    await until(lambda: called(world) == 4)
    on_break(world, two)
    await until(lambda: len(engine.floor.calls) == 2)
    hang_up = world.telephony.hang_up

    async def too_late(attempt_id):
        world.telephony.tell(CallAnswered(attempt_id, world.clock.now()))
        await hang_up(attempt_id)

    world.telephony.hang_up = too_late
    on_break(world, one)
    await until(lambda: not engine.floor.calls)
    assert called(world) == 4
    await until(lambda: not engine.floor.writer.waiting)
    ends = await world.rows("SELECT end_reason FROM attempts ORDER BY id")
    assert ends == [("abandoned",)] * 2 + [("withdrawn",)] * 2
    [run] = engine.floor.runs
    assert await results.given_up(world.database, run) == GivenUp(4, picked_up=2)


async def test_an_agent_has_one_call_and_shared_agents_call_for_the_campaign_of_higher_priority(house):
    world = house(agents="all", priority=3)
    low = world.config.campaigns["survey"]
    world.config.campaigns["urgent"] = low.model_copy(update={"priority": 5})
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: len(engine.floor.runs) == 2 and all(desk.hopper for desk in engine.floor.runs.values()))
    seats = [await seat(world, f"10{n}") for n in range(4)]
    await in_call(world, *seats)
    names = await world.rows(
        "SELECT DISTINCT c.name FROM attempts a JOIN runs r ON r.id = a.run_id JOIN campaigns c ON c.id = r.campaign_id"
    )
    assert names == [("urgent",)]
    assert len({one.attempt_id for one in seats}) == 4


async def test_reserved_agents_are_let_go_when_nobody_is_left_to_call(house):
    world = house(agents="all", retry={"max_attempts": 1})
    world.people(PEOPLE[0])
    world.telephony.default = Plan(cause=17)
    engine = await world.start()
    one = await seat(world, "101")
    await until(lambda: engine.idle)
    await until(lambda: one.state is AgentState.READY)


async def test_a_person_who_hangs_up_while_waiting_was_abandoned_and_goes_before_a_full_hopper(house):
    world = house(
        agents="all",
        dialing={"mode": "power", "call_ratio": 2, "customer_wait": 20},
        retry={"rules": {"abandoned": {"after": 0, "max": 1}}},
        abandonment={"retry_first": True, "lockout": 0},
    )
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    await full_rate(world)
    one = await seat(world, "101")
    await in_call(world, one)
    await until(lambda: len(world.telephony.legs) == 2)
    [waiting] = [key for key in world.telephony.legs if key != one.attempt_id]
    world.telephony.end(waiting, 16)
    await until(lambda: waiting not in engine.floor.calls)
    await until(lambda: not engine.floor.writer.waiting)
    rows = await world.rows(f"SELECT end_reason, detail FROM attempts WHERE id = '{waiting}'")
    assert rows == [("abandoned", "hung up while waiting for an agent")]
    assert one.state is AgentState.IN_CALL
    [(number,)] = await world.rows(f"SELECT number FROM attempts WHERE id = '{waiting}'")
    [desk] = engine.floor.runs.values()
    await until(lambda: [one.number for one in desk.hopper][:1] == [number])
    assert len(desk.hopper) == len(PEOPLE) - 1


async def test_sessions_of_a_dialplan_are_counted_like_agents_and_calls_go_there(house):
    world = house(dialplan="robots", sessions=2)
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: sum(one.state is AgentState.IN_CALL for one in engine.floor.seats) == 2)
    assert called(world) == 2
    leg = next(iter(world.telephony.legs.values()))
    assert leg.verbs == [("go on", "robots", "s")]
    world.telephony.end(leg.attempt_id, 16)
    await until(lambda: called(world) == 3)


async def test_while_the_dialplan_has_no_such_context_nobody_is_called_for_its_sessions(house):
    world = house(dialplan="robots", sessions=1)
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    await until(lambda: world.telephony.legs)
    contexts = engine._ticker._contexts

    def ask_again(missing):
        world.telephony.missing_extensions = frozenset(missing)
        contexts._asked["pbx", "robots"].again_at = 0.0
        engine.floor.wake.set()

    [desk] = engine.floor.runs.values()
    ask_again({"s"})
    await until(lambda: desk.nowhere)
    first = called(world)
    world.telephony.end(next(iter(world.telephony.legs)), 16)
    await until(lambda: "no extension s in [robots]" in desk.why)
    assert called(world) == first == 1
    ask_again(())
    await until(lambda: called(world) == 2)


async def killed_in_a_call(world):
    """The next engine after a `kill -9`, the attempt that was in call, and the seat of its agent."""
    await world.start()
    one = await seat(world, "101")
    await in_call(world, one)
    await until(lambda: not world.engine.floor.writer.waiting)
    attempt, lines = one.attempt_id, dict(world.telephony.agent_lines)
    await world.kill()
    world.telephony.agent_lines = lines
    engine = await world.start()
    await until(lambda: engine.floor.seats.of_agent("101") is not None)
    again = engine.floor.seats.of_agent("101")
    return engine, attempt, again


async def test_a_killed_dialer_leaves_agents_and_people_talking_and_the_next_one_knows_it(house):
    world = house(agents="all")
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine, attempt, again = await killed_in_a_call(world)
    assert (again.state, again.attempt_id) == (AgentState.IN_CALL, attempt)
    world.telephony.end(attempt, 16)
    await until(lambda: again.state is AgentState.WRAP_UP)
    await until(lambda: not engine.floor.writer.waiting)
    assert await world.rows(f"SELECT end_reason FROM attempts WHERE id = '{attempt}'") == [("connected",)]


async def test_a_call_of_a_killed_dialer_is_transferred_by_the_next_one(house):
    target = {"context": "internal", "to": {"1": {"name": "Support", "extension": "200"}}}
    world = house(agents="all", transfer=target)
    world.people(PEOPLE[0])
    world.telephony.default = TALKS
    engine, attempt, again = await killed_in_a_call(world)
    assert "transferred to Support" in await engine._office._steps.transfer(again, "Support")
    assert ("redirect", attempt, "internal", "200") in world.telephony.asked
    assert again.state is AgentState.WRAP_UP
    assert attempt in engine.floor.calls, "the person is still on the line"
    world.telephony.end(attempt, 16)
    await until(lambda: not engine.floor.calls)
    await until(lambda: not engine.floor.writer.waiting)
    ends = await world.rows(f"SELECT end_reason, detail FROM attempts WHERE id = '{attempt}'")
    assert ends == [("connected", "transferred to 200")]


async def test_calls_with_agents_are_neither_waited_for_nor_cut_when_the_dialer_stops(house):
    world = house(agents="all")
    world.people(*PEOPLE)
    world.telephony.default = TALKS
    engine = await world.start()
    one = await seat(world, "101")
    await in_call(world, one)
    leg = leg_of(world, one)
    await engine.stop(30.0)
    world.engine = None
    assert await world.rows("SELECT state FROM agent_sessions") == [("in_call",)], "who talks goes on talking"
    assert not leg.over.is_set()
    assert await world.rows("SELECT state FROM attempts WHERE state = 'connected'") == [("connected",)]


async def test_preview_offers_one_contact_to_each_agent_locked_until_it_is_dialled_or_skipped(house):
    world = house(agents="all", dialing={"mode": "preview", "preview": {"max_skips": 1, "timeout": 600}})
    world.people(*PEOPLE[:3])
    world.telephony.default = TALKS
    engine = await world.start()
    offers = engine._ticker._offers
    one, two = await seat(world, "101"), await seat(world, "102")
    await until(lambda: one.state is two.state is AgentState.PREVIEWING)
    assert called(world) == 0
    assert one.preview.number != two.preview.number
    assert ("redirect", one.channel, "ami-dialer-agent", "s") in world.telephony.asked
    skipped = one.preview.number
    offers.skip(one)
    await until(lambda: one.state is AgentState.PREVIEWING and one.preview.number != skipped)
    offers.dial(one)
    wanted = one.preview.number
    await in_call(world, one)
    assert [request.channel for request in world.telephony.requests] == [f"PJSIP/{wanted[1:]}@carrier"]
    assert two.state is AgentState.PREVIEWING
    await until(lambda: not engine.floor.writer.waiting)
    rows = await world.rows(f"SELECT state, skips, attempts FROM enrolments WHERE number = '{skipped}'")
    assert rows == [("waiting", 1, 0)]


async def test_preview_dials_by_itself_when_the_time_is_over_and_takes_back_what_a_lost_line_had(house):
    world = house(agents="all", dialing={"mode": "preview", "preview": {"timeout": 5}})
    world.people(*PEOPLE[:1])
    world.telephony.default = TALKS
    engine = await world.start()
    one = await seat(world, "101")
    await until(lambda: one.state is AgentState.PREVIEWING)
    world.telephony.lose_line(one.line)
    two = await seat(world, "102")
    await until(lambda: two.state is AgentState.PREVIEWING)
    assert not engine._ticker._offers.may_skip(one)
    await until(lambda: two.state is AgentState.RESERVED)
    world.telephony.tell(LineWaits(two.line, two.channel, world.clock.now()))  # its dialogue is over
    await in_call(world, two)
    assert called(world) == 1


async def test_a_contact_waits_for_its_own_agent_and_goes_to_others_when_the_campaign_lets_it(house):
    world = house(agents="all", own_agent={"wait": 0, "others": False})
    world.people(*PEOPLE[:2])
    world.telephony.default = TALKS
    await world.prepare()
    engine = await world.start()
    await until(lambda: next(iter(engine.floor.runs.values())).hopper)
    desk = next(iter(engine.floor.runs.values()))
    mine, anybodys = (replace(claimed, agent=agent) for claimed, agent in zip(desk.hopper, ("102", None), strict=True))
    desk.hopper.clear()
    desk.hopper.extend([mine, anybodys])
    one = await seat(world, "101")
    await in_call(world, one)
    assert [request.channel for request in world.telephony.requests] == [f"PJSIP/{anybodys.number[1:]}@carrier"]
    three = await seat(world, "103")
    await until(lambda: desk.why == "all who are due wait for their own agents")
    two = await seat(world, "102")
    await in_call(world, two)
    assert three.state is AgentState.READY
