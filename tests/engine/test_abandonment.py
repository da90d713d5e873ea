"""Abandoned calls: what each call leaves in the ledger, the fall-back to one call at a time, the message."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ami_dialer.config.flow import Flow
from ami_dialer.domain.abandonment import AnsweredCall, AnswerOutcome, Counts, Ledger, hour_of
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.engine.guard import Guard
from ami_dialer.ports import SoundMissingError, SpeechFailedError
from ami_dialer.rules.abandonment import Connect, Measure
from ami_dialer.store import documents, runs
from tests.engine.line import HeldLeg, ended, lines
from tests.fakes.speech import FakeSpeech
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until

pytestmark = pytest.mark.journey

O = AnswerOutcome  # noqa: E741 - short for tables
MACHINE = AmdFacts("MACHINE", "MAXWORDS-3-2")
MESSAGE = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"say": "This was us."},
                {"ask": {"name": "stop", "prompt": {"play": "press-9"}, "valid": ["9"], "retries": 0}},
                {"branch": {"answer": "stop", "when": {"9": "out"}}},
            ],
            "out": [{"opt_out": {"prompt": {"play": "removed"}}}],
        }
    }
)


async def ledger(world):
    return await world.rows("SELECT outcome, delay_ms FROM answered_calls ORDER BY attempt_id")


def with_message(world):
    world.config.flows["sorry"] = MESSAGE
    return world


@pytest.fixture
def broken(monkeypatch):
    """The prompts of the survey are missing; those of the message are there."""
    play = FakeLeg.play

    async def missing(leg, sound, keys=""):
        if sound.startswith("ami-dialer/") or sound == "spoken/survey":
            raise SoundMissingError(sound)
        return await play(leg, sound, keys)

    async def spoken(_self, text, _voice):
        return "spoken/message" if text == "This was us." else "spoken/survey"

    monkeypatch.setattr(FakeLeg, "play", missing)
    monkeypatch.setattr(FakeSpeech, "sound_for", spoken)


@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        (Plan(answers=True, presses=("1",)), O.CONNECTED),
        (Plan(answers=True, presses=("1",), hangs_up_after=1), O.CONNECTED),
        (Plan(answers=True, amd=AmdFacts(), presses=("1",)), O.CONNECTED),
        (Plan(answers=True, amd=MACHINE), O.MACHINE),
        (Plan(answers=True, amd=AmdFacts("MACHINE", "INITIALSILENCE-2500-2500")), O.MACHINE),
    ],
)
async def test_each_answered_call_is_entered_with_its_end(house, plan, outcome):
    world = house(retry={"max_attempts": 1})
    world.people("+12125550100,Ann")
    world.telephony.default = plan
    await world.run_until_done()
    [(found, delay)] = await ledger(world)
    assert found == outcome
    assert (delay is not None) == (outcome is O.CONNECTED)
    [(answered, greeting_end)] = await world.rows("SELECT answered_at, greeting_end_at FROM attempts")
    assert (greeting_end is not None) == (plan.amd != MACHINE)  # its greeting went on when AMD spoke
    assert answered is not None


@pytest.mark.parametrize("plan", [Plan(cause=17), Plan(answers=True, amd=AmdFacts("FAX", "TONE-2100"))])
async def test_what_no_person_can_have_answered_is_not_entered(house, plan):
    world = house(retry={"max_attempts": 1})
    world.people("+12125550100,Ann")
    world.telephony.default = plan
    await world.run_until_done()
    assert await ledger(world) == []


async def test_who_heard_only_the_closing_prompt_was_abandoned(house, broken):
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True)
    await world.run_until_done()
    assert await ledger(world) == [("abandoned", None)]
    assert [reason for _, reason in await world.ends()] == ["flow_failed"]


async def test_a_flow_that_breaks_after_it_was_heard_abandoned_nobody(house, monkeypatch):
    async def missing_question(self, text, _voice):
        if text == "One or two?":
            raise SpeechFailedError("espeak-ng ended with 1")
        return "spoken/hello"

    monkeypatch.setattr(FakeSpeech, "sound_for", missing_question)
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True)
    await world.run_until_done()
    [(outcome, _)] = await ledger(world)
    assert (outcome, (await world.ends())[0][1]) == ("connected", "flow_failed")


async def test_who_is_talked_to_too_late_was_abandoned_although_the_flow_ran(house, monkeypatch):
    async def slow(self, text, _voice):
        await asyncio.sleep(0.05)
        return "spoken/late"

    monkeypatch.setattr(FakeSpeech, "sound_for", slow)
    monkeypatch.setattr(Guard, "connect", lambda _guard, _number: Connect(0.01))
    world = house()
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True, presses=("1",))
    await world.run_until_done()
    [(outcome, delay)] = await ledger(world)
    assert outcome == "abandoned"
    assert delay > 10
    assert (await world.ends())[0][1] == "completed"


async def test_who_hangs_up_at_once_left_and_was_not_abandoned(house):
    world = house()
    [line] = await lines(world, 1)
    line.answer()
    line.classify("HANGUP", "")
    line.end()
    assert (await ended(line))[0] == "abandoned"  # nothing was said to them
    assert await ledger(world) == [("left", None)]


async def test_whom_the_dialplan_could_not_hand_over_was_abandoned(house):
    world = house()
    [line] = await lines(world, 1)
    line.answer()
    line.classify("HUMAN", "HUMAN-820-800")
    line.unserved()
    line.end()
    assert (await ended(line))[0] == "flow_failed"
    assert await ledger(world) == [("abandoned", None)]


async def test_a_call_that_vanished_while_nobody_watched_counts_as_abandoned(house):
    world = house()
    [line] = await lines(world, 1)
    line.answer()
    world.telephony.link(up=False)
    world.telephony.live.clear()
    world.telephony.link(up=True)
    assert (await ended(line))[0] == "lost"
    assert await ledger(world) == [("abandoned", None)]


async def test_a_call_that_went_to_a_dialplan_was_connected_when_amd_had_said_person(house):
    world = house(dialplan="agents")
    [line] = await lines(world, 1)
    line.answer()
    line.classify("HUMAN", "HUMAN-820-800")
    line.end()
    assert (await ended(line))[0] == "connected"
    [(outcome, delay)] = await ledger(world)
    assert (outcome, delay is not None) == ("connected", True)


async def test_who_hangs_up_while_amd_listens_never_came_to_the_dialplan(house):
    world = house(dialplan="agents")
    [line] = await lines(world, 1)
    line.answer()
    line.classify("HANGUP", "")
    line.end()
    await ended(line)
    assert await ledger(world) == [("left", None)]


async def test_a_call_that_was_cut_off_before_anything_was_said_was_abandoned(house, monkeypatch):
    hold = asyncio.Event()

    async def never(self, text, _voice):
        await hold.wait()
        return "spoken/never"

    monkeypatch.setattr(FakeSpeech, "sound_for", never)
    world = house()
    [line] = await lines(world, 1)
    line.answer()
    leg = line.leg(Plan())
    await until(lambda: line.attempt.flow_at is not None)
    stop = asyncio.create_task(world.engine.stop(0.0))
    await until(lambda: line.id not in world.telephony.live)
    leg.over.set()
    hold.set()
    await stop
    assert await ledger(world) == [("abandoned", None)]


async def at_the_limit(world, abandoned=3):
    """The campaign's ledger as it is when the limit is passed."""
    await world.prepare()
    key = await documents.campaign_id(world.database, "survey")
    now = world.clock.now()
    rows = [(hour_of(now), O.CONNECTED, 20), (hour_of(now), O.ABANDONED, abandoned)]
    return key, Ledger(rows, now)


