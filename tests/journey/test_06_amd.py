"""Station 6: a person, a machine, a fax or silence?"""

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.domain.ending import EndReason
from ami_dialer.journey import amd

pytestmark = pytest.mark.journey


def campaign(not_sure="person"):
    return Campaign.model_validate(
        {"lists": ["people"], "trunks": ["carrier"], "flow": "survey", "amd": {"not_sure": not_sure}}
    )


@pytest.fixture
def attempt(clock):
    fixed = {"run_id": 1, "enrolment_id": 1, "contact_id": 1, "ordinal": 1, "number": "+12125550101"}
    return Attempt(
        id="amid-1-1", server="pbx", trunk="carrier", state=AttemptState.ANSWERED, claimed_at=clock.now(), **fixed
    )


def test_what_amd_said_first_is_kept(attempt, clock):
    assert amd.note(attempt, AmdFacts("HUMAN", "HUMAN-820-800"), clock.now())
    clock.advance(1)
    assert not amd.note(attempt, AmdFacts("MACHINE", "MAXWORDS-4-3"), clock.now())
    assert (attempt.amd_status, attempt.amd_cause) == ("HUMAN", "HUMAN-820-800")
    assert attempt.classified_at != clock.now()


def test_the_end_of_the_greeting_is_kept_with_the_attempt(attempt, clock):
    attempt.answered_at = clock.now()
    clock.advance(2.5)
    amd.note(attempt, AmdFacts("HUMAN", "HUMAN-820-800"), clock.now())
    assert (attempt.greeting_end_at - attempt.answered_at).total_seconds() == pytest.approx(1.68)
    assert amd.note(attempt, AmdFacts("MACHINE", "MAXWORDS-4-3"), clock.now()) is False


def test_where_amd_said_nothing_nothing_is_kept(attempt, clock):
    assert not amd.note(attempt, AmdFacts(), clock.now())
    assert (attempt.amd_status, attempt.classified_at) == (None, None)
    assert amd.classify(attempt, campaign()) is None


def test_what_is_too_long_for_its_column_is_cut(attempt, clock):
    amd.note(attempt, AmdFacts("X" * 40, "Y" * 400), clock.now())
    assert (len(attempt.amd_status), len(attempt.amd_cause)) == (16, 80)


@pytest.mark.parametrize(
    ("status", "cause", "end"),
    [
        ("HUMAN", "HUMAN-820-800", None),
        ("HANGUP", "", None),
        ("MACHINE", "LONGGREETING-1520-1500", EndReason.MACHINE),
        ("MACHINE", "INITIALSILENCE-2500-2500", EndReason.SILENCE),
        ("FAX", "fax tone", EndReason.FAX),
    ],
)
def test_a_person_goes_on_and_anything_else_ends(attempt, clock, status, cause, end):
    amd.note(attempt, AmdFacts(status, cause), clock.now())
    assert amd.classify(attempt, campaign()) is end


@pytest.mark.parametrize(("not_sure", "end"), [("person", None), ("machine", EndReason.MACHINE)])
def test_the_campaign_decides_what_not_sure_means(attempt, clock, not_sure, end):
    amd.note(attempt, AmdFacts("NOTSURE", "TOOLONG-5000"), clock.now())
    assert amd.classify(attempt, campaign(not_sure)) is end
