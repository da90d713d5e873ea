"""Callbacks asked for in a call, on a clock that the test moves: at their time, after a crash, when the hours open."""

from datetime import datetime, timedelta

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.callback import CallbackSource
from ami_dialer.engine import callbacks as engine_callbacks
from ami_dialer.store import callback_rows, callbacks
from ami_dialer.store.callback_writes import Wanted
from tests.engine.test_verdicts import BY_DEFAULT, ENGAGED, NEW_YORK, OPENS, at, called, settled, waiting, world
from tests.engine.waiting import until_rows
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

__all__ = ["world"]

FLOW = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"ask": {"name": "offer", "prompt": "Two for another time.", "valid": ["2"]}},
                {"callback": {"prompt": "When?", "confirm": "Until {{callback_time}}.", "outside": "Not then."}},
            ]
        }
    }
)
ANN, BOB = NEW_YORK.format(1), NEW_YORK.format(2)
#: Of OPENS, half past two in New York.
HALF_PAST_TWO = OPENS + timedelta(hours=5, minutes=30)
STATES = "SELECT number, state FROM callbacks ORDER BY number"


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(engine_callbacks, "LOOK_SECONDS", 0.02)


def enters(time):
    """Somebody who asks for a time, and does not answer the next call."""
    return Plan(answers=True, presses=("2", *time))


async def test_a_time_entered_in_a_call_goes_before_all_others_after_a_crash_too(world, clock):
    """The others have been due for an hour when the time comes, and only one call may go on at once."""
    others = [NEW_YORK.format(index) for index in range(10, 14)]
    retry = {"rules": {"busy": {"after": 16_200, "max": 1}}}
    world = world(*(f"{number},P" for number in [*others, ANN]), **BY_DEFAULT, retry=retry, max_calls=1)
    world.config.flows["survey"] = FLOW
    world.telephony.default = ENGAGED
    world.telephony.plans[ANN[1:]] = enters("1430")
    at(clock, OPENS)
    engine = await world.start()
    await until(lambda: len(called(world)) == 5)
    await settled(engine)
    assert called(world)[-1] == ANN[1:]
    assert [row[1:] for row in await waiting(world) if row[0] == ANN] == [("waiting", None, HALF_PAST_TWO)]
    await until_rows(world, "SELECT number FROM enrolments WHERE rank = 0", [(ANN,)])
    await world.kill()
    at(clock, HALF_PAST_TWO - timedelta(seconds=1))
    world.telephony.default = Plan(stays=True)
    world.telephony.plans = {}
    engine = await world.start()
    await until(lambda: len(called(world)) == 1)  # one of the others, who holds the only line
    assert called(world) != [ANN[1:]]
    at(clock, HALF_PAST_TWO)
    [desk] = engine.floor.runs.values()
    await until(lambda: desk.hopper and desk.hopper[0].number == ANN)
    [line] = world.telephony.live
    world.telephony.end(line, 17)
    await until_rows(world, STATES, [(ANN, "kept")])
    assert called(world)[1:] == [ANN[1:]]
    assert world.events.names(ANN).count("callback.kept") == 1


async def test_a_time_outside_the_hours_is_moved_or_put_off_to_their_opening(world, clock):
    """By keypad the person hears the time that it will be; what somebody else asked for waits for the hours."""
    world = world(f"{ANN},Ann", f"{BOB},Bob", **BY_DEFAULT)
    world.config.flows["survey"] = FLOW
    world.telephony.plans = {ANN[1:]: enters("2230"), BOB[1:]: ENGAGED}
    tomorrow, evening = OPENS + timedelta(days=1), OPENS + timedelta(hours=13, minutes=30)
    at(clock, OPENS)
    engine = await world.start()
    await until(lambda: len(called(world)) == 2)
    await settled(engine)
    [[key]] = await world.rows("SELECT id FROM campaigns")
    contact = await callback_rows.contact_with(world.database, key, BOB)
    wanted = Wanted(campaign_id=key, contact_id=contact, number=BOB, at=evening, source=CallbackSource.CLI)
    await callbacks.ask(world.database, wanted, clock.now())
    assert engine.floor.speech.spoken[-2:] == ["Not then.", "Until 09:00."]
    assert [row[3] for row in await waiting(world)] == [tomorrow, evening]
    at(clock, evening)
    await until_rows(world, "SELECT held_by FROM enrolments ORDER BY number", [(None,), ("campaign.hours",)])
    assert [row[3] for row in await waiting(world)] == [tomorrow, tomorrow]
    await settled(engine)
    assert len(called(world)) == 2
    at(clock, tomorrow)
    world.telephony.plans, world.telephony.default = {}, ENGAGED
    engine.floor.wake.set()
    await until(lambda: len(called(world)) == 4)
    await settled(engine)
    found = await world.rows("SELECT number, at, state FROM callbacks ORDER BY number")
    assert [(number, state) for number, _, state in found] == [(ANN, "kept"), (BOB, "kept")]
    assert datetime.fromisoformat(str(found[0][1])).replace(tzinfo=OPENS.tzinfo) == tomorrow


async def test_a_flow_that_calls_back_without_a_time_ends_with_the_attempts(world, clock):
    """Nobody named a time, so nobody is called without end."""
    world = world(f"{ANN},P", **BY_DEFAULT, retry={"max_attempts": 2})
    world.config.flows["survey"] = Flow.model_validate({"steps": {"start": [{"callback": {"in": "1h"}}]}})
    world.telephony.default = Plan(answers=True)
    at(clock, OPENS)
    engine = await world.start()
    await until_rows(world, STATES, [(ANN, "waiting")])
    await settled(engine)
    at(clock, OPENS + timedelta(hours=1))
    await until(lambda: engine.idle)
    assert len(called(world)) == 2
    assert await world.rows(STATES) == [(ANN, "kept")]
