"""`campaign`, `trace` and `report`, on both databases."""

import csv
import io

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store


@pytest.fixture
def started(house: Folder) -> Folder:
    house.invoke("dnc", "add", "opt-outs", "603 555 0110", "--reason", "by letter")
    assert house.invoke("campaign", "start", "survey").exit_code == 0
    return house


def test_a_run_is_started_with_the_contacts_of_its_lists_imported_now(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "603 555 0110")
    result = house.invoke("campaign", "start", "survey")
    assert result.stdout == (
        "run 1 of survey started with 3 contacts (DNC Excluded 1); it begins with the next: ami-dialer run\n"
    )


def test_a_second_start_is_refused_and_a_stop_makes_room(started: Folder) -> None:
    again = started.invoke("campaign", "start", "survey")
    assert again.exit_code == 1
    assert again.stderr == "ami-dialer: campaign 'survey': it is running; a campaign has one run at a time\n"
    assert started.json("campaign", "stop", "survey")["run"]["state"] == "stopped"
    twice = started.invoke("campaign", "stop", "survey")
    assert twice.stderr == "ami-dialer: campaign 'survey': it is not running: it is stopped\n"
    assert started.json("campaign", "rerun", "survey")["runs"] == [2, 1]


def test_a_campaign_without_contacts_does_not_start(house: Folder) -> None:
    (house.path / "people.csv").write_text("phone\n")
    result = house.invoke("campaign", "start", "survey")
    assert result.exit_code == 1
    assert "its lists (people) hold no contacts" in result.stderr


def test_status_and_list_show_the_run(started: Folder) -> None:
    text = started.invoke("campaign", "status", "survey").stdout
    assert "contacts  3: 2 waiting, 1 excluded" in text
    assert "no dialer is running on this database" in text
    assert started.invoke("campaign", "list").stdout.splitlines()[1].split()[:5] == [
        "survey",
        "running",
        "Stopped",
        "people",
        "1",
    ]
    assert started.json("campaign", "status", "survey")["run"]["by_state"]["waiting"] == 2


def test_a_trace_tells_who_took_a_contact_out(started: Folder) -> None:
    text = started.invoke("trace", "(603) 555-0110").stdout
    assert "do not call: opt-outs, by letter (cli, " in text
    assert "DNC Excluded at the start of the run: opt-outs: by letter" in text
    found = started.json("trace", "+16035550110")
    assert [step["station"] for step in found["runs"][0]["steps"]] == ["intake", "scrub"]


def test_a_trace_shows_a_strangers_name_without_its_control_characters(house: Folder) -> None:
    (house.path / "people.csv").write_text("phone,name\n301 555 0100,Bob\x1b[2J\n")
    house.invoke("list", "import")
    assert "\x1b" not in house.invoke("trace", "3015550100").stdout


def test_an_unknown_contact_ends_with_5(started: Folder) -> None:
    result = started.invoke("trace", "2125550000")
    assert result.exit_code == 5
    assert "no list holds a contact with the number or id '2125550000' (read as +12125550000)" in result.stderr


def test_a_report_of_a_run_without_calls_is_whole(started: Folder) -> None:
    text = started.invoke("report", "survey").stdout
    assert "DNC Excluded 1: opt-outs: by letter" in text
    assert "not called yet: 2" in text
    assert started.json("report", "survey")["outcomes"] == []


def test_the_csv_goes_to_a_file_or_to_standard_output(started: Folder) -> None:
    file = started.path / "out.csv"
    assert started.json("report", "survey", "--csv", str(file))["contacts"] == 3
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["first_name"] for row in rows] == ["Ann", "O'Brien, Bob", "Cat"]
    printed = started.invoke("report", "survey", "--csv", "-").stdout
    assert list(csv.DictReader(io.StringIO(printed, newline=""))) == rows


def test_a_csv_that_cannot_be_written_leaves_nothing_behind(started: Folder) -> None:
    result = started.invoke("report", "survey", "--csv", str(started.path / "no" / "out.csv"))
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory; nothing was exported" in result.stderr
