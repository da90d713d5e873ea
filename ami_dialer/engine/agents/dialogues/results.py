"""The result of a call, chosen from the campaign's set: in wrap-up, and by code during the call."""

from collections.abc import Callable
from datetime import datetime

from ami_dialer.config.dispositions import meanings_of
from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.meaning import AGENTS, FORGOTTEN, Meaning, Meanings
from ami_dialer.engine.agents.dialogues import moments, words
from ami_dialer.engine.agents.dialogues.talk import Talk, always
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import StepRefusedError, Steps
from ami_dialer.engine.agents.talked import Talked
from ami_dialer.ports import CallerHungUpError


async def wrap_up(talk: Talk, seat: Seat, steps: Steps) -> None:
    """Ask for the result, again and again until it is there or the time for it is over; then the wrap-up is over."""
    attempt_id = seat.attempt_id
    try:
        talked = await steps.calls.of(seat)
    except StepRefusedError:
        steps.wrapped_up(seat)
        return
    steps.calls.asked.add(talked.attempt_id)
    limit = talked.document.wrap_up.limit

    def going() -> bool:
        return talk.waited < limit and seat.state is AgentState.WRAP_UP and seat.attempt_id == attempt_id

    talk.waited, before = 0.0, seat.forgotten
    while going() and not await choose(talk, seat, steps, talked, going):
        pass
    if seat.state is AgentState.WRAP_UP and seat.attempt_id == attempt_id:
        steps.forgotten(seat)
    if seat.forgotten != before:  # by the clock too, which runs while sentences are spoken
        await talk.say(words.RESULT_LOST)


async def choose(
    talk: Talk, seat: Seat, steps: Steps, talked: Talked, going: Callable[[], bool] = always, tries: int = 1
) -> Meaning | None:
    """Have one chosen, with what it asks for, and give it; None where none was given."""
    offered = menu(meanings_of(talk.floor.config, talked.document))
    titles = {digits: meaning.title for digits, meaning in offered.items()}
    meaning = await talk.choose(words.results(titles), offered, going, tries=tries)
    if meaning is None or not going():
        return None
    seat.deciding = True
    try:
        given = await _give(talk, seat, steps, talked, meaning)
    except StepRefusedError as refused:
        await talk.say(f"{refused}.")
        return None
    finally:
        seat.deciding = False
    return meaning if given else None


async def _give(talk: Talk, seat: Seat, steps: Steps, talked: Talked, meaning: Meaning) -> bool:
    """Give the result that was chosen, with what it asks for. The time for the result does not end any more.

    False where it is not to be, or another one was given meanwhile. Raises StepRefusedError.
    """
    attempt_id, state = seat.attempt_id, seat.state

    def still() -> bool:
        return seat.attempt_id == attempt_id and state in {seat.state, AgentState.IN_CALL}

    if meaning.do_not_call and await talk.ask(words.CONFIRM_DNC, still) != "1":
        return False
    try:
        if meaning.callback and not meaning.do_not_call:
            await call_back(talk, seat, steps, talked, still)
    except CallerHungUpError:
        if still():  # whoever puts the phone down without a time has chosen all the same
            await steps.give(seat, talked, meaning.title)
        raise
    if state is AgentState.WRAP_UP and not still():
        return False
    await steps.give(seat, talked, meaning.title)
    await talk.say(words.given(meaning.title))
    return True


async def call_back(
    talk: Talk, seat: Seat, steps: Steps, talked: Talked, going: Callable[[], bool] = always
) -> datetime | None:
    """Have day and time entered, and take the callback. Raises StepRefusedError."""
    at = await moments.ask(talk, talked.zones, going)
    if at is None or not going():
        return None
    when = await steps.call_back(seat, at)
    await talk.say(moments.told(talk, when, talked.zones))
    return when


def menu(known: Meanings) -> dict[str, Meaning]:
    """What is offered, by digits: the titles with a key; where none has one all that agents give, numbered.

    The campaign's own come first, in their order, and then the agents' standard results.
    """
    with_keys = {meaning.key: meaning for meaning in known.by_title.values() if meaning.key is not None}
    if with_keys:
        return with_keys
    own = [meaning for title, meaning in known.by_title.items() if title in known.own]
    rest = [known.by_title[title] for title in AGENTS if title not in known.own and title != FORGOTTEN]
    return {str(digit): meaning for digit, meaning in enumerate([*own, *rest], 1)}
