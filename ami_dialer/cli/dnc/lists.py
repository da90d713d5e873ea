"""`ami-dialer dnc list`, `create`, `global`, `delete`: the lists themselves."""

import asyncio
import re
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows
from ami_dialer.config.kinds import NAME_PATTERN
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import dnc_lists
from ami_dialer.store.dnc_lists import DncList


@click.command("list")
@json_option
@click.pass_obj
def list_command(config_file: Path, *, as_json: bool) -> None:
    """Every do-not-call list: entries, campaigns that heed it, last change."""

    async def ask(config: Config) -> list[DncList]:
        async with reading(config) as database:
            return await dnc_lists.load_lists(database, SystemClock().now())

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.name,
            f"{each.entries:,}",
            "all" if each.is_global else ", ".join(each.campaigns) or None,
            each.changed_at,
            ("GLOBAL " if each.is_global else "") + each.description,
        )
        for each in found
    ]
    print_rows(("list", "entries", "campaigns", "changed", "what it is"), rows, right=frozenset({1}))


@click.command("create")
@click.argument("name", metavar="LIST")
@click.option("--description", default="", help="What it is, for people.")
@json_option
@click.pass_obj
def create_command(config_file: Path, name: str, description: str, *, as_json: bool) -> None:
    """Make an empty do-not-call list LIST. Campaigns name it under `dnc`."""
    checked_name(name)
    if len(description) > 200:
        raise click.BadParameter("has more than 200 characters", param_hint="--description")

    async def create(config: Config) -> None:
        async with changing(config) as database:
            await dnc_lists.create(database, name, description, SystemClock().now())

    asyncio.run(create(load_config(config_file)))
    if as_json:
        print_json({"list": name, "created": True})
    else:
        click.echo(f"{name}: created; campaigns heed it when they name it under dnc: [{name}]")


def checked_name(name: str) -> str:
    """The name, where a campaign could write it. Raises click.BadParameter."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise click.BadParameter(
            f"{name!r} is no name; it takes letters, digits, '-', '_' and '.', 64 at most", param_hint="LIST"
        )
    return name


@click.command("global")
@click.argument("name", metavar="LIST")
@click.option("--off", is_flag=True, help="It is the global list no more; then there is none.")
@json_option
@click.pass_obj
def global_command(config_file: Path, name: str, *, off: bool, as_json: bool) -> None:
    """Mark LIST as the global one: it counts for every campaign, whatever they name. The old one is unmarked.

    Counts at once, for running campaigns too: at their next call.
    """
    config = load_config(config_file)
    wanted = config.do_not_call.global_list
    if wanted is not None and (wanted != name or off):
        raise DialerError(
            f"{config_file} says do_not_call.global_list: {wanted}, which wins at every start; change it there"
        )

    async def mark(config: Config) -> str | None:
        async with reading(config) as database:
            return await dnc_lists.mark_global(database, name, marked=not off)

    before = asyncio.run(mark(config))
    if as_json:
        print_json({"list": name, "is_global": not off, "before": before})
    elif off:
        click.echo(f"{name} is the global list no more; there is none now" if before else f"{name} was not global")
    else:
        instead = f", instead of {before}" if before not in {None, name} else ""
        click.echo(f"{name} is the global list now{instead}")


@click.command("delete")
@click.argument("name", metavar="LIST")
@json_option
@click.pass_obj
def delete_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Delete do-not-call list LIST with all its entries. Refused while anything heeds it, and says by whom."""

    async def delete(config: Config) -> int:
        async with reading(config) as database:
            return await dnc_lists.delete_list(database, name, config)

    deleted = asyncio.run(delete(load_config(config_file)))
    if as_json:
        print_json({"list": name, "deleted": deleted})
    else:
        click.echo(f"{name}: deleted, with {amount(deleted, 'entry', 'entries')}")
