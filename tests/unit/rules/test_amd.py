"""Who picked up?"""

import pytest

from ami_dialer.rules.amd import AnsweredBy, answered_by

pytestmark = pytest.mark.unit


# As Asterisk 22's app_amd.c sets them; FAX is the dialplan's word.
@pytest.mark.parametrize(
    ("status", "cause", "who"),
    [
        ("HUMAN", "HUMAN-820-800", AnsweredBy.PERSON),
        ("MACHINE", "LONGGREETING-1520-1500", AnsweredBy.MACHINE),
        ("MACHINE", "MAXWORDS-4-3", AnsweredBy.MACHINE),
        ("MACHINE", "MAXWORDLENGTH-5010", AnsweredBy.MACHINE),
        ("MACHINE", "INITIALSILENCE-2500-2500", AnsweredBy.SILENCE),
        ("HANGUP", "", AnsweredBy.PERSON),
        ("FAX", "fax tone", AnsweredBy.FAX),
        ("", "", AnsweredBy.PERSON),
        ("something new", "", AnsweredBy.PERSON),
    ],
)
def test_what_amd_says_is_put_into_four_words(status, cause, who):
    assert answered_by(status, cause, AnsweredBy.PERSON) is who
    assert answered_by(status, cause, AnsweredBy.MACHINE) is who


@pytest.mark.parametrize("who", [AnsweredBy.PERSON, AnsweredBy.MACHINE])
def test_not_sure_counts_as_the_campaign_says(who):
    assert answered_by("NOTSURE", "TOOLONG-5000", who) is who
