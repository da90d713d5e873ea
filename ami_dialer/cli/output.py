"""How commands print: JSON for programs, aligned columns and local times for people."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click
import orjson
from rich.cells import cell_len
from rich.console import Console

from ami_dialer.config.load import load
from ami_dialer.config.schema import Config

#: Columns where standard output is no terminal: whoever reads on wants each line whole.
_WIDE = 10_000

#: `--json` of every command.
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def load_config(file: Path) -> Config:
    """The configuration that `--config` names. Raises ConfigError."""
    return load(file, os.environ)


def print_json(result: object) -> None:
    """Dataclasses, times (UTC, ISO 8601) and words as JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    click.echo(orjson.dumps(result, default=str, option=options).decode())


def print_rows(
    heading: Sequence[str], rows: Iterable[Sequence[object]], *, right: frozenset[int] = frozenset()
) -> None:
    """Rows under a heading, each column as wide as its widest cell; columns of `right` end at the right."""
    table = [list(heading), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(heading))]
    for number, row in enumerate(table):
        line = "  ".join(_pad(cell, widths[column], right=column in right) for column, cell in enumerate(row))
        click.echo(click.style(line.rstrip(), bold=True) if number == 0 else line.rstrip())


def console() -> Console:
    """Standard output for what rich draws: as wide as the terminal; in a pipe or a file nothing is cut or wrapped."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _text(cell: object) -> str:
    """Control characters of a contact's fields must not reach the terminal."""
    if cell is None:
        return "-"
    if isinstance(cell, datetime):
        return local(cell)
    return printable(str(cell))


def printable(text: str) -> str:
    """Text of strangers for the terminal: what could move its cursor is shown as a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)


def local(time: datetime | None) -> str:
    """A time in this machine's zone; `-` for none."""
    return "-" if time is None else _here(time).strftime("%Y-%m-%d %H:%M:%S")


def zone_at(time: datetime) -> str:
    """The zone that `local` shows a time in, as `CET (UTC+0100)`."""
    return _here(time).strftime("%Z (UTC%z)")


def _here(time: datetime) -> datetime:
    """In this machine's zone; as it is where that would be after the year 9999, or before the year 1."""
    try:
        return time.astimezone()
    except (OverflowError, ValueError):
        return time


def amount(count: int, what: str, many: str | None = None) -> str:
    """`1 contact`, `2 contacts`."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"
