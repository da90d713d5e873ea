"""`consent`, on both databases."""

import csv
from datetime import timedelta

import pytest

from ami_dialer.adapters.clock import SystemClock
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

ANN, BOB = "+13015550100", "+13025550101"
FILE = """\
Phone;Consent date;Purpose;Consent type;Form ID
(301) 555-0100;2025-03-01T14:05:00Z;sales;written;F-1
302 555 0101;2025-03-02;*;express;F-2
nobody;2025-03-02;*;express;F-3
603 555 0110;some day;*;express;F-4
"""


def test_a_consent_is_recorded_and_shown_with_what_holds_now(house: Folder) -> None:
    words = ("consent", "grant", "(301) 555-0100", "--scope", "sales", "--strength", "written", "--source", "form")
    more = ("--at", "2025-03-01T14:05Z", "--expires", "100y", "--evidence", "form 7")
    granted = house.json(*words, *more)
    assert (granted["number"], granted["added"], granted["do_not_call"]) == (ANN, True, [])
    assert house.json(*words, *more)["added"] is False
    shown = house.json("consent", "show", "301 555 0100")
    [record] = shown["records"]
    assert (record["scope"], record["strength"], record["source"]) == ("sales", "written", "form")
    assert (record["at"], record["expires_at"]) == ("2025-03-01T14:05:00Z", "2125-03-01T14:05:00Z")
    assert record["evidence"] == "form 7"
    assert shown["holds"] == {"*": "no consent", "sales": "written consent"}
    text = house.invoke("consent", "show", ANN).stdout
    assert "now, for sales: written consent" in text


def test_who_records_a_consent_that_takes_no_revocation_back_is_told_so(house: Folder) -> None:
    house.invoke("consent", "revoke", ANN, "--source", "agent", "--at", "2025-03-02")
    words = ("consent", "grant", ANN, "--source", "form", "--at", "2025-03-03")
    assert "a revocation holds" in house.invoke(*words, "--scope", "sales").stderr
    assert "a revocation holds" not in house.invoke(*words, "--scope", "*").stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("12", "--scope", "*"), "'12'"),
        ((ANN,), "Missing option '--scope'"),
        ((ANN, "--scope", "marketing"), "a purpose: collection, fundraising"),
        ((ANN, "--scope", "*", "--at", "2999-01-01"), "lies in the future"),
        ((ANN, "--scope", "*", "--at", "some day"), "is no date"),
        ((ANN, "--scope", "*", "--expires", "2000-01-01"), "is not after"),
        ((ANN, "--scope", "*", "--zone", "Mars"), "no time zone is named 'Mars'"),
        ((ANN, "--scope", "*", "--evidence", "x" * 501), "more than 500 characters"),
    ],
)
def test_what_cannot_be_recorded_is_refused(house: Folder, words: tuple[str, ...], told: str) -> None:
    result = house.invoke("consent", "grant", *words)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


def test_a_revocation_counts_at_once_on_the_list_too_and_has_its_deadline(house: Folder) -> None:
    revoked = house.json("consent", "revoke", ANN, "--source", "agent", "--evidence", "call 5")
    assert (revoked["scope"], revoked["list"], revoked["added"]) == ("*", "opt-outs", True)
    assert revoked["at"] == revoked["honoured_at"] < revoked["honour_by"]
    assert house.json("dnc", "check", ANN, "--campaign", "survey")["forbidden"] is True
    shown = house.json("consent", "show", ANN)
    assert shown["holds"] == {"*": "revoked"}
    assert [entry["reason"] for entry in shown["do_not_call"]] == ["revoked consent (call 5)"]
    text = house.invoke("consent", "show", ANN).stdout
    assert "for everything: honoured" in text
    assert "the law wanted it by" in text


