"""The table of area codes says what the libraries say, and what is known of hard cases."""

import runpy
from zoneinfo import available_timezones

import phonenumbers
import pytest

from ami_dialer.domain.area_codes import AREA_CODES
from tests.architecture.source import ROOT

pytestmark = pytest.mark.unit

EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"


def test_the_table_is_what_the_libraries_say_now():
    script = runpy.run_path(str(ROOT / "docs/area-codes.py"))
    assert script["FILE"].read_text(encoding="utf-8") == script["text"](), "run `make area-codes`"


@pytest.mark.parametrize(
    ("code", "zones"),
    [
        ("423", (CENTRAL, EAST)),
        ("689", (CENTRAL, EAST)),
        ("364", (CENTRAL, EAST)),
        ("270", (CENTRAL, EAST)),
        ("448", (CENTRAL, EAST)),
        ("850", (CENTRAL, EAST)),
        ("930", (CENTRAL, EAST)),
        ("812", (CENTRAL, EAST)),
        ("219", (CENTRAL, EAST)),
        ("574", (CENTRAL, EAST)),
        ("906", (CENTRAL, EAST)),
        ("208", (MOUNTAIN, PACIFIC)),
        ("986", ("America/Boise", PACIFIC)),
        ("541", (MOUNTAIN, PACIFIC)),
        ("605", (CENTRAL, MOUNTAIN)),
        ("308", (CENTRAL, MOUNTAIN)),
        ("785", (CENTRAL, MOUNTAIN)),
        ("915", (CENTRAL, MOUNTAIN)),
        ("701", (CENTRAL, MOUNTAIN, "America/North_Dakota/Beulah")),
        ("928", (MOUNTAIN, "America/Phoenix")),
        ("212", (EAST,)),
        ("313", (EAST,)),
        ("317", (EAST,)),
        ("312", (CENTRAL,)),
        ("303", (MOUNTAIN,)),
        ("602", ("America/Phoenix",)),
        ("808", ("Pacific/Honolulu",)),
    ],
)
def test_zones_of_the_united_states(code, zones):
    assert AREA_CODES[code][2] == zones


@pytest.mark.parametrize(
    ("code", "state", "zones"),
    [
        ("416", "ON", ("America/Toronto",)),
        ("647", "ON", ("America/Toronto",)),
        ("807", "ON", ("America/Toronto", "America/Winnipeg")),
        ("672", "BC", ("America/Edmonton", "America/Vancouver")),
        ("474", "SK", ("America/Regina",)),
        ("709", "NL", ("America/Halifax", "America/St_Johns")),
        ("902", None, ("America/Halifax",)),
    ],
)
def test_provinces_and_zones_of_canada(code, state, zones):
    assert AREA_CODES[code] == ("CA", state, zones)


@pytest.mark.parametrize(
    ("code", "state"), [("201", "NJ"), ("202", "DC"), ("907", "AK"), ("235", "MO"), ("787", None), ("876", None)]
)
def test_states(code, state):
    assert AREA_CODES[code][1] == state


@pytest.mark.parametrize("code", ["800", "833", "888", "900", "500", "600"])
def test_area_codes_without_a_place_are_left_out(code):
    assert code not in AREA_CODES


def test_an_area_code_that_no_valid_number_has_is_not_in_the_table():
    assert "729" not in AREA_CODES
    for code in AREA_CODES:
        assert phonenumbers.is_possible_number_string(f"+1{code}5550123", None)


def test_every_area_code_has_zones_that_exist_sorted():
    known = available_timezones()
    for _, _, zones in AREA_CODES.values():
        assert zones
        assert set(zones) <= known
        assert list(zones) == sorted(set(zones))


def test_every_state_and_province_but_those_that_share_an_area_code_has_one():
    states = {(country, state) for country, state, _ in AREA_CODES.values() if country in ("US", "CA")}
    assert len([state for country, state in states if country == "US"]) == 51
    assert {state for country, state in states if country == "CA"} == {
        *("AB", "BC", "MB", "NB", "NL", "ON", "QC", "SK"),
        None,
    }
