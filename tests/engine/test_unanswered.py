"""Numbers that nobody ever answers, and attempts whose disposition puts a number on a list."""

import asyncio
from datetime import timedelta

import pytest

from ami_dialer.config.lists import DoNotCall
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.months import later_by, months_later
from ami_dialer.engine.schedule import Job, Schedule
from ami_dialer.rules.unanswered import ANSWERED, UNANSWERED, UNKNOWN
from ami_dialer.store import attempts, dnc, unanswered
from ami_dialer.store.writer import Writer
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import attempt_on, claimed, number, rows

pytestmark = pytest.mark.journey

E = EndReason


@pytest.fixture
async def past(database, clock):
    """Writes attempts that have ended, a minute apart."""
    [one] = await claimed(database, 1, clock.now())
    writer = Writer(database, 0.0)
    writer.start()

    async def write(*ends):
        for end in ends:
            clock.advance(60)
            attempt = attempt_on(one, clock.now())
            attempt.end(end, clock.now())
            await writer.put(attempts.new(attempt))

    yield write
    await writer.stop(10)


async def found(database, clock, times=3, minutes=60):
    [(key,)] = await rows(database, "SELECT id FROM dnc_lists WHERE is_global")
    return await unanswered.find(database, key, times, clock.now() - timedelta(minutes=minutes), clock.now())


def test_every_end_reason_is_judged():
    assert set(EndReason) == UNANSWERED | UNKNOWN | ANSWERED
    assert not UNANSWERED & UNKNOWN


async def test_so_many_in_a_row_without_an_answer_are_found(database, clock, past):
    await past(E.NO_ANSWER, E.BUSY)
    assert await found(database, clock) == []
    await past(E.CONGESTION)
    assert await found(database, clock) == [number(0)]
    assert await found(database, clock, times=4) == []
    clock.advance(7_200)
    assert await found(database, clock) == []  # looked at before


async def test_an_answer_begins_the_count_anew_and_what_was_not_placed_is_passed_over(database, clock, past):
    await past(E.BUSY, E.BUSY, E.MACHINE, E.BUSY, E.FAILED, E.BUSY, E.LOST, E.CANCELLED)
    assert await found(database, clock) == []
    await past(E.INVALID_NUMBER)
    assert await found(database, clock) == [number(0)]


async def test_who_was_on_the_list_before_needs_as_many_again(database, clock, past):
    await past(E.BUSY, E.BUSY, E.BUSY)
    month = clock.now() + timedelta(days=30)
    await dnc.add(database, "global", [number(0)], reason="r", source="unanswered", now=clock.now(), expires_at=month)
    await past(E.BUSY, E.BUSY, E.BUSY)
    assert await found(database, clock) == []  # it stands on it
    await dnc.remove(database, "global", [number(0)], clock.now())
    await past(E.BUSY, E.BUSY)
    assert await found(database, clock) == []
    await past(E.BUSY)
    assert await found(database, clock) == [number(0)]


async def test_the_dialer_puts_them_on_the_global_list_for_some_months(house, database):
    world = house(retry={"rules": {"busy": {"after": "0.01s", "max": 5}}}, dnc=["opt-outs"])
    settings = DoNotCall.model_validate({"unanswered": {"attempts": 2}})
    world.config = world.config.model_copy(update={"do_not_call": settings})
    world.people("3015550100,Ann")
    world.telephony.default = Plan(cause=17)
    engine = await world.start()
    await until(lambda: len(world.telephony.ever) >= 2)
    await until(lambda: engine.floor.writer.waiting == 0)
    [job] = [job for job in engine._schedule._jobs if "nobody answers" in job.name]
    await until(lambda: engine.idle)
    await job.work()
    [entry] = await dnc.entries(database)
    assert (entry.list_name, entry.number, entry.source) == ("global", "+13015550100", "unanswered")
    assert entry.reason == "2 attempts in a row without an answer"
    assert entry.expires_at == months_later(entry.added_at, 12)


async def test_a_disposition_puts_a_number_on_the_opt_out_list(house, database):
    world = house(dnc_dispositions=["Invalid Number"])
    world.people("3015550100,Ann")
    world.telephony.default = Plan(cause=1)
    await world.run_until_done()
    [entry] = await dnc.entries(database)
    assert (entry.list_name, entry.number, entry.source) == ("opt-outs", "+13015550100", "disposition")
    assert entry.reason == "a call ended as Invalid Number"
    assert await rows(database, "SELECT attempt_id IS NOT NULL FROM dnc_entries") in ([(1,)], [(True,)])


async def test_a_job_that_fails_stops_no_other_and_is_tried_again():
    done = []

    async def breaks():
        done.append("breaks")
        raise StoreError("away") if len(done) < 3 else RuntimeError("bug")

    async def works():
        done.append("works")

    schedule = Schedule([Job("a", 0.01, breaks), Job("b", 0.01, works)], asyncio.get_running_loop().time)
    schedule.start()
    await until(lambda: done.count("breaks") > 2 and done.count("works") > 2)
    await schedule.stop()
    told = len(done)
    await asyncio.sleep(0.03)
    assert len(done) == told


def test_months_end_where_the_month_ends(clock):
    january = clock.now().replace(year=2027, month=1, day=31)
    assert months_later(january, 1).date().isoformat() == "2027-02-28"
    assert months_later(january, 13).date().isoformat() == "2028-02-29"
    assert later_by(january, "1y") == months_later(january, 12)
    assert later_by(january, "2w") == january + timedelta(days=14)
    assert later_by(january, "soon") is None
