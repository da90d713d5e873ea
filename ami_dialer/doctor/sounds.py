"""Sounds, as Asterisk itself finds them."""

import asyncio
from collections.abc import Sequence

from ami_dialer.doctor.calls import SOUND, TOLD
from ami_dialer.doctor.check import Check, NotCheckedError
from ami_dialer.doctor.events import told
from ami_dialer.doctor.finding import Result, failed, not_checked, ok
from ami_dialer.doctor.machine import NOTHING_SPOKEN
from ami_dialer.doctor.pbx import Pbx
from ami_dialer.doctor.speech import spoken
from ami_dialer.ports import SpeechFailedError

#: What asterisk_conf/extensions.conf itself plays when a call could not be handed to the dialer.
_CLOSING_OF_DIALPLAN = "ami-dialer/closing"
#: Asterisk's own sound that agents hear where a sentence cannot be spoken.
_BEEP = "beep"
#: Test calls at once; they last milliseconds.
_AT_ONCE = 5


async def _plays(pbx: Pbx, sound: str) -> bool:
    """Whether Asterisk can open the sound in some format it knows."""
    heard = await pbx.call(SOUND, told, variables=(("AMI_DIALER_SOUND", sound),))
    event = heard.first("UserEvent", UserEvent=TOLD)
    if event is None:
        raise NotCheckedError(f"the test call for {sound} ended without a word; Asterisk's log says why")
    return event.header("Status") == "SUCCESS"


async def _wanted(pbx: Pbx) -> dict[str, str]:
    """Each sound with who plays it."""
    wanted = {
        _CLOSING_OF_DIALPLAN: "the dialplan, when a call cannot be served",
        pbx.config.fastagi.closing_prompt: "the dialer, when a flow breaks",
    }
    for sound, who in pbx.players.items():
        wanted.setdefault(sound, who)
    if pbx.people:
        wanted.setdefault(_BEEP, "agents, in place of what cannot be spoken")
        if tone := await pbx.variable("AST_CONFIG(features.conf,general,xfersound)"):
            wanted.setdefault(tone, "agents, right before somebody is on the line (xfersound of features.conf)")
    return wanted


async def _sounds(pbx: Pbx) -> Sequence[Result]:
    await pbx.must_have("app_controlplayback.so")
    wanted = await _wanted(pbx)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(sound: str) -> bool:
        async with turns:
            return await _plays(pbx, sound)

    there = await asyncio.gather(*(one(sound) for sound in wanted))
    missing = [sound for sound, plays in zip(wanted, there, strict=True) if not plays]
    if not missing:
        return [ok(f"Asterisk can play {', '.join(wanted)}")]
    folder = await pbx.variable("ASTDATADIR") or "/var/lib/asterisk"
    return [_missing(sound, wanted[sound], f"{folder}/sounds") for sound in missing]


def _missing(sound: str, player: str, folder: str) -> Result:
    path = sound if sound.startswith("/") else f"{folder}/{sound}"
    mend = f"Put {path}.wav there (8 kHz, mono, 16 bit), readable for Asterisk's user."
    if sound == _CLOSING_OF_DIALPLAN:
        mend += (
            " For instance: `echo We are sorry, an error has occurred. Goodbye. | espeak-ng --stdin --stdout | "
            f"sox -t wav - -t raw -r 8000 -c 1 -b 16 -e signed-integer {path}.sln`."
        )
    return failed(f"Asterisk cannot play {sound}, which is for {player}", mend, subject=sound)


async def _spoken_texts(pbx: Pbx) -> Sequence[Result]:
    """A text is spoken into speech.directory, and Asterisk told to play it from there."""
    used = list(pbx.speakers)
    if not used:
        return [not_checked(NOTHING_SPOKEN)]
    await pbx.must_have("app_controlplayback.so")
    settings = pbx.config.speech
    try:
        async with spoken(settings, used[0]) as sound:
            plays = await _plays(pbx, sound)
    except SpeechFailedError:
        return [not_checked("nothing can be spoken, see speech")]
    if plays:
        return [ok(f"Asterisk reads what is spoken into {settings.directory}")]
    return [
        failed(
            f"Asterisk cannot play a text that was spoken into {settings.directory} (it was given {sound}.sln)",
            "Asterisk's user must be able to enter every folder of that path and read the files: `chmod o+rx` them. "
            "Where Asterisk sees the folder under another path (container, chroot, NFS): speech.asterisk_directory.",
        )
    ]


CHECKS = (
    Check("sounds", _sounds, needs=("events",)),
    Check("spoken texts", _spoken_texts, needs=("events",)),
)
