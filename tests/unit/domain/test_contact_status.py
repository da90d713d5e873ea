"""The status of a contact is made of what is stored, whatever that is."""

import itertools

import pytest

from ami_dialer.domain.contact_status import STATES, ContactStatus, Standing, status_of
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion

pytestmark = pytest.mark.unit

WAITING, CLAIMED, DONE, EXCLUDED = EnrolmentState


def standing(state=WAITING, **facts):
    usual = {"exclusion": None, "attempts": 0, "rank": 5, "held_by": None, "in_call": False, "over": False}
    return Standing(state=state, **{**usual, **facts})


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (standing(), "Pending"),
        (standing(CLAIMED), "Pending"),
        (standing(CLAIMED, in_call=True), "In Progress"),
        (standing(attempts=1), "Scheduled for Reattempt"),
        (standing(attempts=1, rank=0), "Scheduled Callback"),
        (standing(held_by="us.hours"), "Skipped"),
        (standing(attempts=1, rank=0, held_by="us.hours"), "Skipped"),
        (standing(DONE, attempts=2), "Dialed"),
        (standing(EXCLUDED), "DNC Excluded"),
        (standing(EXCLUDED, exclusion=Exclusion.FILTER), "Filter Excluded"),
        (standing(EXCLUDED, exclusion=Exclusion.EXPIRED, over=True), "Expired"),
        (standing(EXCLUDED, exclusion=Exclusion.RULE), "Rule Excluded"),
        (standing(attempts=1, over=True), "Retry Cancelled"),
        (standing(over=True, held_by="us.hours"), "Not Dialed"),
        (standing(DONE, attempts=2, over=True), "Dialed"),
    ],
)
def test_a_contact_has_its_status(facts, status):
    assert status_of(facts) == status


def test_whatever_is_stored_there_is_a_status_and_it_is_looked_for_in_that_state():
    for state, exclusion, attempts, rank, held_by, in_call, over in itertools.product(
        EnrolmentState, (None, *Exclusion), (0, 3), (0, 7), (None, "rule"), (False, True), (False, True)
    ):
        facts = Standing(state, exclusion, attempts, rank, held_by, in_call and state is CLAIMED, over)
        assert state in STATES[status_of(facts)]
    assert set(STATES) == set(ContactStatus)
