"""Who is enrolled when a run starts, once or several times, in which order, and who is kept out."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from ami_dialer.domain.enrolment import RunState
from ami_dialer.store import dnc, documents, hopper, preview, runs
from tests.store.enrolling_world import add, house, in_order, out
from tests.store.world import number, rows, value

pytestmark = pytest.mark.store


async def started(database, config, now):
    await documents.apply_config(database, config)
    key, document = await documents.load_campaign(database, "survey")
    return await runs.start(database, key, document, now)


async def prepared(database, of, **campaign):
    config = house(of, **campaign)
    await documents.apply_config(database, config)
    return config


async def test_lists_and_contacts_with_a_higher_priority_are_called_first(database, clock):
    config = await prepared(database, {"low": {}, "high": {"priority": 100}, "middle": {"priority": 1}})
    await add(database, "low", clock.now(), {"n": 1, "priority": 100}, {"n": 2, "priority": 5}, 3)
    await add(database, "middle", clock.now(), 4, {"n": 5, "priority": 1})
    await add(database, "high", clock.now(), 7, 6)
    run_id = await started(database, config, clock.now())
    assert await in_order(database, run_id) == [7, 6, 5, 4, 1, 2, 3]
    claims = [await hopper.claim(database, run_id, size, clock.now()) for size in (1, 3, 10)]
    assert [[int(one.number[-4:]) for one in some] for some in claims] == [[7], [6, 5, 4], [1, 2, 3]]


async def test_within_a_priority_contacts_are_called_in_the_order_in_which_they_came(database, clock):
    config = await prepared(database, {"first": {}, "second": {}})
    await add(database, "second", clock.now(), 1, 2)
    await add(database, "first", clock.now(), 9, 8)
    clock.advance(60)
    await add(database, "first", clock.now(), 5, 4)
    assert await in_order(database, await started(database, config, clock.now())) == [9, 8, 5, 4, 1, 2]


async def test_a_number_on_several_lists_is_called_once_with_the_contact_of_the_list_that_goes_before(database, clock):
    config = await prepared(database, {"low": {}, "high": {"priority": 10}, "same": {"priority": 10}})
    await add(database, "low", clock.now(), {"n": 1, "priority": 90, "fields": {"of": "low"}}, 2)
    await add(database, "high", clock.now(), {"n": 1, "fields": {"of": "high"}}, {"n": 3, "fields": {"of": "high"}})
    await add(
        database,
        "same",
        clock.now(),
        {"n": 1, "fields": {"of": "same"}},
        {"n": 3, "priority": 1, "fields": {"of": "same"}},
    )
    run_id = await started(database, config, clock.now())
    claimed = await hopper.claim(database, run_id, 10, clock.now())
    assert [(int(one.number[-4:]), one.fields.get("of")) for one in claimed] == [(3, "same"), (1, "high"), (2, None)]


async def test_a_number_that_its_list_allows_several_times_is_called_so_often(database, clock):
    config = await prepared(database, {"people": {}, "others": {}})
    await add(database, "people", clock.now(), 1, 2)
    await add(database, "people", clock.now(), 1, 1, again=True)
    await add(database, "others", clock.now(), 1)
    run_id = await started(database, config, clock.now())
    assert await in_order(database, run_id) == [1, 2, 1, 1]
    assert await rows(database, "SELECT occurrence FROM enrolments ORDER BY id") == [(0,), (0,), (1,), (2,)]


async def test_who_came_in_too_long_ago_is_not_called(database, clock):
    config = await prepared(database, {"people": {}, "short": {"expire_days": 1}, "ever": {"expire_days": -1}})
    for name, start in (("people", 10), ("short", 20), ("ever", 30)):
        await add(database, name, clock.now(), start)
    clock.advance(86_400)
    for name, start in (("people", 11), ("short", 21), ("ever", 31)):
        await add(database, name, clock.now(), start)
    run_id = await started(database, config, clock.now())
    assert await out(database, run_id) == {20: ("expired", "short: not called within 1 days")}
    expiries = dict(await rows(database, "SELECT number, expires_at FROM enrolments WHERE number LIKE '%1'"))
    assert expiries[number(31)] is None
    found = [one for one in await hopper.claim(database, run_id, 10, clock.now()) if one.number == number(21)]
    assert len(found) == 1
    clock.advance(90 * 86_400)
    later = await started_again(database, run_id, config, clock)
    assert {who for who, (why, _) in (await out(database, later)).items() if why == "expired"} == {10, 11, 20, 21}


async def started_again(database, before, config, clock):
    await runs.end(database, before, RunState.STOPPED, clock.now())
    return await started(database, config, clock.now())


async def test_an_expired_contact_of_one_list_is_called_as_the_fresh_one_of_another(database, clock):
    config = await prepared(database, {"old": {"priority": 50, "expire_days": 1}, "new": {}})
    await add(database, "old", clock.now(), 1)
    clock.advance(2 * 86_400)
    await add(database, "new", clock.now(), 1)
    run_id = await started(database, config, clock.now())
    assert await out(database, run_id) == {}
    assert await in_order(database, run_id) == [1]


async def test_who_expires_while_waiting_is_taken_out_when_the_turn_comes(database, clock):
    config = await prepared(database, {"people": {"expire_days": 1}, "others": {"expire_days": 2}})
    await add(database, "people", clock.now(), *range(1, 8))
    await add(database, "others", clock.now(), 8, 9)
    run_id = await started(database, config, clock.now())
    [first] = await hopper.claim(database, run_id, 1, clock.now())
    clock.advance(86_400 - 0.001)
    [second] = await hopper.claim(database, run_id, 1, clock.now())
    clock.advance(0.001)
    assert [int(one.number[-4:]) for one in (first, second)] == [1, 2]
    assert [int(one.number[-4:]) for one in await hopper.claim(database, run_id, 3, clock.now())] == [8, 9]
    gone = await out(database, run_id)
    assert set(gone) == {3, 4, 5, 6, 7}
    assert set(gone.values()) == {("expired", hopper.EXPIRED_WAITING)}
    assert await value(database, "SELECT count(*) FROM enrolments WHERE state = 'excluded' AND claimed_at IS NULL") == 5


async def test_one_claim_takes_out_so_many_at_most_and_the_next_one_goes_on(database, clock, monkeypatch):
    monkeypatch.setattr(hopper, "_MOST_EXPIRED", 10)
    config = await prepared(database, {"people": {"expire_days": 1}})
    await add(database, "people", clock.now(), *range(25))
    run_id = await started(database, config, clock.now())
    clock.advance(86_400)
    for left in (15, 5, 0):
        assert await hopper.claim(database, run_id, 5, clock.now()) == []
        assert await value(database, "SELECT count(*) FROM enrolments WHERE state = 'waiting'") == left
    assert (await hopper.outlook(database, run_id)).over


async def test_who_does_not_meet_the_filter_is_kept_with_the_condition_that_did_it(database, clock):
    condition = {"all": [{"column": "state", "is": "CA"}, {"column": "age", "at_least": "18"}]}
    config = await prepared(database, {"people": {}}, filter=condition)
    ages = [("CA", "30"), ("NY", "30"), ("ca", "7"), ("CA", "")]
    people = [{"n": n, "fields": {"state": state, "age": age}} for n, (state, age) in enumerate(ages)]
    await add(database, "people", clock.now(), *people)
    run_id = await started(database, config, clock.now())
    assert await out(database, run_id) == {
        1: ("filter", "state is CA"),
        2: ("filter", "age is at least 18"),
        3: ("filter", "age is at least 18"),
    }
    assert [int(one.number[-4:]) for one in await hopper.claim(database, run_id, 10, clock.now())] == [0]


async def test_of_several_contacts_with_a_number_one_that_meets_the_filter_is_called(database, clock):
    config = await prepared(database, {"high": {"priority": 9}, "low": {}}, filter={"column": "state", "is": "CA"})
    await add(database, "high", clock.now(), {"n": 1, "fields": {"state": "NY"}})
    await add(database, "low", clock.now(), {"n": 1, "fields": {"state": "CA"}})
    run_id = await started(database, config, clock.now())
    [one] = await hopper.claim(database, run_id, 10, clock.now())
    assert one.fields == {"state": "CA"}


async def test_whoever_waits_in_a_low_rank_is_not_forgotten(database, clock):
    config = await prepared(database, {"high": {"priority": 100}, "low": {}})
    await add(database, "high", clock.now(), 1)
    await add(database, "low", clock.now(), 2)
    run_id = await started(database, config, clock.now())
    later = clock.now() + timedelta(hours=1)
    async with database.writing() as connection:
        await connection.execute(
            text("UPDATE enrolments SET due_at = :at WHERE number = :number"),
            {"at": later.replace(tzinfo=None) if database.is_sqlite else later, "number": number(2)},
        )
    [one] = await hopper.claim(database, run_id, 10, clock.now())
    assert one.number == number(1)
    assert await hopper.outlook(database, run_id) == hopper.Outlook(next_due=later, claimed=True)
    assert await hopper.claim(database, run_id, 10, clock.now()) == []
    [two] = await hopper.claim(database, run_id, 10, later)
    assert two.number == number(2)


async def test_a_preview_counts_what_a_start_does_and_writes_nothing(database, clock):
    config = await prepared(
        database,
        {"high": {"priority": 9}, "low": {"expire_days": 1}, "empty": {}},
        filter={"all": [{"column": "state", "is": "CA"}, {"column": "plann", "empty": True}]},
    )
    ca, ny = {"state": "CA"}, {"state": "NY"}
    await add(database, "low", clock.now(), {"n": 9, "fields": ca})
    clock.advance(2 * 86_400)
    await add(database, "low", clock.now(), {"n": 1, "fields": ca}, {"n": 2, "fields": ny}, {"n": 3, "fields": ca})
    await add(database, "high", clock.now(), {"n": 4, "fields": ca}, {"n": 1, "fields": ca}, {"n": 5, "fields": ny})
    await dnc.add(database, "opt-outs", [number(3)], reason="asked", source="cli", now=clock.now())
    _, document = await documents.load_campaign(database, "survey")
    found = await preview.preview(database, "survey", document, {}, clock.now(), sample=1)
    assert found.lists == {"high": 3, "low": 4, "empty": 0}
    assert (found.contacts, found.doubles, found.left) == (7, 1, 2)
    assert found.filter_excluded == {"state is CA": 2}
    assert found.expired == {"low: not called within 1 days": 1}
    assert sum(found.dnc_excluded.values()) == 1
    assert found.unknown_columns == ["plann"]
    assert [(one.number, one.fields) for one in found.sample] == [(number(4), ca)]
    assert await value(database, "SELECT count(*) FROM enrolments") == 0
    run_id = await started(database, config, clock.now())
    counted = await rows(database, "SELECT state, count(*) FROM enrolments GROUP BY state ORDER BY state")
    assert counted == [("excluded", 4), ("waiting", 2)]
    assert await value(database, "SELECT min(id) FROM enrolments") == 1
    assert run_id == 1
