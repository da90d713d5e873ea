"""Whose time and whose law."""

import random
from zoneinfo import available_timezones

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ami_dialer.domain.area_codes import AREA_CODES
from ami_dialer.domain.place import Place, ZoneSource, place_of
from ami_dialer.domain.states import by_code

pytestmark = pytest.mark.unit

EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
NEW_YORK, ORLANDO, TOLL_FREE, TORONTO = "+12125550123", "+14075550123", "+18005550123", "+14165550123"
LONDON, BERLIN, MILAN = "+442079460958", "+4930123456", "+390212345678"
STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
PROVINCES = "AB BC MB NB NL NS NT NU ON PE QC SK YT"


def place(number, zone=None, code=None, state=None, default=None):
    return place_of(number, time_zone=zone, postal_code=code, state=state, default_zone=default)


@pytest.mark.parametrize(
    ("area", "state", "zones"),
    [
        ("423", "TN", (CENTRAL, EAST)),
        ("448", "FL", (CENTRAL, EAST)),
        ("364", "KY", (CENTRAL, EAST)),
        ("689", "FL", (CENTRAL, EAST)),
        ("930", "IN", (CENTRAL, EAST)),
        ("850", "FL", (CENTRAL, EAST)),
        ("986", "ID", ("America/Boise", PACIFIC)),
        ("212", "NY", (EAST,)),
    ],
)
def test_a_number_alone_has_all_zones_of_its_area_code(area, state, zones):
    found = place(f"+1{area}5550123")
    assert found == Place(zones, ZoneSource.NUMBER, "US", ("US", f"US-{state}"))


@pytest.mark.parametrize(
    ("code", "state", "zone"),
    [
        ("32501", "FL", CENTRAL),
        ("83814", "ID", PACIFIC),
        ("79901", "TX", MOUNTAIN),
        ("46402", "IN", CENTRAL),
        ("47708", "IN", CENTRAL),
        ("57701", "SD", MOUNTAIN),
        ("37402", "TN", EAST),
        ("86033", "AZ", MOUNTAIN),
        ("86515", "AZ", MOUNTAIN),
        ("49858", "MI", "America/Menominee"),
        ("02134-1000", "MA", EAST),
        ("2134.0", "MA", EAST),
    ],
)
def test_a_zip_code_tells_the_zone_and_the_law_of_both_states_is_kept(code, state, zone):
    expected = tuple(sorted({"US", "US-NY", f"US-{state}"}))
    clocks = () if zone == EAST else (("US-NY", (EAST,)),)
    assert place(NEW_YORK, code=code) == Place((zone,), ZoneSource.POSTAL_CODE, "US", expected, law_clocks=clocks)


@pytest.mark.parametrize(
    ("known", "clocks", "against"),
    [
        ({"zone": EAST}, (), ()),
        ({"zone": MOUNTAIN}, (("US-FL", (CENTRAL, EAST)),), (ZoneSource.NUMBER,)),
        ({"code": "30301"}, (("US-FL", (CENTRAL, EAST)),), ()),
        ({"code": "32501"}, (), ()),
        ({"zone": PACIFIC, "code": "32501"}, (("US-FL", (CENTRAL,)),), (ZoneSource.POSTAL_CODE, ZoneSource.NUMBER)),
    ],
)
def test_the_law_of_a_state_is_asked_on_the_clock_of_what_points_to_it(known, clocks, against):
    found = place("+18505550123", **known)
    assert found.law_clocks == clocks
    assert found.against == against
    assert bool(against) == any("own time zone" in note for note in found.notes)


def test_the_first_source_that_knows_a_zone_wins():
    every = {"zone": "America/Phoenix", "code": "32501", "state": "CA", "default": "Pacific/Honolulu"}
    order = [
        ("zone", ("America/Phoenix",), ZoneSource.CONTACT),
        ("code", (CENTRAL,), ZoneSource.POSTAL_CODE),
        ("state", (PACIFIC,), ZoneSource.STATE),
        (None, (EAST,), ZoneSource.NUMBER),
    ]
    for name, zones, source in order:
        assert place(NEW_YORK, **every)[:2] == (zones, source)
        every.pop(name, None)
    assert place(TOLL_FREE, default="Pacific/Honolulu")[:2] == (("Pacific/Honolulu",), ZoneSource.DEFAULT)


def test_a_toll_free_number_alone_is_nowhere_but_under_the_law_of_its_country():
    assert place(TOLL_FREE) == Place((), ZoneSource.UNKNOWN, "US", ("US",))


@pytest.mark.parametrize("number", ["+17295550123", "+870773111632", "+80012345678"])
def test_a_number_of_no_country_alone_is_nowhere(number):
    assert place(number) == Place((), ZoneSource.UNKNOWN, "", ())


def test_a_number_of_no_country_is_where_its_zip_code_says():
    assert place("+17295550123", code="37402") == Place((EAST,), ZoneSource.POSTAL_CODE, "", ("US", "US-TN"))


