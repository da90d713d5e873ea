"""Where a number belongs: country, state or province, candidate zones. phonenumbers and area_codes.py know.

Numbers are ported and mobile phones move: what stands here is where the number was given out, and no more.
"""

from functools import cache
from typing import NamedTuple

from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from ami_dialer.domain import numbering
from ami_dialer.domain.area_codes import AREA_CODES


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
    digits = number[1:]
    code = numbering.calling_code(digits)
    if not code:
        return _UNKNOWN
    return _alike(code) or _single(code, digits)


@cache
def _alike(code: str) -> Region | None:
    """The region of every number of a calling code, where that is one."""
    countries = numbering.countries(code)
    zones = {row for prefix, row in TIMEZONE_DATA.items() if numbering.calling_code(prefix) == code}
    return _region(countries[0], next(iter(zones), ())) if len(countries) == 1 and len(zones) < 2 else None


def _single(code: str, digits: str) -> Region:
    """As phonenumbers.timezone: a number whose type has no place (mobile, toll-free) has all zones of its country."""
    country, geographic = numbering.place(code, digits[len(code) :])
    if geographic is None or code == "1":
        return _region(country, ())
    return _region(country, _zones(digits[:TIMEZONE_LONGEST_PREFIX] if geographic else code))


@cache
def _region(country: str, zones: tuple[str, ...]) -> Region:
    return Region("" if country == "001" else country, None, tuple(sorted(zones)))


@cache
def _zones(digits: str) -> tuple[str, ...]:
    for length in range(len(digits), 0, -1):
        if (zones := TIMEZONE_DATA.get(digits[:length])) is not None:
            return zones
    return ()
