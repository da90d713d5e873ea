"""The opt-out line on a real Asterisk: who calls it is not called by the campaign that runs."""

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line
from tests.asterisk.flow.answered import SCRIPT, socket_of
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

#: In SendDTMF half a second of waiting.
_W = "w"
LISTED = "SELECT number, source FROM dnc_entries ORDER BY number"


@pytest.fixture
def dialer(tmp_path, world: World):
    """Calls one person, who is kept for a while by the question, and then another."""
    people = [BY_NAME["answers-1s"].number(line()), BY_NAME["presses-1"].number(line())]
    made = Dialer(tmp_path, world, people, max_calls=1)
    made.people = people
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("timeout: 5s", "timeout: 20s")
    config.write_text(
        text.replace(
            f"fastagi: {{port: {world.ports.fastagi}}}",
            f"fastagi: {{port: {world.ports.fastagi}, socket: {socket_of(world)}}}",
        ),
        encoding="utf-8",
    )
    yield made
    made.close()


async def calls_in(world: World, keys: str, *, caller: str | None, classic: bool = False, stays: float = 8) -> None:
    """Somebody calls the line, presses keys, and listens for `stays` seconds."""
    variables = (f"__AMI_DIALER_AGI={SCRIPT}", f"__AMI_DIALER_SOCKET={socket_of(world)}") if classic else ()
    shown = {} if caller is None else {"CallerID": f"Ann <{caller}>"}
    async with world.ami("lab") as ami:
        answer = await ami.ask(
            Action="Originate",
            Channel="Local/s@ami-dialer-opt-out",
            Application="SendDTMF",
            Data=keys + _W * int(2 * stays),
            Async="true",
            variables=variables,
            **shown,
        )
        assert answer["Response"] == "Success", answer


@pytest.mark.parametrize("classic", [False, True], ids=["fastagi", "classic"])
async def test_who_calls_and_presses_1_is_not_called_any_more_by_the_campaign_that_runs(dialer, world, classic):
    [first, second] = dialer.people
    dialer.start()
    dialer.until(lambda: dialer.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'"))
    await calls_in(world, _W * 8 + "1", caller=second, classic=classic)
    dialer.until(lambda: dialer.count("SELECT count(*) FROM dnc_entries"))
    assert dialer.wait() == 0
    assert dialer.rows(LISTED) == [(second, "inbound")]
    assert dialer.received() == {first: 1}
    excluded = dialer.rows(f"SELECT state, exclusion, excluded_by FROM enrolments WHERE number = '{second}'")
    assert excluded == [("excluded", "dnc", "opt-outs: asked for it on the opt-out line")]


async def test_who_hangs_up_after_the_key_or_does_not_confirm_or_keys_a_number_in(dialer, world):
    dialer.start()
    dialer.until(lambda: dialer.count("SELECT count(*) FROM attempts WHERE state = 'in_flow'"))
    await calls_in(world, _W * 8 + "1", caller="+13015550100", stays=0.5)  # hangs up right after the key
    await calls_in(world, _W * 8 + "2", caller="+13015550101")
    await calls_in(world, _W * 4, caller="+13015550102", stays=0)  # hangs up in the middle of the question
    await calls_in(world, _W * 8 + "3015550103#" + _W * 16 + "1", caller=None)
    dialer.until(lambda: dialer.count("SELECT count(*) FROM dnc_entries") == 2)
    dialer.end()
    assert dialer.rows(LISTED) == [("+13015550100", "inbound"), ("+13015550103", "inbound")]


async def test_without_a_dialer_the_caller_hears_the_closing_prompt(world):
    async with world.ami("lab") as ami:
        await ami.ask(
            Action="Originate", Channel="Local/s@ami-dialer-opt-out", Application="Wait", Data="10", Async="true"
        )
        await until(
            lambda: [
                event
                for event in ami.events
                if event.get("Event") == "Newexten"
                and event.get("Application") == "Playback"
                and event.get("Context") == "ami-dialer-opt-out"
            ],
            20,
        )
