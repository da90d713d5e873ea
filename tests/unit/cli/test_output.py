import json
from dataclasses import dataclass
from datetime import UTC, datetime
from time import tzset

import pytest

from ami_dialer.cli.output import amount, local, print_json, print_rows, printable, zone_at
from ami_dialer.domain.ending import Disposition

pytestmark = pytest.mark.unit


@dataclass(frozen=True, slots=True)
class _Thing:
    at: datetime
    counts: dict[Disposition, int]


def test_json_has_utc_times_and_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(_Thing(datetime(2026, 3, 2, 15, tzinfo=UTC), {Disposition.NO_ANSWER: 2}))
    assert json.loads(capsys.readouterr().out) == {"at": "2026-03-02T15:00:00Z", "counts": {"No Answer": 2}}


def test_columns_line_up_for_wide_characters_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(("name", "count"), [("李", 1), ("Ann", 22)], right=frozenset({1}))
    assert capsys.readouterr().out.splitlines() == ["name  count", "李        1", "Ann      22"]


def test_control_characters_of_a_contact_do_not_reach_the_terminal() -> None:
    assert printable("Bob\x1b[2J\r\nEve") == "Bob?[2J??Eve"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 contacts"), (1, "1 contact"), (2, "2 contacts"), (12345, "12,345 contacts")]
)
def test_amounts_are_said_as_people_say_them(count: int, text: str) -> None:
    assert amount(count, "contact") == text


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_at_an_end_of_the_calendar_is_shown(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry may be meant for ever; in this machine's zone that can be a day that no calendar has."""
    time = datetime(year, 12 if year > 1 else 1, 31 if year > 1 else 1, 23 if year > 1 else 0, 30, tzinfo=UTC)
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        monkeypatch.setenv("TZ", zone)
        tzset()
        assert local(time)
        assert zone_at(time)
    monkeypatch.undo()
    tzset()
