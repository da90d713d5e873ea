"""`ami-dialer campaign archive`, `restore` and `delete`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json
from ami_dialer.config.schema import Config
from ami_dialer.store import campaign_editing, campaigns
from ami_dialer.store.campaign_editing import CampaignInUseError
from ami_dialer.store.database import Database


@click.command("archive")
@click.argument("name")
@json_option
@click.pass_obj
def archive_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Put campaign NAME away: it is left out of lists and never started; all its records stay."""
    _do(load_config(config_file), lambda database: campaigns.archive(database, name, SystemClock().now()))
    if as_json:
        print_json({"campaign": name, "status": "archived"})
    else:
        click.echo(f"{name} is archived; bring it back with: ami-dialer campaign restore {name}")


@click.command("restore")
@click.argument("name")
@json_option
@click.pass_obj
def restore_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Bring campaign NAME back from the archive, as a draft off its schedule."""
    _do(load_config(config_file), lambda database: campaigns.restore(database, name, SystemClock().now()))
    if as_json:
        print_json({"campaign": name, "status": "draft"})
    else:
        click.echo(f"{name} is a draft again; start it with: ami-dialer campaign start {name}")


@click.command("delete")
@click.argument("name")
@json_option
@click.pass_obj
def delete_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Delete campaign NAME, which has never called anybody.

    Refused while it is running or paused, where a call of it is on record (archive it), and while config.yaml declares
    it.
    """
    config = load_config(config_file)
    if name in config.campaigns:
        raise CampaignInUseError(f"config.yaml declares campaign {name!r}; take it out there first")
    _do(config, lambda database: campaign_editing.remove(database, name, SystemClock().now()))
    if as_json:
        print_json({"campaign": name, "deleted": True})
    else:
        click.echo(f"{name} was deleted")


def _do(config: Config, what: Callable[[Database], Awaitable[None]]) -> None:
    async def with_database() -> None:
        async with reading(config) as database:
            await what(database)

    asyncio.run(with_database())
