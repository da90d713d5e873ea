"""Mappings by name: from config.yaml, and made at run time."""

import pytest

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import documents, lists, mappings
from ami_dialer.store.mappings import MappingInUseError, StoredMapping
from tests.store.world import config, rows

pytestmark = pytest.mark.store

CRM = {"phone": "Tel", "phone.mobile": "Cell", "name": "Full Name"}


async def test_a_mapping_keeps_the_order_of_its_phones(database):
    assert await mappings.save_mapping(database, "crm", CRM)
    assert list((await mappings.load_mapping(database, "crm")).items()) == list(CRM.items())
    backwards = dict(reversed(CRM.items()))
    assert not await mappings.save_mapping(database, "crm", backwards)
    assert list(await mappings.load_mapping(database, "crm")) == ["name", "phone.mobile", "phone"]


async def test_an_unknown_mapping_is_told_with_those_there_are(database):
    with pytest.raises(NotFoundError, match="no mapping is named 'crm'; there is none yet"):
        await mappings.load_mapping(database, "crm")
    await mappings.save_mapping(database, "shop", CRM)
    for attempt in (mappings.load_mapping, mappings.delete_mapping):
        with pytest.raises(NotFoundError, match="no mapping is named 'crm'; there are: shop"):
            await attempt(database, "crm")


async def test_the_mappings_of_the_configuration_come_in_and_say_so(database):
    wanted = config()
    wanted.mappings["crm"] = CRM
    await documents.apply_config(database, wanted)
    assert await mappings.load_mappings(database) == {"crm": StoredMapping("crm", "config", CRM, ())}


async def test_what_was_made_stays_until_the_configuration_declares_it(database):
    await mappings.save_mapping(database, "crm", {"phone": "Number"})
    await lists.create_list(database, "mine", ContactList())
    await documents.apply_config(database, config())
    assert await rows(database, "SELECT name, origin FROM lists ORDER BY name") == [
        ("mine", "made"),
        ("people", "config"),
    ]
    assert (await mappings.load_mappings(database))["crm"].origin == "made"
    wanted = config(lists=("people", "mine"))
    wanted.mappings["crm"] = CRM
    await documents.apply_config(database, wanted)
    assert await rows(database, "SELECT name, origin FROM lists ORDER BY id") == [
        ("mine", "config"),
        ("people", "config"),
    ]
    assert (await mappings.load_mappings(database))["crm"] == StoredMapping("crm", "config", CRM, ())


async def test_a_mapping_that_a_list_uses_is_not_deleted(database):
    await mappings.save_mapping(database, "crm", CRM)
    await lists.create_list(database, "mine", ContactList(mapping="crm"))
    with pytest.raises(MappingInUseError, match="mapping 'crm' cannot be deleted: list 'mine' uses it"):
        await mappings.delete_mapping(database, "crm")
    await lists.create_list(database, "yours", ContactList(mapping="crm"))
    with pytest.raises(MappingInUseError, match="the lists mine, yours use it"):
        await mappings.delete_mapping(database, "crm")
    await mappings.save_mapping(database, "shop", CRM)
    await mappings.delete_mapping(database, "shop")
    assert list(await mappings.load_mappings(database)) == ["crm"]
