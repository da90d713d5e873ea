"""The call that an agent has on the line, or wraps up: what their steps need to know of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.errors import AsteriskError, DialerError
from ami_dialer.domain.meaning import FORGOTTEN
from ami_dialer.domain.place import place_of
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.floor import Call, Floor
from ami_dialer.store import runs


class StepRefusedError(DialerError):
    """What an agent asked for cannot be; the text says why, as a sentence that can be spoken too."""

    exit_code = 6


@contextmanager
def asked_of_asterisk() -> Iterator[None]:
    """Say in a sentence why Asterisk did not do what an agent asked for."""
    try:
        yield
    except ConnectionError as gone:
        raise StepRefusedError("there is no connection to Asterisk at the moment; try again") from gone
    except AsteriskError as refused:
        raise StepRefusedError(f"Asterisk refused: {refused}") from refused


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
    #: The result, as far as it was given when this was looked at.
    outcome: str | None
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
        talked = await self.recall(seat.attempt_id)
        if talked is None:
            raise StepRefusedError(f"nothing is known of the last call of agent {seat.agent}")
        self.keep(talked)
        return talked

    async def recall(self, attempt_id: str) -> Talked | None:
        """A call of before, from SQL; None where it is not there. Raises StoreError."""
        found = await runs.of_attempt(self._floor.database, attempt_id)
        if found is None:
            return None
        attempt, run = found
        return self._talked(attempt, run.campaign_id, run.campaign, run.legible, _zones(attempt.number))

    def keep(self, talked: Talked) -> None:
        """Know a call that was recalled, as long as an agent has it or wraps it up."""
        self._known[talked.attempt_id] = talked

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
            attempt.outcome,
            zones or (self._floor.zone,),
        )


def result_wanted(campaign: Campaign, outcome: str | None) -> bool:
    """Whether the agent is asked for the result after a call that has this one by now."""
    return bool(campaign.wrap_up.limit) and outcome in {None, FORGOTTEN}


def _zones(number: str) -> tuple[str, ...]:
    return tuple(place_of(number, time_zone=None, postal_code=None, state=None).zones)
