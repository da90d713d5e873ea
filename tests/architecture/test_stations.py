"""The way of a contact is one list, told in several places that must agree."""

import re

import pytest

import ami_dialer
from ami_dialer.journey import STATIONS
from tests.architecture.source import ROOT

pytestmark = pytest.mark.architecture


def test_each_station_is_one_file_and_nothing_else_lives_there() -> None:
    files = {file.stem for file in (ROOT / "ami_dialer/journey").glob("*.py")}
    assert files - {"__init__"} == set(STATIONS)


def test_the_package_tells_the_stations_in_order() -> None:
    told = re.findall(r"^ ?(\d+)\. (\w+)", ami_dialer.__doc__ or "", re.MULTILINE)
    assert told == [(str(number), name) for number, name in enumerate(STATIONS, 1)]


def test_the_architecture_describes_the_stations_in_order() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \| `(\w+)`", text, re.MULTILINE) == [
        (str(number), name) for number, name in enumerate(STATIONS, 1)
    ]


def test_the_journey_tests_are_numbered_as_the_stations_are() -> None:
    named = {name: number for number, name in enumerate([*STATIONS, "whole_way"], 1)}
    files = [file.stem for file in (ROOT / "tests/journey").glob("test_*.py")]
    for file in files:
        match = re.fullmatch(r"test_(\d\d)_(\w+)", file)
        assert match is not None, f"{file}: name it test_NN_station.py"
        assert named.get(match[2]) == int(match[1]), f"{file}: stations are {named}"
