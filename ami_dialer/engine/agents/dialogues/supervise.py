"""A supervisor listens to an agent's calls, whispers to the agent, or talks to both."""

import structlog

from ami_dialer.domain.errors import AsteriskError
from ami_dialer.engine.agents.dialogues import login, words
from ami_dialer.engine.agents.dialogues.talk import TRIES, Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.ports import LineNext

log = structlog.get_logger(__name__)

_MODES = {"4": "listen", "5": "whisper", "6": "barge"}
_MOST_DIGITS = 10


async def supervise(talk: Talk) -> None:
    """Number and PIN of the supervisor, then one agent after the other, until nobody is named any more."""
    await talk.leg.then(LineNext.BYE)
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
        if seat is None or not seat.channel:
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
        log.info("a supervisor hears an agent", action="supervised", by=supervisor.number, agent=number, mode=mode)
        await talk.leg.spy(seat.channel, mode)
        misses = 0


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
