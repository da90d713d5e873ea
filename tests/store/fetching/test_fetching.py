"""What a fetch brings into a list, what it says, and what it leaves alone."""

import gzip
import json
from typing import Any

import pytest
from sqlalchemy import text

from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.domain.intake import FetchState, ListState
from ami_dialer.engine import fetching
from ami_dialer.engine.fetching import NoApiError
from ami_dialer.sources.json_rows import JsonRows
from ami_dialer.store import documents, fetches, imports, lists, live, membership, runs
from tests.conftest import ManualClock
from tests.fakes.web_api import Answered
from tests.store.fetching.world import FetchWorld, people
from tests.store.world import rows, value

pytestmark = pytest.mark.store


async def contacts(world: FetchWorld) -> list[tuple[Any, ...]]:
    found = await rows(
        world.database,
        "SELECT m.number, m.occurrence, c.fields FROM list_members m JOIN contacts c ON c.id = m.contact_id "
        "ORDER BY m.number, m.occurrence",
    )
    return [(number, nth, json.loads(fields) if isinstance(fields, str) else fields) for number, nth, fields in found]


async def stored(world: FetchWorld) -> lists.StoredList:
    return await lists.load_list(world.database, "sign-ups")


async def test_contacts_come_into_the_list_with_mapped_and_further_fields(world: FetchWorld) -> None:
    fetch = await world.fetch([{"phone": "(301) 555-0100", "name": "Ann", "address": {"city": "Laurel"}, "vip": True}])
    assert fetch.description == "fetched 1 contact, 1 new, 0 rejected"
    assert await contacts(world) == [
        ("+13015550100", 0, {"first_name": "Ann", "address.city": "Laurel", "vip": "true"})
    ]
    assert (await stored(world)).state is ListState.VALIDATED
    assert (await stored(world)).fetched_at == fetch.at


async def test_what_cannot_be_called_is_counted_and_told(world: FetchWorld) -> None:
    fetch = await world.fetch([*people(100, 97), {"phone": "12"}, {"name": "Zed"}, "no object"])
    assert fetch.description.startswith("fetched 100 contacts, 97 new, 3 rejected (the first: contact 98 '12' is not")
    assert fetch.intake is not None
    assert [row.line for row in fetch.intake.rejected] == [98, 99, 100]


async def test_the_same_answer_again_changes_nothing(world: FetchWorld) -> None:
    await world.fetch(people(0, 3))
    before = await contacts(world)
    assert (await world.fetch()).description == "fetched 3 contacts, the same as before"
    assert await contacts(world) == before


async def test_remove_duplicates_appends_only_who_is_new(world: FetchWorld) -> None:
    await world.fetch(people(0, 3))
    assert (await world.fetch(people(1, 4))).description == "fetched 4 contacts, 2 new, 0 rejected"
    assert len(await contacts(world)) == 5


async def test_allow_duplicates_appends_everybody_again(world: FetchWorld) -> None:
    await world.configure(duplicates="allow")
    await world.fetch(people(0, 2))
    assert (await world.fetch()).description == "fetched 2 contacts, 2 new, 0 rejected"
    assert [(number, nth) for number, nth, _ in await contacts(world)] == [
        ("+13015550000", 0),
        ("+13015550000", 1),
        ("+13015550001", 0),
        ("+13015550001", 1),
    ]


