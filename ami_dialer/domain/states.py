"""States, territories and provinces: what people write for them, and their zones.

Names and abbreviations are those of ISO 3166-2 (US, CA), the United States Postal Service (Publication 28, appendix B)
and Canada Post, with older and French ones that lists still have.
"""

import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from ami_dialer.domain.area_codes import AREA_CODES


class State(NamedTuple):
    """A state or territory of the United States, or a province or territory of Canada."""

    country: str
    """ISO 3166 of its numbers, which is a territory's own: Puerto Rico's is `PR`."""
    code: str
    """As the post writes it: `FL`, `ON`, `PR`; `AA`, `AE` and `AP` are the military ones."""
    jurisdictions: tuple[str, ...]
    """ISO 3166: country and subdivision, if it is one (`US`, `US-FL`). Federal law holds in the territories too."""
    zones: tuple[str, ...]
    """All of them, sorted; empty for the military ones."""


_STATES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia; Washington DC",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii; Hawai'i",
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
    "WA": "Washington; Washington State",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
}
_TERRITORIES = {
    "AS": "American Samoa",
    "GU": "Guam",
    "MP": "Northern Mariana Islands; Commonwealth of the Northern Mariana Islands; CNMI",
    "PR": "Puerto Rico",
    "VI": "US Virgin Islands; Virgin Islands; USVI; United States Virgin Islands",
}
_MILITARY = {
    "AA": "Armed Forces Americas",
    "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}
#: States of their own that the United States Postal Service serves.
_ASSOCIATED = {
    "FM": "Micronesia; Federated States of Micronesia",
    "MH": "Marshall Islands",
    "PW": "Palau",
}
_PROVINCES = {
    "AB": "Alberta",
    "BC": "British Columbia; Colombie-Britannique",
    "MB": "Manitoba",
    "NB": "New Brunswick; Nouveau-Brunswick",
    "NL": "Newfoundland and Labrador; Newfoundland; Labrador; Terre-Neuve-et-Labrador; NF",
    "NS": "Nova Scotia; Nouvelle-Écosse",
    "NT": "Northwest Territories; Territoires du Nord-Ouest; NWT",
    "NU": "Nunavut",
    "ON": "Ontario",
    "PE": "Prince Edward Island; Île-du-Prince-Édouard; PEI",
    "QC": "Quebec; Québec; PQ",
    "SK": "Saskatchewan",
    "YT": "Yukon; Yukon Territory",
}
#: Places whose area codes have others beside them or are not in the table. America/Toronto, America/Winnipeg and
#: America/Edmonton show all the clocks of Nunavut; Southampton Island goes with one of the first two at any time.
_ZONES = {
    "CA-NS": ("America/Halifax",),
    "CA-NT": ("America/Edmonton",),
    "CA-NU": ("America/Edmonton", "America/Toronto", "America/Winnipeg"),
    "CA-PE": ("America/Halifax",),
    "CA-YT": ("America/Whitehorse",),
    "FM": ("Pacific/Chuuk", "Pacific/Kosrae", "Pacific/Pohnpei"),
    "MH": ("Pacific/Majuro",),
    "PW": ("Pacific/Palau",),
}
#: Area codes that several share: Nova Scotia and Prince Edward Island, the three territories.
SHARED = {
    "+1782": ("CA-NS", "CA-PE"),
    "+1902": ("CA-NS", "CA-PE"),
    "+1867": ("CA-NT", "CA-NU", "CA-YT"),
}


@lru_cache(maxsize=2**10)
def state_of(text: str) -> State | None:
    """The state or province that a text names: `fl`, `US-FL`, `Florida`, `Québec`; None: it names none."""
    plain = _plain(text)
    if found := _by_name().get(plain):
        return found
    country, _, rest = plain.partition(" ")
    found = _by_name().get(rest)
    return found if found and found.jurisdictions[0] == country.upper() else None


@cache
def territory(country: str) -> State | None:
    """The territory of the United States that has this country code of its own."""
    return by_code(country) if country in _TERRITORIES else None


@cache
def by_code(code: str) -> State | None:
    """The state or province with this code of the post."""
    return _by_name().get(code.lower())


@cache
def states_of(country: str) -> tuple[State, ...]:
    """The states, provinces or territories whose numbers are of this country; none for most countries."""
    return tuple(sorted({state for state in _by_name().values() if state.country == country}))


@lru_cache(maxsize=2**10)
def is_abbreviation(text: str) -> bool:
    """Whether a state is written with two letters, which mean other things in other countries."""
    return len(_plain(text)) <= 2


def _plain(text: str) -> str:
    """In lower case, without accents, full stops, commas and needless spaces: `D. C.` is `dc`."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("-", " ").replace("&", " and "))
    words = "".join(letter for letter in letters if letter.isalnum() or letter.isspace()).split()
    return "".join(words) if all(len(word) == 1 for word in words) else " ".join(words)


@cache
def _by_name() -> dict[str, State]:
    """Each way of writing each of them."""
    found = {}
    for code, names in _STATES.items():
        found[code] = (State("US", code, ("US", f"US-{code}"), _zones("US", code)), names)
    for code, names in _TERRITORIES.items():
        found[code] = (State(code, code, ("US", f"US-{code}"), _zones(code, None)), names)
    for code, names in _MILITARY.items():
        found[code] = (State("US", code, ("US",), ()), names)
    for code, names in _ASSOCIATED.items():
        found[code] = (State(code, code, (code,), _ZONES[code]), names)
    for code, names in _PROVINCES.items():
        found[code] = (State("CA", code, ("CA", f"CA-{code}"), _zones("CA", code)), names)
    return {_plain(name): state for code, (state, names) in found.items() for name in (code, *names.split(";"))}


def _zones(country: str, code: str | None) -> tuple[str, ...]:
    """Of all area codes of a state: docs/area-codes.py puts every ZIP code's clock there."""
    own = _ZONES.get(f"{country}-{code}", ())
    rows = ((other, state, zones) for other, state, zones in AREA_CODES.values())
    return own or tuple(
        sorted({zone for other, state, zones in rows if (other, state) == (country, code) for zone in zones})
    )
