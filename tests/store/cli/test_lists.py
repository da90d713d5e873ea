"""`list`, on both databases."""

import pytest

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
