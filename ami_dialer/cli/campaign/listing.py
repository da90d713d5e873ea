"""`ami-dialer campaign list`."""

import asyncio
from pathlib import Path

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import ALIASES, CampaignStatus, statuses_of
from ami_dialer.reporting.status import CampaignView, campaign_status
from ami_dialer.store import campaigns


@click.command("list")
@click.option(
    "--status",
    "words",
    multiple=True,
    metavar="STATUS",
    help="Only those with this status; may be given several times.",
)
@click.option("--all", "everything", is_flag=True, help="Archived ones too.")
@json_option
@click.pass_obj
def command(config_file: Path, words: tuple[str, ...], *, everything: bool, as_json: bool) -> None:
    """Every campaign: its status, what it does at the moment, its newest run and its next start.

    Archived ones are left out. STATUS is draft, scheduled, running, paused, completed, stopped, failed or archived,
    or what others call them: idle, ready, active, rerun, ended, inactive.
    """
    wanted = _wanted(words, everything=everything)

    async def ask(config: Config) -> list[CampaignView]:
        async with reading(config) as database:
            found = await campaigns.standings(database, wanted)
            return [await campaign_status(database, each.name) for each in found]

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    heading = ("campaign", "status", "now", "lists", "run", "started", "contacts", "left", "next start")
    print_rows(heading, [_cells(each) for each in found], right=frozenset({6, 7}))


def _wanted(words: tuple[str, ...], *, everything: bool) -> frozenset[CampaignStatus]:
    found: frozenset[CampaignStatus] = frozenset()
    for word in words:
        meant = statuses_of(word)
        if not meant:
            known = ", ".join([*CampaignStatus, *ALIASES])
            raise click.BadParameter(f"{word!r} is no status; write one of {known}", param_hint="--status")
        found |= meant
    if found:
        return found
    return frozenset(CampaignStatus) if everything else frozenset(CampaignStatus) - {CampaignStatus.ARCHIVED}


def _cells(found: CampaignView) -> tuple[object, ...]:
    run, lists = found.run, ", ".join(found.lists)
    if run is None:
        return (found.campaign, found.status, found.activity, lists, None, None, None, None, found.next_start_at)
    return (
        found.campaign,
        f"{found.status}, emergency" if run.emergency and run.ended_at is None else found.status,
        found.activity,
        lists,
        run.run,
        run.started_at,
        run.contacts,
        run.left,
        found.next_start_at,
    )
