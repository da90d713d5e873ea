"""How a campaign stands, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.reporting.status import campaign_status
from ami_dialer.store import documents, runs
from ami_dialer.store.database import Database
from ami_dialer.store.runs import AlreadyRunningError
from tests.store.reporting.past import ANN, BOB, CAT, Past

pytestmark = pytest.mark.store


async def test_a_campaign_that_never_ran_has_no_run(past: Past) -> None:
    await past.campaign({ANN: {}})
    status = await campaign_status(past.database, "survey")
    assert (status.run, status.runs, status.flow, status.start) == (None, [], "quiz", "with-dialer")


async def test_contacts_attempts_and_outcomes_are_counted(survey: Past) -> None:
    status = await campaign_status(survey.database, "survey")
    run = status.run
    assert run is not None
    assert (run.contacts, run.attempts, run.answered, run.calls_now) == (4, 4, 3, 0)
    assert (run.by_state[EnrolmentState.DONE], run.by_state[EnrolmentState.WAITING]) == (3, 1)
    assert list(run.outcomes) == sorted(run.outcomes, key=lambda name: (-run.outcomes[name], name))
    assert run.outcomes[Disposition.OPTED_OUT] == 1
    assert run.next_due is not None


async def test_a_call_that_goes_on_is_a_call_now(survey: Past) -> None:
    await survey.call(CAT, None)
    run = (await campaign_status(survey.database, "survey")).run
    assert run is not None
    assert (run.calls_now, run.attempts, run.next_due) == (1, 4, None)


async def test_a_stopped_run_waits_for_nobody(survey: Past) -> None:
    await runs.end(survey.database, survey.run_id, RunState.STOPPED, survey.clock.now())
    run = (await campaign_status(survey.database, "survey")).run
    assert run is not None
    assert (run.state, run.next_due) == (RunState.STOPPED, None)


async def test_whether_a_dialer_runs_on_the_database_is_told(database_settings, past: Past) -> None:
    await past.campaign({ANN: {}})
    assert not (await campaign_status(past.database, "survey")).dialer_running
    dialer = Database(database_settings)
    try:
        await dialer.lock_engine()
        assert (await campaign_status(past.database, "survey")).dialer_running
    finally:
        await dialer.close()
    assert not (await campaign_status(past.database, "survey")).dialer_running


async def test_a_second_run_is_refused_while_the_first_goes_on(past: Past) -> None:
    await past.campaign({ANN: {}, BOB: {}})
    key, document = await documents.load_campaign(past.database, "survey")
    starts = [runs.start(past.database, key, document, past.clock.now()) for _ in range(2)]
    done = await asyncio.gather(*starts, return_exceptions=True)
    assert sorted(type(one) for one in done if isinstance(one, Exception)) == [AlreadyRunningError]
    assert (await campaign_status(past.database, "survey")).runs == [one for one in done if isinstance(one, int)]


async def test_an_unknown_campaign_is_told_with_those_there_are(past: Past) -> None:
    await past.campaign({ANN: {}})
    with pytest.raises(NotFoundError, match="'nope'; there are: survey"):
        await campaign_status(past.database, "nope")


async def test_those_whom_rules_hold_back_are_counted_by_rule(survey: Past) -> None:
    survey.clock.advance(301)
    await survey.refuse(CAT, "us.hours", 3_600)
    run = (await campaign_status(survey.database, "survey")).run
    assert run is not None
    assert run.held_by == {"us.hours": 1}
    assert run.next_due == survey.clock.now() + timedelta(hours=1)
