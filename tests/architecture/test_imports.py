"""Who may import whom; the rules themselves stand in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, imported, name_of, python_files

pytestmark = pytest.mark.architecture


def test_the_import_rules_are_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("file", python_files("agi"), ids=name_of)
def test_agi_scripts_run_with_pyst2_and_the_standard_library_alone(file: Path) -> None:
    """They run on the PBX's own Python, where nothing of ours is installed; pyst2 installs as `asterisk`."""
    assert set(imported(file)) <= sys.stdlib_module_names | {"asterisk"}


@pytest.mark.parametrize("file", python_files("ami_dialer"), ids=name_of)
def test_the_package_imports_nothing_of_the_tests(file: Path) -> None:
    assert not {"tests", "pytest", "hypothesis"} & set(imported(file))
