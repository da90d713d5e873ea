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


def next_way(campaign: CallLimit, ways: Sequence[Way], now: float, restraint: Restraint | None = None) -> Paced:
    """The way with most room for one more call at `now` (monotonic seconds)."""
    if restraint is not None and restraint.unconnected:
        return Paced(None, restraint.why)
    if campaign.room(now) < 1:
        return Paced(None, f"campaign {campaign.name} has its {campaign.max_calls} calls at once")
    usable = [way for way in ways if way.trouble is None]
    if not usable:
        return Paced(None, "; ".join(dict.fromkeys(way.trouble for way in ways if way.trouble)))
    best = max(usable, key=lambda way: _room(way, now))
    if _room(best, now) >= 1:
        return Paced(best, "")
    waits = [_rate_wait(way, now) for way in usable]
    by_rate = [wait for wait in waits if wait is not None]
    if by_rate:
        return Paced(None, "calls per second of trunk or server are used up", min(by_rate))
    return Paced(None, "calls at once of trunk or server are used up")


def _room(way: Way, now: float) -> int:
    return min(way.trunk_limit.room(now), way.server_limit.room(now))


def _rate_wait(way: Way, now: float) -> float | None:
    """Seconds until the rate lets a call through; None where calls at once are what is missing."""
    for limit in (way.trunk_limit, way.server_limit):
        if limit.in_progress >= limit.max_calls:
            return None
    return max(way.trunk_limit.wait(now), way.server_limit.wait(now), 0.001)