def test_who_consents_again_is_still_on_the_list_and_how_to_take_them_off_is_said(house: Folder) -> None:
    house.json("consent", "revoke", ANN)
    result = house.invoke("consent", "grant", ANN, "--scope", "*")
    assert (result.exit_code, f"ami-dialer dnc remove opt-outs {ANN}" in result.stderr) == (0, True)
    assert house.json("consent", "show", ANN)["holds"] == {"*": "express consent"}


def test_a_purpose_has_no_list_and_a_campaign_its_own(house: Folder) -> None:
    assert house.json("consent", "revoke", ANN, "--scope", "sales")["list"] is None
    assert house.json("consent", "revoke", ANN, "--scope", "campaign:survey")["list"] == "opt-outs"
    result = house.invoke("consent", "revoke", ANN, "--scope", "campaign:spring")
    assert "no campaign 'spring'; it has: survey" in result.stderr


@pytest.mark.parametrize("text", ["STOP", "Opt-out", "please cancel", "unsubscribe."])
def test_a_text_message_with_a_word_of_the_law_revokes(house: Folder, text: str) -> None:
    revoked = house.json("consent", "revoke", ANN, "--source", "sms", "--text", text)
    assert (revoked["source"], revoked["evidence"]) == ("sms", f"text message: {text}")


def test_any_other_text_is_left_to_a_person_and_changes_nothing(house: Folder) -> None:
    house.json("consent", "grant", BOB, "--scope", "*")
    result = house.invoke("consent", "revoke", ANN, "--source", "sms", "--text", "Who is\nthis?")
    assert result.exit_code == 7
    assert "'Who is?this?' is none of the words that revoke (STOP, QUIT, END" in result.stderr
    assert house.json("consent", "show", ANN)["records"] == []
    assert house.invoke("consent", "revoke", ANN, "--text", "STOP").exit_code == 2


def test_a_file_comes_in_once_with_its_bad_rows_beside_it(house: Folder) -> None:
    file = house.path / "consents.csv"
    file.write_text(FILE)
    done = house.json("consent", "import", str(file))
    assert (done["added"], done["known"], done["rejections"]) == (2, 0, 2)
    assert [(row["line"], row["kind"]) for row in done["rejected"]] == [(4, "phone_bad"), (5, "time")]
    with (house.path / "consents.rejected.csv").open(encoding="utf-8-sig") as rejected:
        assert [row["rejected_line"] for row in csv.DictReader(rejected)] == ["4", "5"]
    again = house.json("consent", "import", str(file))
    assert (again["added"], again["known"]) == (0, 2)
    assert house.json("consent", "show", ANN)["holds"] == {"*": "no consent", "sales": "written consent"}
    text = house.invoke("consent", "import", str(file)).stdout
    assert "number from 'Phone', at from 'Consent date'" in text
    assert "0 records added, 2 known already, 2 rows rejected" in text


def test_revocations_in_a_file_go_on_the_list_and_late_ones_are_told(house: Folder) -> None:
    file = house.path / "consents.csv"
    file.write_text(f"phone,at,status\n{ANN},2025-03-01,revoked\n{BOB},2025-03-01,yes\n+16035550110,2025-03-01,no\n")
    result = house.invoke("consent", "import", str(file), "--scope", "*")
    assert "2 records added, 0 known already, 1 revocation among them, 1 row without consent, 0 rows" in result.stdout
    assert "1 revocation was due to be honoured before now" in result.stderr
    assert house.json("dnc", "check", ANN)["forbidden"] is True
    assert house.json("dnc", "check", BOB)["forbidden"] is False
    assert [record["number"] for record in house.json("consent", "list", "--late")] == [ANN]


def test_a_file_that_cannot_be_read_changes_nothing(house: Folder) -> None:
    file = house.path / "consents.csv"
    file.write_text("phone,at\n3015550100,2025-03-01\n")
    result = house.invoke("consent", "import", str(file))
    assert (result.exit_code, "--scope '*' for everything" in result.stderr) == (6, True)
    gone = house.invoke("consent", "import", str(house.path / "gone.csv"), "--scope", "*")
    assert (gone.exit_code, "gone.csv" in gone.stderr) == (6, True)
    bad = house.invoke("consent", "import", str(file), "--scope", "*", "--column", "at")
    assert (bad.exit_code, "OURS=THEIRS" in bad.stderr) == (2, True)


