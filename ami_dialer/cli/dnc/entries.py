"""`ami-dialer dnc add`, `remove`, `show`, `check`: who stands on do-not-call lists."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.dnc.lists import checked_name
from ami_dialer.cli.numbers import file_option, given_numbers
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows
from ami_dialer.config.schema import Config
from ami_dialer.domain.beginning import beginning
from ami_dialer.domain.months import later_by
from ami_dialer.sources.dnc import moment
from ami_dialer.store import dnc, dnc_lists, documents
from ami_dialer.store.dnc import DncEntry

#: Entries that `show` prints unless told otherwise.
_SHOWN = 100

region_option = click.option(
    "--region",
    default="US",
    show_default=True,
    help="Country (ISO 3166) of numbers without a country code.",
)
prefix_option = click.option(
    "--prefix", is_flag=True, help="What is given are beginnings: 1-900 stands for all numbers that begin so."
)


def _entries(
    given: Sequence[str],
    file: Path | None,
    region: str,
    *,
    prefix: bool = False,
    whole: bool = False,
    changing: bool = True,
) -> list[str]:
    """Numbers, and beginnings with an asterisk, each once. Raises BadNumbersError with every bad one."""

    def read(text: str) -> str:
        return beginning(text, region, whole_country=whole)

    return given_numbers(given, file, region, beginning=read, all_beginnings=prefix, changing=changing)


@click.command("add")
@click.argument("list_name", metavar="LIST")
@click.argument("numbers", metavar="NUMBER...", nargs=-1)
@file_option
@click.option("--reason", default="added by hand", show_default=True, help="Kept with the entry, shown in traces.")
@click.option("--expires", metavar="6m|DATE", help="Until when: 30d, 2w, 6m (months), 1y, or a day like 2027-12-31.")
@prefix_option
@click.option("--whole-country", is_flag=True, help="Allow a beginning that is a country code alone, like +44*.")
@region_option
@json_option
@click.pass_obj
def add_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    list_name: str,
    numbers: tuple[str, ...],
    file: Path | None,
    reason: str,
    expires: str | None,
    region: str,
    *,
    prefix: bool,
    whole_country: bool,
    as_json: bool,
) -> None:
    """Put numbers on do-not-call list LIST, which is made when it does not exist.

    NUMBER may end with an asterisk, '+1900*': all numbers that begin so. Counts at once, for running campaigns too.
    With one bad number nothing is added. Who is on the list already stays as they are, but for the longer time.
    """
    checked_name(list_name)
    wanted = _entries(numbers, file, region, prefix=prefix, whole=whole_country)
    now = SystemClock().now()
    until = None if expires is None else _until(expires, now)
    config = load_config(config_file)

    async def add(config: Config) -> tuple[int, bool]:
        async with changing(config) as database:
            added = await dnc.add(database, list_name, wanted, reason=reason, source="cli", now=now, expires_at=until)
            lists = await dnc_lists.load_marks(database)
            return added, lists.get(list_name, False)

    added, is_global = asyncio.run(add(config))
    users = sorted(name for name, campaign in config.campaigns.items() if is_global or list_name in campaign.dnc)
    if as_json:
        known = len(wanted) - added
        print_json({"list": list_name, "added": added, "known": known, "expires_at": until, "used_by": users})
        return
    stood = f", {amount(len(wanted) - added, 'number')} stood on it already" if added < len(wanted) else ""
    ends = f", until {local(until)}" if until is not None else ""
    click.echo(f"{list_name}: {amount(added, 'number')} added{ends}{stood}")
    if not users:
        lists = sorted({name for campaign in config.campaigns.values() for name in campaign.dnc})
        click.echo(
            f"warning: no campaign of the configuration uses {list_name!r}; they use: {', '.join(lists)}", err=True
        )


def _until(text: str, now: datetime) -> datetime:
    try:
        found = later_by(now, text) or moment(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r}; write 30d, 2w, 6m (months), 1y, or a day like 2027-12-31", param_hint="--expires"
        ) from None
    if found <= now:
        raise click.BadParameter(f"{text!r} has passed already", param_hint="--expires")
    return found


@click.command("remove")
@click.argument("list_name", metavar="LIST")
@click.argument("numbers", metavar="NUMBER...", nargs=-1)
@file_option
@prefix_option
@region_option
@json_option
@click.pass_obj
def remove_command(
    config_file: Path,
    list_name: str,
    numbers: tuple[str, ...],
    file: Path | None,
    region: str,
    *,
    prefix: bool,
    as_json: bool,
) -> None:
    """Take numbers off do-not-call list LIST. Their entries stay as a record of it: `dnc show --removed`.

    Contacts that a run has taken out already stay out of that run.
    """
    wanted = _entries(numbers, file, region, prefix=prefix, whole=True)

    async def remove(config: Config) -> int:
        async with reading(config) as database:
            return await dnc.remove(database, list_name, wanted, SystemClock().now())

    removed = asyncio.run(remove(load_config(config_file)))
    if as_json:
        print_json({"list": list_name, "removed": removed, "unknown": len(wanted) - removed})
        return
    missing = f", {amount(len(wanted) - removed, 'number')} did not stand on it" if removed < len(wanted) else ""
    click.echo(f"{list_name}: {amount(removed, 'number')} removed{missing}")


@click.command("show")
@click.argument("list_name", metavar="[LIST]", required=False)
@click.option(
    "--number",
    "numbers",
    multiple=True,
    help="The entries of this number alone, and of beginnings that cover it, on LIST or on any.",
)
@click.option("--removed", is_flag=True, help="Those that were taken off too.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=_SHOWN, show_default=True, help="At most so many entries."
)
@region_option
@json_option
@click.pass_obj
def show_command(
    config_file: Path,
    list_name: str | None,
    numbers: tuple[str, ...],
    limit: int,
    region: str,
    *,
    removed: bool,
    as_json: bool,
) -> None:
    """The newest entries of do-not-call list LIST, or of all. A whole list goes into a file: `dnc export`."""
    wanted = _entries(numbers, None, region, whole=True, changing=False) if numbers else None

    async def ask(config: Config) -> list[DncEntry]:
        async with reading(config) as database:
            return await dnc.entries(database, list_name, numbers=wanted, removed=removed, limit=limit + 1)

    found = asyncio.run(ask(load_config(config_file)))
    more = len(found) > limit
    if as_json:
        print_json([asdict(entry) for entry in found[:limit]])
    elif not found:
        click.echo("no entries")
    else:
        _print_entries(found[:limit], SystemClock().now())
    if more:
        click.echo(f"there are more than {limit:,}; --limit shows more, `dnc export` writes all to a file", err=True)


def _print_entries(entries: Sequence[DncEntry], now: datetime) -> None:
    rows = [
        (entry.list_name, entry.number, entry.added_at, _state(entry, now), entry.source, entry.reason)
        for entry in entries
    ]
    print_rows(("list", "number", "added", "forbids", "by", "reason"), rows)


def _state(entry: DncEntry, now: datetime) -> str:
    if entry.removed_at is not None:
        return f"no, taken off {local(entry.removed_at)}"
    if entry.expires_at is None:
        return "yes"
    return f"until {local(entry.expires_at)}" if entry.expires_at > now else f"no, ended {local(entry.expires_at)}"


@click.command("check")
@click.argument("number")
@click.option("--campaign", help="Only what this campaign heeds: its lists and the global one.")
@region_option
@json_option
@click.pass_obj
def check_command(config_file: Path, number: str, campaign: str | None, region: str, *, as_json: bool) -> None:
    """May NUMBER be called? Says which entries forbid it now, beginnings among them, or that none does.

    Ends with 0 either way; scripts read `forbidden` of --json.
    """
    [wanted] = given_numbers([number], None, region, changing=False)

    async def ask(config: Config) -> list[DncEntry]:
        async with reading(config) as database:
            lists = None
            if campaign is not None:
                _, document = await documents.load_campaign(database, campaign)
                lists = document.dnc
            return await dnc.standing(database, wanted, SystemClock().now(), lists)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        answer: dict[str, Any] = {"number": wanted, "campaign": campaign, "forbidden": bool(found)}
        print_json({**answer, "entries": [asdict(entry) for entry in found]})
    elif not found:
        on = f"that campaign {campaign!r} heeds" if campaign else "there is"
        click.echo(f"{wanted} stands on no do-not-call list {on}")
    else:
        by = f"campaign {campaign!r}" if campaign else "campaigns that heed these lists"
        click.echo(f"{wanted} must not be called by {by}:")
        _print_entries(found, SystemClock().now())
