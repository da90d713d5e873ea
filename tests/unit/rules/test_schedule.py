"""When scheduled campaigns start."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.rules.schedule import CATCH_UP, IN_TIME, Every, Plan, Start, missed, next_start, starts, still_good

pytestmark = pytest.mark.unit
NEW_YORK = "America/New_York"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def local(*figures: int) -> datetime:
    return datetime(*figures)  # noqa: DTZ001 - wall clock of the plan's zone


def utc(*figures: int) -> datetime:
    return datetime(*figures, tzinfo=UTC)


def test_a_schedule_without_recurrence_starts_once():
    plan = Plan(local(2026, 3, 2, 9), NEW_YORK)
    assert next_start(plan, LONG_AGO) == Start(utc(2026, 3, 2, 14), None)
    assert next_start(plan, utc(2026, 3, 2, 13, 59, 59)) == Start(utc(2026, 3, 2, 14), None)
    assert next_start(plan, utc(2026, 3, 2, 14)) is None


@pytest.mark.parametrize(
    ("every", "interval", "second"),
    [
        (Every.DAY, 1, (2026, 3, 3)),
        (Every.DAY, 3, (2026, 3, 5)),
        (Every.WEEK, 1, (2026, 3, 9)),
        (Every.WEEK, 2, (2026, 3, 16)),
        (Every.MONTH, 1, (2026, 4, 2)),
        (Every.MONTH, 6, (2026, 9, 2)),
        (Every.YEAR, 1, (2027, 3, 2)),
    ],
)
def test_it_recurs_every_n(every, interval, second):
    plan = Plan(local(2026, 3, 2, 9), NEW_YORK, every=every, interval=interval)
    first, after = islice(starts(plan, LONG_AGO), 2)
    assert first.at == utc(2026, 3, 2, 14)
    assert after.at.astimezone(ZoneInfo(NEW_YORK)).replace(tzinfo=None) == local(*second, 9)


def test_it_stays_at_its_time_on_the_wall_clock_over_both_changes_of_the_clock():
    plan = Plan(local(2026, 3, 7, 9), NEW_YORK, local(2026, 3, 7, 17), Every.DAY)
    assert [start.at.hour for start in islice(starts(plan, LONG_AGO), 2)] == [14, 13]
    autumn = Plan(local(2026, 10, 31, 9), NEW_YORK, local(2026, 10, 31, 17), Every.DAY)
    assert [(start.at.hour, start.ends_at.hour) for start in islice(starts(autumn, LONG_AGO), 2)] == [
        (13, 21),
        (14, 22),
    ]


def test_a_time_that_the_clock_skips_is_taken_with_the_offset_before():
    plan = Plan(local(2026, 3, 7, 2, 30), NEW_YORK, every=Every.DAY)
    assert [start.at for start in islice(starts(plan, LONG_AGO), 3)] == [
        utc(2026, 3, 7, 7, 30),
        utc(2026, 3, 8, 7, 30),
        utc(2026, 3, 9, 6, 30),
    ]


def test_of_a_time_that_comes_twice_the_first_is_meant():
    plan = Plan(local(2026, 11, 1, 1, 30), NEW_YORK)
    assert next_start(plan, LONG_AGO).at == utc(2026, 11, 1, 5, 30)


def test_a_month_without_the_day_is_passed_over():
    plan = Plan(local(2026, 1, 31, 9), "UTC", every=Every.MONTH)
    assert [start.at.month for start in islice(starts(plan, LONG_AGO), 4)] == [1, 3, 5, 7]
    leap = Plan(local(2024, 2, 29, 9), "UTC", every=Every.YEAR)
    assert [start.at.year for start in islice(starts(leap, LONG_AGO), 2)] == [2024, 2028]


def test_it_ends_with_its_last_day():
    plan = Plan(local(2026, 3, 2, 9), NEW_YORK, every=Every.DAY, until=local(2026, 3, 4, 9))
    assert len(list(starts(plan, LONG_AGO))) == 3
    assert next_start(plan, utc(2026, 3, 4, 14)) is None


def test_what_was_missed_is_made_good_for_a_while():
    plan = Plan(local(2026, 3, 2, 9), NEW_YORK, local(2026, 3, 2, 9, 30), Every.DAY)
    down_since, back = utc(2026, 3, 1, 12), utc(2026, 3, 4, 14, 20)
    found = missed(plan, down_since, back)
    assert [start.at.day for start in found] == [2, 3, 4]
    assert [still_good(plan, start, back) for start in found] == [False, False, True]
    assert not still_good(plan, found[2], utc(2026, 3, 4, 14, 30))  # it would be over
    endless = Start(utc(2026, 3, 2, 14), None)
    once = Plan(local(2026, 3, 2, 9), NEW_YORK)
    assert still_good(once, endless, endless.at + CATCH_UP)
    assert not still_good(once, endless, endless.at + CATCH_UP + timedelta(seconds=1))


def test_a_start_that_was_missed_is_left_out_where_the_schedule_wants_it_so():
    plan = Plan(local(2026, 3, 2, 9), NEW_YORK, catch_up=False)
    start = Start(utc(2026, 3, 2, 14), None)
    assert still_good(plan, start, start.at + IN_TIME)
    assert not still_good(plan, start, start.at + IN_TIME + timedelta(seconds=1))


@given(
    every=st.sampled_from(Every),
    interval=st.integers(1, 400),
    start=st.datetimes(local(2020, 1, 1), local(2030, 1, 1)),
    after=st.datetimes(local(2020, 1, 1), local(2040, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from([NEW_YORK, "Europe/London", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_the_next_start_is_later_and_no_other_lies_between(every, interval, start, after, zone):
    plan = Plan(start, zone, every=every, interval=interval)
    found = next_start(plan, after)
    assert found is not None
    assert found.at > after
    assert missed(plan, after, found.at) == [found]
    assert missed(plan, after, found.at - timedelta(microseconds=1)) == []
