"""The inbound line where people opt out, with a caller in memory."""

import asyncio

import pytest

from ami_dialer.config.lists import DoNotCall
from ami_dialer.domain.calls import Caller
from ami_dialer.domain.consent import EVERYTHING
from ami_dialer.engine import opt_out_line
from ami_dialer.engine.opt_out_line import SOUNDS, OptOutLine
from ami_dialer.store import consents
from tests.fakes.leg import HANGS_UP, NOTHING, FakeLeg
from tests.fakes.telephony import Plan
from tests.journey.conftest import until
from tests.store.world import rows

pytestmark = pytest.mark.journey

OWN = [f"{SOUNDS}/{prompt}" for prompt in ("confirm", "enter", "invalid", "entered", "right", "done", "unchanged")]
SHOWN = Caller("3015550100")


@pytest.fixture
async def line(house):
    world = house()
    world.people()
    engine = await world.start()
    return engine._opt_out_line


async def listed(database):
    return await rows(
        database,
        "SELECT name, number, source FROM dnc_entries JOIN dnc_lists ON dnc_lists.id = list_id ORDER BY number",
    )


async def call(line: OptOutLine, caller, *behaviour, missing=OWN):
    leg = FakeLeg(behaviour, missing=missing)
    await line.serve(leg, caller)
    assert leg.over
    return [sound for sound in leg.heard if sound not in missing]


async def test_who_presses_1_is_put_on_the_list_and_told_so(line, database):
    heard = await call(line, SHOWN, NOTHING, "1")
    assert await listed(database) == [("opt-outs", "+13015550100", "inbound")]
    assert [sound.partition(":")[2] or sound for sound in heard][-1]
    assert len(heard) == 2


async def test_who_is_put_on_the_list_has_revoked_consent_to_everything(line, database):
    await call(line, SHOWN, NOTHING, "1")
    [record] = await consents.records_of(database, "+13015550100")
    assert (record.granted, record.scope, record.source) == (False, EVERYTHING, "key")
    assert record.at == record.honoured_at < record.honour_by


async def test_a_key_during_the_question_counts(line, database):
    await call(line, SHOWN, "1")
    assert len(await listed(database)) == 1


@pytest.mark.parametrize("behaviour", [("2",), (NOTHING,), (HANGS_UP,), (NOTHING, HANGS_UP)])
async def test_who_does_not_confirm_is_not_put_on_it(line, database, behaviour):
    await call(line, SHOWN, *behaviour)
    assert await listed(database) == []


async def test_who_hangs_up_after_the_key_is_on_it_all_the_same(line, database):
    await call(line, SHOWN, NOTHING, "1", HANGS_UP)
    assert await listed(database) == [("opt-outs", "+13015550100", "inbound")]


@pytest.mark.parametrize("caller", [Caller("3015550100", withheld=True), Caller(""), Caller("anonymous@evil,1")])
async def test_who_cannot_be_seen_keys_the_number_in_and_confirms_it(line, database, caller):
    keys = ("3", *"025550101", "#")  # the first one cuts the question short
    await call(line, caller, *keys, *[NOTHING] * 12, "1")
    assert await listed(database) == [("opt-outs", "+13025550101", "inbound")]


async def test_a_number_that_is_none_is_asked_for_again_and_then_nothing_is_changed(line, database):
    heard = await call(line, Caller(""), *[*"12#", NOTHING] * 3)
    assert await listed(database) == []
    assert len(heard) == 3 * 2 + 1


async def test_without_confirmation_the_call_alone_is_enough(house, database):
    world = house()
    settings = DoNotCall.model_validate({"opt_out_line": {"confirm": False}})
    world.config = world.config.model_copy(update={"do_not_call": settings})
    world.people()
    line = (await world.start())._opt_out_line
    await call(line, SHOWN)
    assert len(await listed(database)) == 1


async def test_sounds_of_the_administrators_own_are_heard_instead_of_the_spoken_text(line):
    assert await call(line, SHOWN, "1", missing=[]) == [f"{SOUNDS}/confirm", f"{SOUNDS}/done"]


async def test_a_slow_database_delays_the_entry_and_loses_none(line, database, monkeypatch):
    monkeypatch.setattr(opt_out_line, "_PATIENCE", 0.05)
    writer = line._floor.writer
    held = asyncio.Event()
    commit = writer._commit

    async def slow(batch):
        await held.wait()
        await commit(batch)

    monkeypatch.setattr(writer, "_commit", slow)
    heard = await call(line, SHOWN, "1")
    assert len(heard) == 2  # the question and the confirmation
    assert await listed(database) == []
    held.set()
    await until(lambda: not writer.waiting)
    assert await listed(database) == [("opt-outs", "+13015550100", "inbound")]


async def test_a_running_campaign_does_not_call_who_has_just_opted_out(house, database):
    world = house(max_calls=1)
    world.people("3015550100,Ann", "3025550101,Bob", "6035550110,Cat")
    world.telephony.default = Plan(stays=True)
    engine = await world.start()
    await until(lambda: world.telephony.live)
    [called] = [request.channel for request in world.telephony.ever]
    other = "+16035550110" if "6035550110" not in called else "+13025550101"
    await call(engine._opt_out_line, Caller(other), "1")
    world.telephony.default = Plan(cause=1)
    world.telephony.end(next(iter(world.telephony.live)), 1)
    await until(lambda: engine.idle)
    assert len(world.telephony.ever) == 2
    found = await rows(database, f"SELECT state, exclusion, excluded_by FROM enrolments WHERE number = '{other}'")
    assert found == [("excluded", "dnc", "opt-outs: asked for it on the opt-out line")]
