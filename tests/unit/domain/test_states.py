"""States, territories and provinces as lists write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from ami_dialer.domain.area_codes import AREA_CODES
from ami_dialer.domain.postal import zip_place
from ami_dialer.domain.states import SHARED, by_code, is_abbreviation, state_of, territory
from ami_dialer.domain.zip_codes import PLACES

pytestmark = pytest.mark.unit

NAMES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
    "AS": "American Samoa",
    "GU": "Guam",
    "MP": "Northern Mariana Islands",
    "PR": "Puerto Rico",
    "VI": "U.S. Virgin Islands",
}
PROVINCES = {
    "AB": "Alberta",
    "BC": "British Columbia",
    "MB": "Manitoba",
    "NB": "New Brunswick",
    "NL": "Newfoundland and Labrador",
    "NS": "Nova Scotia",
    "NT": "Northwest Territories",
    "NU": "Nunavut",
    "ON": "Ontario",
    "PE": "Prince Edward Island",
    "QC": "Quebec",
    "SK": "Saskatchewan",
    "YT": "Yukon",
}
ALL = [("US", *state) for state in NAMES.items()] + [("CA", *province) for province in PROVINCES.items()]


def clock(zone):
    moments = (datetime(year, month, 15, 12, tzinfo=UTC) for year in (2026, 2027, 2028) for month in (1, 4, 7, 10))
    return tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments)


@pytest.mark.parametrize(("country", "code", "name"), ALL)
def test_a_state_goes_by_its_code_its_name_and_its_iso_code_in_any_case(country, code, name):
    state = by_code(code)
    assert (state.code, state.jurisdictions) == (code, (country, f"{country}-{code}"))
    iso = f"{country}-{code}"
    for text in (code, code.lower(), f"{code[0]}.{code[1]}.", name, name.upper(), name.lower(), iso, iso.lower()):
        assert state_of(text) is state, text
    assert is_abbreviation(code)
    assert not is_abbreviation(name)


@pytest.mark.parametrize(("country", "code", "name"), ALL)
def test_every_state_has_zones_that_exist_sorted(country, code, name):
    zones = by_code(code).zones
    assert zones
    assert set(zones) <= available_timezones()
    assert list(zones) == sorted(set(zones))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Washington, D.C.", "DC"),
        ("D. C.", "DC"),
        ("Washington State", "WA"),
        ("Hawai\N{LEFT SINGLE QUOTATION MARK}i", "HI"),
        ("USVI", "VI"),
        ("  new\t york ", "NY"),
        ("Québec", "QC"),
        ("QUE\N{COMBINING ACUTE ACCENT}BEC", "QC"),
        ("PQ", "QC"),
        ("PEI", "PE"),
        ("P.E.I.", "PE"),
        ("Île-du-Prince-Édouard", "PE"),
        ("Newfoundland", "NL"),
        ("Newfoundland & Labrador", "NL"),
        ("Yukon Territory", "YT"),
        ("Colombie Britannique", "BC"),
        ("US-CA", "CA"),
        ("Armed Forces Europe", "AE"),
        ("fm", "FM"),
    ],
)
def test_older_and_french_names_are_known(text, code):
    assert state_of(text) == by_code(code)


@pytest.mark.parametrize("text", ["", "Atlantis", "XX", "US", "US-", "US-ON", "CA-FL", "Floridaa", "12", "🏝"])
def test_other_texts_name_no_state(text):
    assert state_of(text) is None


def test_states_of_their_own_that_the_post_serves_are_not_the_united_states():
    assert {code: by_code(code).jurisdictions for code in ("FM", "MH", "PW")} == {
        "FM": ("FM",),
        "MH": ("MH",),
        "PW": ("PW",),
    }


def test_military_states_have_the_law_of_the_country_and_no_zone():
    for code in ("AA", "AE", "AP"):
        assert by_code(code)[2:] == (("US",), ())


def test_territories_have_a_country_code_of_their_own_and_the_law_of_the_united_states():
    assert territory("PR").jurisdictions == ("US", "US-PR")
    assert territory("US") is None
    assert territory("FL") is None


def test_every_clock_of_a_zip_code_is_one_of_its_state():
    for code, zone in PLACES:
        if zone:
            assert clock(zone) in {clock(other) for other in by_code(code).zones}, (code, zone)


def test_every_state_of_a_zip_code_or_an_area_code_is_known():
    assert all(by_code(code) for code, _ in PLACES)
    for country, state, _ in AREA_CODES.values():
        if state:
            assert by_code(state).country == country


def test_area_codes_that_several_provinces_share_are_named():
    shared = {f"+1{code}" for code, (country, state, _) in AREA_CODES.items() if country in ("US", "CA") and not state}
    assert shared == SHARED.keys()


def test_a_state_with_one_clock_has_one_zone():
    for code in ("NY", "CA", "GA", "IL", "CO", "AB", "NS", "YT", "PR"):
        assert len(by_code(code).zones) == 1
    assert by_code("FL").zones == ("America/Chicago", "America/New_York")
    assert zip_place("33101") == ("FL", "America/New_York")
