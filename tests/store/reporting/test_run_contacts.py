"""The contacts of a run with their status, on both databases."""

import pytest
from sqlalchemy import text

from ami_dialer.domain.contact_status import ContactStatus
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.reporting.outcomes import pick_run
from ami_dialer.store import run_contacts, runs
from ami_dialer.store.run_contacts import RunContact, contacts_of
from tests.store.reporting.past import ANN, BOB, CAT, DAN, Past

pytestmark = pytest.mark.store


async def contacts(past: Past, status: ContactStatus | None = None) -> dict[str, RunContact]:
    run = await pick_run(past.database, "survey", None)
    found = [one async for one in contacts_of(past.database, run, status)]
    assert len({one.contact for one in found}) == len(found)
    return {one.number: one for one in found}


async def test_each_contact_has_its_status_and_its_latest_result(survey: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_contacts, "_PORTION", 1)
    found = await contacts(survey)
    assert {number: (one.status, one.disposition, one.attempts) for number, one in found.items()} == {
        CAT: ("Scheduled for Reattempt", "Busy", 1),
        ANN: ("Dialed", "Completed", 1),
        BOB: ("Dialed", "Connected", 1),
        DAN: ("Dialed", "Opted Out", 1),
    }
    assert next(iter(found)) == CAT
    assert (found[ANN].talk, found[CAT].next_due is not None, found[ANN].next_due) == (12.0, True, None)


async def test_those_of_one_status_are_found_by_it(survey: Past) -> None:
    for status in ContactStatus:
        found = await contacts(survey, status)
        assert all(one.status is status for one in found.values())
    assert list(await contacts(survey, ContactStatus.REATTEMPT)) == [CAT]
    assert set(await contacts(survey, ContactStatus.DIALED)) == {ANN, BOB, DAN}


async def test_who_is_in_a_call_is_in_progress_and_who_a_rule_put_off_is_skipped(past: Past) -> None:
    await past.campaign({ANN: {}, BOB: {}, CAT: {}})
    await past.start()
    await past.call(ANN, None)
    await past.refuse(BOB, "us.hours", 3_600)
    await past.refuse(CAT, "number.kind", None)
    statuses = {number: (one.status, one.why) for number, one in (await contacts(past)).items()}
    assert statuses[ANN] == ("In Progress", None)
    assert statuses[BOB] == ("Skipped", "us.hours")
    assert statuses[CAT][0] == "Rule Excluded"


async def test_when_a_run_is_stopped_retries_are_cancelled(past: Past) -> None:
    await past.campaign({ANN: {}, BOB: {}})
    await past.start()
    await past.call(ANN, EndReason.BUSY, cause=17, rings=None)
    await runs.end(past.database, past.run_id, RunState.STOPPED, past.clock.now())
    found = await contacts(past)
    assert {number: one.status for number, one in found.items()} == {ANN: "Retry Cancelled", BOB: "Not Dialed"}
    assert all(one.next_due is None for one in found.values())


async def test_they_are_read_along_the_index_in_its_order(survey: Past) -> None:
    after = (1, survey.clock.now(), 1)
    query = run_contacts.portion_query(survey.run_id, EnrolmentState.WAITING, None, after)
    async with survey.database.reading() as connection:
        compiled = query.compile(connection.sync_connection.engine, compile_kwargs={"render_postcompile": True})
        if survey.database.is_sqlite:
            explain, values = "EXPLAIN QUERY PLAN", tuple(0 for _ in compiled.positiontup)
        else:
            explain, values = "EXPLAIN", tuple(compiled.params[name] for name in compiled.positiontup)
            for plan in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):  # with four rows it would take these
                await connection.execute(text(f"SET LOCAL enable_{plan} = off"))
        found = await connection.exec_driver_sql(f"{explain} {compiled}", values)
        steps = "\n".join(str(row) for row in found)
    assert "ix_enrolments_run_id_state_rank_due_at_id" in steps
    assert not any(word in steps for word in ("TEMP B-TREE", "Sort"))
