"""Postal codes of the United States, Canada and the United Kingdom: where they are, however a list has them."""

import re
from bisect import bisect_right
from enum import Enum, auto
from functools import cache, lru_cache
from typing import NamedTuple

from ami_dialer.domain.states import State, by_code


class Shape(Enum):
    """What a postal code looks like."""

    #: Three or four digits, which is a ZIP code that a spreadsheet has taken the zeros from, or the first half of a
    #: Canadian one. In other countries both are whole codes.
    SHORT = auto()
    #: A ZIP code; other countries have codes of five digits too.
    FIVE = auto()
    #: ZIP+4.
    NINE = auto()
    CANADIAN = auto()
    BRITISH = auto()
    OTHER = auto()


class PostalCode(NamedTuple):
    """What a postal code tells."""

    shape: Shape
    states: tuple[State, ...] = ()
    """States or provinces it is in; several where nobody can tell, none in the United Kingdom."""
    jurisdictions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """All that it may be in."""
    note: str = ""
    """What is wrong with it, for people."""


#: By the first letter (Canada Post, addressing guidelines).
_PROVINCES = {
    "A": "NL",
    "B": "NS",
    "C": "PE",
    "E": "NB",
    **dict.fromkeys("GHJ", "QC"),
    **dict.fromkeys("KLMNP", "ON"),
    "R": "MB",
    "S": "SK",
    "T": "AB",
    "V": "BC",
    "Y": "YT",
}
#: X is for two territories, which the first three tell apart.
_NORTH = {"X0A": "NU", "X0B": "NU", "X0C": "NU", "X0E": "NT", "X0G": "NT", "X1A": "NT"}

#: Where a province has several zones: that of most districts, and the districts that have another one, or two. Clocks
#: of GeoNames' centre of each district, and of its outlying places where these differ: Southampton Island (X0C) and
#: Atikokan (P0T) never have summer time, so they go with one of the two at any time, as does Creston (V0B).
_MOST = {"BC": "America/Vancouver", "NL": "America/St_Johns", "ON": "America/Toronto", "QC": "America/Toronto"}
_DISTRICTS = {
    "A0K": ("America/Halifax", "America/St_Johns"),
    **dict.fromkeys(("A0P", "A0R", "A2V"), ("America/Halifax",)),
    "G0G": ("America/Halifax", "America/Toronto"),
    "G4T": ("America/Halifax",),
    "P0T": ("America/Toronto", "America/Winnipeg"),
    **dict.fromkeys(("P0V", "P0W", "P0X", "P0Y", "P8N", "P8T", "P9A", "P9N"), ("America/Winnipeg",)),
    "S0P": ("America/Regina", "America/Winnipeg"),
    "S9V": ("America/Edmonton",),
    "V0B": ("America/Edmonton", "America/Vancouver"),
    "V0C": ("America/Dawson_Creek", "America/Vancouver"),
    **dict.fromkeys(("V0A", "V1A", "V1C"), ("America/Edmonton",)),
    **dict.fromkeys(("V1G", "V1J"), ("America/Dawson_Creek",)),
    "X0A": ("America/Toronto", "America/Winnipeg"),
    "X0B": ("America/Edmonton",),
    "X0C": ("America/Toronto", "America/Winnipeg"),
}

#: Royal Mail's postcode areas.
_BRITISH_AREAS = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY "
    "G GL GU HA HD HG HP HR HS HU HX IG IP IV KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX "
    "PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF "
    "WN WR WS WV YO ZE"
)
#: Areas in the same form that are not in the United Kingdom.
_DEPENDENCIES = {
    "GX": ("GI", "Europe/Gibraltar"),
    "GY": ("GG", "Europe/Guernsey"),
    "IM": ("IM", "Europe/Isle_of_Man"),
    "JE": ("JE", "Europe/Jersey"),
}

_ZIP = re.compile(r"([0-9]{3,5})(?:\.0*|-)?", re.ASCII)
_ZIP_4 = re.compile(r"([0-9]{3,5})[- ]([0-9]{4})|([0-9]{7,9})(?:\.0*)?", re.ASCII)
#: Never D, F, I, O, Q or U. The first half alone is a district.
_CANADIAN = re.compile(r"([A-Z][0-9][A-Z])[ -]?(?:[0-9][A-Z][0-9])?", re.ASCII)
_NO_CANADIAN_LETTER = re.compile("[DFIOQU]")
_BRITISH = re.compile(r"([A-Z]{1,2})[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{2}", re.ASCII)


