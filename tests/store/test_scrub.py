"""Who of a run must not be called: at its start, again, and the index that is asked at dial."""

import random
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from ami_dialer.store import dnc, dnc_index, dnc_lists, enrolling, runs, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_index import DncIndex, Numbers
from ami_dialer.store.migrate import migrate
from ami_dialer.store.tables import contact_phones
from tests.store.test_query_plans import heard
from tests.store.world import campaign, config, fill, number, rows, value

pytestmark = pytest.mark.store


async def bar(database, clock, name, *numbers, reason="asked", **more):
    return await dnc.add(database, name, numbers, reason=reason, source="cli", now=clock.now(), **more)


async def started(database, clock, people=4, phones=(), **fields):
    """A run of so many; `phones` are (person, position, number)."""
    key, document = await campaign(database, config(**fields))
    await fill(database, "people", [number(index) for index in range(people)], clock.now())
    contacts = dict(await rows(database, "SELECT number, id FROM contacts"))
    async with database.writing() as connection:
        for person, position, phone in phones:
            row = {"contact_id": contacts[number(person)], "position": position, "number": phone}
            await connection.execute(insert(contact_phones).values(row))
    return await runs.start(database, key, document, clock.now()), document


async def found(database):
    query = "SELECT number, state, excluded_by FROM enrolments ORDER BY contact_id"
    return [(one, by if state == "excluded" else state) for one, state, by in await rows(database, query)]


async def test_entries_count_until_they_expire_or_are_taken_off(database, clock):
    hour = clock.now() + timedelta(hours=1)
    await bar(database, clock, "opt-outs", number(0), number(1), expires_at=hour)
    await bar(database, clock, "opt-outs", number(1))  # for ever, which is longer
    await bar(database, clock, "opt-outs", number(2))
    await dnc.remove(database, "opt-outs", [number(2)], clock.now())
    clock.advance(3_600)
    await started(database, clock)
    assert await found(database) == [
        (number(0), "waiting"),
        (number(1), "opt-outs: asked"),
        (number(2), "waiting"),
        (number(3), "waiting"),
    ]


async def test_who_was_taken_off_or_has_expired_comes_anew(database, clock):
    await bar(database, clock, "opt-outs", number(0), reason="old", expires_at=clock.now() + timedelta(hours=1))
    await bar(database, clock, "opt-outs", number(1), reason="old")
    await dnc.remove(database, "opt-outs", [number(1)], clock.now())
    clock.advance(7_200)
    assert await bar(database, clock, "opt-outs", number(0), number(1), reason="new") == 2
    entries = await dnc.entries(database, "opt-outs")
    assert {(entry.reason, entry.added_at, entry.expires_at) for entry in entries} == {("new", clock.now(), None)}


async def test_the_global_list_counts_for_everybody_and_is_named_first(database, clock):
    await bar(database, clock, "opt-outs", number(0), number(1))
    await bar(database, clock, "global", number(1), number(2), reason="register")
    await bar(database, clock, "of others", number(3))
    await started(database, clock)
    assert [by for _, by in await found(database)] == [
        "opt-outs: asked",
        "global: register",
        "global: register",
        "waiting",
    ]
    barred = await dnc.forbidden(database, [number(1)], ["opt-outs"], clock.now())
    assert barred[number(1)].label == "global: register"


async def test_a_beginning_takes_out_all_that_begin_so(database, clock):
    await bar(database, clock, "opt-outs", "+1212555000*", "+1415*", reason="whole block")
    await bar(database, clock, "opt-outs", number(1), reason="letter")
    await started(database, clock, people=12)
    out = dict(await found(database))
    assert out[number(0)] == "opt-outs: whole block (all of +1212555000*)"
    assert out[number(1)] == "opt-outs: letter"  # the number itself says more than its beginning
    assert [one for one, by in out.items() if by == "waiting"] == [number(10), number(11)]
    barred = await dnc.forbidden(database, [number(0), number(10)], ["opt-outs"], clock.now())
    assert {one: entry.number for one, entry in barred.items()} == {number(0): "+1212555000*"}


