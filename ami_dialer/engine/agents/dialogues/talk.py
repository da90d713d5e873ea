"""Speaking with an agent: sentences that a key cuts short, choices, numbers. Used by every dialogue."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import structlog

from ami_dialer.engine.agents.dialogues import words
from ami_dialer.engine.floor import Floor
from ami_dialer.ports import AgentLeg, SoundMissingError, SpeechFailedError

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Keys that cut a sentence short. Not pound: people press it behind a last digit that was taken already.
KEYS = "0123456789*"
#: Seconds in which a first key is waited for, and each further one.
FIRST_SECONDS = 8.0
NEXT_SECONDS = 3.0
#: Another key of a choice comes so soon, where one could: nobody is to wait long for a choice of one key.
SECOND_KEY_SECONDS = 1.5
#: A wait looks so often whether what it is for still holds: a command may have answered meanwhile.
SLICE_SECONDS = 0.5
#: A question is asked so often.
TRIES = 3
#: Sound of Asterisk's own, heard where a sentence cannot be spoken: the keys count all the same.
BEEP = "beep"


def always() -> bool:
    """Nothing ends a wait but its time."""
    return True


class Talk:
    """One dialogue with an agent."""

    def __init__(self, leg: AgentLeg, floor: Floor) -> None:
        self.leg = leg
        self.floor = floor
        self._voice = floor.config.agent_lines.voice or floor.config.speech.voice
        #: Seconds that were waited for keys so far.
        self.waited = 0.0
        #: A key that cut a sentence short: it answers what is asked next.
        self.typed = ""
        #: Star was pressed, and heard here.
        self.star = False

    async def say(self, text: str) -> None:
        """Speak until a key is pressed, which is kept for what is asked next. What cannot be spoken is a beep."""
        if self.typed:
            return
        try:
            self.typed = await self.leg.play(await self.floor.speech.sound_for(text, self._voice), KEYS)
        except (SpeechFailedError, SoundMissingError) as error:
            log.error("an agent heard a beep instead of a sentence", line=self.leg.line, why=str(error) or repr(error))
            with suppress(SoundMissingError):
                self.typed = await self.leg.play(BEEP, KEYS)
        self.star |= self.typed == "*"

    def take_typed(self) -> str:
        """The key that was pressed ahead, once."""
        key, self.typed = self.typed, ""
        return key

    async def wait(self, seconds: float, going: Callable[[], bool] = always) -> str:
        """The next key within so many seconds, or ""; "" too as soon as `going` says no."""
        if self.typed:
            return self.take_typed()
        left = seconds
        while left > 0 and going():
            piece = min(left, SLICE_SECONDS)
            if key := await self.leg.wait_for_digit(piece):
                self.star |= key == "*"
                return key
            left -= piece
            self.waited += piece
        return ""

    async def ask(self, question: str, going: Callable[[], bool] = always, seconds: float = FIRST_SECONDS) -> str:
        """One key: during the question or after it; "" for none."""
        if not going():
            return ""
        await self.say(question)
        return await self.wait(seconds, going)

    async def number(self, question: str, most: int, going: Callable[[], bool] = always) -> str:
        """Digits, at most so many, up to pound or a pause."""
        key, digits = await self.ask(question, going), ""
        while key and key != "#":
            digits += key
            if len(digits) >= most:
                break
            key = await self.wait(NEXT_SECONDS, going)
        return digits.replace("*", "")

    async def choose(
        self,
        question: str,
        among: Mapping[str, T],
        going: Callable[[], bool] = always,
        tries: int = TRIES,
    ) -> T | None:
        """What is chosen by its digits; others are told so and asked again. None where nothing is."""
        for _ in range(tries):
            digits = await self._chosen(question, among, going)
            if digits in among:
                return among[digits]
            if digits == "*" or not going():
                return None
            if digits:
                await self.say(words.NOT_OFFERED)
        return None

    async def _chosen(self, question: str, among: Mapping[str, T], going: Callable[[], bool]) -> str:
        digits = await self.ask(question, going)
        while digits and any(other != digits and other.startswith(digits) for other in among):
            more = await self.wait(SECOND_KEY_SECONDS, going)
            if not more or more == "#":
                break
            digits += more
        return digits
