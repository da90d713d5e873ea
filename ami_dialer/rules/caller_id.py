"""Which number of a pool a call is shown as coming from: a near one, and of several the one that was used least."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ami_dialer.domain.region import area_of, region_of

_SHOWN_NUMBER = re.compile(r"<?(\+[0-9]+)>?\s*\Z")
_NEVER = datetime.min.replace(tzinfo=UTC)


class CallerNumber(NamedTuple):
    """One number of a pool."""

    number: str
    """E.164."""
    shown: str
    """As Asterisk is told: the number, or `Name <number>`."""
    per_day: int
    """Calls with it in one day at most; 0: no limit."""


class Use(NamedTuple):
    """How a number was used."""

    calls: int
    """Today."""
    last: datetime | None
    """When it was used last, as far back as a day."""


UNUSED = Use(0, None)


class Chosen(NamedTuple):
    """The caller id of a call."""

    number: str
    shown: str
    why: str
    """For people: `same area code 212`."""


class NoneLeft(NamedTuple):
    """No number of the pool may be used now."""

    why: str
    """For people."""
    until: datetime | None
    """When one may be used again by itself; None: not by time."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Numbers to choose from, in groups by where they belong."""

    name: str
    numbers: Sequence[CallerNumber]
    #: The nearest one is chosen; else whichever was used least.
    local: bool = True
    #: Seconds between two calls with the same number.
    rest: float = 0.0
    _areas: dict[str, list[CallerNumber]] = field(init=False, repr=False, default_factory=dict)
    _states: dict[tuple[str, str], list[CallerNumber]] = field(init=False, repr=False, default_factory=dict)
    _countries: dict[str, list[CallerNumber]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """The groups are made once, not for each call."""
        for one in self.numbers:
            region = region_of(one.number)
            if area := area_of(one.number):
                self._areas.setdefault(area, []).append(one)
            if region.state is not None:
                self._states.setdefault((region.country, region.state), []).append(one)
            if region.country:
                self._countries.setdefault(region.country, []).append(one)

    def nearest_first(self, callee: str) -> Iterable[tuple[str, Sequence[CallerNumber]]]:
        """Groups of numbers, the nearest to `callee` (E.164) first, and what each has in common with it."""
        if self.local:
            if near := self._areas.get(area_of(callee)):
                yield f"same area code {_without_country(area_of(callee))}", near
            region = region_of(callee)
            if region.state is not None and (near := self._states.get((region.country, region.state))):
                yield f"same state {region.state}", near
            if near := self._countries.get(region.country):
                yield f"same country {region.country}", near
        yield "none is nearer" if self.local else "used least today", self.numbers


def choose(
    pool: Pool,
    callee: str,
    used: Mapping[str, Use],
    retired: Collection[str],
    now: datetime,
    midnight: datetime,
) -> Chosen | NoneLeft:
    """The caller id for a call to `callee` (E.164).

    Same area code first, then state, then country, then any; in each group the one with fewest calls today, of equals
    the one that was unused for longest. A number that is retired, rests, or has its calls of the day is never chosen.
    `midnight` is when the next day begins.
    """
    for why, group in pool.nearest_first(callee):
        free = [one for one in group if _free(pool, one, used, retired, now)]
        if free:
            best = min(free, key=lambda one: _order(used.get(one.number, UNUSED)))
            return Chosen(best.number, best.shown, why)
    return _none_left(pool, used, retired, midnight)


def number_shown(caller_id: str) -> str:
    """The number in what was shown, `Name <number>` or bare; as it is where it is not written with a plus sign."""
    found = _SHOWN_NUMBER.search(caller_id)
    return caller_id if found is None else found[1]


def _free(pool: Pool, one: CallerNumber, used: Mapping[str, Use], retired: Collection[str], now: datetime) -> bool:
    use = used.get(one.number, UNUSED)
    return one.number not in retired and not _has_its_calls(one, use) and _rested(pool, use) <= now


def _has_its_calls(one: CallerNumber, use: Use) -> bool:
    return bool(one.per_day) and use.calls >= one.per_day


def _rested(pool: Pool, use: Use) -> datetime:
    return _NEVER if not pool.rest or use.last is None else use.last + timedelta(seconds=pool.rest)


def _order(use: Use) -> tuple[int, datetime]:
    return use.calls, use.last or _NEVER


def _none_left(pool: Pool, used: Mapping[str, Use], retired: Collection[str], midnight: datetime) -> NoneLeft:
    left = [(one, used.get(one.number, UNUSED)) for one in pool.numbers if one.number not in retired]
    if not left:
        return NoneLeft(f"all caller ids of pool {pool.name} are retired; add others, or restore one", None)
    over = [one for one, use in left if _has_its_calls(one, use)]
    resting = [_rested(pool, use) for one, use in left if not _has_its_calls(one, use)]
    until = min([*resting, *([midnight] if over else [])])
    if not over:
        return NoneLeft(f"all caller ids of pool {pool.name} rest between two calls", until)
    limits = {one.per_day for one in over}
    calls = f"their {limits.pop()} calls" if len(limits) == 1 else "the calls they may have"
    if not resting:
        return NoneLeft(f"all caller ids of pool {pool.name} have {calls} today", until)
    return NoneLeft(
        f"{len(over)} of the {len(left)} caller ids of pool {pool.name} have {calls} today, the others rest", until
    )


def _without_country(area: str) -> str:
    """`+1212` as people write it: 212."""
    return area[2:] if area.startswith("+1") else area
