"""A ward: the lab's PBX, a configuration for it, and doctor's round over both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.load import load
from ami_dialer.doctor.check import examine
from ami_dialer.doctor.finding import Finding, Result, Status
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.round import PBX_CHECKS, findings
from ami_dialer.ports import Clock
from tests.asterisk.world import World

#: Manager users that lack something, by name.
USERS = {
    "no-originate": "read = call,user\nwrite = call,reporting",
    "no-write": "read = call,user\nwrite =",
    "no-call-events": "read = user\nwrite = originate,call,reporting",
    "no-user-events": "read = call\nwrite = originate,call,reporting",
    "filtered": "read = call,user\nwrite = originate,call,reporting\neventfilter(action(exclude),name(Hangup)) =",
    "no-agents": "read = call,user\nwrite = originate,call,reporting",
    "old-filters": "read = call,user,dtmf,agent\nwrite = originate,call,reporting,agent\n"
    "eventfilter(action(include),name(Hangup)) =",
    "far-away": "read = call,user\nwrite = originate,call,reporting\ndeny = 0.0.0.0/0.0.0.0",
}
#: Trunks that do not work; @DEAD@ is a port where nothing listens.
TRUNKS = """
[dead](trunk)
aors = dead
[dead]
type = aor
contact = sip:127.0.0.1:@DEAD@
qualify_frequency = 1
qualify_timeout = 0.2
[homeless](trunk)
aors = homeless
[homeless]
type = aor
[loggedout](trunk)
aors = loggedout
[loggedout]
type = aor
contact = sip:127.0.0.1:@DEAD@
[loggedout]
type = registration
transport = transport
server_uri = sip:127.0.0.1:@DEAD@
client_uri = sip:me@127.0.0.1:@DEAD@
max_retries = 0
"""


class Report:
    """What was found."""

    def __init__(self, found: list[Finding]) -> None:
        self.found = found

    def of(self, check: str, subject: str = "") -> Result:
        """The one result of a check, or of a subject within it."""
        [result] = [f.result for f in self.found if f.check == check and (not subject or f.result.subject == subject)]
        return result

    def checks(self, status: Status) -> set[str]:
        """The checks with a result of that status."""
        return {finding.check for finding in self.found if finding.result.status is status}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, section by section."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Ward:
    """A PBX, and a folder for the configuration."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        (folder / "people.csv").write_text("phone\n+12125550100\n", encoding="utf-8")

    def config_file(self, changes: dict[str, Any]) -> Path:
        """A configuration for the lab, with changes."""
        base = {
            "database": {"url": "sqlite:///dialer.db"},
            "servers": {"pbx": {"port": self.world.ports.ami, "secret": self.world.secret}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "fastagi": {"port": self.world.ports.fastagi},
            # The lab's Asterisk sees its own folder under the same path.
            "speech": {"directory": str(self.world.settings.home / "spoken")},
            "lists": {"people": {"file": "people.csv"}},
            "flows": {"greeting": {"steps": {"hello": [{"say": "Hello."}]}}},
            "campaigns": {
                "survey": {
                    "lists": ["people"],
                    "trunks": ["carrier"],
                    "flow": "greeting",
                    # What the law asks of a recorded voice, so that nothing is left to warn of.
                    "purpose": "survey",
                    "consent": "written",
                }
            },
        }
        path = self.folder / "config.yaml"
        path.write_text(json.dumps(merged(base, changes)), encoding="utf-8")
        return path

    async def round(self, changes: dict[str, Any] | None = None) -> Report:
        """Everything doctor looks at."""
        file = self.config_file(changes or {})
        return Report([finding async for finding in findings(file, {}, SystemClock())])

    async def ask(self, *names: str, changes: dict[str, Any] | None = None, clock: Clock | None = None) -> Report:
        """The log-in and these checks alone."""
        pbx = Pbx("pbx", load(self.config_file(changes or {}), {}), clock or SystemClock())
        checks = [check for check in PBX_CHECKS if check.name in {"log-in", *names}]
        try:
            return Report([finding async for finding in examine("server pbx", checks, pbx)])
        finally:
            if pbx.connection is not None:
                pbx.connection.give_up("asked")

    @contextmanager
    def without_module(self, module: str) -> Iterator[None]:
        """The PBX as with `noload = MODULE`."""
        assert "Unloaded" in self.world.pbx.console(f"module unload {module}")
        try:
            yield
        finally:
            assert "Loaded" in self.world.pbx.console(f"module load {module}")

    @contextmanager
    def with_dialplan(self, *commands: str) -> Iterator[None]:
        """The PBX's dialplan changed by console commands; as it was afterwards."""
        for command in commands:
            assert "rror" not in self.world.pbx.console(f"dialplan {command}")
        try:
            yield
        finally:
            self.world.pbx.console("dialplan reload")
