"""Station 9: is the contact called again in this run, and when?"""

from datetime import timedelta

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt, AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.rank import FIRST_RANK
from ami_dialer.journey import retry
from ami_dialer.store.hopper import Claimed

pytestmark = pytest.mark.journey


def campaign(**settings):
    return Campaign.model_validate({"lists": ["people"], "trunks": ["carrier"], "flow": "survey", "retry": settings})


@pytest.fixture
def ended(clock):
    """An attempt that ended so, on an enrolment with these tries before."""

    def build(reason, **tries):
        now = clock.now()
        claimed = Claimed(7, 1, 3, "+12125550101", now - timedelta(hours=2), now, sum(tries.values()), tries, None, {})
        attempt = Attempt(
            id="amid-1-1",
            run_id=1,
            enrolment_id=7,
            contact_id=3,
            ordinal=claimed.attempts + 1,
            number=claimed.number,
            server="pbx",
            trunk="carrier",
            state=AttemptState.CLAIMED,
            claimed_at=now,
        )
        if reason is not None:
            attempt.end(EndReason(reason), now)
        return attempt, claimed

    return build


def test_a_contact_that_is_tried_again_waits_for_the_time_of_its_rule(ended, clock):
    attempt, claimed = ended("busy", no_answer=1)
    clock.advance(30)
    write, verdict = retry.after(attempt, claimed, campaign(rules={"busy": {"after": "5m", "max": 3}}), clock.now())
    assert verdict.delay == 300
    assert write.row == {
        "key": 7,
        "held_since": claimed.claimed_at,
        "state": "waiting",
        "due_at": clock.now() + timedelta(minutes=5),
        "attempts": 2,
        "tries": {"no_answer": 1, "busy": 1},
        "claimed_at": None,
        "last_end_reason": "busy",
        "excluded_by": None,
        "rank": 3,
        "new_number": claimed.number,
        "skips": 0,
    }


@pytest.mark.parametrize(
    ("reason", "retry_first", "first"), [("abandoned", True, True), ("abandoned", False, False), ("busy", True, False)]
)
def test_who_was_abandoned_goes_first_where_the_campaign_says_so(ended, clock, reason, retry_first, first):
    attempt, claimed = ended(reason)
    again = campaign(rules={reason: {"after": "5m", "max": 1}})
    settings = again.model_copy(
        update={"abandonment": again.abandonment.model_copy(update={"retry_first": retry_first})}
    )
    write, _ = retry.after(attempt, claimed, settings, clock.now())
    assert (write.row["state"], write.row["rank"] == FIRST_RANK) == ("waiting", first)


@pytest.mark.parametrize(
    ("reason", "tries", "settings", "why"),
    [
        ("completed", {}, {}, "completed is final"),
        ("opted_out", {}, {}, "opted_out is final"),
        ("hung_up", {}, {}, "hung_up is not tried again"),
        ("busy", {"busy": 3}, {}, "busy was tried again 3 times"),
        ("busy", {"machine": 2}, {"max_attempts": 3}, "all 3 attempts are used up"),
    ],
)
def test_a_contact_that_is_not_tried_again_is_done(ended, clock, reason, tries, settings, why):
    attempt, claimed = ended(reason, **tries)
    write, verdict = retry.after(attempt, claimed, campaign(**settings), clock.now())
    assert (verdict.delay, verdict.why) == (None, why)
    assert (write.row["state"], write.row["due_at"]) == ("done", claimed.due_at)
    assert write.row["last_end_reason"] == reason


@pytest.mark.parametrize("reason", ["busy", "no_answer", "congestion", "failed", "lost", "machine", "silence"])
def test_without_rules_of_the_administrator_these_are_tried_again_after_half_an_hour(ended, clock, reason):
    attempt, claimed = ended(reason)
    _, verdict = retry.after(attempt, claimed, campaign(), clock.now())
    assert verdict.delay == 1_800


def test_the_tries_of_the_claim_are_left_as_they_were(ended, clock):
    attempt, claimed = ended("busy", busy=1)
    retry.after(attempt, claimed, campaign(), clock.now())
    assert claimed.tries == {"busy": 1}


def test_an_attempt_that_goes_on_has_no_verdict(ended, clock):
    attempt, claimed = ended(None)
    with pytest.raises(ValueError, match="amid-1-1 has not ended"):
        retry.after(attempt, claimed, campaign(), clock.now())
