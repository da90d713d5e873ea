"""`ami-dialer consent reassigned`: numbers that their holders gave up."""

import asyncio
from datetime import datetime
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.consent.bringing import Brought, bring_reassigned
from ami_dialer.cli.consent.files import as_dict, column_option, mapping_of, print_head, print_rejected, showing
from ami_dialer.cli.consent.given import dates_option, past, reader, region_option, zone_option
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, printable
from ami_dialer.config.schema import Config
from ami_dialer.sources.reassigned import ReassignedFile, look_at_reassigned
from ami_dialer.store import reassignments
from ami_dialer.store.reassignments import MAX_SOURCE, Reassignment


@click.group("reassigned")
def reassigned_command() -> None:
    """Numbers that their holders gave up: consent from before is somebody else's."""


@reassigned_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--source", default="reassigned numbers database", show_default=True, help="Who says so.")
@click.option("--checked", metavar="TIME", help="When it was asked; else when FILE was written.")
@column_option
@region_option
@zone_option
@dates_option
@json_option
@click.pass_obj
def import_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    file: Path,
    *,
    source: str,
    checked: str | None,
    columns: tuple[str, ...],
    region: str,
    zone: str,
    dates: str,
    as_json: bool,
) -> None:
    """Keep when the numbers of FILE were given up: CSV with a header.

    It has a number, and either the day it was given up (disconnected) or an answer: yes, no, no data. Yes counts as of
    when the database was asked (checked, or --checked): all consent from before is somebody else's then. No and no data
    change nothing. The same file twice changes nothing.
    """
    config = load_config(config_file)
    now = SystemClock().now()
    if len(source) > MAX_SOURCE:
        raise click.BadParameter(f"has more than {MAX_SOURCE} characters", param_hint="--source")
    moments = reader(zone, dates)
    found = look_at_reassigned(file, region, moments, past(checked, moments, now), now, mapping_of(columns))
    done = asyncio.run(_import(config, found, source, show=not as_json))
    if as_json:
        print_json(as_dict(done))
        return
    print_head(done)
    click.echo(
        f"  {amount(done.added, 'number')} given up, {done.known:,} known already, "
        f"{amount(done.without, 'row')} with no or no data, {amount(done.rejections, 'row')} rejected"
    )
    print_rejected(done)


async def _import(config: Config, file: ReassignedFile, source: str, *, show: bool) -> Brought:
    async with changing(config) as database:
        with showing(file.columns.survey.path, show=show) as progress:
            return await bring_reassigned(database, file, source, progress)


@reassigned_command.command("show")
@click.argument("number")
@region_option
@json_option
@click.pass_obj
def show_command(config_file: Path, number: str, region: str, *, as_json: bool) -> None:
    """When NUMBER was given up by its holder, as far as anybody has asked."""
    [wanted] = given_numbers([number], None, region, changing=False)

    async def ask(config: Config) -> list[Reassignment]:
        async with reading(config) as database:
            return await reassignments.find(database, wanted)

    found = next(iter(asyncio.run(ask(load_config(config_file)))), None)
    if as_json:
        print_json({"number": wanted, "reassigned": found})
    elif found is None:
        click.echo(f"{wanted}: nobody said that its holder gave it up")
    else:
        click.echo(f"{wanted}: given up by its holder {_by(found.disconnected_at, found.checked_at)}")
        click.echo(f"  {printable(found.source)}, asked {local(found.checked_at)}; consent from before does not count")


def _by(at: datetime, checked_at: datetime) -> str:
    return f"before {local(at)}" if at >= checked_at else local(at)
