"""The call that an agent has on the line, or wraps up: what their steps need to know of it."""

from dataclasses import dataclass

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.place import place_of
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Call, Floor
from ami_dialer.store import attempts, runs


class StepRefusedError(DialerError):
    """What an agent asked for cannot be; the text says why, as a sentence that can be spoken too."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Talked:
    """A call and where it belongs."""

    attempt_id: str
    number: str
    contact_id: int
    run_id: int
    campaign_id: int
    campaign: str
    document: Campaign
    #: Time zones in which the person may be; where nobody knows, that of this machine.
    zones: tuple[str, ...]


class Calls:
    """Finds the call of a seat: on the floor, among those that were there a moment ago, or in SQL."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: By attempt.
        self._known: dict[str, Talked] = {}
        #: Attempts whose result was asked for by phone, or cannot be: nobody is called back for it.
        self.asked: set[str] = set()

    def look(self) -> None:
        """Keep what is known of calls while agents have them, and as long as they wrap up."""
        had = {seat.attempt_id for seat in self._floor.seats if seat.attempt_id is not None}
        for attempt_id in had & self._floor.calls.keys() - self._known.keys():
            self._known[attempt_id] = self._of_call(self._floor.calls[attempt_id])
        self._known = {key: known for key, known in self._known.items() if key in had}
        self.asked &= had

    def known(self, seat: Seat) -> Talked | None:
        """The call of a seat, as far as memory knows it."""
        if seat.attempt_id is None:
            return None
        call = self._floor.calls.get(seat.attempt_id)
        if call is not None and seat.attempt_id not in self._known:
            self._known[seat.attempt_id] = self._of_call(call)
        return self._known.get(seat.attempt_id)

    async def of(self, seat: Seat) -> Talked:
        """The call that an agent has, or wraps up. Raises StepRefusedError where there is none, StoreError."""
        if seat.state not in {AgentState.IN_CALL, AgentState.WRAP_UP} or seat.attempt_id is None:
            raise StepRefusedError(f"agent {seat.agent} has no call")
        if (known := self.known(seat)) is not None:
            return known
        attempt = await attempts.load(self._floor.database, seat.attempt_id)
        found = [] if attempt is None else await runs.load(self._floor.database, [attempt.run_id])
        if attempt is None or not found:
            raise StepRefusedError(f"nothing is known of the last call of agent {seat.agent}")
        [run] = found
        talked = self._talked(attempt, run.campaign_id, run.campaign, run.legible, _zones(attempt.number))
        self._known[attempt.id] = talked
        return talked

    def going_on(self, seat: Seat) -> Call:
        """The call that an agent has on the line now. Raises StepRefusedError."""
        call = None if seat.attempt_id is None else self._floor.calls.get(seat.attempt_id)
        if seat.state is not AgentState.IN_CALL or call is None:
            raise StepRefusedError(f"agent {seat.agent} is not in a call")
        return call

    def _of_call(self, call: Call) -> Talked:
        run = call.desk.run
        zones = _zones(call.attempt.number) if call.callee is None else tuple(call.callee.place.zones)
        return self._talked(call.attempt, run.campaign_id, run.campaign, call.desk.campaign, zones)

    def _talked(
        self, attempt: Attempt, campaign_id: int, campaign: str, document: Campaign, zones: tuple[str, ...]
    ) -> Talked:
        return Talked(
            attempt.id,
            attempt.number,
            attempt.contact_id,
            attempt.run_id,
            campaign_id,
            campaign,
            document,
            zones or (self._floor.zone,),
        )


def _zones(number: str) -> tuple[str, ...]:
    return tuple(place_of(number, time_zone=None, postal_code=None, state=None).zones)
