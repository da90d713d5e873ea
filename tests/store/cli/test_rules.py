"""`ami-dialer rules`: as an administrator uses it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_dialer.config.rulebook import load
from ami_dialer.config.rulebook.files import PACKAGED
from ami_dialer.config.schema import Database as Settings
from ami_dialer.store import rulebooks
from ami_dialer.store.database import Database

pytestmark = pytest.mark.store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def own(folder):
    """The administrator's folder of rules, with Florida as it is packaged."""
    rules = folder.path / "rules"
    rules.mkdir()
    (rules / "us-fl.yaml").write_text((PACKAGED / "us-fl.yaml").read_text())
    with Path(folder.config).open("a") as file:
        file.write("compliance: {rules: rules}\n")
    return rules


def narrowed(rules: Path) -> None:
    file = rules / "us-fl.yaml"
    file.write_text(file.read_text().replace('"08:00-20:00"', '"09:00-19:00"'))


def adopted(url: str, rules: Path | None) -> int:
    """What a start of the dialer does."""

    async def adopt() -> int:
        database = Database(Settings(url=url))
        try:
            return (await rulebooks.current(database, rules, NOW)).id
        finally:
            await database.close()

    return asyncio.run(adopt())


def test_the_rules_are_listed_with_source_and_day_and_those_in_dispute_are_marked(folder):
    told = folder.invoke("rules", "list", "--kind", "hours").stdout
    florida = next(line for line in told.splitlines() if line.startswith("us-fl.hours"))
    assert "calls 08:00-20:00" in florida
    assert "2026-11-22" in florida
    assert florida.endswith("Fla. Stat. 501.616(6)(a)")
    assert any("DISPUTED" in line for line in told.splitlines() if line.startswith("us-nv.hours"))
    assert "disputed: the stricter figure is taken; --long says what of" in told


def test_a_list_can_be_narrowed(folder):
    found = folder.json("rules", "list", "--jurisdiction", "us-fl", "--purpose", "sales", "--kind", "attempts")
    assert [rule["id"] for rule in found["found"]] == ["us-fl.attempts", "us-fl.attempts-number"]
    first = found["found"][0]
    assert (first["most"], first["seconds"], first["per"]) == (3, 86400, "contact")
    assert first["figure"] == "at most 3 calls to a contact in 24 hours"
    assert folder.json("rules", "list", "--jurisdiction", "US-ZZ")["found"] == []
    assert "no rule fits" in folder.invoke("rules", "list", "--jurisdiction", "US-ZZ").stdout
    assert folder.invoke("rules", "list", "--kind", "moon").exit_code == 2


def test_a_list_in_full_has_address_and_note(folder):
    told = folder.invoke("rules", "list", "--long", "--jurisdiction", "us-ut").stdout
    assert "https://codes.findlaw.com/ut/" in told
    assert "VICIdial's table of 2013" in told


def test_rules_that_are_still_to_come_are_told(folder):
    assert "from 2027-01-31 on: us.revocation-of-all" in folder.invoke("rules", "list", "--jurisdiction", "US").stdout
    on_the_day = folder.json("rules", "at", "2027-01-31", "--jurisdiction", "US")["found"]
    assert "us.revocation-of-all" in {rule["id"] for rule in on_the_day}


def test_the_rules_of_another_day_are_those_of_that_day(folder):
    for day, figure in (("2021-06-30", "calls 08:00-21:00"), ("2021-07-01", "calls 08:00-20:00")):
        found = folder.json("rules", "at", day, "--jurisdiction", "us-fl", "--kind", "hours")
        assert (found["on"], [rule["figure"] for rule in found["found"]]) == (day, [figure])
    assert folder.json("rules", "at", "1900-01-01")["found"] == []


@pytest.mark.parametrize("day", ["2021-02-29", "July", "20210701", ""])
def test_a_day_that_is_none_is_refused(folder, day):
    result = folder.invoke("rules", "at", day)
    assert result.exit_code == 2
    assert "is no day of the calendar; write it as 2021-07-01" in result.stderr


def test_own_files_are_compared_with_the_packaged_ones(folder, own):
    assert folder.invoke("rules", "diff", "packaged", "files").stdout == "packaged -> files: nothing changed\n"
    narrowed(own)
    told = folder.invoke("rules", "diff", "packaged", "files").stdout
    assert told == ("~ us-fl.hours: calls 08:00-20:00 -> calls 09:00-19:00\npackaged -> files: 1 rule changed\n")
    (change,) = folder.json("rules", "diff", "packaged", "files")["changed"]
    assert (change["id"], change["what"], change["in_words_only"]) == ("us-fl.hours", ["week"], False)
    assert (
        folder.json("rules", "list", "--of", "packaged", "--kind", "hours", "--jurisdiction", "us-fl")["found"][0][
            "figure"
        ]
        == "calls 08:00-20:00"
    )