def test_records_are_listed_by_scope_and_by_what_became_of_them(house: Folder) -> None:
    old = (SystemClock().now() - timedelta(days=400)).date().isoformat()
    house.json("consent", "grant", ANN, "--scope", "sales", "--at", old, "--expires", "1y")
    house.json("consent", "grant", BOB, "--scope", "*", "--at", old)
    house.json("consent", "revoke", BOB, "--scope", "survey")

    def listed(*words: str) -> list[str]:
        return [f"{each['number']} {each['scope']}" for each in house.json("consent", "list", *words)]

    assert listed() == [f"{BOB} survey", f"{BOB} *", f"{ANN} sales"]
    assert listed("--scope", "sales") == [f"{ANN} sales"]
    assert listed("--granted") == [f"{BOB} *", f"{ANN} sales"]
    assert listed("--revoked") == [f"{BOB} survey"]
    assert listed("--expired") == [f"{ANN} sales"]
    assert "there are more than 1" in house.invoke("consent", "list", "--limit", "1").stderr
    with (house.path / "config.yaml").open("a") as config:
        config.write("compliance: {consent_days: 365}\n")
    assert listed("--expired") == [f"{BOB} *", f"{ANN} sales"]
    assert house.json("consent", "show", BOB)["holds"]["*"] == "no consent"


def test_consent_from_before_a_number_was_given_up_does_not_hold(house: Folder) -> None:
    house.json("consent", "grant", ANN, "--scope", "*", "--at", "2025-03-01")
    file = house.path / "rnd.csv"
    file.write_text("TN,Date,Response\n3015550100,2025-03-01,yes\n3025550101,2025-03-01,no\n,2025-03-01,no\n")
    words = ("consent", "reassigned", "import", str(file), "--source", "RND", "--checked", "2025-06-01")
    done = house.json(*words)
    assert (done["added"], done["known"], done["without"], done["rejections"]) == (1, 0, 1, 1)
    assert house.json(*words)["added"] == 0
    shown = house.json("consent", "reassigned", "show", "301 555 0100")
    assert shown["reassigned"] == {
        "number": ANN,
        "disconnected_at": "2025-06-01T00:00:00Z",
        "source": "RND",
        "checked_at": "2025-06-01T00:00:00Z",
    }
    assert house.json("consent", "show", ANN)["holds"] == {"*": "given by somebody who has the number no more"}
    assert "given up by its holder" in house.invoke("consent", "show", ANN).stdout
    assert "nobody said" in house.invoke("consent", "reassigned", "show", BOB).stdout
    assert "before " in house.invoke("consent", "reassigned", "show", ANN).stdout


def test_what_is_known_of_nobody_is_said_and_records_are_a_table(house: Folder) -> None:
    house.json("consent", "grant", ANN, "--scope", "*")
    assert "nobody recorded" in house.invoke("consent", "show", BOB).stdout
    assert house.invoke("consent", "list").stdout.splitlines()[1].startswith(ANN)


def test_a_trace_shows_what_was_said_of_each_number_of_the_contact(house: Folder) -> None:
    (house.path / "people.csv").write_text(f"phone,mobile\n{ANN},{BOB}\n")
    house.json("list", "import", "people")
    house.json("consent", "grant", ANN, "--scope", "sales", "--strength", "written", "--evidence", "form 7")
    house.json("consent", "revoke", BOB, "--source", "sms", "--text", "STOP")
    said = house.json("trace", ANN)["consents"]
    assert [(each["number"], each["granted"]) for each in said] == [(ANN, True), (BOB, False)]
    text = house.invoke("trace", ANN).stdout
    assert f"written consent: {ANN}, sales (hand, " in text
    assert f"revoked: {BOB}, everything (sms, " in text
