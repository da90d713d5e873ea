"""`list` and `dnc`, on both databases."""

import json

import pytest
from click.testing import CliRunner

from ami_dialer.cli import main
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store


def test_an_import_tells_what_was_added_dropped_and_rejected_and_where(house: Folder) -> None:
    result = house.invoke("list", "import")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "people: 3 contacts added, 0 known, 1 double dropped, 1 row rejected",
        f"  {house.path}/people.csv:5: 'not a number' is not a phone number (The string supplied did not seem to be "
        "a phone number)",
        f"  all rejected rows, with line and reason: {house.path}/people.rejected.csv",
    ]


def test_an_import_as_json_has_every_rejected_row(house: Folder) -> None:
    [people] = house.json("list", "import", "people")["lists"]
    assert (people["added"], people["doubles"], people["read"]) == (3, 1, True)
    assert [(row["line"], row["row"]) for row in people["rejected"]] == [(5, ["not a number", "Zed"])]


def test_importing_twice_changes_nothing(house: Folder) -> None:
    house.invoke("list", "import")
    assert "has not changed since it was imported" in house.invoke("list", "import").stdout
    assert house.json("list", "show", "people")[0]["contacts"] == 3


def test_a_list_that_cannot_be_read_is_said_and_ends_with_6(house: Folder) -> None:
    (house.path / "people.csv").unlink()
    result = house.invoke("list", "import")
    assert result.exit_code == 6
    assert f"{house.path}/people.csv cannot be read: No such file or directory" in result.stderr


def test_an_unknown_list_is_said_with_those_there_are(house: Folder) -> None:
    result = house.invoke("list", "import", "peeple")
    assert (result.exit_code, result.stderr) == (
        5,
        "ami-dialer: the configuration has no list 'peeple'; it has: people\n",
    )


def test_numbers_are_put_on_a_list_in_any_usual_form_and_taken_off_again(house: Folder) -> None:
    assert house.json("dnc", "add", "opt-outs", "(301) 555-0100", "+4930123456", "--reason", "by letter") == {
        "list": "opt-outs",
        "added": 2,
        "known": 0,
        "used_by": ["survey"],
    }
    assert house.json("dnc", "add", "opt-outs", "3015550100")["known"] == 1
    shown = house.json("dnc", "show", "opt-outs")
    assert {(entry["number"], entry["reason"], entry["source"]) for entry in shown} == {
        ("+13015550100", "by letter", "cli"),
        ("+4930123456", "by letter", "cli"),
    }
    removed = house.json("dnc", "remove", "opt-outs", "301 555 0100", "302 555 0101")
    assert (removed["removed"], removed["unknown"]) == (1, 1)


def test_with_one_bad_number_nothing_is_added(house: Folder) -> None:
    result = house.invoke("dnc", "add", "opt-outs", "3015550100", "12", "abc")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == "ami-dialer: nothing was changed:"
    assert len(result.stderr.splitlines()) == 3
    assert house.json("dnc", "show") == []


def test_numbers_come_from_standard_input_with_the_line_of_a_bad_one(house: Folder) -> None:
    words = ["-c", house.config, "dnc", "add", "opt-outs", "--file", "-"]
    bad = CliRunner().invoke(main, words, input="3015550100\n\nrubbish\n")
    assert (bad.exit_code, "<stdin>:3: 'rubbish'" in bad.stderr) == (2, True)
    good = CliRunner().invoke(main, [*words, "--json"], input="3015550100\n\n(302) 555-0101\n")
    assert json.loads(good.stdout)["added"] == 2


def test_a_list_that_no_campaign_uses_is_warned_about(house: Folder) -> None:
    result = house.invoke("dnc", "add", "optouts", "3015550100")
    assert result.exit_code == 0
    assert "no campaign of the configuration uses 'optouts'; they use: opt-outs" in result.stderr


def test_many_numbers_are_added_in_portions(house: Folder) -> None:
    file = house.path / "numbers.txt"
    file.write_text("".join(f"301 55{n // 10_000} {n % 10_000:04d}\n" for n in range(50_000, 55_001)))
    assert house.json("dnc", "add", "opt-outs", "--file", str(file))["added"] == 5_001
    assert house.json("dnc", "remove", "opt-outs", "--file", str(file))["removed"] == 5_001


def test_an_unknown_do_not_call_list_is_said(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "3015550100")
    result = house.invoke("dnc", "show", "nope")
    assert (result.exit_code, result.stderr) == (
        5,
        "ami-dialer: no do-not-call list is named 'nope'; there are: opt-outs\n",
    )
