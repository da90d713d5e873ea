"""Files that commands write whole, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ami_dialer.domain.errors import DialerError


@contextmanager
def whole_file(file: Path, trouble: type[DialerError] = DialerError) -> Iterator[Path]:
    """The path to write to, beside `file`, whose name it is given at the end: half of it must not pass for the whole.

    Where anything goes wrong `file` stays as it was, and nothing is left beside it. Raises `trouble` where it cannot be
    written.
    """
    part = file.with_name(file.name + ".part")
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise trouble(f"{file} cannot be written: {error.strerror}; nothing was exported") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
