"""Hands out the calls that limits allow: whose turn it is, who of its hopper, and on which trunk."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import NamedTuple

from ami_dialer.domain.agent import OWN_AGENT, AgentState, SeatKind
from ami_dialer.domain.attempt import Attempt, AttemptState, new_attempt_id
from ami_dialer.domain.verdict import Verdict
from ami_dialer.engine.agents.offers import Offers
from ami_dialer.engine.agents.room import Room, View
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Call, Floor, RunDesk
from ami_dialer.journey import pacing
from ami_dialer.journey.pacing import Way
from ami_dialer.rules.caller_id import Chosen, NoneLeft
from ami_dialer.rules.sharing import charge, chosen
from ami_dialer.store.giving_back import Refused
from ami_dialer.store.hopper import Claimed

#: Who waits for an agent for whom too many wait already is claimed again after so long; where the agent is away, or on
#: a break, at the latest after so long: they are woken when the agent comes.
_PUT_OFF_SECONDS = 60.0
_AWAY_SECONDS = 3_600.0


class Turn(NamedTuple):
    """What a run could do now: call the one at `place` in its hopper, this way, showing this caller id."""

    claimed: Claimed
    #: None: it waits for its own agent, beside the hopper, or an agent had it already.
    place: int | None
    way: Way
    caller_id: Chosen | None
    #: Who takes the call, or decides about it; None where nobody has to be there.
    seat: Seat | None = None


class Sharing:
    """Shares the calls among the runs that could make them now."""

    def __init__(self, floor: Floor, room: Room, offers: Offers) -> None:
        self._floor = floor
        self._room = room
        self._offers = offers
        #: Decides among equals; nobody gains by guessing it.
        self._draw: Callable[[int], int] = Random().randrange  # noqa: S311
        #: By run: how it is, as long as nothing changes while calls are handed out.
        self._views: dict[int, View] = {}

    def hand_out(self, desks: Sequence[RunDesk]) -> tuple[list[Call], float | None]:
        """As many calls as the limits allow, each to the run whose share is furthest behind; an emergency goes first.

        Also the seconds after which the rate allows another one; None where the rate holds nothing back.
        """
        self._views.clear()
        waits: list[float] = []
        picked = [call for desk in desks for call in self._decided(desk, waits)]
        able = [
            desk
            for desk in desks
            if _has_any(desk) and not self._floor.closed(desk) and self._turn(desk, waits) is not None
        ]
        while able:
            # All room is the emergency's; the others get what it leaves.
            contenders = [desk for desk in able if desk.run.emergency] or able
            place = self._whose_turn(contenders)
            desk = contenders[place]
            turn = self._turn(desk, waits)  # anew: the calls before have taken room
            if turn is not None:
                charge([each.share for each in contenders], place)
                if (call := self._take(desk, turn)) is not None:
                    picked.append(call)
            if turn is None or not _has_any(desk):
                able.remove(desk)
        return picked, min(waits, default=None)

    def _whose_turn(self, contenders: Sequence[RunDesk]) -> int:
        """The place of the run that gets the next call: by shares, but among runs that share agents by priority alone.

        Agents whom a run had for `agent_idle` and gave no call are another one's first.
        """
        place = chosen([desk.share for desk in contenders], self._draw)
        if len(contenders) == 1 or contenders[place].pacing is None:
            return place
        free = {n: self._view(desk).free for n, desk in enumerate(contenders) if desk.pacing is not None}
        mine = {seat.key for seat in free[place]}
        rivals = [n for n, seats in free.items() if n == place or mine & {seat.key for seat in seats}]
        fresh = [n for n in rivals if any(seat.passed_over != contenders[n].run.id for seat in free[n])] or rivals
        return fresh[chosen([contenders[n].share for n in fresh], self._draw, strict=True)]

    def _decided(self, desk: RunDesk, waits: list[float]) -> list[Call]:
        """Contacts that agents were offered and want called: they need a way like all others."""
        calls: list[Call] = []
        for claimed, seat in self._offers.wanted(desk):
            if self._floor.closed(desk):
                break
            way = self._way(desk, [seat], waits)
            shown = self._floor.caller_ids.for_call(desk.campaign, claimed.number, self._floor.clock.now())
            if way is None or isinstance(shown, NoneLeft):
                desk.why = shown.why if isinstance(shown, NoneLeft) else desk.why
                continue
            self._offers.dialled(claimed)
            calls.append(self._call(desk, claimed, Turn(claimed, None, way, shown, seat)))
        return calls

    def _turn(self, desk: RunDesk, waits: list[float]) -> Turn | None:
        """What the run could do now; None where nothing, and `desk.why` says why. Waits for the rate go to `waits`."""
        free: list[Seat] = []
        if desk.pacing is not None:
            pace = self._room.pace(desk, self._view(desk))
            if not pace.calls:
                desk.why = pace.reason
                return None
            free = self._view(desk).free
            if desk.campaign.dialing.mode == "preview":  # whoever is reserved has decided, and waits for that call
                free = [seat for seat in free if seat.state is AgentState.READY]
        found = self._next_in(desk, free)
        if found is None:
            return None
        claimed, place, seat = found
        way = self._way(desk, [seat] if seat is not None else None, waits)
        if way is None:
            return None
        shown = self._floor.caller_ids.for_call(desk.campaign, claimed.number, self._floor.clock.now())
        if isinstance(shown, NoneLeft):
            desk.why = shown.why
            return None
        return Turn(claimed, place, way, shown, seat)

    def _way(self, desk: RunDesk, seats: Sequence[Seat] | None, waits: list[float]) -> Way | None:
        """The way for one more call, to a server of these seats where somebody has to take it; `desk.why` says why not.

        A run with agents that abandons too many calls is held back by its pacing, not to one call at a time.
        """
        floor, now = self._floor, self._floor.clock.monotonic()
        ways = desk.ways(now)
        if seats is not None and not any(seat.kind is SeatKind.SESSION for seat in seats):  # those are anywhere
            servers = {seat.server for seat in seats}
            ways = [way for way in ways if way.server in servers]
        restraint = floor.restraint(desk) if seats is None else None
        paced = pacing.next_way(floor.limit, desk.limit, ways, now, restraint)
        desk.why = paced.why
        if paced.wait is not None:
            waits.append(paced.wait)
        return paced.way

    def _next_in(self, desk: RunDesk, free: Sequence[Seat]) -> tuple[Claimed, int | None, Seat | None] | None:
        """The first who can be called now, its place in the hopper, and who takes the call.

        Those who have waited for their own agent go first. Who is in a call at the moment, or whose number is, waits in
        the hopper; a contact whose own agent has no time waits beside it, and leaves its place to others.
        """
        if (mine := self._waited(desk, free)) is not None:
            return mine[0], None, mine[1]
        if desk.pacing is not None and not free:
            desk.why = "nobody is free to take a call"
            return None
        desk.why = "all who are due are being called already"
        found: tuple[Claimed, int, Seat | None] | None = None
        place = 0
        while found is None and place < len(desk.hopper):
            claimed = desk.hopper[place]
            if self._floor.busy(claimed):
                place += 1
            elif desk.pacing is None:
                found = claimed, place, None
            elif (seat := self._room.seat_for(desk, claimed, free)) is not None:
                found = claimed, place, seat
            else:
                del desk.hopper[place]
                self._set_aside(desk, claimed)
        if found is None and desk.for_own:
            desk.why = "all who are due wait for their own agents"
        return found

    def _waited(self, desk: RunDesk, free: Sequence[Seat]) -> tuple[Claimed, Seat] | None:
        """Who waited beside the hopper and can be called now: its agent is free, or it may go to another one by now."""
        if not free or not desk.for_own:
            return None
        for seat in free:
            one = next((one for one in desk.for_own.of(seat.agent) if not self._floor.busy(one)), None)
            if one is not None and not self._room.promised(seat):
                return one, seat
        own = desk.campaign.own_agent
        over = desk.for_own.before(self._floor.clock.monotonic() - own.wait) if own.others else ()
        one = next((one for one in over if not self._floor.busy(one)), None)
        return None if one is None else (one, free[0])

    def _set_aside(self, desk: RunDesk, claimed: Claimed) -> None:
        """It waits for its own agent beside the hopper; where too many do, it is put off."""
        there, since = self._is_there(claimed.agent or ""), desk.turn_came[claimed.enrolment_id]
        # Whoever is there finds room, however many wait for somebody who is not.
        if len(desk.for_own) < desk.campaign.hopper.size * (2 if there else 1):
            desk.for_own.add(claimed, since)
            return
        own, seconds = desk.campaign.own_agent, _PUT_OFF_SECONDS if there else _AWAY_SECONDS
        if own.others:
            seconds = min(seconds, max(since + own.wait - self._floor.clock.monotonic(), 1.0))
        later = self._floor.clock.now() + timedelta(seconds=seconds)
        self._floor.wake.set()  # the next ones of the hopper's rank may be anybody's
        why = f"waits for agent {claimed.agent}, with many others"
        desk.refused.append(Refused(claimed, Verdict(False, OWN_AGENT, None, later, (), (OWN_AGENT,), why)))

    def _is_there(self, agent: str) -> bool:
        return any(seat.state is not AgentState.ON_BREAK for seat in self._floor.seats.all_of(agent))

    def _take(self, desk: RunDesk, turn: Turn) -> Call | None:
        """One of the hopper gets a call, or, in preview, is offered to an agent: then None."""
        claimed = turn.claimed
        if turn.place is None:
            desk.for_own.remove(claimed)
        else:
            del desk.hopper[turn.place]
        desk.turn_came.pop(claimed.enrolment_id, None)
        if turn.seat is not None and desk.campaign.dialing.mode == "preview":
            self._offers.offer(desk, claimed, turn.seat)
            self._views.clear()
            return None
        return self._call(desk, claimed, turn)

    def _call(self, desk: RunDesk, claimed: Claimed, turn: Turn) -> Call:
        """A call, which takes its place among the limits and its agent."""
        now = self._floor.clock.now()
        attempt = Attempt(
            id=new_attempt_id(now),
            run_id=desk.run.id,
            enrolment_id=claimed.enrolment_id,
            contact_id=claimed.contact_id,
            ordinal=claimed.attempts + 1,
            number=claimed.number,
            server=turn.way.server,
            trunk=turn.way.trunk,
            state=AttemptState.CLAIMED,
            claimed_at=now,
        )
        call = Call(attempt, claimed, desk, self._floor.trunks[turn.way.trunk])
        if turn.caller_id is not None:
            attempt.caller_id, call.caller_id_why = turn.caller_id.shown, turn.caller_id.why
        self._floor.enter(call)
        if turn.seat is not None:
            self._room.reserve(desk, turn.seat)
        self._views.clear()
        return call

    def _view(self, desk: RunDesk) -> View:
        if (seen := self._views.get(desk.run.id)) is None:
            seen = self._views[desk.run.id] = self._room.view(desk)
        return seen


def _has_any(desk: RunDesk) -> bool:
    """Whether a run holds anybody who could be called."""
    return bool(desk.hopper or desk.for_own)
