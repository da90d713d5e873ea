"""Room for calls: how many a run may place for those who can take them, for whom, and who is reserved for it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

import structlog

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.domain.attempt import AttemptState
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Call, Floor, RunDesk
from ami_dialer.rules.pacing import Pace, Pacing, Power, Preview, Progressive, Snapshot, surplus
from ami_dialer.store.hopper import Claimed

log = structlog.get_logger(__name__)

_EXACT = 1e-9
#: Calls that nobody has picked up yet, as far as is known: they can be taken back.
_RINGING = frozenset({AttemptState.CLAIMED, AttemptState.ORIGINATING, AttemptState.RINGING})


def pacing_of(campaign: Campaign) -> Pacing | None:
    """How a campaign dials for those who take its calls; None where nobody has to be there."""
    dialing = campaign.dialing
    if not campaign.paced:
        return None
    if dialing.mode == "preview":
        return Preview()
    if dialing.mode == "progressive":
        return Progressive()
    return Power(dialing.call_ratio, dialing.damper.waiting if dialing.damper.mode == "waiting-stations" else None)


class View(NamedTuple):
    """A run as it is at one moment: good until anything changes, so across no `await`."""

    #: Who takes its calls, whatever they are doing.
    seats: list[Seat]
    #: Who of them could take a call now, and is not reserved for another run; whoever waits longest first.
    free: list[Seat]
    #: The calls that will want somebody, as far as is known; the newest last.
    unconnected: list[Call]
    #: What pacing sees of all that.
    snapshot: Snapshot


class Room:
    """Asks pacing, reserves seats, and lets them go."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: By run: who took its calls when it was looked at last, and was not on a break.
        self._present: dict[int, set[str]] = {}
        #: Runs whose agents have left with calls on their way: until those are given up.
        self._short: set[int] = set()
        #: Why nobody can take calls of a run, whoever is there: its queue is missing. For people; None: nothing.
        self.trouble: Callable[[RunDesk], str | None] = lambda desk: None  # noqa: ARG005

    def seats(self, desk: RunDesk) -> list[Seat]:
        """Who takes calls of a run, whatever they are doing."""
        servers = {trunk.server.name for trunk in desk.trunks}
        return [
            seat
            for seat in self._floor.seats
            if (seat.server in servers or seat.kind is SeatKind.SESSION) and _wanted(seat, desk)
        ]

    def view(self, desk: RunDesk) -> View:
        """The run as it is now. It is asked for many times a second: one look at each seat, and one at each call."""
        seats = self.seats(desk)
        free = _able(seats, desk, self._floor.clock.now())
        free.sort(key=lambda seat: (seat.state is AgentState.READY, seat.idle_since))
        unconnected = [call for call in self._calls(desk) if call.wants_seat]
        snapshot = Snapshot(
            free=len(free),
            unconnected=len(unconnected),
            logged_in=len(seats),
            doing=Counter(seat.state for seat in seats),
            kind=_kind(desk.campaign),
            restrained=bool(desk.abandonment.why),
        )
        return View(seats, free, unconnected, snapshot)

    def _calls(self, desk: RunDesk) -> list[Call]:
        return [call for call in self._floor.calls.values() if call.desk.run.id == desk.run.id]

    def pace(self, desk: RunDesk, seen: View) -> Pace:
        """How many calls may start now. Keeps the reason with the desk."""
        if desk.pacing is None:
            raise ValueError(f"run {desk.run.id} is not paced")
        trouble = self.trouble(desk)
        pace = desk.pacing.pace(seen.snapshot) if trouble is None else Pace(0, trouble)
        desk.pace_told = pace.reason
        return pace

    def seat_for(self, desk: RunDesk, claimed: Claimed, free: Iterable[Seat]) -> Seat | None:
        """Who would get this contact; None where it still waits for its own agent.

        A contact waits for its agent from when its turn came, which is the first time that this is asked.
        """
        free = list(free)
        own = next((seat for seat in free if seat.agent == claimed.agent), None) if claimed.agent else None
        if own is not None and self.promised(own):
            own = None
        if claimed.agent is None or own is not None:
            desk.turn_came.pop(claimed.enrolment_id, None)
            return own or next(iter(free), None)
        settings = desk.campaign.own_agent
        since = desk.turn_came.setdefault(claimed.enrolment_id, self._floor.clock.monotonic())
        if not settings.others or self._floor.clock.monotonic() - since < settings.wait:
            return None
        return next(iter(free), None)

    def promised(self, seat: Seat) -> bool:
        """Whether a call is on its way to a contact of this agent's own."""
        return is_promised(seat, self.calls_for_own())

    def calls_for_own(self) -> list[Call]:
        """Calls on their way to contacts that belong to somebody: mostly none."""
        calls = self._floor.calls.values()
        return [call for call in calls if call.claimed.agent is not None and call.wants_seat]

    def reserve(self, desk: RunDesk, seat: Seat) -> None:
        """A call is about to be placed: as many seats as the calls on their way need are reserved, this one first."""
        seen = self.view(desk)
        if _needed(desk, seen) <= len(self._reserved(desk)):
            return
        ready = (one for one in (seat, *seen.free) if one.state is AgentState.READY)
        if (one := next(ready, None)) is not None:
            self._floor.seats.move(one, AgentEvent.RESERVE, self._floor.clock.now(), run=desk.run.id)

    def settle(self, desks: Iterable[RunDesk]) -> list[Call]:
        """Let go whoever is reserved for no call; returns calls that nobody is left for, which are to be taken back."""
        now = self._floor.clock.now()
        over: list[Call] = []
        paced = {desk.run.id: desk for desk in desks if desk.pacing is not None}
        for seat in [seat for seat in self._floor.seats if seat.state is AgentState.RESERVED]:
            if seat.run not in paced and not any(call.desk.run.id == seat.run for call in self._floor.calls.values()):
                self._release(seat, now)
        for desk in paced.values():
            seen = self.view(desk)
            self._let_go(desk, seen, now)
            if self._somebody_left(desk, seen):
                self._short.add(desk.run.id)
            if desk.run.id in self._short:
                # Those before are asked for again: an Originate may not have had its channel yet.
                found = [*self._surplus(desk), *(call for call in self._calls(desk) if call.withdrawn)]
                over += found
                if not found:
                    self._short.discard(desk.run.id)
        self._short &= paced.keys()
        self._present = {key: present for key, present in self._present.items() if key in paced}
        return over

    def _somebody_left(self, desk: RunDesk, seen: View) -> bool:
        """Whether somebody has logged out, or begun a break, since the last look."""
        present = {seat.key for seat in seen.seats if seat.state is not AgentState.ON_BREAK}
        before = self._present.get(desk.run.id, set())
        self._present[desk.run.id] = present
        return not before <= present

    def _let_go(self, desk: RunDesk, seen: View, now: datetime) -> None:
        reserved = self._reserved(desk)
        spare = len(reserved) - _needed(desk, seen)
        idle = desk.campaign.dialing.agent_idle
        for seat in sorted(reserved, key=lambda seat: seat.since):
            if seat.taken_by is not None:
                continue
            too_long = (now - seat.since).total_seconds() >= idle and seat.preview is None
            if too_long:
                seat.passed_over = desk.run.id
            if too_long or (spare > 0 and not self._previews(seat)):
                spare -= 1
                self._release(seat, now)

    def _previews(self, seat: Seat) -> bool:
        """Whether the contact they chose to dial is being called, or is about to be."""
        if seat.preview is None:
            return False
        key = seat.preview.enrolment_id
        return seat.dial_wanted or any(call.attempt.enrolment_id == key for call in self._floor.calls.values())

    def _release(self, seat: Seat, now: datetime) -> None:
        seat.preview = None
        self._floor.seats.move(seat, AgentEvent.RELEASE, now)

    def _surplus(self, desk: RunDesk) -> list[Call]:
        """Calls on their way for whom nobody is left, the newest first; who was picked up already is not among them.

        Asked when agents leave. While they are only busy, calls of a ratio above 1 go on: one may become free in time.
        """
        seen = self.view(desk)
        taken = sum(seat.taken_by is not None for seat in seen.seats)
        over = surplus(seen.snapshot, _ratio(desk, seen)) - taken
        if over <= 0:
            return []
        newest = sorted(seen.unconnected, key=lambda call: call.attempt.id, reverse=True)
        return [call for call in newest if call.attempt.state in _RINGING and not call.withdrawn][:over]

    def _reserved(self, desk: RunDesk) -> list[Seat]:
        return [seat for seat in self._floor.seats if seat.state is AgentState.RESERVED and seat.run == desk.run.id]


