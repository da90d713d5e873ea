"""The survey on a real Asterisk: over FastAGI and by the classic script, with the same results."""

import asyncio

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.ending import EndReason
from ami_dialer.lab import BY_NAME
from tests.asterisk.flow.answered import HOSTS, Answered, begun, commands, place
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

SURVEY = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"say": 'Good day, {{first_name|default("dear customer")}}.'},
                {
                    "ask": {
                        "name": "happy",
                        "prompt": "Are you happy? Press one for yes and two for no, or nine for no more calls.",
                        "valid": [1, 2, 9],
                        "retries": 1,
                        "invalid": "This key does nothing.",
                        "otherwise": "bye",
                    }
                },
                {"branch": {"answer": "happy", "when": {"9": "out"}, "otherwise": "again"}},
            ],
            "again": [
                {"ask": {"name": "again", "prompt": "May we call again? One or two.", "valid": [1, 2], "retries": 0}},
                {"goto": "bye"},
            ],
            "bye": [{"say": "Thank you. {{evil}}. Goodbye."}],
            "out": [{"opt_out": {"prompt": "You will not be called again."}}],
        }
    }
)

_E = EndReason
EXPECTED = {
    "presses-1": (_E.COMPLETED, [("happy", "1", True, 1), ("again", "1", True, 1)]),
    "presses-1-then-2": (_E.COMPLETED, [("happy", "1", True, 1), ("again", "2", True, 1)]),
    "wrong-then-right": (_E.COMPLETED, [("happy", "7", False, 1), ("happy", "1", True, 2), ("again", "1", True, 1)]),
    "presses-wrong": (_E.NO_INPUT, [("happy", "7", False, 1), ("happy", "7", False, 2)]),
    "answers-1s": (_E.NO_INPUT, [("happy", "", False, 1), ("happy", "", False, 2)]),
    "opts-out": (_E.OPTED_OUT, [("happy", "9", True, 1)]),
    "hangs-up-in-prompt": (_E.HUNG_UP, []),
}


async def test_given_every_kind_of_person_when_either_host_serves_then_answers_and_ends_are_as_expected(world: World):
    async with world.ami("lab") as ami, Answered(world, SURVEY).served() as calls:
        # All of one length: Asterisk takes a ChannelId for used where a living channel's begins with it.
        ids = {
            f"amid-{line}-{index:02}": (name, host, line)
            for line, host in enumerate(HOSTS)
            for index, name in enumerate(EXPECTED)
        }
        for attempt_id, (name, host, line) in ids.items():
            await place(ami, world, attempt_id, BY_NAME[name].number(line), host)
        results = await asyncio.gather(*(calls.result(attempt_id) for attempt_id in ids))
        got = {
            ids[attempt_id][:2]: (result.end, calls.hosts[attempt_id].answers)
            for attempt_id, result in zip(ids, results, strict=True)
        }
        assert got == {(name, host): EXPECTED[name] for host in HOSTS for name in EXPECTED}
        assert [result.detail for result in results] == [None] * len(results)
        for attempt_id, (name, _, _) in ids.items():
            assert calls.hosts[attempt_id].opt_outs == (name == "opts-out")
            await until(lambda attempt_id=attempt_id: ami.of(attempt_id, "Hangup"), 30)


@pytest.mark.parametrize("host", HOSTS)
async def test_given_a_key_during_the_greeting_then_it_answers_the_question(host, world: World):
    async with world.ami("lab") as ami, Answered(world, SURVEY).served() as calls:
        attempt_id = f"amid-1-{host}"
        await place(ami, world, attempt_id, BY_NAME["answers-1s"].number(7), host)
        # From here on Asterisk reads the channel's frames only for the prompt: the key cannot come too early.
        [playing] = await until(lambda: begun(ami, attempt_id), 20)
        await ami.ask(Action="PlayDTMF", Channel=playing["Channel"], Digit="9", Duration="100", Receive="true")
        result = await calls.result(attempt_id)
        assert (result.end, calls.hosts[attempt_id].answers) == (EndReason.OPTED_OUT, [("happy", "9", True, 1)])
        await until(lambda: ami.of(attempt_id, "Hangup"), 30)
        played = [command for command, _ in commands(ami, attempt_id) if command.startswith("STREAM")]
        assert len(played) == 2  # the greeting, cut short, and the confirmation


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_given_a_hang_up_at_this_command_then_the_flow_ends_and_asterisk_is_rid_of_the_call(
    at, host, world: World
):
    async with world.ami("lab") as ami, Answered(world, SURVEY).served() as calls:
        attempt_id = f"amid-{at}-{host}"
        await place(ami, world, attempt_id, BY_NAME["answers-1s"].number(at), host)

        await until(lambda: len(begun(ami, attempt_id)) >= at, 40)
        await ami.ask(Action="Hangup", Channel=begun(ami, attempt_id)[0]["Channel"])
        assert (await calls.result(attempt_id)).end is EndReason.HUNG_UP
        await until(lambda: ami.of(attempt_id, "Hangup"), 10)
