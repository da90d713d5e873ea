"""`ami-dialer dnc`: do-not-call lists."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TextIO

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.numbers import file_option, given_numbers
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import dnc
from ami_dialer.store.dnc import DncEntry

#: Numbers handed to the database in one statement (SQLite takes 32,766 values).
_BATCH = 2_000


region_option = click.option(
    "--region",
    default="US",
    show_default=True,
    help="Country (ISO 3166) of numbers without a country code.",
)


@click.group("dnc")
def command() -> None:
    """Do-not-call lists: numbers that campaigns using the list never call."""


@command.command("add")
@click.argument("list_name", metavar="LIST")
@click.argument("numbers", metavar="NUMBER...", nargs=-1)
@file_option
@click.option("--reason", default="added by hand", show_default=True, help="Kept with the entry, shown in traces.")
@region_option
@json_option
@click.pass_obj
def add_command(
    config_file: Path,
    list_name: str,
    numbers: tuple[str, ...],
    file: TextIO | None,
    reason: str,
    region: str,
    *,
    as_json: bool,
) -> None:
    """Put numbers on do-not-call list LIST, which is made when it does not exist.

    Counts at once, for running campaigns too. With one bad number nothing is added.
    """
    wanted = given_numbers(numbers, file, region)
    config = load_config(config_file)
    added = asyncio.run(_add(config, list_name, wanted, reason[:200]))
    users = sorted(name for name, campaign in config.campaigns.items() if list_name in campaign.dnc)
    if as_json:
        known = len(wanted) - added
        print_json({"list": list_name, "added": added, "known": known, "used_by": users})
        return
    stood = f", {amount(len(wanted) - added, 'number')} stood on it already" if added < len(wanted) else ""
    click.echo(f"{list_name}: {amount(added, 'number')} added{stood}")
    if not users:
        lists = sorted({name for campaign in config.campaigns.values() for name in campaign.dnc})
        click.echo(
            f"warning: no campaign of the configuration uses {list_name!r}; they use: {', '.join(lists)}", err=True
        )


async def _add(config: Config, list_name: str, numbers: Sequence[str], reason: str) -> int:
    now = SystemClock().now()
    async with changing(config) as database:
        return sum(
            [
                await dnc.add(database, list_name, portion, reason=reason, source="cli", now=now)
                for portion in _portions(numbers)
            ]
        )


@command.command("remove")
@click.argument("list_name", metavar="LIST")
@click.argument("numbers", metavar="NUMBER...", nargs=-1)
@file_option
@region_option
@json_option
@click.pass_obj
def remove_command(
    config_file: Path, list_name: str, numbers: tuple[str, ...], file: TextIO | None, region: str, *, as_json: bool
) -> None:
    """Take numbers off do-not-call list LIST.

    Contacts that a run has taken out already stay out of that run.
    """
    wanted = given_numbers(numbers, file, region)
    removed = asyncio.run(_remove(load_config(config_file), list_name, wanted))
    if as_json:
        print_json({"list": list_name, "removed": removed, "unknown": len(wanted) - removed})
        return
    missing = f", {amount(len(wanted) - removed, 'number')} did not stand on it" if removed < len(wanted) else ""
    click.echo(f"{list_name}: {amount(removed, 'number')} removed{missing}")


async def _remove(config: Config, list_name: str, numbers: Sequence[str]) -> int:
    async with reading(config) as database:
        return await dnc.remove(database, list_name, numbers, SystemClock().now())


@command.command("show")
@click.argument("list_name", metavar="[LIST]", required=False)
@json_option
@click.pass_obj
def show_command(config_file: Path, list_name: str | None, *, as_json: bool) -> None:
    """The entries of do-not-call list LIST, or of all, newest first."""

    async def ask(config: Config) -> list[DncEntry]:
        async with reading(config) as database:
            if list_name is not None and list_name not in (names := await dnc.list_names(database)):
                known = f"there are: {', '.join(names)}" if names else "there is none yet"
                raise NotFoundError(f"no do-not-call list is named {list_name!r}; {known}")
            return await dnc.entries(database, list_name)

    entries = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json([asdict(entry) for entry in entries])
    elif not entries:
        click.echo("no entries")
    else:
        rows = [(entry.list_name, entry.number, entry.added_at, entry.source, entry.reason) for entry in entries]
        print_rows(("list", "number", "added", "by", "reason"), rows)


def _portions(numbers: Sequence[str]) -> Iterable[list[str]]:
    left = iter(numbers)
    while portion := list(islice(left, _BATCH)):
        yield portion
