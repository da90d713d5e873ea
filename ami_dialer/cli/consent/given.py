"""What commands of consent are given: scopes, times, regions; and the law they ask."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from ami_dialer.config.rulebook import load
from ami_dialer.config.schema import Config
from ami_dialer.domain.scope import CAMPAIGN, read_scope
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.sources.moments import Moments, Order
from ami_dialer.store import rulebooks
from ami_dialer.store.database import Database

region_option = click.option(
    "--region", default="US", show_default=True, help="Country (ISO 3166) of numbers without a country code."
)
zone_option = click.option(
    "--zone", default="UTC", show_default=True, help="Time zone of times that name none, like America/New_York."
)
dates_option = click.option(
    "--dates",
    type=click.Choice([order.value for order in Order]),
    default=Order.YMD.value,
    show_default=True,
    help="Whether dates like 3/4/2026 have the month (mdy) or the day (dmy) first.",
)


class ScopeType(click.ParamType[str]):
    """`*`, a purpose, or `campaign:NAME`."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Raises click.BadParameter."""
        try:
            return read_scope(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def warn_of_unknown_campaign(config: Config, scope: str) -> None:
    """Say so where a scope names a campaign that the configuration does not have: it may be misspelt."""
    name = scope.removeprefix(CAMPAIGN)
    if name != scope and name not in config.campaigns:
        there = f"it has: {', '.join(sorted(config.campaigns))}" if config.campaigns else "it has none"
        click.echo(f"warning: the configuration has no campaign {name!r}; {there}", err=True)


def reader(zone: str, dates: str = Order.YMD) -> Moments:
    """Reads times as the options say. Raises click.BadParameter."""
    try:
        return Moments(ZoneInfo(zone), Order(dates))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter(
            f"no time zone is named {zone!r}; write one like America/New_York", param_hint="--zone"
        ) from None


def past(text: str | None, moments: Moments, now: datetime) -> datetime | None:
    """The time of `--at`. Raises click.BadParameter for none, and for one in the future."""
    if text is None:
        return None
    try:
        found = moments.read(text).at
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    if found > now:
        raise click.BadParameter(f"{text!r} lies in the future", param_hint="--at")
    return found


async def deadlines(database: Database, config: Config) -> Deadlines:
    """Those of the law that the dialer goes by; of the files where it has never run. Raises ConfigError, StoreError."""
    held = await rulebooks.in_force(database)
    return Deadlines(load(config.compliance.rules) if held is None else held[1])
