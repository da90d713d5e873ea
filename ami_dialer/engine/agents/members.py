"""One member of Asterisk's queues: what the dialer knows of it, and what its seat makes of that.

A phone may be in several queues that campaigns use. It is one seat all the same: it has one call at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ami_dialer.domain.agent import FREE, AgentEvent, AgentState
from ami_dialer.domain.calls import Member
from ami_dialer.engine.agents.seats import Seat, Seats
from ami_dialer.engine.agents.talked import result_wanted
from ami_dialer.engine.floor import Call
from ami_dialer.rules.members import Standing, idle, rested_at, rings, standing

#: Why members are paused, as Asterisk shows it; by this the dialer knows its own pauses.
OWN_PAUSE = "ami-dialer wrap-up"
#: So long a member who is in use is taken to be answering somebody who waits in its queue: Asterisk tells of the call
#: only when the member has heard what the queue announces.
ANSWERING_SECONDS = 5.0
#: A member whom the queue gives no call yet, for a reason that tells no end, is looked at again so soon.
_SOON = timedelta(seconds=1)
_TAKES_CALLS = frozenset({Standing.FREE, Standing.RESTING, Standing.BUSY})


@dataclass(frozen=True, slots=True)
class Talk:
    """A call of ours that a member has, and the member's leg; "" where its beginning was missed."""

    call: Call
    line: str = ""
    channel: str = ""


