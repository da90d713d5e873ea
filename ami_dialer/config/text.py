"""The text of a small file that somebody wrote by hand, or why it cannot be read."""

import stat
from pathlib import Path

from ami_dialer.config.problems import Place, Problem


def read_text(path: Path, absent: str, largest: int) -> str | Problem:
    """The file's text (UTF-8), or what is wrong with it.

    `absent` is what to do where there is no such file, `largest` how many bytes it may have.
    """
    file = str(path)
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            return Problem(file, None, "", "is a folder; name the file in it, e.g. --config config.yaml")
        with path.open("rb") as stream:
            raw = stream.read(largest + 1)
    except FileNotFoundError:
        return Problem(file, None, "", f"there is no such file; {absent}")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return Problem(file, None, "", f"cannot be read ({why}); it must be a file this user may read")
    if len(raw) > largest:
        return Problem(file, None, "", f"is larger than {largest} bytes; is it the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        return Problem(file, place, "", f"byte 0x{raw[error.start]:02X} is not UTF-8; save the file as UTF-8")
