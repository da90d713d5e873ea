"""Codes that an agent presses during a call. The person hears music until the dialogue is over."""

from collections.abc import Awaitable, Callable

import structlog

from ami_dialer.domain.agent import AgentState
from ami_dialer.engine.agents.dialogues import results, words
from ami_dialer.engine.agents.dialogues.talk import TRIES, Talk
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import StepRefusedError, Steps
from ami_dialer.engine.agents.talked import Talked

log = structlog.get_logger(__name__)

#: Seconds that somebody is left on hold at most.
HOLD_SECONDS = 1_800.0
#: Choice of an extension that the agent enters.
_ANY = "0"
_MOST_DIGITS = 20

Code = Callable[[Talk, Seat, Steps, Talked], Awaitable[None]]


async def code(talk: Talk, seat: Seat, steps: Steps) -> None:
    """Carry out the code that was pressed. What is refused is said; then the call goes on."""
    name = talk.leg.code
    carry_out = _CODES.get(name)
    if carry_out is None:
        log.error("features.conf has a code that the dialer does not know", code=name)
        await talk.say(words.NOT_OFFERED)
        return
    try:
        await carry_out(talk, seat, steps, await steps.calls.of(seat))
    except StepRefusedError as refused:
        await talk.say(f"{refused}.")


async def _hold(talk: Talk, seat: Seat, steps: Steps, _talked: Talked) -> None:
    call = steps.calls.going_on(seat)

    def going() -> bool:
        return call.held and seat.state is AgentState.IN_CALL and seat.attempt_id == call.attempt.id

    with steps.holding.on_hold(seat, call):
        if await talk.ask(words.ON_HOLD, going, HOLD_SECONDS):
            await talk.say(words.RESUMED)


async def _transfer(talk: Talk, seat: Seat, steps: Steps, talked: Talked) -> None:
    settings = talked.document.transfer
    if not settings.allowed:
        await talk.say(words.NO_TRANSFER)
        return
    names = {digit: target.name for digit, target in settings.to.items()}
    if settings.any_extension:
        names[_ANY] = "an extension"
    chosen = _ANY
    if settings.to:
        digits = {digit: digit for digit in names}
        chosen = await talk.choose(words.choices(names), digits) or ""
    to = await talk.number(words.EXTENSION, _MOST_DIGITS) if chosen == _ANY else chosen
    if to:
        await talk.say(words.TRANSFERRED)
        await steps.transfer(seat, to)


async def _do_not_call(talk: Talk, seat: Seat, steps: Steps, _talked: Talked) -> None:
    if await talk.ask(words.CONFIRM_DNC) == "1":
        await steps.do_not_call(seat)
        await talk.say(words.BARRED)


async def _callback(talk: Talk, seat: Seat, steps: Steps, talked: Talked) -> None:
    if await results.call_back(talk, seat, steps, talked) is None:
        await talk.say(words.NO_CALLBACK)


async def _disposition(talk: Talk, seat: Seat, steps: Steps, talked: Talked) -> None:
    await results.choose(talk, seat, steps, talked, tries=TRIES)


async def _record(talk: Talk, seat: Seat, steps: Steps, _talked: Talked) -> None:
    if steps.recording_paused(seat):
        await steps.resume_recording(seat)
        await talk.say(words.UNPAUSED)
    else:
        await steps.pause_recording(seat)
        await talk.say(words.PAUSED)


async def _hang_up(_talk: Talk, seat: Seat, steps: Steps, _talked: Talked) -> None:
    await steps.hang_up(seat)


#: By the names that asterisk_conf/features.conf gives them.
_CODES: dict[str, Code] = {
    "hold": _hold,
    "transfer": _transfer,
    "dnc": _do_not_call,
    "callback": _callback,
    "disposition": _disposition,
    "record": _record,
    "hangup": _hang_up,
}
