"""An administrator's folder: a configuration, a list, and the commands."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ami_dialer.cli import main
from ami_dialer.config.schema import Database as Settings
from tests.compliance import unrestricted
from tests.unit.cli.conftest import logging_as_it_was as logging_as_it_was  # noqa: PLC0414 - a fixture to share

CONFIG = """\
database: {{url: "{database}"}}
servers: {{pbx: {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {secret}}}}}
trunks: {{carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier"}}}}
fastagi: {{port: {fastagi}}}
engine: {{tick: 0.1, grace: 5}}
lists:
  people: {{file: people.csv}}
flows:
  hello:
    steps:
      start: [{{ask: {{name: rating, prompt: One or two, valid: [1, 2]}}}}]
campaigns:
  survey: {{lists: [people], trunks: [carrier], flow: hello, start: {start}, {unrestricted}}}
"""
PEOPLE = """\
phone,first_name
(301) 555-0100,Ann
302-555-0101,"O'Brien, Bob"
(301) 555-0100,Ann again
not a number,Zed
+1 603 555 0110,Cat
"""


@dataclass
class Folder:
    """Where `ami-dialer` is used."""

    path: Path
    database: str

    def configure(self, **changes: Any) -> Path:
        values = {
            "database": self.database,
            "ami": 1,
            "secret": "x",
            "fastagi": 1,
            "start": "by-hand",
            "unrestricted": unrestricted(),
            **changes,
        }
        file = self.path / "config.yaml"
        file.write_text(CONFIG.format(**values))
        return file

    @property
    def config(self) -> str:
        return str(self.path / "config.yaml")

    def invoke(self, *words: str) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(main, ["-c", self.config, *words], catch_exceptions=False)

    def json(self, *words: str) -> Any:
        result = self.invoke(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def command(self, *words: str) -> list[str]:
        """The same as a process of its own."""
        return [sys.executable, "-m", "ami_dialer", "-c", self.config, *words]

    def run(self, *words: str, wrapper: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*wrapper, *self.command(*words)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "AMI_DIALER_DEBUG": ""},
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """On SQLite, with no database yet."""
    made = Folder(tmp_path, "sqlite:///data/d.db")
    made.configure()
    (tmp_path / "people.csv").write_text(PEOPLE)
    return made


@pytest.fixture
def house(database_settings: Settings, tmp_path: Path) -> Folder:
    """The same on each of the two databases, migrated and empty."""
    made = Folder(tmp_path, database_settings.url)
    made.configure()
    (tmp_path / "people.csv").write_text(PEOPLE)
    return made
