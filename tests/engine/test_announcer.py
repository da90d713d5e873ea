"""What the outside is told of the way of a contact."""

import pytest

from ami_dialer.domain.calls import AmdFacts
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.events import EventName
from ami_dialer.store import dnc, runs
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import number

pytestmark = pytest.mark.journey
N = EventName


async def test_a_person_who_answers_and_opts_out_is_told_station_by_station(house):
    world = house()
    world.people(f"{number(1)},Ada")
    world.telephony.default = Plan(answers=True, presses=("9",))
    await world.run_until_done()
    assert world.events.names(number(1)) == [
        N.DIALLED,
        N.RINGING,
        N.ANSWERED,
        N.CLASSIFIED,
        N.FLOW_STARTED,
        N.ANSWER,
        N.OPTED_OUT,
        N.ENDED,
        N.FINISHED,
    ]
    [answer] = world.events.of(N.ANSWER)
    assert (answer["digits"], answer["valid"]) == ("9", True)
    [end] = world.events.of(N.ENDED)
    assert (end["end_reason"], end["disposition"]) == ("opted_out", "Opted Out")
    [row] = await world.rows("SELECT id, run_id, contact_id, enrolment_id FROM attempts")
    assert (end["attempt"], end["run"], end["contact"], end["enrolment"]) == row


async def test_a_busy_number_is_told_to_be_called_again(house):
    world = house()
    world.people(f"{number(1)},Ada")
    world.telephony.default = Plan(cause=17)
    await world.run_until_done()
    assert world.events.names(number(1)) == [
        *(N.DIALLED, N.RINGING, N.ENDED, N.RETRY),
        *(N.DIALLED, N.RINGING, N.ENDED, N.FINISHED),
    ]
    [again] = world.events.of(N.RETRY)
    assert again["due_at"] is not None


async def test_a_run_is_told_to_begin_and_to_end_and_its_status_is_kept(house):
    world = house()
    world.people(f"{number(1)},Ada", f"{number(2)},Bo")
    world.telephony.default = Plan(answers=True, amd=AmdFacts("MACHINE", "LONGGREETING-2500-2500"))
    await world.run_until_done()
    assert world.events.names()[0] is N.RUN_STARTED
    assert world.events.names()[-1] is N.RUN_ENDED
    assert [(campaign, state) for campaign, state, _ in world.events.statuses] == [
        ("survey", "running"),
        ("survey", "completed"),
    ]
    assert world.events.statuses[-1][2]["attempts"] == 2
    assert world.events.stopped


async def test_a_run_that_is_stopped_from_outside_is_told(house):
    world = house(max_calls=1)
    world.people(f"{number(1)},Ada", f"{number(2)},Bo")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 1)
    [run_id] = engine.floor.runs
    await runs.end(world.database, run_id, RunState.STOPPED, world.clock.now())
    await until(lambda: world.events.statuses[-1][:2] == ("survey", "stopped"))
    await engine.stop(0.0)


async def test_who_came_on_a_do_not_call_list_since_is_told_to_be_excluded(house):
    world = house(max_calls=1)
    world.people(f"{number(1)},Ada", f"{number(2)},Bo")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: len(world.telephony.live) == 1)
    await dnc.add(world.database, "opt-outs", [number(2)], reason="asked", source="cli", now=world.clock.now())
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    [excluded] = world.events.of(N.EXCLUDED)
    assert (excluded["count"], excluded["exclusion"]) == (1, "dnc")


async def test_who_may_not_be_called_now_is_told_by_rule_and_not_one_by_one(house):
    world = house(hours={"earliest": "0:00", "latest": "24:00", "blocked_states": ["US-NY"]})
    world.people(*(f"{number(index)},P" for index in range(5)))
    await world.run_until_done()
    assert N.DIALLED not in world.events.names()
    assert [(one["count"], one["exclusion"]) for one in world.events.of(N.EXCLUDED)] == [(5, "rule")]
