"""Agents' keypads on a real Asterisk: log-in, do-not-call, breaks. Results are in test_campaigns.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ami_dialer.domain import pin
from ami_dialer.lab.phones import PIN
from tests.asterisk.dialer import Dialer
from tests.asterisk.phones import Phones
from tests.asterisk.world import World
from tests.compliance import unrestricted

pytestmark = [pytest.mark.asterisk, pytest.mark.long, pytest.mark.timeout(300)]

#: Phones of the lab: one that puts people on the do-not-call list, one that takes a break after two calls, one whose
#: first PIN is wrong.
PHONES = (12, 17, 20)
PEOPLE = 5
CONFIG = """\
servers:
  pbx: {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {{file: {secret}}}}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", max_calls: 60, calls_per_second: 50}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
engine: {{tick: 200ms}}
logging: {{level: debug, format: json}}
lists: {{people: {{file: people.csv}}}}
disposition_sets:
  sales:
    Sold: {{final: true, key: 1}}
    Not Now: {{final: true, key: 2}}
    Wrong Person: {{final: true, key: 3}}
agents:
{agents}
campaigns:
  sales:
    lists: [people]
    trunks: [carrier]
    agents: all
    dispositions: sales
    amd: {{enabled: false}}
    wrap_up: {{limit: 12s, pause: 500ms}}
    dialing: {{customer_wait: 10s}}
    {unrestricted}
"""


@pytest.fixture
def dialer(tmp_path: Path, world: World) -> Iterator[Dialer]:
    # People who wait for an agent, and talk for 5 s.
    dialer = Dialer(tmp_path, world, [f"+1570555{9_000 + index}" for index in range(PEOPLE)])
    known = pin.hashed(PIN)
    agents = "\n".join(f"  {100 + phone}: {{name: Agent {phone}, pin_hash: {known}}}" for phone in PHONES)
    settings = {"ami": world.ports.ami, "fastagi": world.ports.fastagi, "home": world.settings.home}
    text = CONFIG.format(
        **settings, secret=world.settings.secret_file, agents=agents, unrestricted=unrestricted("\n    ")
    )
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    yield dialer
    dialer.close()


def test_agents_work_by_keypad_alone(dialer: Dialer, world: World) -> None:
    with Phones(world.settings) as phones:
        dialer.start()
        dialer.until(lambda: dialer.count("SELECT count(*) FROM runs"))
        for phone in PHONES:
            phones.start(phone)
        dialer.wait(240)
    attempts = dialer.rows("SELECT number, agent, end_reason, outcome FROM attempts")
    assert len(attempts) == PEOPLE
    talked = phones.talks()
    for number, agent, end_reason, outcome in attempts:
        assert (end_reason, talked[number]) == ("connected", [int(agent) - 100])
        # 112 is still in its code when the person hangs up, and may press its result there.
        assert agent == "112" or outcome == "Sold", (agent, attempts)
    barred = {number for (number,) in dialer.rows("SELECT number FROM dnc_entries")}
    assert barred == {number for number, agent, *_ in attempts if agent == "112"}
    called_out = any('"117"' in line for line in dialer.log.splitlines() if "called out of the menu" in line)
    if sum(agent == "117" for _, agent, *_ in attempts) >= 3 and not called_out:  # the third comes after the break
        assert ("117", "Lunch") in dialer.rows("SELECT agent, reason FROM agent_spells WHERE state = 'on_break'")
    assert dialer.rows("SELECT wrong_pins FROM agents WHERE number = '120'") == [(0,)]
    assert {"112", "117"} <= {agent for _, agent, *_ in attempts}
