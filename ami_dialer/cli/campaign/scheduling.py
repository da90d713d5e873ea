"""`ami-dialer campaign schedule` and `unschedule`."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import json_option, load_config, print_json
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.plans import plan_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.rules.schedule import Plan, Start, starts
from ami_dialer.store import campaigns, documents, schedules

_FORMAT = "%a %Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The schedule of a campaign and its next starts."""

    campaign: str
    status: CampaignStatus
    zone: str | None
    #: Whether its schedule will start it.
    in_force: bool
    starts: list[Start]


@click.command("schedule")
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 1_000), default=5, show_default=True, help="So many starts.")
@click.option("--on", is_flag=True, help="Put the schedule into force again after `campaign unschedule`.")
@json_option
@click.pass_obj
def schedule_command(config_file: Path, name: str, count: int, *, on: bool, as_json: bool) -> None:
    """When campaign NAME starts next by its schedule: local time of the schedule, and UTC.

    The schedule itself is written in the campaign, under `schedule`.
    """
    config = load_config(config_file)
    if on:
        asyncio.run(_switch_on(config, name))
    found, plan = asyncio.run(_ask(config, name, count))
    if as_json:
        print_json(found)
        return
    if plan is None:
        click.echo(f"{name} ({found.status}) has no schedule")
        return
    recurs = f", every {plan.interval} {plan.every}s" if plan.interval > 1 else f", every {plan.every}"
    click.secho(f"{name} ({found.status}): times on the clock of {plan.zone}{recurs if plan.every else ''}", bold=True)
    if not found.in_force:
        click.echo(f"  it is off; put it into force with: ami-dialer campaign schedule {name} --on")
    for start in found.starts:
        click.echo(f"  {_at(start.at, plan.zone)}{_until(start, plan.zone)}  ({start.at:%Y-%m-%d %H:%M:%S} UTC)")
    if not found.starts:
        click.echo("  no start is left")


def _at(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime(f"{_FORMAT} %Z")


def _until(start: Start, zone: str) -> str:
    return "" if start.ends_at is None else f" to {_at(start.ends_at, zone)}"


async def _ask(config: Config, name: str, count: int) -> tuple[Upcoming, Plan | None]:
    zone = machine_zone()
    async with reading(config) as database:
        standing = await campaigns.standing(database, name)
        plan = plan_of(documents.read_document(Campaign, name, standing.document), zone)
        coming = [] if plan is None else list(islice(starts(plan, SystemClock().now()), count))
        in_force = standing.next_start_at is not None
        return Upcoming(name, standing.status, None if plan is None else plan.zone, in_force, coming), plan


async def _switch_on(config: Config, name: str) -> None:
    now, zone = SystemClock().now(), machine_zone()
    async with changing(config) as database:
        await schedules.apply(database, now, zone)
        await schedules.switch_on(database, name, now, zone)


@click.command("unschedule")
@click.argument("name")
@json_option
@click.pass_obj
def unschedule_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Take campaign NAME off its schedule: it does not start by itself any more. A run that is going on goes on."""

    async def off(config: Config) -> CampaignStatus:
        async with reading(config) as database:
            return await schedules.unschedule(database, name, SystemClock().now())

    status = asyncio.run(off(load_config(config_file)))
    if as_json:
        print_json({"campaign": name, "status": status})
    else:
        click.echo(f"{name} is off its schedule, and {status}; back on with: ami-dialer campaign schedule {name} --on")
