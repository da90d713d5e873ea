"""A time entered by keypad on a real Asterisk, by the classic script. Over FastAGI the whole dialer is tested."""

import pytest

from ami_dialer.config.flow import Flow
from ami_dialer.domain.ending import EndReason
from ami_dialer.lab import BY_NAME
from tests.asterisk.flow.answered import Answered, commands, place
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

FLOW = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"ask": {"name": "offer", "prompt": "Press one to talk now, and two for another time.", "valid": [2]}},
                {
                    "callback": {
                        "prompt": "Please enter the time at which we may call you again, as four digits.",
                        "confirm": "We will call you {{callback_day}} at {{callback_time}}.",
                    }
                },
                {"disposition": "Wants a Call"},
            ]
        }
    }
)


async def test_who_enters_a_time_hears_it_confirmed_by_the_classic_script(world: World):
    async with world.ami("lab") as ami, Answered(world, FLOW).served() as calls:
        await place(ami, world, "amid-back", BY_NAME["presses-2-then-line"].number(1745), "classic")
        assert (await calls.result("amid-back")).end is EndReason.COMPLETED
        host = calls.hosts["amid-back"]
        assert host.answers == [("offer", "2", True, 1), ("callback", "1745", True, 1)]
        assert [f"{at:%H:%M}" for at in host.callbacks] == ["22:45"]
        assert host.result == "Wants a Call"
        await until(lambda: ami.of("amid-back", "Hangup"), 30)
        confirmed = await host.speech("We will call you today at 17:45.", host.voice)
        assert any(confirmed in command for command, _ in commands(ami, "amid-back"))
