"""Carries a flow out on one answered call.

What callers expect of a keypad holds here (docs/flows.md): a digit cuts a question's prompt short and is the
first digit of the answer; so does one pressed during the prompts that lead up to the question; `#` ends an
answer.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ami_dialer.config.flow import Ask, CallMeBack, Flow, OptOut, Prompt, Verb
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.merge import MergeError, merge
from ami_dialer.flows import callback_time
from ami_dialer.flows.host import FlowHost
from ami_dialer.ports import CallerHungUpError, CallLeg, CallLostError, SoundMissingError, SpeechFailedError

_log = logging.getLogger(__name__)

#: Keys of a telephone.
KEYS = "0123456789*#"
#: A prompt is heard when it has played so long. A sound that is missing fails sooner, and so does one that is begun
#: when the person has hung up.
HEARD_SECONDS = 0.1
#: Verbs of one call. A person hears a prompt a few seconds each, so 500 are more than an hour: the flow goes
#: round in circles.
MAX_VERBS = 500


@dataclass(frozen=True, slots=True)
class FlowResult:
    """How a flow ended: COMPLETED, OPTED_OUT, NO_INPUT, HUNG_UP, LOST or FLOW_FAILED."""

    end: EndReason
    #: What went wrong, in a sentence that names step and verb; None when nothing did.
    detail: str | None
    #: The step the call was in when it ended.
    step: str


async def run_flow(flow: Flow, leg: CallLeg, host: FlowHost, closing: str, message: Flow | None = None) -> FlowResult:
    """Carry out `flow` on `leg` and hang up. Never raises, except when it is cancelled.

    The end reason is OPTED_OUT once an opt-out was carried out, whatever came after; else FLOW_FAILED when
    the flow broke (the person then hears `message`, or the sound `closing`: see `apologise`); else HUNG_UP when
    the person hung up before all was asked, or LOST when the connection to Asterisk ended there without a word of
    it; else NO_INPUT when a question stayed without a valid answer; else COMPLETED. Hanging up during the prompts
    after the last question, or when nothing but prompts is left of a flow that asked, is the end of the flow.
    """
    walk = _Walk(flow, leg, host)
    detail = None
    try:
        end = await walk.run()
    except Exception as error:  # noqa: BLE001 - whatever breaks, the attempt says why
        end, detail = EndReason.FLOW_FAILED, walk.describe(error)
        # Who has opted out of this call has heard who called, and needs no second way out.
        trouble = await _apologise(leg, host, closing, None if walk.opted_out else message)
        detail = f"{detail}; {trouble}" if trouble else detail
    finally:
        with suppress(CallerHungUpError):
            await leg.hang_up()
    return FlowResult(EndReason.OPTED_OUT if walk.opted_out else end, detail, walk.step)


async def apologise(leg: CallLeg, host: FlowHost, closing: str, message: Flow | None) -> str | None:
    """Tell a person whose call cannot be served who called, and hang up. Never raises, except when it is cancelled.

    They hear the flow `message`; an opt-out in it counts, and their answers are kept. Where it breaks too, or there is
    none, they hear the sound `closing`. Returns what broke, in a sentence; None where nothing did.
    """
    try:
        return await _apologise(leg, host, closing, message)
    finally:
        with suppress(CallerHungUpError):
            await leg.hang_up()


async def _apologise(leg: CallLeg, host: FlowHost, closing: str, message: Flow | None) -> str | None:
    trouble = None
    if message is not None:
        walk = _Walk(message, leg, host, counts=False)
        try:
            await walk.run()
        except Exception as error:  # noqa: BLE001 - whatever breaks, the person hears something
            trouble = f"the message for abandoned calls broke too: {walk.describe(error)}"
        else:
            return None
    with suppress(Exception):
        await leg.play(closing)
    return trouble


class _EndlessFlowError(Exception):
    """The flow goes round in circles."""


class _NoStepError(Exception):
    """A verb goes to a step that is not there. Flows of config.yaml are checked for it when they are read."""


class _Walk:
    """One call on its way through the flow."""

    def __init__(self, flow: Flow, leg: CallLeg, host: FlowHost, *, counts: bool = True) -> None:
        """`counts`: what is heard counts as talking to the person; a message that says sorry does not."""
        self._flow = flow
        self._counts = counts
        self._leg = leg
        self._host = host
        self._voice = flow.voice or host.voice
        self.step = flow.first_step
        self._index = 0
        #: A digit pressed ahead of the question it belongs to.
        self._typed = ""
        #: Valid answer of each question asked so far; None where there is none.
        self._answers: dict[str, str | None] = {}
        self.opted_out = False

    async def run(self) -> EndReason:
        try:
            await self._walk()
        except CallerHungUpError as over:
            if not self._answers or self._next_task() is not None:
                return EndReason.LOST if isinstance(over, CallLostError) else EndReason.HUNG_UP
            await self._last_results()
        return EndReason.NO_INPUT if None in self._answers.values() else EndReason.COMPLETED

    async def _walk(self) -> None:
        for _ in range(MAX_VERBS):
            if self.step not in self._flow.steps:
                raise _NoStepError("there is no such step")
            verb = self._verb_at(self.step, self._index)
            if verb is None or verb.hangup is not None:
                return
            target = await self._carry_out(verb)
            self.step, self._index = (target, 0) if target else (self.step, self._index + 1)
        raise _EndlessFlowError(
            f"{MAX_VERBS} verbs were carried out without coming to an end; look for a circle of goto"
        )

    async def _carry_out(self, verb: Verb) -> str | None:
        """Do one verb; the step to go to, or None for the next verb."""
        if verb.ask is not None:
            return await self._ask(verb.ask)
        if verb.callback is not None:
            return await self._callback(verb.callback)
        if verb.opt_out is not None:
            await self._opt_out(verb.opt_out)
        elif verb.disposition is not None:
            await self._host.disposition(verb.disposition)
        elif verb.play is not None or verb.say is not None:
            await self._lead_in(Prompt(play=verb.play, say=verb.say))
        return self._jump(verb)

    async def _last_results(self) -> None:
        """Who hangs up during the goodbye is at the end of the flow all the same: results on the way to it count."""
        for verb in self._ahead(skip=1):
            if verb.disposition is not None:
                await self._host.disposition(verb.disposition)

    async def _lead_in(self, prompt: Prompt) -> None:
        """Play a prompt of its own; where it leads up to a question, a digit cuts it short and answers."""
        task = self._next_task(skip=1)
        ask = task and (task.ask or (task.callback.question() if task.callback and task.callback.prompt else None))
        await self._play([prompt], _keys(ask) if ask else "")

    async def _opt_out(self, verb: OptOut) -> None:
        await self._host.opt_out()
        self.opted_out = True
        self._typed = ""
        await self._play(verb.prompt, "")

    async def _callback(self, verb: CallMeBack) -> str | None:
        """Take a callback; the step to go to where none is taken."""
        if verb.after is not None:
            wanted: datetime | None = self._host.now() + timedelta(seconds=verb.after)
        else:
            wanted = await self._time_entered(verb)
        at = None if wanted is None else await self._host.callback(wanted, entered=verb.after is None)
        if at is None or wanted is None:
            return verb.otherwise
        self._typed = ""
        words = callback_time.told(at, self._host.now(), self._host.zones, verb.format)
        await self._play(verb.outside if at > wanted else [], "", words)
        await self._play(verb.confirm, "", words)
        return None

    async def _time_entered(self, verb: CallMeBack) -> datetime | None:
        ask = verb.question()
        self._answers[ask.name] = None
        before: list[Prompt] = []
        for number in range(1, ask.retries + 2):
            digits = await self._collect(ask, [*before, *ask.prompt], number)
            now = self._host.now()
            wanted = callback_time.entered(digits, now, self._host.zones, verb.format)
            await self._host.answer(ask.name, digits, wanted is not None, number)
            if wanted is not None:
                self._answers[ask.name] = digits
                return wanted
            before = ask.invalid if digits else ask.silent
        return None

    async def _ask(self, ask: Ask) -> str | None:
        self._answers[ask.name] = None
        before: list[Prompt] = []
        for number in range(1, ask.retries + 2):
            digits = await self._collect(ask, [*before, *ask.prompt], number)
            valid = _is_valid(ask, digits)
            await self._host.answer(ask.name, digits, valid, number)
            if valid:
                self._answers[ask.name] = digits
                return None
            before = ask.invalid if digits else ask.silent
        return ask.otherwise

    async def _collect(self, ask: Ask, prompts: list[Prompt], number: int) -> str:
        """The digits of one try, "" for none; what is in when the person hangs up is reported."""
        await self._play(prompts, _keys(ask))
        digits, self._typed = self._typed, ""
        if not digits:
            digits = await self._leg.wait_for_digit(ask.timeout)
        ended_by_hash = not _uses_hash(ask)
        try:
            while digits and not _is_whole(ask, digits) and not (ended_by_hash and digits == "#"):
                more = await self._leg.wait_for_digit(ask.digit_timeout)
                if not more or (ended_by_hash and more == "#"):
                    break
                digits += more
        except CallerHungUpError:
            await self._host.answer(ask.name, digits, False, number)
            raise
        return digits

    async def _play(self, prompts: list[Prompt], keys: str, words: Mapping[str, str] | None = None) -> None:
        """Play until a digit is pressed. Texts are spoken first: keys between two prompts are lost.

        `words` are filled into texts beside the contact's fields.
        """
        if self._typed:
            return
        for sound in [await self._sound(prompt, words or {}) for prompt in prompts]:
            self._typed = await self._play_one(sound, keys)
            if self._typed:
                return

    async def _play_one(self, sound: str, keys: str) -> str:
        if not self._counts:
            return await self._leg.play(sound, keys)
        since = self._host.now()
        timer = asyncio.get_running_loop().call_later(HEARD_SECONDS, self._host.heard, since)
        try:
            typed = await self._leg.play(sound, keys)
        finally:
            timer.cancel()
        self._host.heard(since)
        return typed

    async def _sound(self, prompt: Prompt, words: Mapping[str, str]) -> str:
        if prompt.play is not None:
            return prompt.play
        return await self._host.speech(merge(prompt.say or "", {**self._host.fields, **words}), self._voice)

    def _verb_at(self, step: str, index: int) -> Verb | None:
        verbs = self._flow.steps.get(step, [])
        return verbs[index] if index < len(verbs) else None

    def _jump(self, verb: Verb) -> str | None:
        if verb.branch is None:
            return verb.goto
        return verb.branch.when.get(self._answers.get(verb.branch.answer) or "", verb.branch.otherwise)

    def _next_task(self, skip: int = 0) -> Verb | None:
        """The next question or opt-out, `skip` verbs from here on; None when only prompts are left."""
        return next((verb for verb in self._ahead(skip) if verb.ask or verb.opt_out or verb.callback), None)

    def _ahead(self, skip: int) -> Iterator[Verb]:
        """The verbs from `skip` ones on, by the answers that are there now, to the end of the flow or of a circle."""
        step, index = self.step, self._index + skip
        seen: set[tuple[str, int]] = set()
        while (step, index) not in seen:
            seen.add((step, index))
            verb = self._verb_at(step, index)
            if verb is None or verb.hangup is not None:
                return
            yield verb
            target = self._jump(verb)
            step, index = (target, 0) if target else (step, index + 1)

    def describe(self, error: Exception) -> str:
        """What went wrong and where, for the attempt."""
        verb = self._verb_at(self.step, self._index)
        name = next((n for n in type(verb).model_fields if getattr(verb, n) is not None), "verb") if verb else "end"
        place = f"step {self.step!r}, verb {self._index + 1} ({name})"
        match error:
            case SoundMissingError():
                return f"{place}: Asterisk cannot open the sound file {error}"
            case SpeechFailedError():
                return f"{place}: the text could not be spoken: {error}"
            case MergeError() | _EndlessFlowError() | _NoStepError():
                return f"{place}: {error}"
            case _:
                _log.error("flow broke", exc_info=error, extra={"attempt": self._leg.attempt_id, "place": place})
                return f"{place}: {type(error).__name__}: {error}"


def _uses_hash(ask: Ask) -> bool:
    return any("#" in answer for answer in ask.valid or ())


def _keys(ask: Ask) -> str:
    """Keys that cut the prompts of a question short.

    `#` does not where it only ends answers: people press it after a last digit that was taken already, and
    that must not spoil the next question.
    """
    return KEYS if _uses_hash(ask) else KEYS.replace("#", "")


def _is_valid(ask: Ask, digits: str) -> bool:
    if ask.valid is not None:
        return digits in ask.valid
    return digits.isdecimal() and ask.min_digits <= len(digits) <= ask.max_digits


def _is_whole(ask: Ask, digits: str) -> bool:
    """No further digit can belong to the answer."""
    if len(digits) >= ask.max_digits:
        return True
    return (
        ask.valid is not None
        and digits in ask.valid
        and not any(answer != digits and answer.startswith(digits) for answer in ask.valid)
    )
