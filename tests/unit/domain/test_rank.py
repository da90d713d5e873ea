"""Ranks: whom the hopper takes first."""

import pytest

from ami_dialer.domain.rank import AHEAD, CALLBACK_RANK, FIRST_RANK, HIGHEST_PRIORITY, Turn, of_retry, rank

pytestmark = pytest.mark.unit

ORDERS = ("due", "new-first", "retries-first")


@pytest.mark.parametrize("order", ORDERS)
def test_nobody_comes_among_callbacks_or_the_abandoned_by_a_usual_retry(order):
    for before in (FIRST_RANK, rank(HIGHEST_PRIORITY, HIGHEST_PRIORITY, Turn.EARLIER), rank(0, 0, Turn.LATER)):
        assert of_retry(before, order) > max(AHEAD)
        assert of_retry(before, order, first=True) == FIRST_RANK
    assert of_retry(CALLBACK_RANK, order) == CALLBACK_RANK


@pytest.mark.parametrize("order", ORDERS)
def test_a_retry_keeps_its_priorities(order):
    for turn in Turn:
        again = of_retry(rank(40, 60, turn), order)
        assert rank(40, 61, Turn.LATER) < again < rank(40, 59, Turn.EARLIER)
        assert of_retry(again, order) == again
