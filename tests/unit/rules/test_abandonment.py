"""Abandoned calls: the law's quantity, the limit, the fall-back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.abandonment import AnswerOutcome, Counts, Ledger, hour_of
from ami_dialer.rules import abandonment
from ami_dialer.rules.abandonment import Answered, Connect, Measure, false_positive_share, held_back, outcome, standing

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LAW = Measure("us.abandonment", 0.03, 30 * 86_400.0)
O = AnswerOutcome  # noqa: E741 - the table below reads better


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def ledger(connected=0, abandoned=0, left=0, machine=0, at=NOW):
    counts = {O.CONNECTED: connected, O.ABANDONED: abandoned, O.LEFT: left, O.MACHINE: machine}
    return Ledger([(hour_of(at), name, calls) for name, calls in counts.items() if calls], at)


# Answered at 0, greeting over, reached, ended; all in seconds.
@pytest.mark.parametrize(
    ("greeting_end", "reached", "ended", "ours", "found"),
    [
        (1.0, 2.0, 30, False, (O.CONNECTED, 1000)),
        (1.0, 3.0, 30, False, (O.CONNECTED, 2000)),
        (1.0, 3.001, 30, False, (O.ABANDONED, 2001)),
        (None, 1.999, 30, False, (O.CONNECTED, 1999)),
        (None, 2.001, 30, False, (O.ABANDONED, 2001)),
        (1.0, 0.5, 30, False, (O.CONNECTED, 0)),
        (1.0, None, 2.999, False, (O.LEFT, None)),
        (1.0, None, 3.0, False, (O.ABANDONED, None)),
        (None, None, 1.9, False, (O.LEFT, None)),
        (None, None, 2.0, False, (O.ABANDONED, None)),
        (1.0, None, 1.1, True, (O.ABANDONED, None)),
        (1.0, 2.0, 2.1, True, (O.CONNECTED, 1000)),
    ],
)
def test_two_seconds_from_the_end_of_the_greeting_decide(greeting_end, reached, ended, ours, found):
    call = Answered(
        answered_at=NOW,
        ended_at=after(ended),
        greeting_end_at=None if greeting_end is None else after(greeting_end),
        reached_at=None if reached is None else after(reached),
        ours=ours,
    )
    assert outcome(call) == found


def test_a_rule_may_give_another_time():
    call = Answered(answered_at=NOW, ended_at=after(60), greeting_end_at=None, reached_at=after(3))
    assert outcome(call, Connect(2.0))[0] is O.ABANDONED
    assert outcome(call, Connect(4.0))[0] is O.CONNECTED


def test_a_rule_may_count_from_the_answer_and_then_the_greeting_takes_of_the_time():
    call = Answered(answered_at=NOW, ended_at=after(60), greeting_end_at=after(1.5), reached_at=after(3))
    assert outcome(call) == (O.CONNECTED, 1500)
    assert outcome(call, Connect(None, 2.0)) == (O.ABANDONED, 3000)
    assert outcome(call, Connect(2.0, 2.0)) == (O.ABANDONED, 3000)
    assert outcome(call, Connect(1.0, 4.0)) == (O.ABANDONED, 1500)


def test_what_amd_took_for_a_machine_is_no_person_whatever_came_of_it():
    call = Answered(answered_at=NOW, ended_at=after(9), greeting_end_at=None, reached_at=None, machine=True, ours=True)
    assert outcome(call) == (O.MACHINE, None)


def test_the_rate_is_that_of_calls_answered_live():
    found = standing(LAW, ledger(connected=97, abandoned=3, left=50), 0.02, NOW)
    assert (found.live, found.abandoned, found.rate) == (100, 3, 0.03)
    assert not found.over
    assert found.room == 0
    assert standing(LAW, ledger(connected=96, abandoned=4), 0.02, NOW).over


def test_people_taken_for_machines_are_abandoned_and_were_answered_live():
    """callmedia.co.uk: with 40 % machines, 20 % live, a detector that is right in 98 % breaks 3 % by itself."""
    found = standing(LAW, ledger(connected=200, machine=400), 0.02, NOW)
    assert found.false_positives == pytest.approx(8)
    assert found.rate == pytest.approx(8 / 208)
    assert found.over
    assert found.counts == Counts(connected=200, machine=400)


def test_listening_moves_the_share_from_the_prior_to_what_was_heard():
    assert false_positive_share(0.02, 0, 0) == pytest.approx(0.02)
    assert false_positive_share(0.02, 50, 5) == pytest.approx((0.02 + 0.10) / 2)
    assert false_positive_share(0.02, 5_000, 500) == pytest.approx(0.1, abs=0.001)
    assert false_positive_share(0.0, 0, 0) == 0.0


@given(st.floats(0, 1), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_share_is_a_share_and_lies_between_prior_and_sample(prior, reviewed, persons):
    persons = min(persons, reviewed)
    share = false_positive_share(prior, reviewed, persons)
    sample = persons / reviewed if reviewed else prior
    assert min(prior, sample) - 1e-9 <= share <= max(prior, sample) + 1e-9


def test_calls_leave_the_window_by_whole_hours():
    old = ledger(abandoned=10, at=NOW - 30 * DAY)
    assert standing(LAW, old, 0.0, NOW).abandoned == 10
    assert standing(LAW, old, 0.0, NOW + timedelta(minutes=29)).abandoned == 10
    assert standing(LAW, old, 0.0, NOW + timedelta(minutes=30)).abandoned == 0
    day = Measure("uk", 0.03, 86_400.0)
    assert standing(day, old, 0.0, NOW).abandoned == 0


def test_room_is_how_many_more_still_fit():
    found = standing(LAW, ledger(connected=1_000), 0.0, NOW)
    assert found.room == 30
    for more, fits in ((30, True), (31, False)):
        then = standing(LAW, ledger(connected=1_000, abandoned=more), 0.0, NOW)
        assert then.over is not fits
    assert standing(LAW, ledger(), 0.0, NOW).room == 1
    assert standing(LAW, ledger(connected=2, abandoned=1), 0.0, NOW).room == 0
    assert standing(Measure("campaign", 1.0, 1e6), ledger(connected=2, abandoned=1), 0.0, NOW).room is None


@given(st.integers(0, 3_000), st.integers(0, 200), st.floats(0.001, 0.5))
def test_what_room_promises_holds(connected, abandoned, most):
    measure = LAW._replace(most=most)
    found = standing(measure, ledger(connected=connected, abandoned=abandoned), 0.0, NOW)
    room = found.room
    if room and abandoned >= 1:
        assert not standing(measure, ledger(connected=connected, abandoned=abandoned + room), 0.0, NOW).over
    if not found.over:
        assert (
            standing(measure, ledger(connected=connected, abandoned=abandoned + room + 1), 0.0, NOW).over or room == 0
        )


def test_the_forecast_says_when_the_rate_is_under_the_limit_again():
    days = [(25, 90, 10), (20, 95, 5), (1, 99, 1)]
    rows = []
    for ago, connected, abandoned in days:
        hour = hour_of(NOW - ago * DAY)
        rows += [(hour, O.CONNECTED, connected), (hour, O.ABANDONED, abandoned)]
    kept = Ledger(rows, NOW - 25 * DAY)
    found = standing(LAW, kept, 0.0, NOW)
    assert found.over
    # Without the first day it is 6 of 200, which is 3 % and no more.
    assert found.under_at == datetime(2026, 3, 7, 16, 0, tzinfo=UTC)
    assert not standing(LAW, kept, 0.0, found.under_at).over
    assert standing(LAW, kept, 0.0, found.under_at - timedelta(seconds=1)).over
    assert found.live_needed == 234  # 16 of 534 are 2.996 %
    assert standing(LAW, ledger(connected=284 + 234, abandoned=16), 0.0, NOW).over is False
    assert standing(LAW, ledger(connected=284 + 233, abandoned=16), 0.0, NOW).over is True


def test_under_the_limit_there_is_no_forecast_of_getting_there():
    found = standing(LAW, ledger(connected=100, abandoned=1), 0.0, NOW)
    assert (found.under_at, found.live_needed) == (None, 0)


@given(
    st.lists(st.tuples(st.integers(0, 719), st.integers(0, 40), st.integers(0, 5)), min_size=1, max_size=30),
    st.floats(0.005, 0.3),
)
def test_at_the_moment_of_the_forecast_the_rate_is_under_the_limit(hours, most):
    rows = []
    for ago, connected, abandoned in hours:
        hour = hour_of(NOW - timedelta(hours=ago))
        rows += [(hour, O.CONNECTED, connected), (hour, O.ABANDONED, abandoned)]
    kept, measure = Ledger(rows, NOW - 30 * DAY), LAW._replace(most=most)
    found = standing(measure, kept, 0.0, NOW)
    if found.over:
        assert not standing(measure, kept, 0.0, found.under_at).over
        assert standing(measure, kept, 0.0, found.under_at - timedelta(hours=1)).over


def test_what_is_expected_goes_on_at_the_pace_of_the_last_week():
    first = NOW - 40 * DAY  # so the second period began 10 days ago and ends in 20
    rows = [
        (hour_of(NOW - 9 * DAY), O.CONNECTED, 200),
        (hour_of(NOW - 2 * DAY), O.CONNECTED, 63),
        (hour_of(NOW - 2 * DAY), O.ABANDONED, 7),
    ]
    found = standing(LAW, Ledger(rows, first), 0.0, NOW)
    assert found.period_ends == first + 60 * DAY
    live = 270 + 70 * 20 / 7
    assert found.expected == pytest.approx((7 + 7 * 20 / 7) / live)


def test_a_campaign_that_nobody_answered_has_no_forecast():
    found = standing(LAW, Ledger(), 0.5, NOW)
    assert (found.rate, found.room, found.expected, found.period_ends) == (0.0, 1, None, None)


def hold(connected, abandoned, *, before=False, machine=0, share=0.0):
    kept = ledger(connected=connected, abandoned=abandoned, machine=machine)
    return held_back([standing(LAW, kept, share, NOW)], before=before) is not None


def test_a_single_abandoned_call_never_holds_a_campaign_back():
    assert not hold(0, 1)
    assert not hold(2, 1)
    assert not hold(31, 1)
    assert hold(2, 2)


def test_at_the_limit_it_is_held_back_and_below_four_fifths_it_is_let_go():
    assert not hold(1_000, 30)  # 2.91 %
    assert hold(970, 30)  # 3 %
    assert hold(1_000, 30, before=True)
    assert hold(1_219, 30, before=True)  # 2.402 %
    assert not hold(1_220, 30, before=True)  # 2.4 %


def test_mistakes_of_amd_alone_may_hold_a_campaign_back():
    assert hold(60, 0, machine=100, share=0.02)
    assert not hold(60, 0, machine=99, share=0.02)


def test_the_measure_that_is_passed_furthest_is_named():
    day = Measure("gb.abandonment", 0.03, 86_400.0)
    kept = Ledger(
        [(hour_of(NOW - 2 * DAY), O.CONNECTED, 500), (hour_of(NOW), O.CONNECTED, 8), (hour_of(NOW), O.ABANDONED, 2)],
        NOW - 2 * DAY,
    )
    both = [standing(LAW, kept, 0.0, NOW), standing(day, kept, 0.0, NOW)]
    assert held_back(both, before=False).measure is day
    assert abandonment.tightest(both).measure is day


@given(st.lists(st.tuples(st.integers(0, 800), st.sampled_from(list(O))), max_size=60), st.integers(0, 800))
def test_a_ledger_that_grew_and_one_that_was_loaded_agree(calls, ago):
    grown = Ledger()
    since = NOW - timedelta(hours=ago)
    for hours, what in calls:
        grown.since(since)
        grown.add(NOW - timedelta(hours=hours), what)
    loaded = Ledger((hour_of(NOW - timedelta(hours=hours)), what, 1) for hours, what in calls)
    assert grown.since(since) == loaded.since(since)
    assert sum(grown.since(since)) == sum(hours <= ago for hours, _ in calls)
    grown.forget(since)
    assert grown.since(NOW - 60 * DAY) == loaded.since(since)
