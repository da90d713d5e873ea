"""`list import`, on both databases."""

import json

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

NO_NUMBER = "'not a number' is not a phone number (The string supplied did not seem to be a phone number)"
ABROAD = "Name;Handy;Büro;tz\nÄnne;+49 171 1234567;+49 30 123456;Europe/Berlin\nBob;rubbish;+49 30 1234567;\n"


@pytest.fixture
def abroad(house: Folder) -> str:
    """A file that no list names; the list `more` waits for it."""
    file = house.path / "abroad.csv"
    file.write_text(ABROAD, encoding="cp1252")
    assert house.invoke("list", "create", "more").exit_code == 0
    return str(file)


def refused(house: Folder, *words: str) -> tuple[int, str]:
    result = house.invoke("list", "import", *words)
    assert "Traceback" not in result.output
    return result.exit_code, result.stderr.strip().splitlines()[-1].removeprefix("ami-dialer: ")


def test_an_import_tells_how_it_was_read_what_became_of_each_row_and_where_the_rejected_are(house: Folder) -> None:
    result = house.invoke("list", "import")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"people: {house.path}/people.csv, UTF-8, separated by commas, 6 lines",
        "            3 added",
        "            1 stood twice in the file",
        "            1 rejected: no phone that can be called",
        f"  {house.path}/people.csv:5: {NO_NUMBER}",
        f"  all rejected rows, with line and reason: {house.path}/people.rejected.csv",
    ]


def test_an_import_as_json_has_the_counts_and_the_first_rejected_rows(house: Folder) -> None:
    [people] = house.json("list", "import", "people")["lists"]
    assert people["counts"] == {"added": 3, "doubles": 1, "phone_bad": 1}
    assert (people["read"], people["resumed"], people["batches"], people["state"]) == (True, False, 1, "validated")
    assert people["rejected"] == [{"line": 5, "kind": "phone_bad", "reason": NO_NUMBER, "row": ["not a number", "Zed"]}]
    assert people["rejects_file"] == f"{house.path}/people.rejected.csv"


def test_importing_twice_changes_nothing(house: Folder) -> None:
    house.invoke("list", "import")
    assert "has not changed since it was imported" in house.invoke("list", "import").stdout
    assert house.json("list", "show", "people")[0]["contacts"] == 3
    assert house.json("list", "import", "--again")["lists"][0]["counts"]["known"] == 3


def test_rejected_rows_are_mended_and_imported_from_the_command_line(house: Folder) -> None:
    house.invoke("list", "import")
    rejects = house.path / "people.rejected.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace("not a number", "617-555-0123"))
    assert house.json("list", "import", "people", "--file", str(rejects))["lists"][0]["counts"] == {"added": 1}
    assert house.json("list", "show", "people")[0]["contacts"] == 4


def test_a_list_that_cannot_be_read_is_said_and_ends_with_6(house: Folder) -> None:
    (house.path / "people.csv").unlink()
    result = house.invoke("list", "import")
    assert result.exit_code == 6
    assert f"{house.path}/people.csv cannot be read: No such file or directory" in result.stderr
    [people] = house.json("list", "show", "people")
    assert (people["state"], "cannot be read" in people["trouble"]) == ("invalid", True)


def test_one_list_that_cannot_be_read_does_not_hold_the_others_up(house: Folder) -> None:
    config = house.path / "config.yaml"
    config.write_text(
        config.read_text().replace("people: {file: people.csv}", "a: {file: a.csv}\n  people: {file: people.csv}")
    )
    result = house.invoke("list", "import", "--json")
    assert result.exit_code == 6
    told = json.loads(result.stdout)
    assert [each["list"] for each in told["lists"]] == ["people"]
    assert list(told["failed"]) == ["a"]


def test_an_unknown_list_is_said_with_those_there_are_and_nothing_is_imported(house: Folder) -> None:
    assert refused(house, "people", "peeple") == (5, "no list is named 'peeple'; there are: people")
    assert house.json("list", "show", "people")[0]["contacts"] == 0


