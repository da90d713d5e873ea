"""Numbering plans: what phonenumbers' metadata says of calling codes, as patterns compiled once.

`code` is a calling code as text ("1"), `national` the digits behind it, `country` a region of phonenumbers: ISO 3166,
or "001" where the calling code is no country's.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberDesc, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical

_NOTHING = "(?!)"
_CODES = {str(code): countries for code, countries in COUNTRY_CODE_TO_REGION_CODE.items()}
#: Kinds of numbers, in the order in which phonenumbers asks for them.
KINDS = (
    *("premium", "toll_free", "shared_cost", "voip", "personal", "pager", "universal", "voicemail"),
    *("both", "fixed", "mobile"),
)


class Place(NamedTuple):
    """Where a number belongs by its digits."""

    country: str
    geographic: bool | None
    """Whether a number of its kind has a place within the country; None: no kind fits, the number is not valid."""
    kind: str
    """One of KINDS; empty: none fits."""


_NOWHERE = Place("", None, "")


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
    """As phonenumbers.region_code_for_number, is_number_geographical and number_type. Raises KeyError: no code."""
    plans = _plans(code, len(national), national[:4] if code == "1" else "")
    for leading, kinds, places in plans:
        found = kinds.fullmatch(national)
        if len(plans) == 1 or (leading.match(national) if leading else found):
            return places[(found.lastgroup or "") if found else ""]
    return _NOWHERE


def short(code: str, national: str) -> bool:
    """Whether a number that is not valid has too few digits, is a short code, or begins with an emergency number."""
    shortest, longest, emergency = _short(code)
    return (
        len(national) < shortest
        or emergency.match(national) is not None
        or (len(national) <= longest and phonenumbers.is_valid_short_number(PhoneNumber(int(code), int(national))))
    )


@cache
def _short(code: str) -> tuple[int, int, re.Pattern[str]]:
    """Fewest digits of a number, most digits of a short code, and what emergency numbers look like."""
    ordinary = [_metadata(code, country).general_desc for country in countries(code)]
    known = [PhoneMetadata.short_metadata_for_region(country) for country in countries(code)]
    emergency = [one.emergency.national_number_pattern or _NOTHING for one in known if one and one.emergency]
    return (
        min(length for one in ordinary if one for length in one.possible_length),
        max(
            (length for one in known if one and one.general_desc for length in one.general_desc.possible_length),
            default=0,
        ),
        compiled("|".join(f"(?:{pattern})" for pattern in dict.fromkeys(emergency))),
    )


@cache
def _plans(
    code: str, length: int, begins: str
) -> list[tuple[re.Pattern[str] | None, re.Pattern[str], dict[str, Place]]]:
    """Of each country: what its numbers begin with where that decides, the kinds of its numbers, a place for each.

    `begins`: the first four digits in +1, which tell all of its 25 countries but two from each other; elsewhere empty.
    """
    plans = []
    for country in countries(code):
        leading, kinds, places = _plan(code, country, length)
        if not begins or leading is None or leading.match(begins):
            plans.append((leading, kinds, places))
    return plans


@cache
def _plan(code: str, country: str, length: int) -> tuple[re.Pattern[str] | None, re.Pattern[str], dict[str, Place]]:
    metadata = _metadata(code, country)
    leading = _leading(code, metadata)
    geographic: dict[str, bool | None] = dict.fromkeys(KINDS, False)
    geographic |= {"fixed": True, "both": True, "": None}
    geographic["mobile"] = is_number_type_geographical(PhoneNumberType.MOBILE, int(code))
    return (
        compiled(leading) if leading else None,
        compiled(_fits(metadata, length, named=True)),
        {kind: Place(country, geographic[kind], kind) for kind in geographic},
    )


def _leading(code: str, metadata: PhoneMetadata) -> str:
    """What tells the country where several share a calling code; most have nothing but the patterns of their types."""
    return f"(?:{metadata.leading_digits})" if metadata.leading_digits and len(countries(code)) > 1 else ""


def _fits(metadata: PhoneMetadata, length: int, *, named: bool = False) -> str:
    """Matches what has a kind in one country, in phonenumbers' order: also the general description must fit."""
    others = [
        *(metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip, metadata.personal_number),
        *(metadata.pager, metadata.uan, metadata.voicemail),
    ]
    mobile = None if metadata.same_mobile_and_fixed_line_pattern else metadata.mobile
    general, fixed, moving, *rest = (
        _described(kind, length) for kind in (metadata.general_desc, metadata.fixed_line, mobile, *others)
    )
    both = fixed if metadata.same_mobile_and_fixed_line_pattern else rf"(?=(?:{moving})\Z)(?:{fixed})"
    kinds: dict[str, str] = {}
    for kind, pattern in zip(KINDS, (*rest, both if named else _NOTHING, fixed, moving), strict=True):
        if _NOTHING not in pattern:
            kinds.setdefault(pattern, f"?P<{kind}>" if named else "?:")
    any_kind = "|".join(f"({group}{pattern})" for pattern, group in kinds.items())
    return rf"(?=(?:{general})\Z)(?:{any_kind or _NOTHING})"


def _described(kind: PhoneNumberDesc | None, length: int) -> str:
    if kind is None or not kind.national_number_pattern:
        return _NOTHING
    return kind.national_number_pattern if length in (kind.possible_length or (length,)) else _NOTHING


def _metadata(code: str, country: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), country)
    if metadata is None:
        raise KeyError(country)  # phonenumbers has metadata for each of its regions
    return metadata
