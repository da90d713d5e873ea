"""The way of one contact, station by station, on both databases."""

import json
from datetime import timedelta

import pytest

from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.journey import STATIONS
from ami_dialer.reporting.steps import Step
from ami_dialer.reporting.trace import Trail, trace
from ami_dialer.store import dnc, lists, membership, runs
from tests.store.reporting.past import ANN, BOB, CAT, DAN, Past

pytestmark = pytest.mark.store


async def trail(past: Past, wanted: str) -> Trail:
    return await trace(past.database, wanted, ["US"])


def steps(found: Trail, station: str) -> list[Step]:
    return [step for run in found.runs for step in run.steps if step.station == station]


async def test_a_completed_contact_passed_every_station_in_order(survey: Past) -> None:
    found = await trail(survey, ANN)
    [run] = found.runs
    passed = list(dict.fromkeys(step.station for step in run.steps))
    assert passed == list(STATIONS)
    times = [step.at for step in run.steps if step.at is not None]
    assert times == sorted(times)
    assert (run.state, run.run_state) == (EnrolmentState.DONE, RunState.RUNNING)


@pytest.mark.parametrize("written", ["+1 301 555 0100", "(301) 555-0100", "3015550100", "1-301-555-0100"])
async def test_a_number_is_found_in_any_usual_form(survey: Past, written: str) -> None:
    assert (await trail(survey, written)).number == ANN


async def test_a_contact_is_found_by_its_id(survey: Past) -> None:
    key = (await trail(survey, BOB)).lists[0].contact_id
    assert (await trail(survey, str(key))).number == BOB


@pytest.mark.parametrize("wanted", ["+12125550000", "123456789012345678901234567890", "Ann", "", "-1", "²"])
async def test_a_contact_that_is_not_there_is_said_so(survey: Past, wanted: str) -> None:
    with pytest.raises(NotFoundError, match="no list holds a contact"):
        await trail(survey, wanted)


async def test_the_first_step_names_the_list(survey: Past) -> None:
    [step] = steps(await trail(survey, ANN), "intake")
    assert step.what == "came into list people"


async def test_who_was_taken_off_the_list_is_traced_in_the_runs_that_keep_calling(survey: Past) -> None:
    people = await lists.list_id(survey.database, "people")
    await membership.remove(survey.database, people, [ANN])
    found = await trail(survey, ANN)
    assert [(member.list_name, member.number) for member in found.lists] == [(None, ANN)]
    assert [run.state for run in found.runs] == [EnrolmentState.DONE]
    assert await trail(survey, str(found.lists[0].contact_id)) == found


async def test_the_flow_shows_each_answer_with_its_time(survey: Past) -> None:
    flow = steps(await trail(survey, BOB), "flow")
    assert [step.what for step in flow] == [
        "flow quiz begins",
        "rating: pressed 7, which is not valid (try 1)",
        "rating: nothing pressed (try 1)",
        "rating: pressed 7, which is not valid (try 1)",
    ]
    assert flow[1].at is not None
    assert flow[2].at is not None
    assert (flow[2].at - flow[1].at).total_seconds() == 1


async def test_an_opt_out_shows_in_the_flow_and_at_the_top(survey: Past) -> None:
    found = await trail(survey, DAN)
    assert [step.what for step in steps(found, "flow")][-1] == "put on do-not-call list opt-outs"
    assert [entry.reason for entry in found.do_not_call] == ["asked for it during a call"]
    assert [step.what for step in steps(found, "retry")] == ["not called again: opted_out is final"]


async def test_amd_tells_what_asterisk_said_and_what_it_counts_as(survey: Past) -> None:
    [step] = steps(await trail(survey, ANN), "amd")
    assert step.what == "HUMAN (HUMAN-800-800): person"


async def test_the_end_names_reason_and_cause(survey: Past) -> None:
    [step] = steps(await trail(survey, CAT), "disposition")
    assert step.what == "Busy (busy); hang-up cause 17, user busy"
    assert step.facts["cause_name"] == "user busy"


async def test_a_retry_tells_when_it_is_due_and_each_attempt_its_own(survey: Past) -> None:
    [first] = steps(await trail(survey, CAT), "retry")
    assert first.what == "busy: again after 300 s"
    assert first.at is not None
    assert (first.facts["due_at"] - first.at).total_seconds() == 300
    survey.clock.advance(301)
    await survey.call(CAT, EndReason.BUSY, cause=17, rings=None)
    survey.clock.advance(301)
    await survey.call(CAT, EndReason.BUSY, cause=17, rings=None)
    found = await trail(survey, CAT)
    assert [step.attempt for step in steps(found, "retry")] == [1, 2, 3]
    assert steps(found, "retry")[-1].what == "not called again: busy was tried again 2 times"
    assert steps(found, "report")[-1].what == "counted as Busy"


