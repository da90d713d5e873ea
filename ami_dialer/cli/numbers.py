"""Numbers on the command line, and in files: CSV with a column of them, or one a line."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from ami_dialer.cli.output import printable
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.phone import Normaliser, NotANumberError
from ami_dialer.sources.numbers import read_numbers
from ami_dialer.sources.problems import SourceError

#: Of many bad numbers so many are shown.
_SHOWN = 20

#: `--file` of commands that take numbers.
file_option = click.option(
    "--file",
    "-f",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="More numbers from this file, CSV with a column of phones or one number a line; - for standard input.",
)


class BadNumbersError(DialerError):
    """Texts that are no phone numbers."""

    exit_code = 2


def given_numbers(
    given: Sequence[str],
    file: Path | None,
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

    def read(text: str) -> str:
        if beginning is not None and (all_beginnings or text.endswith("*")):
            return beginning(text)
        return normalise(text)

    good: dict[str, None] = {}
    bad = []
    for where, text, trouble in _texts(given, file, read):
        if trouble is not None:
            bad.append(f"{where}{printable(trouble)}")
            continue
        try:
            good[read(text)] = None
        except NotANumberError as error:
            bad.append(f"{where}{printable(str(error))}")
    if bad:
        more = f"\nand {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
        heading = "nothing was changed:\n" if changing else ""
        raise BadNumbersError(heading + "\n".join(bad[:_SHOWN]) + more)
    if not good:
        raise BadNumbersError("no number given; write them after the list's name, or use --file")
    return list(good)


def _texts(
    given: Sequence[str], file: Path | None, read: Callable[[str], str]
) -> Iterable[tuple[str, str, str | None]]:
    """Where each stands, how it is written, and why it cannot be read."""

    def is_number(text: str) -> bool:
        try:
            read(text)
        except NotANumberError:
            return False
        return True

    for text in given:
        yield "", text, None
    if file is None:
        return
    with _on_disk(file) as (path, name):
        try:
            for line, text, trouble in read_numbers(path, is_number):
                yield f"{name}:{line}: ", text, trouble or (None if text else "has no number")
        except SourceError as error:
            raise SourceError(str(error).replace(str(path), name)) from error


@contextmanager
def _on_disk(file: Path) -> Iterator[tuple[Path, str]]:
    """The file, and what it is called. What can be read only once is copied: it is looked at first."""
    is_stdin = str(file) == "-"
    if not is_stdin and not file.is_fifo():
        yield file, str(file)
        return
    with tempfile.NamedTemporaryFile(prefix="ami-dialer-") as copy:
        with click.open_file(str(file), "rb") as source:
            shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name), "<stdin>" if is_stdin else str(file)
