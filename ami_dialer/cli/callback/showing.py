"""`ami-dialer callback list`."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from ami_dialer.cli.explain.moment import MomentType
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.domain.callback import CallbackState
from ami_dialer.store import callback_rows, campaigns
from ami_dialer.store.callback_rows import Seen


@click.command("list")
@click.option("--campaign", help="Those of this campaign alone.")
@click.option("--missed", "state", flag_value="missed", help="Those whose time passed without a call.")
@click.option(
    "--state", type=click.Choice([*(each.value for each in CallbackState), "all"]), help="Those in this state."
)
@click.option("--all", "state", flag_value="all", help="Those that were kept or cancelled too.")
@click.option("--agent", help="Those for this agent alone.")
@click.option("--number", help="Those to this number alone, in E.164 or as written in the United States.")
@click.option("--before", type=MomentType(), help="Those that are due before this time.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="At most so many.")
@json_option
@click.pass_obj
def list_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    campaign: str | None,
    state: str | None,
    agent: str | None,
    number: str | None,
    before: datetime | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Callbacks by their time: those that wait and those that were missed, unless told otherwise."""
    states = {None: (CallbackState.WAITING, CallbackState.MISSED), "all": ()}.get(state)
    if states is None:
        states = (CallbackState(state or ""),)
    wanted = None if number is None else given_numbers([number], None, "US", changing=False)[0]

    async def ask() -> list[Seen]:
        async with reading(load_config(config_file)) as database:
            if campaign is not None:
                await campaigns.standing(database, campaign)
            return await callback_rows.find(
                database,
                campaign=campaign,
                states=states,
                agent=agent,
                number=wanted,
                before=before,
                limit=limit,
            )

    found = asyncio.run(ask())
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        click.echo("no callbacks")
    else:
        heading = ("id", "at", "number", "campaign", "state", "for", "asked by", "note", "why")
        print_rows(
            heading,
            [
                (
                    one.id,
                    one.at,
                    one.number,
                    one.campaign,
                    one.state,
                    one.agent or "anyone",
                    one.source,
                    one.note,
                    one.why,
                )
                for one in found
            ],
        )