async def test_who_has_a_further_phone_goes_on_with_it(database, clock):
    further = "+12025550"
    await bar(database, clock, "opt-outs", number(0), number(1), number(2), f"{further}101", "+1203*")
    phones = [
        (0, 2, f"{further}101"),  # barred too
        (0, 3, "+12035550103"),  # barred by its beginning
        (0, 4, number(3)),  # in the run already
        (0, 5, f"{further}105"),
        (1, 2, f"{further}105"),  # 1 dials it before 0 does
        (2, 2, f"{further}101"),
    ]
    await started(database, clock, phones=phones)
    assert await found(database) == [
        (number(0), "opt-outs: asked"),
        (f"{further}105", "waiting"),
        (number(2), "opt-outs: asked"),
        (number(3), "waiting"),
    ]


@pytest.mark.parametrize("entries", [0, 40], ids=["more contacts than entries", "more entries than contacts"])
async def test_from_whichever_side_it_begins_the_outcome_is_the_same(database, clock, entries):
    await bar(database, clock, "opt-outs", *(f"+1313{index:07d}" for index in range(entries)), number(2))
    await started(database, clock)
    assert [by for _, by in await found(database)] == ["waiting", "waiting", "opt-outs: asked", "waiting"]


async def test_a_second_scrub_takes_out_what_came_since(database, clock):
    run, document = await started(database, clock)
    await bar(database, clock, "opt-outs", number(1))
    assert await scrub.again(database, run, document, clock.now()) == 1
    assert await scrub.again(database, run, document, clock.now()) == 0
    assert [by for _, by in await found(database)] == ["waiting", "opt-outs: asked", "waiting", "waiting"]


async def test_an_import_is_told_how_many_of_its_numbers_are_listed(database, clock):
    await bar(database, clock, "anywhere", number(1), "+1212555001*")
    await bar(database, clock, "opt-outs", number(1), number(2))
    await dnc.remove(database, "opt-outs", [number(2)], clock.now())
    async with database.reading() as connection:
        listed = await dnc.count_listed(connection, [number(index) for index in range(20)], clock.now())
        assert listed == 11
        assert await dnc.count_listed(connection, [], clock.now()) == 0


async def test_the_index_learns_what_anybody_adds(database, clock):
    index = DncIndex()
    await bar(database, clock, "opt-outs", number(0))
    assert number(0) in await index.refresh(database)
    await bar(database, clock, "made just now", number(1), "+1415*")
    numbers = await index.refresh(database)
    assert number(1) in numbers
    assert "+14155550100" in numbers
    assert number(2) not in numbers
    assert numbers.lengths == [5]
    assert set(index.keys) == {"global", "opt-outs", "made just now"}
    await dnc_lists.mark_global(database, "opt-outs")
    await index.refresh(database)
    assert index.global_name == "opt-outs"


async def test_a_list_that_took_the_place_of_a_deleted_one_is_read_from_its_beginning(database, clock):
    index = DncIndex()
    await bar(database, clock, "first", number(0))
    await bar(database, clock, "first", number(1))
    await index.refresh(database)
    await dnc_lists.delete_list(database, "first", config())
    clock.advance(1)
    await bar(database, clock, "second", number(2))
    await bar(database, clock, "second", number(3))
    assert number(2) in await index.refresh(database)


async def test_an_index_with_much_that_is_new_is_loaded_anew(database, clock, monkeypatch):
    monkeypatch.setattr(dnc_index, "_MAX_NEW", 2)
    index = DncIndex()
    await index.refresh(database)
    everybody = [number(place) for place in range(40)]
    for place in range(0, 40, 4):
        await bar(database, clock, "opt-outs", *everybody[place : place + 4])
        numbers = await index.refresh(database)
        assert all(one in numbers for one in everybody[: place + 4])
    assert len(numbers) == 40
    assert number(99) not in numbers


@given(
    st.sets(st.from_regex(r"\+[1-9][0-9]{6,14}\*?", fullmatch=True)),
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
)
def test_the_numbers_in_memory_are_those_that_were_added(entries, wanted):
    numbers = Numbers()
    for entry in entries:
        numbers.add(entry)
    by_hand = wanted in entries or any(entry[-1] == "*" and wanted.startswith(entry[:-1]) for entry in entries)
    assert (wanted in numbers) == by_hand


