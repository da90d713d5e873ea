"""When a list is fetched next, and what a change of its fields means."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.rules.fetching import Change, changed, due_at, lost, shape_of

pytestmark = pytest.mark.unit

THEN = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def pause(failures: int, interval: float, retry_after: float | None = None) -> float:
    due = due_at(THEN, failures, interval, retry_after)
    assert due is not None
    return (due - THEN).total_seconds()


def test_a_list_that_was_never_fetched_is_due_at_once() -> None:
    assert due_at(None, 0, 3_600, None) is None
    assert due_at(None, 3, 3_600, 60.0) is None


def test_a_list_is_due_when_its_interval_is_over() -> None:
    assert pause(0, 86_400) == 86_400


def test_a_failing_list_is_tried_again_soon_and_then_less_and_less() -> None:
    assert [pause(failures, 3_600) for failures in range(1, 9)] == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]
    assert [pause(failures, 60) for failures in range(1, 7)] == [60, 120, 240, 480, 900, 900]


def test_an_api_that_wants_to_be_left_alone_is() -> None:
    assert pause(1, 3_600, 7_200) == 7_200
    assert pause(5, 3_600, 10) == 960


@given(st.integers(1, 1_000), st.floats(60, 86_400))
def test_no_pause_is_shorter_than_a_minute_or_longer_than_the_interval_or_a_quarter_of_an_hour(
    failures: int, interval: float
) -> None:
    assert 60 <= pause(failures, interval) <= max(interval, 900) + 0.001


def test_fields_are_compared() -> None:
    assert changed(["a", "b"], ["b", "c"]) == Change(("a",), ("c",))
    assert not changed(["a", "b"], ["b", "a"])


@pytest.mark.parametrize(("before", "now"), [([], ["a"]), (["a"], [])])
def test_an_answer_without_contacts_says_nothing_of_fields(before: list[str], now: list[str]) -> None:
    assert not changed(before, now)


@pytest.mark.parametrize(
    ("path", "shape"),
    [("a.0.b", "a.*.b"), ("0", "0"), ("a.10", "a.*"), ("a.b2.c", "a.b2.c"), ("a.1.2", "a.*.*"), ("a.1st", "a.1st")],
)
def test_positions_do_not_count_when_paths_are_compared(path: str, shape: str) -> None:
    assert shape_of(path) == shape


def test_what_is_needed_and_gone_is_found_by_our_names() -> None:
    change = Change(("contact.name", "phones.*.kind", "old"), ())
    columns = {"first_name": "contact.name", "phone": "phones.0.no"}
    assert lost(["first_name", "phone", "phones.3.kind", "first_name", "x"], columns, change) == [
        "first_name",
        "phones.3.kind",
    ]
