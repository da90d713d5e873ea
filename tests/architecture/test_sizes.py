"""Files and functions stay short enough to be read at one sitting."""

import ast
from pathlib import Path
from statistics import median

import pytest

from tests.architecture.source import name_of, python_files

pytestmark = pytest.mark.architecture

MEDIAN_LINES = 120
MAX_LINES = 400
MAX_TEST_LINES = 600
MAX_FUNCTION_LINES = 60

#: Files that may be longer, each with its reason.
LONG_FILES: dict[str, str] = {}
#: Functions that may be longer, each with its reason.
LONG_FUNCTIONS: dict[str, str] = {
    "ami_dialer/store/migrations/versions/0001_first_tables.py:upgrade": "a list of tables, as they were that day",
}


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def long_functions(file: Path) -> dict[str, int]:
    found = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                found[f"{name_of(file)}:{node.name}"] = length
    return found


def test_half_of_the_files_are_short() -> None:
    lengths = [lines_of(file) for file in python_files("ami_dialer", "agi") if file.read_text(encoding="utf-8").strip()]
    assert median(lengths) <= MEDIAN_LINES


def test_no_file_is_long_without_a_reason() -> None:
    long = {
        name_of(file) for file in python_files("ami_dialer", "agi", "docs", "benchmarks") if lines_of(file) > MAX_LINES
    }
    assert long == set(LONG_FILES)


def test_no_test_file_is_long() -> None:
    assert {name_of(file): lines_of(file) for file in python_files("tests") if lines_of(file) > MAX_TEST_LINES} == {}


def test_no_function_is_long_without_a_reason() -> None:
    long = {name: n for file in python_files("ami_dialer", "agi") for name, n in long_functions(file).items()}
    assert set(long) == set(LONG_FUNCTIONS), long
