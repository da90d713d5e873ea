"""How many calls at once, and how many a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.rules.limits import UNBOUNDED, CallLimit

pytestmark = pytest.mark.unit


def test_calls_at_once_are_counted_and_given_back():
    limit = CallLimit("carrier", max_calls=2)
    limit.take(0.0)
    limit.take(0.0)
    assert limit.room(0.0) == 0
    limit.give_back()
    assert limit.room(0.0) == 1


def test_without_a_rate_nobody_waits():
    limit = CallLimit("survey", max_calls=10)
    assert limit.room(0.0) == 10
    assert limit.wait(0.0) == 0.0


def test_a_limit_of_nothing_is_none_but_a_rate_holds_all_the_same():
    limit = CallLimit("survey", max_calls=0, calls_per_second=20, in_progress=50_000)
    assert (limit.full, limit.room(0.0)) == (False, 1)
    assert CallLimit("survey", max_calls=0, in_progress=50_000).room(0.0) == UNBOUNDED


def test_a_slow_rate_lets_one_through_and_says_when_the_next_may_go():
    limit = CallLimit("carrier", max_calls=100, calls_per_second=0.5)
    assert limit.room(0.0) == 1
    limit.take(0.0)
    assert limit.room(1.9) == 0
    assert limit.wait(1.5) == pytest.approx(0.5)
    assert limit.room(2.0) == 1


def test_a_pause_is_not_made_good_by_a_burst():
    limit = CallLimit("carrier", max_calls=1_000, calls_per_second=50)
    limit.take(0.0)
    assert limit.room(3_600.0) == 5


def test_a_call_that_goes_on_takes_a_place_but_nothing_of_the_rate():
    limit = CallLimit("carrier", max_calls=3, calls_per_second=1)
    limit.adopt()
    limit.adopt()
    assert limit.room(0.0) == 1
    assert limit.wait(0.0) == 0.0
    limit.take(0.0)
    assert limit.in_progress == 3


def dialled(limit, steps):
    """Start all the calls that may start, at moments that lie `steps` apart; the times of the starts."""
    now, starts = 0.0, []
    for step in steps:
        now += step
        while limit.room(now) >= 1:
            limit.take(now)
            starts.append(now)
    return starts


steps = st.lists(st.floats(0.0, 5.0), max_size=60)
rates = st.floats(0.1, 200.0)


@given(rate=rates, steps=steps)
def test_no_window_holds_more_than_the_rate_and_a_tenth_of_a_second(rate, steps):
    starts = dialled(CallLimit("carrier", max_calls=100_000, calls_per_second=rate), steps)
    burst = max(1.0, rate / 10)
    for first, begin in enumerate(starts):
        for last in range(first, len(starts)):
            assert last - first + 1 <= rate * (starts[last] - begin) + burst + 1e-6


@given(rate=rates, calls=st.integers(1, 40))
def test_who_waits_as_long_as_told_may_dial(rate, calls):
    limit = CallLimit("carrier", max_calls=100_000, calls_per_second=rate)
    now = 0.0
    for _ in range(calls):
        now += limit.wait(now)
        assert limit.room(now) >= 1
        limit.take(now)
    assert now <= (calls - 1) / rate + 1e-6


@given(most=st.integers(1, 20), rate=st.none() | rates, actions=st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_never_more_calls_at_once_than_the_limit(most, rate, actions):
    limit = CallLimit("carrier", max_calls=most, calls_per_second=rate)
    now, going_on = 0.0, 0
    for step, begins in actions:
        now += step
        if begins and limit.room(now) >= 1:
            limit.take(now)
            going_on += 1
        elif not begins and going_on:
            limit.give_back()
            going_on -= 1
        assert limit.in_progress == going_on <= most
        assert 0 <= limit.room(now) <= most - going_on
