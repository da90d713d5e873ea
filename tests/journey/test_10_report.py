"""Station 10: what ended is counted as it ends."""

from datetime import timedelta

import pytest

from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.journey.report import Tally

pytestmark = pytest.mark.journey


def ended(clock, reason, *, answered=False):
    one = Attempt("amid-1-1", 1, 1, 1, 1, "+12125550101", "pbx", "carrier", AttemptState.CLAIMED, clock.now())
    one.answered_at = clock.now() if answered else None
    one.end(reason, clock.now())
    return one


def test_attempts_are_counted_by_what_became_of_them(clock):
    tally = Tally()
    tally.ended(ended(clock, EndReason.BUSY))
    tally.ended(ended(clock, EndReason.REJECTED))
    tally.ended(ended(clock, EndReason.COMPLETED, answered=True))
    assert (tally.attempts, tally.answered) == (3, 1)
    assert tally.dispositions == {Disposition.BUSY: 2, Disposition.COMPLETED: 1}


def test_the_rate_is_that_of_the_last_minute(clock):
    tally = Tally()
    for _ in range(30):
        tally.started(clock.now())
        clock.advance(4)
    assert tally.calls_per_minute(clock.now()) == 15
    clock.advance(61)
    assert tally.calls_per_minute(clock.now()) == 0


def test_a_run_that_goes_on_after_a_restart_counts_on(clock):
    tally = Tally(dispositions=Tally().dispositions, attempts=7, done=3)
    tally.ended(ended(clock, EndReason.BUSY))
    assert (tally.attempts, tally.done) == (8, 3)


def test_those_whom_a_rule_holds_back_are_counted_until_it_lets_them_through(clock):
    tally = Tally()
    for rule, minutes in (("us.hours", 60), ("us.hours", 60), ("us.hours", 120), ("calls.between", 30)):
        tally.put_off(rule, clock.now() + timedelta(minutes=minutes))
    assert tally.held(clock.now()) == {"us.hours": 3, "calls.between": 1}
    clock.advance(30 * 60)
    assert tally.held(clock.now())["calls.between"] == 1  # minutes are rounded up
    clock.advance(60)
    assert tally.held(clock.now()) == {"us.hours": 3}
    clock.advance(30 * 60)
    assert tally.held(clock.now()) == {"us.hours": 1}
