"""Seats: whoever can take calls, what they are doing, and for whom they are reserved. Part of the floor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from ami_dialer.domain.agent import FREE, AgentEvent, AgentState, IllegalAgentEventError, SeatKind, advance
from ami_dialer.store.agent_sessions import Doing, ended, moved
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Writer

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Seat:
    """An agent who is logged in on a line, a member of a queue, or one of the sessions of a dialplan."""

    key: str
    kind: SeatKind
    #: The agent's number; of a member who is no agent of ours, its interface; of a session, its campaign and number.
    agent: str
    #: For people.
    name: str
    #: Name of the server that it is on.
    server: str
    #: When they logged in.
    began_at: datetime
    #: When the state began; since when they have had no call.
    since: datetime
    idle_since: datetime
    state: AgentState = AgentState.READY
    #: Why the break, for people.
    reason: str | None = None
    #: Uniqueid and name of the line's channel; of a member's leg while it is in a call.
    line: str = ""
    channel: str = ""
    #: Campaigns whose calls they take, by name; None: of all that they may.
    campaigns: frozenset[str] | None = None
    #: The queues that a member is in, and can take a call of now.
    queues: frozenset[str] = frozenset()
    #: Key of the log-in in SQL; None of what is not kept.
    session: int | None = None
    #: The run that it is reserved for, or whose contact or call it has.
    run: int | None = None
    #: The attempt that is in call, or wrapped up.
    attempt_id: str | None = None
    #: Who is offered, or was and is being called.
    preview: Claimed | None = None
    #: They said that the contact is to be dialled, or their time to decide is over.
    dial_wanted: bool = False
    #: The attempt whose person is just being connected to them: nobody else may be.
    taken_by: str | None = None
    #: The run that had them for `agent_idle` and gave them no call: others go first.
    passed_over: int | None = None
    #: The line is in its holding bridge; always so for other kinds.
    waiting: bool = True
    #: The line is on its way from one holding bridge to another, for another tone.
    tuning: bool = False
    #: The pause after a call is over then: no call comes before.
    rested_at: datetime | None = None
    #: What they asked for while it could not be: a break with this reason, or to be logged out.
    wanted_break: str | None = None
    wanted_logout: bool = False
    #: A result or a break is chosen, and what it asks for is being entered: wrap-up and calls wait for that.
    deciding: bool = False
    #: Results in a row that they did not give.
    forgotten: int = 0
    #: Calls they had since they logged in.
    calls: int = 0

    @property
    def free(self) -> bool:
        """Whether they could take a call now, by their state and their line."""
        return self.waiting and self.dialable

    @property
    def dialable(self) -> bool:
        """Whether calls may be placed for them: a line that changes its tone waits again before anybody answers."""
        able = self.state in FREE and (self.waiting or self.tuning) and self.taken_by is None
        return able and not self.wanted_logout and self.wanted_break is None

    @property
    def occupied(self) -> bool:
        """Whether nothing but a dialogue, or the way into the bridge, keeps them from a call."""
        able = self.state in FREE and not (self.waiting or self.tuning or self.deciding) and self.taken_by is None
        return able and not self.wanted_logout and self.wanted_break is None

    @property
    def audible(self) -> bool:
        """Whether there is anything to hear: a member of a queue has a channel during calls alone."""
        return bool(self.channel) and (self.kind is not SeatKind.MEMBER or self.state is AgentState.IN_CALL)

    def rested(self, now: datetime) -> bool:
        """Whether the pause after their last call is over."""
        return self.rested_at is None or now >= self.rested_at


def interface_of(seat: Seat) -> str:
    """The interface of a member of queues, by which Asterisk knows it."""
    return seat.key.split(":", 2)[2]


@dataclass(slots=True)
class Seats:
    """All seats. Every change of a state goes through `move`, which keeps and tells it."""

    writer: Writer
    #: Told of each change: a seat, the state before, the moment.
    tell: Callable[[Seat, AgentState, datetime], None] = lambda seat, before, at: None  # noqa: ARG005
    #: Called when there may be something to do.
    wake: Callable[[], None] = lambda: None
    by_key: dict[str, Seat] = field(default_factory=dict)
    #: Agents who have logged in, or come back from a break, since the ticker looked: what was put off for them is due.
    came: set[str] = field(default_factory=set)
    #: Lines of agents by Uniqueid: each key and bridge of every line asks. All seats by agent, then by key.
    _by_line: dict[str, Seat] = field(default_factory=dict)
    _by_agent: dict[str, dict[str, Seat]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self.by_key.values())

    def of_agent(self, agent: str) -> Seat | None:
        """Where an agent is logged in, by number or interface."""
        return next(self.all_of(agent), None)

    def all_of(self, agent: str) -> Iterator[Seat]:
        """Every seat of an agent: on a line, and as a member of queues."""
        return iter(self._by_agent.get(agent, {}).values())

    def of_line(self, line: str) -> Seat | None:
        """Whose line this is, by its Uniqueid."""
        if (seat := self._by_line.get(line)) is not None or not line:
            return seat
        legs = (seat for seat in self if seat.kind is SeatKind.MEMBER)  # of which each is there for one call
        return next((seat for seat in legs if seat.line == line), None)

    def with_attempt(self, attempt_id: str) -> Seat | None:
        """Who has the person of this attempt on the line."""
        return next((seat for seat in self if seat.attempt_id == attempt_id and seat.state is AgentState.IN_CALL), None)

    def enter(self, seat: Seat, now: datetime) -> None:
        """Somebody logged in."""
        self.by_key[seat.key] = seat
        self._by_agent.setdefault(seat.agent, {})[seat.key] = seat
        self.came.add(seat.agent)
        if seat.kind is SeatKind.LINE:
            self._by_line[seat.line] = seat
        self.tell(seat, AgentState.LOGGED_OUT, now)
        self.wake()

    def move(
        self,
        seat: Seat,
        event: AgentEvent,
        now: datetime,
        *,
        run: int | None = None,
        attempt_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Take one step of the table, keep it and tell it. Raises IllegalAgentEventError."""
        why = None if seat.state is AgentState.IN_CALL else seat.reason  # they were not on hold all the time
        before = Doing(seat.state, seat.since, why, seat.attempt_id)
        seat.state = advance(seat.state, event)
        seat.since, seat.run, seat.attempt_id, seat.reason = now, run, attempt_id, reason
        if event is AgentEvent.BREAK:
            seat.preview, seat.dial_wanted = None, False
        if seat.state is AgentState.IN_CALL:
            seat.calls += 1
            seat.passed_over = None
        elif seat.state is AgentState.READY and before.state not in {AgentState.RESERVED, AgentState.PREVIEWING}:
            seat.idle_since = now
            if before.state is AgentState.ON_BREAK:
                self.came.add(seat.agent)
        if seat.session is not None:
            offered = None if seat.preview is None else seat.preview.enrolment_id
            after = Doing(seat.state, now, reason, attempt_id, offered)
            self.writer.put(*moved(seat.session, seat.agent, before, after))
        log.debug("agent moved", agent=seat.agent, before=before.state, by=event, after=seat.state)
        self.tell(seat, before.state, now)
        self.wake()

    def remark(self, seat: Seat, reason: str | None) -> None:
        """Keep something about the state that goes on, for people."""
        doing = Doing(seat.state, seat.since, reason, seat.attempt_id)
        seat.reason = reason
        if seat.session is not None:
            self.writer.put(*moved(seat.session, seat.agent, doing, doing))

    def leave(self, seat: Seat, now: datetime, why: str) -> None:
        """Somebody is logged out, or their line is gone."""
        if self.by_key.pop(seat.key, None) is None:
            return
        self._forget(seat)
        before = Doing(seat.state, seat.since, seat.reason, seat.attempt_id)
        seat.state, seat.since = AgentState.LOGGED_OUT, now
        if seat.session is not None:
            self.writer.put(*ended(seat.session, seat.agent, before, now, why))
        log.info("agent logged out", action="agent_logged_out", agent=seat.agent, why=why)
        self.tell(seat, before.state, now)
        self.wake()

    def _forget(self, seat: Seat) -> None:
        theirs = self._by_agent[seat.agent]
        del theirs[seat.key]
        if not theirs:
            del self._by_agent[seat.agent]
        if self._by_line.get(seat.line) is seat:
            del self._by_line[seat.line]

    def finish(self, seat: Seat, now: datetime, *, wrap_up: bool, pause: float = 0.0) -> None:
        """The call is over. With `wrap_up` its result is asked for; else the agent is ready again after `pause` s."""
        attempt_id, run = seat.attempt_id, seat.run
        self.move(seat, AgentEvent.FINISH, now, run=run, attempt_id=attempt_id)
        if not wrap_up:
            self.back(seat, now, pause)

    def back(self, seat: Seat, now: datetime, pause: float) -> None:
        """The wrap-up or break is over. A break or a log-out that was asked for meanwhile begins; `pause`: seconds."""
        if seat.wanted_break is not None and seat.state is AgentState.WRAP_UP:
            reason, seat.wanted_break = seat.wanted_break, None
            self.move(seat, AgentEvent.BREAK, now, reason=reason)
            return
        seat.rested_at = now + timedelta(seconds=pause) if pause else None
        self.move(seat, AgentEvent.RETURN, now)

    def take_break(self, seat: Seat, now: datetime, reason: str) -> bool:
        """A break, now or after the call that is going on. False where it begins later."""
        try:
            self.move(seat, AgentEvent.BREAK, now, reason=reason)
        except IllegalAgentEventError:
            if seat.state in {AgentState.IN_CALL, AgentState.WRAP_UP}:
                seat.wanted_break = reason
                return False
            raise
        return True
