"""Looking at a list costs what is looked at, however long the list is."""

import pytest
from sqlalchemy import text

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.contact import Phone
from ami_dialer.store import listed, lists, membership, trail
from ami_dialer.store.list_deletion import delete_list
from ami_dialer.store.listed import Place
from tests.store.test_query_plans import heard
from tests.store.test_query_plans import large as large  # noqa: PLC0414 - a fixture to share
from tests.store.world import fill, number

pytestmark = pytest.mark.store


async def test_a_page_a_number_and_a_removal_go_by_an_index(large):
    key = await lists.list_id(large, "past")
    async with large.writing() as connection:
        await connection.execute(
            text(
                "INSERT INTO contact_phones (contact_id, position, label, number) "
                "VALUES (1007, 2, 'work', '+12125550100')"
            )
        )
        await connection.execute(text("ANALYZE"))
    with heard(large) as queries:
        page = await listed.page(large, key, Place("+13131000500", 0), 2)
        [found] = await listed.with_number(large, key, "+12125550100")
        await membership.remove(large, key, ["+13131000007"])
        await lists.last_added(large)
        assert await lists.any_contacts(large, ["past"])
        assert not await lists.any_contacts(large, ["none"])
    assert [one.number for one in page.contacts] == ["+13131000501", "+13131000502"]
    assert (found.number, found.further) == ("+13131000007", (Phone("+12125550100", "work"),))
    assert await queries.scans() == []


async def test_whoever_is_on_no_list_any_more_is_found_and_deleted_by_an_index(large, clock):
    people = await lists.create_list(large, "people", ContactList())
    await fill(large, "people", [number(index) for index in range(3)], clock.now())
    async with large.writing() as connection:
        await connection.execute(text("ANALYZE"))
    await membership.remove(large, await lists.list_id(large, "past"), ["+13131000007"])
    [first, *_] = [one.contact_id for one in (await listed.page(large, people, None, 5)).contacts]
    with heard(large) as queries:
        [off] = await trail.memberships(large, contact_id=1007)
        assert await trail.memberships(large, number="+13131000007") == [off]
        [on] = await trail.memberships(large, contact_id=first)
        assert [gone async for gone in delete_list(large, "people")] == [(3, 3)]
    assert (off.list_name, on.list_name, on.number) == (None, "people", number(0))
    assert await queries.scans() == []


@pytest.mark.parametrize("analyzed", [False, True], ids=["statistics not gathered yet", "statistics gathered"])
async def test_a_contact_is_found_by_a_further_phone_in_a_list_of_any_length(large, clock, analyzed):
    """Few have further phones: from the phone to the contact, and with its number to the list."""
    key = await lists.list_id(large, "past")
    async with large.writing() as connection:
        await connection.execute(
            text("INSERT INTO contact_phones (contact_id, position, number) SELECT id, 2, '+1212' || id FROM contacts")
        )
        if analyzed:
            await connection.execute(text("ANALYZE"))
    with heard(large) as queries:
        [found] = await listed.with_number(large, key, "+12121007")
    assert found.contact_id == 1007
    assert await queries.scans() == []
