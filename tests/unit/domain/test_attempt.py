"""The table of an attempt's states, and its ids."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest

from ami_dialer.domain.attempt import (
    TRANSITIONS,
    Attempt,
    AttemptEvent,
    AttemptState,
    IllegalTransitionError,
    advance,
    is_attempt_id,
    new_attempt_id,
)
from ami_dialer.domain.ending import DISPOSITION_OF, EndReason

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def attempt(state=AttemptState.CLAIMED):
    return Attempt(
        id="amid-1-1",
        run_id=1,
        enrolment_id=1,
        contact_id=1,
        ordinal=1,
        number="+12125550101",
        server="pbx",
        trunk="carrier",
        state=state,
        claimed_at=NOON,
    )


def reachable(state):
    found = {state}
    while True:
        further = {to for (start, _), to in TRANSITIONS.items() if start in found} - found
        if not further:
            return found
        found |= further


def test_every_state_is_reached_from_claimed():
    assert reachable(AttemptState.CLAIMED) == set(AttemptState)


@pytest.mark.parametrize("state", AttemptState)
def test_every_state_leads_to_ended(state):
    assert AttemptState.ENDED in reachable(state)


@pytest.mark.parametrize("event", AttemptEvent)
def test_nothing_leads_out_of_ended(event):
    with pytest.raises(IllegalTransitionError, match=f"ended has no way out by {event}"):
        advance(AttemptState.ENDED, event)


@pytest.mark.parametrize(("state", "event"), list(product(AttemptState, AttemptEvent)))
def test_each_pair_is_in_the_table_or_refused(state, event):
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransitionError, match=f"{state} has no way out by {event}"):
            advance(state, event)


def test_no_event_leads_back():
    order = {state: number for number, state in enumerate(AttemptState)}
    assert all(order[to] > order[start] for (start, _), to in TRANSITIONS.items())


def test_each_step_stamps_its_own_time():
    one = attempt()
    steps = [AttemptEvent.SENT, AttemptEvent.RING, AttemptEvent.ANSWER, AttemptEvent.FLOW, AttemptEvent.END]
    for seconds, event in enumerate(steps):
        one.move(event, NOON + timedelta(seconds=seconds))
    stamps = [one.originated_at, one.ringing_at, one.answered_at, one.flow_at, one.ended_at]
    assert stamps == [NOON + timedelta(seconds=seconds) for seconds in range(5)]


def test_a_refused_step_leaves_the_attempt_as_it_was():
    one = attempt()
    with pytest.raises(IllegalTransitionError):
        one.move(AttemptEvent.ANSWER, NOON)
    assert one == attempt()


def test_an_attempt_ends_once():
    one = attempt()
    one.end(EndReason.BUSY, NOON)
    with pytest.raises(IllegalTransitionError):
        one.end(EndReason.COMPLETED, NOON)
    assert one.end_reason is EndReason.BUSY


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_reason_has_its_disposition(reason):
    one = attempt()
    one.end(reason, NOON)
    assert one.disposition is DISPOSITION_OF[reason]


def test_ids_sort_by_their_time():
    later = [NOON + timedelta(milliseconds=step) for step in (0, 1, 15, 16, 255, 256, 86_400_000, 10**11)]
    ids = [new_attempt_id(moment) for moment in later]
    assert all(a < b for a, b in pairwise(ids))


def test_ids_have_one_length_and_only_characters_that_need_no_quoting():
    ids = [new_attempt_id(datetime(year, 1, 1, tzinfo=UTC)) for year in (2000, 2026, 2100, 2400)]
    assert {len(one) for one in ids} == {27}
    assert set("".join(ids)) <= set("abcdef0123456789-mi")


def test_ids_of_one_millisecond_differ_in_what_cannot_be_guessed():
    ids = {new_attempt_id(NOON) for _ in range(1_000)}
    assert len(ids) == 1_000
    assert len({one.rsplit("-", 1)[0] for one in ids}) == 1


def test_an_id_is_known_as_ours_and_a_channel_of_others_is_not():
    assert is_attempt_id(new_attempt_id(NOON))
    assert not is_attempt_id("1764000000.17")
