"""Who is there: agent number and PIN, and for which campaigns they take calls."""

import asyncio

import structlog

from ami_dialer.domain import pin
from ami_dialer.engine.agents.dialogues import words
from ami_dialer.engine.agents.dialogues.talk import TRIES, Talk
from ami_dialer.engine.floor import Floor
from ami_dialer.store import agents
from ami_dialer.store.agents import Agent

log = structlog.get_logger(__name__)

_MOST_DIGITS = 10
#: Campaigns that can be chosen from by one digit; 1 is all of them.
_MOST_CAMPAIGNS = 8


async def who(talk: Talk) -> Agent | None:
    """The agent whose number and PIN were entered; None where they were not, and that was said."""
    floor = talk.floor
    for _ in range(pin.MAX_WRONG):
        number = await talk.number(words.NUMBER, _MOST_DIGITS)
        if not number:
            continue
        given = await talk.number(words.PIN, pin.MAX_DIGITS)
        agent = await agents.load(floor.database, number)
        if agent is not None and agent.locked_at is not None:
            log.warning("a locked agent tried to log in", agent=number, line=talk.leg.channel)
            await talk.say(words.LOCKED)
            return None
        if agent is not None and agent.pin_hash is not None:
            if await asyncio.to_thread(pin.matches, given, agent.pin_hash):
                if await agents.right_pin(floor.database, number):
                    return agent
                log.warning("an agent was locked right before the PIN came", agent=number, line=talk.leg.channel)
                await talk.say(words.LOCKED)
                return None
            if await _wrong(talk, number):
                return None
        else:
            await asyncio.to_thread(pin.hashed, given)  # as long as a wrong PIN takes: nobody hears which numbers exist
            if agent is None:  # what was entered may be a PIN, a prompt too late: no log is to have it
                log.warning("an agent number that nobody has", digits=len(number), line=talk.leg.channel)
            else:
                log.warning("an agent without a PIN cannot log in by phone", agent=number, line=talk.leg.channel)
        await talk.say(words.WRONG)
    await talk.say(words.NOT_LOGGED_IN)
    return None


async def _wrong(talk: Talk, number: str) -> bool:
    """Count a wrong PIN. Whether it was one too many, and that was said."""
    in_a_row = await agents.wrong_pin(talk.floor.database, number, talk.floor.clock.now())
    log.warning("wrong PIN of an agent", agent=number, in_a_row=in_a_row, line=talk.leg.channel)
    if in_a_row < pin.MAX_WRONG:
        return False
    log.error("an agent is locked", action="agent_locked", agent=number, wrong_pins=in_a_row)
    await talk.say(words.LOCKED)
    return True


async def campaigns(talk: Talk, agent: Agent) -> frozenset[str] | None:
    """Those whose calls the agent wants; None: all, also such as begin later. Only asked where several run."""
    names = running(talk.floor, agent)[:_MOST_CAMPAIGNS]
    if len(names) < 2:
        return None
    by_digit = {str(digit): name for digit, name in enumerate(names, 2)}
    for _ in range(TRIES):
        digits = await talk.number(words.campaigns(names), len(names))
        if not digits or "1" in digits:
            return None
        if all(digit in by_digit for digit in digits):
            return frozenset(by_digit[digit] for digit in digits)
        await talk.say(words.NOT_OFFERED)
    return None


def running(floor: Floor, agent: Agent) -> list[str]:
    """Names of the campaigns that run and whose calls the agent may take."""
    found = set()
    for desk in floor.runs.values():
        of = desk.campaign.agents
        if of == "all" or (of is not None and agent.number in of):
            found.add(desk.run.campaign)
    return sorted(found)
