"""config.yaml's documents in SQL: applied again on each start, replaced where they changed, never deleted."""

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import documents
from tests.store.world import config, rows

pytestmark = pytest.mark.store


async def test_documents_are_kept_as_they_were_written(database):
    wanted = config(max_calls=3, caller_id="Survey <+12125550100>")
    await documents.apply_config(database, wanted)
    _, stored = await documents.load_campaign(database, "survey")
    assert stored == wanted.campaigns["survey"]
    assert await documents.load_flow(database, "survey") == wanted.flows["survey"]
    assert (await documents.load_campaigns(database))["survey"][1] == stored


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
