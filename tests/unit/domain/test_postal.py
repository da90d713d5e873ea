"""Postal codes as lists have them."""

import runpy

import pytest
import zipcodes
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.postal import PostalCode, Shape, read, zip_place
from ami_dialer.domain.states import by_code
from tests.architecture.source import ROOT

pytestmark = pytest.mark.unit

EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
SCRIPT = runpy.run_path(str(ROOT / "docs/zip-codes.py"))


def test_the_table_is_what_the_library_says_now():
    assert SCRIPT["FILE"].read_text(encoding="utf-8") == SCRIPT["text"](), "run `make zip-codes`"


def test_each_zip_code_has_the_state_and_zone_of_the_library_and_no_others_exist():
    places = SCRIPT["places"]()
    assert {code: place for number in range(100_000) if (place := zip_place(code := f"{number:05}"))} == places
    for row in zipcodes.list_all():
        state, zone = places[row["zip_code"]]
        assert state == row["state"]
        assert zone in (row["timezone"], "") or row["zip_code"] in SCRIPT["CORRECTIONS"]


@pytest.mark.parametrize(
    ("code", "town", "state", "zone"),
    [
        ("32501", "Pensacola", "FL", CENTRAL),
        ("32301", "Tallahassee", "FL", EAST),
        ("83814", "Coeur d'Alene", "ID", PACIFIC),
        ("83702", "Boise", "ID", "America/Boise"),
        ("79901", "El Paso", "TX", MOUNTAIN),
        ("46402", "Gary", "IN", CENTRAL),
        ("47708", "Evansville", "IN", CENTRAL),
        ("57701", "Rapid City", "SD", MOUNTAIN),
        ("57104", "Sioux Falls", "SD", CENTRAL),
        ("37402", "Chattanooga", "TN", EAST),
        ("37203", "Nashville", "TN", CENTRAL),
        ("86033", "Kayenta", "AZ", MOUNTAIN),
        ("86515", "Window Rock", "AZ", MOUNTAIN),
        ("85001", "Phoenix", "AZ", "America/Phoenix"),
        ("49858", "Menominee", "MI", "America/Menominee"),
        ("48201", "Detroit", "MI", "America/Detroit"),
        ("89883", "West Wendover", "NV", MOUNTAIN),
        ("97914", "Ontario", "OR", "America/Boise"),
        ("00901", "San Juan", "PR", "America/Puerto_Rico"),
        ("96910", "Hagatna", "GU", "Pacific/Guam"),
    ],
)
def test_hard_cases_of_zip_codes(code, town, state, zone):
    assert zip_place(code) == (state, zone), town


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("02134", Shape.FIVE),
        (" 02134 ", Shape.FIVE),
        ("'02134", Shape.FIVE),
        ('="02134"', Shape.FIVE),
        ("02134-", Shape.FIVE),
        ("2134", Shape.SHORT),
        ("2134.0", Shape.SHORT),
        ("2134.", Shape.SHORT),
        ("02134-1234", Shape.NINE),
        ("02134 1234", Shape.NINE),
        ("2134-1234", Shape.NINE),
        ("021341234", Shape.NINE),
        ("21341234", Shape.NINE),
        ("21341234.0", Shape.NINE),
    ],
)
def test_a_zip_code_is_read_as_spreadsheets_write_it(text, shape):
    assert read(text) == PostalCode(shape, (by_code("MA"),), ("US", "US-MA"), (EAST,))


def test_two_leading_zeros_may_be_lost():
    assert read("501") == PostalCode(Shape.SHORT, (by_code("NY"),), ("US", "US-NY"), (EAST,))


@pytest.mark.parametrize(("text", "code"), [("00000", "00000"), ("99999-0000", "99999"), ("201", "00201")])
def test_a_zip_code_that_does_not_exist_says_so(text, code):
    assert read(text)[1:] == ((), (), (), f"ZIP code {code} does not exist")


def test_a_military_zip_code_has_no_zone():
    assert read("09012")[1:] == ((by_code("AE"),), ("US",), (), "ZIP code 09012 is military and has no time zone")


def test_a_zip_code_whose_zone_is_not_known_has_those_of_its_state():
    found = read("99634")  # the library says Napakiak
    assert found.zones == by_code("AK").zones
    assert found.note == "ZIP code 99634 has no known time zone of its own"


