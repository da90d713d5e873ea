"""Callbacks from the command line."""

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

ANN = "+13015550100"


def test_a_callback_is_asked_for_listed_replaced_and_cancelled(house: Folder) -> None:
    house.invoke("list", "import", "people")
    house.invoke("campaign", "start", "survey")
    words = ("callback", "add", "--campaign", "survey", "--number", ANN)
    first = house.json(*words, "--in", "2h", "--agent", "ann", "--note", "about the roof")
    assert (first["number"], first["state"], first["agent"]) == (ANN, "waiting", "ann")
    told = house.invoke(*words, "--at", "2099-01-02 10:00")
    assert "takes callbacks for 90 days ahead at most" in told.stderr
    second = house.json(*words, "--in", "30m")
    [one] = house.json("callback", "list", "--campaign", "survey")
    assert one["id"] == second["id"]
    assert house.json("callback", "list", "--missed") == []
    assert len(house.json("callback", "list", "--all")) == 2
    assert "anyone" in house.invoke("callback", "list").stdout
    cancelled = house.invoke("callback", "cancel", str(second["id"]), str(first["id"]))
    assert f"callback {second['id']} to {ANN}" in cancelled.stdout
    assert f"kept or cancelled before: {first['id']}" in cancelled.stderr
    assert house.invoke("callback", "list").stdout == "no callbacks\n"
    assert house.json("campaign", "status", "survey")["callbacks"] == {"cancelled": 2}


def test_what_is_wrong_is_told_and_nothing_is_asked_for(house: Folder) -> None:
    house.invoke("list", "import", "people")
    words = ("callback", "add", "--campaign", "survey", "--number")
    assert "either --at TIME or --in DURATION" in house.invoke(*words, ANN).stderr
    assert "write 30m, 2h or 1d" in house.invoke(*words, ANN, "--in", "soon").stderr
    assert "no contact of the campaign has the number" in house.invoke(*words, "+13015550199", "--in", "1h").stderr
    house.invoke("list", "add", "others", "+13015550177")
    assert "on none of its lists" in house.invoke(*words, "+13015550177", "--in", "1h").stderr
    assert "there is no callback 7" in house.invoke("callback", "cancel", "7").stderr
    gone = house.invoke("callback", "list", "--campaign", "gone")
    assert (gone.exit_code, "there are: survey" in gone.stderr) == (5, True)
    assert house.json("callback", "list") == []
