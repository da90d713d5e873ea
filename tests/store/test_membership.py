"""Who is on a list: lists combined, contacts taken off, lists deleted."""

import pytest

from ami_dialer.config.lists import ContactList
from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import list_deletion, lists, membership, runs
from ami_dialer.store.list_deletion import ListInUseError, delete_list
from ami_dialer.store.lists import NameTakenError, Users
from ami_dialer.store.loading import Duplicates, load
from tests.store.world import campaign, config, fill, number, rows, value

pytestmark = pytest.mark.store

MEMBERS = """SELECT m.number, m.contact_id FROM list_members m JOIN lists l ON l.id = m.list_id
    WHERE l.name = '{}' ORDER BY m.revision, m.position"""


@pytest.fixture
async def both(database, clock):
    """Two lists that share a number; the runs of the campaign use the first."""
    key, document = await campaign(database, config(lists=("people",)))
    await lists.create_list(database, "others", ContactList())
    await fill(database, "people", [number(3), number(1)], clock.now())
    await fill(database, "others", [number(9), number(1), number(2)], clock.now())
    return key, document


async def combine(database, clock, *names, into):
    target = await lists.list_id(database, into)
    total = membership.Combined()
    for name in names:
        async for _, each in membership.combine(database, await lists.list_id(database, name), target, clock.now()):
            total.added += each.added
            total.known += each.known
    return total.added, total.known


async def delete(database, name):
    return [gone async for gone in delete_list(database, name)]


async def members(database, name):
    return await rows(database, MEMBERS.format(name))


async def test_combined_lists_share_their_contacts_and_hold_each_number_once_from_the_first_list(database, clock, both):
    await lists.create_list(database, "all", ContactList())
    assert await combine(database, clock, "people", "others", into="all") == (4, 1)
    people, others = dict(await members(database, "people")), dict(await members(database, "others"))
    found = await members(database, "all")
    assert [number_ for number_, _ in found] == [number(3), number(1), number(9), number(2)]
    assert dict(found) == {**others, **people}
    assert await value(database, "SELECT count(*) FROM contacts") == 5


async def test_combining_again_changes_nothing(database, clock, both):
    await lists.create_list(database, "all", ContactList())
    await combine(database, clock, "people", "others", into="all")
    before = await members(database, "all")
    assert await combine(database, clock, "others", "people", into="all") == (0, 5)
    assert await members(database, "all") == before


async def test_each_portion_is_a_revision_of_the_list_it_goes_into(database, clock, both, monkeypatch):
    monkeypatch.setattr(membership, "_PORTION", 1)
    await fill(database, "people", [number(7)], clock.now())
    await lists.create_list(database, "all", ContactList())
    await combine(database, clock, "people", into="all")
    query = "SELECT m.number, m.revision FROM list_members m JOIN lists l ON l.id = m.list_id WHERE l.name = 'all'"
    assert sorted(await rows(database, query)) == [(number(1), 1), (number(3), 1), (number(7), 2)]
    assert await value(database, "SELECT revision FROM lists WHERE name = 'all'") == 2


async def test_a_number_that_a_list_holds_several_times_goes_over_once(database, clock, both):
    key = await lists.list_id(database, "people")
    twice = [NewContact(line, number(5), None, (), "{}") for line in range(2)]
    async with database.writing() as connection:
        await load(connection, key, Arrivals.of(twice, doubles_too=True), Duplicates(allowed=True), clock.now())
    await lists.create_list(database, "all", ContactList())
    assert await combine(database, clock, "people", into="all") == (3, 1)


async def test_who_is_taken_off_a_list_stays_a_contact(database, both):
    key = await lists.list_id(database, "people")
    assert await membership.remove(database, key, [number(1), number(8)]) == {number(1)}
    assert [number_ for number_, _ in await members(database, "people")] == [number(3)]
    assert [number_ for number_, _ in await members(database, "others")] == [number(9), number(1), number(2)]
    assert await value(database, "SELECT count(*) FROM contacts") == 5


async def test_a_deleted_list_takes_its_contacts_along_but_not_those_with_a_history_or_another_list(
    database, clock, both, monkeypatch
):
    monkeypatch.setattr(list_deletion, "_PORTION", 2)
    await lists.create_list(database, "all", ContactList())
    await combine(database, clock, "people", "others", into="all")
    assert await delete(database, "others") == [(2, 1), (1, 0)]
    assert sorted(number_ for number_, _ in await members(database, "all")) == [number(i) for i in (1, 2, 3, 9)]
    assert await value(database, "SELECT count(*) FROM contacts") == 4
    with pytest.raises(NotFoundError, match="no list is named 'others'"):
        await delete(database, "others")


async def test_the_history_of_a_contact_outlives_its_list(database, clock, both):
    _, document = both
    wide = document.model_copy(update={"lists": ["others"]})
    run = await runs.start(database, both[0], wide, clock.now())
    await runs.end(database, run, RunState.STOPPED, clock.now())
    assert await delete(database, "others") == [(3, 0)]
    assert await value(database, "SELECT count(*) FROM enrolments e JOIN contacts c ON c.id = e.contact_id") == 3
    assert await rows(database, "SELECT name FROM lists") == [("people",)]
    assert await value(database, "SELECT count(*) FROM list_revisions r WHERE r.list_id <> 1") == 0


async def test_a_list_in_use_is_not_deleted_and_told_by_whom(database, clock, both):
    with pytest.raises(
        ListInUseError, match=r"campaign 'survey' names it; take it out of the campaign's `lists` first"
    ):
        await delete(database, "people")
    key, document = both
    run = await runs.start(database, key, document.model_copy(update={"lists": ["others"]}), clock.now())
    with pytest.raises(ListInUseError, match=rf"run {run} of campaign 'survey' is going on; stop the run first"):
        await delete(database, "others")
    async with database.reading() as connection:
        assert await lists.users(connection) == {
            "others": Users((), {run: "survey"}),
            "people": Users(("survey",), {}),
        }
    await runs.end(database, run, RunState.STOPPED, clock.now())
    assert await delete(database, "others") == [(3, 0)]


async def test_a_name_is_given_once(database, both):
    with pytest.raises(NameTakenError, match=r"there is a list 'people' already \(from config.yaml\)"):
        await lists.create_list(database, "people", ContactList())
    with pytest.raises(NameTakenError, match=r"there is a list 'others' already \(made\)"):
        await lists.create_list(database, "others", ContactList())
