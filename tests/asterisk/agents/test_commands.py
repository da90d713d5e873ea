"""Agents' steps by command on a real Asterisk, and sessions of a dialplan: nobody presses a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ami_dialer.lab.phones import Plan
from tests.asterisk.agents.staffed import command, staffed
from tests.asterisk.dialer import Dialer
from tests.asterisk.phones import Phones
from tests.asterisk.world import World

pytestmark = [pytest.mark.asterisk, pytest.mark.long, pytest.mark.timeout(300)]

STATE = "SELECT state, reason FROM agent_sessions WHERE ended_at IS NULL"


@pytest.fixture
def dialer(tmp_path: Path, world: World) -> Iterator[Dialer]:
    # People who talk until somebody hangs up.
    people = [f"+1631555{8_300 + n}" for n in range(2)]
    settings = (
        "agents: all\n    wrap_up: {limit: 15s, pause: 0}\n"
        "    transfer: {context: from-phones, to: {1: {name: Support, extension: 7100}}}"
    )
    dialer = staffed(tmp_path, world, [1], {"sales": (people, settings)})
    yield dialer
    dialer.close()


def test_an_agent_who_presses_no_key_works_by_commands_alone(world: World, dialer: Dialer) -> None:
    def step(*what: str) -> str:
        return command(dialer, "agent", what[0], "101", *what[1:]).strip()

    def comes(*state: str | None) -> None:
        dialer.until(lambda: dialer.rows(STATE) == [state], 20)

    with Phones(world.settings) as phones:
        phones.plan(1, Plan(results=("",)))
        dialer.start()
        dialer.until(lambda: dialer.count("SELECT count(*) FROM runs"))
        assert step("login") == "agent 101 is logged in"
        comes("in_call", None)
        phones.until(lambda: len(phones.talks()) == 1)
        phones.plan(2, Plan())
        command(dialer, "agent", "add", "902", "--name", "Two", "--phone", "PJSIP/phone02", "--supervisor", "--no-pin")
        assert step("supervise", "--by", "902") == "supervisor 902 hears agent 101: listen"
        assert step("hold") == "the person is on hold"
        assert step("break", "Lunch") == "agent 101 is on a break after the call: Lunch"
        assert step("resume") == "the person is on the line again"
        assert step("transfer", "support") == "the person is transferred to Support"
        comes("wrap_up", None)
        assert step("disposition", "Sold") == "the call counts as Sold"
        comes("on_break", "Lunch")
        assert step("ready") == "agent 101 is ready"
        comes("in_call", None)
        assert step("hang-up") == "the call is over"
        comes("wrap_up", None)
        assert step("logout") == "agent 101 is logged out after the wrap-up"
        assert step("disposition", "Not Now") == "the call counts as Not Now"
        assert dialer.wait(30) == 0
        phones.until(lambda: "is gone" in phones.said(1))
    rows = dialer.rows("SELECT agent, end_reason, outcome FROM attempts ORDER BY id")
    assert rows == [("101", "connected", "Sold"), ("101", "connected", "Not Now")]
    assert dialer.rows("SELECT why FROM agent_sessions") == [("logged out",)]
    assert dialer.count("SELECT count(*) FROM audit_records WHERE action = 'agent.supervise'") == 1


@pytest.fixture
def robots(tmp_path: Path, world: World) -> Iterator[Dialer]:
    people = [f"+1561555{8_400 + n}" for n in range(4)]
    dialer = staffed(tmp_path, world, [], {"robots": (people, "dialplan: lab-robots\n    sessions: 2")})
    yield dialer
    dialer.close()


def test_two_sessions_of_a_dialplan_take_two_calls_at_once_and_no_more(world: World, robots: Dialer) -> None:
    with Phones(world.settings) as phones:
        robots.start()
        assert robots.wait(60) == 0
        deeds = [deed for deed in phones.deeds() if deed.who == "person"]
    talking = most = 0
    for deed in deeds:
        talking += {"hears an agent": 1, "says goodbye": -1}.get(deed.what, 0)
        most = max(most, talking)
    assert (most, talking, len(deeds)) == (2, 0, 8)
    assert robots.rows("SELECT DISTINCT end_reason FROM attempts") == [("connected",)]
    assert set(robots.received().values()) == {1}
