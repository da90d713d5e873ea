"""A dialer that is killed in the middle of calls on a real Asterisk, and started again: nobody in a call notices."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ami_dialer.lab.phones import PHONES, Press
from tests.asterisk.agents.staffed import command, staffed
from tests.asterisk.dialer import Dialer
from tests.asterisk.phones import Phones
from tests.asterisk.world import World

pytestmark = [pytest.mark.asterisk, pytest.mark.long, pytest.mark.timeout(300)]

#: Phones that log in, and those that are members of the lab's queue.
LINES, MEMBERS = (5, 6), (1, 2, 3, 4)
#: Seconds until each ends its call by code, with people who talk until then. Members have theirs before lines are
#: logged in; by then the dialer has come back.
ENDS = dict.fromkeys(LINES, 14) | dict.fromkeys(MEMBERS, 40)
TITLES = {"1": "Sold", "2": "Not Now", "3": "Wrong"}
CALLS = "SELECT number, agent, state, end_reason, outcome, connected_at, ended_at FROM attempts"


@pytest.fixture
def dialer(tmp_path: Path, world: World) -> Iterator[Dialer]:
    # The last one of each list talks for 5 s, the others until the agent ends it.
    lines = [f"+1631555{8_100 + n}" for n in range(len(LINES))] + ["+15705558100"]
    queue = [f"+1631555{8_200 + n}" for n in range(len(MEMBERS))] + ["+15705558200"]
    often = "wrap_up: {limit: 12s, pause: 0}"
    campaigns = {"lines": (lines, f"agents: all\n    {often}"), "members": (queue, f"queue: lab-queue\n    {often}")}
    dialer = staffed(tmp_path, world, LINES, campaigns)
    yield dialer
    dialer.close()


def test_a_dialer_killed_in_the_middle_of_calls_cuts_nobody_off_and_asks_for_the_results_when_it_is_back(
    world: World, dialer: Dialer
) -> None:
    def talking() -> set[str]:
        return {number for number, _, state, *_ in dialer.rows(CALLS) if state == "connected"}

    with Phones(world.settings) as phones:
        plans = {
            phone: replace(PHONES[phone - 1].plan, in_call=(Press(seconds, "*0", over=True),))
            for phone, seconds in ENDS.items()
        }
        for phone in MEMBERS:
            phones.plan(phone, plans[phone])
        dialer.start()
        dialer.until(lambda: dialer.count("SELECT count(*) FROM runs") == 2)
        for phone in LINES:
            phones.start(phone, plan=plans[phone])
        dialer.until(lambda: len(talking()) == len(ENDS))
        before = talking()
        dialer.end(signal.SIGKILL)
        dialer.start()
        dialer.until(lambda: dialer.log.count("an agent is still logged in") == len(LINES))
        states = dialer.rows("SELECT agent, state FROM agent_sessions WHERE ended_at IS NULL")
        assert ({state for _, state in states}, len(states), talking()) == ({"in_call"}, len(ENDS), before)
        member = next(agent for agent, _ in states if agent.startswith("PJSIP/"))
        assert command(dialer, "agent", "hold", member).strip() == "the person is on hold"
        assert command(dialer, "agent", "resume", member).strip() == "the person is on the line again"
        dialer.wait(100)
        talks, pressed = phones.talks(), phones.results()
    rows = dialer.rows(CALLS)
    assert len(rows) == len(talks) == len(ENDS) + 2
    names = {phone: f"PJSIP/phone0{phone}" for phone in MEMBERS} | {phone: str(100 + phone) for phone in LINES}
    for number, agent, _, end_reason, outcome, since, until in rows:
        assert ([names[phone] for phone in talks[number]], end_reason) == ([agent], "connected"), (number, before)
        assert outcome == TITLES[pressed[number]], (number, agent, before)
        lasted = (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
        assert lasted > (ENDS[talks[number][0]] - 2 if number in before else 3), (number, agent, "was cut off")
    assert set(dialer.received().values()) == {1}
    assert "paused" not in world.pbx.console("queue show lab-queue")
