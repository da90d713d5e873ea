"""Results that a flow gives its calls, and what follows from them at the end of the call."""

import pytest

from ami_dialer.config.dispositions import DispositionMeaning
from ami_dialer.config.flow import Flow
from ami_dialer.engine.outcomes import Outcomes
from ami_dialer.store import outcomes
from tests.fakes.telephony import Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

FLOW = {
    "steps": {
        "start": [
            {"ask": {"name": "offer", "prompt": "One, two or three?", "valid": ["1", "2", "3"]}},
            {"branch": {"answer": "offer", "when": {"2": "never", "3": "later"}}},
            {"disposition": "Interested"},
            "hangup",
        ],
        "never": [{"disposition": "Not Us"}, "hangup"],
        "later": [{"disposition": "Call Back"}, "hangup"],
    }
}
SALES = {
    "Interested": DispositionMeaning(qualified=True, contacted=True, positive=True, final=True),
    "Not Us": DispositionMeaning(contacted=True, do_not_call=True),
    "Call Back": DispositionMeaning(contacted=True, callback=True, callback_after="2h"),
}


async def test_the_result_that_a_flow_gives_decides_what_follows(house):
    world = house(dispositions="sales")
    world.config.flows["survey"] = Flow.model_validate(FLOW)
    world.config.disposition_sets["sales"] = SALES
    presses = {"+12125550101": "1", "+12125550102": "2", "+12125550103": "3"}
    world.people(*(f"{number},Ann" for number in presses))
    for number, key in presses.items():
        world.telephony.plans[number.removeprefix("+")] = Plan(answers=True, presses=(key,))
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 3 and not engine.floor.calls)
    await engine.stop(1.0)
    assert await world.rows("SELECT number, outcome, disposition FROM attempts ORDER BY number") == [
        ("+12125550101", "Interested", "Completed"),
        ("+12125550102", "Not Us", "Completed"),
        ("+12125550103", "Call Back", "Completed"),
    ]
    assert await world.rows("SELECT number, state FROM enrolments ORDER BY number") == [
        ("+12125550101", "done"),
        ("+12125550102", "done"),
        ("+12125550103", "waiting"),
    ]
    assert await world.rows("SELECT number, source, state FROM callbacks") == [
        ("+12125550103", "disposition", "waiting")
    ]
    assert await world.rows("SELECT number, reason, source FROM dnc_entries") == [
        ("+12125550102", "a call ended as Not Us", "disposition")
    ]
    found = await world.rows("SELECT number, granted, scope, source, honour_by IS NOT NULL FROM consents")
    assert [tuple(row) for row in found] == [("+12125550102", False, "*", "key", True)]
    [(detail,)] = await world.rows("SELECT detail FROM audit_records WHERE action = 'call' AND detail LIKE '%Not Us%'")
    assert '"opted_out":true' in detail.replace(" ", "")


async def test_what_somebody_gives_to_a_call_that_goes_on_holds_when_it_is_over(house):
    world = house(dialplan="agents", retry={"rules": {"connected": {"after": "1h"}}}, dispositions="sales")
    world.config.disposition_sets["sales"] = SALES
    world.people("+12125550101,Ann")
    world.telephony.default = Plan(answers=True, stays=True)
    engine = await world.start()
    await until(lambda: any(call.connected for call in engine.floor.calls.values()))
    [key] = engine.floor.calls
    looks = Outcomes(engine.floor)
    await outcomes.give(world.database, world.config, key, "Interested", world.clock.now())
    await looks.look()
    assert engine.floor.calls[key].attempt.outcome == "Interested"
    world.telephony.end(key, 16)
    await until(lambda: not engine.floor.calls)
    await engine.stop(1.0)
    assert await world.rows("SELECT outcome, disposition FROM attempts") == [("Interested", "Connected")]
    assert await world.rows("SELECT state FROM enrolments") == [("done",)]


async def test_whoever_is_given_a_final_result_is_not_called_again_from_the_hopper_either(house):
    world = house(max_calls=1, dispositions="sales", retry={"rules": {"busy": {"after": "0.05s", "max": 3}}})
    world.config.disposition_sets["sales"] = SALES
    world.people("+12125550101,Ann", "+12125550102,Bob")
    world.telephony.plans = {"12125550101": Plan(cause=17), "12125550102": Plan(stays=True)}
    engine = await world.start()
    [desk] = engine.floor.runs.values()
    await until(lambda: len(world.telephony.live) == 1 and [one.number for one in desk.hopper] == ["+12125550101"])
    [(key,)] = await world.rows("SELECT id FROM attempts WHERE number = '+12125550101'")
    assert (await outcomes.give(world.database, world.config, key, "Interested", world.clock.now())).taken_out
    [line] = world.telephony.live
    world.telephony.end(line, 16)
    await until(lambda: not desk.hopper and not engine.floor.calls)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 2
    assert await world.rows("SELECT state FROM enrolments WHERE number = '+12125550101'") == [("done",)]


async def test_whoever_was_done_is_called_again_where_the_result_given_after_the_call_says_so(house):
    world = house(dialplan="agents", dispositions="sales")
    world.config.disposition_sets["sales"] = {"Not Home": DispositionMeaning(retry={"after": "0.05s", "max": 1})}
    world.people("+12125550101,Ann", "+12125550102,Bob")
    world.telephony.plans = {"12125550101": Plan(answers=True), "12125550102": Plan(stays=True)}
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 2 and len(engine.floor.calls) == 1)
    await until(lambda: engine.floor.writer.waiting == 0)
    [(key, state)] = await world.rows(
        "SELECT attempts.id, enrolments.state FROM attempts JOIN enrolments ON enrolments.id = enrolment_id"
        " WHERE attempts.number = '+12125550101'"
    )
    assert state == "done"
    given = await outcomes.give(world.database, world.config, key, "Not Home", world.clock.now())
    assert given.again_at is not None
    for desk in engine.floor.runs.values():
        desk.ask_again_at = 0.0  # as whoever gives it within the engine does
    await until(lambda: len(world.telephony.requests) == 3)
    await until(lambda: len(engine.floor.calls) == 1 and engine.floor.writer.waiting == 0)
    assert await world.rows("SELECT state, attempts FROM enrolments WHERE number = '+12125550101'") == [("done", 2)]
    for line in list(world.telephony.live):
        world.telephony.end(line, 16)
    await engine.stop(1.0)
