"""A contact is offered: the agent hears who it is, and dials or skips."""

import re
from collections.abc import Mapping

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.merge import MergeError, fields_needed, merge
from ami_dialer.engine.agents.dialogues import words
from ami_dialer.engine.agents.dialogues.talk import Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import StepRefusedError, Steps


async def preview(talk: Talk, seat: Seat, steps: Steps) -> None:
    """1 dials, 2 skips where that may be; when the time is over it is dialled."""
    offered = seat.preview
    desk = None if seat.run is None else talk.floor.runs.get(seat.run)
    if offered is None or desk is None:
        return
    contact = spoken(desk.campaign.dialing.preview.say, offered.fields)
    until = talk.waited + steps.offers.left(seat)

    def going() -> bool:
        mine = seat.state is AgentState.PREVIEWING and seat.preview is offered
        return mine and talk.waited < until and steps.offers.left(seat) > 0

    while going():
        may_skip = steps.offers.may_skip(seat)
        key = await talk.ask(words.preview(contact, may_skip=may_skip), going)
        if not going():
            break
        if key == "1" or (key == "2" and may_skip):
            await _decide(talk, seat, steps, dial=key == "1")
            return
        if key:
            await talk.say(words.NOT_OFFERED)
    if seat.state is AgentState.PREVIEWING and seat.preview is offered:
        await _decide(talk, seat, steps, dial=True)


async def _decide(talk: Talk, seat: Seat, steps: Steps, *, dial: bool) -> None:
    """Carry it out; where a command or the clock was first, that counts."""
    try:
        await (steps.dial(seat) if dial else steps.skip(seat))
    except StepRefusedError:
        return
    await talk.say(words.DIALLED if dial else words.SKIPPED)


def spoken(text: str, fields: Mapping[str, str]) -> str:
    """What is said of a contact; a field without a value is left out."""
    try:
        missing = [name for name in fields_needed(text) if not fields.get(name, "").strip()]
        for name in missing:
            text = re.sub(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", "", text)
        return " ".join(merge(text, fields).split())
    except MergeError:
        return ""
