"""Where people are, from tables written by hand: nothing of `domain/place.py`, of its tables or of phonenumbers.

Few area codes, states and codes of the post, each looked up in public ones. The random worlds use no others.
"""

from typing import NamedTuple

EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
ALASKA, ALEUTIAN, HAWAII, ARIZONA = "America/Anchorage", "America/Adak", "Pacific/Honolulu", "America/Phoenix"
ISLANDS, BOISE = "America/Puerto_Rico", "America/Boise"
TORONTO, WINNIPEG, ALBERTA, VANCOUVER = "America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver"
HALIFAX, ST_JOHNS, SASKATCHEWAN, YUKON = "America/Halifax", "America/St_Johns", "America/Regina", "America/Whitehorse"
LONDON = "Europe/London"

#: Area code: country, states, every clock that somebody may live by there.
AREAS = {
    "202": ("US", "DC", (EAST,)),
    "203": ("US", "CT", (EAST,)),
    "205": ("US", "AL", (CENTRAL,)),
    "206": ("US", "WA", (PACIFIC,)),
    "208": ("US", "ID", (MOUNTAIN, PACIFIC)),
    "212": ("US", "NY", (EAST,)),
    "213": ("US", "CA", (PACIFIC,)),
    "214": ("US", "TX", (CENTRAL,)),
    "215": ("US", "PA", (EAST,)),
    "303": ("US", "CO", (MOUNTAIN,)),
    "305": ("US", "FL", (EAST,)),
    "307": ("US", "WY", (MOUNTAIN,)),
    "312": ("US", "IL", (CENTRAL,)),
    "364": ("US", "KY", (CENTRAL, EAST)),
    "401": ("US", "RI", (EAST,)),
    "405": ("US", "OK", (CENTRAL,)),
    "410": ("US", "MD", (EAST,)),
    "423": ("US", "TN", (EAST, CENTRAL)),
    "448": ("US", "FL", (CENTRAL, EAST)),
    "504": ("US", "LA", (CENTRAL,)),
    "505": ("US", "NM", (MOUNTAIN,)),
    "541": ("US", "OR", (PACIFIC, MOUNTAIN)),
    "601": ("US", "MS", (CENTRAL,)),
    "602": ("US", "AZ", (ARIZONA,)),
    "605": ("US", "SD", (CENTRAL, MOUNTAIN)),
    "615": ("US", "TN", (CENTRAL,)),
    "617": ("US", "MA", (EAST,)),
    "701": ("US", "ND", (CENTRAL, MOUNTAIN)),
    "702": ("US", "NV", (PACIFIC,)),
    "801": ("US", "UT", (MOUNTAIN,)),
    "808": ("US", "HI", (HAWAII,)),
    "850": ("US", "FL", (CENTRAL, EAST)),
    "906": ("US", "MI", (EAST, CENTRAL)),
    "907": ("US", "AK", (ALASKA, ALEUTIAN, HAWAII)),
    "928": ("US", "AZ", (ARIZONA, MOUNTAIN)),
    "930": ("US", "IN", (EAST, CENTRAL)),
    "340": ("VI", "VI", (ISLANDS,)),
    "671": ("GU", "GU", ("Pacific/Guam",)),
    "787": ("PR", "PR", (ISLANDS,)),
    "204": ("CA", "MB", (WINNIPEG,)),
    "250": ("CA", "BC", (VANCOUVER, ALBERTA)),
    "306": ("CA", "SK", (SASKATCHEWAN,)),
    "403": ("CA", "AB", (ALBERTA,)),
    "416": ("CA", "ON", (TORONTO,)),
    "514": ("CA", "QC", (TORONTO,)),
    "604": ("CA", "BC", (VANCOUVER,)),
    "709": ("CA", "NL", (ST_JOHNS, HALIFAX)),
    "807": ("CA", "ON", (TORONTO, WINNIPEG)),
    "867": ("CA", "NT NU YT", (YUKON, VANCOUVER, ALBERTA, WINNIPEG, TORONTO)),
    "902": ("CA", "NS PE", (HALIFAX,)),
}
#: State as lists write it: jurisdictions, every clock of the state.
STATES = {
    "AK": ("US US-AK", (ALASKA, ALEUTIAN, HAWAII)),
    "AL": ("US US-AL", (CENTRAL,)),
    "AZ": ("US US-AZ", (ARIZONA, MOUNTAIN)),
    "CA": ("US US-CA", (PACIFIC,)),
    "Florida": ("US US-FL", (EAST, CENTRAL)),
    "FL": ("US US-FL", (EAST, CENTRAL)),
    "HI": ("US US-HI", (HAWAII,)),
    "ID": ("US US-ID", (MOUNTAIN, PACIFIC)),
    "IN": ("US US-IN", (EAST, CENTRAL)),
    "KY": ("US US-KY", (EAST, CENTRAL)),
    "LA": ("US US-LA", (CENTRAL,)),
    "MD": ("US US-MD", (EAST,)),
    "MI": ("US US-MI", (EAST, CENTRAL)),
    "NY": ("US US-NY", (EAST,)),
    "OR": ("US US-OR", (PACIFIC, MOUNTAIN)),
    "PR": ("US US-PR", (ISLANDS,)),
    "SD": ("US US-SD", (CENTRAL, MOUNTAIN)),
    "TN": ("US US-TN", (EAST, CENTRAL)),
    "tx": ("US US-TX", (CENTRAL, MOUNTAIN)),
    "TX": ("US US-TX", (CENTRAL, MOUNTAIN)),
    "Utah": ("US US-UT", (MOUNTAIN,)),
    "WA": ("US US-WA", (PACIFIC,)),
    "AB": ("CA CA-AB", (ALBERTA,)),
    "NL": ("CA CA-NL", (ST_JOHNS, HALIFAX)),
    "ON": ("CA CA-ON", (TORONTO, WINNIPEG)),
    "Québec": ("CA CA-QC", (TORONTO, HALIFAX)),
    "SK": ("CA CA-SK", (SASKATCHEWAN,)),
    "AE": ("US", ()),
    "Atlantis": ("", ()),
}
#: Code of the post: jurisdictions, its clock; nothing for those that do not exist.
CODES = {
    "10001": ("US US-NY", (EAST,)),
    "33101": ("US US-FL", (EAST,)),
    "32401": ("US US-FL", (CENTRAL,)),
    "32401-1234": ("US US-FL", (CENTRAL,)),
    "37402": ("US US-TN", (EAST,)),
    "37203": ("US US-TN", (CENTRAL,)),
    "47708": ("US US-IN", (CENTRAL,)),
    "60601": ("US US-IL", (CENTRAL,)),
    "73102": ("US US-OK", (CENTRAL,)),
    "75201": ("US US-TX", (CENTRAL,)),
    "79901": ("US US-TX", (MOUNTAIN,)),
    "80202": ("US US-CO", (MOUNTAIN,)),
    "84101": ("US US-UT", (MOUNTAIN,)),
    "85001": ("US US-AZ", (ARIZONA,)),
    "86515": ("US US-AZ", (MOUNTAIN,)),
    "90012": ("US US-CA", (PACIFIC,)),
    "97914": ("US US-OR", (MOUNTAIN,)),
    "96813": ("US US-HI", (HAWAII,)),
    "99501": ("US US-AK", (ALASKA,)),
    "99546": ("US US-AK", (ALEUTIAN,)),
    "2108": ("US US-MA", (EAST,)),
    "00901": ("US US-PR", (ISLANDS,)),
    "M5V 2T6": ("CA CA-ON", (TORONTO,)),
    "A1A 1A1": ("CA CA-NL", (ST_JOHNS,)),
    "S4P 3Y2": ("CA CA-SK", (SASKATCHEWAN,)),
    "SW1A 1AA": ("GB", (LONDON,)),
    "00000": ("", ()),
    "ABCDE": ("", ()),
}
#: A contact's own zone as lists write it; what is not a zone is passed over.
OWN = {
    "America/New_York": EAST,
    "america/los_angeles": PACIFIC,
    "Pacific/Honolulu": HAWAII,
    "US/Central": CENTRAL,
    "Asia/Kathmandu": "Asia/Kathmandu",
    "Middle/Earth": None,
}


