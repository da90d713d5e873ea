"""Writes ami_dialer/domain/area_codes.py from zipcodes and phonenumbers (`make area-codes`).

tests/unit/domain/test_area_codes.py fails where the file and what the libraries say now differ.

The zones of an area code are all that either library knows for it; a call is right where it is right in each of them.

- zipcodes tells each ZIP's zone and the area codes in use there. Only ZIPs of the area code's own state count: a ZIP at
  the border names the neighbour's area codes too, and an area code of the United States or Canada ends at the state
  line. No other ZIP is left out, however few have its zone.
- phonenumbers tells a zone for each area code and, for some, others for exchanges in it. All of them count.
- An overlay has the zones of the area code it was laid over. Where neither library describes an area code (no ZIP, no
  city) and OVERLAYS does not name it, it has all zones of its state: for such ones phonenumbers writes the state's main
  zone, which was wrong for 364, 448 and 689.
- Of zones that have shown the same clock since 2008 only the one is kept that most ZIPs have: America/New_York for
  America/Detroit or America/Indiana/Indianapolis.

The state is that of most of its ZIPs or, without any, that of phonenumbers' cities or its name for the area code. It is
left open where that names several (867, 902), and outside of the United States and Canada.
"""
# ruff: noqa: INP001 - a script beside the documents, no package

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import zipcodes
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

FILE = Path(__file__).parent.parent / "ami_dialer/domain/area_codes.py"

#: Overlays that neither library describes, or only in part, and the area code on the same ground (nanpa.com, cnac.ca).
OVERLAYS = {
    **dict.fromkeys(("236", "257", "672", "778"), "250"),
    **dict.fromkeys(("249", "683"), "705"),
    **dict.fromkeys(("343", "753"), "613"),
    **dict.fromkeys(("365", "742"), "905"),
    **dict.fromkeys(("382", "548"), "519"),
    "647": "416",
    **dict.fromkeys(("354", "579"), "450"),
    **dict.fromkeys(("367", "581"), "418"),
    **dict.fromkeys(("468", "873"), "819"),
    **dict.fromkeys(("474", "639"), "306"),
    "879": "709",
    "324": "904",
    "645": "305",
}

#: phonenumbers' misspellings.
SPELLINGS = {"British Colombia": "British Columbia"}

Row = tuple[str, str | None, str]

_HEAD = '''\
"""Area codes of +1: country, state or province, zones. Written by docs/area-codes.py, which tells the rules.

Sources: phonenumbers {phonenumbers}, zipcodes {zipcodes}.
"""

#: Country; state or province, None where unknown or several; zones. Toll-free and the like have no place and no row.
_PLACES: dict[tuple[str, str | None, str], str] = {{
'''

_TAIL = """\
}

AREA_CODES: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    code: (country, state, tuple(zones.split()))
    for (country, state, zones), codes in _PLACES.items()
    for code in codes.split()
}
"""


def area_codes() -> dict[str, Row]:
    """Each area code that has a zone and under which phonenumbers knows a valid number."""
    codes = {code: country for code in map(str, range(200, 1000)) if (country := _country(code))}
    states = {code: _state(code) if country in ("US", "CA") else None for code, country in codes.items()}
    zones = {code: found for code in codes if (found := _own_zones(code, states[code]))}
    rows = {}
    for code, found in zones.items():
        described = _described(code, states[code])
        all_zones = set(found) if described or not states[code] else set()
        if code in OVERLAYS:
            all_zones |= zones[OVERLAYS[code]]
        elif not all_zones:
            all_zones.update(*(zones[other] for other in zones if states[other] == states[code]))
        rows[code] = (codes[code], states[code], _usual(all_zones))
    return rows


def text() -> str:
    """The text of ami_dialer/domain/area_codes.py."""
    places = defaultdict(list)
    for code, row in area_codes().items():
        places[row].append(code)
    lines = []
    for row in sorted(places, key=lambda row: (row[0] not in ("US", "CA"), row[0], row[1] or "", row[2])):
        lines += _entry(row, places[row])
    head = _HEAD.format(phonenumbers=version("phonenumbers"), zipcodes=version("zipcodes"))
    return head + "".join(f"    {line}\n" for line in lines) + _TAIL


