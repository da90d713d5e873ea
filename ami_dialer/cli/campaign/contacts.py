"""`ami-dialer campaign contacts`: who is in a run, and where each of them stands."""

import asyncio
import csv
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click
import orjson

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_rows
from ami_dialer.cli.whole_file import whole_file
from ami_dialer.config.schema import Config
from ami_dialer.domain.contact_status import ContactStatus
from ami_dialer.domain.formulas import neutral
from ami_dialer.domain.meaning import like
from ami_dialer.reporting.outcomes import pick_run
from ami_dialer.store.run_contacts import RunContact, contacts_of

#: Contacts that are printed unless told otherwise.
_SHOWN = 100
_COLUMNS = tuple(field.name for field in fields(RunContact))


def _status(_context: click.Context, _parameter: click.Parameter, text: str | None) -> ContactStatus | None:
    """A status by its title, in whatever case, also written with hyphens."""
    if text is None:
        return None
    for status in ContactStatus:
        if status.value.lower() == text.replace("-", " ").lower():
            return status
    raise click.BadParameter(f"there is no status {text!r}{like(text, [status.value for status in ContactStatus])}")


@click.command("contacts")
@click.argument("name")
@click.option("--status", callback=_status, help="Those with this status, like Pending or 'Scheduled for Reattempt'.")
@click.option("--run", "run_id", type=click.IntRange(min=1), help="Of this run; default the newest.")
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many; default {_SHOWN} on the terminal, else all."
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write them to this file instead; - for standard output.",
)
@json_option
@click.pass_obj
def command(
    config_file: Path,
    name: str,
    status: ContactStatus | None,
    run_id: int | None,
    limit: int | None,
    csv_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """The contacts of campaign NAME and where each stands in its run, in the order of dialing.

    Who is in a call comes first, then who is called next, who is done, who is excluded. docs/campaigns.md tells what
    each status means.
    """
    asyncio.run(_show(load_config(config_file), name, status, run_id, limit, csv_file, as_json=as_json))


async def _show(
    config: Config,
    name: str,
    status: ContactStatus | None,
    run_id: int | None,
    limit: int | None,
    csv_file: Path | None,
    *,
    as_json: bool,
) -> None:
    async with reading(config) as database:
        run = await pick_run(database, name, run_id)
        async with aclosing(contacts_of(database, run, status)) as found:
            if csv_file is not None:
                count = await _to_file(_first(found, limit), csv_file)
                if str(csv_file) != "-":
                    click.echo(f"{csv_file}: {amount(count, 'contact')}")
            elif as_json:
                await _print_json(_first(found, limit))
            else:
                await _print(_first(found, limit or _SHOWN), limit or _SHOWN)


async def _first(found: AsyncIterator[RunContact], limit: int | None) -> AsyncIterator[RunContact]:
    count = 0
    async for one in found:
        yield one
        count += 1
        if count == limit:
            return


async def _print(found: AsyncIterator[RunContact], limit: int) -> None:
    rows = [
        (one.number, one.status, one.attempts, one.disposition, _at(one.next_due), one.priority, one.why)
        async for one in found
    ]
    print_rows(("number", "status", "attempts", "latest result", "next due", "priority", "why"), rows)
    if len(rows) == limit:
        click.echo(f"the first {limit:,}; --limit shows more, --csv writes all", err=True)


def _at(time: datetime | None) -> str | None:
    return None if time is None else local(time)


async def _print_json(found: AsyncIterator[RunContact]) -> None:
    """A list, one contact a line: a run of millions is never in memory."""
    before = "[\n"
    async for one in found:
        click.echo(before + orjson.dumps(asdict(one), option=orjson.OPT_UTC_Z).decode(), nl=False)
        before = ",\n"
    click.echo("[]" if before == "[\n" else "\n]")


async def _to_file(found: AsyncIterator[RunContact], file: Path) -> int:
    if str(file) == "-":
        return await _write(found, sys.stdout)
    with whole_file(file) as part, part.open("w", encoding="utf-8", newline="") as out:
        return await _write(found, out)


async def _write(found: AsyncIterator[RunContact], out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    count = 0
    async for one in found:
        writer.writerow([neutral(_cell(value)) for value in asdict(one).values()])
        count += 1
    return count


def _cell(value: object) -> str:
    """Times in UTC, ISO 8601, to the second."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if value is None else str(value)
