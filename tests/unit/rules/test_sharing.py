"""Who gets the next call: shares by priority, strict order, chance among equals."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.rules.sharing import Share, charge, chosen

pytestmark = pytest.mark.unit


def handed_out(shares, calls, dice, who=lambda _call: True):
    """How many calls each gets; `who(call)` are the places of those that could make it, True for all."""
    got = Counter(dict.fromkeys(range(len(shares)), 0))
    for call in range(calls):
        able = who(call)
        places = [place for place in range(len(shares)) if able is True or place in able]
        contenders = [shares[place] for place in places]
        winner = chosen(contenders, dice.randrange)
        charge(contenders, winner)
        got[places[winner]] += 1
    return got


@pytest.mark.parametrize(("priorities", "percent"), [((5, 3), (62.5, 37.5)), ((5, 5), (50.0, 50.0))])
def test_the_table_of_shares_is_kept_exactly(priorities, percent):
    got = handed_out([Share(one) for one in priorities], 1_000, Random(1))
    assert tuple(100 * got[place] / 1_000 for place in range(len(priorities))) == percent


priorities = st.lists(st.integers(1, 5), min_size=1, max_size=60)


@given(priorities=priorities, calls=st.integers(1, 300), seed=st.integers())
def test_nobody_is_a_whole_call_short_of_its_share_or_beyond_it_by_more_than_all_of_them(priorities, calls, seed):
    got = handed_out([Share(one) for one in priorities], calls, Random(seed))
    whole = sum(priorities)
    for place, priority in enumerate(priorities):
        due = Fraction(priority * calls, whole)
        assert due - got[place] < 2
        assert got[place] - due < 2
    # After a whole round everybody has what is due, to the call.
    rounds = handed_out([Share(one) for one in priorities], 2 * whole, Random(seed))
    assert [rounds[place] for place in range(len(priorities))] == [2 * one for one in priorities]


def test_who_could_not_dial_gives_its_share_away_and_does_not_save_it_up():
    shares = [Share(5), Share(3)]
    dice = Random(2)
    assert handed_out(shares, 8_000, dice, lambda _call: (1,)) == {0: 0, 1: 8_000}
    assert handed_out(shares, 80, dice) == {0: 50, 1: 30}


@given(seed=st.integers(), able=st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=200))
def test_who_comes_and_goes_gets_its_share_of_the_calls_that_it_could_make(seed, able):
    priorities = (5, 4, 3, 1, 1)
    got = handed_out([Share(one) for one in priorities], len(able), Random(seed), lambda call: able[call])
    for place, priority in enumerate(priorities):
        due = sum(Fraction(priority, sum(priorities[one] for one in who)) for who in able if place in who)
        assert abs(got[place] - due) < 4


def test_equals_take_turns_by_chance_and_not_by_their_place():
    orders = set()
    for seed in range(20):
        shares, dice, order = [Share(5), Share(5)], Random(seed), []
        for _ in range(10):
            winner = chosen(shares, dice.randrange)
            charge(shares, winner)
            order.append(winner)
        orders.add(tuple(order))
        assert all(sum(order[:even]) == even // 2 for even in range(0, 11, 2))
    assert len(orders) > 10


def test_in_strict_order_the_highest_priority_goes_first_and_equals_are_drawn():
    dice = Random(3)
    won = Counter(chosen([Share(5), Share(4), Share(5)], dice.randrange, strict=True) for _ in range(1_000))
    assert won[1] == 0
    assert 400 < won[0] < 600
    assert chosen([Share(4), Share(1)], dice.randrange, strict=True) == 0


@given(priorities=priorities, seed=st.integers())
def test_strict_order_empties_one_priority_after_the_other(priorities, seed):
    dice, left, order = Random(seed), list(priorities), []
    while left:
        order.append(left.pop(chosen([Share(one) for one in left], dice.randrange, strict=True)))
    assert all(before >= after for before, after in pairwise(order))


def test_without_contenders_there_is_nobody_to_choose():
    with pytest.raises(ValueError, match="empty"):
        chosen([], Random(4).randrange)
