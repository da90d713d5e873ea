"""What agents do, step by step. The keypad, commands and programs all come here: each step has one meaning."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from ami_dialer.config.agents import WrapUp
from ami_dialer.domain.agent import AgentEvent, AgentState, IllegalAgentEventError, SeatKind, Step
from ami_dialer.domain.attempt import new_line_id
from ami_dialer.domain.calls import LineRequest
from ami_dialer.domain.errors import DialerError
from ami_dialer.engine.agents import phones
from ami_dialer.engine.agents.during import Connections, DuringCall
from ami_dialer.engine.agents.room import serves
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.supervising import Supervising
from ami_dialer.engine.agents.talked import StepRefusedError, asked_of_asterisk
from ami_dialer.engine.floor import Floor
from ami_dialer.flows import callback_time
from ami_dialer.store import agent_sessions, agents
from ami_dialer.store.agent_sessions import LogIn
from ami_dialer.store.agents import Agent

log = structlog.get_logger(__name__)

__all__ = ["Connections", "Members", "Offers", "StepRefusedError", "Steps"]

#: States in which nothing keeps an agent from a break, or from going.
_AT_LEISURE = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING, AgentState.ON_BREAK})


class Offers(Protocol):
    """Whoever offers contacts to agents (engine/agents/offers.py)."""

    def dial(self, seat: Seat) -> None:
        """Call the contact that is offered. Raises DialerError."""
        ...

    def skip(self, seat: Seat) -> None:
        """Do not call it now. Raises DialerError."""
        ...

    def may_skip(self, seat: Seat) -> bool:
        """Whether the contact may be skipped once more."""
        ...

    def left(self, seat: Seat) -> float:
        """Seconds that are left to decide."""
        ...


class Members(Protocol):
    """Whoever looks after members of queues (engine/agents/queues.py). Each raises ConnectionError, DialerError."""

    async def pause(self, seat: Seat, reason: str) -> None:
        """Pause a member in its queues."""
        ...

    async def unpause(self, seat: Seat) -> None:
        """Let it go on."""
        ...

    def catch_up(self, seat: Seat) -> None:
        """Its state has changed: what its queues say holds."""
        ...


@dataclass(slots=True)
class Expected:
    """An agent whose phone is called, to log in without a PIN."""

    agent: Agent
    server: str
    campaigns: frozenset[str] | None
    #: They are logged in.
    seated: asyncio.Event = field(default_factory=asyncio.Event)


class Steps(DuringCall):
    """All steps. They return a sentence for people, or raise StepRefusedError with one; StoreError."""

    def __init__(self, floor: Floor, connections: Connections, offers: Offers, members: Members | None = None) -> None:
        """Without `members` those of queues are paused in Asterisk alone."""
        super().__init__(floor, connections)
        self.offers = offers
        self.supervising = Supervising(floor)
        self._members = members
        #: Lines of phones that are called, by Uniqueid.
        self.expected: dict[str, Expected] = {}
        #: Lines whose agent has logged in on another one: they are to be told.
        self.displaced: set[str] = set()

    async def carry_out(self, step: Step, agent: str, argument: Mapping[str, Any]) -> str:
        """One step of an agent, by number or interface, as an order says it; see store/agent_orders.py."""
        if step is Step.LOG_IN:
            names = argument.get("campaigns")
            return await self.log_in(agent, [str(name) for name in names] if names else None)
        seat = self._floor.seats.of_agent(agent)
        if seat is None and await agents.load(self._floor.database, agent) is None:
            raise StepRefusedError(
                f"there is no agent {agent}, and no such member of a queue that a running campaign uses; "
                "ami-dialer agents shows who is there"
            )
        if seat is None:
            raise StepRefusedError(f"agent {agent} is not logged in")
        return await self._of_seat(step, seat, argument)

    async def _of_seat(self, step: Step, seat: Seat, argument: Mapping[str, Any]) -> str:
        match step:
            case Step.BREAK:
                return await self.take_break(seat, _text(argument, "reason") or "Break")
            case Step.TRANSFER:
                return await self.transfer(seat, _needed(argument, "to"))
            case Step.CALLBACK:
                at = _moment(argument, self._floor.clock.now(), (await self.calls.of(seat)).zones)
                return await self.callback(seat, at, _text(argument, "note"))
            case Step.DISPOSITION:
                return await self.disposition(seat, _needed(argument, "title"))
            case Step.SUPERVISE:
                how = _text(argument, "how") or "listen"
                return await self.supervising.supervise(seat, _needed(argument, "by"), how)
            case _:
                plain = {
                    Step.LOG_OUT: self.log_out,
                    Step.READY: self.ready,
                    Step.DIAL: self.dial,
                    Step.SKIP: self.skip,
                    Step.HANG_UP: self.hang_up,
                    Step.HOLD: self.hold,
                    Step.RESUME: self.resume,
                    Step.DO_NOT_CALL: self.do_not_call,
                    Step.PAUSE_RECORDING: self.pause_recording,
                    Step.RESUME_RECORDING: self.resume_recording,
                }
                return await plain[step](seat)

    async def log_in(self, number: str, campaigns: Collection[str] | None = None) -> str:
        """Call the agent's phone; whoever answers it is the agent: no PIN is asked for."""
        agent = await agents.load(self._floor.database, number)
        if agent is None:
            raise StepRefusedError(f"there is no agent {number}")
        if (seat := self.line_of(number)) is not None:
            raise StepRefusedError(f"agent {number} is logged in already: {seat.state.value.replace('_', ' ')}")
        if agent.phone is None:
            raise StepRefusedError(f"agent {number} has no `phone` to be called; dial in from any phone instead")
        if any(one.agent.number == number for one in self.expected.values()):
            raise StepRefusedError(f"the phone of agent {number} is being called")
        desk = self._floor.servers.get(agent.server or next(iter(self._floor.servers)))
        if desk is None:
            raise StepRefusedError(f"agent {number} is on server {agent.server!r}, which is not under `servers`")
        line = new_line_id()
        wanted = Expected(agent, desk.name, None if campaigns is None else frozenset(campaigns))
        self.expected[line] = wanted
        context = self._floor.config.agent_lines.context
        request = LineRequest(line, agent.phone, context, "s", phones.RING_SECONDS)
        try:
            await phones.call(desk.telephony, request, wanted.seated)
        finally:
            self.expected.pop(line, None)
        seat = self.line_of(number)
        if seat is None or not any(serves(seat, desk) for desk in self._floor.runs.values()):
            return (
                f"agent {number} is logged in; no campaign is running whose calls they take: they come when one starts"
            )
        return f"agent {number} is logged in"

    def line_of(self, number: str) -> Seat | None:
        """Where an agent is logged in on a line."""
        return next((seat for seat in self._floor.seats.all_of(number) if seat.kind is SeatKind.LINE), None)

    async def seat(self, agent: Agent, line: str, channel: str, server: str, campaigns: frozenset[str] | None) -> Seat:
        """Log an agent in on a line. One on whom they were before is told, and logged out.

        Raises StepRefusedError where they are in a call there.
        """
        floor = self._floor
        self._check_free(agent.number)
        new = LogIn(agent.number, SeatKind.LINE, server, line, channel, sorted(campaigns) if campaigns else None)
        key = await agent_sessions.begin(floor.database, new, floor.clock.now())
        now = floor.clock.now()
        try:
            self._check_free(agent.number)  # a call may have come while that was written
        except StepRefusedError:
            await agent_sessions.close(floor.database, [key], now, "in a call on another phone")
            raise
        if (old := self.line_of(agent.number)) is not None:
            self.displaced.add(old.line)
            floor.seats.leave(old, now, "logged in on another phone")
            await self._tell_displaced(old)
        seat = Seat(
            key=f"line:{key}",
            kind=SeatKind.LINE,
            agent=agent.number,
            name=agent.name,
            server=server,
            began_at=now,
            since=now,
            idle_since=now,
            line=line,
            channel=channel,
            campaigns=campaigns,
            session=key,
            waiting=False,
        )
        floor.seats.enter(seat, now)
        log.info("agent logged in", action="agent_logged_in", agent=agent.number, channel=channel)
        return seat

    def _check_free(self, number: str) -> None:
        """Nobody has two calls: it does not matter whether the other came by a line or by a queue.

        A member's phone in use without a call of ours may well be the one that is just logging in.
        """
        theirs = list(self._floor.seats.all_of(number))
        ours = any(seat.state is AgentState.IN_CALL and seat.attempt_id is not None for seat in theirs)
        if ours or any(seat.taken_by is not None for seat in theirs):
            raise StepRefusedError(f"agent {number} is in a call on another phone; end that first")

    async def _tell_displaced(self, old: Seat) -> None:
        """Bring the older line to its dialogue, which says good-bye; where that fails it is ended."""
        telephony = self._floor.servers[old.server].telephony
        try:
            if old.waiting:
                await telephony.redirect(old.channel, self._floor.config.agent_lines.context, "s")
        except (ConnectionError, DialerError) as error:
            log.warning("an agent's older line could not be told", agent=old.agent, why=str(error))

    async def log_out(self, seat: Seat) -> str:
        """Log out, now or after the call and its wrap-up. The line is ended."""
        if seat.kind is not SeatKind.LINE:
            raise StepRefusedError(f"{seat.agent} is no agent on a line; take it out of its queue in Asterisk")
        if seat.state not in _AT_LEISURE or seat.taken_by is not None:
            seat.wanted_logout = True
            return f"agent {seat.agent} is logged out after the {_going_on(seat)}"
        await self._go(seat)
        return f"agent {seat.agent} is logged out"

    async def _go(self, seat: Seat) -> None:
        self.leave(seat, "logged out")
        telephony = self._floor.servers[seat.server].telephony
        try:
            await telephony.hang_up_line(seat.channel)
        except (ConnectionError, DialerError) as error:
            log.warning("the line of an agent could not be ended", agent=seat.agent, why=str(error))

    def leave(self, seat: Seat, why: str) -> None:
        """Log out whose line ends by itself."""
        self._floor.seats.leave(seat, self._floor.clock.now(), why)

    async def take_break(self, seat: Seat, reason: str) -> str:
        """Take a break, now or after the call and its wrap-up."""
        reason = " ".join(reason.split())[:60]
        if seat.kind is SeatKind.MEMBER:
            with asked_of_asterisk():
                await self._members_of(seat).pause(seat, reason)
            return f"{seat.agent} is paused: {reason}"
        try:
            leisure = seat.taken_by is None and seat.state is not AgentState.WRAP_UP  # which is theirs to end
            begins = leisure and self._floor.seats.take_break(seat, self._floor.clock.now(), reason)
        except IllegalAgentEventError:
            raise StepRefusedError(f"agent {seat.agent} is on a break already: {seat.reason}") from None
        if begins:
            return f"agent {seat.agent} is on a break: {reason}"
        seat.wanted_break = reason
        return f"agent {seat.agent} is on a break after the {_going_on(seat)}: {reason}"

    async def ready(self, seat: Seat) -> str:
        """Take calls again: after a break, before the end of the wrap-up, or after all."""
        if seat.kind is SeatKind.MEMBER:
            with asked_of_asterisk():
                await self._members_of(seat).unpause(seat)
            return f"{seat.agent} is not paused any more"
        seat.wanted_break, seat.wanted_logout = None, False
        if seat.state is AgentState.ON_BREAK:
            self._floor.seats.back(seat, self._floor.clock.now(), 0.0)
        self.wrapped_up(seat)
        if seat.state is AgentState.IN_CALL:
            return f"agent {seat.agent} is in a call, and ready after it"
        return f"agent {seat.agent} is ready"

    async def dial(self, seat: Seat) -> str:
        """Call the contact that is offered."""
        self._offered(seat)
        try:
            self.offers.dial(seat)
        except DialerError as refused:
            raise StepRefusedError(str(refused)) from refused
        return "the contact is called"

    async def skip(self, seat: Seat) -> str:
        """Do not call the contact that is offered; it comes again by the rules of retry."""
        self._offered(seat)
        try:
            self.offers.skip(seat)
        except DialerError as refused:
            raise StepRefusedError(str(refused)) from refused
        return "the contact is skipped"

    async def look(self) -> None:
        """Now and again: end wrap-ups whose time is over; honour breaks and log-outs that were asked for meanwhile."""
        self.calls.look()
        now, held = self._floor.clock.now(), {seat.line for seat in self._floor.seats}
        self.displaced -= held
        for seat in list(self._floor.seats):
            if seat.state is AgentState.WRAP_UP and seat.kind is SeatKind.LINE and not seat.deciding:
                limit = self._wrap_up(seat).limit
                if (now - seat.since).total_seconds() >= limit:
                    # Whom the question did not reach has not forgotten it.
                    (self.forgotten if seat.attempt_id in self.calls.asked else self.wrapped_up)(seat)
            await self.honour(seat)

    async def honour(self, seat: Seat) -> None:
        """Let a break or a log-out begin that was asked for while it could not be."""
        if seat.state not in _AT_LEISURE or seat.taken_by is not None:
            return
        if seat.wanted_logout:
            await self._go(seat)
        elif seat.wanted_break is not None:
            reason, seat.wanted_break = seat.wanted_break, None
            if seat.state is not AgentState.ON_BREAK:
                self._floor.seats.move(seat, AgentEvent.BREAK, self._floor.clock.now(), reason=reason)

    def wrapped_up(self, seat: Seat) -> None:
        """As without queues; a member whom somebody paused meanwhile is on a break at once, and never free."""
        super().wrapped_up(seat)
        if seat.kind is SeatKind.MEMBER and self._members is not None:
            self._members.catch_up(seat)

    def _wrap_up(self, seat: Seat) -> WrapUp:
        talked = self.calls.known(seat)
        return WrapUp() if talked is None else talked.document.wrap_up

    def _offered(self, seat: Seat) -> None:
        if seat.state is not AgentState.PREVIEWING:
            raise StepRefusedError(f"no contact is offered to agent {seat.agent}")

    def _members_of(self, seat: Seat) -> Members:
        if self._members is None:
            raise StepRefusedError(f"{seat.agent} is a member of a queue; pause it in Asterisk")
        return self._members


def _going_on(seat: Seat) -> str:
    return "wrap-up" if seat.state is AgentState.WRAP_UP else "call"


def _text(argument: Mapping[str, Any], name: str) -> str | None:
    value = argument.get(name)
    return str(value) if value else None


def _needed(argument: Mapping[str, Any], name: str) -> str:
    if (value := _text(argument, name)) is None:
        raise StepRefusedError(f"the order says no {name!r}")
    return value


def _moment(argument: Mapping[str, Any], now: datetime, zones: Sequence[str]) -> datetime:
    """When; a time without an offset is on the person's clock, as on the keypad."""
    written = _needed(argument, "at")
    try:
        return callback_time.written(written, now, zones)
    except (ValueError, OverflowError):
        raise StepRefusedError(f"{written!r} is no time; write it like 2026-05-04T15:30:00+00:00") from None
