"""Text to speech: the programs really speak, and Asterisk really reads what they made."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

from ami_dialer.adapters.speech import TtsSpeech
from ami_dialer.config.schema import Speech
from ami_dialer.doctor.check import Check
from ami_dialer.doctor.finding import Result, failed, not_checked, ok
from ami_dialer.doctor.machine import NOTHING_SPOKEN, Machine, speakers
from ami_dialer.ports import SpeechFailedError


@asynccontextmanager
async def spoken(settings: Speech, voice: str) -> AsyncIterator[str]:
    """A text that was never spoken before, spoken now; its sound path for Asterisk. The file goes afterwards.

    Raises SpeechFailedError.
    """
    sound = await TtsSpeech(settings).sound_for(f"This is test {token_hex(8)} of the dialer.", voice)
    try:
        yield sound
    finally:
        (settings.directory / f"{Path(sound).name}.sln").unlink(missing_ok=True)


async def _speech(machine: Machine) -> Sequence[Result]:
    used = speakers(machine.config)
    if not used:
        return [not_checked(NOTHING_SPOKEN)]
    return [await _voice(machine, voice, what) for voice, what in used.items()]


async def _voice(machine: Machine, voice: str, what: Sequence[str]) -> Result:
    settings = machine.config.speech
    try:
        async with spoken(settings, voice):
            pass
    except SpeechFailedError as error:
        return failed(
            str(error),
            f"Try by hand; thousands of bytes must come: `echo Hello | {_by_hand(settings.command, voice)} | "
            f"{_by_hand(settings.convert, voice)} | wc -c`. See speech in {machine.config_file}, and the voices of "
            f"flows and agent_lines; this one is for {', '.join(what)}.",
            subject=voice,
        )
    return ok(f"{settings.command[0]} and {settings.convert[0]} spoke a text; for {', '.join(what)}", subject=voice)


def _by_hand(command: Sequence[str], voice: str) -> str:
    return " ".join(part.replace("{voice}", voice) for part in command)


SPEECH = Check("speech", _speech)
