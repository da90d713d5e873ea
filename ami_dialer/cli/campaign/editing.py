"""`ami-dialer campaign create`, `edit` and `clone`: campaigns that config.yaml does not declare."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import json_option, load_config, print_json
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.campaign_document import check_name, from_file, with_settings
from ami_dialer.config.plans import plan_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.rules.schedule import next_start
from ami_dialer.store import agent_maps, campaign_editing, campaigns, documents
from ami_dialer.store.campaign_editing import Changed, NotEditableError
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("create")
@click.argument("name")
@click.option("--file", "file", type=_FILE, required=True, help="YAML with the keys of the campaign at its left edge.")
@json_option
@click.pass_obj
def create_command(config_file: Path, name: str, file: Path, *, as_json: bool) -> None:
    """Make campaign NAME of a file, beside those of config.yaml. The file holds what stands there below the name."""
    config = load_config(config_file)
    check_name(name)

    async def create() -> tuple[Standing, Campaign]:
        async with changing(config) as database:
            document = from_file(file, await _known(database, config), config)
            made = await campaign_editing.create(database, name, document, SystemClock().now(), machine_zone())
            return made, document

    made, document = asyncio.run(create())
    _say_made(made, f"{name} was made", as_json=as_json)
    _warn(name, document)


@click.command("clone")
@click.argument("name")
@click.argument("new")
@json_option
@click.pass_obj
def clone_command(config_file: Path, name: str, new: str, *, as_json: bool) -> None:
    """Make campaign NEW like campaign NAME, without its schedule and without any of its runs."""
    config = load_config(config_file)
    check_name(new)

    async def clone() -> Standing:
        async with changing(config) as database:
            return await campaign_editing.clone(database, name, new, SystemClock().now(), machine_zone())

    _say_made(asyncio.run(clone()), f"{new} was made like {name}, without a schedule", as_json=as_json)


def _say_made(made: Standing, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"campaign": made.name, "status": made.status, "document": made.document})
    elif made.status is CampaignStatus.SCHEDULED:
        click.echo(f"{text}; it starts by itself: ami-dialer campaign schedule {made.name}")
    else:
        click.echo(f"{text}; start it with: ami-dialer campaign start {made.name}")


@click.command("edit")
@click.argument("name")
@click.option(
    "--file", "file", type=_FILE, help="YAML with all keys of the campaign; what it does not name is default."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="One key, with dots where it is deeper: ring=25s, retry.max_attempts=5, hours={earliest: 10:00}. "
    "null is the default.",
)
@json_option
@click.pass_obj
def edit_command(config_file: Path, name: str, file: Path | None, settings: tuple[str, ...], *, as_json: bool) -> None:
    """Change campaign NAME. One that is running cannot be changed; of one that is paused only some keys can.

    On a paused campaign the change takes effect when it is resumed.
    """
    if (file is None) == (not settings):
        raise click.UsageError("write either --file FILE or --set KEY=VALUE")
    config = load_config(config_file)
    if name in config.campaigns:
        raise NotEditableError(
            f"{config_file} declares campaign {name!r}: edit it there. It is read at each start of the dialer and by "
            f"the commands start, rerun and resume; a run that is going on keeps what it has until it is paused and "
            "resumed"
        )

    async def edit() -> tuple[Changed, Campaign]:
        async with changing(config) as database:
            standing = await campaigns.standing(database, name)
            campaign_editing.refuse_change(standing, [])
            known = await _known(database, config)
            if file is not None:
                document = from_file(file, known, config)
            else:
                stored = standing.document if isinstance(standing.document, dict) else {}
                document = with_settings(stored, settings, known, config)
            now = SystemClock().now()
            stored = documents.as_json(document)
            return await campaign_editing.change(database, name, stored, now, machine_zone()), document

    done, document = asyncio.run(edit())
    if as_json:
        print_json({"campaign": name, "status": done.status, "changes": done.changes})
        return
    if not done.changes:
        click.echo(f"{name} is so already; nothing was changed")
        return
    click.echo(f"{name} was changed ({done.status}); {_when(done.status)}")
    for line in told(done.changes):
        click.echo(f"  {line}")
    _warn(name, document)


def told(changes: dict[str, object]) -> Iterator[str]:
    """What is different, a line for each key: `ring: 30 -> 25`."""
    for key, change in changes.items():
        if isinstance(change, list) and len(change) == 2:
            before, after = ("default" if each in (None, {}) else each for each in change)
            if before != after:
                yield f"{key}: {before} -> {after}"
        else:
            yield f"{key}: {change}"


def _when(status: CampaignStatus) -> str:
    if status is CampaignStatus.PAUSED:
        return "it counts from the resume on"
    return "it counts from the next run on"


def _warn(name: str, document: Campaign) -> None:
    plan = plan_of(document, machine_zone())
    if plan is not None and next_start(plan, SystemClock().now()) is None:
        click.echo(f"warning: the schedule of {name} lies wholly in the past and starts nothing", err=True)


async def _known(database: Database, config: Config) -> dict[str, list[str]]:
    """The names that a campaign may refer to."""
    lists, flows = await documents.names(database)
    maps = await agent_maps.names(database)
    return {"list": lists, "flow": flows, "trunk": list(config.trunks), "mapping list": maps}
