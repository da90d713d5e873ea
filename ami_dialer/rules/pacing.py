"""How many calls may be placed now, for how many agents: one interface, asked by each campaign that has somebody.

Pure: a snapshot in, a number of calls with its reason out. Whatever the mode, it never says fewer than progressive
would: an idle agent is dialled for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ami_dialer.domain.agent import AgentState, SeatKind

#: Ratios are decimals as people write them: 1.1 times 10 is 11.
_EXACT = 1e-9
#: Who takes the calls, for people: nobody is there, nobody has time, those who are there.
_TAKERS: Mapping[SeatKind, tuple[str, str, str]] = {
    SeatKind.LINE: ("no agent is logged in", "no agent is free", "logged in"),
    SeatKind.MEMBER: ("no member of its queue is there", "no member of its queue is free", "there"),
    SeatKind.SESSION: ("its dialplan has no session", "no session is free", "sessions"),
}
#: What they do, for people. Who is ready and not free is in a menu, or has the pause after a call.
_DOING: Mapping[AgentState, str] = {
    AgentState.PREVIEWING: "previewing",
    AgentState.IN_CALL: "in call",
    AgentState.WRAP_UP: "in wrap-up",
    AgentState.ON_BREAK: "on break",
    AgentState.RESERVED: "reserved for another campaign",
    AgentState.READY: "ready in a moment",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What pacing looks at, of one campaign at one moment. Counts of seats: agents, members, sessions."""

    #: Could take a call of it now: they wait, or are reserved for it and talk to nobody.
    free: int
    #: Its calls on their way: being placed, ringing, or answered by somebody who is not connected yet.
    unconnected: int
    #: Those logged in for it, whatever they are doing.
    logged_in: int
    #: How many of them do what; for the reason alone.
    doing: Mapping[AgentState, int] = field(default_factory=dict)
    kind: SeatKind = SeatKind.LINE
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
    nobody, busy, there = _TAKERS[seen.kind]
    if not seen.logged_in:
        return Pace(0, nobody)
    if not seen.free:
        doing = ", ".join(f"{seen.doing[state]} {word}" for state, word in _DOING.items() if seen.doing.get(state))
        return Pace(0, f"{busy}: of {seen.logged_in} {there} {doing or 'none'}")
    calls = max(0, int(ratio * seen.free + _EXACT) - seen.unconnected)
    return Pace(calls, "" if calls else f"{rule}, and {seen.unconnected} are on their way")


def surplus(seen: Snapshot, ratio: float) -> int:
    """Calls on their way that are more than the free agents allow: agents have left since they were placed."""
    return max(0, seen.unconnected - int(ratio * seen.free + _EXACT))