async def test_an_attempt_that_called_nobody_costs_no_try(survey: Past) -> None:
    survey.clock.advance(301)
    await survey.call(CAT, EndReason.CANCELLED, detail="the link was lost")
    found = await trail(survey, CAT)
    assert steps(found, "retry")[-1].what == "nobody was called: due again at once, and not counted"
    assert "the link was lost" in steps(found, "disposition")[-1].what
    assert len(steps(found, "originate")) == 1


async def test_a_contact_on_a_do_not_call_list_was_taken_out_at_the_start(past: Past) -> None:
    await past.campaign({ANN: {}})
    await dnc.add(past.database, "opt-outs", [ANN], reason="by letter", source="cli", now=past.clock.now())
    past.clock.advance(60)
    await past.start()
    [step] = steps(await trail(past, ANN), "scrub")
    assert step.what == "DNC Excluded at the start of the run: opt-outs: by letter"
    assert step.at == past.clock.now()


async def test_who_is_on_no_list_was_allowed_by_the_global_one_too(survey: Past) -> None:
    [step] = steps(await trail(survey, ANN), "scrub")
    assert step.what == "allowed: on none of the do-not-call lists opt-outs, nor on the global one"


async def test_a_contact_in_no_run_has_its_lists(past: Past) -> None:
    await past.campaign({ANN: {"first_name": "Ann"}})
    found = await trail(past, ANN)
    assert (found.runs, [member.list_name for member in found.lists]) == ([], ["people"])


async def test_a_contact_of_a_stopped_run_is_not_called_any_more(survey: Past) -> None:
    await runs.end(survey.database, survey.run_id, RunState.STOPPED, survey.clock.now())
    assert steps(await trail(survey, CAT), "hopper")[-1].what == "not called any more: the run is stopped"


async def test_every_run_of_a_contact_is_told(survey: Past) -> None:
    await runs.end(survey.database, survey.run_id, RunState.STOPPED, survey.clock.now())
    survey.clock.advance(10)
    await survey.start()
    found = await trail(survey, ANN)
    assert [run.state for run in found.runs] == [EnrolmentState.DONE, EnrolmentState.WAITING]
    assert found.runs[1].steps[-1].what == "waits until it is due"


async def test_a_contact_that_a_rule_holds_back_waits_with_the_rule(survey: Past) -> None:
    survey.clock.advance(301)
    await survey.refuse(CAT, "us.hours", 3_600)
    found = await trail(survey, CAT)
    [step] = steps(found, "hopper")[-1:]
    assert step.what == "waits until it is due: us.hours refused it when it was its turn"
    assert step.facts == {"due_at": survey.clock.now() + timedelta(hours=1), "held_by": "us.hours"}
    # What the retry rule said stays told as it was.
    [retry] = steps(found, "retry")
    assert (retry.facts["due_at"] - retry.at).total_seconds() == 300


async def test_a_contact_that_a_rule_takes_out_was_in_the_run_before(survey: Past) -> None:
    survey.clock.advance(301)
    await survey.refuse(CAT, "number.kind", None)
    found = await trail(survey, CAT)
    scrubs = [step for step in steps(found, "scrub") if step.attempt is None]
    assert [step.what for step in scrubs] == [
        "allowed: on none of the do-not-call lists opt-outs, nor on the global one",
        "Rule Excluded at its turn: refused by number.kind",
    ]


async def test_each_call_has_its_verdict(survey: Past) -> None:
    survey.clock.advance(301)
    kept = {
        "book": 3,
        "rule": "us.hours",
        "until": "2026-03-03T02:00:00.000Z",
        "zones": ["America/New_York"],
        "by": "number",
        "at": "2026-03-02T15:00:00.000Z",
    }
    verdict = json.dumps(kept)
    await survey.call(CAT, EndReason.BUSY, cause=17, verdict=verdict)
    [step] = [step for step in steps(await trail(survey, CAT), "scrub") if step.attempt == 2]
    assert step.what == (
        "verdict: may be called until 2026-03-03T02:00:00.000Z (us.hours), being in America/New_York by number, "
        "by version 3 of the rules"
    )
    assert step.facts["verdict"] == kept


async def test_a_phone_that_was_left_for_good_is_not_named_as_the_next(past: Past) -> None:
    retry = {"phones": "one-by-one", "rules": {"busy": {"after": "5m", "max": 0}}}
    await past.campaign({ANN: {}}, retry=retry)
    await past.phone(ANN, DAN)
    await past.start()
    await past.call(ANN, EndReason.BUSY, cause=17)
    past.clock.advance(300)
    await past.call(DAN, EndReason.INVALID_NUMBER, cause=1)
    found = await trail(past, ANN)
    assert [run.state for run in found.runs] == [EnrolmentState.DONE]
    assert [step.what for step in steps(found, "retry")] == [
        f"busy was tried again 0 times; on with {DAN} after 300 s, the next phone",
        "not called again: invalid_number is not tried again",
    ]
