"""Campaigns that start by their schedule, on a clock that the test sets."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.domain.errors import DialerError
from ami_dialer.store import campaigns, dnc, documents, pausing, runs, schedules
from tests.engine.waiting import until_rows
from tests.fakes.telephony import FakeTelephony, Plan
from tests.journey.conftest import until
from tests.store.world import number

pytestmark = pytest.mark.journey

NEW_YORK = "America/New_York"


class SetClock:
    """Goes on by itself from where the test has set it. Implements ports.Clock."""

    def __init__(self, at):
        self.set(at)

    def set(self, at):
        self._at, self._since = at, time.monotonic()

    def now(self):
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def monotonic(self):
        return time.monotonic()


def utc(*figures):
    return datetime(*figures, tzinfo=UTC)


@pytest.fixture
def planned(house):
    """A dialer whose campaign has a schedule, at a moment."""

    def build(at, people=2, **schedule):
        hours = {"earliest": "0:00", "latest": "24:00", **schedule.pop("hours", {})}
        world = house(schedule={"zone": NEW_YORK, **schedule}, hours=hours)
        world.people(*(f"{number(index)},P" for index in range(people)))
        world.clock = SetClock(at)
        world.telephony = FakeTelephony("pbx", world.clock)
        world.telephony.default = Plan(cause=1)
        return world

    return build


async def status(world):
    return (await campaigns.standing(world.database, "survey")).status


async def begun(world, count):
    """Wait until so many runs have begun and the calls of the last one are over."""

    def over():
        return len(world.telephony.requests) >= count

    await until(over)


async def in_force(world):
    """Start the dialer and wait until it has read the schedule."""
    at = world.clock.now()
    await world.prepare()
    world.clock.set(at)  # on a busy machine that took longer than the second that is left until the start
    await schedules.apply(world.database, world.clock.now(), "UTC")
    return await world.start()


async def audited(world, action):
    return [detail for (detail,) in await world.rows(f"SELECT detail FROM audit_records WHERE action = '{action}'")]


async def test_it_starts_at_its_time_and_each_time_with_the_whole_list(planned):
    world = planned(utc(2026, 3, 6, 13, 59, 59), start="2026-03-06 09:00", every="day", until="2026-03-08")
    engine = await in_force(world)
    assert await status(world) == "scheduled"
    await begun(world, 2)
    await until(lambda: engine.idle)
    assert await status(world) == "scheduled"
    world.clock.set(utc(2026, 3, 7, 13, 59, 59))
    await begun(world, 4)
    await until(lambda: engine.idle)
    # The clocks of New York went forward: nine o'clock comes an hour earlier.
    world.clock.set(utc(2026, 3, 8, 12, 59, 59))
    await begun(world, 6)
    await until(lambda: engine.idle)
    assert await status(world) == "completed"
    await engine.stop(1.0)
    started = await world.rows("SELECT scheduled_at, state FROM runs ORDER BY id")
    assert [(str(at)[:16], state) for at, state in started] == [
        ("2026-03-06 14:00", "completed"),
        ("2026-03-07 14:00", "completed"),
        ("2026-03-08 13:00", "completed"),
    ]


async def test_its_end_ends_the_run_and_the_next_start_is_waited_for(planned):
    world = planned(
        utc(2026, 3, 2, 13, 59, 59), people=5, start="2026-03-02 09:00", end="2026-03-02 10:00", every="week"
    )
    world.config.campaigns["survey"] = world.config.campaigns["survey"].model_copy(update={"max_calls": 1})
    world.telephony.default = Plan(stays=True)
    engine = await in_force(world)
    await until(lambda: world.telephony.live)
    world.clock.set(utc(2026, 3, 2, 15, 0, 0))
    await until(lambda: not engine.floor.runs)
    for attempt in list(world.telephony.live):
        world.telephony.end(attempt, 16)
    await until(lambda: engine.idle)
    await engine.stop(1.0)
    assert len(world.telephony.requests) == 1
    assert await world.rows("SELECT state, why FROM runs") == [
        ("completed", "the end of its schedule came, 2026-03-02 15:00 UTC")
    ]
    standing = await campaigns.standing(world.database, "survey")
    assert (standing.status, standing.next_start_at) == ("scheduled", utc(2026, 3, 9, 13))


async def test_a_run_that_still_goes_on_is_stopped_by_the_next_start(planned):
    world = planned(utc(2026, 3, 2, 13, 59, 59), people=1, start="2026-03-02 09:00", every="day")
    world.telephony.default = Plan(stays=True)
    engine = await in_force(world)
    await until(lambda: world.telephony.live)
    world.clock.set(utc(2026, 3, 3, 13, 59, 59))
    await until(lambda: list(engine.floor.runs) == [2])
    for attempt in list(world.telephony.live):
        world.telephony.end(attempt, 16)
    await until(lambda: len(world.telephony.requests) == 2)
    assert await world.rows("SELECT state, why FROM runs ORDER BY id") == [
        ("stopped", "the next start of its schedule came, 2026-03-03 14:00 UTC"),
        ("running", None),
    ]
    assert await runs.stop(world.database, "survey", world.clock.now()) == 2
    assert await status(world) == "scheduled"  # a stop ends this instance only
    for attempt in list(world.telephony.live):
        world.telephony.end(attempt, 16)
    await until(lambda: engine.idle)
    await engine.stop(1.0)


async def test_a_start_that_was_missed_is_made_good_within_the_hour_and_older_ones_are_left_out(planned):
    world = planned(utc(2026, 3, 2, 13), start="2026-03-02 09:00", every="day")
    await world.prepare()
    await schedules.apply(world.database, world.clock.now(), "UTC")
    world.clock.set(utc(2026, 3, 4, 14, 30))
    engine = await world.start()
    await until(lambda: len(world.telephony.requests) == 2 and engine.idle)
    await engine.stop(1.0)
    [(at,)] = await world.rows("SELECT scheduled_at FROM runs")
    assert str(at).startswith("2026-03-04 14:00")
    [missed] = await audited(world, "campaign.missed")
    assert '"count":2' in missed
    assert "the dialer was not running" in missed


@pytest.mark.parametrize(("missed", "at"), [("catch-up", (15, 1)), ("skip", (14, 3))])
async def test_a_start_that_it_is_too_late_for_is_left_out_and_told(planned, missed, at):
    world = planned(utc(2026, 3, 2, 13), start="2026-03-02 09:00", missed=missed)
    await world.prepare()
    await schedules.apply(world.database, world.clock.now(), "UTC")
    world.clock.set(utc(2026, 3, 2, *at))
    engine = await world.start()
    await until_rows(world, "SELECT status FROM campaigns", [("failed",)])
    await engine.stop(1.0)
    standing = await campaigns.standing(world.database, "survey")
    assert standing.status == "failed"
    assert standing.trouble == "the start of 2026-03-02 14:00 UTC was not made: the dialer was not running"
    assert await world.rows("SELECT count(*) FROM runs") == [(0,)]


async def test_a_start_while_the_campaign_is_paused_is_left_out(planned):
    world = planned(utc(2026, 3, 2, 14, 0, 1), start="2026-03-02 09:00", every="day")
    await world.prepare()
    await schedules.apply(world.database, utc(2026, 3, 2, 13), "UTC")
    key, _ = await documents.load_campaign(world.database, "survey")
    assert (await schedules.begin(world.database, key, world.clock.now(), "UTC")).run == 1
    await pausing.pause(world.database, "survey", world.clock.now())
    world.clock.set(utc(2026, 3, 3, 14, 0, 1))
    begun = await schedules.begin(world.database, key, world.clock.now(), "UTC")
    assert (begun.run, begun.why, begun.next_start_at) == (None, "the campaign was paused", utc(2026, 3, 4, 14))
    assert await status(world) == "paused"


async def test_a_start_without_contacts_waits_for_them_and_is_left_out_in_the_end(planned):
    world = planned(utc(2026, 3, 2, 14, 0, 1), people=0, start="2026-03-02 09:00")
    await world.prepare()
    await schedules.apply(world.database, utc(2026, 3, 2, 13), "UTC")
    key, _ = await documents.load_campaign(world.database, "survey")
    with pytest.raises(DialerError, match=r"its lists \(people\) hold no contacts"):
        await schedules.begin(world.database, key, world.clock.now(), "UTC")
    assert await status(world) == "scheduled"
    late = utc(2026, 3, 2, 15, 0, 1)
    assert (await schedules.begin(world.database, key, late, "UTC", "its lists hold no contacts")).run is None
    assert (await campaigns.standing(world.database, "survey")).trouble.endswith("its lists hold no contacts")


async def test_a_quarter_of_an_hour_before_a_start_its_lists_are_read_anew_and_scrubbed(planned):
    world = planned(utc(2026, 3, 2, 13, 30), start="2026-03-02 09:00")
    engine = await in_force(world)
    world.people(*(f"{number(index)},P" for index in range(4)))
    await dnc.add(world.database, "opt-outs", [number(3)], reason="asked", source="cli", now=world.clock.now())
    world.clock.set(utc(2026, 3, 2, 13, 45))
    await until_rows(world, "SELECT count(*) FROM list_members", [(4,)])
    await until(lambda: not engine._planned._preparing)
    assert world.telephony.requests == []
    world.clock.set(utc(2026, 3, 2, 14))
    await until(lambda: len(world.telephony.requests) == 3 and engine.idle)
    await engine.stop(1.0)
    assert await world.rows("SELECT count(*) FROM enrolments WHERE exclusion = 'dnc'") == [(1,)]


async def test_with_precedence_contactable_timings_do_not_bind_between_start_and_end(planned):
    hours = {"windows": {"sun": "9:00-10:00"}}
    world = planned(
        utc(2026, 3, 2, 13, 59, 59),
        start="2026-03-02 09:00",
        end="2026-03-02 17:00",
        precedence=True,
        hours=hours,
    )
    engine = await in_force(world)
    await until(lambda: len(world.telephony.requests) == 2 and engine.idle)
    await engine.stop(1.0)


async def test_without_precedence_they_bind(planned):
    hours = {"windows": {"sun": "9:00-10:00"}}
    world = planned(utc(2026, 3, 2, 13, 59, 59), start="2026-03-02 09:00", end="2026-03-02 17:00", hours=hours)
    engine = await in_force(world)
    await until_rows(world, "SELECT count(*) FROM enrolments WHERE held_by IS NOT NULL", [(2,)])
    assert world.telephony.requests == []
    await engine.stop(1.0)
