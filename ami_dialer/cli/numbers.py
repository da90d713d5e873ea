"""Numbers on the command line, and in files that hold one a line."""

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

import click

from ami_dialer.cli.output import printable
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.phone import Normaliser, NotANumberError

#: Of many bad numbers so many are shown.
_SHOWN = 20

#: `--file` of commands that take numbers.
file_option = click.option(
    "--file",
    "-f",
    "file",
    type=click.File("r", encoding="utf-8-sig"),
    help="More numbers from this file, one a line; - for standard input.",
)


class BadNumbersError(DialerError):
    """Texts that are no phone numbers."""

    exit_code = 2


def given_numbers(
    given: Sequence[str],
    file: TextIO | None,
    region: str,
    beginning: Callable[[str], str] | None = None,
    *,
    all_beginnings: bool = False,
    changing: bool = True,
) -> list[str]:
    """All numbers in E.164, each once. Raises BadNumbersError with every bad one.

    With `beginning`, that reads those that end with an asterisk, or all of them. Not `changing`: they are only asked
    about.
    """
    normalise = Normaliser(region)
    good: dict[str, None] = {}
    bad = []
    for where, text in _texts(given, file):
        try:
            read = beginning if beginning is not None and (all_beginnings or text.endswith("*")) else normalise
            good[read(text)] = None
        except NotANumberError as error:
            bad.append(f"{where}{printable(str(error))}")
    if bad:
        more = f"\nand {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        heading = "nothing was changed:\n" if changing else ""
        raise BadNumbersError(heading + "\n".join(bad[:_SHOWN]) + more)
    if not good:
        raise BadNumbersError("no number given; write them after the list's name, or use --file")
    return list(good)


def _texts(given: Sequence[str], file: TextIO | None) -> Iterable[tuple[str, str]]:
    for text in given:
        yield "", text
    if file is None:
        return
    name = getattr(file, "name", "<stdin>")
    try:
        for line, text in enumerate(file, 1):
            if text.strip():
                yield f"{name}:{line}: ", text.strip()
    except UnicodeDecodeError:
        raise BadNumbersError(f"{name} is not UTF-8; save it as UTF-8") from None
