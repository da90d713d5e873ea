"""People on hold. The agent presses the code of features.conf for it, or has it pressed by an order."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ami_dialer.domain.agent import AgentState
from ami_dialer.engine.agents.seats import Seat, Seats
from ami_dialer.engine.agents.talked import StepRefusedError, asked_of_asterisk
from ami_dialer.engine.floor import Call

#: The name of the code in asterisk_conf/features.conf.
HOLD_CODE = "ami-dialer-hold"
#: What `ami-dialer agents` says of it.
ON_HOLD = "on hold"
#: Two keys last 0.2 s; then Asterisk comes to us with the agent's line, or it did not take them as a code.
TAKEN_SECONDS = 1.5
#: Keys are lost while the agent hears the tone before a call.
TRIES = 2
#: A sentence that the agent hears as the dialogue begins is spoken to its end: some 3 s.
OVER_SECONDS = 6.0


class Holding:
    """Music for the person while the agent's line is in the dialogue of the code; Asterisk plays it."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        #: Attempts whose agent is in the dialogue of any code: keys would be taken for its answers.
        self._in_code: set[str] = set()
        #: By attempt: set when somebody is on hold, or is so no more.
        self._changes: dict[str, asyncio.Event] = {}

    @contextmanager
    def in_code(self, attempt_id: str | None) -> Iterator[None]:
        """The dialogue of a code goes on."""
        key = attempt_id or ""
        self._in_code.add(key)
        try:
            yield
        finally:
            self._in_code.discard(key)

    @contextmanager
    def on_hold(self, seat: Seat, call: Call) -> Iterator[None]:
        """The person is on hold."""
        call.held = True
        self._seats.remark(seat, ON_HOLD)
        self._changed(call)
        try:
            yield
        finally:
            call.held = False
            if seat.state is AgentState.IN_CALL and seat.attempt_id == call.attempt.id:
                self._seats.remark(seat, None)
            self._changed(call)

    async def hold(self, seat: Seat, call: Call) -> None:
        """Put the person on hold. Raises StepRefusedError."""
        if call.held:
            raise StepRefusedError("the person is on hold already")
        if call.attempt.id in self._in_code:
            raise StepRefusedError(f"agent {seat.agent} has pressed a code and is in its menu; ask again after it")
        change = self._changes[call.attempt.id] = asyncio.Event()
        try:
            for _ in range(TRIES):
                if call.attempt.id not in self._in_code:  # else it has come, and will be on hold in a moment
                    await self._press(seat, call)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TAKEN_SECONDS):
                        await change.wait()
                    return
            raise StepRefusedError(
                "Asterisk did not take the code for hold; `ami-dialer doctor` looks whether it knows the codes"
            )
        finally:
            del self._changes[call.attempt.id]

    async def _press(self, seat: Seat, call: Call) -> None:
        with asked_of_asterisk():
            if not await call.trunk.server.telephony.press_code(call.attempt.id, HOLD_CODE):
                raise StepRefusedError(f"agent {seat.agent} has nobody on the line who can be put on hold")

    async def resume(self, call: Call) -> None:
        """Bring them together again. Raises StepRefusedError."""
        if not call.held:
            raise StepRefusedError("the person is not on hold")
        change = self._changes[call.attempt.id] = asyncio.Event()
        call.held = False
        try:
            async with asyncio.timeout(OVER_SECONDS):
                await change.wait()
        except TimeoutError:
            raise StepRefusedError("the agent's line did not come back from hold yet; it does by any key") from None
        finally:
            del self._changes[call.attempt.id]

    def _changed(self, call: Call) -> None:
        if (change := self._changes.get(call.attempt.id)) is not None:
            change.set()
