"""When our side breaks, the person hears the closing prompt and the dialer is told; on a real Asterisk."""

import pytest

from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.ending import EndReason
from ami_dialer.lab import BY_NAME
from ami_dialer.ports import CallLeg
from tests.asterisk.flow.answered import CLOSING, HOSTS, Answered, begun, commands, heard_closing_by_dialplan, place
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

PERSON = BY_NAME["answers-1s"]
BROKEN = Flow.model_validate({"steps": {"start": [{"say": "Hello."}, {"play": "no/such/sound"}, {"say": "Bye."}]}})
FINE = Flow.model_validate({"steps": {"start": [{"say": "Hello. This is a long announcement. " * 3}]}})


@pytest.mark.parametrize("host", HOSTS)
async def test_given_a_missing_sound_then_the_flow_fails_and_the_closing_prompt_is_played(host, world: World):
    async with world.ami("lab") as ami, Answered(world, BROKEN).served() as calls:
        attempt_id = f"amid-1-{host}"
        await place(ami, world, attempt_id, PERSON.number(1), host)
        result = await calls.result(attempt_id)
        assert result.end is EndReason.FLOW_FAILED
        assert result.detail == "step 'start', verb 2 (play): Asterisk cannot open the sound file no/such/sound"
        await until(lambda: ami.of(attempt_id, "Hangup"), 10)
        assert (f'STREAM FILE "{CLOSING}" "" 0', "200") in commands(ami, attempt_id)


@pytest.mark.parametrize("host", HOSTS)
async def test_given_no_dialer_then_the_dialplan_plays_the_closing_prompt_and_says_so(host, world: World):
    async with world.ami("lab") as ami:
        attempt_id = f"amid-2-{host}"
        await place(ami, world, attempt_id, PERSON.number(2), host)
        await until(lambda: ami.of(attempt_id, "Hangup"), 30)
        failed = ami.of(attempt_id, "UserEvent", UserEvent="AmiDialerFailed")
        assert failed is not None
        assert failed["Detail"] == "AGI ended with FAILURE"
        assert heard_closing_by_dialplan(ami, attempt_id)


@pytest.mark.parametrize("host", HOSTS)
async def test_given_more_calls_than_allowed_then_the_dialplan_plays_the_closing_prompt(
    host, world: World, monkeypatch
):
    monkeypatch.setattr("ami_dialer.adapters.asterisk.call_server.LEAST_CROWDED", 0)  # nor room for the message
    async with world.ami("lab") as ami, Answered(world, FINE).served(max_calls=1) as calls:
        first, second = f"amid-3-{host}", f"amid-4-{host}"
        await place(ami, world, first, PERSON.number(3), host)
        await until(lambda: first in calls.hosts, 30)
        await place(ami, world, second, PERSON.number(4), host)
        await until(lambda: ami.of(second, "Hangup"), 30)
        assert heard_closing_by_dialplan(ami, second)
        assert second not in calls.hosts
        assert (await calls.result(first)).end is EndReason.COMPLETED


async def test_given_a_flow_that_raises_then_the_server_plays_the_closing_prompt(world: World):
    async def on_call(leg: CallLeg) -> None:
        raise LookupError(leg.attempt_id)

    server = FastAgiServer(FastAgi(), on_call, port=world.ports.fastagi)
    await server.start()
    try:
        async with world.ami("lab") as ami:
            await place(ami, world, "amid-5-raises", PERSON.number(5), "fastagi")
            await until(lambda: ami.of("amid-5-raises", "Hangup"), 30)
            assert (f'STREAM FILE "{CLOSING}" "" 0', "200") in commands(ami, "amid-5-raises")
    finally:
        await server.stop(0)


@pytest.mark.parametrize("host", HOSTS)
async def test_given_a_stop_when_the_grace_is_over_then_the_call_is_hung_up_and_not_sent_on(host, world: World):
    async with world.ami("lab") as ami:
        attempt_id = f"amid-6-{host}"
        async with Answered(world, FINE).served():
            await place(ami, world, attempt_id, PERSON.number(6), host)
            await until(lambda: begun(ami, attempt_id), 30)
        await until(lambda: ami.of(attempt_id, "Hangup"), 30)
        assert ami.of(attempt_id, "UserEvent", UserEvent="AmiDialerFailed") is None


async def test_given_amd_then_its_facts_reach_the_flow(world: World):
    facts = []

    async def on_call(leg: CallLeg) -> None:
        facts.append((leg.attempt_id, leg.amd.status, leg.amd.cause))
        await leg.hang_up()

    server = FastAgiServer(FastAgi(), on_call, port=world.ports.fastagi)
    await server.start()
    try:
        async with world.ami("lab") as ami:
            await place(ami, world, "amid-7-amd", PERSON.number(7), "fastagi", exten="amd")
            await until(lambda: ami.of("amid-7-amd", "Hangup"), 30)
    finally:
        await server.stop(0)
    [(attempt_id, status, cause)] = facts
    assert (attempt_id, status) == ("amid-7-amd", "HUMAN")
    assert cause.startswith("HUMAN-")
