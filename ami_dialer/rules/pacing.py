"""How many calls may be placed now, for how many agents: one interface, asked by each campaign that has somebody.

Pure: a snapshot in, a number of calls with its reason out. Whatever the mode, it never says fewer than progressive
would: an idle agent is dialled for.
"""

from dataclasses import dataclass
from typing import Protocol

#: Ratios are decimals as people write them: 1.1 times 10 is 11.
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What pacing looks at, of one campaign at one moment. Counts of seats: agents, members, sessions."""

    #: Could take a call of it now: they wait, or are reserved for it and talk to nobody.
    free: int
    #: Its calls on their way: being placed, ringing, or answered by somebody who is not connected yet.
    unconnected: int
    #: Of those logged in for it, all there are, and how many talk or wrap up.
    logged_in: int
    busy: int
    #: Its share of abandoned calls is at its limit.
    restrained: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How many calls may start now, and why no more, for people."""

    calls: int
    reason: str


class Pacing(Protocol):
    """A way of dialing."""

    def ratio(self, seen: Snapshot) -> float:
        """Calls on their way for each free agent, at this moment; 1 or more."""
        ...

    def pace(self, seen: Snapshot) -> Pace:
        """How many calls may start at this moment, beside those on their way."""
        ...


@dataclass(frozen=True, slots=True)
class Progressive:
    """One call for each free agent."""

    def ratio(self, seen: Snapshot) -> float:  # noqa: ARG002
        """See `Pacing`."""
        return 1.0

    def pace(self, seen: Snapshot) -> Pace:
        """See `Pacing`."""
        return _for_ratio(seen, 1.0, "one call for each free agent")


@dataclass(frozen=True, slots=True)
class Power:
    """`most` calls for each free agent: somebody answers sooner, and now and then one person too many."""

    most: float
    #: From this share of idle ones among those logged in on the ratio goes down to 1; None: it never does.
    damper: float | None = None

    def ratio(self, seen: Snapshot) -> float:
        """See `Pacing`."""
        return 1.0 if seen.restrained or self._damped(seen) else self.most

    def pace(self, seen: Snapshot) -> Pace:
        """See `Pacing`."""
        if seen.restrained:
            rule = "one call for each free agent, since too many calls were abandoned"
        elif self._damped(seen):
            rule = f"{seen.free} of {seen.logged_in} agents are idle, so the call ratio is damped to 1"
        else:
            rule = f"{self.most:g} calls for each free agent"
        return _for_ratio(seen, self.ratio(seen), rule)

    def _damped(self, seen: Snapshot) -> bool:
        return self.damper is not None and seen.free >= self.damper * seen.logged_in - _EXACT


@dataclass(frozen=True, slots=True)
class Preview:
    """One contact for each free agent, who decides when it is called."""

    def ratio(self, seen: Snapshot) -> float:  # noqa: ARG002
        """See `Pacing`."""
        return 1.0

    def pace(self, seen: Snapshot) -> Pace:
        """See `Pacing`."""
        return _for_ratio(seen, 1.0, "one contact for each free agent")


def _for_ratio(seen: Snapshot, ratio: float, rule: str) -> Pace:
    if not seen.logged_in:
        return Pace(0, "no agent is logged in")
    if not seen.free:
        return Pace(0, f"no agent is free: of {seen.logged_in} logged in {seen.busy} are in calls or wrap up")
    calls = max(0, int(ratio * seen.free + _EXACT) - seen.unconnected)
    return Pace(calls, "" if calls else f"{rule}, and {seen.unconnected} are on their way")


def surplus(seen: Snapshot, ratio: float) -> int:
    """Calls on their way that are more than the free agents allow: agents have left since they were placed."""
    return max(0, seen.unconnected - int(ratio * seen.free + _EXACT))
