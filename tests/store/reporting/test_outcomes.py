"""What a report counts, on both databases."""

import pytest

from ami_dialer.domain.ending import Disposition, EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.reporting.outcomes import RunReport, pick_run, run_report
from ami_dialer.store import runs
from ami_dialer.store.results import ExclusionCount
from tests.store.reporting.past import ANN, BOB, CAT, Past

pytestmark = pytest.mark.store


async def report(past: Past) -> RunReport:
    return await run_report(past.database, await pick_run(past.database, "survey", None))


async def test_outcomes_are_counted_by_attempt_and_by_the_last_attempt_of_each_contact(survey: Past) -> None:
    survey.clock.advance(300)
    await survey.call(CAT, EndReason.BUSY, cause=17, rings=None)
    found = await report(survey)
    busy = next(outcome for outcome in found.outcomes if outcome.disposition == Disposition.BUSY)
    assert (busy.attempts, busy.contacts) == (2, 1)
    assert (busy.attempt_share, busy.contact_share) == (0.4, 0.25)
    assert busy.reasons == {EndReason.BUSY: 2}
    assert found.outcomes[0].disposition == Disposition.BUSY
    assert (found.attempts, found.answered, found.contacts, found.not_called) == (5, 3, 4, 0)


async def test_a_contact_counts_with_its_last_outcome_only(survey: Past) -> None:
    survey.clock.advance(300)
    await survey.call(CAT, EndReason.COMPLETED, answers_after=1, answers=[("rating", "1", True)])
    found = await report(survey)
    by_contact = {outcome.disposition: outcome.contacts for outcome in found.outcomes}
    assert by_contact[Disposition.BUSY] == 0
    assert by_contact[Disposition.COMPLETED] == 2
    assert sum(by_contact.values()) == 4


async def test_an_attempt_that_called_nobody_is_no_outcome(survey: Past) -> None:
    survey.clock.advance(300)
    await survey.call(CAT, EndReason.CANCELLED)
    found = await report(survey)
    assert found.attempts == 4
    assert all(EndReason.CANCELLED not in outcome.reasons for outcome in found.outcomes)
    assert {outcome.disposition: outcome.contacts for outcome in found.outcomes}[Disposition.BUSY] == 1


async def test_questions_tell_answers_and_wrong_and_silent_tries(survey: Past) -> None:
    rating, again = (await report(survey)).questions
    assert (rating.question, rating.asked, rating.answers, rating.no_answer) == ("rating", 3, {"1": 1, "2": 1}, 1)
    assert (rating.invalid_tries, rating.silent_tries) == (2, 1)
    assert (again.question, again.asked, again.answers, again.no_answer) == ("again", 1, {"1": 1}, 0)


async def test_of_two_answers_of_one_contact_the_last_one_counts(past: Past) -> None:
    await past.campaign({ANN: {}, BOB: {}})
    await past.start()
    await past.call(ANN, EndReason.COMPLETED, answers_after=1, answers=[("rating", "1", True), ("rating", "2", True)])
    [rating] = (await report(past)).questions
    assert (rating.asked, rating.answers) == (1, {"2": 1})


async def test_durations_are_of_ringing_and_of_talking(survey: Past) -> None:
    found = await report(survey)
    assert (found.ring.calls, found.ring.longest, found.ring.total) == (3, 3.0, 5.0)
    assert (found.talk.calls, found.talk.longest) == (3, 12.0)


async def test_contacts_that_were_not_called_and_those_taken_out_are_told(past: Past) -> None:
    await past.campaign({ANN: {}, BOB: {}})
    await past.start()
    await past.call(ANN, EndReason.OPTED_OUT, answers_after=1, opts_out=True)
    await runs.end(past.database, past.run_id, RunState.STOPPED, past.clock.now())
    await past.start()
    found = await report(past)
    assert found.excluded == [ExclusionCount(Exclusion.DNC, "opt-outs: asked for it during a call", 1)]
    assert found.by_state[EnrolmentState.EXCLUDED] == 1
    assert (found.not_called, found.outcomes, found.questions) == (1, [], [])


async def test_a_run_is_picked_by_its_number(survey: Past) -> None:
    first = survey.run_id
    await runs.end(survey.database, first, RunState.STOPPED, survey.clock.now())
    second = await survey.start()
    assert (await pick_run(survey.database, "survey", None)).id == second
    assert (await pick_run(survey.database, "survey", first)).id == first
    with pytest.raises(NotFoundError, match=f"has no run 999; its runs are: {second}, {first}"):
        await pick_run(survey.database, "survey", 999)


async def test_a_campaign_that_never_ran_says_how_to_start_it(past: Past) -> None:
    await past.campaign({ANN: {}})
    with pytest.raises(NotFoundError, match="ami-dialer campaign start survey"):
        await pick_run(past.database, "survey", None)


async def test_those_whom_rules_took_out_are_counted_by_the_rule(survey: Past) -> None:
    survey.clock.advance(301)
    await survey.refuse(CAT, "number.kind", None)
    found = await report(survey)
    assert found.excluded == [ExclusionCount(Exclusion.RULE, "number.kind", 1)]
