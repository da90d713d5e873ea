import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ami_dialer.cli import crash, main
from ami_dialer.cli import report as report_module

pytestmark = pytest.mark.unit

CONFIG = """\
servers: {pbx: {secret: x}}
trunks: {a: {server: pbx, dial: "PJSIP/{number}@a"}}
database: {url: sqlite:///data/d.db}
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call a command that has a fault of ours, with this environment."""

    @click.command()
    def command() -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(report_module, "command", command)
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "data").mkdir()

    def invoke(**environment: str) -> Result:
        return CliRunner().invoke(main, ["-c", str(tmp_path / "config.yaml"), "report"], env=environment)

    return invoke


def test_a_fault_of_ours_gives_a_message_and_the_traceback_in_a_file(
    broken: Callable[..., Result], tmp_path: Path
) -> None:
    result = broken()
    file = tmp_path / "data" / "ami-dialer-crash.log"
    assert result.exit_code == 70
    assert "Traceback" not in result.output
    assert f"The traceback is at the end of {file}" in result.stderr
    assert "KeyError: 'a fault of ours'" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_the_next_fault_is_added_to_the_file(broken: Callable[..., Result], tmp_path: Path) -> None:
    broken()
    broken()
    assert (tmp_path / "data" / "ami-dialer-crash.log").read_text().count("Traceback") == 2


def test_with_the_debug_variable_the_traceback_is_shown(broken: Callable[..., Result]) -> None:
    result = broken(**{crash.DEBUG_VARIABLE: "1"})
    assert isinstance(result.exception, KeyError)


def test_with_a_broken_configuration_too_there_is_a_place_for_it(broken: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("servers: [")
    assert broken().exit_code == 70
    assert (tmp_path / "ami-dialer-crash.log").exists()


def test_a_file_that_somebody_has_linked_elsewhere_is_not_followed(
    broken: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crash.tempfile, "gettempdir", lambda: str(tmp_path / "nowhere"))
    (tmp_path / "data" / "ami-dialer-crash.log").symlink_to(tmp_path / "precious")
    result = broken()
    assert "could not be written anywhere" in result.stderr
    assert not os.path.lexists(tmp_path / "precious")
