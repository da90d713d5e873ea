"""`ami-dialer list imports` and `list give-up`: what became of each import, and the end of one that cannot go on."""

import asyncio
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, local, print_json, print_rows, printable
from ami_dialer.config.schema import Config
from ami_dialer.store import import_log, imports, lists
from ami_dialer.store.import_log import LoggedImport

#: What becomes of rows that hold a contact.
_TAKEN = ("added", "renewed", "known", "doubles")


@click.command("imports")
@click.argument("name")
@click.argument("key", metavar="[ID]", type=click.IntRange(min=1), required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many at most.")
@json_option
@click.pass_obj
def imports_command(config_file: Path, name: str, key: int | None, limit: int, *, as_json: bool) -> None:
    """The imports into list NAME, newest first, or import ID of it, batch by batch."""
    found = asyncio.run(_ask(load_config(config_file), name, key, limit))
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"{name}: nothing was imported yet")
    elif key is None:
        rows = [
            (one.id, one.state, one.started_at, f"{one.lines:,}", len(one.batches), _counts(one.counts), one.source)
            for one in found
        ]
        heading = ("import", "state", "started", "lines", "batches", "rows", "source")
        print_rows(heading, rows, right=frozenset({0, 3, 4}))
        for one in found:
            if one.trouble:
                click.echo(f"{one.id}: {printable(one.trouble)}")
    else:
        _print(name, found[0])


@click.command("give-up")
@click.argument("name")
@json_option
@click.pass_obj
def give_up_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Give up an import into list NAME that was cut off and will not go on, because its file is gone, say.

    What came in stays on the list, and campaigns can start again. An import that is still going on is not stopped: its
    next batch takes it up again.
    """

    async def end(config: Config) -> str | None:
        async with reading(config) as database:
            return await imports.give_up(database, await lists.list_id(database, name), SystemClock().now())

    source = asyncio.run(end(load_config(config_file)))
    if as_json:
        print_json({"list": name, "given_up": source})
    elif source is None:
        click.echo(f"{name}: no import is going on or was cut off")
    else:
        click.echo(f"{name}: the import of {printable(source)} is given up; what came in stays")


async def _ask(config: Config, name: str, key: int | None, limit: int) -> list[LoggedImport]:
    async with reading(config) as database:
        list_id = await lists.list_id(database, name)
        if key is None:
            return await import_log.load_imports(database, list_id, limit)
        return [await import_log.load_import(database, list_id, name, key)]


def _print(name: str, one: LoggedImport) -> None:
    click.secho(f"Import {one.id} into {name}: {one.state}", bold=True)
    click.echo(f"  source   {printable(one.source)}")
    if one.described:
        click.echo(f"  read as  {printable(one.described)}")
    click.echo(f"  time     {local(one.started_at)} to {local(one.ended_at)}")
    click.echo(f"  rows     {_counts(one.counts)}; {one.lines:,} lines")
    if one.trouble:
        click.echo(f"  trouble  {printable(one.trouble)}")
    rows = [
        (each.batch, f"{each.first_line:,}", f"{each.last_line:,}", each.state, _counts(each.counts), each.trouble)
        for each in one.batches
    ]
    if rows:
        print_rows(("batch", "from line", "to line", "state", "rows", "trouble"), rows, right=frozenset({0, 1, 2}))


def _counts(counts: dict[str, int]) -> str:
    """Contacts first, then what was left out, by kind."""
    kinds = [*_TAKEN, *sorted(counts.keys() - set(_TAKEN))]
    return ", ".join(f"{counts[kind]:,} {kind.replace('_', ' ')}" for kind in kinds if counts.get(kind)) or "none"