def _entry(row: Row, codes: list[str]) -> list[str]:
    country, state, zones = row
    state_written = f'"{state}"' if state else "None"
    key = f'("{country}", {state_written}, "{zones}")'
    one = f'{key}: "{" ".join(codes)}",'
    if len(one) <= 116:
        return [one]
    parts = [" ".join(codes[start : start + 27]) for start in range(0, len(codes), 27)]
    lines = [f'    "{part} "' for part in parts[:-1]] + [f'    "{parts[-1]}"']
    return [f"{key}: (", *lines, "),"]


@cache
def _country(code: str) -> str:
    """By the valid numbers under the area code, which are of one country; none without any."""
    numbers = (phonenumbers.PhoneNumber(1, int(f"{code}{rest}")) for rest in range(2002345, 10_000_000, 70_000))
    countries = {phonenumbers.region_code_for_number(number) for number in numbers} - {None}
    if len(countries) > 1:
        raise SystemExit(f"{code} has numbers of {countries}")
    return str(next(iter(countries), ""))


@cache
def _zips() -> dict[str, list[tuple[str, str]]]:
    """State and zone of each ZIP, by area code; some rows have no zone or a wrong one."""
    found = defaultdict(list)
    known = available_timezones()
    for row in zipcodes.list_all():
        for code in row["area_codes"]:
            if row["timezone"] in known:
                found[code].append((row["state"], row["timezone"]))
    return found


@cache
def _cities() -> dict[str, Counter[str]]:
    """How many exchanges phonenumbers places in each state, by area code: `Chicago, IL`."""
    found = defaultdict(Counter)
    for prefix, names in GEOCODE_DATA.items():
        if prefix.startswith("1") and len(prefix) > 3 and ", " in names.get("en", ""):
            found[prefix[1:4]][names["en"].rpartition(", ")[2]] += 1
    return found


def _name(code: str) -> str:
    name = GEOCODE_DATA.get("1" + code, {}).get("en", "")
    return SPELLINGS.get(name, name)


def _counted_state(code: str) -> str | None:
    zips = Counter(state for state, _ in _zips().get(code, ()))
    found = (zips if _country(code) == "US" and zips else _cities().get(code, Counter())).most_common(1)
    return found[0][0] if found else None


@cache
def _abbreviations() -> dict[str, str]:
    """`Ontario` is ON: by area codes that have a name and are counted too."""
    found = defaultdict(Counter)
    for prefix in GEOCODE_DATA:
        if prefix.startswith("1") and len(prefix) == 4 and (state := _counted_state(prefix[1:])):
            found[_name(prefix[1:])][state] += 1
    if wrong := {name: states for name, states in found.items() if len(states) > 1}:
        raise SystemExit(f"zipcodes and phonenumbers place area codes in different states: {wrong}")
    return {name: next(iter(states)) for name, states in found.items()}


def _state(code: str) -> str | None:
    return None if "/" in _name(code) else _counted_state(code) or _abbreviations().get(_name(code))


def _own_zones(code: str, state: str | None) -> set[str]:
    by_zip = {zone for place, zone in _zips().get(code, ()) if place == (state or _counted_state(code))}
    exchanges = (zones for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith("1" + code))
    return by_zip.union(*exchanges)


def _described(code: str, state: str | None) -> bool:
    return bool(_cities().get(code)) or any(place == state for place, _ in _zips().get(code, ()))


def _usual(zones: Iterable[str]) -> str:
    """Sorted, and without those that show the same clock as another one."""
    by_clock: dict[tuple[timedelta | None, ...], str] = {}
    for zone in sorted(zones, key=lambda zone: (-_spread()[zone], zone)):
        by_clock.setdefault(_clock(zone), zone)
    return " ".join(sorted(by_clock.values()))


@cache
def _spread() -> Counter[str]:
    return Counter(row["timezone"] for row in zipcodes.list_all())


@cache
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    """Hours from UTC on each noon of 2008 to 2030."""
    first = datetime(2008, 1, 1, 12, tzinfo=UTC)
    return tuple((first + timedelta(days=day)).astimezone(ZoneInfo(zone)).utcoffset() for day in range(23 * 365))


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
