"""Where a number belongs."""

import random
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from ami_dialer.domain.area_codes import AREA_CODES
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.domain.region import NEW_NAMES, Region, region_of

pytestmark = pytest.mark.unit
#: phonenumbers has another clock for these; the area codes on the same ground know better.
BETTER_KNOWN = {"474", "879"}
#: How many phonenumbers has for a number of +1 without a place.
ALL_ZONES = 40

EXAMPLES = sorted(
    {
        phonenumbers.format_number(example, PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in PhoneNumberType.values()
        if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    }
    | {
        phonenumbers.format_number(phonenumbers.example_number_for_non_geo_entity(code), PhoneNumberFormat.E164)
        for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    }
)


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+12125550123", Region("US", "NY", ("America/New_York",))),
        ("+14165550123", Region("CA", "ON", ("America/Toronto",))),
        ("+17875550123", Region("PR", None, ("America/Puerto_Rico",))),
        ("+18765550123", Region("JM", None, ("America/Jamaica",))),
        ("+18005550123", Region("US", None, ())),
        ("+17295550123", Region("", None, ())),
        ("+13101234", Region("CA", None, ())),
        ("+4930123456", Region("DE", None, ("Europe/Berlin",))),
        ("+911123456789", Region("IN", None, ("Asia/Kolkata",))),
        ("+61891234567", Region("AU", None, ("Australia/Perth",))),
        ("+77172123456", Region("KZ", None, ("Asia/Almaty",))),
        ("+80012345678", Region("", None, ())),
        ("+870773111632", Region("", None, ())),
    ],
)
def test_a_number_has_a_country_a_state_and_zones(number, region):
    found = region_of(number)
    assert found[:2] == region[:2]
    assert set(region.zones) <= set(found.zones)
    assert bool(region.zones) == bool(found.zones)


def test_a_mobile_number_has_all_zones_of_its_country():
    assert {"Australia/Perth", "Australia/Sydney"} <= set(region_of("+61412345678").zones)


def numbers():
    """The examples of every country, and those with some digits changed that are valid too."""
    rng = random.Random(5)
    for example in EXAMPLES:
        yield example
        for _ in range(15):
            place = rng.randrange(2, len(example))
            changed = example[:place] + str(rng.randrange(10)) + example[place + 1 :]
            try:
                yield normalise(changed, "US")
            except NotANumberError:
                continue


def test_country_and_zones_are_those_of_phonenumbers():
    for number in numbers():
        parsed = phonenumbers.parse(number)
        found = region_of(number)
        country = phonenumbers.region_code_for_number(parsed)
        assert found.country == (country if country != "001" else ""), number
        if not number.startswith("+1"):
            zones = set(timezone.time_zones_for_number(parsed)) - {timezone.UNKNOWN_TIMEZONE}
            assert found.zones == tuple(sorted({NEW_NAMES.get(zone, zone) for zone in zones})), number


def test_every_zone_goes_by_its_name_of_today():
    file = next(file for folder in TZPATH if (file := Path(folder, "zone.tab")).exists())
    lines = file.read_text(encoding="utf-8").splitlines()
    today = {line.split("\t")[2] for line in lines if not line.startswith("#")}
    zones = {zone for row in TIMEZONE_DATA.values() for zone in row} | {
        zone for *_, row in AREA_CODES.values() for zone in row
    }
    assert {NEW_NAMES.get(zone, zone) for zone in zones} <= today


def clock(zone):
    return tuple(datetime(2027, month, 15, 12, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() for month in (1, 7))


def test_numbers_of_north_america_have_the_country_and_among_others_the_clock_of_phonenumbers():
    rng = random.Random(6)
    for _ in range(20_000):
        number = f"+1{rng.randrange(2000000000, 10000000000)}"
        parsed = phonenumbers.parse(number)
        if not phonenumbers.is_valid_number(parsed):
            continue
        found = region_of(number)
        assert found.country == phonenumbers.region_code_for_number(parsed)
        zones = timezone.time_zones_for_number(parsed)
        if number[2:5] not in AREA_CODES:
            assert found == (found.country, None, ())
        elif number[2:5] not in BETTER_KNOWN and len(zones) < ALL_ZONES:
            assert {clock(zone) for zone in zones} <= {clock(zone) for zone in found.zones}, number
