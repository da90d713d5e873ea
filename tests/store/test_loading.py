"""Contacts into a list: sorted, with phones and regions; known, renewed and doubled numbers; two imports at a time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.contact import NewContact, Phone
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.store import lists
from ami_dialer.store.database import Database
from ami_dialer.store.loading import Duplicates, Loaded, load
from tests.contacts import add_contacts, find_contacts, load_fields
from tests.store.world import campaign, config, fill, number, rows, value

pytestmark = pytest.mark.store

NOTE = 'ümlaut "quoted", ${EXTEN}\r\n\x0b\x1c\u2028\'; DROP TABLE contacts; \N{SNOWMAN}\N{GRINNING FACE}\\N\t'
NOT_AGAIN = Duplicates()
ALLOWED = Duplicates(allowed=True)
AFTER_90_DAYS = Duplicates(days=90)
MEMBERS = "SELECT number, occurrence, contact_id, revision, position FROM list_members ORDER BY number, occurrence"


@pytest.fixture
async def people(database):
    await campaign(database, config(lists=("people", "others")))
    return await lists.list_id(database, "people")


def contact(line, its_number, name="", further=(), **more):
    return NewContact(line, its_number, None, further, orjson.dumps({"name": name}).decode(), **more)


async def loaded(database, list_id, batch, now, duplicates=NOT_AGAIN, since=None):
    """What became of them, and whether the numbers told are those that came in."""
    async with database.writing() as connection:
        done = await load(
            connection, list_id, Arrivals.of(batch, doubles_too=duplicates.allowed), duplicates, now, since
        )
    assert len(done.numbers) == done.added + done.renewed
    assert set(done.numbers) <= {one.number for one in batch}
    return replace(done, numbers=[])


async def names(database):
    """The name of each member by number and occurrence."""
    found = await rows(database, MEMBERS)
    return {(one, nth): (await load_fields(database, key))["name"] for one, nth, key, *_ in found}


async def test_a_list_filled_twice_holds_everyone_once(database, clock, people):
    numbers = [number(index) for index in range(5)]
    assert await fill(database, "people", numbers, clock.now()) == 5
    assert await fill(database, "people", numbers, clock.now()) == 0
    assert await fill(database, "people", [*numbers, number(9)], clock.now()) == 1
    assert await value(database, "SELECT count(*) FROM contacts") == 6


async def test_each_contact_gets_the_number_and_the_fields_of_its_own_row(database, clock, people):
    shuffled = {number(index): {"name": f"P {index}", "note": NOTE} for index in (7, 3, 9, 1, 5, 8, 2, 6, 4, 0)}
    await add_contacts(database, people, shuffled, clock.now())
    for one, fields in shuffled.items():
        [key] = await find_contacts(database, one)
        assert await load_fields(database, key) == fields


async def test_keys_rise_with_the_number_and_places_are_those_of_the_source(database, clock, people):
    await loaded(database, people, [contact(2, number(3)), contact(3, number(1)), contact(4, number(2))], clock.now())
    found = await rows(
        database,
        "SELECT m.number, m.position, c.number FROM list_members m "
        "JOIN contacts c ON c.id = m.contact_id ORDER BY m.contact_id",
    )
    assert found == [(number(1), 3, number(1)), (number(2), 4, number(2)), (number(3), 2, number(3))]


async def test_phones_zone_priority_and_regions_are_stored(database, clock, people):
    others = (Phone("+442079460123", "work"), Phone("+16135550110", None))
    full = NewContact(2, number(1), "mobile", others, "{}", "Europe/London", 7)
    await loaded(database, people, [full, contact(3, number(2))], clock.now())
    assert await rows(
        database,
        "SELECT c.number, c.label, r.country, r.state, r.zones, c.time_zone, c.priority FROM contacts c "
        "JOIN regions r ON r.id = c.region_id ORDER BY c.number",
    ) == [
        (number(1), "mobile", "US", "NY", "America/New_York", "Europe/London", 7),
        (number(2), None, "US", "NY", "America/New_York", None, 0),
    ]
    assert await rows(
        database,
        "SELECT c.number, p.position, p.label, p.number, r.country FROM contact_phones p "
        "JOIN contacts c ON c.id = p.contact_id JOIN regions r ON r.id = p.region_id ORDER BY p.position",
    ) == [(number(1), 2, "work", "+442079460123", "GB"), (number(1), 3, None, "+16135550110", "CA")]


async def test_every_load_raises_the_revision_and_says_when(database, clock, people):
    await fill(database, "people", [number(1)], clock.now())
    clock.advance(60)
    await fill(database, "people", [number(1), number(2)], clock.now())
    assert await rows(database, "SELECT number, revision FROM list_members ORDER BY number") == [
        (number(1), 1),
        (number(2), 2),
    ]
    assert await value(database, "SELECT revision FROM lists WHERE name = 'people'") == 2
    assert (await lists.last_added(database))[people] == clock.now()


async def test_the_moment_is_kept_whatever_zone_it_is_told_in(database, clock, people):
    await fill(database, "people", [number(1)], clock.now().astimezone(ZoneInfo("Asia/Tokyo")))
    assert (await lists.last_added(database))[people] == clock.now()
    [created] = (await rows(database, "SELECT created_at FROM contacts"))[0]
    assert str(created).startswith("2026-03-02 15:00:00")


async def test_who_is_on_the_list_already_keeps_the_fields(database, clock, people):
    await loaded(database, people, [contact(2, number(1), "Ann")], clock.now())
    assert await loaded(database, people, [contact(2, number(1), "Bob")], clock.now()) == Loaded(known=1)
    assert await names(database) == {(number(1), 0): "Ann"}


async def test_the_first_row_of_a_number_wins_and_the_others_are_doubles(database, clock, people):
    batch = [contact(2, number(2), "Bob"), contact(3, number(1), "Ann"), contact(4, number(2), "Bert")]
    assert await loaded(database, people, batch, clock.now()) == Loaded(added=2, doubles=1)
    assert await names(database) == {(number(1), 0): "Ann", (number(2), 0): "Bob"}


async def test_a_number_of_an_earlier_batch_of_the_same_source_is_a_double_and_not_known(database, clock, people):
    await loaded(database, people, [contact(9, number(1))], clock.now())
    await loaded(database, people, [contact(2, number(2))], clock.now(), since=1)
    batch = [contact(3, number(1)), contact(4, number(2)), contact(5, number(3)), contact(6, number(3))]
    assert await loaded(database, people, batch, clock.now(), since=1) == Loaded(added=1, known=1, doubles=2)


async def test_a_number_comes_in_anew_with_the_fields_of_the_new_row_after_the_days(database, clock, people):
    old = contact(2, number(1), "Ann", (Phone(number(8), None),))
    await loaded(database, people, [old], clock.now(), AFTER_90_DAYS)
    [before] = await find_contacts(database, number(1))
    clock.advance(timedelta(days=90).total_seconds())
    again = await loaded(database, people, [contact(2, number(1), "Still Ann")], clock.now(), AFTER_90_DAYS)
    assert again == Loaded(known=1)
    clock.advance(1)
    batch = [contact(2, number(1), "Anne"), contact(3, number(2), "Bob"), contact(4, number(1), "Doubled")]
    renewed = await loaded(database, people, batch, clock.now(), AFTER_90_DAYS)
    assert renewed == Loaded(added=1, renewed=1, doubles=1)
    assert await names(database) == {(number(1), 0): "Anne", (number(2), 0): "Bob"}
    # The contact that was called before stays, for the record of its calls.
    assert await load_fields(database, before) == {"name": "Ann"}
    assert await loaded(database, people, [contact(2, number(1))], clock.now(), AFTER_90_DAYS) == Loaded(known=1)


async def test_with_no_days_a_source_renews_everybody_once(database, clock, people):
    now = Duplicates(days=0)
    await loaded(database, people, [contact(2, number(1), "Ann")], clock.now(), now)
    clock.advance(1)
    first = await loaded(database, people, [contact(2, number(1), "Anne")], clock.now(), now, since=1)
    assert first == Loaded(renewed=1)
    clock.advance(1)
    second = await loaded(database, people, [contact(3, number(1), "Annie")], clock.now(), now, since=1)
    assert second == Loaded(doubles=1)
    assert await names(database) == {(number(1), 0): "Anne"}


async def test_where_duplicates_are_allowed_the_same_number_comes_again_with_the_next_occurrence(
    database, clock, people
):
    await loaded(database, people, [contact(2, number(1), "a")], clock.now(), ALLOWED)
    batch = [contact(2, number(1), "b"), contact(3, number(2), "c"), contact(4, number(1), "d")]
    assert await loaded(database, people, batch, clock.now(), ALLOWED) == Loaded(added=3)
    expected = {(number(1), 0): "a", (number(1), 1): "b", (number(1), 2): "d", (number(2), 0): "c"}
    assert await names(database) == expected


async def test_the_same_number_on_another_list_is_another_contact(database, clock, people):
    await fill(database, "people", [number(1)], clock.now())
    await fill(database, "others", [number(1)], clock.now())
    assert len(await find_contacts(database, number(1))) == 2


async def test_nothing_is_loaded_of_nothing(database, clock, people):
    assert await loaded(database, people, [], clock.now()) == Loaded()
    assert await lists.count_members(database) == {}


async def test_a_batch_that_breaks_off_leaves_nothing(database, clock, people):
    bad = contact(3, number(2))._replace(fields="no JSON" if not database.is_sqlite else None)
    with pytest.raises(StoreError):
        await loaded(database, people, [contact(2, number(1)), bad], clock.now())
    for table in ("contacts", "list_members", "contact_phones", "list_revisions", "regions"):
        assert await rows(database, f"SELECT * FROM {table}") == []
    assert await value(database, "SELECT revision FROM lists WHERE name = 'people'") == 0
    assert await fill(database, "people", [number(1), number(2)], clock.now()) == 2


async def test_two_imports_into_one_list_at_a_time_wait_for_each_other(database, database_settings, clock, people):
    second = Database(database_settings)
    numbers = [number(index) for index in range(200)]

    async def bring(into, part):
        added = known = 0
        for start in range(0, len(part), 10):
            batch = [contact(line, one) for line, one in enumerate(part[start : start + 10], start)]
            done = await loaded(into, people, batch, clock.now())
            added, known = added + done.added, known + done.known
        return added, known

    try:
        first, other = await asyncio.gather(bring(database, numbers[:150]), bring(second, list(reversed(numbers))))
    finally:
        await second.close()
    assert first[0] + other[0] == 200
    assert first[1] + other[1] == 150
    assert [row[0] for row in await rows(database, MEMBERS)] == numbers
    assert await value(database, "SELECT count(*) FROM contacts") == 200
    assert await value(database, "SELECT revision FROM lists WHERE name = 'people'") == 35


#: What may be done to a list: (numbers, duplicates, days that go by before).
LOADS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 6), max_size=12),
        st.sampled_from([Duplicates(), ALLOWED, AFTER_90_DAYS]),
        st.sampled_from([0, 50, 91]),
    ),
    max_size=6,
)


def by_hand(members, coming, duplicates, day):
    """What a list holds afterwards, by the words of the rules: {number: [(name, day it came in)]}."""
    done = Loaded()
    here = set()
    for one, name in coming:
        held = members.setdefault(one, [])
        if duplicates.allowed:
            held.append((name, day))
            done.added += 1
        elif one in here:
            done.doubles += 1
        elif not held:
            held.append((name, day))
            done.added += 1
        elif duplicates.days is not None and held[-1][1] < day - duplicates.days:
            held[-1] = (name, day)
            done.renewed += 1
        else:
            done.known += 1
        here.add(one)
    return done


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=LOADS)
def test_any_loads_make_what_the_rules_say(sqlite_settings, clock, loads):
    async def play():
        database = Database(sqlite_settings)
        list_name = f"list {clock.monotonic()}"
        async with database.writing() as connection:
            await connection.exec_driver_sql(
                f"INSERT INTO lists (name, origin, document) VALUES ('{list_name}', 'made', '{{}}')"
            )
        key = await lists.list_id(database, list_name)
        members, day = {}, 0
        for step, (coming, duplicates, days) in enumerate(loads):
            clock.advance(timedelta(days=days).total_seconds())
            day += days
            wanted = [(number(one), f"{step}.{place}") for place, one in enumerate(coming)]
            batch = [contact(place, one, name) for place, (one, name) in enumerate(wanted)]
            assert await loaded(database, key, batch, clock.now(), duplicates) == by_hand(
                members, wanted, duplicates, day
            )
        found = await rows(
            database,
            "SELECT m.number, json_extract(c.fields, '$.name') FROM list_members m JOIN contacts c "
            f"ON c.id = m.contact_id WHERE m.list_id = {key} ORDER BY m.number, m.occurrence",
        )
        expected = [(one, name) for one, held in sorted(members.items()) for name, _ in held]
        await database.close()
        assert found == expected

    clock.advance(1)
    asyncio.run(play())


async def test_a_contact_is_found_by_number_or_by_key(database, clock, people):
    await fill(database, "people", [number(1)], clock.now())
    [key] = await find_contacts(database, number(1))
    assert await find_contacts(database, str(key)) == [key]


async def test_a_list_that_does_not_exist_is_said(database):
    with pytest.raises(NotFoundError, match="no list is named 'nobody'"):
        await lists.list_id(database, "nobody")
