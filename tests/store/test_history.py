"""Calls that were made, as caps on further ones count them."""

from datetime import timedelta

import pytest

from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.ending import EndReason
from ami_dialer.store import attempts
from ami_dialer.store.history import History, past_calls
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, claimed, number

pytestmark = pytest.mark.store


async def keep(database, *writes):
    writer = Writer(database, 0.0)
    writer.start()
    await writer.put(*writes)
    await writer.stop(10)


async def ended(database, clock, one, end, *, answered=False):
    """A call of this enrolment that ended so."""
    attempt = attempt_on(one, clock.now())
    if answered:
        attempt.move(AttemptEvent.SENT, clock.now())
        attempt.move(AttemptEvent.ANSWER, clock.now())
    new = attempts.new(attempt)
    attempt.end(EndReason(end), clock.now())
    await keep(database, new, attempts.ended(attempt, "survey"))
    return attempt


async def history(database, clock, numbers=(), contacts=(), coming=(), own=(), days=1.0) -> History:
    async with database.reading() as connection:
        since = clock.now() - timedelta(days=days)
        return await past_calls(connection, numbers, contacts, since, coming, own)


async def test_calls_to_the_number_and_to_the_contact_count_each_once_oldest_first(database, clock):
    one, two = await claimed(database, 2, clock.now())
    first = await ended(database, clock, one, "busy")
    clock.advance(60)
    await ended(database, clock, two, "busy")
    clock.advance(60)
    second = await ended(database, clock, one, "no_answer")
    found = await history(database, clock, [one.number, two.number], {one.contact_id, two.contact_id})
    calls = found.of(one.number, one.contact_id)
    assert [call.at for call in calls] == [first.claimed_at.timestamp(), second.claimed_at.timestamp()]
    assert {(call.number, call.contact_id, call.campaign_id) for call in calls} == {(one.number, one.contact_id, 1)}
    # The number of the one and the contact of the other: all three.
    assert len(found.of(one.number, two.contact_id)) == 3


async def test_a_contact_is_found_by_its_key_whatever_phone_was_called(database, clock):
    [one] = await claimed(database, 1, clock.now())
    await ended(database, clock, one, "busy")
    found = await history(database, clock, ["+13105550000"], {one.contact_id})
    [call] = found.of("+13105550000", one.contact_id)
    assert call.number == number(0)


async def test_nobody_was_called_by_an_attempt_that_was_taken_back(database, clock):
    [one] = await claimed(database, 1, clock.now())
    await ended(database, clock, one, "cancelled")
    found = await history(database, clock, [one.number], {one.contact_id})
    assert found.of(one.number, one.contact_id) == ()


async def test_a_call_that_goes_on_counts(database, clock):
    [one] = await claimed(database, 1, clock.now())
    await keep(database, attempts.new(attempt_on(one, clock.now())))
    found = await history(database, clock, [one.number], {one.contact_id})
    [call] = found.of(one.number, one.contact_id)
    assert (call.answered, call.abandoned) == (False, False)


async def test_what_is_further_back_is_not_looked_at(database, clock):
    [one] = await claimed(database, 1, clock.now())
    await ended(database, clock, one, "busy")
    clock.advance(86_400)
    assert (await history(database, clock, [one.number])).of(one.number, 0)
    clock.advance(0.000_001)
    assert not (await history(database, clock, [one.number])).of(one.number, 0)


async def test_a_call_counts_from_when_it_was_placed_however_long_ago_it_was_claimed(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await keep(database, attempts.new(attempt))
    clock.advance(7_200)  # the database was slow
    attempt.move(AttemptEvent.SENT, clock.now())
    sent = attempts.changed(attempt)
    [coming] = (await history(database, clock, [one.number], coming=[sent], days=0.01)).of(one.number, 0)
    await keep(database, sent)
    [call] = (await history(database, clock, [one.number], days=0.01)).of(one.number, 0)
    assert coming.at == call.at == clock.now().timestamp()


@pytest.mark.parametrize(
    ("end", "answered", "by_a_person"),
    [
        ("completed", True, True),
        ("hung_up", True, True),
        ("abandoned", True, True),
        ("lost", True, True),  # who it was is not known
        ("machine", True, False),
        ("fax", True, False),
        ("silence", True, False),
        ("no_answer", False, False),
    ],
)
async def test_who_answered_was_a_person_unless_it_is_known_to_be_none(database, clock, end, answered, by_a_person):
    [one] = await claimed(database, 1, clock.now())
    await ended(database, clock, one, end, answered=answered)
    [call] = (await history(database, clock, [one.number])).of(one.number, one.contact_id)
    assert (call.answered, call.abandoned) == (by_a_person, end == "abandoned")


async def test_what_the_database_has_not_taken_yet_counts_over_what_it_has(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await keep(database, attempts.new(attempt))
    attempt.move(AttemptEvent.SENT, clock.now())
    attempt.move(AttemptEvent.ANSWER, clock.now())
    coming = [attempts.changed(attempt)]
    [call] = (await history(database, clock, [one.number], coming=coming)).of(one.number, one.contact_id)
    assert call.answered
    attempt.end(EndReason.MACHINE, clock.now())
    coming.append(attempts.ended(attempt, "survey"))
    [call] = (await history(database, clock, [one.number], coming=coming)).of(one.number, one.contact_id)
    assert not call.answered


async def test_an_end_that_is_committed_stands_against_an_older_write(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    before = attempts.changed(attempt)
    attempt.end(EndReason.CANCELLED, clock.now())
    await keep(database, attempts.new(attempt), attempts.ended(attempt, "survey"))
    found = await history(database, clock, [one.number], coming=[before, Write(Kind.ANSWER, {})])
    assert found.of(one.number, one.contact_id) == ()


async def test_the_attempt_that_it_is_about_is_no_earlier_call(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await keep(database, attempts.new(attempt))
    found = await history(database, clock, [one.number], own=[attempt.id])
    assert found.of(one.number, one.contact_id) == ()