def _ratio(desk: RunDesk, seen: View) -> float:
    """Calls for each free agent, as pacing sees it now."""
    return 1.0 if desk.pacing is None else desk.pacing.ratio(seen.snapshot)


def _needed(desk: RunDesk, seen: View) -> int:
    """Seats that the calls on their way need."""
    return math.ceil(len(seen.unconnected) / _ratio(desk, seen) - _EXACT)


def is_promised(seat: Seat, of_own: Iterable[Call]) -> bool:
    """Whether one of these calls to contacts that belong to somebody is for this agent."""
    return any(call.claimed.agent == seat.agent and serves(seat, call.desk) for call in of_own)


def serves(seat: Seat, desk: RunDesk) -> bool:
    """Whether somebody takes calls of a run."""
    there = seat.kind is SeatKind.SESSION or any(trunk.server.name == seat.server for trunk in desk.trunks)
    return there and _wanted(seat, desk)


def _kind(campaign: Campaign) -> SeatKind:
    if campaign.queue is not None:
        return SeatKind.MEMBER
    return SeatKind.SESSION if campaign.sessions is not None else SeatKind.LINE


def _able(seats: Iterable[Seat], desk: RunDesk, now: datetime) -> list[Seat]:
    key = desk.run.id
    return [
        seat
        for seat in seats
        if seat.dialable and seat.rested(now) and (seat.state is AgentState.READY or seat.run == key)
    ]


def _wanted(seat: Seat, desk: RunDesk) -> bool:
    """Whether a seat on a server of the run takes its calls."""
    campaign, name = desk.campaign, desk.run.campaign
    if seat.campaigns is not None and name not in seat.campaigns:
        return False
    match seat.kind:
        case SeatKind.LINE:
            return campaign.agents == "all" or (campaign.agents is not None and seat.agent in campaign.agents)
        case SeatKind.MEMBER:
            return campaign.queue is not None and campaign.queue in seat.queues
        case SeatKind.SESSION:
            return campaign.sessions is not None and seat.campaigns is not None
