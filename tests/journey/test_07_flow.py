"""Station 7: the answered call goes through its flow, and what is pressed is kept as it is pressed."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from ami_dialer.config import rulebook
from ami_dialer.config.flow import Flow
from ami_dialer.domain.ending import EndReason
from ami_dialer.journey import flow
from ami_dialer.journey.flow import CallHost, FlowSettings, run
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.store import attempts, consents, dnc
from ami_dialer.store.revoking import OptOuts
from ami_dialer.store.writer import Writer
from tests.fakes.leg import HANGS_UP, NOTHING, FakeLeg
from tests.fakes.speech import FakeSpeech
from tests.journey.conftest import until
from tests.store.world import attempt_on, claimed, number, rows

pytestmark = pytest.mark.journey

FLOW = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"say": "Hello {{name}}."},
                {"ask": {"name": "happy", "prompt": "One or two?", "valid": ["1", "2", "9"], "retries": 1}},
                {"branch": {"answer": "happy", "when": {"9": "out"}}},
                {"ask": {"name": "again", "prompt": "Shall we call again?", "valid": ["1"], "retries": 0}},
            ],
            "out": ["opt_out", "hangup"],
        }
    }
)


class Conversation:
    """A call in its flow, on real SQL."""

    def __init__(self, attempt, host, settings, speech, writer):
        self.attempt, self.host, self.settings, self.speech, self.writer = attempt, host, settings, speech, writer

    async def with_(self, *behaviour):
        result = await run(FakeLeg(behaviour, attempt_id=self.attempt.id), self.host, self.settings)
        await self.writer.stop(10)
        return result


@pytest.fixture
async def conversation(database, clock):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    writer = Writer(database, 0.0)
    writer.start()
    await writer.put(attempts.new(attempt))
    key = await dnc.ensure_list(database, "opt-outs", clock.now())
    opt_outs = OptOuts(key, "campaign:survey", Deadlines(rulebook.load(None)))
    settings = FlowSettings(FLOW, "en", "closing", opt_outs)
    speech = FakeSpeech()
    host = CallHost(attempt, one.fields, settings, speech, writer, clock, lambda *_, **__: None)
    yield Conversation(attempt, host, settings, speech, writer)
    await writer.stop(10)


ANSWERS = "SELECT question, digits, valid, try_number FROM answers ORDER BY id"


async def test_each_answer_is_kept_with_question_digits_and_try(database, conversation):
    result = await conversation.with_(NOTHING, NOTHING, "7", NOTHING, "2", NOTHING, "1")
    assert (result.end, result.detail) == (EndReason.COMPLETED, None)
    assert [(q, d, bool(v), t) for q, d, v, t in await rows(database, ANSWERS)] == [
        ("happy", "7", False, 1),
        ("happy", "2", True, 2),
        ("again", "1", True, 1),
    ]


async def test_what_was_pressed_before_the_hang_up_is_kept(database, conversation):
    result = await conversation.with_(NOTHING, NOTHING, "2", HANGS_UP)
    assert result.end is EndReason.HUNG_UP
    assert [row[:2] for row in await rows(database, ANSWERS)] == [("happy", "2")]


async def test_an_answer_is_durable_while_the_call_goes_on(database, conversation):
    leg = FakeLeg([NOTHING, NOTHING, "2"])
    asked_again, waits = asyncio.Event(), asyncio.Event()
    wait_for_digit = leg.wait_for_digit

    async def stays_on_the_line(seconds):
        if len(leg.heard) == 3:
            asked_again.set()
            await waits.wait()
        return await wait_for_digit(seconds)

    leg.wait_for_digit = stays_on_the_line
    talking = asyncio.create_task(run(leg, conversation.host, conversation.settings))
    await asked_again.wait()
    await until(lambda: conversation.writer.waiting == 0)
    assert [row[:2] for row in await rows(database, ANSWERS)] == [("happy", "2")]
    assert not talking.done()
    waits.set()
    await talking


async def test_an_opt_out_is_on_the_list_with_the_call_it_came_from(database, conversation, clock):
    result = await conversation.with_(NOTHING, NOTHING, "9")
    assert result.end is EndReason.OPTED_OUT
    [entry] = await dnc.entries(database)
    assert entry == dnc.DncEntry("opt-outs", number(0), "asked for it during a call", "flow", clock.now())
    assert await rows(database, "SELECT attempt_id FROM dnc_entries") == [(conversation.attempt.id,)]


async def test_an_opt_out_waits_until_it_is_durable(database, conversation):
    await conversation.host.opt_out()
    assert len(await dnc.entries(database)) == 1


async def test_an_opt_out_is_confirmed_and_kept_while_the_database_takes_no_writes(database, conversation, monkeypatch):
    monkeypatch.setattr(flow, "OPT_OUT_SECONDS", 0.01)
    locked, free = asyncio.Event(), asyncio.Event()
    raw_writing = database.raw_writing

    @asynccontextmanager
    async def when_free():
        locked.set()
        await free.wait()
        async with raw_writing() as connection:
            yield connection

    monkeypatch.setattr(database, "raw_writing", when_free)
    leg = FakeLeg([NOTHING, NOTHING, "9"], attempt_id=conversation.attempt.id)
    result = await run(leg, conversation.host, conversation.settings)
    await locked.wait()
    assert (result.end, result.detail) == (EndReason.OPTED_OUT, None)
    assert await dnc.entries(database) == []
    free.set()
    await conversation.writer.stop(10)
    [entry] = await dnc.entries(database)
    assert entry.number == number(0)


async def test_opting_out_twice_is_one_entry(database, conversation):
    await conversation.host.opt_out()
    await conversation.host.opt_out()
    assert len(await dnc.entries(database)) == 1


async def test_the_fields_of_the_contact_are_spoken(conversation):
    await conversation.with_()
    assert conversation.speech.spoken[0] == "Hello P 0000."


async def test_an_opt_out_revokes_consent_with_the_call_it_came_from_and_the_deadline_of_the_law(
    database, conversation, clock
):
    await conversation.host.opt_out()
    [record] = await consents.records_of(database, number(0))
    assert (record.granted, record.scope, record.source, record.at) == (False, "campaign:survey", "key", clock.now())
    assert (record.attempt_id, record.honoured_at) == (conversation.attempt.id, clock.now())
    # Ten business days after Monday, 2 March 2026, to their end in New York.
    assert record.honour_by == datetime(2026, 3, 17, 4, tzinfo=UTC)
