"""Whose time and whose law: the place of whoever is called, from what is known of the contact and the number."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from ami_dialer.domain import postal
from ami_dialer.domain.postal import PostalCode, Shape
from ami_dialer.domain.region import NEW_NAMES, Region, region_of
from ami_dialer.domain.states import SHARED, State, is_abbreviation, state_of, territory


class ZoneSource(StrEnum):
    """What the time zones of a contact were taken from; the first that knows them wins."""

    CONTACT = "time zone of the contact"
    POSTAL_CODE = "postal code"
    STATE = "state or province"
    NUMBER = "number"
    DEFAULT = "default of the configuration"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """Where somebody may be. Cached and shared: thousands of contacts have the same one."""

    zones: tuple[str, ...]
    """Candidates (tz database), sorted; a call is right only when it is in all of them. Empty: nobody knows."""
    source: ZoneSource
    country: str
    """ISO 3166 of the number; empty where it belongs to none."""
    jurisdictions: tuple[str, ...]
    """Sorted: the country and each state or province that the contact or the number points to (`US`, `US-FL`)."""
    notes: tuple[str, ...] = ()
    """What was found wrong on the way, for people: a ZIP code that does not exist, an unknown zone name."""
    law_clocks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """States whose law is asked on other clocks too than `zones`: those of whatever pointed to the state."""
    against: tuple[ZoneSource, ...] = ()
    """What tells another clock than the contact's own time zone, which counts all the same."""


