"""Three campaigns at once on a real Asterisk: progressive, power and preview, each of 100 contacts, with 20 phones."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ami_dialer.domain.pin import hashed
from ami_dialer.lab.behaviours import BY_NAME
from ami_dialer.lab.phones import PHONES, PIN, Plan, Press
from tests.asterisk.phones import Phones
from tests.asterisk.world import World
from tests.compliance import unrestricted

pytestmark = [pytest.mark.asterisk, pytest.mark.long, pytest.mark.timeout(800)]

CONTACTS = 100
#: Which phones, from 1, take the calls of each campaign.
STAFF = {"progressive": range(1, 7), "power": range(7, 13), "preview": range(13, 21)}
#: What is pressed in wrap-up, and what it means in the campaigns' set.
RESULTS = {"1": "Interested", "2": "Not Interested", "4": "Not Home", "": "System Generated"}
#: The first of each campaign ends its calls itself by the code; the second one presses a key that is on no menu first;
#: the third one of progressive presses nothing at all.
HABITS = {
    0: {"in_call": (Press(2, "*0", over=True),), "results": ("1", "2")},
    1: {"results": ("8wwww1",)},
    2: {"results": ("",)},
}
#: As long as an agent may be taken for free after a call was answered: some milliseconds on a quiet machine, and more
#: where other tests have it too. A person who is forgotten waits for the whole of `WAIT`.
SLACK_SECONDS = 2.5
#: `dialing.customer_wait`.
WAIT = timedelta(seconds=5)

CONFIG = """\
servers:
  pbx: {{host: 127.0.0.1, port: {ami}, secret: {{file: {secret}}}, max_calls: 60, calls_per_second: 50}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", max_calls: 60, calls_per_second: 50}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
engine: {{tick: 200ms}}
logging: {{level: debug, format: json}}
lists:
{lists}
agents:
{agents}
disposition_sets:
  sales:
    Interested: {{key: 1, contacted: true, positive: true, final: true}}
    Not Interested: {{key: 2, contacted: true, final: true}}
    Not Home: {{key: 4, contacted: true, final: true}}
campaigns:
{campaigns}
"""


def settings(mode: str) -> str:
    agents = ", ".join(PHONES[phone - 1].agent for phone in STAFF[mode])
    ratio = ", call_ratio: 1.3" if mode == "power" else ""
    return f"""\
  {mode}:
    lists: [{mode}]
    trunks: [carrier]
    agents: [{agents}]
    dialing: {{mode: {mode}{ratio}, preview: {{timeout: 20s, say: "{{{{first_name}}}}."}}}}
    dispositions: sales
    amd: {{enabled: false}}
    max_calls: 60
    ring: 20s
    wrap_up: {{limit: 30s, pause: 0, max_forgotten: 0}}
    retry: {{max_attempts: 1, rules: {{no_answer: {{after: 1s, max: 1}}}}}}
    abandonment: {{limit: 1}}
    {unrestricted(chr(10) + "    ")}
"""


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """A dialer's folder: three lists, three campaigns, twenty agents."""
    talkers = BY_NAME["talks-2s"]
    for place, mode in enumerate(STAFF):
        numbers = talkers.numbers(CONTACTS, 1_000 * (place + 1))
        (tmp_path / f"{mode}.csv").write_text("phone,first_name\n" + "".join(f"{n},Ann\n" for n in numbers))
    kept = hashed(PIN)
    agents = (phone.agent for phone in PHONES)
    values = {
        "ami": world.ports.ami,
        "fastagi": world.ports.fastagi,
        "secret": world.settings.secret_file,
        "home": world.settings.home,
        "lists": "\n".join(f"  {mode}: {{file: {mode}.csv}}" for mode in STAFF),
        "agents": "\n".join(f"  {agent}: {{name: Agent {agent}, pin_hash: {kept}}}" for agent in agents),
        "campaigns": "".join(settings(mode) for mode in STAFF),
    }
    (tmp_path / "config.yaml").write_text(CONFIG.format(**values))
    return tmp_path


def plan_of(mode: str, place: int, phone: int) -> Plan:
    login = (f"{PHONES[phone - 1].agent}#", f"{PIN}#")
    preview = ("1", "1", "2") if mode == "preview" and place == 3 else ("1",) if mode == "preview" else ()
    habit = HABITS.get(place, {}) if place != 2 or mode == "progressive" else {}
    return Plan(login=login, preview=preview, **{"results": ("1", "2", "4"), **habit})


def run(folder: Path, world: World) -> Phones:
    """The whole run; the phones' deeds."""
    phones = Phones(world.settings)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ami_dialer", "run", "--plain", "--until-done"],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout
        )
        try:
            phones.until(lambda: "the audit trail ends here" in (folder / "log").read_text())
            for mode, staff in STAFF.items():
                for place, phone in enumerate(staff):
                    phones.start(phone, plan=plan_of(mode, place, phone))
            try:
                assert process.wait(700) == 0
            except subprocess.TimeoutExpired:
                pytest.fail((folder / "log").read_text()[-6_000:])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
            phones.stop()
    return phones


