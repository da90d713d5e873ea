"""Looking at a list costs what is looked at, however long the list is."""

import pytest
from sqlalchemy import text

from ami_dialer.domain.contact import Phone
from ami_dialer.store import listed, lists, membership
from ami_dialer.store.listed import Place
from tests.store.test_query_plans import heard
from tests.store.test_query_plans import large as large  # noqa: PLC0414 - a fixture to share

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
