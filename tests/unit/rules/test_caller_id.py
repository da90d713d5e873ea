"""Which number of a pool a call shows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.region import area_of, region_of
from ami_dialer.rules.caller_id import UNUSED, CallerNumber, Chosen, NoneLeft, Pool, Use, choose, number_shown

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
MANHATTAN, ALBANY, CHICAGO, TORONTO, LONDON = (
    "+12125550100",
    "+15185550100",
    "+13125550100",
    "+14165550100",
    "+442079460100",
)
ALL = (MANHATTAN, ALBANY, CHICAGO, TORONTO, LONDON)


def pool(*numbers, per_day=0, **settings):
    return Pool("main", [CallerNumber(one, f"Us <{one}>", per_day) for one in numbers], **settings)


def chosen(found, callee, used=None, retired=()):
    return choose(found, callee, used or {}, retired, NOW, MIDNIGHT)


@pytest.mark.parametrize(
    ("callee", "number", "why"),
    [
        ("+12125551234", MANHATTAN, "same area code 212"),
        ("+15185551234", ALBANY, "same area code 518"),
        ("+16465551234", MANHATTAN, "same state NY"),
        ("+13055551234", MANHATTAN, "same country US"),
        ("+14375551234", TORONTO, "same state ON"),
        ("+16045551234", TORONTO, "same country CA"),
        ("+442079461234", LONDON, "same area code +4420"),
        ("+447400123456", LONDON, "same country GB"),
        ("+4930123456", MANHATTAN, "none is nearer"),
        ("+18005551234", MANHATTAN, "same country US"),
    ],
)
def test_the_nearest_number_is_chosen(callee, number, why):
    assert chosen(pool(*ALL), callee) == Chosen(number, f"Us <{number}>", why)


def test_with_rotate_the_place_does_not_count():
    assert chosen(pool(LONDON, MANHATTAN, local=False), "+12125551234").number == LONDON


def test_of_several_the_one_used_least_today_is_chosen_and_of_equals_the_one_unused_for_longest():
    group = ["+12125550101", "+12125550102", "+12125550103"]
    used = {
        group[0]: Use(3, NOW - timedelta(hours=5)),
        group[1]: Use(2, NOW - timedelta(minutes=1)),
        group[2]: Use(2, NOW - timedelta(minutes=2)),
    }
    assert chosen(pool(*group), "+12125551234", used).number == group[2]
    assert chosen(pool(*group, "+12125550104"), "+12125551234", used).number == "+12125550104"


def test_a_near_number_that_may_not_be_used_gives_way_to_one_further_off():
    near = pool(MANHATTAN, ALBANY, CHICAGO, per_day=5)
    assert chosen(near, "+12125551234", {MANHATTAN: Use(5, NOW)}).number == ALBANY
    assert chosen(near, "+12125551234", {MANHATTAN: Use(5, NOW)}, {ALBANY}).number == CHICAGO
    assert chosen(pool(*near.numbers[0][:1], CHICAGO, rest=60), "+12125551234", {MANHATTAN: Use(1, NOW)}).number == (
        CHICAGO
    )


def test_when_none_is_left_it_says_why_and_until_when():
    two = pool(MANHATTAN, ALBANY, per_day=5)
    full = {MANHATTAN: Use(5, NOW), ALBANY: Use(6, NOW)}
    assert chosen(two, CHICAGO, full) == NoneLeft("all caller ids of pool main have their 5 calls today", MIDNIGHT)
    assert chosen(two, CHICAGO, full, {MANHATTAN}).until == MIDNIGHT
    retired = chosen(two, CHICAGO, full, {MANHATTAN, ALBANY})
    assert retired == NoneLeft("all caller ids of pool main are retired; add others, or restore one", None)
    resting = pool(MANHATTAN, ALBANY, per_day=5, rest=60)
    used = {MANHATTAN: Use(5, NOW), ALBANY: Use(1, NOW - timedelta(seconds=20))}
    assert chosen(resting, CHICAGO, used) == NoneLeft(
        "1 of the 2 caller ids of pool main have their 5 calls today, the others rest", NOW + timedelta(seconds=40)
    )
    used[MANHATTAN] = Use(1, NOW)
    assert chosen(resting, CHICAGO, used) == NoneLeft(
        "all caller ids of pool main rest between two calls", NOW + timedelta(seconds=40)
    )


@pytest.mark.parametrize(
    ("shown", "number"),
    [(MANHATTAN, MANHATTAN), (f"Us, Inc <{MANHATTAN}>", MANHATTAN), ("100", "100"), ("Desk <100>", "Desk <100>")],
)
def test_the_number_is_found_in_what_was_shown(shown, number):
    assert number_shown(shown) == number


@given(
    numbers=st.lists(st.sampled_from([*ALL, "+12125550101", "+16465550100"]), min_size=1, unique=True),
    callee=st.sampled_from([*ALL, "+16465551234", "+4930123456", "+12025551234"]),
    calls=st.lists(st.integers(0, 4), min_size=7, max_size=7),
    ago=st.lists(st.integers(0, 200), min_size=7, max_size=7),
    per_day=st.integers(0, 4),
    rest=st.sampled_from([0, 60]),
    retired=st.sets(st.sampled_from(ALL)),
)
def test_no_number_is_chosen_that_may_not_be_and_none_is_passed_over_that_is_nearer(
    numbers, callee, calls, ago, per_day, rest, retired
):
    used = {
        one: Use(count, NOW - timedelta(seconds=seconds) if count else None)
        for one, count, seconds in zip(numbers, calls, ago, strict=False)
    }

    def free(one):
        use = used.get(one, UNUSED)
        rested = use.last is None or use.last + timedelta(seconds=rest) <= NOW
        return one not in retired and not (per_day and use.calls >= per_day) and (not rest or rested)

    def nearness(one):
        there, here = region_of(one), region_of(callee)
        if area_of(one) == area_of(callee) != "":
            return 0
        if there.country == here.country != "":
            return 1 if there.state == here.state is not None else 2
        return 3

    found = chosen(pool(*numbers, per_day=per_day, rest=rest), callee, used, retired)
    allowed = [one for one in numbers if free(one)]
    if not allowed:
        assert isinstance(found, NoneLeft)
        assert found.until is None or NOW < found.until <= MIDNIGHT
        assert (found.until is None) == (set(numbers) <= retired)
        return
    nearest = min(map(nearness, allowed))
    least = min(used.get(one, UNUSED).calls for one in allowed if nearness(one) == nearest)
    assert found.number in allowed
    assert (nearness(found.number), used.get(found.number, UNUSED).calls) == (nearest, least)
