"""Contacts and the lists they are in."""

import pytest

from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.store import contacts, lists
from ami_dialer.store.contacts import NewContact
from tests.contacts import find_contacts, load_fields
from tests.store.world import campaign, config, fill, number, rows, value

pytestmark = pytest.mark.store

NOTE = 'ümlaut "quoted", ${EXTEN}\r\n\x0b\x1c\u2028\'; DROP TABLE contacts; \N{SNOWMAN}\N{GRINNING FACE}'


@pytest.fixture
async def people(database):
    await campaign(database, config(lists=("people", "others")))
    return await lists.list_id(database, "people")


async def test_a_list_filled_twice_holds_everyone_once(database, clock, people):
    numbers = [number(index) for index in range(5)]
    assert await fill(database, "people", numbers, clock.now()) == 5
    assert await fill(database, "people", numbers, clock.now()) == 0
    assert await fill(database, "people", [*numbers, number(9)], clock.now()) == 1
    assert await value(database, "SELECT count(*) FROM contacts") == 6


async def test_who_is_on_the_list_already_keeps_the_fields(database, clock, people):
    first = NewContact(number(1), {"name": "Ann"})
    await contacts.add_to_list(database, people, [[first]], "one", clock.now())
    await contacts.add_to_list(database, people, [[NewContact(number(1), {"name": "Bob"})]], "two", clock.now())
    [key] = await find_contacts(database, number(1))
    assert await load_fields(database, key) == {"name": "Ann"}


async def test_each_contact_gets_the_number_and_the_fields_of_its_own_row(database, clock, people):
    batch = [NewContact(number(index), {"name": f"P {index}", "note": NOTE}) for index in range(50)]
    await contacts.add_to_list(database, people, [batch[:20], batch[20:]], "digest", clock.now())
    for one in batch:
        [key] = await find_contacts(database, one.number)
        assert await load_fields(database, key) == one.fields


async def test_the_same_number_on_another_list_is_another_contact(database, clock, people):
    await fill(database, "people", [number(1)], clock.now())
    await fill(database, "others", [number(1)], clock.now())
    assert len(await find_contacts(database, number(1))) == 2


async def test_a_list_knows_what_was_imported_last_and_how_many_it_holds(database, clock, people):
    assert (await lists.load_lists(database))["people"].file_digest is None
    await fill(database, "people", [number(1), number(2)], clock.now())
    found = (await lists.load_lists(database))["people"]
    assert (found.file_digest, found.imported_at) == ("digest of 2", clock.now())
    assert await lists.count_members(database) == {found.id: 2}
    assert found.document["file"] == "/lists/people.csv"


async def test_an_import_that_breaks_off_leaves_nothing(database, clock, people):
    good, twice = NewContact(number(1), {}), NewContact(number(2), {})
    with pytest.raises(StoreError):
        await contacts.add_to_list(database, people, [[good], [twice, twice]], "digest", clock.now())
    assert await rows(database, "SELECT id FROM contacts") == []
    assert (await lists.load_lists(database))["people"].file_digest is None


async def test_a_large_list_is_taken_in_batches(database, clock, people):
    rows_ = [NewContact(f"+1212{index:07d}", {"row": str(index)}) for index in range(4_500)]
    batches = [rows_[start : start + 2_000] for start in range(0, len(rows_), 2_000)]
    assert await contacts.add_to_list(database, people, batches, "digest", clock.now()) == 4_500
    [key] = await find_contacts(database, "+12120004321")
    assert await load_fields(database, key) == {"row": "4321"}


async def test_a_contact_is_found_by_number_or_by_key(database, clock, people):
    await fill(database, "people", [number(1)], clock.now())
    [key] = await find_contacts(database, number(1))
    assert await find_contacts(database, str(key)) == [key]


@pytest.mark.parametrize("wanted", ["999", "", "+1999", "nobody", "\N{SUPERSCRIPT TWO}", "'; DROP TABLE contacts"])
async def test_whoever_does_not_exist_is_not_found(database, people, wanted):
    assert await find_contacts(database, wanted) == []


async def test_a_list_that_does_not_exist_is_said(database):
    with pytest.raises(NotFoundError, match="no list is named 'nobody'"):
        await lists.list_id(database, "nobody")


async def test_a_contact_that_does_not_exist_has_no_fields(database):
    assert await load_fields(database, 999) == {}