#: Countries with ZIP codes or Canadian ones. Numbers of +1 that belong to no country count as theirs.
_HOME = frozenset({"US", "CA", "AS", "GU", "MP", "PR", "VI", "FM", "MH", "PW"})
#: Elsewhere five digits or two letters may mean something else: 10115 is Berlin, MI is Milan. Not so here.
_UNMISTAKABLE = frozenset({"GB", "GG", "IM", "JE", "JP", "NZ", "SG"})
#: Trento is "TN 38122", and so is Memphis; Saudi Arabia has codes that look like ZIP+4.
_MISTAKABLE = frozenset({"IT", "SA"})
#: Country of the number, and a state that its text is more likely not to mean: `CA` is Canada, Georgia is a country,
#: Uruguay has a Florida, Bulgaria a Montana, Liberia a Maryland.
_NAMESAKES = frozenset({("CA", "CA"), ("GE", "GA"), ("UY", "FL"), ("BG", "MT"), ("LR", "MD")})
#: In the tz database they have no summer time, but people write them for places that do.
AMBIGUOUS_ZONES = frozenset({"EST", "MST"})
#: Names in the tz database that are no zone's.
NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
#: Nobody lives there: what programs write where nobody said a zone. Those with `Etc/` in front are too.
_NOWHERE = frozenset({"UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "Universal", "Zulu"})
_BLANK = frozenset({"", "-", "--", "?", "n/a", "na", "nan", "nil", "none", "null", "unknown"})
#: Year and month in which clocks are compared: of two years, as a place may give up summer time between them.
_SEASONS = ((2026, 1), (2026, 7), (2027, 1), (2027, 7))
#: In the place of states that share an area code: the number does not begin with +1.
_ABROAD = ("",)


def place_of(
    number: str, *, time_zone: str | None, postal_code: str | None, state: str | None, default_zone: str | None = None
) -> Place:
    """Where the holder of a valid number in E.164 may be.

    The zones come from the first of these that tells any: the contact's own zone, its ZIP or postal code, its state or
    province, the number, the default. A state with several zones has those of the number if the number is of the same
    state, else all of its own.

    The law is kept of each place that number, postal code and state point to, whichever gives the zones: Florida, for
    one, presumes that a number of its area codes reaches somebody there (Fla. Stat. 501.059). The law of a state that
    something else pointed to than what gave the zones is asked on that other clock as well.
    """
    shared = SHARED.get(number[:5], ()) if number.startswith("+1") else _ABROAD
    return _place(region_of(number), shared, time_zone, postal_code, state, default_zone)


@lru_cache(maxsize=2**15)
def _place(
    region: Region,
    shared: tuple[str, ...],
    time_zone: str | None,
    postal_code: str | None,
    state: str | None,
    default_zone: str | None,
) -> Place:
    at_home = region.country in _HOME or (not region.country and shared != _ABROAD)
    own, notes = _own_zone(_text(time_zone))
    code, named = _believed(region.country, _text(postal_code), _text(state), at_home=at_home)
    of_number = _of_number(region, shared)
    sources = (
        (ZoneSource.CONTACT, own),
        (ZoneSource.POSTAL_CODE, code.zones if code else ()),
        (ZoneSource.STATE, _of_state(named, region, of_number) if named else ()),
        (ZoneSource.NUMBER, region.zones),
        (ZoneSource.DEFAULT, (default_zone,) if default_zone else ()),
    )
    source, zones = next(((source, zones) for source, zones in sources if zones), (ZoneSource.UNKNOWN, ()))
    pointed = {
        ZoneSource.POSTAL_CODE: code.jurisdictions if code else (),
        ZoneSource.STATE: named.jurisdictions if named else (),
        ZoneSource.NUMBER: of_number,
    }
    jurisdictions = {one for each in pointed.values() for one in each}
    if at_home or code or named:
        notes += _wrong(region.country, _text(state), code, named)
    told = [(one, pointed[one], found) for one, found in sources if one in pointed and found]
    against = tuple(_contradicting(own[0], told)) if own else ()
    if against:
        others = ", ".join(f"{one} {_few(found)}" for one, _, found in told if one in against)
        notes += (f"the contact's own time zone {own[0]} counts, though others are told: {others}",)
    clocks = tuple(_law_clocks(source, zones, told))
    return _one(Place(zones, source, region.country, tuple(sorted(jurisdictions)), notes, clocks, against))


#: What told something, the jurisdictions it points to, its zones.
_Told = tuple[ZoneSource, tuple[str, ...], tuple[str, ...]]


def _contradicting(own: str, told: Sequence[_Told]) -> Iterator[ZoneSource]:
    """Those that have no zone whose clock runs as the contact's own."""
    return (source for source, _, zones in told if _runs(own) not in map(_runs, zones))


def _law_clocks(
    source: ZoneSource, zones: tuple[str, ...], told: Sequence[_Told]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each state that something else pointed to than what gave the zones: the clocks of what did.

    A contact's own zone that may be in the state tells where in the state somebody is, and so does a postal code.
    """
    first: dict[str, tuple[ZoneSource, tuple[str, ...]]] = {}
    for one, jurisdictions, found in told:
        for state in jurisdictions:
            if "-" in state:
                first.setdefault(state, (one, found))
    here = {_runs(zone) for zone in zones}
    for state, (one, found) in sorted(first.items()):
        there = {_runs(zone) for zone in found}
        settled = one is source or there <= here or (source is ZoneSource.CONTACT and here <= there)
        if not settled:
            yield state, found


@cache
def _runs(zone: str) -> tuple[timedelta | None, ...]:
    """How its clock runs in two winters and summers: zones are alike whose clocks show the same."""
    here = ZoneInfo(zone)
    return tuple(datetime(year, month, 15, tzinfo=UTC).astimezone(here).utcoffset() for year, month in _SEASONS)


def _few(zones: tuple[str, ...]) -> str:
    return "/".join(zones) if len(zones) <= 3 else f"{zones[0]} and {len(zones) - 1} more"


@lru_cache(maxsize=2**14)
def _one(place: Place) -> Place:
    """The same object for places that are equal."""
    return place


def _text(value: str | None) -> str:
    written = (value or "").strip()
    return "" if written.casefold() in _BLANK else written


def _own_zone(written: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not written:
        return (), ()
    name = written.replace(" ", "_").casefold()
    if zone := _zone_names().get(name):
        return (zone,), ()
    if written.upper() in AMBIGUOUS_ZONES:
        why = "may have summer time or not"
    else:
        why = "is no place's" if name in _no_places() else "is not known"
    return (), (f"time zone {written!r} {why}: write one like America/New_York",)


@cache
def _zone_names() -> dict[str, str]:
    """Today's name of each zone, by all of its names in lower case."""
    names = available_timezones() - NO_ZONES - AMBIGUOUS_ZONES
    found = {name.casefold(): NEW_NAMES.get(name, name) for name in sorted(names | (NEW_NAMES.keys()))}
    return {name: zone for name, zone in found.items() if name not in _no_places()}


@cache
def _no_places() -> frozenset[str]:
    """Zones that are no place's, in lower case."""
    return frozenset(name.casefold() for name in available_timezones() if name in _NOWHERE or name.startswith("Etc/"))


def _believed(
    country: str, written_code: str, written_state: str, *, at_home: bool
) -> tuple[PostalCode | None, State | None]:
    """Postal code and state, so far as they mean places here and not some of the number's own country."""
    code = postal.read(written_code) if written_code else None
    named = state_of(written_state) if written_state else None
    agree = code is not None and named in code.states
    by_name = named is not None and not is_abbreviation(written_state)
    plain = at_home or country in _UNMISTAKABLE
    if code and not at_home and code.shape not in (Shape.CANADIAN, Shape.BRITISH):
        full = code.shape is Shape.NINE or (code.shape is Shape.FIVE and (agree or plain))
        if not (agree and by_name) and not (full and country not in _MISTAKABLE):
            code = None
    if named and not (agree and code) and ((country, named.code) in _NAMESAKES or not (plain or by_name)):
        named = None
    return code, named


def _of_number(region: Region, shared: tuple[str, ...]) -> tuple[str, ...]:
    """Country and states of the number."""
    if not region.country:
        return ()
    if found := territory(region.country):
        return found.jurisdictions
    if region.state:
        return (region.country, f"{region.country}-{region.state}")
    return (region.country, *(shared if shared != _ABROAD else ()))


def _of_state(named: State, region: Region, of_number: tuple[str, ...]) -> tuple[str, ...]:
    """Of several zones of a state those that the number may be in, if it is of the same state."""
    if len(named.zones) > 1 and named.jurisdictions[-1] in of_number:
        return tuple(zone for zone in named.zones if zone in region.zones) or named.zones
    return named.zones


def _wrong(country: str, written_state: str, code: PostalCode | None, named: State | None) -> tuple[str, ...]:
    """What people should know of the postal code and the state."""
    notes = [code.note] if code and code.note else []
    if written_state and not named:
        if (country, written_state.upper()) in _NAMESAKES:
            notes.append(f"state {written_state!r} was not taken for one: the number is of {country}")
        else:
            notes.append(f"state or province {written_state!r} is not known")
    if named and code and code.jurisdictions and named not in code.states:
        notes.append(f"the postal code is not in {named.code}")
    if named and not named.zones and not (code and code.states):
        notes.append(f"{named.code} is military and has no time zone")
    return tuple(notes)
