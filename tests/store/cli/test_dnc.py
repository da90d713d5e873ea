"""`dnc`, on both databases."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ami_dialer.cli import main
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store


def test_numbers_are_put_on_a_list_in_any_usual_form_and_taken_off_again(house: Folder) -> None:
    assert house.json("dnc", "add", "opt-outs", "(301) 555-0100", "+4930123456", "--reason", "by letter") == {
        "list": "opt-outs",
        "added": 2,
        "known": 0,
        "expires_at": None,
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
        "ami-dialer: no do-not-call list is named 'nope'; there are: global, opt-outs\n",
    )


def test_a_beginning_forbids_all_numbers_that_begin_so_and_is_found_by_check(house: Folder) -> None:
    assert house.json("dnc", "add", "opt-outs", "1-900", "--prefix", "--reason", "premium")["added"] == 1
    assert house.json("dnc", "add", "opt-outs", "+1 (900)*")["known"] == 1
    checked = house.json("dnc", "check", "(900) 234-5678", "--campaign", "survey")
    assert [(entry["number"], entry["reason"]) for entry in checked["entries"]] == [("+1900*", "premium")]
    assert house.json("dnc", "check", "301 555 0100")["forbidden"] is False
    assert "stands on no do-not-call list" in house.invoke("dnc", "check", "301 555 0100").stdout
    for asked in ("+19002345678", "+19002*", "+1900*"):
        assert [entry["number"] for entry in house.json("dnc", "show", "--number", asked)] == ["+1900*"]
    assert house.json("dnc", "show", "--number", "+19012345678") == []
    for words in (["check", "12"], ["show", "--number", "12"]):
        bad = house.invoke("dnc", *words)
        assert (bad.exit_code, bad.stderr.startswith("ami-dialer: '12' is")) == (2, True), bad.stderr
    refused = house.invoke("dnc", "add", "opt-outs", "+1*")
    assert (refused.exit_code, "would forbid every number" in refused.stderr) == (2, True)
    assert house.json("dnc", "add", "opt-outs", "+44*", "--whole-country")["added"] == 1
    assert house.json("dnc", "remove", "opt-outs", "+44*")["removed"] == 1


def test_an_entry_ends_when_it_was_told_to(house: Folder) -> None:
    assert house.json("dnc", "add", "opt-outs", "3015550100", "--expires", "6m")["expires_at"] is not None
    assert "until" in house.invoke("dnc", "show").stdout
    for wrong, why in (("soon", "write 30d"), ("2001-01-01", "has passed already")):
        result = house.invoke("dnc", "add", "opt-outs", "3015550100", "--expires", wrong)
        assert (result.exit_code, why in result.stderr) == (2, True)


def test_who_was_taken_off_stays_on_record(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "3015550100")
    house.invoke("dnc", "remove", "opt-outs", "3015550100")
    assert house.json("dnc", "show", "opt-outs") == []
    [entry] = house.json("dnc", "show", "opt-outs", "--removed", "--number", "3015550100")
    assert entry["removed_at"] is not None
    assert house.json("dnc", "add", "opt-outs", "3015550100")["added"] == 1


def test_many_entries_are_shown_a_page_at_a_time(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "3015550100", "3015550101", "3015550102")
    shown = house.invoke("dnc", "show", "--limit", "2")
    assert len(shown.stdout.splitlines()) == 3
    assert "there are more than 2" in shown.stderr


def test_lists_are_made_marked_and_deleted_but_not_while_they_are_heeded(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "3015550100")
    assert house.json("dnc", "create", "lawyers", "--description", "who sues")["created"]
    assert "already" in house.invoke("dnc", "create", "lawyers").stderr
    assert house.json("dnc", "global", "lawyers")["before"] == "global"
    [first, *others] = house.json("dnc", "list")
    assert (first["name"], first["is_global"], first["description"]) == ("lawyers", True, "who sues")
    assert [each["description"] for each in others] == ["", ""]  # not "counts for every campaign" any more
    assert {each["name"]: each["campaigns"] for each in others} == {"global": [], "opt-outs": ["survey"]}
    for name, by in (("lawyers", "it is the global list"), ("opt-outs", "campaign 'survey'")):
        refused = house.invoke("dnc", "delete", name)
        assert (refused.exit_code, by in refused.stderr) == (5, True)
    assert "it is do_not_call.opt_out_line.list by default" in refused.stderr
    assert house.json("dnc", "delete", "global")["deleted"] == 0
    assert "no more" in house.invoke("dnc", "global", "lawyers", "--off").stdout
    assert house.json("dnc", "delete", "lawyers") == {"list": "lawyers", "deleted": 0}
    bad = house.invoke("dnc", "create", "a b")
    assert (bad.exit_code, "is no name" in bad.stderr) == (2, True)


def test_a_file_comes_in_without_its_bad_lines_which_are_kept(house: Folder) -> None:
    file = house.path / "register.csv"
    file.write_text(
        "Name;Phone Number;Reason;Expires\n"
        "Ann;(301) 555-0100;=letter;\nBob;302 555 0101;;2099-12-31\nCat;rubbish;;\nDan;;;\nEve;1-900*;;\n"
        "Fay;+1 603 555 0110;;soon\nAnn;3015550100;;\n"
    )
    done = house.json("dnc", "import", "opt-outs", str(file))[0]
    assert (done["added"], done["known"], done["rejections"], done["warnings"]) == (4, 1, 2, 1)
    assert [(row["line"], row["kind"]) for row in done["rejected"]] == [
        (4, "phone_bad"),
        (5, "phone_missing"),
    ]
    assert done["warned"] == [
        {
            "line": 7,
            "kind": "expiry",
            "reason": "'soon' is no date; write it like 2027-12-31; +16035550110 was taken, without an end",
        }
    ]
    with Path(done["rejects_file"]).open(encoding="utf-8-sig") as lines:
        assert [row["rejected_line"] for row in csv.DictReader(lines)] == ["4", "5"]
    shown = {entry["number"]: entry for entry in house.json("dnc", "show", "opt-outs")}
    assert shown["+13015550100"]["reason"] == "=letter"
    assert shown["+13025550101"]["expires_at"].startswith("2099-12-31")
    assert shown["+16035550110"]["expires_at"] is None
    told = house.invoke("dnc", "import", "opt-outs", str(file)).stdout
    assert "0 numbers added, 5 stood on it already, 2 lines rejected, 1 warning" in told
    assert f"{file}:7: warning: 'soon' is no date" in told
    assert f"{file}:4: 'rubbish' is not a phone number" in told


def test_no_number_is_lost_because_of_what_stands_beside_it(house: Folder) -> None:
    file = house.path / "register.csv"
    file.write_bytes(
        b"number;reason;expires\n3015550100;by letter;2099-12-31\n3015550101;caf\xc3\xa9;\n"
        b"3015550102;caf\xe9;2099-12-31\n3015550103;a\0b;\n3015550104;" + b"x" * 400 + b";0001-01-01T00:00+14:00\n"
        b'3015550105;"never closed;2099-12-31\n3015550106;;31.12.2027\nrubbish;"never closed;\n'
    )
    [done] = house.json("dnc", "import", "opt-outs", str(file))
    assert (done["added"], [row["line"] for row in done["rejected"]]) == (7, [9])
    assert [(row["line"], row["kind"]) for row in done["warned"]] == [
        (4, "encoding"),
        (5, "broken"),
        (6, "expiry"),
        (7, "broken"),
        (8, "expiry"),
    ]
    entries = {entry["number"][-1]: entry for entry in house.json("dnc", "show", "opt-outs")}
    assert [ending for ending, entry in sorted(entries.items()) if entry["expires_at"]] == ["0", "2"]
    assert entries["5"]["reason"] == "from register.csv"


def test_of_an_endless_line_no_half_number_is_taken(house: Folder) -> None:
    file = house.path / "register.csv"
    file.write_text(f"number,note\n3015550100,{'x' * 1_100_000}\n3015550101,\n")
    [done] = house.json("dnc", "import", "opt-outs", str(file))
    assert (done["added"], done["warnings"], done["rejections"]) == (2, 1, 0)
    file.write_text(f"note,number\n{'x' * 1_989},301555010099{'9' * 1_100_000}\nx,3015550101\n")
    [done] = house.json("dnc", "import", "halves", str(file))
    assert (done["added"], done["warnings"], done["rejections"]) == (1, 0, 1)


def test_an_export_can_be_imported_again_and_no_spreadsheet_calculates_it(house: Folder) -> None:
    house.invoke("dnc", "add", "opt-outs", "3015550100", "+1900*", "--reason", "=1+1")
    out = house.path / "out.csv"
    assert house.json("dnc", "export", "opt-outs", str(out))["entries"] == 2
    assert "'=1+1" in out.read_text()
    for to_stdout in ([], ["-"]):
        told = house.invoke("dnc", "export", "opt-outs", *to_stdout)
        assert told.stdout == out.read_text()
        assert told.stderr == "opt-outs: 2 entries written to standard output\n"
    assert not Path("-").exists()
    assert house.invoke("dnc", "export", "opt-outs", "-", "--json").exit_code == 2
    assert house.json("dnc", "import", "copied", str(out))[0]["added"] == 2
    assert {entry["reason"] for entry in house.json("dnc", "show", "copied")} == {"=1+1"}


def test_files_that_hold_no_numbers_are_refused_with_what_to_do(house: Folder) -> None:
    for name, content, why in (
        ("empty.csv", b"", "is empty"),
        ("names.csv", b"name,town\nAnn,Bonn\n", "has no column of numbers"),
        ("none.csv", None, "No such file"),
    ):
        if content is not None:
            (house.path / name).write_bytes(content)
        result = house.invoke("dnc", "import", "opt-outs", str(house.path / name))
        assert (result.exit_code, why in result.stderr) == (6, True), result.stderr
    result = house.invoke("dnc", "import", "opt-outs")
    assert (result.exit_code, "names no file for 'opt-outs'" in result.stderr) == (5, True)


def test_the_configurations_files_are_read_when_they_change(house: Folder) -> None:
    file = house.path / "config.yaml"
    file.write_text(
        file.read_text() + "dnc_lists: {register: {file: register.txt, description: National}}\n"
        "do_not_call: {global_list: register}\n"
    )
    (house.path / "register.txt").write_text("3015550100\n3025550101\n")
    assert [(each["read"], each["added"]) for each in house.json("dnc", "import")] == [(True, 2)]
    assert [each["read"] for each in house.json("dnc", "import")] == [False]
    (house.path / "register.txt").write_text("3015550100\n6035550110\n")
    assert [(each["added"], each["known"]) for each in house.json("dnc", "import", "register")] == [(1, 1)]
    [first, *_] = house.json("dnc", "list")
    assert (first["name"], first["is_global"], first["entries"]) == ("register", True, 3)
    refused = house.invoke("dnc", "global", "opt-outs")
    assert "do_not_call.global_list: register" in refused.stderr
    assert "declares it under dnc_lists" in house.invoke("dnc", "delete", "register").stderr
    started = house.json("campaign", "start", "survey")
    assert started["run"]["by_state"]["excluded"] == 3


def test_a_run_is_looked_through_again_by_hand(house: Folder) -> None:
    house.invoke("list", "import")
    assert "is not running" in house.invoke("campaign", "scrub", "survey").stderr
    house.invoke("campaign", "start", "survey")
    house.invoke("dnc", "add", "opt-outs", "3015550100")
    assert house.json("campaign", "scrub", "survey")["excluded"] == 1
    assert "0 contacts taken out" in house.invoke("campaign", "scrub", "survey").stdout
