"""Many small writes, one commit; and what a write that cannot be kept does to the others."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store import attempts, enrolments, hopper
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, claimed, rows, value

pytestmark = pytest.mark.store


@pytest.fixture
async def writer(database):
    made = Writer(database, 0.0)
    made.start()
    yield made
    await made.stop(10)


class Traffic:
    """What goes to the database: commits, and the rows of each statement."""

    def __init__(self, database):
        self.commits = 0
        self.statements = []
        engine = database._writer.sync_engine
        event.listen(engine, "commit", self._commit)
        event.listen(engine, "before_cursor_execute", self._execute)

    def _commit(self, connection):
        self.commits += 1

    def _execute(self, connection, cursor, statement, parameters, context, executemany):
        self.statements.append((" ".join(statement.split()[:3]), len(parameters) if executemany else 1))


def answer(attempt, digits="1", **changes):
    row = {
        "attempt_id": attempt.id,
        "question": "happy",
        "digits": digits,
        "valid": True,
        "try_number": 1,
        "at": attempt.claimed_at,
    }
    return Write(Kind.ANSWER, {**row, **changes})


async def test_what_is_put_together_is_committed_together(database, clock, writer):
    people = [attempt_on(one, clock.now()) for one in await claimed(database, 20, clock.now())]
    traffic = Traffic(database)
    await asyncio.gather(*(writer.put(attempts.new(one)) for one in people))
    assert traffic.commits == 1
    assert await value(database, "SELECT count(*) FROM attempts") == 20


async def test_what_changes_several_times_is_written_once_as_it_was_last(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await writer.put(attempts.new(attempt))
    traffic = Traffic(database)
    for step in (AttemptEvent.SENT, AttemptEvent.RING, AttemptEvent.ANSWER):
        attempt.move(step, clock.now())
        last = writer.put(attempts.changed(attempt))
    await last
    assert traffic.statements[-1] == ("UPDATE attempts SET", 1)
    assert await value(database, "SELECT state FROM attempts") == "answered"


async def test_an_attempt_made_and_ended_between_two_commits_is_kept_whole(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    writer.put(attempts.new(attempt))
    writer.put(answer(attempt))
    attempt.end(EndReason.BUSY, clock.now())
    again = enrolments.changed(one, EnrolmentState.WAITING, due_at=clock.now(), tries={"busy": 1})
    await writer.put(attempts.ended(attempt, "survey"), again)
    assert await rows(database, "SELECT end_reason, digits FROM attempts JOIN answers ON attempt_id = attempts.id") == [
        ("busy", "1")
    ]
    assert await rows(database, "SELECT state, attempts FROM enrolments") == [("waiting", 1)]


async def test_a_claim_becomes_only_what_the_table_of_states_allows(database, clock):
    [one] = await claimed(database, 1, clock.now())
    with pytest.raises(ValueError, match="an enrolment that is claimed does not become claimed"):
        enrolments.changed(one, EnrolmentState.CLAIMED, due_at=clock.now())


async def test_a_queue_longer_than_one_commit_takes_is_kept_in_order(database, clock, writer, monkeypatch):
    monkeypatch.setattr("ami_dialer.store.writer._MAX_BATCH", 7)
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    traffic = Traffic(database)
    done = [writer.put(attempts.new(attempt))]
    for number in range(30):
        attempt.detail = str(number)
        done.append(writer.put(attempts.changed(attempt)))
    await asyncio.gather(*done)
    assert traffic.commits == 5
    assert await value(database, "SELECT detail FROM attempts") == "29"


async def test_a_unit_is_written_whole_or_not_at_all(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    with pytest.raises(IntegrityError):
        await writer.put(attempts.new(attempt), answer(attempt, attempt_id="amid-nobody"))
    assert await rows(database, "SELECT id FROM attempts") == []


async def test_a_unit_that_breaks_a_constraint_fails_alone(database, clock, writer):
    people = [attempt_on(one, clock.now()) for one in await claimed(database, 40, clock.now())]
    people[7].enrolment_id = people[31].enrolment_id = -1
    done = await asyncio.gather(*(writer.put(attempts.new(one)) for one in people), return_exceptions=True)
    assert [number for number, outcome in enumerate(done) if isinstance(outcome, IntegrityError)] == [7, 31]
    assert await value(database, "SELECT count(*) FROM attempts") == 38
    assert writer.trouble is None
    assert writer.waiting == 0


@pytest.mark.parametrize(
    "changes",
    [{"digits": "\ud800"}, {"at": "yesterday"}, {"try_number": 2**70}, {"question": None}],
    ids=["half a surrogate pair", "no time", "too large", "missing"],
)
async def test_a_value_that_cannot_be_kept_fails_alone_and_the_writer_goes_on(database, clock, writer, changes):
    people = [attempt_on(one, clock.now()) for one in await claimed(database, 3, clock.now())]
    await asyncio.gather(*(writer.put(attempts.new(one)) for one in people))
    good, bad, good_too = people
    done = [writer.put(answer(good)), writer.put(answer(bad, **changes)), writer.put(answer(good_too))]
    outcomes = await asyncio.gather(*done, return_exceptions=True)
    assert [outcome is None for outcome in outcomes] == [True, False, True]
    await writer.put(answer(bad))
    assert await value(database, "SELECT count(*) FROM answers") == 3


async def test_whoever_stops_waiting_for_a_write_does_not_stop_the_writer(database, clock, writer):
    one, two = [attempt_on(one, clock.now()) for one in await claimed(database, 2, clock.now())]

    async def wait():
        await writer.put(attempts.new(one))

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await writer.put(attempts.new(two))
    assert await value(database, "SELECT count(*) FROM attempts") == 2


async def test_a_commit_whose_answer_got_lost_is_not_made_twice(database, clock, monkeypatch):
    monkeypatch.setattr("ami_dialer.store.writer._RETRY_SECONDS", (0.0,))
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    attempt.end(EndReason.CANCELLED, clock.now())
    unheard = Unheard(database, claim_again=(one.run_id, clock))
    writer = Writer(unheard, 0.0)
    writer.start()
    again = enrolments.changed(one, EnrolmentState.WAITING, due_at=one.due_at)
    await writer.put(attempts.new(attempt), answer(attempt), again)
    await writer.stop(10)
    assert unheard.commits == 2
    assert await value(database, "SELECT count(*) FROM attempts") == 1
    assert await value(database, "SELECT count(*) FROM answers") == 1
    # It was claimed anew in between: that claim must not be taken away.
    assert await value(database, "SELECT state FROM enrolments") == "claimed"


class Unheard:
    """A database whose connection breaks once, right after a commit."""

    def __init__(self, database, claim_again):
        self._database = database
        self._run_id, self._clock = claim_again
        self.is_sqlite = database.is_sqlite
        self.commits = 0

    def raw_writing(self):
        return self

    async def __aenter__(self):
        self._block = self._database.raw_writing()
        return await self._block.__aenter__()

    async def __aexit__(self, *problem):
        await self._block.__aexit__(*problem)
        self.commits += 1
        if self.commits == 1:
            self._clock.advance(1)
            await hopper.claim(self._database, self._run_id, 1, self._clock.now())
            raise ConnectionResetError("connection reset by peer")


async def test_what_nobody_waits_for_waits_for_others_and_hurries_when_somebody_does(database, clock):
    unhurried = Writer(database, 60.0)
    unhurried.start()
    written = unhurried.put()
    await asyncio.sleep(0)
    assert not unhurried._hurry.is_set()
    waiting = asyncio.create_task(asyncio.wait([written]))
    await asyncio.sleep(0)
    assert unhurried._hurry.is_set()
    await unhurried.stop(0.0)
    waiting.cancel()


async def test_what_comes_in_during_a_commit_is_gathered_for_the_next_one(database, clock, monkeypatch):
    gathering, sizes = Writer(database, 0.05), []

    async def commit(batch):
        sizes.append(len(batch))
        for unit in batch:
            unit.done.set_result(None)
        if len(sizes) == 1:
            during.append(gathering.put())

    during = []
    monkeypatch.setattr(gathering, "_commit", commit)
    gathering.start()
    await gathering.put()
    await asyncio.sleep(0)
    await asyncio.gather(*during, gathering.put())
    assert sizes == [1, 2]
    await gathering.stop(1.0)


async def test_stopping_commits_what_is_left(database, clock):
    [one] = await claimed(database, 1, clock.now())
    writer = Writer(database, 60.0)
    writer.start()
    writer.put(attempts.new(attempt_on(one, clock.now())))
    assert await writer.stop(10) == 0
    assert await value(database, "SELECT count(*) FROM attempts") == 1


async def test_a_writer_that_has_nothing_to_do_stops_at_once(database):
    writer = Writer(database, 60.0)
    writer.start()
    assert await writer.stop(10) == 0


async def test_a_claim_that_has_been_given_to_others_is_left_alone(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    await hopper.release(database, [one.enrolment_id])
    clock.advance(5)
    await hopper.claim(database, one.run_id, 1, clock.now())
    late = clock.now() + timedelta(hours=1)
    await writer.put(enrolments.changed(one, EnrolmentState.DONE, due_at=late))
    assert await value(database, "SELECT state FROM enrolments") == "claimed"
