"""`ami-dialer list show`: the lists there are."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, printable
from ami_dialer.config.lists import ContactList
from ami_dialer.config.schema import Config
from ami_dialer.domain.web_address import shown_address
from ami_dialer.store import lists
from ami_dialer.store.documents import MADE
from ami_dialer.store.lists import StoredList, Users


@dataclass(frozen=True, slots=True)
class _Shown:
    stored: StoredList
    settings: ContactList
    contacts: int
    users: Users
    changed_at: datetime | None


@click.command("show")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@click.pass_obj
def show_command(config_file: Path, name: str | None, *, as_json: bool) -> None:
    """The lists there are, or list NAME: contacts, state, source, who uses it, last change, settings."""
    shown = asyncio.run(_ask(load_config(config_file), name))
    if as_json:
        print_json([_as_dict(each) for each in shown])
    elif name is not None:
        _print(shown[0])
    elif not shown:
        click.echo("there is no list yet; declare one in the configuration, or: ami-dialer list create NAME")
    else:
        rows = [
            (
                each.stored.name,
                f"{each.contacts:,}",
                each.stored.state,
                _source(each),
                ", ".join(each.users.campaigns),
                each.changed_at,
            )
            for each in shown
        ]
        print_rows(("list", "contacts", "state", "source", "campaigns", "last change"), rows, right=frozenset({1}))
        for each in shown:
            if each.stored.trouble:
                click.echo(f"{each.stored.name}: {printable(each.stored.trouble)}")


async def _ask(config: Config, name: str | None) -> list[_Shown]:
    async with reading(config) as database:
        stored = (
            list((await lists.load_lists(database)).values())
            if name is None
            else [await lists.load_list(database, name)]
        )
        counts = await lists.count_members(database, None if name is None else stored[0].id)
        added = await lists.last_added(database)
        async with database.reading() as connection:
            users = await lists.users(connection)
    return [
        _Shown(
            each,
            each.settings,
            counts.get(each.id, 0),
            users.get(each.name, Users((), {})),
            max((at for at in (added.get(each.id), each.imported_at, each.fetched_at) if at), default=None),
        )
        for each in stored
    ]


def _source(each: _Shown) -> str:
    settings = each.settings
    if settings.file is not None:
        return str(settings.file)
    if settings.api is not None:
        return shown_address(settings.api.url)
    return "made" if each.stored.origin == MADE else "by hand"


def _as_dict(each: _Shown) -> dict[str, Any]:
    stored, settings = each.stored, each.settings
    return {
        "list": stored.name,
        "contacts": each.contacts,
        "state": stored.state,
        "trouble": stored.trouble,
        "origin": stored.origin,
        "description": settings.description,
        "file": settings.file,
        "url": shown_address(settings.api.url) if settings.api else None,
        "campaigns": each.users.campaigns,
        "runs": list(each.users.runs),
        "changed_at": each.changed_at,
        "imported_at": stored.imported_at,
        "fetched_at": stored.fetched_at,
        "region": settings.region,
        "priority": settings.priority,
        "dupe_days": settings.dupe_days,
        "expire_days": settings.expire_days,
        "mapping": settings.mapping,
        "columns": settings.columns,
    }


def _print(each: _Shown) -> None:
    stored, settings = each.stored, each.settings
    click.secho(f"List {stored.name}", bold=True)
    if settings.description:
        click.echo(f"  {printable(settings.description)}")
    trouble = f": {printable(stored.trouble)}" if stored.trouble else ""
    click.echo(f"  contacts   {each.contacts:,}, {stored.state}{trouble}")
    origin = "made at run time" if stored.origin == MADE else "from config.yaml"
    click.echo(f"  source     {printable(_source(each))} ({origin})")
    click.echo(f"  changed    {local(each.changed_at)}; imported {local(stored.imported_at)}")
    click.echo(
        f"  settings   region {settings.region}, priority {settings.priority}, {_duplicates(settings)}, "
        f"{_expiry(settings)}"
    )
    runs = "".join(f"; run {run} of {campaign} is going on" for run, campaign in each.users.runs.items())
    click.echo(f"  campaigns  {', '.join(each.users.campaigns) or 'none'}{runs}")


def _duplicates(settings: ContactList) -> str:
    days = settings.dupe_days
    return "no number is a duplicate" if days < 0 else f"a number is a duplicate for {amount(days, 'day')}"


def _expiry(settings: ContactList) -> str:
    days = settings.expire_days
    return "contacts do not expire" if days < 0 else f"contacts expire after {amount(days, 'day')}"
