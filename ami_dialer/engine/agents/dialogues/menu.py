"""What an agent can do who is in no call: take a break and come back, log out, hear the state."""

from ami_dialer.domain.agent import AgentState
from ami_dialer.engine.agents.dialogues import words
from ami_dialer.engine.agents.dialogues.talk import Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import Steps

_BREAK, _LOG_OUT, _STATE = "break", "log out", "state"
_WAITS = frozenset({AgentState.READY, AgentState.RESERVED})


async def menu(talk: Talk, seat: Seat, steps: Steps) -> None:
    """The menu of somebody who waits for calls. Without a choice they go on waiting."""

    def going() -> bool:
        return seat.state in _WAITS  # calls are placed for them and not any more meanwhile

    chosen = await talk.choose(words.MENU, {"1": _BREAK, "2": _LOG_OUT, "3": _STATE}, going, tries=2)
    if chosen == _STATE and going():
        await talk.say(words.state(seat.state, seat.reason, seat.calls))
    elif chosen == _LOG_OUT:
        await log_out(talk, seat, steps)
    elif chosen == _BREAK:
        seat.deciding = True  # who wants a break is not called out of the menu any more
        try:
            await _take_break(talk, seat, steps)
        finally:
            seat.deciding = False


async def on_break(talk: Talk, seat: Seat, steps: Steps, key: str) -> None:
    """Come back, or log out; `key` was pressed before the dialogue began. Without a choice the break goes on."""
    since = seat.since

    def going() -> bool:
        return seat.state is AgentState.ON_BREAK and seat.since == since

    choices = {"1": AgentState.READY, "2": AgentState.LOGGED_OUT}
    chosen = choices.get(key) or await talk.choose(words.back_from_break(seat.reason), choices, going, tries=2)
    if chosen is AgentState.LOGGED_OUT:
        await log_out(talk, seat, steps)
    elif chosen is AgentState.READY and going():
        await steps.ready(seat)
        await talk.say(words.BACK)


async def log_out(talk: Talk, seat: Seat, steps: Steps) -> None:
    """Log out who asks for it by phone; the line ends by itself after that."""
    if seat.taken_by is not None or seat.state is AgentState.IN_CALL:
        seat.wanted_logout = True
        await talk.say(words.LOGGED_OUT_LATER)
        return
    steps.leave(seat, "logged out by phone")
    await talk.say(words.LOGGED_OUT)


async def _take_break(talk: Talk, seat: Seat, steps: Steps) -> None:
    reasons = talk.floor.config.agent_lines.breaks
    reason = next(iter(reasons.values()), "Break")
    if len(reasons) > 1:
        chosen = await talk.choose(words.choices(dict(reasons)), reasons)
        if chosen is None:
            return
        reason = chosen
    await steps.take_break(seat, reason)
    if seat.wanted_break is not None:
        await talk.say(words.break_later(reason))