@pytest.mark.parametrize("code", STATES.split())
def test_a_state_of_the_united_states_has_its_zones_or_those_of_a_number_of_it(code):
    zones = by_code(code).zones
    found = place(TOLL_FREE, state=code)
    assert found == Place(zones, ZoneSource.STATE, "US", ("US", f"US-{code}"))
    for area, (_, state, of_number) in AREA_CODES.items():
        if state == code:
            assert place(f"+1{area}5550123", state=code.lower()) == found._replace(zones=of_number), area


@pytest.mark.parametrize("code", PROVINCES.split())
def test_a_province_has_its_zones(code):
    expected = Place(by_code(code).zones, ZoneSource.STATE, "US", ("CA", f"CA-{code}", "US"))
    assert place(TOLL_FREE, state=code) == expected


def test_a_state_with_several_zones_has_all_of_them_for_a_number_from_elsewhere():
    assert place(NEW_YORK, state="florida").zones == (CENTRAL, EAST)
    assert place(ORLANDO, state="Florida").zones == (EAST,)
    assert place("+18675550123", state="NU").zones == ("America/Edmonton", "America/Toronto", "America/Winnipeg")


def test_a_canadian_postal_code_needs_no_help_of_the_number():
    kenora = place(TORONTO, code="P9N 1A1")
    assert kenora == Place(("America/Winnipeg",), ZoneSource.POSTAL_CODE, "CA", ("CA", "CA-ON"))


def test_an_area_code_of_several_provinces_points_to_the_law_of_each():
    assert place("+19025550123").jurisdictions == ("CA", "CA-NS", "CA-PE")
    assert place("+18675550123").jurisdictions == ("CA", "CA-NT", "CA-NU", "CA-YT")


def test_a_territory_has_a_country_of_its_own_and_the_law_of_the_united_states():
    assert place("+17875550123") == Place(("America/Puerto_Rico",), ZoneSource.NUMBER, "PR", ("US", "US-PR"))
    assert place(NEW_YORK, code="00901").jurisdictions == ("US", "US-NY", "US-PR")


def test_a_number_of_florida_keeps_its_law_wherever_its_holder_has_gone():
    assert place(ORLANDO, code="10001") == Place((EAST,), ZoneSource.POSTAL_CODE, "US", ("US", "US-FL", "US-NY"))
    assert place(ORLANDO, zone="Europe/Paris").jurisdictions == ("US", "US-FL")


@pytest.mark.parametrize(
    ("number", "zones", "country"),
    [
        (LONDON, ("Europe/London",), "GB"),
        (BERLIN, ("Europe/Berlin",), "DE"),
        ("+41446681800", ("Europe/Zurich",), "CH"),
    ],
)
def test_other_countries_have_the_zones_of_the_number(number, zones, country):
    assert place(number) == Place(zones, ZoneSource.NUMBER, country, (country,))


def test_a_british_postcode_tells_london_from_the_islands():
    mobile = "+447400123456"
    assert place(mobile, code="sw1a 1aa").zones == ("Europe/London",)
    assert place(mobile, code="JE2 3AB").jurisdictions == ("GB", "JE")


@pytest.mark.parametrize(
    ("number", "code", "state", "zones", "jurisdictions"),
    [
        (LONDON, "10001", None, (EAST,), ("GB", "US", "US-NY")),
        (LONDON, "10001-1234", None, (EAST,), ("GB", "US", "US-NY")),
        (LONDON, None, "FL", (CENTRAL, EAST), ("GB", "US", "US-FL")),
        (BERLIN, None, "Florida", (CENTRAL, EAST), ("DE", "US", "US-FL")),
        (BERLIN, "32501-1234", None, (CENTRAL,), ("DE", "US", "US-FL")),
        (BERLIN, "32501", "FL", (CENTRAL,), ("DE", "US", "US-FL")),
        (BERLIN, "K1A 0B1", None, ("America/Toronto",), ("CA", "CA-ON", "DE")),
        (NEW_YORK, "SW1A 1AA", None, ("Europe/London",), ("GB", "US", "US-NY")),
        (TORONTO, "90210", "CA", (PACIFIC,), ("CA", "CA-ON", "US", "US-CA")),
        ("+390461123456", "38122", "Tennessee", (CENTRAL,), ("IT", "US", "US-TN")),
        ("+6913201234", "96941", None, ("Pacific/Chuuk",), ("FM",)),
    ],
)
def test_who_lives_in_another_country_than_the_number_is_under_the_law_of_both(
    number, code, state, zones, jurisdictions
):
    found = place(number, code=code, state=state)
    assert (found.zones, found.jurisdictions) == (zones, jurisdictions)


@pytest.mark.parametrize(
    ("number", "code", "state"),
    [
        (BERLIN, "10115", None),
        (BERLIN, "10115", "BE"),
        (MILAN, "20121", "MI"),
        ("+390461123456", "38122", "TN"),
        ("+61293744000", "2000", "NSW"),
        ("+61893744000", "6000", "WA"),
        ("+966112345678", "11564-1234", None),
        ("+995322123456", None, "Georgia"),
        (LONDON, "N1C", None),
        (LONDON, None, "Middlesex"),
        (TORONTO, None, "CA"),
    ],
)
def test_what_means_a_place_of_another_country_is_not_taken_for_one_of_the_united_states(number, code, state):
    found = place(number, code=code, state=state)
    assert found._replace(notes=()) == place(number)


