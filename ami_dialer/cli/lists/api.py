"""`ami-dialer list validate`, `fetch` and `fetches`: lists that come from a web API."""

import asyncio
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows, printable
from ami_dialer.cli.times import time_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError, NotFoundError, StoreError
from ami_dialer.domain.intake import FetchState
from ami_dialer.domain.web_address import shown_address
from ami_dialer.engine import fetching
from ami_dialer.engine.fetching import Fetch, FetchedList, NoApiError, Preview
from ami_dialer.journey.intake import IntakeError, Target
from ami_dialer.ports import ListSource
from ami_dialer.sources.answers import unpacked
from ami_dialer.store import fetches, lists
from ami_dialer.store.database import Database
from ami_dialer.store.fetches import LoggedFetch, Wanted
from ami_dialer.store.mappings import load_mapping

#: Contacts of a preview that are shown, and rejected ones.
_SHOWN = 5
#: Characters of a contact's fields that are shown.
_FIELDS = 200


@click.command("validate")
@click.argument("name")
@json_option
@click.pass_obj
def validate_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Ask the API of list NAME for one page, and show how it would be imported. Nothing is stored.

    Shows which of its fields are mapped and which are taken under their own names, and what has changed since the
    last fetch. Ends with 6 when the API gives no contacts that can be read.
    """
    config = load_config(config_file)
    found = asyncio.run(_validate(config, name))
    if as_json:
        print_json(_preview_as_dict(name, config, found))
    else:
        _print_preview(name, config, found)


def _source(config: Config) -> ListSource:
    from ami_dialer import app  # the whole dialer: commands that fetch nothing do without it

    return app.list_source(config, SystemClock())


async def _validate(config: Config, name: str) -> Preview:
    source = _source(config)
    try:
        async with reading(config) as database:
            return await fetching.preview_list(source, await _configured(config, name, database), database)
    except StoreError as error:
        found = await fetching.preview_list(source, await _configured(config, name, None), None)
        found.warnings.append(f"not compared with the last fetch: {error}")
        return found


async def _configured(config: Config, name: str, database: Database | None) -> FetchedList:
    """The list as the configuration has it now, whether it is in the database already or not."""
    settings = config.lists.get(name)
    if settings is None:
        known = ", ".join(one for one, each in config.lists.items() if each.api is not None) or "none"
        raise NotFoundError(f"the configuration has no list {name!r}; lists with an API: {known}")
    if settings.api is None:
        raise NoApiError(f"list {name!r} has no `api` in the configuration; its contacts come from elsewhere")
    named = {}
    if settings.mapping is not None:
        named = config.mappings.get(settings.mapping) or (
            await load_mapping(database, settings.mapping) if database is not None else {}
        )
    stored = (await lists.load_lists(database)).get(name) if database is not None else None
    key = stored.id if stored is not None else 0
    return FetchedList(Target(key, name, settings, {**named, **settings.columns}), settings.api)


@click.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@json_option
@click.pass_obj
def fetch_command(config_file: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    """Fetch lists from their APIs now, whenever they are due. A running dialer goes on by the interval from now.

    A list that cannot be fetched keeps the contacts it has. Ends with 6 when one could not.
    """
    config = load_config(config_file)
    done, failed = asyncio.run(_fetch(config, names))
    if as_json:
        print_json({"fetches": [_as_dict(each) for each in done], "failed": failed})
    else:
        for each in done:
            _print_fetch(each)
        for text in failed.values():
            click.echo(f"ami-dialer: {text}", err=True)
    if failed or any(each.state is FetchState.FAILED for each in done):
        raise SystemExit(IntakeError.exit_code)


async def _fetch(config: Config, names: tuple[str, ...]) -> tuple[list[Fetch], dict[str, str]]:
    clock = SystemClock()
    done: list[Fetch] = []
    failed: dict[str, str] = {}
    async with changing(config) as database:
        source = _source(config)
        for name in dict.fromkeys(names):
            settings = config.lists.get(name)
            wanted = await fetching.fetched_list(database, name, settings.api if settings is not None else None)
            fetch = await fetching.fetch_list(database, source, wanted, config.fetching, clock)
            if fetch is None:
                failed[name] = f"list {name!r} is being fetched by another process right now"
            else:
                done.append(fetch)
    return done, failed


@click.group("fetches", invoke_without_command=True)
@click.option("--list", "list_name", metavar="NAME", help="Of this list only.")
@click.option("--campaign", metavar="NAME", help="Of lists that this campaign used then.")
@click.option("--status", type=click.Choice([state.value for state in FetchState]), help="Ended so.")
@click.option("--text", help="With this in the description.")
@click.option("--since", callback=time_of, metavar="TIME", help="Not before; 2026-03-02 or '2026-03-02 15:00'.")
@click.option("--until", callback=time_of, metavar="TIME", help="Before.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="So many at most.")
@json_option
@click.pass_context
def fetches_command(  # noqa: PLR0913, PLR0917 - one argument for each option
    ctx: click.Context,
    list_name: str | None,
    campaign: str | None,
    status: str | None,
    text: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """The log of fetches, newest first: when, which list, campaigns that used it, how it ended and what came."""
    if ctx.invoked_subcommand is not None:
        return
    wanted = Wanted(list_name, campaign, FetchState(status) if status is not None else None, text, since, until)
    found = asyncio.run(_search(load_config(ctx.obj), wanted, limit))
    if as_json:
        print_json([_logged_as_dict(each) for each in found])
    elif not found:
        click.echo("no fetch matches" if wanted != Wanted() else "nothing was fetched yet")
    else:
        _print_log(found)


async def _search(config: Config, wanted: Wanted, limit: int) -> list[LoggedFetch]:
    async with reading(config) as database:
        return await fetches.search(database, wanted, limit)


@fetches_command.command("export")
@click.argument("key", metavar="ID", type=click.IntRange(min=1))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), required=False)
@click.pass_obj
def export_command(config_file: Path, key: int, file: Path | None) -> None:
    """Write the JSON that fetch ID got, as it was, to FILE, or to standard output.

    Several pages are written as a JSON list of pages. Secrets of the configuration are taken out.
    """
    packed = asyncio.run(_answer(load_config(config_file), key))
    if file is None or str(file) == "-":
        for piece in unpacked(packed):
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
        return
    try:
        with file.open("wb") as out:
            out.writelines(unpacked(packed))
    except OSError as error:
        raise DialerError(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"fetch {key}: {amount(file.stat().st_size, 'byte')} in {file}")


async def _answer(config: Config, key: int) -> bytes:
    async with reading(config) as database:
        return await fetches.answer_of(database, key)


def _as_dict(each: Fetch) -> dict[str, Any]:
    return {
        "fetch": each.id,
        "list": each.list_name,
        "at": each.at,
        "status": each.state,
        "contacts": each.contacts,
        "description": each.description,
        "warnings": each.warnings,
        "counts": dict(each.intake.counts) if each.intake is not None else {},
        "rejected": [
            {"contact": row.line, "kind": row.kind, "reason": row.reason}
            for row in (each.intake.rejected if each.intake is not None else [])
        ],
    }


def _print_fetch(each: Fetch) -> None:
    click.echo(f"{each.list_name}: {printable(each.description)}", err=each.state is FetchState.FAILED)
    for row in each.intake.rejected if each.intake is not None else []:
        click.echo(f"  contact {row.line:,}: {printable(row.reason)}")
    for warning in each.warnings:
        click.echo(f"  {printable(warning)}")
    if each.kept:
        click.echo(f"  what came: ami-dialer list fetches export {each.id}")


def _logged_as_dict(each: LoggedFetch) -> dict[str, Any]:
    named = {"fetch": each.id, "list": each.list_name, "status": each.state}
    rest = {key: value for key, value in asdict(each).items() if key not in {"id", "list_name", "state"}}
    return {**named, **rest}


def _print_log(found: list[LoggedFetch]) -> None:
    rows = [
        (
            each.id,
            each.at,
            each.list_name,
            ", ".join(each.campaigns),
            each.state,
            f"{each.contacts:,}",
            each.description,
        )
        for each in found
    ]
    print_rows(
        ("fetch", "time", "list", "campaigns", "status", "contacts", "description"), rows, right=frozenset({0, 5})
    )


def _preview_as_dict(name: str, config: Config, found: Preview) -> dict[str, Any]:
    api = config.lists[name].api
    return {
        "list": name,
        "url": shown_address(api.url) if api is not None else None,
        "contacts": found.contacts,
        "mapped": found.mapped,
        "guessed": found.guessed,
        "unmapped": found.unmapped,
        "left_out": found.left_out,
        "warnings": found.warnings,
        "preview": [
            {
                "contact": one.line,
                "phone": one.number,
                "further": [phone.number for phone in one.further],
                "time_zone": one.time_zone,
                "priority": one.priority,
                "fields": one.fields,
            }
            for one in found.reading.contacts[:_SHOWN]
        ],
        "rejected": [
            {"contact": row.line, "kind": row.kind, "reason": row.reason} for row in found.reading.rejected[:_SHOWN]
        ],
    }


def _print_preview(name: str, config: Config, found: Preview) -> None:
    api = config.lists[name].api
    where = shown_address(api.url) if api is not None else ""
    click.echo(f"{name}: {where} gives {amount(found.contacts, 'contact')} on its first page; nothing was stored")
    rows = [(path, ours) for ours, path in found.mapped.items()]
    rows += [(path, f"{ours}, by its name") for ours, path in found.guessed.items()]
    rows += [(path, "taken under its own name") for path in found.unmapped]
    rows += [(path, f"left out: it {why}") for path, why in found.left_out.items()]
    if rows:
        print_rows(("field", "is"), rows)
    read = found.reading
    looked_at = len(read.contacts) + len(read.rejected) + read.blank
    if looked_at:
        click.echo(f"of the first {amount(looked_at, 'contact')} {len(read.contacts):,} can be called, as:")
    for one in read.contacts[:_SHOWN]:
        others = "".join(f", {phone.number}" for phone in one.further)
        click.echo(f"  contact {one.line}: {one.number}{others} {printable(one.fields[:_FIELDS])}")
    for row in read.rejected[:_SHOWN]:
        click.echo(f"  contact {row.line}: {printable(row.reason)}")
    for warning in found.warnings:
        click.echo(f"look: {printable(warning)}")
