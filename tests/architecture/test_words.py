"""One word per thing, and no word that puts work off or hides what a module is for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, below, name_of, python_files

pytestmark = pytest.mark.architecture

#: Names that say nothing of what is inside.
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "stuff", "tools", "manager", "base"}
#: Other words for things of docs/glossary.md, and the word that is used.
OTHER_WORDS = {
    "lead": "contact",
    "leads": "contacts",
    "subscriber": "contact",
    "blacklist": "dnc",
    "whitelist": "allowed",
    "hangup_reason": "end_reason",
    "disconnect_reason": "end_reason",
    "gateway": "trunk",
    "ivr": "flow",
    "callflow": "flow",
}


def identifiers(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case _:
                pass


@pytest.mark.parametrize("file", python_files("ami_dialer", "agi"), ids=name_of)
def test_a_module_is_named_by_what_it_is_for(file: Path) -> None:
    assert file.stem not in VAGUE
    assert file.parent.name not in VAGUE


@pytest.mark.parametrize("file", python_files("ami_dialer", "agi"), ids=name_of)
def test_a_thing_goes_by_its_word_of_the_glossary(file: Path) -> None:
    used = {name.lower().strip("_") for name in identifiers(file)} & OTHER_WORDS.keys()
    assert {name: OTHER_WORDS[name] for name in used} == {}


def test_no_work_is_put_off_in_comments() -> None:
    # Written apart, so that this file does not find itself.
    put_off = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    files = [
        *python_files("ami_dialer", "agi", "tests", "docs", "benchmarks"),
        *below(ROOT, ".md"),
        *below(ROOT, ".conf"),
    ]
    found = [
        f"{name_of(file)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if put_off.search(line)
    ]
    assert found == []


def test_no_test_is_left_out() -> None:
    """A test that does not run says nothing; what cannot run here belongs behind a marker."""
    left_out = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b")
    files = [file for file in python_files("tests") if file != Path(__file__)]
    assert [name_of(file) for file in files if left_out.search(file.read_text(encoding="utf-8"))] == []


def test_a_type_check_is_silenced_only_by_its_name() -> None:
    bare = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)")
    found = [
        name_of(file) for file in python_files("ami_dialer", "agi") if bare.search(file.read_text(encoding="utf-8"))
    ]
    assert found == []
