"""`campaign why` and `monitor` from the command line, without a dialer."""

import json

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store


def test_why_says_what_to_do_first_and_its_table_adds_up(house: Folder) -> None:
    house.invoke("list", "import", "people")
    assert (
        "it was not started. What to do: ami-dialer campaign start survey"
        in house.invoke("campaign", "why", "survey").stdout
    )
    house.invoke("campaign", "start", "survey")

    told = house.invoke("campaign", "why", "survey").stdout
    found = house.json("campaign", "why", "survey")

    assert told.startswith("Campaign survey: no dialer is running on this database. What to do: ami-dialer run\n")
    assert [place["contacts"] for place in found["places"]] == [found["contacts"]] == [3]
    assert found["reasons"][0]["kind"] == "dialer_not_running"
    one = house.invoke("campaign", "why", "survey", "--contact", "301-555-0100").stdout
    assert one.startswith("+13015550100 in campaign survey: it is due and may be called; the campaign: no dialer")
    house.invoke("campaign", "pause", "survey")
    assert house.json("campaign", "why", "survey", "--contact", "3015550100")["todo"] == (
        "ami-dialer campaign resume survey"
    )
    nobody = house.json("campaign", "why", "survey", "--contact", "3015559999")
    assert nobody["text"] == "no contact on its lists (people) has this number"
    assert house.invoke("campaign", "why", "nothing").exit_code == 5


def test_of_a_run_that_was_stopped_nobody_waits(house: Folder) -> None:
    house.invoke("list", "import", "people")
    house.invoke("campaign", "start", "survey")
    house.invoke("campaign", "stop", "survey")

    places = house.json("campaign", "why", "survey")["places"]

    assert [(one["kind"], one["text"], one["contacts"]) for one in places] == [
        ("status", "not called any more: run 1 is over", 3)
    ]


def test_a_number_of_other_lists_is_not_taken_for_one_of_the_campaigns(house: Folder) -> None:
    house.invoke("list", "import", "people")
    house.invoke("campaign", "start", "survey")
    house.invoke("list", "create", "strangers")
    house.invoke("list", "add", "strangers", "+13015550177")
    house.invoke("list", "add", "people", "+13015550178")

    stranger = house.json("campaign", "why", "survey", "--contact", "+13015550177")
    late = house.json("campaign", "why", "survey", "--contact", "+13015550178")

    assert stranger["text"] == "no contact on its lists (people) has this number"
    assert late["todo"] == "ami-dialer campaign live survey people on takes in what comes later"


def test_monitor_prints_one_picture_where_there_is_no_terminal(house: Folder) -> None:
    house.invoke("list", "import", "people")
    assert "no campaign is running" in house.invoke("monitor").stdout
    house.invoke("campaign", "start", "survey")

    told = house.invoke("monitor", "--once").stdout
    found = json.loads(house.invoke("monitor", "--once", "--json").stdout)

    assert "no dialer is running" in told
    assert "what to do: ami-dialer run" in told
    [survey] = found["campaigns"]
    assert (survey["campaign"], survey["due"], found["sum"]["due"], found["dialer_running"]) == ("survey", 3, 3, False)
    assert house.invoke("monitor", "--campaign", "nothing").exit_code == 5