async def test_at_the_limit_one_call_at_a_time_is_placed_until_it_is_connected(house, monkeypatch):
    world = house(max_calls=10)
    world.people(*(f"+1212555{index:04d},P" for index in range(4)))
    world.telephony.default = Plan(stays=True)
    key, past = await at_the_limit(world)

    async def load(_database, campaign_id, _since):
        assert campaign_id == key
        return past

    monkeypatch.setattr("ami_dialer.store.abandonment.load", load)
    with capture_logs() as logs:
        engine = await world.start()
        [desk] = engine.floor.runs.values()
        await until(lambda: "one call at a time" in desk.why)
        await until(lambda: len(world.telephony.live) == 1)
        assert desk.why == (
            "13 % of the calls answered live are abandoned and the campaign's limit is 3 %: one call at a time"
        )
        [first] = world.telephony.live
        leg = HeldLeg(first, Plan(presses=("1",)))
        serving = asyncio.create_task(world.telephony.on_leg(leg))
        await until(lambda: len(world.telephony.live) == 2)  # the first one is in its flow
        await until(lambda: "one call at a time" in desk.why)
        assert len(world.telephony.live) == 2
        leg.release.set()
        await serving
        world.telephony.end(first, 16)
        await until(lambda: first not in engine.floor.calls)
    begun = [log for log in logs if log.get("action") == "abandonment_limit_reached"]
    assert [(log["campaign"], log["rule"], log["log_level"]) for log in begun] == [("survey", "campaign", "warning")]


async def test_after_a_restart_the_ledger_is_what_it_was(house, broken):
    world = house(max_calls=1)
    world.people(*(f"+1212555{index:04d},P" for index in range(3)))
    world.telephony.default = Plan(answers=True)
    engine = await world.start()
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    world.people(*(f"+1212555{index:04d},P" for index in range(6)))
    engine = await world.start()
    key = await documents.campaign_id(world.database, "survey")
    await runs.start(world.database, key, world.config.campaigns["survey"], world.clock.now())
    await until(lambda: engine.floor.runs)
    [desk] = engine.floor.runs.values()
    since = world.clock.now() - timedelta(days=30)
    assert desk.abandonment.ledger.since(since).abandoned >= 3
    assert desk.abandonment.held is not None


