"""Hands out the calls that limits allow: whose turn it is, who of its hopper, and on which trunk."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from ami_dialer.domain.attempt import Attempt, AttemptState, new_attempt_id
from ami_dialer.engine.floor import Call, Floor, RunDesk
from ami_dialer.journey import pacing
from ami_dialer.journey.pacing import Way
from ami_dialer.rules.caller_id import Chosen, NoneLeft
from ami_dialer.rules.sharing import charge, chosen
from ami_dialer.store.hopper import Claimed


class Turn(NamedTuple):
    """What a run could do now: call the one at `place` in its hopper, this way, showing this caller id."""

    place: int
    way: Way
    caller_id: Chosen | None


class Sharing:
    """Shares the calls among the runs that could make them now."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: Decides among equals; nobody gains by guessing it.
        self._draw: Callable[[int], int] = Random().randrange  # noqa: S311

    def hand_out(self, desks: Sequence[RunDesk]) -> tuple[list[Call], float | None]:
        """As many calls as the limits allow, each to the run whose share is furthest behind; an emergency goes first.

        Also the seconds after which the rate allows another one; None where the rate holds nothing back.
        """
        picked: list[Call] = []
        waits: list[float] = []
        able = [
            desk
            for desk in desks
            if desk.hopper and not self._floor.closed(desk) and self._turn(desk, waits) is not None
        ]
        while able:
            # All room is the emergency's; the others get what it leaves.
            contenders = [desk for desk in able if desk.run.emergency] or able
            shares = [desk.share for desk in contenders]
            place = chosen(shares, self._draw)
            desk = contenders[place]
            turn = self._turn(desk, waits)  # anew: the calls before have taken room
            if turn is not None:
                charge(shares, place)
                picked.append(self._pick(desk, turn))
            if turn is None or not desk.hopper:
                able.remove(desk)
        return picked, min(waits, default=None)

    def _turn(self, desk: RunDesk, waits: list[float]) -> Turn | None:
        """What the run could do now; None where nothing, and `desk.why` says why. Waits for the rate go to `waits`."""
        place = self._next_in(desk.hopper)
        if place is None:
            desk.why = "all who are due are being called already"
            return None
        floor, now = self._floor, self._floor.clock.monotonic()
        paced = pacing.next_way(floor.limit, desk.limit, desk.ways(now), now, floor.restraint(desk))
        desk.why = paced.why
        if paced.wait is not None:
            waits.append(paced.wait)
        if paced.way is None:
            return None
        shown = floor.caller_ids.for_call(desk.campaign, desk.hopper[place].number, floor.clock.now())
        if isinstance(shown, NoneLeft):
            desk.why = shown.why
            return None
        return Turn(place, paced.way, shown)

    def _next_in(self, hopper: Sequence[Claimed]) -> int | None:
        """The place of the first who is in no call at the moment, nor its number; the others wait in the hopper."""
        return next((n for n, claimed in enumerate(hopper) if not self._floor.busy(claimed)), None)

    def _pick(self, desk: RunDesk, turn: Turn) -> Call:
        """One of the hopper gets a call, which takes its place among the limits."""
        claimed = desk.hopper[turn.place]
        del desk.hopper[turn.place]
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
        return call
