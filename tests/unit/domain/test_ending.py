"""End reasons, dispositions, and the states of an enrolment."""

import pytest

from ami_dialer.domain.ending import DISPOSITION_OF, Disposition, EndReason
from ami_dialer.domain.enrolment import ENROLMENT_TRANSITIONS, EnrolmentState

pytestmark = pytest.mark.unit


def test_each_end_reason_has_a_disposition_and_each_disposition_an_end_reason():
    assert set(DISPOSITION_OF) == set(EndReason)
    assert set(DISPOSITION_OF.values()) == set(Disposition)


def test_the_dispositions_are_those_that_reports_promise():
    assert {disposition.value for disposition in Disposition} == {
        "Busy",
        "No Answer",
        "Congestion",
        "Failed",
        "Invalid Number",
        "Answering Machine",
        "Connected",
        "Completed",
        "Opted Out",
        "Abandoned",
    }


def test_no_reason_and_no_disposition_is_longer_than_its_column():
    assert max(map(len, EndReason)) <= 16
    assert max(map(len, Disposition)) <= 20


def test_only_a_callback_leads_out_of_a_finished_enrolment():
    finished = {state for state, to in ENROLMENT_TRANSITIONS.items() if not to}
    assert finished == {EnrolmentState.EXCLUDED}
    assert ENROLMENT_TRANSITIONS[EnrolmentState.DONE] == {EnrolmentState.WAITING}
    assert set(ENROLMENT_TRANSITIONS) == set(EnrolmentState)