@pytest.fixture
def third_batch_fails(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The database is away after two batches of 500."""
    add, batches = imports.add_batch, JsonRows.batches
    monkeypatch.setattr(JsonRows, "batches", lambda rows, contacts: batches(rows, contacts, 500))

    async def add_two(database: Any, going_on: Any, ordinal: int, *rest: Any) -> Any:
        if ordinal == 3:
            raise StoreError("the database is away")
        return await add(database, going_on, ordinal, *rest)

    monkeypatch.setattr(imports, "add_batch", add_two)
    return monkeypatch


async def test_a_fetch_cut_off_between_batches_adds_nobody_twice_where_duplicates_are_allowed(
    world: FetchWorld, third_batch_fails: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    await world.configure(duplicates="allow", batch=500)
    assert (await world.fetch(people(0, 600))).state is FetchState.COMPLETED
    for _ in range(2):
        failed = await world.fetch(people(0, 1_200, town="Bonn"))
        assert (failed.state, failed.description) == (FetchState.FAILED, "the database is away")
        assert len(await contacts(world)) == 600 + 1_000
    by_hand = NewContact(0, "+12125550199", None, (), "{}", None, 0)
    await membership.add(world.database, await stored(world), by_hand, clock.now())
    third_batch_fails.undo()
    fetch = await world.fetch(people(10, 1_200, town="Ulm"))
    assert fetch.description == "fetched 1,200 contacts, 1,200 new, 0 rejected"
    found = await contacts(world)
    assert [(number, nth) for number, nth, _ in found if nth or number < "+13"] == [
        ("+12125550199", 0),
        *((f"+1301555{n:04d}", 1) for n in range(10, 600)),
    ]
    assert len(found) == 600 + 1_200 + 1
    assert not [fields for _, _, fields in found if fields.get("town") == "Bonn"]
    assert await value(world.database, "SELECT count(*) FROM contacts") == len(found)
    assert (await stored(world)).state is ListState.VALIDATED


async def test_who_was_called_of_a_fetch_that_was_cut_off_is_not_called_again_in_the_same_run(
    world: FetchWorld, third_batch_fails: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    await world.configure(duplicates="allow", batch=500, campaign={"live": ["sign-ups"]})
    campaign_id, document = await documents.load_campaign(world.database, "survey")
    run = await runs.start(world.database, campaign_id, document, clock.now())
    await world.fetch(people(0, 1_200))
    assert (await live.sync(world.database, run, document, clock.now())).enrolled == 1_000
    third_batch_fails.undo()
    await world.fetch()
    assert (await live.sync(world.database, run, document, clock.now())).enrolled == 200
    # Of those in the run both stay: who they were when they were enrolled, and who they are on the list.
    assert await value(world.database, "SELECT count(*) FROM contacts") == 2_200
    assert await value(world.database, "SELECT count(*) FROM list_members") == 1_200


async def test_what_came_in_of_a_fetch_that_was_given_up_stays(
    world: FetchWorld, third_batch_fails: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    await world.configure(duplicates="allow", batch=500)
    await world.fetch(people(0, 1_200))
    key = (await stored(world)).id
    async with world.database.writing() as connection:
        await connection.execute(text("UPDATE imports SET state = 'running'"))  # as a kill leaves it
    assert await imports.give_up(world.database, key, clock.now())
    third_batch_fails.undo()
    await world.fetch()
    assert len(await contacts(world)) == 1_000 + 1_200


async def test_phones_are_dialled_in_the_order_of_the_mapping_and_unmapped_ones_are_fields(world: FetchWorld) -> None:
    await world.configure(columns={"phone.work": "phones.1.no", "phone.mobile": "phones.0.no"})
    one = {"phones": [{"no": "3015550100"}, {"no": "3015550101"}], "home_phone": "3015550102"}
    await world.fetch([one])
    [(number, _, fields)] = await contacts(world)
    assert number == "+13015550101"
    assert fields == {"home_phone": "3015550102"}
    assert await rows(world.database, "SELECT number, label FROM contact_phones") == [("+13015550100", "mobile")]
    assert await value(world.database, "SELECT label FROM contacts") == "work"


async def test_without_a_mapping_phones_time_zone_and_priority_are_found(world: FetchWorld) -> None:
    await world.configure(columns={})
    person = {"mobile": "3015550100", "work_phone": "", "timezone": "America/Phoenix", "priority": 7, "name": "Ann"}
    found = await world.preview([person])
    assert found.guessed == {
        "phone": "mobile",
        "phone_2": "work_phone",
        "time_zone": "timezone",
        "priority": "priority",
    }
    assert (found.mapped, found.unmapped) == ({}, ["name"])
    await world.fetch([person])
    assert await rows(world.database, "SELECT number, time_zone, priority FROM contacts") == [
        ("+13015550100", "America/Phoenix", 7)
    ]


async def test_an_answer_of_several_pages_is_imported_as_one(world: FetchWorld) -> None:
    await world.configure(paging={"kind": "page", "size": 10})
    fetch = await world.fetch(people(0, 10), people(10, 10), people(20, 3))
    assert fetch.contacts == 23
    assert len(await contacts(world)) == 23
    packed = await fetches.answer_of(world.database, fetch.id)
    assert json.loads(gzip.decompress(packed)) == [people(0, 10), people(10, 10), people(20, 3)]


async def test_an_empty_answer_is_fine_and_leaves_the_list_alone(world: FetchWorld) -> None:
    await world.fetch(people(0, 3))
    fetch = await world.fetch([])
    assert (fetch.state, fetch.description) == (FetchState.COMPLETED, "fetched no contacts")
    assert len(await contacts(world)) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        Answered(status=500),
        Answered(b"<html>"),
        Answered(b'[{"phone": "+13015550190"}, {"phone": "+1301'),
        Answered({"items": []}),
        Answered([{"number_of_cats": 3}]),
    ],
)
async def test_given_any_failure_then_the_list_keeps_what_it_has_and_nothing_comes_by_half(
    world: FetchWorld, trouble: Answered
) -> None:
    await world.fetch(people(0, 3))
    before = await contacts(world)
    fetch = await world.fetch(trouble)
    assert fetch.state is FetchState.FAILED
    assert await contacts(world) == before
    now = await stored(world)
    assert (now.state, now.trouble) == (ListState.INVALID, fetch.description)
    assert (await world.log())[0].description.startswith(fetch.description)
    assert (await world.fetch(people(0, 3))).state is FetchState.COMPLETED
    assert (await stored(world)).state is ListState.VALIDATED


async def test_given_the_third_page_fails_then_nothing_of_the_first_two_is_imported(world: FetchWorld) -> None:
    await world.configure(paging={"kind": "page", "size": 10})
    fetch = await world.fetch(people(0, 10), people(10, 10), Answered(status=500))
    assert fetch.state is FetchState.FAILED
    assert await contacts(world) == []


async def test_a_phone_mapped_to_where_nobody_has_one_is_one_mistake(world: FetchWorld) -> None:
    await world.configure(columns={"phone": "contact.phone"})
    fetch = await world.fetch(people(0, 3))
    assert fetch.description.endswith(
        "no contact has 'contact.phone', which `columns.phone` names; they have: name, phone"
    )


async def test_what_is_left_out_is_told(world: FetchWorld) -> None:
    await world.configure(columns={"phone": "phone", "email": "mail"})
    fetch = await world.fetch([{"phone": "3015550100", "notes": "x" * 400, "y" * 70: 1}])
    assert fetch.warnings == [
        "no contact has 'mail', which `columns` names",
        "left out, since it has a name of more than 64 characters: " + "y" * 64,
        "notes: left out of 1 contact, where it is longer than 300 characters",
    ]
    assert (await world.log())[0].description.endswith(fetch.warnings[-1])


async def test_secrets_are_nowhere_in_the_database(world: FetchWorld) -> None:
    secret = "correct-horse-battery"
    await world.configure(authorization={"kind": "bearer", "token": secret}, headers={"X-Tenant": "tenant-secret"})
    world.server.routes["/contacts"] = lambda asked: Answered(
        [{"phone": "3015550100"}, {"you": asked.headers["authorization"]}], headers={"X-T": secret}
    )
    fetch = await world.fetch()
    assert secret not in gzip.decompress(await fetches.answer_of(world.database, fetch.id)).decode()
    world.server.routes["/contacts"] = lambda asked: Answered({"you": asked.headers["authorization"]}, 403)
    await world.fetch()
    for table in ("fetches", "lists", "imports", "import_batches"):
        assert secret not in str(await rows(world.database, f"SELECT * FROM {table}"))
        assert "tenant-secret" not in str(await rows(world.database, f"SELECT * FROM {table}"))


async def test_a_list_without_an_api_is_told(world: FetchWorld) -> None:
    await world.configure(more={"people": {"file": "/lists/people.csv"}})
    with pytest.raises(NoApiError, match="list 'people' has no `api`"):
        await fetching.fetched_list(world.database, "people", None)
    with pytest.raises(NotFoundError, match="no list is named 'nobody'"):
        await fetching.fetched_list(world.database, "nobody", None)


async def test_two_who_fetch_at_the_same_moment_fetch_once(world: FetchWorld) -> None:
    key = (await stored(world)).id
    assert await fetches.claim(world.database, key, None, world.clock.now())
    assert not await fetches.claim(world.database, key, None, world.clock.now())
    before = world.clock.now()
    world.clock.advance(60)
    assert await fetches.claim(world.database, key, before, world.clock.now())


async def running(world: FetchWorld) -> None:
    key, campaign = await documents.load_campaign(world.database, "survey")
    await runs.start(world.database, key, campaign, world.clock.now())


async def test_fields_that_change_under_a_running_campaign_are_warned_of(world: FetchWorld) -> None:
    condition = {"column": "plan", "is": "gold"}
    await world.configure(campaign={"filter": condition})
    await world.fetch(people(0, 3, city="Laurel", plan="gold", phones=[1, 2]))
    await running(world)
    fetch = await world.fetch([{"phone": "+13015550100", "nickname": "Ann", "phones": [1, 2, 3]}])
    assert fetch.state is FetchState.COMPLETED
    assert fetch.running == ["survey"]
    assert fetch.warnings[0] == (
        "the fields have changed: city, name, plan vanished, nickname came; runs that go on with the list: survey; "
        "the flow of survey speaks first_name, city; the filter of survey looks at plan"
    )
    assert fetch.warnings[0] in (await world.log())[0].description


async def test_fields_that_change_while_no_campaign_runs_are_told_too(world: FetchWorld) -> None:
    await world.fetch(people(0, 3, city="Laurel"))
    assert (await world.fetch(people(3, 3))).warnings == ["the fields have changed: city vanished"]


async def test_fields_are_compared_with_those_of_the_last_fetch_that_had_any(world: FetchWorld) -> None:
    await world.fetch(people(0, 3, city="Laurel"))
    await world.fetch([])
    await world.fetch(Answered(status=500))
    assert (await world.fetch(people(3, 3))).warnings == ["the fields have changed: city vanished"]
    assert (await world.fetch(people(6, 3))).warnings == []


async def test_a_preview_shows_what_would_come_and_stores_nothing(world: FetchWorld) -> None:
    await world.fetch(people(0, 3, city="Laurel"))
    before = [await rows(world.database, f"SELECT * FROM {table}") for table in ("fetches", "lists", "list_members")]
    await world.configure(paging={"kind": "page", "size": 2})
    before[1] = await rows(world.database, "SELECT * FROM lists")
    found = await world.preview([*people(10, 1, zip="20707"), {"phone": "12", "name": "Bad"}])
    assert [(one.number, json.loads(one.fields)) for one in found.reading.contacts] == [
        ("+13015550010", {"first_name": "P10", "zip": "20707"})
    ]
    assert [row.line for row in found.reading.rejected] == [2]
    assert (found.mapped, found.unmapped) == ({"phone": "phone", "first_name": "name"}, ["zip"])
    assert found.warnings == ["further pages follow", "the fields have changed: city vanished, zip came"]
    after = [await rows(world.database, f"SELECT * FROM {table}") for table in ("fetches", "lists", "list_members")]
    assert before == after
