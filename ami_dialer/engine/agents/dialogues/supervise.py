"""A supervisor listens to an agent's calls, whispers to the agent, or talks to both."""

import asyncio
from dataclasses import dataclass, field

import structlog

from ami_dialer.domain.agent import SuperviseMode
from ami_dialer.domain.errors import AsteriskError, StoreError
from ami_dialer.engine.agents.dialogues import login, words
from ami_dialer.engine.agents.dialogues.talk import TRIES, Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.supervising import Supervising
from ami_dialer.engine.floor import Floor
from ami_dialer.ports import LineNext
from ami_dialer.store import agent_sessions

log = structlog.get_logger(__name__)

_MODES: dict[str, SuperviseMode] = {"4": "listen", "5": "whisper", "6": "barge"}
_MOST_DIGITS = 10


@dataclass(slots=True)
class _Hearing:
    """A supervisor who hears an agent."""

    by: str
    agent: str
    mode: str
    #: How they hear it from then on; None: not any more.
    changes: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)


class Supervisors:
    """Supervisors on the phone, and what is kept of whom they hear."""

    def __init__(self, floor: Floor, supervising: Supervising) -> None:
        self._floor = floor
        self._supervising = supervising
        #: By line.
        self._hearing: dict[str, _Hearing] = {}

    async def serve(self, talk: Talk) -> None:
        """Number and PIN of the supervisor, then one agent after the other, until nobody is named any more.

        Whose phone was called by an order hears the agent of that order, and no questions.
        """
        await talk.leg.then(LineNext.BYE)
        if (wanted := self._supervising.wanted.pop(talk.leg.line, None)) is not None:
            still = self._floor.seats.by_key.get(wanted.seat.key) is wanted.seat and wanted.seat.audible
            wanted.too_late = not still
            wanted.came.set()
            if wanted.too_late:
                await talk.say(words.NOBODY)
            else:
                await self._hear(talk, wanted.seat, wanted.by, wanted.mode)
            return
        supervisor = await login.who(talk)
        if supervisor is None:
            return
        if not supervisor.supervisor:
            log.warning("an agent who is no supervisor wanted to listen", agent=supervisor.number)
            await talk.say(words.NO_SUPERVISOR)
            return
        misses = 0
        while misses < TRIES:
            number = await talk.number(words.WHOM, _MOST_DIGITS)
            seat = talk.floor.seats.of_agent(number) if number else None
            if seat is None or not seat.audible:
                misses += 1
                if number:
                    await talk.say(words.NOBODY)
                continue
            if not await _beside(talk, seat):
                misses += 1
                log.info("a supervisor cannot hear an agent on another server", by=supervisor.number, agent=number)
                await talk.say(words.other_server(seat.server))
                continue
            mode = await talk.choose(words.HOW, _MODES)
            if mode is None:
                misses += 1
                continue
            await self._hear(talk, seat, supervisor.number, mode)
            misses = 0

    async def _hear(self, talk: Talk, seat: Seat, by: str, mode: SuperviseMode) -> None:
        """Until the agent's line is gone, or the supervisor's."""
        hearing = self._hearing[talk.leg.line] = _Hearing(by, seat.agent, mode)
        hearing.changes.put_nowait(mode)
        kept = asyncio.create_task(self._keep(hearing))
        try:
            await talk.leg.spy(seat.channel, mode)
        finally:
            del self._hearing[talk.leg.line]
            hearing.changes.put_nowait(None)
            await kept
            log.info("a supervisor does not hear an agent any more", by=by, agent=seat.agent)

    def pressed(self, line: str, digit: str) -> None:
        """A supervisor's key, which Asterisk has heeded already."""
        hearing, mode = self._hearing.get(line), _MODES.get(digit)
        if hearing is not None and mode is not None and mode != hearing.mode:
            hearing.mode = mode
            hearing.changes.put_nowait(mode)

    async def _keep(self, hearing: _Hearing) -> None:
        """Log and record each change, one after the other."""
        while (mode := await hearing.changes.get()) is not None:
            now = self._floor.clock.now()
            by, agent = hearing.by, hearing.agent
            log.info("a supervisor hears an agent", action="supervised", by=by, agent=agent, mode=mode)
            try:
                await agent_sessions.supervised(self._floor.database, agent, by, mode, now)
            except StoreError as error:
                log.warning("who hears whom could not be recorded", by=by, agent=agent, mode=mode, why=str(error))


async def _beside(talk: Talk, seat: Seat) -> bool:
    """Whether the supervisor is on the agent's server: no Asterisk hears another one's calls.

    Where Asterisk does not say, it is tried.
    """
    floor = talk.floor
    if len(floor.servers) == 1:
        return True
    try:
        held = await floor.servers[seat.server].telephony.lines(floor.config.agent_lines.context)
    except (ConnectionError, AsteriskError) as error:
        log.warning("where a supervisor's line is cannot be asked for", server=seat.server, why=str(error))
        return True
    return talk.leg.line in held
