"""Results that are given to calls by hand, and what follows from them, on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.reporting.export import rows as exported
from ami_dialer.reporting.outcomes import AtAttempt, Worth, pick_run, run_report
from ami_dialer.reporting.status import campaign_status
from ami_dialer.reporting.trace import trace
from ami_dialer.store import documents, hopper, outcomes, runs
from ami_dialer.store.outcomes import UnknownTitleError
from ami_dialer.store.tables import callbacks, enrolments
from tests.store.reporting.past import ANN, BOB, CAT, DAN, Past
from tests.store.world import rows, value

pytestmark = pytest.mark.store

SALES = {
    "Sale": {"qualified": True, "contacted": True, "positive": True, "final": True},
    "Never": {"contacted": True, "do_not_call": True},
    "Not Home": {"retry": {"after": "2h", "max": 1}},
    "Later": {"contacted": True, "callback": True, "callback_after": "2h"},
}


@pytest.fixture
async def sales(past: Past) -> Past:
    await past.campaign({ANN: {}, BOB: {}, CAT: {}}, dispositions="sales")
    await past.start()
    return past


def config() -> Config:
    return Config.model_validate(
        {
            "servers": {"pbx": {"secret": "s"}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "disposition_sets": {"sales": SALES},
        }
    )


async def give(past: Past, attempt: str, title: str, **more: str) -> outcomes.Given:
    return await outcomes.give(past.database, config(), attempt, title, past.clock.now(), **more)


async def test_a_final_result_takes_out_whoever_waits_for_another_try(sales: Past) -> None:
    call = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    given = await give(sales, call.id, "sale", said="ordered two")
    assert (given.title, given.before, given.taken_out) == ("Sale", "Busy", True)
    assert await rows(sales.database, f"SELECT state FROM enrolments WHERE number = '{ANN}'") == [("done",)]
    assert await value(sales.database, "SELECT outcome FROM attempts") == "Sale"
    [(subject, detail)] = await rows(
        sales.database, "SELECT subject, detail FROM audit_records WHERE action = 'disposition.set'"
    )
    assert subject == ANN
    assert "ordered two" in detail


async def test_the_trail_tells_what_the_result_decided(sales: Past) -> None:
    call = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    await give(sales, call.id, "Sale")
    [run] = (await trace(sales.database, ANN, ["US"], config())).runs
    told = {step.station: step.what for step in run.steps}
    assert told["retry"] == "not called again: Sale is final"
    assert told["report"] == "counted as Sale"


async def test_the_result_of_an_earlier_call_takes_nobody_out(sales: Past) -> None:
    first = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    sales.clock.advance(300)
    await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    assert not (await give(sales, first.id, "Sale")).taken_out
    assert await rows(sales.database, f"SELECT state FROM enrolments WHERE number = '{ANN}'") == [("waiting",)]


async def test_who_must_not_be_called_is_on_the_list_at_once(sales: Past) -> None:
    call = await sales.call(BOB, EndReason.CONNECTED, answers_after=1)
    for _ in range(2):
        assert (await give(sales, call.id, "Never")).do_not_call == "opt-outs"
    assert await rows(sales.database, "SELECT number, source, attempt_id FROM dnc_entries") == [
        (BOB, "disposition", call.id)
    ]
    assert await value(sales.database, "SELECT count(*) FROM audit_records WHERE action = 'dnc.add'") == 1
    assert await rows(sales.database, "SELECT number, granted, scope, source, attempt_id FROM consents") == [
        (BOB, False, "*", "agent", call.id)
    ]
    assert await value(sales.database, "SELECT count(*) FROM audit_records WHERE action = 'consent.revoke'") == 1


async def test_a_callback_is_asked_for_unless_one_waits_already(sales: Past) -> None:
    call = await sales.call(CAT, EndReason.CONNECTED, answers_after=1)
    given = await give(sales, call.id, "Later")
    assert given.callback_at == sales.clock.now() + timedelta(hours=2)
    sales.clock.advance(60)
    assert (await give(sales, call.id, "Later")).callback_at == given.callback_at
    assert await rows(sales.database, "SELECT number, source, state FROM callbacks") == [
        (CAT, "disposition", "waiting")
    ]


async def test_a_call_that_goes_on_gets_its_result_and_keeps_it(sales: Past) -> None:
    call = await sales.call(ANN, None, answers_after=1)
    given = await give(sales, call.id, "Sale")
    assert (given.before, given.taken_out) == (None, False)
    assert await outcomes.of(sales.database, [call.id]) == {call.id: "Sale"}


async def test_what_is_not_known_is_told_with_what_is(sales: Past) -> None:
    with pytest.raises(NotFoundError, match="ami-dialer trace"):
        await give(sales, "amid-0", "Sale")
    call = await sales.call(ANN, EndReason.CONNECTED, answers_after=1)
    with pytest.raises(UnknownTitleError, match="did you mean 'Later'"):
        await give(sales, call.id, "Latter")
    assert await value(sales.database, "SELECT outcome FROM attempts") is None


async def test_reports_count_the_result_that_counts_and_each_contact_with_its_latest(sales: Past) -> None:
    first = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    bob = await sales.call(BOB, EndReason.CONNECTED, answers_after=1)
    sales.clock.advance(300)
    ann = await sales.call(ANN, EndReason.CONNECTED, answers_after=1)
    await sales.call(CAT, None)
    await give(sales, first.id, "Later")
    await give(sales, ann.id, "Sale")
    run = await pick_run(sales.database, "survey", None)
    _, document = await documents.load_campaign(sales.database, "survey")
    found = await run_report(sales.database, run, meanings_of(config(), document))
    assert {one.disposition: (one.attempts, one.contacts) for one in found.outcomes} == {
        "Sale": (1, 1),
        "Connected": (1, 1),
        "Later": (1, 0),
    }
    assert found.worth == Worth(qualified=1, contacted=2, positive=1, conversion=0.5)
    assert found.by_attempt == [
        AtAttempt(1, {"Connected": 1, "In Progress": 1}),
        AtAttempt(2, {"Sale": 1}),
    ]
    stands = (await campaign_status(sales.database, "survey", config())).run
    assert stands is not None
    assert (stands.outcomes, stands.worth) == ({"Connected": 1, "Later": 1, "Sale": 1}, found.worth)
    heading, *lines = [row async for row in exported(sales.database, run)]
    cells = {line[1]: dict(zip(heading, line, strict=True)) for line in lines}
    assert (cells[ANN]["disposition"], cells[ANN]["system_disposition"]) == ("Sale", "Connected")
    assert (cells[BOB]["disposition"], bob.outcome) == ("Connected", None)


TWO_HOURS = timedelta(hours=2)


async def enrolled(past: Past, number: str) -> tuple[str, dict[str, int], datetime]:
    found = select(enrolments.c.state, enrolments.c.tries, enrolments.c.due_at).where(enrolments.c.number == number)
    async with past.database.reading() as connection:
        return tuple((await connection.execute(found)).one())


async def test_a_result_with_a_retry_of_its_own_brings_back_who_was_done_as_often_as_it_says(sales: Past) -> None:
    call = await sales.call(ANN, EndReason.CONNECTED, answers_after=1)
    ended_at = sales.clock.now()
    assert (await enrolled(sales, ANN))[0] == "done"
    sales.clock.advance(600)
    for _ in range(2):  # given twice it is counted once
        given = await give(sales, call.id, "not home")
        assert (given.again_at, given.taken_out) == (ended_at + TWO_HOURS, False)
        tries = {"connected": 1, "title:Not Home": 1}
        assert await enrolled(sales, ANN) == ("waiting", tries, ended_at + TWO_HOURS)
    [run] = (await trace(sales.database, ANN, ["US"], config())).runs
    [step] = [step for step in run.steps if step.station == "retry"]
    assert (step.what, step.facts["due_at"]) == ("Not Home: again after 7200 s", ended_at + TWO_HOURS)
    sales.clock.advance(7_200)
    second = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    given = await give(sales, second.id, "Not Home")
    assert (given.again_at, given.taken_out) == (None, True)
    state, tries, _ = await enrolled(sales, ANN)
    assert (state, tries) == ("done", {"connected": 1, "busy": 1, "title:Not Home": 2})


async def test_it_puts_off_who_waits_and_one_without_a_retry_in_its_place_leaves_it_to_the_campaign(
    sales: Past,
) -> None:
    call = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    ended_at = sales.clock.now()
    assert (await give(sales, call.id, "Not Home")).again_at == ended_at + TWO_HOURS
    assert (await give(sales, call.id, "Unresolved")).again_at == ended_at + timedelta(minutes=5)
    assert await enrolled(sales, ANN) == ("waiting", {"busy": 1}, ended_at + timedelta(minutes=5))


async def test_it_takes_the_phone_whose_turn_it_is(past: Past) -> None:
    await past.campaign({ANN: {}}, dispositions="sales")
    await past.phone(ANN, DAN)
    await past.start()
    call = await past.call(ANN, EndReason.CONNECTED, answers_after=1)
    await give(past, call.id, "Not Home")
    tries = {"connected": 1, "title:Not Home": 1, f"connected@{ANN}": 1, f"title:Not Home@{ANN}": 1}
    assert (await enrolled(past, DAN))[:2] == ("waiting", tries)


@pytest.mark.parametrize(
    "what", ["claimed again", "another call came after it", "excluded", "asked to be called back", "the run is over"]
)
async def test_who_is_elsewhere_is_left_alone(sales: Past, what: str) -> None:
    call = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    sales.clock.advance(60)
    now = sales.clock.now()
    match what:
        case "claimed again":
            assert await hopper.claim(sales.database, sales.run_id, 10, now + timedelta(hours=1))
        case "another call came after it":
            await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
        case "excluded":
            async with sales.database.writing() as connection:
                await connection.execute(update(enrolments).values(state="excluded", exclusion="dnc"))
        case "asked to be called back":
            await give(sales, call.id, "Later")
        case _:
            await runs.end(sales.database, sales.run_id, RunState.STOPPED, now)
    before = await enrolled(sales, ANN)
    given = await give(sales, call.id, "Not Home")
    assert (given.title, given.again_at, given.taken_out) == ("Not Home", None, False)
    assert await enrolled(sales, ANN) == before


async def test_a_final_result_of_the_call_that_kept_a_callback_takes_out_too(sales: Past) -> None:
    first = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    await give(sales, first.id, "Later")
    sales.clock.advance(60)
    second = await sales.call(ANN, EndReason.BUSY, cause=17, rings=None)
    assert not (await give(sales, second.id, "Sale")).taken_out  # they are still to be called back
    async with sales.database.writing() as connection:
        await connection.execute(update(callbacks).values(state="kept", kept_by=second.id))
    assert (await give(sales, second.id, "Sale")).taken_out
    assert (await enrolled(sales, ANN))[0] == "done"
