"""Calls that cannot be served, on a real Asterisk: people hear the message, may opt out of it, and are counted."""

import json
import os
import subprocess
import sys

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line

pytestmark = pytest.mark.asterisk

#: Presses 9 when the prompts are over: whoever is on the opt-out list has heard them.
PERSON = BY_NAME["opts-out"]
MACHINE = BY_NAME["machine-long"]
LEAVES = BY_NAME["hangs-up-at-once"]
MESSAGE = """\
  sorry:
    steps:
      start:
        - say: This was Example Company, and nobody could take this call. We are sorry to have called you.
        - ask: {name: stop, prompt: Press nine if you do not want to be called again., valid: [9], retries: 0}
        - branch: {answer: stop, when: {9: out}}
        - hangup
      out: [{opt_out: {prompt: You will not be called again.}}]
campaigns:
"""


def dialer(folder, world, people, *, flow=None, fastagi="", **changes):
    made = Dialer(folder, world, people, **{"amd": "true", **changes})
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    replaced = [
        ("campaigns:\n", MESSAGE),
        ("    flow: survey\n", "    flow: survey\n    abandonment: {message: sorry}\n"),
        (f"fastagi: {{port: {world.ports.fastagi}", f"fastagi: {{port: {world.ports.fastagi}{fastagi}"),
    ]
    if flow is not None:
        begin = text.index("        - ask:")
        replaced.append((text[begin : text.index("\n", begin)], f"        - {flow}"))
    for old, new in replaced:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")
    return made


def shown(folder):
    """What `ami-dialer abandonment survey` shows."""
    done = subprocess.run(
        [sys.executable, "-m", "ami_dialer", "abandonment", "survey", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


LEDGER = "SELECT a.number, c.outcome, c.delay_ms FROM answered_calls c JOIN attempts a ON a.id = c.attempt_id"
OPTED_OUT = "SELECT number, source FROM dnc_entries ORDER BY number"


def test_whose_flow_breaks_hears_the_message_and_is_not_called_again(tmp_path, world):
    people = sorted(PERSON.number(line()) for _ in range(2))
    machine, leaves = MACHINE.number(line()), LEAVES.number(line())
    made = dialer(tmp_path, world, [*people, machine, leaves], flow="play: there/is/no/such/sound")
    try:
        made.start()
        assert made.wait() == 0, made.log
        assert made.rows(OPTED_OUT) == [(number, "flow") for number in people]
        ends = dict(made.rows("SELECT number, end_reason FROM attempts"))
        assert ends == dict.fromkeys(people, "flow_failed") | {machine: "machine", leaves: "abandoned"}
        ledger = {number: (outcome, delay) for number, outcome, delay in made.rows(LEDGER)}
        assert ledger == dict.fromkeys(people, ("abandoned", None)) | {
            machine: ("machine", None),
            leaves: ("left", None),
        }
        # The greeting was over as long before AMD's word as AMDCAUSE says.
        of_people = f"FROM attempts WHERE number = '{people[0]}'"
        ((cause, told, end),) = made.rows(
            f"SELECT amd_cause, julianday(classified_at) * 86400, julianday(greeting_end_at) * 86400 {of_people}"
        )
        assert told - end == pytest.approx(int(cause.split("-")[1]) / 1000, abs=0.01)
        found = shown(tmp_path)
        assert (found["abandoned"], found["connected"], found["left"], found["machines"]) == (2, 0, 1, 1)
        assert found["one_at_a_time"] is True
        assert "abandonment_limit_reached" in made.log
    finally:
        made.close()


def test_for_whom_there_is_no_room_hears_the_message_and_the_others_are_served(tmp_path, world):
    people = [PERSON.number(line()) for _ in range(4)]
    made = dialer(tmp_path, world, people, fastagi=", max_calls: 1")
    try:
        made.start()
        assert made.wait() == 0, made.log
        ends = dict(made.rows("SELECT number, end_reason FROM attempts"))
        assert set(ends) == set(people)
        served = [number for number, end in ends.items() if end == "completed"]
        assert len(served) == 1, ends
        crowded = sorted(set(people) - set(served))
        assert {ends[number] for number in crowded} == {"flow_failed"}
        assert made.rows(OPTED_OUT) == [(number, "flow") for number in crowded]
        ledger = {number: (outcome, delay) for number, outcome, delay in made.rows(LEDGER)}
        assert {number for number, (outcome, _) in ledger.items() if outcome == "abandoned"} == set(crowded)
        [(outcome, delay)] = [ledger[number] for number in served]
        assert outcome == "connected"
        assert 0 < delay <= 2_000
        details = {detail for (detail,) in made.rows("SELECT detail FROM attempts WHERE end_reason = 'flow_failed'")}
        assert details == {"1 calls are being served; fastagi.max_calls allows no more"}
    finally:
        made.close()


def test_at_the_limit_one_call_is_placed_after_the_other(tmp_path, world):
    """Two broken calls at once, as the campaign allows; then none before the one before is over."""
    people = [PERSON.number(line()) for _ in range(4)]
    made = dialer(tmp_path, world, people, flow="play: there/is/no/such/sound", max_calls=2, amd="false")
    try:
        made.start()
        assert made.wait() == 0, made.log
        first, second, third, fourth = sorted(made.rows("SELECT originated_at, ended_at FROM attempts"))
        assert second[0] < first[1]
        assert third[0] > min(first[1], second[1])
        assert fourth[0] > third[1]
    finally:
        made.close()
