"""Lists as groups, from the command line, on both databases."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from ami_dialer.cli import main
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

ANN, BOB, CAT = "+13015550100", "+13025550101", "+16035550110"
NASTY = [
    '=HYPERLINK("http://x","y")',
    "'=1+1",
    "''=1",
    "'quoted",
    "+1 (555) plus",
    "-12.5",
    "@SUM(1)",
    'two\nlines, "quoted"',
    "Ümläut \N{GRINNING FACE}",
    "\uff1d1",
    "x" * 299,
    "=" + "x" * 299,
]


@pytest.fixture
def filled(house: Folder) -> Folder:
    """With the list of the configuration imported: Ann, Bob and Cat."""
    assert house.invoke("list", "import").exit_code == 0
    return house


def refused(house: Folder, *words: str) -> str:
    result = house.invoke(*words)
    assert result.exit_code in {2, 5, 6}, result.output
    assert result.stderr.startswith("ami-dialer: ")
    return result.stderr.removeprefix("ami-dialer: ").strip()


def numbers(house: Folder, name: str) -> list[str]:
    return [one["phone"] for one in house.json("list", "contacts", name)["contacts"]]


def test_a_list_is_made_with_its_settings_and_shown(house: Folder) -> None:
    made = house.json("list", "create", "vip", "--description", "The best", "--priority", "9", "--dupe-days", "-1")
    assert made == {"list": "vip", "made": True, "description": "The best", "priority": 9, "dupe_days": -1}
    [vip] = house.json("list", "show", "vip")
    wanted = {"state": "validated", "origin": "made", "contacts": 0, "region": "US", "campaigns": [], "expire_days": 90}
    assert {key: vip[key] for key in wanted} == wanted
    shown = house.invoke("list", "show", "vip").stdout
    assert "The best" in shown
    assert "priority 9, no number is a duplicate, contacts expire after 90 days" in shown


def test_what_a_list_cannot_be_is_told_all_at_once(house: Folder) -> None:
    told = refused(house, "list", "create", "a b", "--region", "usa", "--priority", "900", "--dupe-days", "soon")
    assert told.splitlines() == [
        "the name: 'a b' cannot be used as a key here; write a name: letters, digits, '_', '.', '-', a letter or digit "
        "first, at most 64",
        "--region: 'usa' cannot stand here; write a country in two capital letters, like US or DE",
        "--priority: '900' is out of range; write at most 100",
        "--dupe-days: 'soon' is no whole number; write it in digits",
    ]


def test_a_name_that_is_taken_is_not_given_again(house: Folder) -> None:
    house.json("list", "create", "vip")
    assert refused(house, "list", "create", "people").startswith("the configuration declares a list 'people'")
    assert refused(house, "list", "create", "vip").startswith("there is a list 'vip' already (made)")


def test_a_contact_by_hand_goes_by_the_rules_of_an_import(house: Folder) -> None:
    house.json("list", "create", "vip")
    words = ["list", "add", "vip", "301 555 0199", "name=Zoë", "--label", "home", "--phone", "mobile=(302) 555-0102"]
    words += ["--phone", "3025550103", "--time-zone", "america/phoenix", "--priority", "5"]
    assert house.json(*words) == {"list": "vip", "number": "+13015550199", "added": 1, "renewed": 0, "known": 0}
    [contact] = house.json("list", "contacts", "vip")["contacts"]
    wanted = {
        "phone": "+13015550199",
        "label": "home",
        "further": [{"phone": "+13025550102", "label": "mobile"}, {"phone": "+13025550103", "label": None}],
        "time_zone": "America/Phoenix",
        "priority": 5,
        "country": "US",
        "state": "MD",
        "zones": ["America/New_York"],
        "fields": {"name": "Zoë"},
    }
    assert {key: contact[key] for key in wanted} == wanted
    again = house.invoke(*words)
    assert again.exit_code == 0
    assert again.stdout.startswith("vip: +13015550199 is on it already since 20")
    assert numbers(house, "vip") == ["+13015550199"]


def test_where_no_number_is_a_duplicate_it_comes_in_again(house: Folder) -> None:
    house.json("list", "create", "vip", "--dupe-days", "-1")
    for _ in range(3):
        house.json("list", "add", "vip", ANN)
    page = house.json("list", "contacts", "vip", "--limit", "2")
    assert (len(page["contacts"]), page["next"]) == (2, f"{ANN}/1")
    assert len(house.json("list", "contacts", "vip", "--after", page["next"])["contacts"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["12"], "'12' is not"),
        ([ANN, "name"], "'name' is no field; write name=value"),
        ([ANN, "name=a", "name=b"], "field 'name' stands there twice"),
        ([ANN, "note=" + "x" * 301], "note has 301 characters, at most 300 are allowed"),
        ([ANN, "--priority", "101"], "'101' is no priority"),
        ([ANN, "--time-zone", "Mars"], "'Mars' is no time zone"),
        ([ANN, "--phone", "mobile=12"], "phone mobile: '12' is not"),
    ],
)
def test_a_bad_contact_is_not_added(folder: Folder, words: list[str], said: str) -> None:
    folder.json("list", "create", "vip")
    assert said in refused(folder, "list", "add", "vip", *words)
    assert numbers(folder, "vip") == []


def test_contacts_are_taken_off_by_number_or_by_file_and_stay_elsewhere(filled: Folder) -> None:
    filled.json("list", "combine", "people", "--into", "all")
    filled.json("list", "add", "people", "2125550150", "--phone", "2125550151")
    words = ["-c", filled.config, "list", "remove", "people", "(301) 555-0100", "2125550151", "--file", "-"]
    result = CliRunner().invoke(main, words, input="302 555 0101\n\n2025550177\n")
    assert result.stdout.splitlines() == [
        "people: 2 contacts taken off; runs that are going on keep calling them",
        "  +12125550151 was not on it; it is a further phone of +12125550150, take that off",
        "  +12025550177 was not on it",
    ]
    assert numbers(filled, "people") == ["+12125550150", CAT]
    assert numbers(filled, "all") == [ANN, BOB, CAT]
    assert "nothing was changed" in refused(filled, "list", "remove", "people", CAT, "rubbish")
    assert filled.json("list", "remove", "people", CAT)["removed"] == 1


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        (f"name;Handy\nAnn;{ANN}\nBob;(302) 555-0101\n", 2),
        (f"Phone\n{ANN}\n", 1),
        (f"{ANN},Ann\n{BOB},Bob\n\n{CAT},Cat\n", 3),
        ("\ufeff301 555 0100\r\n302 555 0101\r\n", 2),
    ],
    ids=["columns", "one column", "no header", "one number a line"],
)
def test_a_file_of_contacts_to_take_off_is_csv_or_a_number_a_line(filled: Folder, text: str, removed: int) -> None:
    file = filled.path / "off.csv"
    file.write_text(text, encoding="utf-8")
    assert filled.json("list", "remove", "people", "--file", str(file)) == {
        "list": "people",
        "removed": removed,
        "unknown": [],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,phone\nAnn,12\nBob,\n", "{file}:2: '12' is not"),
        ("name,phone\nAnn,12\nBob,\n", "{file}:3: has no number"),
        ("rubbish\n3015550100\n", "{file}:1: 'rubbish' is not"),
        ("name,town\nAnn,Bonn\n", "{file}:1: has no column of numbers"),
        (" \n  \n", "{file} holds blank lines only"),
        ("", "{file} is empty"),
    ],
)
def test_a_bad_file_of_contacts_to_take_off_changes_nothing(filled: Folder, text: str, said: str) -> None:
    file = filled.path / "off.csv"
    file.write_text(text, encoding="utf-8")
    assert said.format(file=file) in refused(filled, "list", "remove", "people", ANN, "--file", str(file))
    assert numbers(filled, "people") == [ANN, BOB, CAT]


def test_lists_are_combined_into_a_new_one_or_onto_another(filled: Folder) -> None:
    filled.json("list", "create", "vip")
    filled.json("list", "add", "vip", CAT)
    filled.json("list", "add", "vip", "+12125550150")
    combined = filled.json("list", "combine", "vip", "people", "vip", "--into", "all")
    assert combined == {
        "list": "all",
        "made": True,
        "contacts": 4,
        "combined": [{"list": "vip", "added": 2, "known": 0}, {"list": "people", "added": 2, "known": 1}],
    }
    shown = filled.invoke("list", "combine", "all", "--into", "people").stdout
    assert shown.splitlines() == ["all: 1 contact added, 3 known", "people holds 4 contacts"]
    assert "leave it out of those before --into" in refused(filled, "list", "combine", "all", "--into", "all")
    assert "no list is named 'peeple'; there are: all, people, vip" in refused(
        filled, "list", "combine", "peeple", "--into", "new"
    )
    assert [each["list"] for each in filled.json("list", "show")] == ["all", "people", "vip"]


def test_lists_are_shown_with_who_uses_them_and_when_they_changed(filled: Folder) -> None:
    filled.json("list", "create", "vip")
    vip, people = sorted(filled.json("list", "show"), key=lambda each: each["contacts"])
    assert (vip["contacts"], vip["changed_at"], people["contacts"], people["campaigns"]) == (0, None, 3, ["survey"])
    assert people["changed_at"] is not None
    assert people["file"] == f"{filled.path}/people.csv"
    told = filled.invoke("list", "show").stdout
    assert [line.split()[:3] for line in told.splitlines()[1:]] == [
        ["people", "3", "validated"],
        ["vip", "0", "validated"],
    ]
    assert "campaigns  survey" in filled.invoke("list", "show", "people").stdout


def test_a_list_that_could_not_be_read_is_invalid_and_says_why(house: Folder) -> None:
    (house.path / "people.csv").write_text("name\nAnn\n")
    assert house.invoke("list", "import").exit_code == 6
    [people] = house.json("list", "show", "people")
    assert people["state"] == "invalid"
    assert "no phone column" in people["trouble"]
    assert "people: " in house.invoke("list", "show").stdout


def test_contacts_are_paged_through(filled: Folder) -> None:
    seen, after = [], []
    for _ in range(3):
        page = filled.json("list", "contacts", "people", "--limit", "1", *after)
        seen += [one["phone"] for one in page["contacts"]]
        after = ["--after", page["next"]]
    assert (seen, page["next"]) == ([ANN, BOB, CAT], None)
    told = filled.invoke("list", "contacts", "people", "--limit", "2").stdout
    assert told.endswith(f"more follow: ami-dialer list contacts people --after {BOB}\n")
    assert filled.invoke("list", "contacts", "people", "--after", "Bob").exit_code == 2


@pytest.mark.parametrize(
    ("searched", "found"),
    [
        ("301-555-0100", [ANN]),
        ("(212) 555-0151", ["+12125550150"]),
        ("0110", [CAT]),
        ("o'brien", [BOB]),
        ("ZOË", ["+12125550150"]),
        ("100%", ["+12125550150"]),
        ('"say', ["+12125550150"]),
        ("first_name", []),
        ("Zed", []),
    ],
)
def test_contacts_are_found_by_any_phone_part_of_a_number_or_text(
    filled: Folder, searched: str, found: list[str]
) -> None:
    filled.json("list", "add", "people", "2125550150", "name=Zoë", 'note=100% "say', "--phone", "2125550151")
    page = filled.json("list", "contacts", "people", "--search", searched)
    assert [one["phone"] for one in page["contacts"]] == found


def test_what_is_searched_for_is_paged_through_too(filled: Folder) -> None:
    words = ["list", "contacts", "people", "--search", "555", "--limit", "2"]
    page = filled.json(*words)
    assert ([one["phone"] for one in page["contacts"]], page["next"]) == ([ANN, BOB], BOB)
    assert [one["phone"] for one in filled.json(*words, "--after", BOB)["contacts"]] == [CAT]


def test_imports_are_shown_with_their_batches(filled: Folder) -> None:
    [one] = filled.json("list", "imports", "people")
    assert (one["state"], one["source"]) == ("done", f"{filled.path}/people.csv")
    assert one["counts"] == {"added": 3, "doubles": 1, "phone_bad": 1}
    [[batch]] = [each["batches"] for each in filled.json("list", "imports", "people", str(one["id"]))]
    assert (batch["batch"], batch["first_line"], batch["last_line"], batch["state"]) == (1, 2, 6, "done")
    assert "3 added, 1 doubles, 1 phone bad" in filled.invoke("list", "imports", "people").stdout
    assert "from line" in filled.invoke("list", "imports", "people", str(one["id"])).stdout
    assert "list 'people' has no import 99" in refused(filled, "list", "imports", "people", "99")


def test_an_exported_list_is_imported_as_the_same_contacts(filled: Folder) -> None:
    for place, text in enumerate(NASTY):
        phones = ["--phone", "work=2125550151", "--phone", "2125550152"] if place % 2 else ["--label", "home"]
        field = "=cmd" if place % 3 else "phone_state"
        zone = ["--time-zone", "America/Phoenix", "--priority", str(place)] if place > 5 else []
        # The name of a field that begins with = cannot be written by hand; it comes by a file.
        filled.json("list", "add", "people", f"21255501{place:02}", f"note={text}", *phones, *zone)
        (filled.path / "more.csv").write_text(f'phone,"{field}",time_zone\n21255502{place:02},{place},\n')
        filled.json("list", "import", "people", "--file", str(filled.path / "more.csv"))
    file = filled.path / "out.csv"
    total = 3 + 2 * len(NASTY)
    done = filled.json("list", "export", "people", str(file))
    assert done == {"list": "people", "file": str(file), "format": "csv", "contacts": total}
    filled.json("list", "create", "copy")
    [imported] = filled.json("list", "import", "copy", "--file", str(file))["lists"]
    assert imported["counts"] == {"added": total}
    ours, theirs = (filled.json("list", "contacts", name)["contacts"] for name in ("people", "copy"))
    for one in ours + theirs:
        del one["contact"], one["added_at"]
        one["fields"] = {name: value for name, value in one["fields"].items() if value}
    assert ours == theirs
    assert {one["fields"].get("note") for one in theirs} >= set(NASTY)
    assert {name for one in theirs for name in one["fields"]} == {"first_name", "note", "=cmd", "phone_state"}
    again = filled.path / "again.csv"
    filled.json("list", "export", "copy", str(again))
    assert again.read_bytes() == file.read_bytes()


def test_no_cell_of_an_export_is_a_formula(filled: Folder) -> None:
    filled.json("list", "add", "people", "2125550150", "note==1+1")
    rows = list(csv.reader(io.StringIO(filled.invoke("list", "export", "people").stdout)))
    assert rows[0] == [
        *("phone", "phone_label", "time_zone", "priority", "phone_country", "phone_state"),
        *("first_name", "note"),
    ]
    assert rows[1] == [ANN, "", "", "0", "US", "MD", "Ann", ""]
    assert rows[-1] == ["+12125550150", "", "", "0", "US", "NY", "", "'=1+1"]


def test_a_list_is_exported_as_json_lines(filled: Folder) -> None:
    lines = filled.invoke("list", "export", "people", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["fields"]["first_name"] for line in lines] == ["Ann", "O'Brien, Bob", "Cat"]
    file = filled.path / "people.jsonl"
    assert filled.json("list", "export", "people", str(file))["format"] == "jsonl"
    assert file.read_text(encoding="utf-8").splitlines() == lines


def test_an_export_that_cannot_be_written_leaves_nothing(filled: Folder) -> None:
    result = filled.invoke("list", "export", "people", str(filled.path / "nowhere" / "out.csv"))
    assert (result.exit_code, "cannot be written: No such file or directory" in result.stderr) == (1, True)
    assert filled.invoke("list", "export", "people", "-", "--json").exit_code == 2


def test_a_list_in_use_or_declared_is_not_deleted(filled: Folder) -> None:
    assert "campaign 'survey' names it" in refused(filled, "list", "delete", "people")
    config = filled.path / "config.yaml"
    config.write_text(
        config.read_text().replace("  people: {file: people.csv}", "  people: {file: people.csv}\n  old: {}")
    )
    filled.json("list", "add", "old", CAT)
    assert refused(filled, "list", "delete", "old") == "the configuration declares list 'old'; take it out there first"
    filled.configure()
    assert filled.json("list", "delete", "old") == {"list": "old", "members": 1, "contacts": 1}
    assert "no list is named 'old'; there are: people" in refused(filled, "list", "delete", "old")


def test_a_deleted_list_says_who_stays(filled: Folder) -> None:
    filled.json("list", "combine", "people", "--into", "all")
    filled.json("list", "add", "all", "2125550150")
    assert filled.invoke("list", "delete", "all").stdout == (
        "all was deleted, and 1 contact with it; 3 have a history or are on other lists, and stay\n"
    )
    assert numbers(filled, "people") == [ANN, BOB, CAT]


def test_a_made_list_is_taken_over_by_the_configuration_with_its_contacts(house: Folder) -> None:
    house.json("list", "create", "vip")
    house.json("list", "add", "vip", ANN)
    config = house.path / "config.yaml"
    config.write_text(config.read_text().replace("  people: {file", "  vip: {priority: 3}\n  people: {file"))
    house.json("list", "add", "vip", BOB)
    [vip] = house.json("list", "show", "vip")
    assert (vip["origin"], vip["contacts"], vip["priority"]) == ("config", 2, 3)


def test_mappings_are_saved_shown_used_and_deleted(house: Folder) -> None:
    saved = house.json("list", "mapping", "save", "crm", "phone=Home Tel", "phone.mobile=Cell", "name=Full Name")
    columns = {"phone": "Home Tel", "phone.mobile": "Cell", "name": "Full Name"}
    assert saved == {"mapping": "crm", "new": True, "columns": columns}
    assert not house.json("list", "mapping", "save", "crm", *(f"{a}={b}" for a, b in columns.items()))["new"]
    assert house.json("list", "mapping", "show") == [
        {"name": "crm", "origin": "made", "columns": columns, "used_by": []}
    ]
    (house.path / "crm.csv").write_text("Full Name,Cell,Home Tel\nAnn,3025550101,3015550100\n")
    house.json("list", "create", "vip")
    house.json("list", "import", "vip", "--file", str(house.path / "crm.csv"), "--mapping", "crm")
    [ann] = house.json("list", "contacts", "vip")["contacts"]
    assert (ann["phone"], ann["further"], ann["fields"]) == (
        ANN,
        [{"phone": BOB, "label": "mobile"}],
        {"name": "Ann"},
    )
    assert "crm" in house.invoke("list", "mapping", "show", "crm").stdout
    assert house.json("list", "mapping", "delete", "crm") == {"mapping": "crm", "deleted": True}
    assert refused(house, "list", "mapping", "show", "crm") == "no mapping is named 'crm'; there is none yet"


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["phone"], "'phone' is no pair; write ours=column"),
        (["phone=A", "phone=B"], "'phone' stands there twice"),
        (["phone=A", "name=A"], "column 'A' stands there twice"),
        (["phone="], "'phone=' names no column"),
        (["phone_200=A"], "'phone_200' is no phone"),
        (["phone.=A"], "'phone.' is no phone"),
        ([f"{'x' * 65}=A"], "is too long"),
    ],
)
def test_what_is_no_mapping_is_not_saved(folder: Folder, pairs: list[str], said: str) -> None:
    assert said in refused(folder, "list", "mapping", "save", "crm", *pairs)


def test_a_mapping_of_the_configuration_is_changed_there(house: Folder) -> None:
    config = house.path / "config.yaml"
    config.write_text(
        config.read_text().replace("{file: people.csv}", "{file: people.csv, mapping: crm}")
        + "mappings: {crm: {name: first_name}}\n"
    )
    house.json("list", "import")
    [crm] = house.json("list", "mapping", "show", "crm")
    assert (crm["origin"], crm["used_by"]) == ("config", ["people"])
    for words in (["save", "crm", "phone=A"], ["delete", "crm"]):
        assert "the configuration declares mapping 'crm'" in refused(house, "list", "mapping", *words)
    house.configure()
    house.json("list", "import")
    house.json("list", "mapping", "delete", "crm")
