"""Answers of a reassigned numbers database."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.sources.moments import Moments, Order
from ami_dialer.sources.problems import SourceError
from ami_dialer.sources.reassigned import look_at_reassigned, read_reassigned
from ami_dialer.store.reassignments import GivenUp

pytestmark = pytest.mark.unit

NOW = SystemClock().now()
CHECKED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = "+13015550100"


def read(tmp_path, text, checked_at=CHECKED, order=Order.YMD):
    file = tmp_path / "answers.csv"
    file.write_text(text)
    [portion] = read_reassigned(look_at_reassigned(file, "US", Moments(UTC, order), checked_at, NOW, {}), 100)
    return portion


def test_yes_counts_as_of_when_the_database_was_asked_whatever_day_it_was_asked_about(tmp_path):
    portion = read(tmp_path, "TN,Date,Response\n3015550100,2025-01-01,yes\n")
    assert portion.given_up == [GivenUp(ANN, CHECKED, CHECKED)]


def test_no_and_no_data_change_nothing(tmp_path):
    portion = read(tmp_path, "number,result\n3015550100,No\n3025550101,no data\n3025550102,NO_DATA\n")
    assert (portion.given_up, portion.same_holder, portion.rejected) == ([], 3, [])


def test_each_row_may_say_when_it_was_asked(tmp_path):
    portion = read(tmp_path, "phone,reassigned,checked_at\n3015550100,true,2026-02-01T10:00Z\n")
    asked = datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert portion.given_up == [GivenUp(ANN, asked, asked)]


def test_the_day_a_number_was_given_up_counts_to_its_end(tmp_path):
    portion = read(tmp_path, "phone,disconnect_date\n3015550100,1/31/2026\n3025550101,\n", order=Order.MDY)
    assert portion.given_up == [GivenUp(ANN, datetime(2026, 2, 1, tzinfo=UTC), CHECKED)]
    assert portion.same_holder == 1


def test_without_a_time_the_file_was_asked_when_it_was_written(tmp_path):
    [given_up] = read(tmp_path, "phone,answer\n3015550100,yes\n", checked_at=None).given_up
    assert abs(given_up.checked_at - NOW) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("row", "reason"),
    [("3015550100,maybe", "'maybe' is no answer"), ("x,yes", "'x'"), ("3015550100,", "'' is no answer")],
)
def test_what_cannot_be_read_is_rejected(tmp_path, row, reason):
    portion = read(tmp_path, f"phone,answer\n{row}\n")
    [rejected] = portion.rejected
    assert (rejected.line, reason in rejected.reason) == (2, True)


def test_a_number_given_up_after_it_was_asked_about_is_rejected(tmp_path):
    portion = read(tmp_path, "phone,disconnected_at\n3015550100,2026-03-02\n")
    assert [(one.line, "later than" in one.reason) for one in portion.rejected] == [(2, True)]


def test_a_file_with_neither_answers_nor_days_is_refused(tmp_path):
    with pytest.raises(
        SourceError, match=r"neither a column of answers.*these headings: answer, response.*; or disconnected_at"
    ):
        read(tmp_path, "phone,name\n3015550100,Ann\n")