@dataclass(slots=True)
class Place:
    """A member in all the queues that it is in."""

    server: str
    interface: str
    members: dict[str, Member] = field(default_factory=dict)
    seat: Seat | None = None
    #: Its queues, as its log-in has them in SQL.
    kept: frozenset[str] = frozenset()
    talk: Talk | None = None
    #: Until when the result of the last call is waited for, and the pause after that.
    wrap_until: datetime | None = None
    pause: float = 0.0
    #: The pause is over then.
    rest_until: datetime | None = None
    #: A call of ours is over, and the device was not seen idle since: the leg may still be asked for the result.
    leaves: bool = False
    #: It is being called back for the result of its last call: its device is in use by us, and not by somebody else.
    called: bool = False
    #: Since when it is in use without ringing.
    in_use_since: datetime | None = None
    #: By queue: when the end of the last call was seen first.
    _seen_at: dict[str, datetime] = field(default_factory=dict)
    #: Queues in which somebody else paused it, and why.
    _outside: dict[str, str] = field(default_factory=dict)
    #: Queues of which Asterisk said that our pause is in force, and those where somebody took it back.
    _confirmed: set[str] = field(default_factory=set)
    _released: set[str] = field(default_factory=set)
    #: What Asterisk refused to do, until the next call.
    refused: set[tuple[str, bool]] = field(default_factory=set)

    def see(self, member: Member, at: datetime) -> None:
        """The member is this now, in one queue."""
        queue, before = member.queue, self.members.get(member.queue)
        if before is None or before.last_call != member.last_call:
            self._seen_at[queue] = at
        self.members[queue] = member
        if not member.paused:
            self._outside.pop(queue, None)
            if queue in self._confirmed:
                self._let_go(queue)
        elif member.paused_reason == OWN_PAUSE:
            self._confirmed.add(queue)
        else:
            self._outside[queue] = member.paused_reason
            self._confirmed.discard(queue)
        talking = any(one.status == 2 for one in self.members.values()) and not rings(self.members.values())
        self.in_use_since = (self.in_use_since or at) if talking else None
        self.leaves = self.leaves and Standing.BUSY in self.standings(at).values()

    def _let_go(self, queue: str) -> None:
        """Somebody took our pause back: in a call that is their wish, and after it the wrap-up is over."""
        self._confirmed.discard(queue)
        if self.talk is not None:
            self._released.add(queue)
        else:
            self.wrap_until = self.rest_until = None

    def drop(self, queue: str) -> None:
        """It is in this queue no more."""
        self.members.pop(queue, None)
        self._outside.pop(queue, None)
        self._confirmed.discard(queue)

    def standings(self, now: datetime) -> dict[str, Standing]:
        """How it stands, by queue."""
        found = {queue: standing(one, self._seen_at[queue], now, OWN_PAUSE) for queue, one in self.members.items()}
        kept_away = {queue for queue in self._outside if found.get(queue) in {Standing.RESTING, Standing.FREE}}
        return found | dict.fromkeys(kept_away, Standing.PAUSED)  # under our own pause theirs stays

    def present(self, now: datetime) -> bool:
        """Whether it can be reached, or has somebody on the line."""
        return self.talk is not None or any(one is not Standing.AWAY for one in self.standings(now).values())

    def engaged(self, now: datetime) -> bool:
        """It has a call of ours, wraps one up, or rests after it: it gets no other call."""
        wraps_up = self.seat is not None and self.seat.state is AgentState.WRAP_UP
        return self.talk is not None or wraps_up or (self.rest_until is not None and now < self.rest_until)

    def pauses(self, now: datetime) -> list[tuple[str, bool, str]]:
        """What Asterisk is to be asked for: queue, paused or not, and the reason."""
        engaged, wanted = self.engaged(now), []
        for queue, member in self.members.items():
            ours = member.paused and member.paused_reason == OWN_PAUSE
            if engaged and not member.paused and queue not in self._released:
                wanted.append((queue, True, OWN_PAUSE))
            elif ours and not engaged:
                # A pause from outside that came under ours stays when ours is over.
                wanted.append((queue, queue in self._outside, self._outside.get(queue, "")))
        return [one for one in wanted if one[:2] not in self.refused]

    def on_hook(self) -> bool:
        """Whether its phone is there, and in no call."""
        return idle(self.members.values())

    @property
    def parting(self) -> bool:
        """What its device has on the line is still ours."""
        return self.leaves or self.called

    def held(self, now: datetime) -> bool:
        """Whether the dialer is not through with it: it is engaged, or to be let go."""
        return self.engaged(now) or bool(self.pauses(now))

    def unpausing(self, queue: str) -> None:
        """We are about to take our pause back: what Asterisk tells of that is nobody's wish."""
        self._confirmed.discard(queue)

    def why_paused(self, queue: str) -> str:
        """Why somebody else paused it, for people; "" where they gave no reason."""
        return self._outside.get(queue, "")

    def why_away(self) -> str:
        """Why it takes no calls any more, for people."""
        if not self.members:
            return "not in a queue of a running campaign any more"
        return "its phone cannot be reached"

    def rested(self, now: datetime) -> datetime:
        """When the first of its queues gives it calls again."""
        found = self.standings(now)
        ends = [
            rested_at(self.members[queue], self._seen_at[queue])
            for queue, one in found.items()
            if one is Standing.RESTING and not self.members[queue].paused
        ]
        return max(min(ends, default=now + _SOON), self.rest_until or now)

    def over(self, seats: Seats, now: datetime) -> None:
        """The call is over: its result is asked for, or there is a pause. The device is heard of in a moment."""
        talk, self.talk = self.talk, None
        self._released.clear()
        self.refused.clear()
        if talk is None:
            return
        self.leaves = True
        settings = talk.call.desk.campaign.wrap_up
        self.pause = settings.pause
        asked = result_wanted(talk.call.desk.campaign, talk.call.attempt.outcome)
        if asked and self.seat is not None:
            self.wrap_until = now + timedelta(seconds=settings.limit)
        else:
            self.wrap_until, self.rest_until = None, now + timedelta(seconds=settings.pause)
        if self.seat is not None and self.seat.state is AgentState.IN_CALL:
            seats.finish(self.seat, now, wrap_up=asked, pause=settings.pause)
            self.seat.rested_at = max(self.rest_until or now, now + _SOON)


