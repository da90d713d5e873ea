"""`ami-dialer campaign preview`: whom a start would call, without one."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows, printable
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.filter import columns_of, told
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.store import documents
from ami_dialer.store.preview import Preview, preview

#: So many conditions or do-not-call entries are shown of each kind; `--json` has all.
_SHOWN = 10


@click.command("preview")
@click.argument("name")
@click.option(
    "--sample", type=click.IntRange(0, 1_000), default=0, help="Show so many of those who would be called, in order."
)
@json_option
@click.pass_obj
def command(config_file: Path, name: str, sample: int, *, as_json: bool) -> None:
    """Whom a start of campaign NAME would call now, and who would be left out by what. Nothing is written.

    The campaign and the settings of its lists are those of the configuration, applied or not; the contacts are those
    that were imported.
    """
    config = load_config(config_file)
    found, document = asyncio.run(_ask(config, name, sample))
    if as_json:
        print_json(found)
    else:
        _print(found, document)
    for column in found.unknown_columns:
        click.echo(f"warning: no contact of the lists has a column {column!r}, which the filter asks for", err=True)


async def _ask(config: Config, name: str, sample: int) -> tuple[Preview, Campaign]:
    async with reading(config) as database:
        document = config.campaigns.get(name)
        if document is None:
            _, document = await documents.load_campaign(database, name)
        now = SystemClock().now()
        return await preview(database, name, document, config.lists, now, sample), document


def _print(found: Preview, document: Campaign) -> None:
    click.secho(f"Campaign {found.campaign} would call {amount(found.left, 'contact')} now", bold=True)
    for name, count in found.lists.items():
        what = "is not stored yet: ami-dialer list import" if count is None else f"{count:>9,}"
        click.echo(f"  list {name:<20} {what}")
    click.echo(f"  {'contacts of the lists':<25} {found.contacts:>9,}")
    click.echo(f"  {'on a list before':<25} {found.doubles:>9,}")
    if document.filter is not None:
        _print_excluded(Exclusion.FILTER, found.filter_excluded, "does not meet: ")
    _print_excluded(Exclusion.EXPIRED, found.expired)
    _print_excluded(Exclusion.DNC, found.dnc_excluded)
    click.echo(f"  {'left to be called':<25} {found.left:>9,}")
    if document.filter is not None:
        click.echo(f"  the filter: {printable(told(document.filter))}")
    if found.sample:
        click.echo()
        columns = _sample_columns(found, document)
        rows = [(one.contact, one.number, *(one.fields.get(column) for column in columns)) for one in found.sample]
        print_rows(("contact", "number", *columns), rows, right=frozenset({0}))


def _print_excluded(exclusion: Exclusion, by: Mapping[str, int], words: str = "") -> None:
    click.echo(f"  {exclusion.label:<25} {sum(by.values()):>9,}")
    for what, count in list(by.items())[:_SHOWN]:
        click.echo(f"  {'':<25} {'':>9}   {count:,} {words}{printable(what)}")
    if len(by) > _SHOWN:
        click.echo(f"  {'':<25} {'':>9}   and {len(by) - _SHOWN:,} more of them")


def _sample_columns(found: Preview, document: Campaign) -> list[str]:
    """Those that the filter asks for, and the first others, as far as they fit."""
    known = dict.fromkeys(name for one in found.sample for name in one.fields)
    asked = [] if document.filter is None else [name for name in columns_of(document.filter) if name in known]
    return list(dict.fromkeys([*asked, *known]))[:6]
