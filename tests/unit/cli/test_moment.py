"""Times as they are written for `--at`."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ami_dialer.cli.explain.moment import read_moment, their_moment

pytestmark = pytest.mark.unit

#: 23:30 on the evening before in New York.
NOW = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's zone."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("18:05", "2026-03-02T23:05Z"),
        ("8:05", "2026-03-02T13:05Z"),
        ("18:05:30", "2026-03-02T23:05:30Z"),
        ("18:05 UTC", "2026-03-03T18:05Z"),
        ("18:05 Asia/Tokyo", "2026-03-03T09:05Z"),
        ("2026-11-26 18:05", "2026-11-26T23:05Z"),
        ("2026-07-26T18:05", "2026-07-26T22:05Z"),
        ("2026-11-26 18:05Z", "2026-11-26T18:05Z"),
        ("2026-11-26T18:05-08:00", "2026-11-27T02:05Z"),
        ("2026-11-26 18:05 +0530", "2026-11-26T12:35Z"),
        ("2026-11-26 18:05 America/Los_Angeles", "2026-11-27T02:05Z"),
        ("1971-01-01 12:00", "1971-01-01T17:00Z"),
        ("9990-12-31 12:00 UTC", "9990-12-31T12:00Z"),
        ("2026-11-01 01:30-04:00", "2026-11-01T05:30Z"),
        ("2026-11-01 01:30-05:00", "2026-11-01T06:30Z"),
    ],
)
def test_a_moment_is_read_in_the_zone_it_names_or_the_machines(text: str, wanted: str) -> None:
    found = read_moment(text, NOW)
    assert found == datetime.fromisoformat(wanted)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no moment"),
        ("now", "is no moment; write it like 18:05"),
        ("2026-11-26", "is no moment"),
        ("26.11.2026 18:05", "is no moment"),
        ("18:05 tomorrow", "no time zone is named 'tomorrow'"),
        ("18:05 America/NewYork", "no time zone is named 'America/NewYork'; write one like America/New_York"),
        ("18:05 +99:00", "there is no offset '.99:00'"),
        ("24:00", "there is no such day or time of day"),
        ("2026-02-30 10:00", "there is no such day or time of day"),
        ("1970-12-31 10:00", "years from 1971 to 9990"),
        ("9999-12-31 10:00", "years from 1971 to 9990"),
        ("2026-03-08 02:30", "the clock goes from before 02:30 to after it on 2026-03-08"),
        ("2026-11-01 01:30", "the clock shows 01:30 twice on 2026-11-01; write 01:30-0400 or 01:30-0500"),
    ],
)
def test_what_is_no_moment_or_two_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("9:05", "09:05"),
        ("2026-03-08 02:30", "2026-03-08T02:30"),  # the machine's clock skips it, the person's may not
        ("2026-03-02T18:05-05:00", "2026-03-02T23:05:00+00:00"),
        ("18:05 Europe/London", "2026-03-03T18:05:00+00:00"),
    ],
)
def test_a_time_for_somebody_elses_clock_stays_as_it_is_unless_it_names_a_zone(text: str, wanted: str) -> None:
    assert their_moment(text, NOW) == wanted


@pytest.mark.parametrize("text", ["soon", "25:00", "2026-02-30 10:00"])
def test_what_is_no_time_on_any_clock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        their_moment(text, NOW)
