import pytest

from ami_dialer.config.problems import Place
from ami_dialer.config.yaml_lines import MAX_DEPTH, read_yaml

pytestmark = pytest.mark.unit


def data(text: str) -> object:
    document = read_yaml(text, "f")
    assert document.problems == []
    return document.data


def told(text: str) -> list[str]:
    return [str(problem) for problem in read_yaml(text, "f").problems]


@pytest.mark.parametrize(
    "written",
    ["9:00", "21:00", "+12125551234", "02134", "0123456", "NO", "yes", "on", "1_000", "0x1F", "1e3", "2026-01-31", "="],
)
def test_a_plain_scalar_stays_the_text_that_was_written(written: str) -> None:
    assert data(f"a: {written}") == {"a": written}


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_written_as_null_tilde_or_nothing(written: str) -> None:
    assert data(f"a: {written}") == {"a": None}


def test_quoted_words_are_text() -> None:
    assert data("a: 'null'\nb: \"~\"\nc: ''") == {"a": "null", "b": "~", "c": ""}


def test_values_keys_and_items_know_their_places() -> None:
    document = read_yaml("a:\n  b: [x, y]\n  c:\n    - d: 1\n", "f")
    assert document.values[("a", "b", 1)] == Place(2, 10)
    assert document.keys[("a", "c")] == Place(3, 3)
    assert document.values[("a", "c", 0, "d")] == Place(4, 10)
    assert document.place_of(("a", "c", 0, "missing", 3)) == Place(4, 7)
    assert document.place_of(("elsewhere",)) == Place(1, 1)


def test_a_repeated_key_is_refused_and_both_lines_are_told() -> None:
    assert told("a: 1\nb: 2\na: 3\n") == ["f:3:1: a: stands here and in line 1; keep one of the two"]


def test_merged_keys_fill_in_what_is_not_written() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  b: 9\n  <<: [*x, *y]\n"
    assert data(text) == {"x": {"a": "1", "b": "2"}, "y": {"b": "3", "c": "4"}, "z": {"a": "1", "b": "9", "c": "4"}}


def test_a_merged_key_is_placed_where_it_is_written() -> None:
    document = read_yaml("x: &x {a: 1}\nz:\n  <<: *x\n  b: 2\n", "f")
    assert document.values[("z", "a")] == Place(1, 11)
    assert document.values[("z", "b")] == Place(4, 6)


def test_a_mistake_behind_an_anchor_is_told_once() -> None:
    assert told("x: &x {a: 1, a: 2}\ny: *x\nz: *x\n") == ["f:1:14: x.a: stands here and in line 1; keep one of the two"]


def test_aliases_that_multiply_each_other_are_refused() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    assert told("\n".join(lines)) == ["f:1:1: has more than 100000 values; do aliases (*name) repeat each other?"]


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert told("a: &a [*a]\n") == ["f:1:4: a[0]: contains itself by an alias (*name); write it out"]
    assert told("a: &a\n  <<: *a\n") == ["f:1:4: a: contains itself by an alias (*name); write it out"]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 20_000])
def test_a_tower_of_brackets_is_refused(depth: int) -> None:
    [problem] = told("[" * depth + "]" * depth)
    assert "nested" in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", "f:2:1: a tab: YAML is indented by spaces only; replace it by spaces"),
        (
            "a: b: c\n",
            "f:1:5: a ':' where no key can stand; indent the line like its neighbours, or put text with ': ' in quotes",
        ),
        (
            "a: 1\nword\nb: 2\n",
            "f:3:1: a key without ': value'; write `key: value`, and keep text of several lines in quotes or behind |",
        ),
        ("a: 'b\nc: d\n", "f:3:1: a quote that is opened in line 1 is never closed; put a closing quote"),
        ("a: [1, 2\nb: 3\n", "f:2:2: "),
        (
            "a: {b: 1, c: Local/{n}@x}\n",
            "f:1:20: a bracket or brace opened is not closed, or text with braces or commas lacks its quotes",
        ),
        ("a: @b\n", "f:1:4: text must not begin with this character; put it in quotes"),
        ("a: `b\n", "f:1:4: text must not begin with this character; put it in quotes"),
        (
            "a: *b\n",
            "f:1:4: an alias (*name) without its anchor (&name) further up; put text with * in quotes",
        ),
        ("a: *\n", "f:1:5: text that begins with * or & must be in quotes, for instance '*1'"),
        (
            'a: "\\d"\n',
            "f:1:6: after \\ in double quotes only n, t, \\, \" and the like; use 'single quotes'",
        ),
        ("a:\n    b: 1\n  c: 2\n", "f:3:3: indented differently from the lines it belongs to in line 1"),
        ("a: 1\n---\nb: 2\n", "f:2:1: a second document begins here; take the line --- out"),
        ("a: 1\nb: \x00\n", "f:2:4: the character U+0000 must not stand in YAML; take it out"),
        ("a: !secret x\n", "f:1:4: a: the tag '!secret' is not known here; "),
        ("a: !!python/object/apply:os.system [ls]\n", "f:1:4: a: the tag 'python/object/apply:os.system' is not "),
        ("a: !!set {b}\n", "f:1:4: a: the tag 'set' is not known here; "),
        ("a: !!binary eA==\n", "f:1:4: a: the tag 'binary' is not known here; "),
        ("? [a]\n: b\n", "f:1:3: a key here is a list or a mapping; keys are text (put text with braces in quotes)"),
        ("~: b\n", "f:1:1: a key here is empty; keys are text (put text with braces in quotes)"),
        ("a: {{x}}\n", "f:1:5: a: a key here is a list or a mapping; keys are text (put text with braces in quotes)"),
        ("a: {<<: x}\n", "f:1:9: a: << takes a mapping or a list of mappings, e.g. <<: *name"),
        ('a: "\\UFFFFFFFF"\n', "f: holds something that is no YAML: "),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line_and_mend(text: str, message: str) -> None:
    [problem] = told(text)
    assert problem.startswith(message)
