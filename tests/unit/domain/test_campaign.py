"""Where campaigns stand: every way is in the table, every other is refused with what to do instead."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.campaign import (
    ALIASES,
    AT_REST,
    CAMPAIGN_TRANSITIONS,
    GOING_ON,
    Activity,
    CampaignAction,
    CampaignStatus,
    IllegalActionError,
    activity,
    advance,
    statuses_of,
)

pytestmark = pytest.mark.unit


def test_every_status_can_be_reached_from_a_draft_and_left_again():
    reached, ahead = set(), [CampaignStatus.DRAFT]
    while ahead:
        status = ahead.pop()
        if status not in reached:
            reached.add(status)
            ahead += [after for (before, _), after in CAMPAIGN_TRANSITIONS.items() if before is status]
    assert reached == set(CampaignStatus)
    assert {before for before, _ in CAMPAIGN_TRANSITIONS} == set(CampaignStatus)


@pytest.mark.parametrize(("status", "action"), list(itertools.product(CampaignStatus, CampaignAction)))
def test_what_is_not_in_the_table_is_refused(status, action):
    if (status, action) in CAMPAIGN_TRANSITIONS:
        assert advance("survey", status, action) is CAMPAIGN_TRANSITIONS[status, action]
        return
    with pytest.raises(IllegalActionError, match=r"^campaign 'survey': "):
        advance("survey", status, action)


@given(st.lists(st.sampled_from(CampaignAction), max_size=40))
def test_a_run_begins_at_rest_only_and_goes_on_until_it_is_ended(actions):
    status = CampaignStatus.DRAFT
    for action in actions:
        try:
            after = advance("survey", status, action)
        except IllegalActionError:
            continue
        if after in GOING_ON and status not in GOING_ON:
            assert status in AT_REST
            assert action in {
                CampaignAction.START,
                CampaignAction.RERUN,
                CampaignAction.FALL_DUE,
                CampaignAction.EMERGENCY,
            }
        if status in GOING_ON and after not in GOING_ON:
            assert action in {CampaignAction.STOP, CampaignAction.COMPLETE, CampaignAction.FAIL}
        status = after


@pytest.mark.parametrize(
    ("status", "action", "mend"),
    [
        (CampaignStatus.SCHEDULED, CampaignAction.START, "starts by itself"),
        (CampaignStatus.STOPPED, CampaignAction.RESUME, "a stop is final for its run; begin a new one with: rerun"),
        (CampaignStatus.STOPPED, CampaignAction.START, "rerun"),
        (CampaignStatus.RUNNING, CampaignAction.ARCHIVE, "stop it first"),
        (CampaignStatus.ARCHIVED, CampaignAction.START, "restore"),
        (CampaignStatus.RUNNING, CampaignAction.EMERGENCY, "stop it first, then: start --emergency"),
        (CampaignStatus.PAUSED, CampaignAction.EMERGENCY, "goes on as what it was: resume"),
        (CampaignStatus.DRAFT, CampaignAction.PAUSE, "it is not running: it is draft"),
    ],
)
def test_a_refusal_says_what_to_do_instead(status, action, mend):
    with pytest.raises(IllegalActionError, match=mend):
        advance("survey", status, action)


def test_the_words_of_others_are_understood():
    assert statuses_of("Active") == {CampaignStatus.RUNNING}
    assert statuses_of("ended") == {CampaignStatus.STOPPED}
    assert statuses_of("ready") == statuses_of("idle") == {CampaignStatus.DRAFT}
    assert statuses_of("paused") == {CampaignStatus.PAUSED}
    assert CampaignStatus.ARCHIVED not in statuses_of("inactive")
    assert statuses_of("nope") == frozenset()
    assert not ALIASES.keys() & set(CampaignStatus)


@pytest.mark.parametrize(
    ("status", "left", "calls", "now"),
    [
        (CampaignStatus.RUNNING, 5, 2, Activity.RUNNING),
        (CampaignStatus.RUNNING, 1, 1, Activity.RUNNING),
        (CampaignStatus.RUNNING, 5, 0, Activity.STOPPED),
        (CampaignStatus.RUNNING, 0, 0, Activity.COMPLETED),
        (CampaignStatus.COMPLETED, 0, 0, Activity.COMPLETED),
        (CampaignStatus.COMPLETED, 3, 0, Activity.INACTIVE),  # its schedule ended it
        (CampaignStatus.PAUSED, 5, 2, Activity.INACTIVE),
        (CampaignStatus.STOPPED, 5, 0, Activity.INACTIVE),
        (CampaignStatus.DRAFT, 0, 0, Activity.INACTIVE),
        (CampaignStatus.SCHEDULED, 0, 0, Activity.INACTIVE),
    ],
)
def test_what_a_campaign_does_now_follows_from_its_status_and_its_run(status, left, calls, now):
    assert activity(status, left, calls) is now
