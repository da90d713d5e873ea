"""Who picked up?"""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.rules.amd import AnsweredBy, answered_by, greeting_end

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


ANSWERED = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "cause", "end"),
    [
        ("HUMAN", "HUMAN-820-800", 4.18),  # seconds after the answer; AMD spoke at 5.0
        ("HUMAN", "HUMAN-1200-1200", 3.8),
        ("NOTSURE", "TOOLONG-5000", 4.2),
        ("NOTSURE", "NOAUDIODATA-0", 0.0),
        ("MACHINE", "INITIALSILENCE-2500-2500", 2.5),
        ("HUMAN", "HUMAN-999999-800", 0.0),
        ("MACHINE", "LONGGREETING-1520-1500", None),
        ("MACHINE", "MAXWORDS-3-2", None),
        ("HANGUP", "", None),
        ("FAX", "TONE-2100", None),
        ("HUMAN", "", None),
        ("HUMAN", "HUMAN-x-800", None),
        ("", "", None),
    ],
)
def test_the_greeting_was_over_before_the_silence_that_amd_waited_for(status, cause, end):
    found = greeting_end(status, cause, ANSWERED, ANSWERED + timedelta(seconds=5))
    assert found == (None if end is None else ANSWERED + timedelta(seconds=end))
