"""The dialer as an administrator runs it: a folder with config.yaml, and a process of its own."""

import csv
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ami_dialer.lab import calls_received
from tests.asterisk.world import World
from tests.compliance import unrestricted

CONFIG = """\
servers:
  pbx: {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {secret}, max_calls: 60, calls_per_second: 50}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", max_calls: 60, calls_per_second: 50}}
  routes: {{server: pbx, dial: "Local/{{number}}@from-internal", max_calls: 60, calls_per_second: 50}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
engine: {{tick: 200ms, grace: {grace}}}
logging: {{level: debug, format: json}}
lists: {{people: {{file: people.csv}}}}
flows:
  survey:
    steps:
      start:
        - ask: {{name: happy, prompt: "{prompt}", valid: [1, 2, 9], timeout: 5s, retries: 0}}
campaigns:
  survey:
    lists: [people]
    trunks: [{trunk}]
    flow: survey
    ring: 8s
    max_calls: {max_calls}
    hopper: {{size: 10}}
    amd: {{enabled: {amd}}}
    retry: {{max_attempts: 3, rules: {{{rules}}}}}
    {unrestricted}
"""

#: Not tried again, unlike by default, so that a run ends.
FINAL = ("busy", "no_answer", "congestion", "machine", "silence", "failed")

#: Lines of the lab's numbers that no other test of this process has.
_lines = itertools.count(3_000)


def line() -> int:
    """A line (last four digits) that no other test calls."""
    return next(_lines)


class Dialer:
    """One folder; `start` may be called again after an end."""

    def __init__(self, folder: Path, world: World, people: Iterable[str], **changes: Any) -> None:
        self.folder = folder
        self.world = world
        self.process: subprocess.Popen[bytes] | None = None
        with (folder / "people.csv").open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["phone", "first_name"])
            rows.writerows(row if isinstance(row, tuple) else (row, "Ann") for row in people)
        settings = {
            "ami": world.ports.ami,
            "fastagi": world.ports.fastagi,
            "secret": f"{{file: {world.settings.secret_file}}}",
            "home": world.settings.home,
            "grace": "20s",
            # Longer than the hello of the lab's people, who listen only then.
            "prompt": "Are you content with our service today? Press one for yes, and two for no.",
            "trunk": "carrier",
            "max_calls": 10,
            "amd": "false",
            "rules": ", ".join([*(f"{end}: {{after: 1s, max: 0}}" for end in FINAL), "lost: {after: 1s, max: 2}"]),
            "unrestricted": unrestricted("\n    "),
            **changes,
        }
        (folder / "config.yaml").write_text(CONFIG.format(**settings), encoding="utf-8")

    def start(self, *arguments: str) -> None:
        """Run it, until done unless told otherwise."""
        with (self.folder / "log").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ami_dialer", "run", "--plain", *(arguments or ("--until-done",))],
                cwd=self.folder,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout
            )

    def end(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def wait(self, seconds: float = 120) -> int:
        """Wait for it to end by itself; the exit code."""
        assert self.process is not None
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it goes on:\n{self.log[-4000:]}") from None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with sqlite3.connect(f"file:{self.folder}/var/ami-dialer.db?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(sql).fetchall()

    def count(self, sql: str) -> int:
        try:
            return int(self.rows(sql)[0][0])
        except sqlite3.OperationalError:  # not made yet
            return 0

    def until(self, fact: Callable[[], Any], seconds: float = 60) -> None:
        """Wait until `fact()` holds; fails with the log when it does not come about."""
        deadline = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not come about:\n{self.log[-4000:]}")
            time.sleep(0.05)

    def received(self) -> dict[str, int]:
        """How often the world was called at the numbers of this dialer's list."""
        counts = calls_received(self.world.settings)
        return {number: counts[number] for (number,) in self.rows("SELECT number FROM list_members") if counts[number]}

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