#: Clocks that show the same by other names.
ALIKE = {TORONTO: EAST, WINNIPEG: CENTRAL, ALBERTA: MOUNTAIN, BOISE: MOUNTAIN, VANCOUVER: PACIFIC}


class Found(NamedTuple):
    """What a verdict wants of a place."""

    zones: tuple[str, ...]
    source: str
    country: str
    jurisdictions: tuple[str, ...]
    #: States whose law is asked on further clocks.
    law_clocks: tuple[tuple[str, tuple[str, ...]], ...]


def of(number: str, own: str | None, code: str | None, state: str | None) -> Found:
    """The place of a number of these worlds, by the words of the documentation: zone, code, state, number."""
    country, law, zones = of_number(number)
    american = number.startswith("+1")
    law = set(law)
    code_law, code_zones = CODES[code] if code else ("", ())
    if code_law.startswith("US") and not american and len(code) < 5:
        code_law, code_zones = "", ()  # half a code means nothing abroad
    state_law, state_zones = STATES[state] if state and (state, country) != ("CA", "CA") else ("", ())
    if len(state_zones) > 1 and state_law.split()[-1] in law:  # which part of the state the number tells
        state_zones = [zone for zone in state_zones if zone in zones] or state_zones
    law |= {*code_law.split(), *state_law.split()}
    zone = OWN.get(own, own)  # an import may have put its name right
    candidates = [
        ("time zone of the contact", (zone,) if zone else ()),
        ("postal code", code_zones),
        ("state or province", state_zones),
        ("number", zones),
    ]
    source, found = next(((source, found) for source, found in candidates if found), ("unknown", ()))
    pointing = candidates[1:]
    words = (code_law, state_law, " ".join(of_number(number)[1]))
    clocks = {}
    for (name, there), where in reversed(list(zip(pointing, words, strict=True))):
        clocks |= {each: (name, there) for each in where.split() if "-" in each and there}
    here = {ALIKE.get(one, one) for one in found}
    further = {}
    for each, (name, there) in clocks.items():
        in_state = {ALIKE.get(one, one) for one in there}
        # A contact's own zone tells which part of the state they are in, if it is one of the state's.
        if name != source and not (source == "time zone of the contact" and here <= in_state):
            further[each] = tuple(there)
    return Found(tuple(found), source, country, tuple(law), tuple(further.items()))


def of_number(number: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Country, jurisdictions and clocks of a number."""
    if number.startswith("+44"):
        return "GB", ("GB",), (LONDON,)
    if number[2:5] in ("800", "900"):
        return "US", ("US",), ()
    country, states, zones = AREAS[number[2:5]]
    of_law = "CA" if country == "CA" else "US"
    return country, (of_law, *(f"{of_law}-{state}" for state in states.split())), zones


def kind(number: str) -> str:
    """What kind of number it is."""
    beginnings = {
        "+1800": "toll-free",
        "+1900": "premium rate",
        "+4420": "fixed line",
        "+4474": "mobile",
        "+44909": "premium rate",
    }
    return next((name for begin, name in beginnings.items() if number.startswith(begin)), "fixed line or mobile")
