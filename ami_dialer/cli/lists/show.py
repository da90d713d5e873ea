"""`ami-dialer list show`: the lists there are."""

import asyncio
from pathlib import Path
from typing import Any

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import lists
from ami_dialer.store.lists import StoredList


@click.command("show")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@click.pass_obj
def show_command(config_file: Path, name: str | None, *, as_json: bool) -> None:
    """The lists there are, or list NAME."""

    async def ask(config: Config) -> dict[str, StoredList]:
        async with reading(config) as database:
            return await lists.load_lists(database)

    stored = asyncio.run(ask(load_config(config_file)))
    if name is not None and name not in stored:
        raise NotFoundError(f"no list is named {name!r}; there are: {', '.join(stored) or 'none'}")
    shown = list(stored.values()) if name is None else [stored[name]]
    if as_json:
        print_json([_stored_as_dict(each) for each in shown])
        return
    rows = [
        (each.name, each.contacts, each.imported_at, each.document.get("file"), each.document.get("region", "US"))
        for each in shown
    ]
    print_rows(("list", "contacts", "imported", "file", "region"), rows, right=frozenset({1}))


def _stored_as_dict(each: StoredList) -> dict[str, Any]:
    return {
        "list": each.name,
        "contacts": each.contacts,
        "imported_at": each.imported_at,
        **each.document,
    }