def test_a_file_is_appended_with_columns_that_are_named(house: Folder, abroad: str) -> None:
    columns = ["--column", "phone.work=Büro", "--column", "phone.mobile=Handy", "--column", "first_name=Name"]
    [more] = house.json("list", "import", "more", "--file", abroad, *columns)["lists"]
    assert more["read_as"] == "Windows-1252 (a guess), separated by semicolons, 3 lines"
    assert more["counts"] == {"added": 2, "bad_further_phone": 1}
    [first, second] = house.json("list", "contacts", "more")["contacts"]
    assert (first["phone"], first["label"], first["further"], first["time_zone"], first["fields"]) == (
        "+4930123456",
        "work",
        [{"phone": "+491711234567", "label": "mobile"}],
        "Europe/Berlin",
        {"first_name": "Änne"},
    )
    assert (second["phone"], second["further"]) == ("+49301234567", [])


def test_what_was_found_is_saved_as_a_mapping_and_used_again(house: Folder, abroad: str) -> None:
    columns = ["--column", "phone=Büro", "--column", "first_name=Name", "--column", "phone.mobile=Handy"]
    result = house.invoke("list", "import", "more", "--file", abroad, *columns, "--save-mapping", "crm")
    assert "mapping crm was saved" in result.stdout
    [crm] = house.json("list", "mapping", "show", "crm")
    assert crm["columns"] == {
        "phone": "Büro",
        "phone.mobile": "Handy",
        "time_zone": "tz",
        "first_name": "Name",
    }
    [preview] = house.json("list", "import", "more", "--file", abroad, "--mapping", "crm", "--preview")["previews"]
    assert (preview["columns"], preview["fields"]) == (crm["columns"], ["first_name"])


def test_a_preview_shows_columns_and_contacts_and_imports_nothing(house: Folder, abroad: str) -> None:
    shown = house.invoke("list", "import", "more", "--file", abroad, "--preview").stdout.splitlines()
    assert shown[:8] == [
        f"more: {abroad}, Windows-1252 (a guess), separated by semicolons, 3 lines; nothing was imported",
        "column  is",
        "Name    field Name",
        "Handy   phone 1 mobile",
        "Büro    field Büro",
        "tz      time zone",
        "of the first 2 rows 1 can be called, as:",
        '  line 2: +491711234567 {"Name":"Änne","Büro":"+49 30 123456"}',
    ]
    assert shown[8].startswith("  line 3: 'rubbish' is not a phone number")
    assert house.json("list", "show", "more")[0]["contacts"] == 0
    assert house.json("list", "imports", "more") == []


def test_an_encoding_is_taken_as_it_is_named(house: Folder, abroad: str) -> None:
    words = ["more", "--file", abroad, "--column", "phone=Handy", "--preview"]
    assert house.invoke("list", "import", *words, "--encoding", "cp1252").exit_code == 0
    assert refused(house, *words, "--encoding", "klingon") == (
        6,
        f"list 'more': {abroad}: 'klingon' is no encoding of text files; write utf-8, utf-16, cp1252, iso8859-15, …",
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["more", "--column", "phone=Nr"], 6, "has no column 'Nr', which `columns.phone` names; it has: Name, Handy"),
        (["more", "--column", "phone"], 2, "'phone' is no pair; write ours=column, like phone=Telephone"),
        (["more", "--column", "phone.=Handy"], 2, "'phone.' is no phone; write phone, phone_2"),
        (["more", "--mapping", "nope"], 5, "no mapping is named 'nope'"),
        (["more", "--save-mapping", "a b"], 2, "'a b' cannot be a name; write a name: letters, digits"),
        (["more", "people"], 2, "are for one list: name it"),
        ([], 2, "are for one list: name it"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    house: Folder, abroad: str, words: list[str], code: int, told: str
) -> None:
    found, text = refused(house, *words, "--file", abroad)
    assert (found, told in text) == (code, True), text
    assert house.json("list", "show", "more")[0]["contacts"] == 0
    assert house.json("list", "show", "more")[0]["state"] == "validated"


def test_a_list_without_a_file_needs_one(house: Folder, abroad: str) -> None:
    assert refused(house, "more") == (2, "Error: list 'more' has no file of its own; name one with --file")


def test_a_mistyped_file_leaves_the_list_as_good_as_it_was(house: Folder) -> None:
    house.invoke("list", "import")
    assert refused(house, "people", "--file", str(house.path / "gone.csv"))[0] == 6
    assert house.json("list", "show", "people")[0]["state"] == "validated"
