"""Campaigns in SQL: status, run and record change together, and what is on record is kept."""

from datetime import timedelta

import pytest

from ami_dialer.domain.callback import CallbackSource
from ami_dialer.domain.campaign import CampaignAction, IllegalActionError
from ami_dialer.domain.enrolment import RunState
from ami_dialer.store import callbacks, campaign_editing, campaigns, documents, enrolling, pausing, runs, schedules
from ami_dialer.store.callback_writes import Wanted
from ami_dialer.store.campaign_editing import CampaignInUseError, NotEditableError
from tests.store.world import attempt_on, campaign, claimed, config, fill, number, rows, run_of, value

pytestmark = pytest.mark.store


async def actions(database):
    return [action for (action,) in await rows(database, "SELECT action FROM audit_records ORDER BY id")]


async def status(database):
    return (await campaigns.standing(database, "survey")).status


async def test_status_run_and_record_are_one_transaction(database, clock, monkeypatch):
    await run_of(database, 2, clock.now())
    assert await status(database) == "running"
    before = await actions(database)

    def breaks(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(campaigns, "note", breaks)
        with pytest.raises(RuntimeError):
            await pausing.pause(database, "survey", clock.now())
    assert (await status(database), await value(database, "SELECT state FROM runs")) == ("running", "running")
    assert await actions(database) == before
    await pausing.pause(database, "survey", clock.now())
    await pausing.resume(database, "survey", clock.now())
    await runs.stop(database, "survey", clock.now())
    assert (await actions(database))[len(before) :] == ["campaign.pause", "campaign.resume", "campaign.end"]
    assert await status(database) == "stopped"


async def test_a_run_that_fails_tells_why_and_can_be_run_again(database, clock):
    run = await run_of(database, 2, clock.now())
    await runs.end(database, run, RunState.FAILED, clock.now(), "its trunk is gone")
    standing = await campaigns.standing(database, "survey")
    assert (standing.status, standing.trouble) == ("failed", "its trunk is gone")
    key, document = await documents.load_campaign(database, "survey")
    with pytest.raises(IllegalActionError, match="rerun"):
        await runs.start(database, key, document, clock.now(), CampaignAction.START)
    await runs.start(database, key, document, clock.now(), CampaignAction.RERUN)
    standing = await campaigns.standing(database, "survey")
    assert (standing.status, standing.trouble) == ("running", None)


async def test_what_has_called_somebody_is_not_deleted(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    async with database.writing() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO attempts (id, run_id, enrolment_id, contact_id, ordinal, number, server, trunk, state, "
            f"claimed_at) VALUES ('{attempt.id}', {one.run_id}, {one.enrolment_id}, {one.contact_id}, 1, "
            f"'{one.number}', 'pbx', 'carrier', 'originating', '2026-03-02 15:00:00')"
        )
    with pytest.raises(CampaignInUseError, match="it is running; stop it first"):
        await campaign_editing.remove(database, "survey", clock.now())
    await runs.stop(database, "survey", clock.now())
    with pytest.raises(CampaignInUseError, match=r"1 attempt in 1 run refer to it.*campaign archive survey"):
        await campaign_editing.remove(database, "survey", clock.now())
    await campaigns.archive(database, "survey", clock.now())
    assert await value(database, "SELECT count(*) FROM runs") == 1


async def test_what_never_called_anybody_goes_with_its_runs(database, clock):
    await run_of(database, 3, clock.now())
    await runs.stop(database, "survey", clock.now())
    await campaign_editing.remove(database, "survey", clock.now())
    for table in ("campaigns", "runs", "run_lists", "enrolments"):
        assert await value(database, f"SELECT count(*) FROM {table}") == 0
    assert (await actions(database))[-1] == "campaign.delete"


async def test_a_campaign_is_not_deleted_while_a_callback_of_it_waits(database, clock):
    await run_of(database, 1, clock.now())
    await runs.stop(database, "survey", clock.now())
    key = (await campaigns.standing(database, "survey")).id
    [(contact, phone)] = await rows(database, "SELECT contact_id, number FROM enrolments")
    wanted = Wanted(
        campaign_id=key,
        contact_id=contact,
        number=phone,
        at=clock.now() + timedelta(hours=1),
        source=CallbackSource.CLI,
    )
    asked = await callbacks.ask(database, wanted, clock.now())
    with pytest.raises(CampaignInUseError, match=f"callback cancel {asked.id}"):
        await campaign_editing.remove(database, "survey", clock.now())
    await callbacks.cancel(database, [asked.id], clock.now(), "by hand")
    await campaign_editing.remove(database, "survey", clock.now())
    assert await value(database, "SELECT count(*) FROM callbacks") == 0


async def test_an_exemption_that_is_edited_in_is_recorded_by_itself(database, clock):
    await campaign(database, config())
    standing = await campaigns.standing(database, "survey")
    exemption = {"rules": ["hours"], "basis": "emergency", "reason": "The dam may break."}
    changed = {**standing.document, "exemptions": [exemption]}
    await campaign_editing.change(database, "survey", changed, clock.now(), "UTC")
    assert (await actions(database))[-2:] == ["campaign.change", "campaign.exempt"]


async def test_nothing_of_a_running_campaign_is_edited(database, clock):
    await run_of(database, 1, clock.now())
    standing = await campaigns.standing(database, "survey")
    with pytest.raises(NotEditableError, match="pause it first"):
        await campaign_editing.change(database, "survey", {**standing.document, "ring": 20}, clock.now(), "UTC")


async def test_a_resume_judges_anew_whom_a_rule_had_put_off(database, clock):
    run = await run_of(database, 2, clock.now())
    later = "2026-03-09 15:00:00.000000+00:00" if not database.is_sqlite else "2026-03-09 15:00:00.000000"
    async with database.writing() as connection:
        await connection.exec_driver_sql(
            f"UPDATE enrolments SET due_at = '{later}', held_by = 'campaign.window' WHERE number = '{number(0)}'"
        )
    await pausing.pause(database, "survey", clock.now())
    await campaign(database, config(hours={"earliest": "0:00"}, purpose="survey"))
    resumed = await pausing.resume(database, "survey", clock.now())
    assert resumed.run == run
    assert resumed.changes["hours.earliest"] == [None, "00:00"]
    assert resumed.kept == ("purpose",)  # whoever changed it is told that the run goes on as it was
    assert await value(database, "SELECT count(*) FROM enrolments WHERE held_by IS NOT NULL") == 0


async def test_a_schedule_is_put_into_force_once_and_again_when_it_changes(database, clock):
    await campaign(database, config(schedule={"start": "2026-03-03 09:00", "every": "day"}))
    assert await schedules.apply(database, clock.now(), "UTC") == ["survey"]
    assert await schedules.apply(database, clock.now(), "UTC") == []
    await schedules.unschedule(database, "survey", clock.now())
    assert await schedules.apply(database, clock.now(), "UTC") == []  # who took it off is not overruled
    await campaign(database, config(schedule={"start": "2026-03-03 10:00", "every": "day"}))
    assert await schedules.apply(database, clock.now(), "UTC") == ["survey"]
    standing = await campaigns.standing(database, "survey")
    assert (standing.status, str(standing.next_start_at)) == ("scheduled", "2026-03-03 10:00:00+00:00")
    await campaign(database, config())
    await schedules.apply(database, clock.now(), "UTC")
    assert await status(database) == "draft"


async def test_a_start_that_breaks_off_leaves_the_run_that_goes_on(database, clock, monkeypatch):
    key, _ = await campaign(database, config(schedule={"start": "2026-03-03 09:00", "every": "day"}))
    await fill(database, "people", [number(1)], clock.now())
    await schedules.apply(database, clock.now(), "UTC")
    clock.advance(18 * 3600)
    assert (await schedules.begin(database, key, clock.now(), "UTC")).run == 1
    clock.advance(24 * 3600)

    async def breaks(*_, **__):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(enrolling, "enrol", breaks)
        with pytest.raises(RuntimeError):
            await schedules.begin(database, key, clock.now(), "UTC")
    assert await rows(database, "SELECT id, state FROM runs") == [(1, "running")]
    begun = await schedules.begin(database, key, clock.now(), "UTC")
    assert begun.stopped == 1
    assert await rows(database, "SELECT state FROM runs ORDER BY id") == [("stopped",), ("running",)]
    assert await schedules.begin(database, key, clock.now(), "UTC") is None
