"""Which rules a command is about: packaged, files, adopted, the number of a version, or a date."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import load_config
from ami_dialer.config.rulebook import examine, load
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.domain.rulebook import Rule, Rulebook
from ami_dialer.store import rulebooks

#: What WHICH may be, for the help of commands.
WHICH = "packaged, files, adopted, or the number of a version (rules versions)"

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rules, and what they are."""

    #: For people: `files`, `version 3, adopted last`.
    name: str
    rulebook: Rulebook
    #: The day that was named instead; its rules are those in force then.
    day: date | None = None

    def rules(self, *, on: date | None = None) -> Sequence[Rule]:
        """All of them; where a day is named here or with the choice, those in force on it."""
        day = self.day or on
        return self.rulebook.rules if day is None else self.rulebook.at(day)


def today() -> date:
    """The day it is, in UTC."""
    return SystemClock().now().date()


def choose(config_file: Path, which: str, *, dates: bool = False, in_place: bool = False) -> Chosen:
    """The rules that `which` names; `in_place` of files with mistakes those that are in force.

    Raises click.BadParameter, ConfigError, NotFoundError, StoreError.
    """
    if which == "packaged":
        return Chosen("packaged", load(None))
    if which == "files" and in_place:
        return _files_or_in_force(config_file)
    if which == "files":
        return Chosen("files", load(load_config(config_file).compliance.rules))
    if dates and _DATE.fullmatch(which):
        day = read_day(which)
        return Chosen(f"in force on {day}", load(load_config(config_file).compliance.rules), day)
    if which != "adopted" and not (which.isascii() and which.isdigit()):
        raise click.BadParameter(f"{which!r} is not known; write {WHICH}{', or a date as 2021-07-01' if dates else ''}")
    return asyncio.run(_stored(config_file, which))


def _files_or_in_force(config_file: Path) -> Chosen:
    """The rules of the files. Where these hold mistakes they are told, and the rules that stay in force are taken."""
    examined = examine(load_config(config_file).compliance.rules)
    if examined.rulebook is not None:
        return Chosen("files", examined.rulebook)
    for problem in examined.problems:
        click.echo(str(problem), err=True)
    try:
        chosen = asyncio.run(_stored(config_file, "adopted"))
    except (NotFoundError, StoreError):
        chosen = Chosen("packaged", load(None))
    click.echo(f"the files hold mistakes; these are the rules in their place: {chosen.name}", err=True)
    return chosen


async def _stored(config_file: Path, which: str) -> Chosen:
    async with reading(load_config(config_file)) as database:
        if which != "adopted":
            return Chosen(f"version {int(which)}", await rulebooks.get(database, int(which)))
        held = await rulebooks.in_force(database)
    if held is None:
        raise NotFoundError("no rules were adopted yet; `ami-dialer run` does it when it starts")
    return Chosen(f"version {held[0]}, adopted last", held[1])


def read_day(text: str) -> date:
    """A date as 2021-07-01. Raises click.BadParameter."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise click.BadParameter(f"{text!r} is no day of the calendar; write it as 2021-07-01")
