"""The sounds of the lab, spoken by espeak-ng and made by sox: raw `.sln`, 8 kHz mono 16 bit.

sox writes an extensible WAV header that Asterisk refuses, hence raw files. They are kept in the cache by what they are
made from, so a lab comes up without making them anew.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.domain.errors import DialerError

from .programs import cache_directory

_RAW = ["-t", "raw", "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", "-"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text in a voice of espeak-ng, at so many words a minute, with silence before it."""

    text: str
    voice: str = "en-us"
    words_per_minute: int = 165
    #: Seconds.
    silence_before: float = 0.2


@dataclass(frozen=True, slots=True)
class Synthesised:
    """What sox makes from nothing: its `synth` arguments."""

    effect: str


#: What the world plays.
WORLD: dict[str, Spoken | Synthesised] = {
    "hello": Spoken("Hello?", silence_before=0.3),
    "machine-long": Spoken(
        "Hello. You have reached the answering machine of the Miller family. We cannot come to the phone right now. "
        "Please leave your name, your number and a short message after the tone, and we will call you back.",
        voice="en-us+f3",
        silence_before=0.4,
    ),
    "machine-short": Spoken("This is the Miller family. Please leave a message.", voice="en-us+f4", silence_before=0.4),
    "beep": Synthesised("synth 0.6 sine 1000 vol 0.5"),
    "fax": Synthesised("synth 3 sine 2100 vol 0.4 pad 0.3 0.5"),
    "silence": Synthesised("trim 0 10"),
}

#: What the PBX plays: prompts of ours, installed as sounds/ami-dialer/*.
PBX: dict[str, Spoken | Synthesised] = {
    "closing": Spoken("We are sorry, an error has occurred. Goodbye.", silence_before=0.1),
    "beep": Synthesised("synth 0.15 sine 480 vol 0.3"),
    "music": Synthesised("synth 20 sine 1500 vol 0.2"),
}


def make(sounds: dict[str, Spoken | Synthesised], folder: Path) -> None:
    """Put the sounds into `folder` as NAME.sln. Raises DialerError where a program is missing or fails."""
    folder.mkdir(parents=True, exist_ok=True)
    cache = cache_directory() / "sounds"
    cache.mkdir(parents=True, exist_ok=True)
    for name, sound in sounds.items():
        key = hashlib.sha256(repr(sound).encode()).hexdigest()[:20]
        kept = cache / f"{key}.sln"
        if not kept.exists():
            part = cache / f"{key}.{name}.part"
            part.write_bytes(_made(sound))
            part.replace(kept)
        shutil.copyfile(kept, folder / f"{name}.sln")


def _made(sound: Spoken | Synthesised) -> bytes:
    match sound:
        case Spoken(text, voice, words_per_minute, silence_before):
            speak = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdin", "--stdout"]
            wav = _output(speak, text.encode())
            return _output(["sox", "-t", "wav", "-", *_RAW, "pad", str(silence_before), "0"], wav)
        case Synthesised(effect):
            # -D: no dither, so that silence is silence
            return _output(["sox", "-D", "-n", "-r", "8000", *_RAW, *effect.split()], b"")


def _output(command: list[str], given: bytes) -> bytes:
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        raise DialerError(
            f"{command[0]} is not installed; `ami-dialer lab install` installs it, or: apt-get install espeak-ng sox"
        ) from None
    if done.returncode != 0 or not done.stdout:
        raise DialerError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
