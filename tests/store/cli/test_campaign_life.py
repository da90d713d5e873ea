"""The life of a campaign from the command line: made, edited, paused, rerun, put away, deleted."""

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

DOCUMENT = """\
lists: [people]
trunks: [carrier]
flow: hello
start: by-hand
"""
SCHEDULE = "schedule: {start: 2099-12-01 09:00, every: week, interval: 2, zone: America/New_York}\n"


@pytest.fixture
def made(house: Folder) -> Folder:
    (house.path / "doc.yaml").write_text(DOCUMENT)
    result = house.invoke("campaign", "create", "made", "--file", str(house.path / "doc.yaml"))
    assert result.stdout == "made was made; start it with: ami-dialer campaign start made\n"
    return house


def refused(house: Folder, *words: str) -> str:
    result = house.invoke("campaign", *words)
    assert result.exit_code == 1, result.output
    return result.stderr


def test_a_campaign_that_is_made_is_started_paused_resumed_stopped_and_run_again(made: Folder) -> None:
    assert "begin with: start" in refused(made, "rerun", "made")
    made.invoke("campaign", "start", "made")
    paused = made.invoke("campaign", "pause", "made")
    assert paused.stdout == "run 1 of made is paused; go on with: ami-dialer campaign resume made\n"
    assert made.json("campaign", "status", "made")["status"] == "paused"
    assert "it is paused already" in refused(made, "pause", "made")
    assert made.invoke("campaign", "resume", "made").stdout == "run 1 of made goes on with 3 contacts left\n"
    stopped = made.invoke("campaign", "stop", "made")
    assert stopped.stdout == "run 1 of made is stopped; a new one begins with: ami-dialer campaign rerun made\n"
    assert "a stop is final for its run" in refused(made, "resume", "made")
    assert made.json("campaign", "rerun", "made")["run"]["run"] == 2


def test_what_can_be_edited_depends_on_the_status(made: Folder) -> None:
    assert "ring: default -> 20.0" in made.invoke("campaign", "edit", "made", "--set", "ring=20s").stdout
    made.invoke("campaign", "start", "made")
    assert "is running, and people are called by what it says" in refused(made, "edit", "made", "--set", "ring=25s")
    made.invoke("campaign", "pause", "made")
    told = refused(made, "edit", "made", "--set", "purpose=survey", "--set", "ring=25s")
    assert "is paused: purpose cannot be changed" in told
    assert "What can be changed now: abandonment, amd, callbacks, caller_id, caller_ids" in told
    edited = made.json("campaign", "edit", "made", "--set", "retry.max_attempts=4", "--set", "caller_id=+12125550100")
    assert edited["changes"]["retry.max_attempts"] == [None, 4]
    resumed = made.invoke("campaign", "resume", "made").stdout
    assert "caller_id: default -> +12125550100" in resumed
    assert "edit it there" in refused(made, "edit", "survey", "--set", "ring=25s")


def test_mistakes_of_an_edit_change_nothing(made: Folder) -> None:
    result = made.invoke("campaign", "edit", "made", "--set", "ring=1h", "--set", "lists=[nobody]")
    assert result.exit_code == 2
    assert "--set ring:" in result.stderr
    assert made.invoke("campaign", "edit", "made", "--set", "ring=30s").stdout.startswith("made was changed (draft)")


def test_a_scheduled_campaign_starts_by_itself_and_its_copy_has_no_schedule(made: Folder) -> None:
    (made.path / "doc.yaml").write_text(DOCUMENT + SCHEDULE)
    created = made.invoke("campaign", "create", "weekly", "--file", str(made.path / "doc.yaml"))
    assert "it starts by itself" in created.stdout
    assert "it is scheduled and starts by itself" in refused(made, "start", "weekly")
    shown = made.invoke("campaign", "schedule", "weekly", "--count", "2").stdout.splitlines()
    assert shown == [
        "weekly (scheduled): times on the clock of America/New_York, every 2 weeks",
        "  Tue 2099-12-01 09:00:00 EST  (2099-12-01 14:00:00 UTC)",
        "  Tue 2099-12-15 09:00:00 EST  (2099-12-15 14:00:00 UTC)",
    ]
    made.invoke("campaign", "clone", "weekly", "copy")
    assert made.json("campaign", "schedule", "copy")["starts"] == []
    assert made.json("campaign", "unschedule", "weekly")["status"] == "draft"
    assert "it is not scheduled" in refused(made, "unschedule", "weekly")
    assert made.json("campaign", "schedule", "weekly", "--on")["status"] == "scheduled"
    listed = made.json("campaign", "list", "--status", "scheduled")
    assert [(each["campaign"], each["next_start_at"]) for each in listed] == [("weekly", "2099-12-01T14:00:00Z")]


def test_an_archived_campaign_is_left_out_and_brought_back(made: Folder) -> None:
    made.invoke("campaign", "archive", "made")
    assert [each["campaign"] for each in made.json("campaign", "list")] == ["survey"]
    assert len(made.json("campaign", "list", "--all")) == 2
    assert "bring it back first: restore" in refused(made, "start", "made")
    assert made.json("campaign", "restore", "made")["status"] == "draft"


def test_a_campaign_is_deleted_only_while_it_never_called_anybody(made: Folder) -> None:
    made.invoke("campaign", "start", "made")
    assert "it is running; stop it first" in refused(made, "delete", "made")
    made.invoke("campaign", "stop", "made")
    assert made.json("campaign", "delete", "made")["deleted"] is True
    assert made.invoke("campaign", "status", "made").exit_code == 5
    assert "declares campaign 'survey'" in refused(made, "delete", "survey")


def test_an_unknown_status_is_told_with_those_there_are(made: Folder) -> None:
    result = made.invoke("campaign", "list", "--status", "nope")
    assert result.exit_code == 2
    assert "write one of draft, scheduled, running" in result.stderr
