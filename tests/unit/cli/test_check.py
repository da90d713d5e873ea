import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ami_dialer.cli import main

pytestmark = pytest.mark.unit

BASE = """\
servers: {pbx: {secret: x}}
trunks: {a: {server: pbx, dial: "PJSIP/{number}@a"}, b: {server: pbx, dial: "PJSIP/{number}@b"}}
lists:
  people: {file: people.csv}
campaigns: {spring: {lists: [people], trunks: [a], flow: hello, consent: written, purpose: collection}}
flows:
  hello:
    steps:
      start: [{say: "Hello {{first_name}}"}]
"""


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Result]:
    def run(text: str, *options: str, people: bytes | None = b"phone,first_name\n") -> Result:
        if people is not None:
            (tmp_path / "people.csv").write_bytes(people)
        (tmp_path / "config.yaml").write_text(text)
        return CliRunner().invoke(main, ["--config", str(tmp_path / "config.yaml"), "check", *options])

    return run


def test_what_is_in_order_is_counted(check: Callable[..., Result], tmp_path: Path) -> None:
    result = check(BASE)
    assert result.stdout == f"{tmp_path}/config.yaml is in order: 1 server, 2 trunks, 1 list, 1 flow, 1 campaign\n"
    assert (result.stderr, result.exit_code) == ("", 0)


def test_every_problem_is_told_and_the_exit_code_is_2(check: Callable[..., Result], tmp_path: Path) -> None:
    result = check(BASE + "engine: {tik: 1, tick: x}\n")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{tmp_path}/config.yaml:10:10: engine.tik: unknown key 'tik'; did you mean 'tick'?",
        f"{tmp_path}/config.yaml:10:24: engine.tick: 'x' is not a time; write seconds (30) or 30s, 5m, 2h, 1d",
        f"{tmp_path}/config.yaml: 2 problems to mend",
    ]


def test_json_holds_problems_with_places(check: Callable[..., Result], tmp_path: Path) -> None:
    result = check(BASE + "engine: {tik: 1}\n", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "ok": False,
        "problems": [
            {
                "file": f"{tmp_path}/config.yaml",
                "line": 10,
                "column": 10,
                "key": "engine.tik",
                "message": "unknown key 'tik'; did you mean 'tick'?",
            }
        ],
        "warnings": [],
        "notes": [],
        "counts": {},
    }


def test_json_of_what_is_in_order_holds_the_counts(check: Callable[..., Result]) -> None:
    result = check(BASE, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "ok": True,
        "problems": [],
        "warnings": [],
        "notes": [],
        "counts": {"servers": 1, "trunks": 2, "lists": 1, "flows": 1, "campaigns": 1},
    }


@pytest.mark.parametrize(
    ("people", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty; it needs a header line and a row for each contact"),
        (b"name,town\n", "has no phone column (looked for phone, "),
        (b"2125550100,Ann\n", "people.csv:1: has no header: '2125550100' looks like a phone number"),
        (b"%PDF-1.7\n", "people.csv is no CSV file but a PDF document; save the list as CSV"),
    ],
)
def test_a_list_that_cannot_be_read_is_a_problem_with_its_line(
    check: Callable[..., Result], tmp_path: Path, people: bytes | None, told: str
) -> None:
    result = check(BASE, people=people)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path}/config.yaml:4:18: lists.people.file: {tmp_path}/people.csv")
    assert told in result.stderr


def test_a_merge_field_that_the_list_lacks_is_warned_of(check: Callable[..., Result], tmp_path: Path) -> None:
    result = check(BASE, people=b"phone,name\n")
    assert result.exit_code == 0
    assert result.stderr == (
        f"warning: {tmp_path}/config.yaml:9:21: flows.hello.steps.start[0].say: people: no column 'first_name'; "
        'add the column or write {{first_name|default("…")}}\n'
    )


@pytest.mark.parametrize("people", [b"phone\n", b"phone,time_zone\n"])
def test_what_is_no_field_cannot_be_spoken(check: Callable[..., Result], people: bytes) -> None:
    text = BASE.replace("{{first_name}}", "{{time_zone}}")
    assert "people: no column 'time_zone'" in check(text, people=people).stderr


def test_a_merge_field_with_a_default_may_be_missing(check: Callable[..., Result]) -> None:
    text = BASE.replace('"Hello {{first_name}}"', """'Hello {{first_name|default("there")}}'""")
    assert check(text, people=b"phone,name\n").stderr == ""


@pytest.mark.parametrize(
    ("step", "key"),
    [
        ("{say: 'Hello {{x'}", "say"),
        ("{ask: {name: q, prompt: '{{x'}}", "ask.prompt[0]"),
        ("{ask: {name: q, prompt: Hm, invalid: [{play: a}, '{{x'] }}", "ask.invalid[1]"),
        ("{ask: {name: q, prompt: Hm, silent: [{say: '{{x'}] }}", "ask.silent[0].say"),
        ("{opt_out: {prompt: '{{x'}}", "opt_out.prompt[0]"),
    ],
)
def test_braces_that_are_not_understood_are_a_problem(check: Callable[..., Result], step: str, key: str) -> None:
    result = check(BASE.replace('[{say: "Hello {{first_name}}"}]', f"[{step}]"))
    assert result.exit_code == 2
    assert f": flows.hello.steps.start[0].{key}" in result.stderr
    assert "a merge field is not closed; write {{field}}" in result.stderr


def test_a_missing_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["-c", str(tmp_path / "none.yaml"), "check"])
    assert result.exit_code == 2
    assert "there is no such file" in result.stderr


def test_a_do_not_call_file_that_cannot_be_read_and_a_list_that_nobody_heeds_are_told(
    check: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("3015550100\n")
    result = check(BASE + "dnc_lists:\n  gone: {file: gone.txt}\n  good: {file: good.txt}\n")
    assert result.exit_code == 2
    assert f"dnc_lists.gone.file: {tmp_path}/gone.txt" in result.stderr
    assert "No such file or directory" in result.stderr
    assert "dnc_lists.good: no campaign heeds the do-not-call list 'good'" in result.stderr
    quiet = check(BASE + "dnc_lists: {good: {file: good.txt}}\ndo_not_call: {global_list: good}\n")
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    line = check(BASE + "do_not_call: {opt_out_line: {list: callers}}\n")
    assert "do_not_call.opt_out_line.list: no campaign heeds the do-not-call list 'callers'" in line.stderr
