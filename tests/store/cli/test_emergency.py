"""A campaign that runs as an emergency, from the command line: by its exemption, one at a time, on record."""

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

DOCUMENT = """\
lists: [people]
trunks: [carrier]
flow: hello
start: by-hand
schedule: {start: 2099-12-01 09:00, every: week, zone: America/New_York}
"""
EXEMPT = "exemptions: [{rules: [hours], basis: emergency, reason: The dam may break.}]\n"


@pytest.fixture
def made(house: Folder) -> Folder:
    for name, text in (("flood", DOCUMENT + EXEMPT), ("fire", DOCUMENT + EXEMPT), ("sale", DOCUMENT)):
        (house.path / "doc.yaml").write_text(text)
        assert house.invoke("campaign", "create", name, "--file", str(house.path / "doc.yaml")).exit_code == 0
    return house


def refused(house: Folder, *words: str) -> str:
    result = house.invoke("campaign", *words)
    assert result.exit_code == 1, result.output
    return result.stderr


def test_a_scheduled_campaign_runs_as_an_emergency_and_is_by_hand_afterwards(made: Folder) -> None:
    asked = made.invoke("campaign", "start", "flood", "--emergency")
    assert asked.exit_code == 1
    told = asked.stderr
    for word in ("its next start, 2099-12-01 14:00:00", "09:00-21:00", "limit of 10 at once", "The dam may break."):
        assert word in told
    assert made.json("campaign", "status", "flood")["status"] == "scheduled"

    started = made.invoke("campaign", "start", "flood", "--emergency", "--yes")
    assert started.stdout.startswith("run 1 of flood started as an emergency with 3 contacts")
    assert "running, emergency" in made.invoke("campaign", "list").stdout
    status = made.invoke("campaign", "status", "flood").stdout
    assert "emergency it goes before all others" in status
    assert made.json("campaign", "status", "flood")["run"]["emergency"] is True
    assert "cannot be paused: stop it" in refused(made, "pause", "flood")
    assert "stop it first, then: start --emergency" in refused(made, "start", "flood", "--emergency", "--yes")

    assert made.invoke("campaign", "stop", "flood").exit_code == 0
    assert made.json("campaign", "status", "flood")["status"] == "stopped"
    assert "it is not scheduled" in refused(made, "unschedule", "flood")
    assert made.json("campaign", "rerun", "flood")["run"]["emergency"] is False

    [record] = made.json("audit", "list", "--action", "campaign.emergency")
    assert record["subject"] == "campaign:flood"
    assert record["detail"]["exemptions"][0]["reason"] == "The dam may break."
    assert record["detail"]["unscheduled_from"] == "2099-12-01T14:00:00Z"
    assert record["detail"]["overrides"]["hours"]["latest"] == "21:00"


def test_without_an_exemption_it_is_refused_with_what_to_write(made: Folder) -> None:
    told = refused(made, "start", "sale", "--emergency", "--yes")
    assert "exemptions: [{rules: [hours, closed], basis: emergency, reason: why it may}]" in told
    assert made.json("campaign", "status", "sale")["status"] == "scheduled"


def test_one_runs_at_a_time_and_a_paused_one_goes_on_as_what_it_was(made: Folder) -> None:
    made.invoke("campaign", "start", "flood", "--emergency", "--yes")
    assert "campaign 'flood' runs as an emergency" in refused(made, "start", "fire", "--emergency")
    made.invoke("campaign", "stop", "flood")
    made.invoke("campaign", "unschedule", "fire")
    made.invoke("campaign", "start", "fire")
    made.invoke("campaign", "pause", "fire")
    assert "goes on as what it was: resume" in refused(made, "start", "fire", "--emergency", "--yes")
    made.invoke("campaign", "resume", "fire")
    assert made.json("campaign", "status", "fire")["run"]["emergency"] is False
