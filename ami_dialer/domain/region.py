"""Where a number belongs: country, state or province, candidate zones. phonenumbers and area_codes.py know.

Numbers are ported and mobile phones move: what stands here is where the number was given out, and no more.
"""

from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from ami_dialer.domain import numbering
from ami_dialer.domain.area_codes import AREA_CODES

#: Old names that phonenumbers has for zones, and today's (tz database, file backward). Debian 13 and Ubuntu 24.04 keep
#: the old ones in a package of their own, which is not always there.
NEW_NAMES = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}


class Region(NamedTuple):
    """Where a number belongs."""

    country: str
    """ISO 3166, two letters; empty where the number belongs to no country (+800, satellites)."""
    state: str | None
    """State of the United States or province of Canada (`CA`, `ON`); None where unknown or several."""
    zones: tuple[str, ...]
    """All zones (tz database) that the number may be in, sorted; empty where unknown, and for +1 without a place."""


#: Length of +1 with a number of ten digits. Canada has valid ones of seven too, which begin with no area code.
_NORTH_AMERICAN = 12
_UNKNOWN = Region("", None, ())
_NORTH_AMERICA = {f"+1{code}": Region(*row) for code, row in AREA_CODES.items()}


def region_of(number: str) -> Region:
    """The region of a valid number in E.164, as `normalise` gives it."""
    if (found := _NORTH_AMERICA.get(number[:5])) and len(number) == _NORTH_AMERICAN:
        return found
    code, alike = _beginning(number[1:4])
    if alike is not None:
        return alike
    country, geographic, _ = numbering.place(code, number[1 + len(code) :])
    if geographic is None or code == "1":
        return _region(country, "")
    # As phonenumbers.timezone: a number whose type has no place (mobile, toll-free) has all zones of its country.
    return _region(country, number[1 : 1 + TIMEZONE_LONGEST_PREFIX] if geographic else code)


@lru_cache(maxsize=2**12)
def area_of(number: str) -> str:
    """What all numbers of the same area begin with: `+1212`, `+4420`; "" where a number belongs to no area.

    For numbers in E.164. Where a country's area codes have several lengths, phonenumbers knows them.
    """
    if number.startswith("+1"):
        return number[:5] if number[:5] in _NORTH_AMERICA and len(number) == _NORTH_AMERICAN else ""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    length = phonenumbers.length_of_geographical_area_code(parsed)
    code = f"+{parsed.country_code}"
    return code + phonenumbers.national_significant_number(parsed)[:length] if length else ""


@cache
def zones_of(country: str) -> tuple[str, ...]:
    """Every zone that numbers of a country (ISO 3166) may be in, sorted; countries with one calling code share them."""
    if own := {zone for row in AREA_CODES.values() if row[0] == country for zone in row[2]}:
        return tuple(sorted(own))
    codes = {code for code in map(numbering.calling_code, TIMEZONE_DATA) if code and code != "1"}
    wanted = {code for code in codes if country in numbering.countries(code)}
    zones = {zone for prefix, row in TIMEZONE_DATA.items() if numbering.calling_code(prefix) in wanted for zone in row}
    return tuple(sorted({NEW_NAMES.get(zone, zone) for zone in zones}))


@cache
def _beginning(digits: str) -> tuple[str, Region | None]:
    """The calling code among the first three digits, and the region of all of its numbers where that is one."""
    code = numbering.calling_code(digits)
    if not code:
        return "", _UNKNOWN
    zones = {row for prefix, row in TIMEZONE_DATA.items() if numbering.calling_code(prefix) == code}
    countries = numbering.countries(code)
    return code, _region(countries[0], code) if len(countries) == 1 and len(zones) < 2 else None


@lru_cache(maxsize=2**16)
def _region(country: str, digits: str) -> Region:
    """A country with the zones of the longest beginning of `digits` that has any."""
    beginnings = (digits[:length] for length in range(len(digits), 0, -1))
    zones = next((TIMEZONE_DATA[beginning] for beginning in beginnings if beginning in TIMEZONE_DATA), ())
    return Region(
        "" if country == "001" else country, None, tuple(sorted({NEW_NAMES.get(zone, zone) for zone in zones}))
    )
