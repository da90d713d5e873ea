"""config.yaml's documents in SQL: applied again on each start, replaced where they changed, never deleted."""

from datetime import UTC, datetime

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.reporting.trace import trace
from ami_dialer.store import documents, runs
from tests.store.world import config, number, rows, run_of

pytestmark = pytest.mark.store


async def test_documents_are_kept_as_they_were_written(database):
    wanted = config(max_calls=3, caller_id="Survey <+12125550100>")
    await documents.apply_config(database, wanted)
    _, stored = await documents.load_campaign(database, "survey")
    assert stored == wanted.campaigns["survey"]
    assert await documents.load_flow(database, "survey") == wanted.flows["survey"]
    assert await documents.campaign_names(database) == ["survey"]


async def test_applying_the_same_again_writes_nothing(database):
    await documents.apply_config(database, config())
    before = await rows(database, "SELECT id, name, origin FROM campaigns")
    await documents.apply_config(database, config())
    assert await rows(database, "SELECT id, name, origin FROM campaigns") == before == [(1, "survey", "config")]


async def test_a_changed_document_replaces_the_old_one_under_its_key(database):
    await documents.apply_config(database, config(max_calls=3))
    key, _ = await documents.load_campaign(database, "survey")
    await documents.apply_config(database, config(max_calls=4))
    assert await documents.load_campaign(database, "survey") == (key, config(max_calls=4).campaigns["survey"])


async def test_what_config_does_not_name_any_more_is_kept(database):
    await documents.apply_config(database, config(lists=("people", "others")))
    smaller = config()
    smaller.campaigns.clear()
    smaller.flows["other"] = Flow.model_validate({"steps": {"start": ["hangup"]}})
    await documents.apply_config(database, smaller)
    assert await rows(database, "SELECT name FROM lists ORDER BY name") == [("others",), ("people",)]
    assert await rows(database, "SELECT name FROM flows ORDER BY name") == [("other",), ("survey",)]
    assert await rows(database, "SELECT name FROM campaigns") == [("survey",)]


async def test_defaults_are_not_stored_so_that_new_ones_apply_to_old_documents(database):
    await documents.apply_config(database, config())
    [(document,)] = await rows(database, "SELECT document FROM campaigns")
    assert "max_calls" not in str(document)
    assert "ring" not in str(document)


async def test_a_name_that_does_not_exist_is_said_with_those_there_are(database):
    with pytest.raises(NotFoundError, match="no campaign is named 'survey'; none is stored yet"):
        await documents.campaign_id(database, "survey")
    await documents.apply_config(database, config())
    with pytest.raises(NotFoundError, match="no campaign is named 'survy'; there are: survey"):
        await documents.load_campaign(database, "survy")
    with pytest.raises(NotFoundError, match="no flow is named 'survy'"):
        await documents.load_flow(database, "survy")


async def spoil(database, table, document):
    """Store a document as another version might have."""
    async with database.writing() as connection:
        await connection.exec_driver_sql(f"UPDATE {table} SET document = '{document}'")


async def test_a_campaign_that_another_version_stored_is_told_with_its_fields_and_the_mend(database):
    await documents.apply_config(database, config())
    await spoil(database, "campaigns", '{"lists": ["people"], "trunks": ["carrier"], "ring": "soon", "max_cals": 3}')
    with pytest.raises(documents.OutdatedDocumentError) as raised:
        await documents.load_campaign(database, "survey")
    assert str(raised.value) == (
        "campaign 'survey' was stored by another version: "
        "campaigns.survey: says nothing of what an answered call is handed to; it needs exactly one of flow, agents, "
        "queue, dialplan; "
        "campaigns.survey.ring: 'soon' is not a time; write seconds (30) or 30s, 5m, 2h, 1d; "
        "campaigns.survey.max_cals: unknown key 'max_cals'; did you mean 'max_calls'?; "
        "write it anew under `campaigns:` in config.yaml and start `ami-dialer run`"
    )
    await documents.apply_config(database, config())
    assert (await documents.load_campaign(database, "survey"))[1] == config().campaigns["survey"]


async def test_a_flow_that_another_version_stored_is_told_with_its_fields_and_the_mend(database):
    await documents.apply_config(database, config())
    await spoil(database, "flows", '{"steps": {"start": [{"shout": "hello"}]}}')
    with pytest.raises(documents.OutdatedDocumentError, match=r"flows\.survey\.steps\.start\[0\]\.shout: unknown key"):
        await documents.load_flow(database, "survey")


async def test_a_run_of_another_version_is_told_by_everything_that_reads_it(database):
    await run_of(database, 1, datetime(2026, 11, 20, tzinfo=UTC))
    key = await documents.campaign_id(database, "survey")
    await spoil(database, "runs", '{"lists": ["people"], "trunks": ["carrier"], "flow": "survey", "ring": 1000}')
    told = r"run 1 of campaign 'survey' .* campaigns\.survey\.ring: 1000 is out of range; .* campaign rerun survey"
    newest = await runs.newest(database, key)
    assert newest is not None
    [running] = await runs.running(database)
    for run in (newest, running):
        assert (run.id, run.state) == (1, "running")
        with pytest.raises(documents.OutdatedDocumentError, match=told):
            _ = run.document
    with pytest.raises(documents.OutdatedDocumentError, match=told):
        await trace(database, number(0), ["US"])
