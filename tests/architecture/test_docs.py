"""The documents say what is there."""

import re
import runpy
from pathlib import Path

import click
import pytest
from pydantic import TypeAdapter

from ami_dialer.cli import main
from ami_dialer.config.schema import Config
from ami_dialer.config.yaml_lines import read_yaml
from tests.architecture.source import ROOT, below, name_of

pytestmark = pytest.mark.architecture

GENERATED = runpy.run_path(str(ROOT / "docs/generate.py"))["DOCUMENTS"]
DOCUMENTS = below(ROOT, ".md")
COMMANDS = set(main.list_commands(click.Context(main)))


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_document_is_in_step_with_its_source(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == GENERATED[name](), "run `make docs`"


@pytest.mark.parametrize("file", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", file.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (file.parent / target).exists(), target


@pytest.mark.parametrize("file", DOCUMENTS, ids=name_of)
def test_every_piece_of_configuration_can_be_written_so(file: Path) -> None:
    """What is copied from a document must not be refused, whatever the rest of the file says."""
    for block in re.findall(r"^```yaml\n(.*?)^```", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        # Secrets need an environment and files that are not here.
        document = read_yaml(re.sub(r"\{(?:env|file): [^}]+\}", "x", block), name_of(file))
        assert document.problems == [], block
        if isinstance(document.data, dict):
            for section in document.data.keys() & Config.model_fields.keys():
                TypeAdapter(Config.model_fields[section].annotation).validate_python(document.data[section])


@pytest.mark.parametrize("file", [ROOT / "README.md", ROOT / "docs/ARCHITECTURE.md"], ids=name_of)
def test_every_command_that_is_named_exists(file: Path) -> None:
    """`ami-dialer X` and `make X`, in code or at the beginning of a line."""
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^)ami-dialer ([a-z-]*[a-z])", text, re.MULTILINE)) <= COMMANDS
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in COMMANDS if f"ami-dialer {name}" not in text} == {"demo"}  # there it is `make demo`


def test_every_document_that_the_code_names_exists() -> None:
    files = [
        *below(ROOT / "ami_dialer", ".py"),
        *below(ROOT / "agi", ".py"),
        ROOT / "pyproject.toml",
        ROOT / "config.yaml",
    ]
    for file in files:
        for name in re.findall(r"\bdocs/[a-z/.0-9-]*[a-z0-9]", file.read_text(encoding="utf-8")):
            assert (ROOT / name).exists() or list(ROOT.glob(f"{name}-*.md")), f"{name_of(file)} names {name}"


def test_a_decision_has_its_five_parts() -> None:
    for file in (ROOT / "docs/adr").glob("*.md"):
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+", file.stem)
        text = file.read_text(encoding="utf-8")
        for part in ("Date:", "Status:", "## Context", "## Decision", "## Consequences"):
            assert part in text, f"{name_of(file)} lacks {part}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "docs/adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_licence_is_named_alike_everywhere() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
