"""`disposition`, on both databases."""

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store


def test_the_results_of_a_campaign_are_listed_with_what_they_mean(house: Folder) -> None:
    file = house.configure()
    text = file.read_text().replace("start: by-hand", "start: by-hand, dispositions: sales")
    sales = "disposition_sets: {sales: {Sale: {qualified: true, key: 1}, Busy: {retry: {after: 2h, max: 1}}}}\n"
    file.write_text(text + sales)
    listed = house.json("disposition", "list", "survey")
    assert [(one["title"], one["own"]) for one in listed[:3]] == [("Sale", True), ("Busy", True), ("Completed", False)]
    assert (listed[0]["key"], listed[1]["retry"]) == ("1", [7200.0, 1])
    shown = house.invoke("disposition", "list", "survey").stdout
    assert "again after 2h, at most 1 times" in shown
    assert "Sale" not in house.invoke("disposition", "list").stdout


def test_a_call_that_is_not_there_is_told(house: Folder) -> None:
    result = house.invoke("disposition", "set", "amid-0", "Busy")
    assert result.exit_code == 5
    assert "there is no attempt 'amid-0'; `ami-dialer trace NUMBER` shows the calls" in result.stderr
    assert house.invoke("disposition", "list", "nobody").exit_code != 0


def test_the_contacts_of_a_run_are_listed_with_their_status(house: Folder) -> None:
    house.json("list", "import", "people")
    house.json("campaign", "start", "survey")
    listed = house.json("campaign", "contacts", "survey", "--status", "pending")
    assert [(one["status"], one["attempts"], one["disposition"]) for one in listed] == [("Pending", 0, None)] * 3
    assert house.json("campaign", "contacts", "survey", "--status", "Dialed") == []
    shown = house.invoke("campaign", "contacts", "survey", "--limit", "2")
    assert shown.stdout.count("Pending") == 2
    assert "the first 2" in shown.stderr
    file = house.path / "out.csv"
    assert "3 contacts" in house.invoke("campaign", "contacts", "survey", "--csv", str(file)).stdout
    heading, *lines = file.read_text().splitlines()
    assert heading.startswith("contact,number,status,attempts,priority,disposition")
    assert len(lines) == 3
    wrong = house.invoke("campaign", "contacts", "survey", "--status", "scheduled-for-retry")
    assert (wrong.exit_code, "did you mean 'Scheduled for Reattempt'?" in wrong.stderr) == (2, True)
