"""Callbacks: calls at a time that somebody asked for, and what they do to enrolments."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, literal, select, update

from ami_dialer.domain.callback import CallbackSource, CallbackState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.store import (
    agent_maps,
    attempts,
    callback_rows,
    callback_writes,
    callbacks,
    dnc,
    enrolments,
    hopper,
    runs,
)
from ami_dialer.store.callback_writes import Wanted
from ami_dialer.store.tables import campaigns
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, campaign, config, fill, number, rows, run_of, value

pytestmark = pytest.mark.store

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LINES = "SELECT number, state, rank FROM enrolments ORDER BY number"


async def wanted(database, index, at, **more):
    key = await value(database, "SELECT min(id) FROM campaigns")
    contact = await callback_rows.contact_with(database, key, number(index))
    given = {"campaign_id": key, "contact_id": contact, "number": number(index), "at": at, "source": CallbackSource.CLI}
    return Wanted(**{**given, **more})


async def test_who_waits_is_called_at_that_time_before_all_others(database, clock):
    now = clock.now()
    run = await run_of(database, 3, now)
    await callbacks.ask(database, await wanted(database, 2, now + HOUR), now)
    assert [one.number for one in await hopper.claim(database, run, 5, now)] == [number(0), number(1)]
    [first] = await hopper.claim(database, run, 5, now + HOUR)
    assert (first.number, await hopper.due_ahead(database, [run])) == (number(2), {})


async def test_who_was_done_is_called_again(database, clock):
    now = clock.now()
    run = await run_of(database, 1, now)
    [one] = await hopper.claim(database, run, 1, now)
    writer = Writer(database, 0.001)
    writer.start()
    await writer.put(enrolments.changed(one, EnrolmentState.DONE, due_at=now, tries={EndReason.COMPLETED: 1}))
    await writer.stop(1)
    await callbacks.ask(database, await wanted(database, 0, now + HOUR), now)
    assert await hopper.due_ahead(database, [run]) == {run: now + HOUR}
    assert [one.number for one in await hopper.claim(database, run, 1, now + HOUR)] == [number(0)]


async def test_who_is_in_a_call_is_taken_up_when_it_is_over(database, clock):
    now = clock.now()
    run = await run_of(database, 1, now)
    [one] = await hopper.claim(database, run, 1, now)
    await callbacks.ask(database, await wanted(database, 0, now + HOUR), now)
    assert await callbacks.settle(database, now) == []
    await hopper.release(database, [one.enrolment_id])
    assert await callbacks.settle(database, now) == [run]
    assert await callbacks.settle(database, now) == []
    assert await hopper.due_ahead(database, [run]) == {run: now + HOUR}


async def test_a_new_one_replaces_the_one_that_waits_and_a_cancelled_one_leaves_the_contact_in_line(database, clock):
    now = clock.now()
    run = await run_of(database, 2, now)
    before = await rows(database, LINES)
    first = await callbacks.ask(database, await wanted(database, 0, now + 3 * HOUR), now)
    second = await callbacks.ask(database, await wanted(database, 0, now + HOUR, agent="ann"), now)
    assert await hopper.due_ahead(database, [run]) == {run: now + HOUR}
    found = await callback_rows.find(database, campaign="survey")
    assert {one.id: (one.state, one.why) for one in found} == {
        first.id: (CallbackState.CANCELLED, "another one was asked for"),
        second.id: (CallbackState.WAITING, None),
    }
    assert [one.id for one in await callback_rows.find(database, agent="ann", before=now + 2 * HOUR)] == [second.id]
    assert [one.id for one in await callbacks.cancel(database, [first.id, second.id], now, "by hand")] == [second.id]
    assert await rows(database, LINES) == before
    actions = await rows(database, "SELECT action FROM audit_records WHERE action LIKE 'callback%' ORDER BY id")
    assert [action for (action,) in actions] == ["callback.ask", "callback.ask", "callback.cancel"]


async def test_who_must_not_be_called_is_refused_or_cancelled(database, clock):
    now = clock.now()
    run = await run_of(database, 2, now)
    later = await wanted(database, 1, now + HOUR)
    key = await dnc.ensure_list(database, "opt-outs", now)
    assert key
    await dnc.add(database, "opt-outs", [number(0)], now=now, reason="asked", source="hand")
    with pytest.raises(callbacks.CallbackRefusedError, match="do-not-call list opt-outs"):
        await callbacks.ask(database, await wanted(database, 0, now + HOUR), now)
    with pytest.raises(callbacks.CallbackRefusedError, match="is over"):
        await callbacks.ask(database, await wanted(database, 1, now - HOUR), now)
    with pytest.raises(callbacks.CallbackRefusedError, match=r"90 days ahead at most"):
        await callbacks.ask(database, await wanted(database, 1, now + 91 * 24 * HOUR), now)
    asked = await callbacks.ask(database, later, now)
    async with database.writing() as connection:
        await connection.exec_driver_sql(
            "UPDATE enrolments SET state = 'excluded', exclusion = 'dnc', excluded_by = 'stop: asked' WHERE run_id = "
            f"{run}"
        )
    assert await callbacks.settle(database, now) == []
    [found] = await callback_rows.load(database, [asked.id])
    assert (found.state, found.why) == (CallbackState.CANCELLED, "DNC Excluded: stop: asked")


async def test_one_that_is_not_placed_in_time_is_missed_and_the_end_of_the_run_misses_those_that_are_due(
    database, clock
):
    now = clock.now()
    run = await run_of(database, 3, now, callbacks={"late": "10m"})
    late = await callbacks.ask(database, await wanted(database, 0, now), now)
    due = await callbacks.ask(database, await wanted(database, 1, now + 9 * timedelta(minutes=1)), now)
    later = await callbacks.ask(database, await wanted(database, 2, now + HOUR), now)
    assert await callbacks.miss(database, now + timedelta(minutes=9)) == []
    at = now + timedelta(minutes=10)
    assert [one.id for one in await callbacks.miss(database, at)] == [late.id]
    assert await callbacks.miss(database, at) == []
    [[key]] = await rows(database, "SELECT id FROM campaigns")
    assert await runs.end(database, run, RunState.STOPPED, at)
    assert await callback_rows.counts(database, key) == {CallbackState.MISSED: 2, CallbackState.WAITING: 1}
    assert {one.id for one in await callback_rows.find(database, states=[CallbackState.MISSED])} == {late.id, due.id}
    assert list(await callback_rows.waiting(database)) == [later.id]


async def test_a_campaign_that_waits_long_for_many_does_not_keep_those_of_others_from_being_missed(
    database, clock, monkeypatch
):
    monkeypatch.setattr(callbacks, "_AT_ONCE", 1)
    now = clock.now()
    key, _ = await campaign(database, config(callbacks={"late": "1d"}))
    await fill(database, "people", [number(index) for index in range(4)], now)
    for index in range(2):
        await callbacks.ask(database, await wanted(database, index, now), now)
    async with database.writing() as connection:
        short = insert(campaigns).from_select(
            ["name", "origin", "document"], select(literal("other"), campaigns.c.origin, campaigns.c.document)
        )
        other = (await connection.scalars(short.returning(campaigns.c.id))).one()
        document = {**await connection.scalar(select(campaigns.c.document)), "callbacks": {"late": 600}}
        await connection.execute(update(campaigns).where(campaigns.c.id == other).values(document=document))
    asked = [
        await callbacks.ask(database, replace(await wanted(database, index, now + at), campaign_id=other), now)
        for index, at in ((2, 2 * MINUTE), (3, MINUTE))
    ]
    at = now + 12 * MINUTE
    missed = [one.id for _ in range(3) for one in await callbacks.miss(database, at)]
    assert missed == [asked[1].id, asked[0].id]
    assert {one.state: one.campaign_id for one in await callback_rows.find(database)} == {
        CallbackState.MISSED: other,
        CallbackState.WAITING: key,
    }


async def test_without_a_run_it_waits_for_the_next_one(database, clock):
    now = clock.now()
    key, document = await campaign(database, config())
    await fill(database, "people", [number(0), number(1)], now)
    await callbacks.ask(database, await wanted(database, 1, now + HOUR), now)
    run = await runs.start(database, key, document, now)
    assert await hopper.due_ahead(database, [run]) == {run: now + HOUR}


async def test_a_call_keeps_the_one_that_is_due_also_late_and_what_is_asked_in_it_waits(database, clock):
    now = clock.now()
    run = await run_of(database, 1, now)
    asked = await callbacks.ask(database, await wanted(database, 0, now), now)
    await callbacks.miss(database, now + HOUR)
    [one] = await hopper.claim(database, run, 1, now + HOUR)
    attempt = attempt_on(one, now + HOUR)
    again = await wanted(database, 0, now + 2 * HOUR, asked_in=attempt.id, source=CallbackSource.FLOW)
    writer = Writer(database, 0.001)
    writer.start()
    async with database.reading() as connection:
        assert await callback_rows.open_of(connection, run, [one.contact_id], now + HOUR) == {one.contact_id: asked.id}
    writes = (
        attempts.new(attempt),
        Write(Kind.KEPT, {"callback": asked.id, "attempt": attempt.id, "ended": now + HOUR}),
        Write(Kind.CALLBACK, callback_writes.row_of(again, now + HOUR)),
    )
    for _ in range(2):  # what is committed may be committed again
        await writer.put(*writes)
    await writer.stop(1)
    found = await callback_rows.find(database)
    assert [(each.state, each.kept_by, each.asked_in) for each in found] == [
        (CallbackState.KEPT, attempt.id, None),
        (CallbackState.WAITING, None, attempt.id),
    ]
    assert await value(database, "SELECT count(*) FROM callbacks") == 2


async def test_it_goes_to_its_agent_and_after_it_was_taken_back_to_the_one_of_the_mapping_list(database, clock):
    now = clock.now()
    await campaign(database, config())
    await fill(database, "people", [number(0), number(1)], now)
    await agent_maps.bring(database, "own", [agent_maps.Mapped(number(0), "101", 7)], now)
    key, document = await campaign(database, config(own_agent={"map": "own"}))
    run = await runs.start(database, key, document, now)
    of_nobody = await callbacks.ask(database, await wanted(database, 1, now, agent="somebody from sales"), now)
    asked = await callbacks.ask(database, await wanted(database, 0, now, agent="102"), now)
    assert await callbacks.settle(database, now) == []
    claimed = await hopper.claim(database, run, 2, now)
    assert {one.number: one.agent for one in claimed} == {number(0): "102", number(1): None}
    await hopper.release(database, [one.enrolment_id for one in claimed])
    await callbacks.cancel(database, [asked.id, of_nobody.id], now, "by hand")
    again = await hopper.claim(database, run, 2, now)
    assert [(one.number, one.agent) for one in again] == [(number(0), "101"), (number(1), None)]
