"""One end reason from events, cause and flow together."""

from dataclasses import replace
from itertools import product

import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.rules.ending import CAUSES, REASONS, EndFacts, end_reason

pytestmark = pytest.mark.unit

R = EndReason
ANYTHING = [
    EndFacts(answered=answered, classified=classified, in_flow=in_flow, to_dialplan=to, cause=cause, reason=reason)
    for answered, classified, in_flow, to, cause, reason in product(
        (True, False), (None, R.MACHINE), (True, False), (True, False), (None, 16, 17, 999), (None, 0, 3, 5, 8)
    )
]


@pytest.mark.parametrize(
    "flow_end", [R.COMPLETED, R.OPTED_OUT, R.NO_INPUT, R.HUNG_UP, R.FLOW_FAILED], ids=lambda end: end.value
)
def test_the_flow_knows_best(flow_end):
    assert all(end_reason(replace(facts, flow_end=flow_end)) is flow_end for facts in ANYTHING)


def test_a_flow_that_lost_its_connection_did_so_because_of_the_hang_up_that_was_heard():
    assert all(end_reason(replace(facts, flow_end=R.LOST)) is R.HUNG_UP for facts in ANYTHING)


@pytest.mark.parametrize("classified", [R.MACHINE, R.SILENCE, R.FAX], ids=lambda end: end.value)
@pytest.mark.parametrize("cause", [None, 16, 17, 127])
@pytest.mark.parametrize("to_dialplan", [True, False])
def test_amd_knows_better_than_the_hang_up(classified, cause, to_dialplan):
    facts = EndFacts(answered=True, classified=classified, cause=cause, to_dialplan=to_dialplan)
    assert end_reason(facts) is classified


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (EndFacts(answered=True, cause=16), R.ABANDONED),
        (EndFacts(answered=True, cause=17), R.ABANDONED),
        (EndFacts(answered=True, amd_done=False, cause=16), R.ABANDONED),
        (EndFacts(answered=True, in_flow=True, cause=16), R.FLOW_FAILED),
        (EndFacts(answered=True, to_dialplan=True, cause=16), R.CONNECTED),
        (EndFacts(answered=True, to_dialplan=True, cause=None), R.CONNECTED),
        (EndFacts(answered=True, to_dialplan=True, amd_done=False, cause=16), R.ABANDONED),
    ],
)
def test_a_person_who_answered(facts, reason):
    assert end_reason(facts) is reason


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (1, R.INVALID_NUMBER),
        (3, R.CONGESTION),
        (16, R.NO_ANSWER),
        (17, R.BUSY),
        (18, R.NO_ANSWER),
        (19, R.NO_ANSWER),
        (20, R.NO_ANSWER),
        (21, R.REJECTED),
        (22, R.INVALID_NUMBER),
        (27, R.CONGESTION),
        (28, R.INVALID_NUMBER),
        (34, R.CONGESTION),
        (38, R.CONGESTION),
        (41, R.CONGESTION),
        (42, R.CONGESTION),
        (44, R.CONGESTION),
        (0, R.FAILED),
        (31, R.FAILED),
        (58, R.FAILED),
        (127, R.FAILED),
        (None, R.FAILED),
    ],
)
def test_nobody_answered_and_the_cause_says_why(cause, reason):
    assert end_reason(EndFacts(cause=cause)) is reason


@pytest.mark.parametrize(
    ("cause", "originate", "reason"),
    [
        (None, 3, R.NO_ANSWER),
        (None, 5, R.BUSY),
        (None, 8, R.CONGESTION),
        (None, 0, R.FAILED),
        (None, 1, R.FAILED),
        (0, 5, R.BUSY),
        (127, 8, R.CONGESTION),
        (1, 0, R.INVALID_NUMBER),
        (17, 8, R.BUSY),
        (34, 5, R.CONGESTION),
    ],
)
def test_the_cause_says_more_than_the_reason_of_the_originate(cause, originate, reason):
    assert end_reason(EndFacts(cause=cause, reason=originate)) is reason


@pytest.mark.parametrize("cause", [None, 0, 16, 17, 34, 127])
def test_the_ring_time_was_over_whatever_cause_our_own_hang_up_has(cause):
    assert end_reason(EndFacts(cause=cause, reason=3)) is R.NO_ANSWER


def test_amd_and_dialplan_mean_nothing_where_nobody_answered():
    facts = EndFacts(answered=False, classified=R.MACHINE, to_dialplan=True, in_flow=True, cause=17)
    assert end_reason(facts) is R.BUSY


def test_every_combination_has_one_end_reason_that_can_be_had_without_knowing_more():
    assert {end_reason(facts) for facts in ANYTHING} <= set(R) - {R.LOST, R.CANCELLED}


def test_the_tables_hold_no_reason_that_only_an_answered_call_can_have():
    answered_only = {R.COMPLETED, R.OPTED_OUT, R.HUNG_UP, R.CONNECTED, R.ABANDONED, R.MACHINE, R.SILENCE, R.FAX}
    assert not answered_only & ({*CAUSES.values()} | {*REASONS.values()})
