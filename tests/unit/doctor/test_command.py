"""What `ami-dialer doctor` prints, and what it ends with; no Asterisk is there."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ami_dialer.cli import main
from ami_dialer.doctor.events import FILTERS
from ami_dialer.doctor.round import NAMES
from tests.unit.doctor.conftest import Written

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


@pytest.fixture
def doctor(written: Written, free_port: Callable[[], int]) -> Callable[..., Result]:
    def run(*options: str, **sections: object) -> Result:
        servers = {"pbx": {"port": free_port(), "secret": "x"}, "other": {"port": free_port(), "secret": "x"}}
        speech = {"command": ["head", "-c", "1000", "/dev/zero"], "convert": ["cat"]}
        path = written(**{"servers": servers, "speech": speech, **sections})
        return CliRunner().invoke(main, ["--config", str(path), "doctor", *options])

    return run


def test_a_failed_line_is_followed_by_its_mend_and_the_last_line_counts(doctor: Callable[..., Result]) -> None:
    done = doctor()
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")][:3] == [
        "this machine",
        "server pbx",
        "server other",
    ]
    [at] = [number for number, line in enumerate(lines) if line.startswith("  FAIL manager port")][:1]
    assert lines[at + 1].lstrip().startswith("-> Is Asterisk running there")
    assert re.fullmatch(r"\d+ ok, 2 failed, 0 warnings, \d+ not checked", lines[-1])
    assert done.stdout.isascii()


def test_one_server_may_be_picked(doctor: Callable[..., Result]) -> None:
    assert "server pbx" not in doctor("--server", "other").stdout
    done = doctor("--server", "pxb")
    assert done.exit_code == 5
    assert "it has: pbx, other" in done.stderr


def test_json_has_every_result(doctor: Callable[..., Result]) -> None:
    done = doctor("--json")
    said = json.loads(done.stdout)
    assert (said["ok"], said["counts"]["failed"]) == (False, 2)
    assert {"group", "check", "subject", "status", "detail", "mend"} == set(said["checks"][0])
    assert all(check["mend"] for check in said["checks"] if check["status"] == "failed")


def test_a_broken_configuration_is_one_failed_line_for_each_problem(doctor: Callable[..., Result]) -> None:
    done = doctor(trunks={"carrier": {"server": "pxb", "dail": "x"}})
    assert done.exit_code == 1
    assert done.stdout.count("FAIL configuration") >= 2
    assert "everything else" in done.stdout
    assert "Traceback" not in done.output


def test_a_missing_configuration_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--config", str(tmp_path / "none.yaml"), "doctor"])
    assert done.exit_code == 1
    assert "there is no such file" in done.stdout


def test_the_document_has_every_check_in_its_order() -> None:
    text = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"(?m)^### (.+)$", text)) == NAMES


def test_the_event_filters_that_are_recommended_are_those_that_are_shipped() -> None:
    lines = (ROOT / "asterisk_conf/manager.conf").read_text(encoding="utf-8").splitlines()
    assert set(FILTERS.values()) <= set(lines)
