"""Agents on lines for tests of the engine: logged in, waiting, and gone again."""

import asyncio
from datetime import timedelta

from ami_dialer.domain.agent import AgentEvent, SeatKind
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.store import agent_sessions
from ami_dialer.store.agent_sessions import LogIn
from tests.fakes.telephony import Plan

#: A person who talks until the test, or the agent, ends it.
TALKS = Plan(answers=True, stays=True)


async def full_rate(world) -> None:
    """The limits on calls a second allow a burst: they begin with one call."""
    limits = [
        desk.limit for desks in (world.engine.floor.trunks, world.engine.floor.servers) for desk in desks.values()
    ]
    for _ in range(2):
        for limit in limits:
            limit.room(world.clock.monotonic())
        await asyncio.sleep(0.02)


async def seat(world, agent: str, **more) -> Seat:
    """An agent logs in on a line and waits."""
    now = world.clock.now()
    line, channel = f"line-{agent}", f"PJSIP/{agent}-0001"
    world.telephony.agent_lines[line] = channel
    key = await agent_sessions.begin(world.database, LogIn(agent, SeatKind.LINE, "pbx", line, channel), now)
    new = Seat(line, SeatKind.LINE, agent, f"Agent {agent}", "pbx", now, now, now, line=line, channel=channel, **more)
    new.session = key
    world.engine.floor.seats.enter(new, now)
    return new


def leg_of(world, seat: Seat):
    """The person whom an agent has on the line."""
    return world.telephony.legs[seat.attempt_id]


def agent_ends(world, seat: Seat) -> None:
    """The agent ends the call by code: the person is hung up on, and the line goes on in the dialplan."""
    leg = leg_of(world, seat)
    world.telephony.end(leg.attempt_id, 16)


def ready_again(world, seat: Seat) -> None:
    """The wrap-up is over."""
    seat.waiting = True
    world.engine.floor.seats.back(seat, world.clock.now(), 0.0)


def on_break(world, seat: Seat) -> None:
    """The agent takes a break."""
    world.engine.floor.seats.move(seat, AgentEvent.BREAK, world.clock.now(), reason="Lunch")


def rested(world, seat: Seat, seconds: float) -> None:
    """The pause after the last call is this long from now on."""
    seat.rested_at = world.clock.now() + timedelta(seconds=seconds)
