"""Station 8: one end reason from events, hang-up cause and flow together."""

import pytest

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt, AttemptEvent, AttemptState
from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.journey import disposition

pytestmark = pytest.mark.journey

STEPS = {
    "claimed": [],
    "originating": [AttemptEvent.SENT],
    "ringing": [AttemptEvent.SENT, AttemptEvent.RING],
    "answered": [AttemptEvent.SENT, AttemptEvent.ANSWER],
    "in_flow": [AttemptEvent.SENT, AttemptEvent.ANSWER, AttemptEvent.FLOW],
}


def campaign(**fields):
    way = {} if "dialplan" in fields else {"flow": "survey"}
    return Campaign.model_validate({"lists": ["people"], "trunks": ["carrier"], **way, **fields})


@pytest.fixture
def at(clock):
    def build(state, **fields):
        one = Attempt(
            id="amid-1-1",
            run_id=1,
            enrolment_id=1,
            contact_id=1,
            ordinal=1,
            number="+12125550101",
            server="pbx",
            trunk="carrier",
            state=AttemptState.CLAIMED,
            claimed_at=clock.now(),
        )
        for step in STEPS[state]:
            one.move(step, clock.now())
        for name, value in fields.items():
            setattr(one, name, value)
        return one

    return build


@pytest.mark.parametrize(
    ("state", "fields", "settings", "heard", "end"),
    [
        ("originating", {}, {}, (17, None), "busy"),
        ("ringing", {}, {}, (16, 3), "no_answer"),
        ("originating", {}, {}, (None, 8), "congestion"),
        ("originating", {}, {}, (None, 0), "failed"),
        ("answered", {}, {}, (16, None), "abandoned"),
        ("in_flow", {"flow_end": EndReason.NO_INPUT}, {}, (16, None), "no_input"),
        ("in_flow", {}, {}, (16, None), "flow_failed"),
        ("answered", {"amd_status": "HUMAN"}, {"dialplan": "agents"}, (16, None), "connected"),
        ("answered", {}, {"dialplan": "agents"}, (16, None), "abandoned"),
        ("answered", {}, {"dialplan": "agents", "amd": {"enabled": False}}, (16, None), "connected"),
    ],
)
def test_a_call_that_is_over_gets_its_one_end_reason(at, clock, state, fields, settings, heard, end):
    cause, reason = heard
    one = at(state, **fields)
    clock.advance(3)
    disposition.conclude(one, campaign(**settings), None, cause=cause, reason=reason, now=clock.now())
    assert (one.end_reason, one.state, one.cause, one.ended_at) == (end, AttemptState.ENDED, cause, clock.now())


def test_what_amd_alone_decides_stands(at, clock):
    one = at("answered")
    disposition.conclude(one, campaign(), EndReason.FAX, cause=16, reason=None, now=clock.now())
    assert (one.end_reason, one.disposition) == (EndReason.FAX, Disposition.ANSWERING_MACHINE)


@pytest.mark.parametrize(
    ("state", "fields", "end"),
    [
        ("originating", {}, "lost"),
        ("ringing", {}, "lost"),
        ("answered", {}, "lost"),
        ("in_flow", {}, "hung_up"),
        ("in_flow", {"flow_end": EndReason.LOST}, "lost"),
        ("in_flow", {"flow_end": EndReason.HUNG_UP}, "hung_up"),
        ("in_flow", {"flow_end": EndReason.COMPLETED}, "completed"),
        ("answered", {"flow_end": EndReason.FLOW_FAILED}, "flow_failed"),
    ],
)
def test_a_call_that_vanished_while_nobody_watched(at, clock, state, fields, end):
    one = at(state, **fields)
    disposition.lose(one, clock.now())
    assert one.end_reason == end
    assert (one.detail is None) == (fields.get("flow_end") not in {None, EndReason.LOST})


def test_a_detail_that_is_known_is_not_written_over(at, clock):
    one = at("originating", detail="no answer to Originate in 10 s")
    disposition.lose(one, clock.now())
    assert one.detail == "no answer to Originate in 10 s"