def follow(place: Place, seats: Seats, now: datetime, somebody_waits: Callable[[], bool]) -> None:
    """Bring a seat in step with what is known of its member.

    `somebody_waits`: whether a person of ours is in one of its queues; they may be whom it is about to answer.
    """
    seat = place.seat
    if seat is None:
        return
    if place.talk is not None:
        _talk(place, place.talk, seat, seats, now)
        return
    if not place.present(now):
        place.seat = None
        seats.leave(seat, now, place.why_away())
        return
    wraps_up = place.wrap_until is not None and (now < place.wrap_until or seat.deciding)
    if seat.state is AgentState.WRAP_UP and wraps_up:
        # On the phone it has the question for the result, which a dialer before may have begun.
        place.leaves = place.leaves or Standing.BUSY in place.standings(now).values()
        return
    found = place.standings(now)
    there: dict[str, Standing] = {queue: one for queue, one in found.items() if one is not Standing.AWAY}
    answering = False
    if all(one is Standing.PAUSED for one in there.values()):
        reasons = (place.why_paused(queue) for queue in there)
        _break(seat, seats, now, next(filter(None, reasons), "paused in Asterisk"))
    elif Standing.BUSY in there.values() and not place.parting:
        answering = seat.state in FREE and _may_answer(place, now) and somebody_waits()
        if not answering:
            _other_call(place, seat, seats, now)
    else:
        _ready(place, seat, seats, now)
    _serve(place, seat, seats, there, now, answering=answering)


def _may_answer(place: Place, now: datetime) -> bool:
    since = place.in_use_since
    return rings(place.members.values()) or (since is not None and (now - since).total_seconds() < ANSWERING_SECONDS)


def _talk(place: Place, talk: Talk, seat: Seat, seats: Seats, now: datetime) -> None:
    attempt = talk.call.attempt
    if seat.state is AgentState.IN_CALL and seat.attempt_id == attempt.id:
        seat.run = attempt.run_id
    else:
        place.wrap_until = place.rest_until = None
        _ready(place, seat, seats, now)
        seats.move(seat, AgentEvent.CONNECT, now, run=attempt.run_id, attempt_id=attempt.id)
    if talk.line:  # of a call that outlived a dialer, the leg is known when it comes to us
        seat.line, seat.channel = talk.line, talk.channel
    seat.queues = frozenset(place.members)


def _other_call(place: Place, seat: Seat, seats: Seats, now: datetime) -> None:
    """It rings or talks, and not for us."""
    if seat.state is AgentState.IN_CALL and seat.attempt_id is None:
        return
    _ready(place, seat, seats, now)
    seats.move(seat, AgentEvent.CONNECT, now)
    seat.calls -= 1  # it is none of ours


def _break(seat: Seat, seats: Seats, now: datetime, reason: str) -> None:
    if seat.state is AgentState.ON_BREAK:
        return
    if seat.state is AgentState.IN_CALL:
        seats.move(seat, AgentEvent.FINISH, now)
    seats.move(seat, AgentEvent.BREAK, now, reason=reason[:60])


def _ready(place: Place, seat: Seat, seats: Seats, now: datetime) -> None:
    if place.wrap_until is not None:  # the time is up, or somebody ended the wrap-up
        ended = seat.rested_at if seat.state in FREE else now + timedelta(seconds=place.pause)
        place.wrap_until, place.rest_until = None, ended
    if seat.state is AgentState.IN_CALL:
        seats.finish(seat, now, wrap_up=False)
    while seat.state not in FREE:  # a break that was asked for is what Asterisk's queue says, or is none
        seats.back(seat, now, 0.0)
    seat.waiting = True  # its leg may have been in a dialogue, for the wrap-up


def _serve(
    place: Place, seat: Seat, seats: Seats, there: dict[str, Standing], now: datetime, *, answering: bool
) -> None:
    """The queues that the seat takes calls of, and from when on."""
    free = frozenset(queue for queue, one in there.items() if one is Standing.FREE and not place.parting)
    takes = frozenset(queue for queue, one in there.items() if one in _TAKES_CALLS)
    waits = seat.state in FREE
    queues = (free if waits and not answering else frozenset()) or takes or frozenset(there)
    rested = place.rested(now) if waits and not free and not answering else place.rest_until
    if queues != seat.queues or rested != seat.rested_at:
        seat.queues, seat.rested_at = queues, rested
        seats.wake()
