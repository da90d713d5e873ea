"""Numbering plans: what phonenumbers' metadata says of calling codes, as patterns compiled once.

`code` is a calling code as text ("1"), `national` the digits behind it, `country` a region of phonenumbers: ISO 3166,
or "001" where the calling code is no country's.
"""

import re
from functools import cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical

_NOTHING = "(?!)"
_CODES = {str(code): countries for code, countries in COUNTRY_CODE_TO_REGION_CODE.items()}


class Place(NamedTuple):
    """Where a number belongs by its digits."""

    country: str
    geographic: bool | None
    """Whether a number of its type has a place within the country; None: no type fits, the number is not valid."""


_NOWHERE = Place("", None)


def calling_code(digits: str) -> str:
    """The calling code that the digits begin with; empty where they begin with none. No code begins another."""
    for length in (1, 2, 3):
        if digits[:length] in _CODES:
            return digits[:length]
    return ""


def countries(code: str) -> tuple[str, ...]:
    """The countries of a calling code, the main one first."""
    return _CODES[code]


def compiled(pattern: str | None) -> re.Pattern[str]:
    """A pattern of the metadata; none matches nothing."""
    return re.compile(pattern or _NOTHING, re.ASCII)


@cache
def national_prefix(code: str) -> re.Pattern[str]:
    """What phonenumbers may take off a number behind a calling code: as in the code's main country."""
    return compiled(_metadata(code, countries(code)[0]).national_prefix_for_parsing)


@cache
def valid(code: str, length: int) -> re.Pattern[str]:
    """Matches the valid national numbers of `length` digits, as phonenumbers.is_valid_number."""
    pattern = _NOTHING
    for country in reversed(countries(code)):
        metadata = _metadata(code, country)
        fits = _fits(metadata, length)
        leading = _leading(code, metadata)
        pattern = f"(?={leading}){fits}|(?!{leading})(?:{pattern})" if leading else f"{fits}|{pattern}"
    return compiled(f"(?:{pattern})")


def place(code: str, national: str) -> Place:
    """As phonenumbers.region_code_for_number and is_number_geographical. Raises KeyError: no calling code."""
    plans = _plans(code, len(national))
    for leading, types, places in plans:
        found = types.fullmatch(national)
        if len(plans) == 1 or (leading.match(national) if leading else found):
            return places[(found.lastgroup or "other") if found else "none"]
    return _NOWHERE


@cache
def _plans(code: str, length: int) -> list[tuple[re.Pattern[str] | None, re.Pattern[str], dict[str, Place]]]:
    """Of each country: what its numbers begin with where that decides, the types of its numbers, a place for each."""
    mobile = is_number_type_geographical(PhoneNumberType.MOBILE, int(code))
    types = {"fixed": True, "mobile": mobile, "other": False, "none": None}
    plans = []
    for country in countries(code):
        metadata = _metadata(code, country)
        leading = _leading(code, metadata)
        fits = compiled(_fits(metadata, length, named=True))
        places = {name: Place(country, geographic) for name, geographic in types.items()}
        plans.append((compiled(leading) if leading else None, fits, places))
    return plans


def _leading(code: str, metadata: PhoneMetadata) -> str:
    """What tells the country where several share a calling code; most have nothing but the patterns of their types."""
    return f"(?:{metadata.leading_digits})" if metadata.leading_digits and len(countries(code)) > 1 else ""


def _fits(metadata: PhoneMetadata, length: int, *, named: bool = False) -> str:
    """Matches what has a type in one country, in phonenumbers' order: also the general description must fit."""
    others = [
        *(metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip, metadata.personal_number),
        *(metadata.pager, metadata.uan, metadata.voicemail),
    ]
    mobile = None if metadata.same_mobile_and_fixed_line_pattern else metadata.mobile
    general, fixed, moving, *rest = (
        _described(kind, length) for kind in (metadata.general_desc, metadata.fixed_line, mobile, *others)
    )
    other = "|".join(f"(?:{pattern})" for pattern in dict.fromkeys(rest))
    names = ("?P<fixed>", "?P<mobile>") if named else ("?:", "?:")
    return rf"(?=(?:{general})\Z)(?:{other}|({names[0]}{fixed})|({names[1]}{moving}))"


def _described(kind: PhoneNumberDesc | None, length: int) -> str:
    if kind is None or not kind.national_number_pattern:
        return _NOTHING
    return kind.national_number_pattern if length in (kind.possible_length or (length,)) else _NOTHING


def _metadata(code: str, country: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), country)
    if metadata is None:
        raise KeyError(country)  # phonenumbers has metadata for each of its regions
    return metadata
