"""Station 4, pacing: may one more call of this campaign start now, on which trunk, and if not, why not?"""

from collections.abc import Sequence
from dataclasses import dataclass

from ami_dialer.rules.limits import CallLimit


@dataclass(frozen=True, slots=True)
class Way:
    """A trunk with its limit and its server's."""

    trunk: str
    server: str
    trunk_limit: CallLimit
    server_limit: CallLimit
    #: Why it cannot be used, for people; None when it can.
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Paced:
    """The way for the next call; or none, why, and after how many seconds the rate allows one (None: not by time)."""

    way: Way | None
    why: str
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Restraint:
    """A campaign that may have one call at a time that nobody has talked to yet."""

    #: Why, for people.
    why: str
    #: Its calls that are being placed, ring, or were answered and not connected yet.
    unconnected: int


def next_way(
    overall: CallLimit, campaign: CallLimit, ways: Sequence[Way], now: float, restraint: Restraint | None = None
) -> Paced:
    """The way with most room for one more call at `now` (monotonic seconds).

    Where there is none, `why` names the limits that hold. `overall` is the limit over all campaigns together.
    """
    if restraint is not None and restraint.unconnected:
        return Paced(None, restraint.why)
    if campaign.full:
        return Paced(None, f"campaign {campaign.name} has its {campaign.max_calls} calls at once")
    if overall.full:
        return Paced(None, f"all campaigns together have their {overall.max_calls} calls at once ({overall.name})")
    usable = [way for way in ways if way.trouble is None]
    if not usable:
        return Paced(None, "; ".join(dict.fromkeys(way.trouble for way in ways if way.trouble)))
    best = max(usable, key=lambda way: _room(way, now))
    if _room(best, now) >= 1:
        return Paced(best, "")
    why = "; ".join(dict.fromkeys(_held_by(way, now) for way in usable))
    waits = [wait for wait in (_rate_wait(way, now) for way in usable) if wait is not None]
    return Paced(None, why, min(waits, default=None))


def _room(way: Way, now: float) -> int:
    return min(way.trunk_limit.room(now), way.server_limit.room(now))


def _held_by(way: Way, now: float) -> str:
    """Which limit lets no call through: one on calls at once, for that takes longer, else the rate."""
    both = (("server", way.server_limit), ("trunk", way.trunk_limit))
    for what, limit in both:
        if limit.full:
            return f"{what} {limit.name} has its {limit.max_calls} calls at once"
    what, limit = max(both, key=lambda one: one[1].wait(now))
    return f"{what} {limit.name} makes {limit.calls_per_second:g} calls a second and no more"


def _rate_wait(way: Way, now: float) -> float | None:
    """Seconds until the rate lets a call through; None where calls at once are what is missing."""
    if way.trunk_limit.full or way.server_limit.full:
        return None
    return max(way.trunk_limit.wait(now), way.server_limit.wait(now), 0.001)