async def test_whose_flow_broke_hears_the_message_and_may_opt_out(house, broken):
    world = with_message(house(abandonment={"message": "sorry"}))
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(answers=True, presses=("9",))
    await world.run_until_done()
    [leg] = world.telephony.legs.values()
    assert leg.heard == ["spoken/message", "press-9", "removed"]
    assert [reason for _, reason in await world.ends()] == ["flow_failed"]
    assert await world.rows("SELECT number, source FROM dnc_entries") == [("+12125550100", "flow")]
    assert await world.rows("SELECT question, digits FROM answers") == [("stop", "9")]
    assert await ledger(world) == [("abandoned", None)]


async def test_there_is_no_room_for_a_call_then_it_hears_the_message(house):
    world = with_message(house(abandonment={"message": "sorry"}))
    [line] = await lines(world, 1)
    [desk] = world.engine.floor.runs.values()
    line.answer()
    line.classify("HUMAN", "HUMAN-820-800")
    leg = FakeLeg(line.id, Plan(presses=("9",)))
    leg.crowded = "1 calls are being served; fastagi.max_calls allows no more"
    with capture_logs() as logs:
        await world.telephony.on_leg(leg)
    line.end()
    assert await ended(line) == ("flow_failed", leg.crowded)
    assert leg.heard[1:] == ["press-9", "removed"]
    assert leg.over.is_set()
    assert await world.rows("SELECT number FROM dnc_entries") == [("+12125550000",)]
    assert await ledger(world) == [("abandoned", None)]
    assert [log["why"] for log in logs if log["event"] == "a call is not served"] == [leg.crowded]
    assert desk.broken_flows == 0  # no fault of the flow


async def test_there_is_no_room_for_a_call_without_a_message_then_it_hears_the_closing_prompt(house):
    world = house()
    [line] = await lines(world, 1)
    line.answer()
    leg = FakeLeg(line.id, Plan())
    leg.crowded = "full"
    await world.telephony.on_leg(leg)
    line.end()
    assert (await ended(line))[0] == "flow_failed"
    assert leg.heard == ["ami-dialer/closing"]


async def test_a_machine_for_which_there_is_no_room_hears_nothing(house):
    world = with_message(house(abandonment={"message": "sorry"}))
    [line] = await lines(world, 1)
    line.answer()
    leg = FakeLeg(line.id, Plan(amd=MACHINE))
    leg.crowded = "full"
    await world.telephony.on_leg(leg)
    line.end()
    assert (await ended(line))[0] == "machine"
    assert leg.heard == []
    assert await ledger(world) == [("machine", None)]


async def test_the_message_is_spoken_before_anybody_needs_it(house):
    world = with_message(house(abandonment={"message": "sorry"}))
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: engine.floor.speech.spoken)
    assert engine.floor.speech.spoken == ["This was us."]


async def test_a_message_that_cannot_be_spoken_is_said_once(house, monkeypatch):
    async def fails(self, text, _voice):
        raise SpeechFailedError("espeak-ng is not installed")

    monkeypatch.setattr(FakeSpeech, "sound_for", fails)
    world = with_message(house(abandonment={"message": "sorry"}))
    world.people("+12125550100,Ann")
    world.telephony.default = Plan(stays=True)
    with capture_logs() as logs:
        engine = await world.start()
        await until(lambda: any("cannot be spoken" in log["event"] for log in logs))
        await engine._runs.abandonment.look()
    assert [log["why"] for log in logs if "cannot be spoken" in log["event"]] == ["espeak-ng is not installed"]


NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def call(outcome, at=NOW):
    return AnsweredCall("amid-1", 1, at, outcome, None)


def test_the_guard_says_once_when_it_begins_and_once_when_it_ends():
    guard = Guard("survey", (Measure("us.abandonment", 0.5, 86_400.0),))
    with capture_logs() as logs:
        guard.enter(call(O.ABANDONED), NOW)
        assert guard.why == ""
        guard.enter(call(O.ABANDONED), NOW)
        guard.enter(call(O.ABANDONED), NOW)
        assert "the limit of us.abandonment is 50 %" in guard.why
        for _ in range(4):
            guard.enter(call(O.CONNECTED), NOW)
        assert guard.why  # 3 of 7 are still more than 40 %
        guard.enter(call(O.CONNECTED), NOW)
        assert guard.why == ""
    assert [(log["action"], log["rate"], log["live"]) for log in logs] == [
        ("abandonment_limit_reached", 1.0, 2.0),
        ("abandonment_limit_left", 0.375, 8.0),
    ]


def test_the_guard_ends_when_the_calls_have_left_the_window():
    guard = Guard("survey", (Measure("campaign", 0.03, 86_400.0),))
    for _ in range(3):
        guard.enter(call(O.ABANDONED), NOW)
    assert guard.why
    guard.look(NOW + timedelta(hours=24))
    assert guard.why
    guard.look(NOW + timedelta(hours=25))
    assert guard.why == ""
    guard.forget(NOW + timedelta(hours=25))
    assert guard.ledger.since(NOW) == Counts()
