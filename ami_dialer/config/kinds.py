"""The kinds of values in a configuration: times, names, sound paths, secrets, files.

Secrets and relative paths need to know where the file lies and which environment the process has; `load`
passes that on as pydantic's validation context, a `Surroundings`. Without it (documents read back from SQL,
tests) paths stay as they are and secrets must be plain text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

#: Names go into AMI headers, file names and MQTT topics, so they are kept plain.
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
#: Names of dialplan contexts as Asterisk takes them, without anything that means something to it.
DIALPLAN_PATTERN = r"^[A-Za-z0-9_-]{1,79}$"
#: Nothing in a sound path can end an AGI command or climb out of the sounds folder.
SOUND_PATTERN = r"^/?[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$"
STEP_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
DIGITS_PATTERN = r"^[0-9*#]{1,32}$"
VOICE_PATTERN = r"^[A-Za-z0-9_+.-]{1,64}$"
#: Host names, IPv4 and IPv6 addresses; nothing that could end a line of AMI.
HOST_PATTERN = r"^[A-Za-z0-9_.:-]{1,253}$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
DialplanName = Annotated[str, Field(pattern=DIALPLAN_PATTERN)]
#: Sound paths as Asterisk takes them, without extension.
SoundPath = Annotated[str, Field(max_length=200, pattern=SOUND_PATTERN)]
StepName = Annotated[str, Field(pattern=STEP_PATTERN)]
Digits = Annotated[str, Field(pattern=DIGITS_PATTERN)]
Voice = Annotated[str, Field(pattern=VOICE_PATTERN)]
Host = Annotated[str, Field(pattern=HOST_PATTERN)]
Port = Annotated[int, Field(ge=1, le=65_535)]

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"^\s*(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?\s*$", re.ASCII)

#: A manager secret or a password is one short line; a file larger than this was named by mistake.
MAX_SECRET_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the values of a configuration file may refer to."""

    environ: Mapping[str, str]
    #: Folder of the configuration file; relative paths in it begin here.
    folder: Path


def to_seconds(value: object) -> object:
    """`5m` as 300.0; anything but text is passed on for pydantic to check."""
    if isinstance(value, str):
        match = _DURATION.match(value)
        if match is None:
            raise ValueError(f"{value!r} is not a time; write seconds (30) or 30s, 5m, 2h, 1d")
        return float(match[1]) * _UNITS[match[2] or ""]
    return value


def as_written(seconds: float) -> str:
    """300.0 as `5m`: the largest unit that it is whole in; up to a day in hours."""
    if not seconds:
        return "0"
    units = [(unit, size) for unit, size in _UNITS.items() if unit and (unit != "d" or seconds > size)]
    for unit, size in sorted(units, key=lambda each: -each[1]):
        if (count := round(seconds / size, 6)) >= 1 and count.is_integer():
            return f"{int(count)}{unit}"
    return f"{seconds}s"


#: A time in seconds, written as a number or with a unit.
Seconds = Annotated[float, BeforeValidator(to_seconds)]


def _usable_path(value: object) -> object:
    if isinstance(value, str):
        if not value:
            raise ValueError("is empty; write a path or take the line out")
        if not value.isprintable():
            raise ValueError(f"{value!r} holds a control character; write a plain path")
        if value.startswith("~"):
            raise ValueError(f"{value!r}: ~ is not expanded here; write the whole path")
    return value


def _in_folder(value: Path, info: ValidationInfo) -> Path:
    surroundings = info.context
    return surroundings.folder / value if isinstance(surroundings, Surroundings) else value


#: A file or folder; a relative one begins at the folder of the configuration file.
LocalPath = Annotated[Path, BeforeValidator(_usable_path), AfterValidator(_in_folder)]


def _secret(value: object, info: ValidationInfo) -> object:
    if isinstance(value, dict):
        text = _looked_up(value, info.context)
    elif isinstance(value, str):
        text = value
    else:
        return value
    if not text:
        raise ValueError("is empty; write the secret, {env: NAME} or {file: PATH}")
    if not text.isprintable():
        raise ValueError("is more than one line or holds a control character; a secret is one line of text")
    return text


def _looked_up(reference: dict[object, object], surroundings: object) -> str:
    if not isinstance(surroundings, Surroundings):
        raise ValueError(  # noqa: TRY004 - pydantic takes ValueError
            "a reference to a secret can be used in a configuration file only"
        )
    match reference:
        case {"env": str(name)} if len(reference) == 1:
            return _from_environment(name, surroundings.environ)
        case {"file": str(path)} if len(reference) == 1:
            return _from_file(surroundings.folder / path)
        case _:
            raise ValueError("a secret is written as text, as {env: NAME} or as {file: PATH}")


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    text = environ.get(name)
    if text is None:
        raise ValueError(
            f"environment variable {name!r} is not set; set it where the dialer is started, or use {{file: PATH}}"
        )
    if not text:
        raise ValueError(f"environment variable {name!r} is empty; put the secret into it")
    return text


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
    except FileNotFoundError:
        mend = "`ami-dialer lab up` writes it" if "lab" in path.parts else "write the secret, and only it, there"
        raise ValueError(f"there is no file {str(path)!r}; {mend}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"cannot read {str(path)!r} ({why}); it must be a file this user may read") from None
    if len(raw) > MAX_SECRET_BYTES:
        raise ValueError(f"{str(path)!r} is longer than {MAX_SECRET_BYTES} bytes; is it the right file?")
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{str(path)!r} is not UTF-8 text; is it the right file?") from None
    if not text:
        raise ValueError(f"{str(path)!r} is empty; write the secret there")
    return text


#: Written as text, or as `{env: NAME}` or `{file: PATH}`. Never shown in messages or dumps.
Secret = Annotated[SecretStr, BeforeValidator(_secret)]
