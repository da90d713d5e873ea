"""Sessions of dialplans as seats: AI agents and other systems, of which a campaign only says how many there are."""

from collections.abc import Collection

from ami_dialer.domain.agent import AgentEvent, AgentState, SeatKind
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Floor, RunDesk


def follow(floor: Floor, desks: Collection[RunDesk]) -> None:
    """As many seats as the campaigns of these runs have sessions; calls that went on over a restart have theirs."""
    wanted = {_key(desk, number): (desk, number) for desk in desks for number in range(1, _count(desk) + 1)}
    now = floor.clock.now()
    for key, (desk, number) in wanted.items():
        if key not in floor.seats.by_key:
            name = f"{desk.campaign.dialplan} {number}"
            server = desk.trunks[0].server.name
            campaigns = frozenset({desk.run.campaign})
            floor.seats.enter(Seat(key, SeatKind.SESSION, name, name, server, now, now, now, campaigns=campaigns), now)
    for seat in [seat for seat in floor.seats if seat.kind is SeatKind.SESSION]:
        if seat.key not in wanted and seat.state is not AgentState.IN_CALL:
            floor.seats.leave(seat, now, "its campaign is not running")
    _adopt(floor)


def _adopt(floor: Floor) -> None:
    """Calls that were connected before the dialer was started again take one of their campaign's sessions."""
    had = {seat.attempt_id for seat in floor.seats if seat.kind is SeatKind.SESSION}
    for call in floor.calls.values():
        campaign, attempt = call.desk.campaign, call.attempt
        if campaign.sessions is None or attempt.connected_at is None or attempt.id in had or call.ended is not None:
            continue
        name = call.desk.run.campaign
        free = (
            seat
            for seat in floor.seats
            if seat.kind is SeatKind.SESSION and seat.free and seat.campaigns == frozenset({name})
        )
        if (seat := next(free, None)) is not None:
            run = attempt.run_id
            floor.seats.move(seat, AgentEvent.CONNECT, floor.clock.now(), run=run, attempt_id=attempt.id)


def _count(desk: RunDesk) -> int:
    return desk.campaign.sessions or 0 if desk.trunks else 0


def _key(desk: RunDesk, number: int) -> str:
    return f"session:{desk.run.campaign}:{number}"