def test_three_campaigns_with_twenty_phones_reach_everybody_and_keep_each_result_as_the_phone_gave_it(
    world: World, folder: Path
) -> None:
    phones = run(folder, world)
    try:
        with sqlite3.connect(folder / "var/ami-dialer.db") as database:
            check_results(database, phones)
            check_one_call_each(database)
            check_nobody_waited_for_nothing(database)
    finally:
        phones.close()


def check_results(database: sqlite3.Connection, phones: Phones) -> None:
    """Everybody was called once; the result is the one that the phone pressed, by the world's own log."""
    kept = database.execute(
        "SELECT l.name, a.number, a.end_reason, a.outcome, a.agent FROM attempts a JOIN list_members m "
        "ON m.number = a.number JOIN lists l ON l.id = m.list_id"
    ).fetchall()
    per_list = {mode: [row for row in kept if row[0] == mode] for mode in STAFF}
    assert {mode: len(rows) for mode, rows in per_list.items()} == dict.fromkeys(STAFF, CONTACTS)
    pressed, talked = phones.results(), phones.talks()
    for mode, rows in per_list.items():
        connected = [row for row in rows if row[2] == "connected"]
        if mode == "power":
            assert {row[2] for row in rows} <= {"connected", "abandoned"}
            assert len(connected) >= CONTACTS * 0.7
        else:
            assert len(connected) == CONTACTS
        for _, number, _, outcome, agent in connected:
            assert talked[number] == [int(agent) - 100], number
            assert outcome == RESULTS[pressed[number][-1:]], (number, agent, pressed[number])
    assert {row[3] for row in kept if row[2] == "connected"} == set(RESULTS.values())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def check_one_call_each(database: sqlite3.Connection) -> None:
    """No agent had two calls at once."""
    talks = defaultdict(list)
    rows = database.execute("SELECT agent, connected_at, ended_at FROM attempts WHERE connected_at IS NOT NULL")
    for agent, since, until in rows:
        talks[agent].append((moment(since), moment(until)))
    for agent, times in talks.items():
        times.sort()
        for (_, before), (after, _) in pairwise(times):
            assert before <= after, agent


def check_nobody_waited_for_nothing(database: sqlite3.Connection) -> None:
    """No person was without an agent while one of the campaign's was free."""
    spells = database.execute(
        "SELECT agent, since, until FROM agent_spells WHERE state IN ('ready', 'reserved')"
    ).fetchall()
    idle = defaultdict(list)
    for agent, since, until in spells:
        idle[agent].append((moment(since), moment(until)))
    rows = database.execute(
        "SELECT c.name, a.number, a.answered_at, a.connected_at, a.ended_at FROM attempts a JOIN runs r "
        "ON r.id = a.run_id JOIN campaigns c ON c.id = r.campaign_id"
    )
    for mode, number, answered, connected, ended in rows:
        if mode == "preview":
            continue  # an agent who is ready is about to be offered a contact, and takes the call of their own
        since = moment(answered)
        # Whom nobody was free for in time hears the message, and is not taken out of it.
        until = min(moment(connected or ended), since + WAIT)
        for phone in STAFF[mode]:
            for begun, over in idle[PHONES[phone - 1].agent]:
                both = (min(until, over) - max(since, begun)).total_seconds()
                assert both < SLACK_SECONDS, (number, phone, both)
