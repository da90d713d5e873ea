"""`ami-dialer callback add` and `cancel`."""

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.explain.moment import MomentType
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import json_option, load_config, local, print_json
from ami_dialer.config.kinds import to_seconds
from ami_dialer.domain.callback import Callback, CallbackSource
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import callback_rows, callbacks, campaigns
from ami_dialer.store.callback_writes import Wanted


class _DurationType(click.ParamType[timedelta]):
    """Raises click.BadParameter."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401
        """As in config.yaml: `30m`, `2h`, `1d`."""
        try:
            return timedelta(seconds=float(str(to_seconds(str(value)))))
        except (ValueError, OverflowError, TypeError):
            self.fail(f"{value!r} is no duration; write 30m, 2h or 1d", param, ctx)


@click.command("add")
@click.option("--campaign", required=True, help="The campaign that calls.")
@click.option("--number", required=True, help="The contact's phone that is called.")
@click.option("--region", default="US", show_default=True, help="Country of a number without a country code.")
@click.option("--at", type=MomentType(), help="When: 14:30, '2026-03-02 14:30' or with a zone; this machine's without.")
@click.option("--in", "later", type=_DurationType(), help="Instead of --at: so long from now, as 30m, 2h, 1d.")
@click.option("--agent", help="For this agent; for anyone without it.")
@click.option("--note", help="For whoever makes the call.")
@json_option
@click.pass_obj
def add_command(  # noqa: PLR0913, PLR0917 - one argument for each option
    config_file: Path,
    campaign: str,
    number: str,
    region: str,
    at: datetime | None,
    later: timedelta | None,
    agent: str | None,
    note: str | None,
    *,
    as_json: bool,
) -> None:
    """Have a contact called at a certain time. It replaces a callback of the contact in the campaign that waits."""
    if (at is None) == (later is None):
        raise click.UsageError("write either --at TIME or --in DURATION")
    [phone] = given_numbers([number], None, region)
    now = SystemClock().now()

    async def ask() -> Callback:
        async with changing(load_config(config_file)) as database:
            key = (await campaigns.standing(database, campaign)).id
            wanted = Wanted(
                campaign_id=key,
                contact_id=await callback_rows.contact_with(database, key, phone),
                number=phone,
                at=at or now + (later or timedelta()),
                source=CallbackSource.CLI,
                agent=agent,
                note=note,
            )
            return await callbacks.ask(database, wanted, now)

    made = asyncio.run(ask())
    if as_json:
        print_json({**asdict(made), "campaign": campaign})
    else:
        whom = f" for agent {agent}" if agent else ""
        click.echo(f"callback {made.id}: campaign {campaign} calls {phone} at {local(made.at)}{whom}")


@click.command("cancel")
@click.argument("callback", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--why", default="taken back by hand", show_default=True, help="Kept with it.")
@json_option
@click.pass_obj
def cancel_command(config_file: Path, callback: tuple[int, ...], why: str, *, as_json: bool) -> None:
    """Take callbacks back, by their ids of `callback list`. The contacts go on as without them."""

    async def take_back() -> list[Callback]:
        async with changing(load_config(config_file)) as database:
            known = await callback_rows.load(database, callback)
            if unknown := sorted(set(callback) - {one.id for one in known}):
                raise NotFoundError(f"there is no callback {', '.join(map(str, unknown))}; nothing was cancelled")
            return await callbacks.cancel(database, callback, SystemClock().now(), why)

    done = asyncio.run(take_back())
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        click.echo(f"callback {one.id} to {one.number} at {local(one.at)} is cancelled")
    if left := sorted(set(callback) - {one.id for one in done}):
        click.echo(f"kept or cancelled before: {', '.join(map(str, left))}", err=True)
