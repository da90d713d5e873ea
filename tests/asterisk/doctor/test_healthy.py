"""A PBX that has all it needs, and what doctor leaves of itself there."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import FastAgi, Server
from ami_dialer.doctor.finding import Status
from ami_dialer.doctor.round import NAMES
from ami_dialer.domain.calls import CallEvent
from tests.asterisk.doctor.ward import Ward

pytestmark = pytest.mark.asterisk

CONFIG = Path(__file__).parents[3] / "config.yaml"


def calls_processed(ward: Ward) -> str:
    [line] = [line for line in ward.world.world.console("core show channels").splitlines() if "processed" in line]
    return line


async def test_all_is_well_on_a_fresh_lab(ward: Ward):
    report = await ward.round({"trunks": {"routes": {"server": "pbx", "dial": "Local/{number}@from-internal"}}})
    assert report.checks(Status.FAILED) == set()
    assert report.checks(Status.WARNING) == set()
    assert report.checks(Status.NOT_CHECKED) == {"tables", "dialer"}  # the first run makes the database
    assert {finding.check for finding in report.found} == set(NAMES) - {
        "TLS",
        "agent list",
        "agents",
        "queues",
        "recordings",
    }


async def test_nobody_is_called_and_nothing_stays_behind(ward: Ward):
    spoken = ward.world.settings.home / "spoken"
    before = calls_processed(ward), set(spoken.iterdir())
    await ward.round()
    assert (calls_processed(ward), set(spoken.iterdir())) == before
    assert not (ward.folder / "dialer.db").exists()
    assert ward.world.channels() == []


async def test_a_dialer_that_watches_the_same_pbx_hears_nothing_of_test_calls(ward: Ward):
    events: list[CallEvent] = []
    dialer = AmiTelephony("pbx", Server(port=ward.world.ports.ami, secret=ward.world.secret), SystemClock())
    await dialer.start(events.append, lambda _: None)
    try:
        assert await dialer.wait_connected(10)
        assert (await ward.ask("events", "sounds")).checks(Status.OK) == {"log-in", "events", "sounds"}
    finally:
        await dialer.stop()
    assert events == []


async def test_a_running_dialer_answers_for_itself(ward: Ward):
    async def nobody(_: object) -> None:
        raise AssertionError("no call was placed")

    dialer = FastAgiServer(FastAgi(port=ward.world.ports.fastagi), nobody)
    await dialer.start()
    try:
        result = (await ward.ask("answered calls")).of("answered calls")
    finally:
        await dialer.stop(0)
    assert result.status is Status.OK
    assert "answered" in result.detail


def test_the_example_configuration_is_green_from_the_command_line(ward: Ward):
    """config.yaml of the checkout, with the ports and the secret of this lab."""
    ports = ward.world.ports
    text = (
        CONFIG.read_text(encoding="utf-8")
        .replace("15038", str(ports.ami))
        .replace("14573", str(ports.fastagi))
        .replace("var/lab/manager.secret", str(ward.world.settings.secret_file))
        .replace("speech:", f"speech:\n  directory: {ward.world.settings.home / 'spoken'}")
        .replace("docs/examples", str(CONFIG.parent / "docs/examples"))
    )
    (ward.folder / "example.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "ami_dialer", "-c", str(ward.folder / "example.yaml"), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = orjson.loads(done.stdout)
    assert said["ok"] is True
    assert said["counts"]["failed"] == said["counts"]["warning"] == 0
