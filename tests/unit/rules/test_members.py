"""Which member of a queue can take a call now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.domain.calls import Member
from ami_dialer.rules.members import Standing, rested_at, rings, standing

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OURS = "wrap-up of ours"
IDLE = Member("sales", "PJSIP/101", "Ann", status=1)


def seen(**changes):
    return standing(replace(IDLE, **changes), NOW, NOW, OURS)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, Standing.FREE),
        (1, Standing.FREE),
        (2, Standing.BUSY),
        (3, Standing.BUSY),
        (4, Standing.AWAY),
        (5, Standing.AWAY),
        (6, Standing.BUSY),
        (7, Standing.BUSY),
        (8, Standing.BUSY),
    ],
)
def test_a_device_says_whether_its_member_is_there_and_free(status, expected):
    assert seen(status=status) is expected


def test_a_pause_counts_whatever_the_device_does_but_a_device_that_is_not_there_counts_first():
    assert seen(paused=True, paused_reason="lunch") is Standing.PAUSED
    assert seen(paused=True) is Standing.PAUSED
    assert seen(paused=True, status=2) is Standing.PAUSED
    assert seen(paused=True, status=5) is Standing.AWAY


def test_a_pause_of_ours_is_none_from_outside():
    assert seen(paused=True, paused_reason=OURS) is Standing.RESTING
    assert seen(paused=True, paused_reason=OURS, status=2) is Standing.BUSY


def test_a_call_that_the_queue_knows_of_counts_though_the_device_says_nothing():
    assert seen(in_call=True) is Standing.BUSY


def test_the_time_after_a_call_is_the_queues_own():
    member = replace(IDLE, last_call=int(NOW.timestamp()) - 4, wrap_up=10)
    assert standing(member, NOW, NOW + timedelta(seconds=5), OURS) is Standing.RESTING
    assert standing(member, NOW, NOW + timedelta(seconds=6), OURS) is Standing.FREE
    assert standing(replace(member, wrap_up=0), NOW, NOW, OURS) is Standing.FREE


def test_a_clock_that_is_ahead_lets_nobody_rest_for_hours():
    member = replace(IDLE, last_call=int(NOW.timestamp()) + 3_600, wrap_up=10)
    assert rested_at(member, NOW) == NOW + timedelta(seconds=10)


def test_a_device_rings_where_one_queue_sees_it_ring():
    assert rings([IDLE, replace(IDLE, queue="service", status=6)])
    assert not rings([IDLE, replace(IDLE, status=2)])