def test_words_that_changed_are_told_as_such(folder, own):
    (own / "us-fl.yaml").write_text((own / "us-fl.yaml").read_text().replace("2026-11-22", "2026-12-01"))
    told = folder.invoke("rules", "diff", "packaged", "files").stdout
    assert "~ us-fl.hours: only words: checked\n" in told


def test_two_days_are_compared(folder):
    told = folder.invoke("rules", "diff", "2021-06-30", "2021-07-01").stdout
    assert "~ us-fl.hours: calls 08:00-21:00 -> calls 08:00-20:00; from 2000-01-01 -> 2021-07-01" in told
    assert "+ us-fl.attempts, from 2021-07-01 on: at most 3 calls to a contact in 24 hours (sales; Fla. Stat." in told
    gone = folder.invoke("rules", "diff", "2024-06-01", "packaged").stdout
    assert "- us-ms.holidays, from 2003-07-01 on: no calls on every public holiday" in gone


@pytest.mark.parametrize("which", ["yesterday", "1.5", "²", "-1"])
def test_rules_that_nobody_knows_are_refused(folder, which):
    result = folder.invoke("rules", "diff", "--", which, "packaged")
    assert result.exit_code == 2
    assert "is not known; write packaged, files, adopted" in result.stderr


def test_what_the_dialer_took_is_compared_with_the_files_of_now(house, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    with Path(house.config).open("a") as file:
        file.write("compliance: {rules: rules}\n")
    assert "no rules were adopted yet" in house.invoke("rules", "versions").stdout
    nothing = house.invoke("rules", "diff")
    assert nothing.exit_code == 5
    assert "no rules were adopted yet; `ami-dialer run` does it when it starts" in nothing.stderr
    first = adopted(house.database, None)
    assert house.invoke("rules", "diff").stdout == f"version {first}, adopted last -> files: nothing changed\n"
    (rules / "us-fl.yaml").write_text((PACKAGED / "us-fl.yaml").read_text())
    narrowed(rules)
    assert "~ us-fl.hours: calls 08:00-20:00 -> calls 09:00-19:00\n" in house.invoke("rules", "diff").stdout
    second = adopted(house.database, rules)
    assert "nothing changed" in house.invoke("rules", "diff").stdout
    assert "~ us-fl.hours" in house.invoke("rules", "diff", str(first), str(second)).stdout
    newest, oldest = house.json("rules", "versions")
    assert (newest["id"], newest["in_force"], newest["origin"]) == (second, True, str(rules))
    assert (oldest["id"], oldest["in_force"], oldest["digest"]) == (first, False, load(None).digest)
    assert house.json("rules", "list", "--of", "adopted")["rules"] == f"version {second}, adopted last"
    unknown = house.invoke("rules", "diff", "77")
    assert unknown.exit_code == 5
    assert f"there is no version 77 of the rules; there are: {second}, {first}" in unknown.stderr


def test_without_a_database_what_was_adopted_cannot_be_told(folder):
    result = folder.invoke("rules", "diff")
    assert result.exit_code == 3
    assert "there is no database at" in result.stderr


def test_files_in_order_are_told_with_what_they_change(folder, own):
    narrowed(own)
    for words in ((), (str(own),)):
        result = folder.invoke("rules", "check", *words)
        assert result.exit_code == 0
        assert result.stdout.startswith("~ us-fl.hours: calls 08:00-20:00 -> calls 09:00-19:00\n1 file in ")
        assert result.stdout.endswith("Against the packaged rules: 1 rule changed\n")
    assert folder.json("rules", "check")["against_packaged"]["changed"][0]["id"] == "us-fl.hours"


def test_without_own_files_the_packaged_ones_are_checked(folder):
    assert folder.invoke("rules", "check").stdout.startswith("the packaged files alone: in order; ")


def test_every_mistake_in_the_files_is_told_and_ends_with_two(folder, own):
    (own / "us-fl.yaml").write_text((own / "us-fl.yaml").read_text().replace("kind: hours", "kind: hour"))
    (own / "us-zz.yaml").write_text("nothing")
    result = folder.invoke("rules", "check")
    assert result.exit_code == 2
    assert f"{own}/us-fl.yaml:5:11: rules[0].kind: 'hour' is not known here" in result.stderr
    assert f"{own}/us-zz.yaml:1:1: holds no rules" in result.stderr
    assert result.stderr.endswith(f"{own}: 3 problems to mend\n")
    as_json = folder.invoke("rules", "check", "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["ok"] is False


def test_files_with_mistakes_are_told_and_the_rules_in_their_place_shown(folder, own):
    (own / "us-fl.yaml").write_text("jurisdiction: US-FL\nname: Florida\nrules:\n  - id: us-fl.hours\n")
    for command in (("list",), ("at", "2026-11-22")):
        shown = folder.invoke("rules", *command, "--jurisdiction", "US-FL")
        assert "us-fl.hours" in shown.stdout
        assert "us-fl.yaml:" in shown.stderr
        assert "the files hold mistakes; these are the rules in their place: packaged" in shown.stderr
