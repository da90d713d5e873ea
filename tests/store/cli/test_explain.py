"""`ami-dialer explain`, as somebody at a desk uses it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ami_dialer.config.schema import Database as Settings
from ami_dialer.store.database import Database
from tests.store.cli.conftest import Folder
from tests.store.world import value

pytestmark = pytest.mark.store

#: A Monday, 10:00 in New York.
MORNING = "2026-03-02 15:00Z"
EVENING = "2026-03-03 02:00Z"
ANN = "(301) 555-0100"


def of_campaign(folder: Folder, **keys: object) -> None:
    """Write the campaign with these keys beside its lists, trunks and flow."""
    file = Path(folder.config)
    written = yaml.safe_load(file.read_text())
    usual = {name: written["campaigns"]["survey"][name] for name in ("lists", "trunks", "flow")}
    written["campaigns"]["survey"] = {**usual, "start": "by-hand", **keys}
    file.write_text(json.dumps(written))


@pytest.fixture
def desk(house: Folder) -> Folder:
    """With a list of three, imported, and a campaign that says nothing of its hours."""
    of_campaign(house)
    assert house.invoke("list", "import", "people").exit_code == 0
    return house


def test_a_number_is_told_with_its_verdict_and_the_exit_code_says_which(desk: Folder) -> None:
    allowed = desk.invoke("explain", ANN, "--at", MORNING)
    assert allowed.exit_code == 0
    assert "on list people: first_name 'Ann'" in allowed.stdout
    assert "+13015550100 may be called by campaign 'survey' at Mon 2 Mar 2026 10:00 EST" in allowed.stdout
    assert "us-md.hours" in allowed.stdout
    refused = desk.invoke("explain", ANN, "--at", EVENING)
    assert refused.exit_code == 9
    assert "it may be called from Tue 3 Mar 2026 09:00 EST (Tue 3 Mar 2026 14:00 UTC) on." in refused.stdout


def test_do_not_call_entries_come_first(desk: Folder) -> None:
    assert desk.invoke("dnc", "add", "opt-outs", ANN, "--reason", "asked for it").exit_code == 0
    result = desk.invoke("explain", ANN, "--campaign", "survey")
    assert result.exit_code == 9
    lines = result.stdout.splitlines()
    [place] = [number for number, line in enumerate(lines) if line.startswith("+13015550100 must not be called")]
    assert "by campaign 'survey': do-not-call list opt-outs: asked for it, by cli, since " in lines[place]
    assert lines[place + 1].startswith("But for that: +13015550100 m")
    found = json.loads(desk.invoke("explain", ANN, "--campaign", "survey", "--json").stdout)
    assert found["verdicts"][0]["barred_by"] == ["opt-outs: asked for it"]
    assert (found["allowed"], found["do_not_call"][0]["list"]) == (False, "opt-outs")


def test_the_json_says_who_which_rules_and_until_when(desk: Folder) -> None:
    found = desk.json("explain", ANN, "--at", MORNING)
    assert (found["number"], found["at"], found["allowed"]) == ("+13015550100", "2026-03-02T15:00:00Z", True)
    assert found["contacts"][0]["lists"] == ["people"]
    [verdict] = found["verdicts"]
    assert (verdict["campaign"], verdict["run"], verdict["zones"]) == ("survey", None, ["America/New_York"])
    assert verdict["rules"]["until"] == "2026-03-03T01:00:00Z"
    assert {"id", "answer", "figure", "found", "source"} == set(verdict["rules"]["asked"][0])


def test_a_whole_run_is_told_and_the_exit_code_says_whether_anybody_may_be_called(desk: Folder) -> None:
    allowed = desk.invoke("explain", "--campaign", "survey", "--at", MORNING)
    assert allowed.exit_code == 0
    assert allowed.stdout.startswith("survey may call 3 of 3 contacts at ")
    refused = desk.invoke("explain", "--campaign", "survey", "--at", EVENING)
    assert refused.exit_code == 9
    assert "refused by rules" in refused.stdout
    found = json.loads(desk.invoke("explain", "--campaign", "survey", "--at", EVENING, "--json").stdout)
    assert (found["run"], found["contacts"], found["allowed"]) == (None, 3, 0)
    assert sum(one["decides"] for one in found["refused"]) == 3
    assert desk.invoke("campaign", "start", "survey").exit_code == 0
    assert "run 1 goes on" in desk.invoke("explain", "--campaign", "survey", "--at", MORNING).stdout


def test_nothing_is_written_and_nobody_is_enrolled(desk: Folder, database_settings: Settings) -> None:
    desk.invoke("explain", "--campaign", "survey")
    desk.invoke("explain", ANN)

    async def count() -> tuple[int, int]:
        database = Database(database_settings)
        try:
            rows = await value(database, "SELECT count(*) FROM enrolments")
            return rows, await value(database, "SELECT count(*) FROM rulebooks")
        finally:
            await database.close()

    assert asyncio.run(count()) == (0, 0)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "name a number, or a whole run: --campaign NAME"),
        (["12"], 2, "'12' is not a valid number in US; write it with its country code"),
        (["nobody"], 2, "is not a phone number"),
        ([ANN, "--campaign", "other"], 5, "no campaign is named 'other'; there are: survey"),
        (["--campaign", "other"], 5, "no campaign is named 'other'; there are: survey"),
        ([ANN, "--at", "soon"], 2, "'soon' is no moment; write it like 18:05"),
        (["amid-0199aabbccd-0123456789"], 5, "there is no attempt 'amid-0199aabbccd-0123456789'"),
        (["amid-0199aabbccd-0123456789", "--at", "18:05"], 2, "leave --campaign and --at out"),
    ],
)
def test_what_cannot_be_told_is_refused_in_a_sentence(desk: Folder, words: list[str], code: int, told: str) -> None:
    result = desk.invoke("explain", *words)
    assert (result.exit_code, told in result.stderr) == (code, True), result.stderr
    assert result.stdout == ""


def test_without_a_database_it_is_told_how_to_make_one(folder: Folder) -> None:
    result = folder.invoke("explain", ANN)
    assert result.exit_code == 3
    assert "there is no database at" in result.stderr


def test_numbers_of_another_country_are_read_with_its_region(desk: Folder) -> None:
    result = desk.invoke("explain", "020 7946 0123", "--region", "gb", "--at", MORNING)
    assert "+442079460123 must not be called" in result.stdout
    assert "number.country decides: the number belongs to GB" in result.stdout


def test_check_tells_a_campaign_that_can_never_dial(folder: Folder) -> None:
    of_campaign(folder, hours={"earliest": "22:00", "latest": "23:00"})
    result = folder.invoke("check")
    assert result.exit_code == 2
    assert "campaigns.survey.hours: the campaign can never dial: calls 22:00-23:00 (campaign.hours)" in result.stderr
    of_campaign(folder, hours={"earliest": "20:00", "latest": "21:00"})
    assert folder.invoke("check").exit_code == 0


def test_now_is_the_moment_where_none_is_named(desk: Folder) -> None:
    before = datetime.now(UTC)  # noqa: TID251 - what the command itself asks
    found = json.loads(desk.invoke("explain", ANN, "--json").stdout)
    assert before <= datetime.fromisoformat(found["at"])