@pytest.mark.parametrize(
    ("facts", "notes"),
    [
        ({"zone": "Mars/Olympus"}, ("time zone 'Mars/Olympus' is not known: write one like America/New_York",)),
        ({"zone": "EST"}, ("time zone 'EST' may have summer time or not: write one like America/New_York",)),
        ({"zone": "UTC"}, ("time zone 'UTC' is no place's: write one like America/New_York",)),
        ({"zone": "etc/gmt-5"}, ("time zone 'etc/gmt-5' is no place's: write one like America/New_York",)),
        ({"code": "00000"}, ("ZIP code 00000 does not exist",)),
        ({"code": "nowhere"}, ("'nowhere' is no ZIP or postal code",)),
        ({"code": "09012"}, ("ZIP code 09012 is military and has no time zone",)),
        ({"code": "09012", "state": "AE"}, ("ZIP code 09012 is military and has no time zone",)),
        ({"state": "AE"}, ("AE is military and has no time zone",)),
        ({"state": "Atlantis"}, ("state or province 'Atlantis' is not known",)),
        (
            {"zone": "x", "code": "0", "state": "y"},
            (
                "time zone 'x' is not known: write one like America/New_York",
                "'0' is no ZIP or postal code",
                "state or province 'y' is not known",
            ),
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_the_next_source_asked(facts, notes):
    found = place(NEW_YORK, **facts)
    assert found[:2] == ((EAST,), ZoneSource.NUMBER)
    assert found.notes == notes


def test_a_zip_code_and_a_state_that_contradict_each_other_are_told_and_both_heeded():
    found = place(NEW_YORK, code="32501", state="GA")
    assert found.zones == (CENTRAL,)
    assert found.jurisdictions == ("US", "US-FL", "US-GA", "US-NY")
    assert found.notes == ("the postal code is not in GA",)
    assert place(NEW_YORK, code="32501", state="FL").notes == ()


def test_a_canadian_number_with_the_state_ca_is_told_that_it_was_not_taken_for_california():
    assert place(TORONTO, state="CA").notes == ("state 'CA' was not taken for one: the number is of CA",)


@pytest.mark.parametrize("blank", [None, "", "  ", "-", "N/A", "null", "None", "unknown"])
def test_blanks_say_nothing(blank):
    assert place(NEW_YORK, zone=blank, code=blank, state=blank) == place(NEW_YORK)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("America/Denver", "America/Denver"),
        (" america/denver ", "America/Denver"),
        ("America/Los Angeles", "America/Los_Angeles"),
        ("Asia/Calcutta", "Asia/Kolkata"),
    ],
)
def test_a_zone_of_the_contact_is_read_in_any_case(written, zone):
    assert place(NEW_YORK, zone=written)[:2] == ((zone,), ZoneSource.CONTACT)


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/localtime", "America", "posix/Europe/Paris", "Factory", "MST"])
def test_what_is_no_zone_of_a_place_is_not_taken_for_one(name):
    assert place(NEW_YORK, zone=name).source == ZoneSource.NUMBER


def test_equal_places_are_one_object():
    assert place("+12125550123") is place("+16465550199")
    assert place("+12125550123", code="10001") is place("+12125550123", code="10002-0000")


NUMBERS = [
    phonenumbers.format_number(phonenumbers.example_number_for_type(region, kind), PhoneNumberFormat.E164)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE)
    if phonenumbers.example_number_for_type(region, kind) is not None
]
ZONES = available_timezones()
WRITTEN = (
    st.none()
    | st.text(max_size=10)
    | st.sampled_from(
        [*STATES.split(), *PROVINCES.split(), "Florida", "2134", "32501-1234", "K1A 0B1", "M1 1AE", "EST"]
    )
    | st.from_regex(r"[0-9]{5}", fullmatch=True)
    | st.sampled_from(sorted(ZONES))
)


@given(st.sampled_from(NUMBERS), WRITTEN, WRITTEN, WRITTEN)
def test_whatever_a_contact_has_the_law_of_its_number_is_kept_and_every_zone_exists(number, zone, code, state):
    found = place(number, zone=zone, code=code, state=state)
    alone = place(number)
    assert set(found.zones) <= ZONES
    assert list(found.zones) == sorted(set(found.zones))
    assert set(alone.jurisdictions) <= set(found.jurisdictions)
    assert list(found.jurisdictions) == sorted(set(found.jurisdictions))
    assert found.country == alone.country
    assert (found.source == ZoneSource.UNKNOWN) == (found.zones == ())
    assert found.zones or not alone.zones


def test_more_combinations_than_the_cache_holds_are_answered_alike():
    rng = random.Random(1)
    asked = [(f"+1{rng.choice(('212', '407', '850'))}5550123", f"{rng.randrange(100_000):05}") for _ in range(40_000)]
    before = [place(number, code=code) for number, code in asked[:500]]
    for number, code in asked:
        place(number, code=code)
    assert [place(number, code=code) for number, code in asked[:500]] == before
