"""The inbound line where people opt out: who calls it is put on a do-not-call list.

The caller presses 1 to confirm, or keys the number in where it is withheld. What is spoken may be replaced by sounds of
the administrator's own (docs/dnc.md).
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ami_dialer.domain.calls import Caller
from ami_dialer.domain.consent import EVERYTHING
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.engine.floor import Floor
from ami_dialer.ports import CallerHungUpError, CallLeg, SoundMissingError
from ami_dialer.store import dnc, revoking
from ami_dialer.store.revoking import Barring

log = structlog.get_logger(__name__)

#: Folder of the administrator's own sounds, below Asterisk's; `confirm.sln` in it is heard instead of the text CONFIRM.
SOUNDS = "ami-dialer/opt-out"
#: A question is asked so often.
TRIES = 3
#: Seconds in which a key is waited for, after the question and between the keys of a number.
_KEY_SECONDS = 6.0
_NEXT_KEY_SECONDS = 4.0
#: Keys of the longest number: 15 digits behind 00 or 011.
_MAX_DIGITS = 18
#: Seconds that the caller waits for a database that takes no writes; then the line goes on, as flows do.
_PATIENCE = 2.0
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something said on the line: the name of the administrator's own sound, and the text that is spoken else."""

    name: str
    text: str


CONFIRM = Prompt(
    "confirm", "If you do not want us to call the number that you are calling from any more, please press one now."
)
ENTER = Prompt(
    "enter",
    "Please enter the phone number that we should not call any more, with its area code, and then press the pound key.",
)
INVALID = Prompt("invalid", "This is not a valid phone number.")
ENTERED = Prompt("entered", "You have entered:")
RIGHT = Prompt("right", "If this is right, please press one now.")
DONE = Prompt("done", "Thank you. We will not call this number any more. Goodbye.")
UNCHANGED = Prompt("unchanged", "Nothing has been changed. Goodbye.")


class OptOutLine:
    """Serves the calls that come in on it. `prepare` before the first."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.config.do_not_call.opt_out_line
        self._list_id: int | None = None
        #: Names of prompts for which there is no sound of the administrator's own.
        self._spoken: set[str] = set()

    async def prepare(self) -> None:
        """See that the list is there. Raises StoreError."""
        self._list_id = await dnc.ensure_list(self._floor.database, self._settings.list, self._floor.clock.now())

    async def serve(self, leg: CallLeg, caller: Caller) -> None:
        """One call, to its end. Never raises, except when it is cancelled."""
        try:
            await self._serve(leg, caller)
        except CallerHungUpError:
            log.info("a caller of the opt-out line hung up before the end")
        except Exception as error:  # noqa: BLE001 - whatever breaks, the caller hears it
            log.error("the opt-out line broke; the caller heard the closing prompt", why=str(error) or repr(error))
            with suppress(Exception):
                await leg.play(self._floor.config.fastagi.closing_prompt)
        finally:
            with suppress(CallerHungUpError):
                await leg.hang_up()

    async def _serve(self, leg: CallLeg, caller: Caller) -> None:
        number = self._number_of(caller)
        if number is None:
            number = await self._typed(leg)
        elif self._settings.confirm and not await self._agrees(leg, [CONFIRM]):
            number = None
        if number is None:
            await self._say(leg, [UNCHANGED])
            return
        await self._put(number)
        await self._say(leg, [DONE])

    def _number_of(self, caller: Caller) -> str | None:
        """The number that the call comes from, where it is shown and is one."""
        if caller.withheld:
            return None
        try:
            return normalise(caller.number, self._settings.region)
        except NotANumberError:
            return None

    async def _typed(self, leg: CallLeg) -> str | None:
        """A number keyed in and confirmed."""
        for _ in range(TRIES):
            digits = await self._collect(leg)
            try:
                number = normalise(digits, self._settings.region)
            except NotANumberError:
                if digits:
                    await self._say(leg, [INVALID])
                continue
            heard = [ENTERED, *(Prompt(f"digit-{digit}", digit) for digit in digits), RIGHT]
            if await self._agrees(leg, heard):
                return number
        return None

    async def _collect(self, leg: CallLeg) -> str:
        """The digits up to the pound key, or up to a pause."""
        digits = await self._say(leg, [ENTER], _DIGITS) or await leg.wait_for_digit(_KEY_SECONDS)
        key = digits
        while key and key != "#" and len(digits) < _MAX_DIGITS:
            key = await leg.wait_for_digit(_NEXT_KEY_SECONDS)
            digits += key
        return digits.replace("#", "").replace("*", "")

    async def _agrees(self, leg: CallLeg, question: Sequence[Prompt]) -> bool:
        for _ in range(TRIES):
            key = await self._say(leg, question, _DIGITS) or await leg.wait_for_digit(_KEY_SECONDS)
            if key == "1":
                return True
            if key:
                return False
        return False

    async def _put(self, number: str) -> None:
        """Revoke all consent and put the number on the list; returns when both are durable, or it took too long.

        Then the entry is written, in its turn, when the database is back; until then this engine heeds it already.
        """
        if self._list_id is None:
            await self.prepare()
        now = self._floor.clock.now()
        said = revoking.revocation(number, EVERYTHING, "key", now, evidence="opt-out line")
        record = revoking.honoured(said, self._floor.deadlines, now)
        barring = Barring(self._list_id or 0, "asked for it on the opt-out line", "inbound")
        written = self._floor.writer.put(*revoking.writes(record, barring, now))
        log.info("opted out on the inbound line", action="opted_out_inbound", list=self._settings.list)
        done, _ = await asyncio.wait([written], timeout=_PATIENCE)
        if done:
            written.result()  # raises where the database refused it for good
        else:
            log.warning("an opt-out waits for the database and is kept", why=self._floor.writer.trouble or "it is slow")

    async def _say(self, leg: CallLeg, prompts: Sequence[Prompt], keys: str = "") -> str:
        """Play until a key of `keys` is pressed; that key, or ""."""
        for prompt in prompts:
            if key := await self._play(leg, prompt, keys):
                return key
        return ""

    async def _play(self, leg: CallLeg, prompt: Prompt, keys: str) -> str:
        if prompt.name not in self._spoken:
            try:
                return await leg.play(f"{SOUNDS}/{prompt.name}", keys)
            except SoundMissingError:
                self._spoken.add(prompt.name)
        sound = await self._floor.speech.sound_for(prompt.text, self._floor.config.speech.voice)
        return await leg.play(sound, keys)
