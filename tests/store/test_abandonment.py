"""The ledger of abandonment: a row for each answered call, and what was heard of AMD's machines."""

from datetime import timedelta

import pytest

from ami_dialer.domain.abandonment import AnsweredCall, AnswerOutcome, Counts
from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import abandonment, attempts
from ami_dialer.store.abandonment import NotReviewableError, Reviews
from ami_dialer.store.history import past_calls
from ami_dialer.store.writer import Writer
from tests.store.world import attempt_on, claimed, rows

pytestmark = pytest.mark.store

O = AnswerOutcome  # noqa: E741 - short for tables


@pytest.fixture
async def writer(database):
    made = Writer(database, 0.0)
    made.start()
    yield made
    await made.stop(10)


@pytest.fixture
async def enter(database, writer, clock):
    """Writes answered calls: an outcome and how long ago, each on an attempt of its own."""

    async def enter(*calls):
        now = clock.now()
        people = await claimed(database, len(calls), now)
        made = []
        for (outcome, ago), one in zip(calls, people, strict=True):
            attempt = attempt_on(one, now)
            attempt.amd_cause = "MAXWORDS-3-2"
            made.append(AnsweredCall(attempt.id, 1, now - ago, outcome, 1200 if outcome is O.CONNECTED else None))
            writer.put(attempts.new(attempt))
            await writer.put(abandonment.entered(made[-1]))
        return made

    return enter


async def test_the_ledger_comes_back_by_the_hour(database, clock, enter):
    hour = timedelta(hours=1)
    await enter(
        (O.CONNECTED, 0 * hour),
        (O.CONNECTED, 0.9 * hour),
        (O.ABANDONED, 1 * hour),
        (O.MACHINE, 5 * hour),
        (O.LEFT, 5.4 * hour),
        (O.CONNECTED, 900 * hour),
    )
    found = await abandonment.load(database, 1, clock.now() - timedelta(days=30))
    assert found.since(clock.now() - timedelta(days=30)) == Counts(connected=2, abandoned=1, left=1, machine=1)
    assert found.since(clock.now() - 2 * hour) == Counts(connected=2, abandoned=1)
    assert found.since(clock.now()) == Counts(connected=1)
    assert [end for end, _ in found.hours(clock.now() - timedelta(days=30))] == [
        clock.now() - ago * hour for ago in (5, 4, 0, -1)
    ]
    assert found.first_at == clock.now() - 900 * hour


async def test_a_call_is_entered_once_however_often_it_is_written(database, writer, clock, enter):
    [call] = await enter((O.CONNECTED, timedelta()))
    await writer.put(abandonment.entered(call._replace(outcome=O.ABANDONED, delay_ms=None)))
    assert await rows(database, "SELECT outcome, delay_ms FROM answered_calls") == [("connected", 1200)]


async def test_a_campaign_has_a_ledger_of_its_own(database, clock, enter):
    await enter((O.ABANDONED, timedelta()))
    found = await abandonment.load(database, 2, clock.now() - timedelta(days=30))
    assert not found.since(clock.now() - timedelta(days=30))
    assert found.first_at is None


async def test_what_was_heard_is_kept_and_may_be_mended(database, clock, enter):
    calls = await enter(*[(O.MACHINE, timedelta(hours=place)) for place in range(4)], (O.CONNECTED, timedelta()))
    since = clock.now() - timedelta(days=90)
    for call in calls[:3]:
        assert await abandonment.heard(database, call.attempt_id, person=False, by="ann", now=clock.now()) == "survey"
    await abandonment.heard(database, calls[0].attempt_id, person=True, by="bob", now=clock.now())
    assert await abandonment.reviews(database, 1, since) == Reviews(3, 1)
    assert await abandonment.reviews(database, 1, clock.now() - timedelta(minutes=1)) == Reviews(1, 1)
    assert await abandonment.reviews(database, 2, since) == Reviews(0, 0)
    [left] = await abandonment.sample(database, 1, since, 10)
    assert (left.attempt_id, left.number, left.amd_cause) == (calls[3].attempt_id, "+12125550003", "MAXWORDS-3-2")


async def test_only_calls_taken_for_machines_are_reviewed(database, clock, enter):
    [call] = await enter((O.CONNECTED, timedelta()))
    with pytest.raises(NotReviewableError, match=r"took amid-\S+ for a person"):
        await abandonment.heard(database, call.attempt_id, person=True, by="ann", now=clock.now())
    with pytest.raises(NotFoundError, match="no answered call has the id 'amid-1'"):
        await abandonment.heard(database, "amid-1", person=True, by="ann", now=clock.now())
    assert await abandonment.reviews(database, 1, clock.now() - timedelta(days=1)) == Reviews(0, 0)


async def test_a_sample_is_drawn_by_lot(database, clock, enter):
    await enter(*[(O.MACHINE, timedelta(minutes=place)) for place in range(60)])
    since = clock.now() - timedelta(days=1)
    drawn = [await abandonment.sample(database, 1, since, 5) for _ in range(8)]
    assert {len(each) for each in drawn} == {5}
    assert len({tuple(one.attempt_id for one in each) for each in drawn}) > 1
    assert len(await abandonment.sample(database, 1, since, 100)) == 60


@pytest.mark.parametrize(
    ("end", "outcome", "abandoned"),
    [
        (EndReason.FLOW_FAILED, O.ABANDONED, True),
        (EndReason.COMPLETED, O.ABANDONED, True),  # the flow began too late
        (EndReason.ABANDONED, O.LEFT, False),
        (EndReason.ABANDONED, None, True),  # from before there was a ledger
        (EndReason.FLOW_FAILED, O.CONNECTED, False),
    ],
)
async def test_caps_count_as_abandoned_what_the_ledger_does(database, writer, clock, end, outcome, abandoned):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    attempt.answered_at = clock.now()
    for event in (AttemptEvent.SENT, AttemptEvent.ANSWER):
        attempt.move(event, clock.now())
    attempt.end(end, clock.now())
    entered = [] if outcome is None else [abandonment.entered(AnsweredCall(attempt.id, 1, clock.now(), outcome, None))]
    await writer.put(attempts.new(attempt))

    async def found(*coming):
        async with database.reading() as connection:
            history = await past_calls(connection, [one.number], [], clock.now() - timedelta(days=1), coming)
        [call] = history.of(one.number, one.contact_id)
        return call.answered, call.abandoned

    assert await found(*entered) == (True, abandoned)  # on its way
    if entered:
        await writer.put(*entered)
        assert await found() == (True, abandoned)