async def test_a_list_is_deleted_by_pieces_and_only_when_nobody_heeds_it(database, clock, monkeypatch):
    monkeypatch.setattr(dnc_lists, "_AT_ONCE", 2)
    await campaign(database, config())
    await bar(database, clock, "lawyers", *(number(index) for index in range(5)))
    await bar(database, clock, "opt-outs", number(0))
    with pytest.raises(dnc_lists.InUseError, match="campaign 'survey'"):
        await dnc_lists.delete_list(database, "opt-outs", config())
    assert await dnc_lists.delete_list(database, "lawyers", config()) == 5
    assert await value(database, "SELECT count(*) FROM dnc_entries") == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("entries", [5, 300], ids=["few entries", "many entries"])
async def test_whoever_is_enrolled_as_excluded_is_who_a_scrub_would_take_out(database, clock, entries, seed):
    """The same random lists, entries and phones both ways, at the start and of those that come later."""
    chance = random.Random(seed)
    _, document = await campaign(
        database, config(lists=("people", "others"), filter={"not": {"column": "name", "is": "P 0003"}})
    )
    for name in ("people", "others"):
        await fill(database, name, [number(n) for n in chance.sample(range(60), 40)], clock.now())
    names = ["global", "opt-outs", "of others"]
    for _ in range(entries):
        one = (
            number(chance.randrange(90))
            if chance.random() < 0.8
            else number(chance.randrange(60))[: chance.randint(9, 12)]
        )
        one = one if len(one) == 12 else f"{one}*"
        ends = clock.now() + timedelta(hours=chance.choice([1, 9])) if chance.random() < 0.3 else None
        await bar(database, clock, chance.choice(names), one, reason=f"r{chance.randrange(9)}", expires_at=ends)
    clock.advance(7_200)
    async with database.writing() as connection:
        for contact in chance.sample(range(1, 81), 40):
            for position in range(2, chance.randint(3, 5)):
                row = {"contact_id": contact, "position": position, "number": number(chance.randrange(120))}
                await connection.execute(insert(contact_phones).values(row))

    async def both_ways(of, above):
        outcomes = []
        for at_once in (True, False):
            async with database.writing() as connection:
                if at_once:
                    _, excluded = await scrub.enrol(connection, 7, of, document, clock.now(), above=above)
                else:
                    await enrolling.enrol(connection, 7, of, document.filter, clock.now(), barred=False)
                    excluded = await scrub.waiting(connection, 7, document, clock.now())
                query = "SELECT contact_id, number, state, exclusion, excluded_by FROM enrolments ORDER BY contact_id"
                outcomes.append((excluded, [tuple(row) for row in await connection.execute(text(query))]))
                if at_once:
                    await connection.rollback()
        assert outcomes[0] == outcomes[1]
        return outcomes[0]

    async with database.reading() as connection:
        first = await enrolling.attached(connection, document)
    excluded, found = await both_ways(first, None)
    assert excluded or entries < 300
    for name in ("people", "others"):
        await fill(database, name, [number(n) for n in range(60, 90)], clock.now())
    async with database.reading() as connection:
        later = [
            replace(each, after=before.up_to)
            for each, before in zip(await enrolling.attached(connection, document), first, strict=True)
        ]
    above = await value(database, "SELECT max(id) FROM enrolments")
    assert len((await both_ways(later, above))[1]) > len(found)


@pytest.mark.parametrize("analyzed", [False, True], ids=["statistics not gathered yet", "statistics gathered"])
async def test_on_sqlite_a_register_meets_a_run_number_by_number(sqlite_settings, clock, analyzed):
    """Not each entry of it everybody who waits: there are millions of both."""
    database = Database(sqlite_settings)
    await migrate(sqlite_settings)
    run, document = await started(database, clock)
    await bar(database, clock, "opt-outs", number(0), "+1415*")
    if analyzed:
        async with database.writing() as connection:
            await connection.execute(text("ANALYZE"))
    with heard(database) as queries:
        assert await scrub.again(database, run, document, clock.now()) == 1
    searches = [each for each in queries.seen if "INTO scrub_found" in each[0] and "dnc_entries i CROSS" in each[0]]
    async with database.writing() as connection:
        await connection.execute(text("CREATE TEMPORARY TABLE scrub_found (enrolment_id integer, contact_id, label)"))
        for statement, parameters in searches:
            plan = [row[-1] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert any(re.match(r"SEARCH e .*run_id=\? AND number=\?", line) for line in plan), plan
    assert searches
    await database.close()
