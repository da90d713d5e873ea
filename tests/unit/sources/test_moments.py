"""Times as files and people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ami_dialer.sources.moments import Moments, Order

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("2026-03-04", Order.YMD, "2026-03-04T05:00+00:00"),
        ("20260304", Order.YMD, "2026-03-04T05:00+00:00"),
        (" 2026-03-04 18:30 ", Order.YMD, "2026-03-04T23:30+00:00"),
        ("2026-03-04T18:30:15Z", Order.YMD, "2026-03-04T18:30:15+00:00"),
        ("2026-03-04 18:30:15 UTC", Order.YMD, "2026-03-04T18:30:15+00:00"),
        ("2026-03-04T18:30:15.5+02:00", Order.YMD, "2026-03-04T16:30:15.5+00:00"),
        ("2026-03-04 6:30 PM", Order.YMD, "2026-03-04T23:30+00:00"),
        ("3/4/2026", Order.MDY, "2026-03-04T05:00+00:00"),
        ("3/4/2026 9:05", Order.MDY, "2026-03-04T14:05+00:00"),
        ("03/04/2026, 12:00 am", Order.MDY, "2026-03-04T05:00+00:00"),
        ("03/04/2026 12:00 p.m.", Order.MDY, "2026-03-04T17:00+00:00"),
        ("4.3.2026 18:30", Order.DMY, "2026-03-04T23:30+00:00"),
        ("2026-03-04", Order.DMY, "2026-03-04T05:00+00:00"),
    ],
)
def test_usual_ways_to_write_a_time_are_read(text, order, found):
    assert Moments(ZoneInfo("America/New_York"), order).read(text).at == datetime.fromisoformat(found)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30", "13/13/2026", "0", "9:05", "3/4/26", "10000-1-1"]
)
@pytest.mark.parametrize("order", list(Order))
def test_what_is_no_time_is_refused(text, order):
    with pytest.raises(ValueError, match=r"date|begins"):
        Moments(UTC, order).read(text)


def test_nobody_guesses_whether_the_day_or_the_month_is_first():
    with pytest.raises(ValueError, match="--dates"):
        Moments().read("3/4/2026")


def test_the_first_and_the_last_hours_of_the_calendar_are_refused_in_other_zones():
    for text in ("0001-01-01T00:00+01:00", "9999-12-31T23:30-01:00"):
        with pytest.raises(ValueError, match="no date"):
            Moments().read(text)


def test_a_day_has_an_end_and_a_time_is_its_own():
    assert Moments().read("2026-03-04").end == datetime(2026, 3, 5, tzinfo=UTC)
    assert Moments().read("2026-03-04T10:00").end == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert Moments().read("9999-12-31").end.year == 9999


def test_an_end_is_a_span_or_a_time():
    since = datetime(2026, 1, 31, tzinfo=UTC)
    assert Moments().end("1m", since) == datetime(2026, 2, 28, tzinfo=UTC)
    assert Moments().end("30d", since) == since + timedelta(days=30)
    assert Moments().end("2027-01-01", since) == datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="9999"):
        Moments().end("9999y", since)