@lru_cache(maxsize=2**15)
def read(text: str) -> PostalCode | None:
    """What a list has as postal code: ZIP code, ZIP+4, without leading zeros too (`2134`, `2134.0`). None: blank."""
    written = " ".join(text.strip("'\"=").upper().split())
    if not written.strip("-"):
        return None
    if found := _ZIP.fullmatch(written):
        return _zip(found[1].zfill(5), Shape.FIVE if len(found[1]) == 5 else Shape.SHORT)
    if found := _ZIP_4.fullmatch(written):
        return _zip((found[1] or found[3].zfill(9)[:5]).zfill(5), Shape.NINE)
    if (found := _CANADIAN.fullmatch(written)) and not _NO_CANADIAN_LETTER.search(written):
        return _canadian(found[1], written)
    if found := _BRITISH.fullmatch(written):
        return _british(found[1], written)
    return PostalCode(Shape.OTHER, note=f"{text!r} is no ZIP or postal code")


def _zip(code: str, shape: Shape) -> PostalCode:
    place = zip_place(code)
    if place is None:
        return PostalCode(shape, note=f"ZIP code {code} does not exist")
    state = by_code(place[0])
    assert state is not None, place  # noqa: S101 - a test has been through all of them
    if not place[1]:
        why = "has no known time zone of its own" if state.zones else "is military and has no time zone"
        return PostalCode(shape, (state,), state.jurisdictions, state.zones, f"ZIP code {code} {why}")
    return PostalCode(shape, (state,), state.jurisdictions, (place[1],))


def _canadian(district: str, written: str) -> PostalCode:
    codes = [_PROVINCES.get(district[0], "")]
    if district[0] == "X":
        codes = [_NORTH[district]] if district in _NORTH else ["NT", "NU"]
    provinces = tuple(province for code in codes if (province := by_code(code)))
    if not provinces:
        return PostalCode(Shape.CANADIAN, note=f"postal code {written} does not exist")
    jurisdictions = {name for province in provinces for name in province.jurisdictions}
    usual = {zone for province in provinces for zone in _usual(province)}
    return PostalCode(
        Shape.CANADIAN if len(written) > len(district) else Shape.SHORT,
        provinces,
        tuple(sorted(jurisdictions)),
        _DISTRICTS.get(district) or tuple(sorted(usual)),
    )


def _usual(province: State) -> tuple[str, ...]:
    return (_MOST[province.code],) if province.code in _MOST else province.zones


def _british(area: str, written: str) -> PostalCode:
    if area in _BRITISH_AREAS.split():
        return PostalCode(Shape.BRITISH, (), ("GB",), ("Europe/London",))
    if area in _DEPENDENCIES:
        country, zone = _DEPENDENCIES[area]
        return PostalCode(Shape.BRITISH, (), (country,), (zone,))
    return PostalCode(Shape.BRITISH, note=f"postcode {written} does not exist or has no known time zone")


def zip_place(code: str) -> tuple[str, str] | None:
    """State (as the post writes it) and zone of a ZIP code of five digits; None: there is no such code.

    The zone is empty where the code has none (military) or none is known.
    """
    existing, firsts, places = _table()
    if not existing.get(code[:3], 0) >> int(code[3:]) & 1:
        return None
    return places[bisect_right(firsts, code) - 1]


@cache
def _table() -> tuple[dict[str, int], list[str], list[tuple[str, str]]]:
    """Which exist, by their first three digits; where each span begins; state and zone of the span."""
    from ami_dialer.domain.zip_codes import EXISTING, PLACES

    spans = sorted((span[:5], place) for place, line in PLACES.items() for span in line.split())
    masks = (entry.split("=") for entry in EXISTING.split())
    existing = {beginning: int(mask, 32) for beginning, mask in masks}
    return existing, [first for first, _ in spans], [place for _, place in spans]
