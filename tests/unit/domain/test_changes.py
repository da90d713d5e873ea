"""What a changed document says in the audit trail."""

import pytest

from ami_dialer.domain.changes import MOST_CHARACTERS, MOST_KEYS, changes, digest

pytestmark = pytest.mark.unit


def test_each_changed_key_is_told_with_the_value_before_and_after() -> None:
    before = {"max_calls": 3, "retry": {"max_attempts": 5, "rules": {"busy": {"after": 60.0}}}, "lists": ["a"]}
    after = {"max_calls": 3, "retry": {"max_attempts": 6, "rules": {}}, "lists": ["a", "b"], "ring": 20.0}
    assert changes(before, after) == {
        "retry.max_attempts": [5, 6],
        "retry.rules.busy.after": [60.0, None],
        "retry.rules": [None, {}],
        "lists": [["a"], ["a", "b"]],
        "ring": [None, 20.0],
    }
    assert changes(after, after) == {}


def test_lists_of_steps_are_told_place_by_place() -> None:
    before = {"steps": {"start": [{"play": "hello"}, "hangup"]}}
    after = {"steps": {"start": [{"play": "goodbye"}, "hangup"]}}
    assert changes(before, after) == {"steps.start.0.play": ["hello", "goodbye"]}


@pytest.mark.parametrize(
    "document",
    [
        {"api": {"url": "https://example.com/?key=hush"}},
        {"api": {"body": '{"password": "hush"}'}},
        {"api": {"headers": {"X-Key": "hush"}}},
        {"somewhere": {"password": "hush"}},
    ],
)
def test_what_may_hold_a_secret_is_never_told(document: dict[str, object]) -> None:
    [told] = changes({}, document).values()
    assert told == "changed"


def test_long_texts_and_many_keys_are_cut() -> None:
    [[_, told]] = changes({}, {"say": "x" * 1_000}).values()
    assert len(told) == MOST_CHARACTERS + 1
    many = changes({}, {f"key_{n}": n for n in range(MOST_KEYS + 7)})
    assert (len(many), many["…"]) == (MOST_KEYS + 1, 7)


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
