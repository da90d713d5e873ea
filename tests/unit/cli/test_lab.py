"""What `ami-dialer lab up` makes of its options and of what it was told last time."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ami_dialer.cli.main import main
from ami_dialer.domain.errors import DialerError
from ami_dialer.lab import LabSettings

pytestmark = pytest.mark.unit

SCRIPT = Path("/lab/agi-bin/answered.py")


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        (None, [], None),
        (None, ["--classic-agi", str(SCRIPT)], SCRIPT),
        (SCRIPT, [], SCRIPT),
        (SCRIPT, ["--no-classic-agi"], None),
    ],
)
def test_the_classic_script_stays_until_it_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: Path | None, options: list[str], after: Path | None
) -> None:
    started: list[LabSettings] = []

    def up(settings: LabSettings) -> None:
        started.append(settings)
        raise DialerError("far enough")

    last = LabSettings(directory=tmp_path, classic_agi=before)
    monkeypatch.setattr("ami_dialer.cli.lab.LabSettings.saved", lambda _: last)
    monkeypatch.setattr("ami_dialer.cli.lab.up", up)
    result = CliRunner().invoke(main, ["lab", "up", "-d", str(tmp_path), *options])
    assert result.stderr == "ami-dialer: far enough\n"
    assert [settings.classic_agi for settings in started] == [after]
