"""A live list on a real Asterisk: who is added while the dialer runs is called in the same run.

Contacts come in as an administrator brings them, by commands of their own beside the dialer. The world's own log says
who was called.
"""

import json
import os
import subprocess
import sys

import pytest

from ami_dialer.lab import BY_NAME
from tests.asterisk.dialer import Dialer, line

pytestmark = pytest.mark.asterisk

BUSY = BY_NAME["busy"]
RUN = "SELECT state FROM runs"


@pytest.fixture
def dialer(tmp_path, world):
    """Calls one contact of a live list and one of another; the live one is looked at each second."""
    made = Dialer(tmp_path, world, [BUSY.number(line())])
    (tmp_path / "fixed.csv").write_text(f"phone\n{BUSY.number(line())}\n", encoding="utf-8")
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8")
    for old, new in (
        ("lists: {people: {file: people.csv}}", "lists: {people: {file: people.csv}, fixed: {file: fixed.csv}}"),
        ("lists: [people]", "lists: [people, fixed]\n    live: [people]"),
        ("engine: {tick: 200ms,", "engine: {tick: 200ms, sync: 1s,"),
    ):
        assert old in text
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")
    yield made
    made.close()


def command(dialer, *arguments):
    """What a command beside the running dialer answers."""
    done = subprocess.run(
        [sys.executable, "-m", "ami_dialer", *arguments, "--json"],
        cwd=dialer.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_who_is_added_to_a_live_list_is_called_in_the_run_that_goes_on_and_to_another_list_not(dialer):
    by_hand, *by_file = (BUSY.number(line()) for _ in range(3))
    by_hand_elsewhere, by_file_elsewhere = (BUSY.number(line()) for _ in range(2))
    dialer.start()
    dialer.until(lambda: dialer.count("SELECT count(*) FROM attempts WHERE state = 'ended'") == 2)
    begun = dialer.received()

    # Not live first: whoever were called of these would be called before those that are.
    assert command(dialer, "list", "add", "fixed", by_hand_elsewhere)["added"] == 1
    further = dialer.folder / "further.csv"
    further.write_text(f"phone\n{by_file_elsewhere}\n", encoding="utf-8")
    command(dialer, "list", "import", "fixed", "--file", str(further))
    assert command(dialer, "list", "add", "people", by_hand)["added"] == 1
    dialer.until(lambda: dialer.received().get(by_hand))
    further.write_text("\n".join(["phone", *by_file]) + "\n", encoding="utf-8")
    command(dialer, "list", "import", "people", "--file", str(further))
    dialer.until(lambda: dialer.received().keys() >= set(by_file))

    # With a live list a run waits for more; without one it ends.
    assert dialer.rows(RUN) == [("running",)]
    command(dialer, "campaign", "live", "survey", "people", "off")
    assert dialer.wait() == 0, dialer.log
    assert dialer.rows(RUN) == [("completed",)]
    assert dialer.received() == begun | dict.fromkeys([by_hand, *by_file], 1)
    assert dialer.count("SELECT count(*) FROM list_members") == 7
    assert dialer.rows("SELECT DISTINCT run_id FROM attempts") == [(1,)]


def test_a_list_that_is_made_live_while_the_run_goes_on_catches_up(dialer):
    early, late = BUSY.number(line()), BUSY.number(line())
    dialer.start()
    dialer.until(lambda: dialer.count("SELECT count(*) FROM attempts WHERE state = 'ended'") == 2)
    command(dialer, "list", "add", "fixed", early)
    command(dialer, "campaign", "live", "survey", "fixed", "on")
    dialer.until(lambda: dialer.received().get(early))
    command(dialer, "list", "add", "fixed", late)
    dialer.until(lambda: dialer.received().get(late))
    for name in ("people", "fixed"):
        command(dialer, "campaign", "live", "survey", name, "off")
    assert dialer.wait() == 0, dialer.log
    assert set(dialer.received().values()) == {1}