@pytest.mark.parametrize(
    ("text", "provinces", "zones"),
    [
        ("A1C 1A1", ["NL"], ("America/St_Johns",)),
        ("A0K 1A0", ["NL"], ("America/Halifax", "America/St_Johns")),
        ("A0P 1A0", ["NL"], ("America/Halifax",)),
        ("B3H 1A1", ["NS"], ("America/Halifax",)),
        ("C1A 1A1", ["PE"], ("America/Halifax",)),
        ("E1A 1A1", ["NB"], ("America/Halifax",)),
        ("G1A 1A1", ["QC"], ("America/Toronto",)),
        ("G4T 1A1", ["QC"], ("America/Halifax",)),
        ("H2X 1A1", ["QC"], ("America/Toronto",)),
        ("J4B 1A1", ["QC"], ("America/Toronto",)),
        ("K1A 0B1", ["ON"], ("America/Toronto",)),
        ("L5A 1A1", ["ON"], ("America/Toronto",)),
        ("M5V 1A1", ["ON"], ("America/Toronto",)),
        ("N6A 1A1", ["ON"], ("America/Toronto",)),
        ("P7B 1A1", ["ON"], ("America/Toronto",)),
        ("P9N 1A1", ["ON"], ("America/Winnipeg",)),
        ("P0T 1C0", ["ON"], ("America/Toronto", "America/Winnipeg")),
        ("R3C 1A1", ["MB"], ("America/Winnipeg",)),
        ("S4P 1A1", ["SK"], ("America/Regina",)),
        ("S9V 1A1", ["SK"], ("America/Edmonton",)),
        ("T5J 1A1", ["AB"], ("America/Edmonton",)),
        ("V6B 1A1", ["BC"], ("America/Vancouver",)),
        ("V1C 1A1", ["BC"], ("America/Edmonton",)),
        ("V1G 1A1", ["BC"], ("America/Dawson_Creek",)),
        ("X0A 0H0", ["NU"], ("America/Toronto", "America/Winnipeg")),
        ("X0B 0C0", ["NU"], ("America/Edmonton",)),
        ("X1A 1A1", ["NT"], ("America/Edmonton",)),
        ("X9A 1A1", ["NT", "NU"], ("America/Edmonton", "America/Toronto", "America/Winnipeg")),
        ("Y1A 1A1", ["YT"], ("America/Whitehorse",)),
    ],
)
def test_a_canadian_postal_code_tells_the_province_and_zones(text, provinces, zones):
    found = read(text)
    assert found.states == tuple(map(by_code, provinces))
    assert found.jurisdictions == ("CA", *(f"CA-{code}" for code in provinces))
    assert found.zones == zones
    assert found.shape == Shape.CANADIAN
    for written in (text.lower(), text.replace(" ", ""), text.replace(" ", "-"), f"  {text}  "):
        assert read(written) == found
    assert read(text[:3]) == found._replace(shape=Shape.SHORT)


@pytest.mark.parametrize("text", ["W1A 1A1", "Z1A 1A1"])
def test_a_canadian_postal_code_that_no_province_has_does_not_exist(text):
    assert read(text)[1:] == ((), (), (), f"postal code {text} does not exist")


@pytest.mark.parametrize(
    ("text", "country", "zone"),
    [
        ("SW1A 1AA", "GB", "Europe/London"),
        ("sw1a1aa", "GB", "Europe/London"),
        ("M1 1AE", "GB", "Europe/London"),
        ("B33 8TH", "GB", "Europe/London"),
        ("CR2 6XH", "GB", "Europe/London"),
        ("DN55 1PT", "GB", "Europe/London"),
        ("BT1 5GS", "GB", "Europe/London"),
        ("JE2 3AB", "JE", "Europe/Jersey"),
        ("GY1 1AA", "GG", "Europe/Guernsey"),
        ("IM1 1AA", "IM", "Europe/Isle_of_Man"),
        ("GX11 1AA", "GI", "Europe/Gibraltar"),
    ],
)
def test_a_postcode_of_the_united_kingdom_and_the_islands_tells_country_and_zone(text, country, zone):
    assert read(text) == PostalCode(Shape.BRITISH, (), (country,), (zone,))


@pytest.mark.parametrize("text", ["BF1 2AT", "QQ1 1AA"])
def test_a_postcode_without_a_place_has_no_zone(text):
    assert read(text).zones == ()
    assert text in read(text).note


@pytest.mark.parametrize("text", ["", "  ", "-", "'", '=""'])
def test_blanks_are_no_postal_codes(text):
    assert read(text) is None


@pytest.mark.parametrize(
    "text", ["abc", "12", "1234567890", "D02 AF30", "K1O 1A1", "75008 Paris", "\N{FULLWIDTH DIGIT TWO}1345", "1e5"]
)
def test_other_texts_are_told_as_what_they_are(text):
    assert read(text) == PostalCode(Shape.OTHER, note=f"{text!r} is no ZIP or postal code")


@given(st.text(max_size=12) | st.from_regex(r"[A-Za-z0-9 .-]{1,11}", fullmatch=True))
def test_whatever_stands_there_is_read(text):
    found = read(text)
    assert found is None or found.zones or found.note
