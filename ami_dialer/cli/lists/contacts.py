"""`ami-dialer list contacts`: who is on a list."""

import asyncio
import re
from pathlib import Path

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.config.schema import Config
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.reporting.list_export import as_dict
from ami_dialer.store import listed, lists
from ami_dialer.store.listed import ListedContact, Page, Place

#: Characters of the fields that a line shows; --json has all.
_FIELDS_SHOWN = 60
_AFTER = re.compile(r"(\+[0-9]{2,15})(?:/([0-9]{1,9}))?")


@click.command("contacts")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="So many at once.")
@click.option("--after", metavar="NUMBER", help="Begin after this number, as the page before ended.")
@click.option("--search", metavar="TEXT", help="A phone number, part of one, or text that stands in a field.")
@json_option
@click.pass_obj
def contacts_command(
    config_file: Path, name: str, limit: int, after: str | None, search: str | None, *, as_json: bool
) -> None:
    """The contacts of list NAME, sorted by number, a page at a time."""
    page = asyncio.run(_ask(load_config(config_file), name, _place(after), limit, search))
    end = None if page.end is None else f"{page.end.number}/{page.end.occurrence}"
    if end is not None and end.endswith("/0"):
        end = end.removesuffix("/0")
    if as_json:
        print_json({"list": name, "contacts": [as_dict(one) for one in page.contacts], "next": end})
        return
    if not page.contacts:
        click.echo(f"{name}: nobody" + (f" with {search!r}" if search is not None else ""))
        return
    rows = [
        (_phones(one), one.region.country, one.region.state, one.time_zone, one.priority, one.added_at, _fields(one))
        for one in page.contacts
    ]
    print_rows(("phones", "country", "state", "time zone", "priority", "added", "fields"), rows, right=frozenset({4}))
    if end is not None:
        again = f" --search {search!r}" if search is not None else ""
        click.echo(f"more follow: ami-dialer list contacts {name}{again} --after {end}")


def _place(after: str | None) -> Place | None:
    if after is None:
        return None
    match = _AFTER.fullmatch(after)
    if match is None:
        raise click.BadParameter(f"{after!r} is no number; write one with + and digits only, like +13015550100")
    return Place(match[1], int(match[2]) if match[2] else 0)


async def _ask(config: Config, name: str, after: Place | None, limit: int, search: str | None) -> Page:
    async with reading(config) as database:
        found = await lists.load_list(database, name)
        if search is None or not search.strip():
            return await listed.page(database, found.id, after, limit)
        try:
            number = normalise(search, found.settings.region)
        except NotANumberError:
            return await listed.with_text(database, found.id, search.strip(), after, limit)
        return Page(await listed.with_number(database, found.id, number), None)


def _phones(one: ListedContact) -> str:
    phones = [(one.number, one.label), *one.further]
    return ", ".join(f"{number} ({label})" if label else number for number, label in phones)


def _fields(one: ListedContact) -> str:
    text = ", ".join(f"{name}={value}" for name, value in one.fields.items() if value)
    return text if len(text) <= _FIELDS_SHOWN else f"{text[: _FIELDS_SHOWN - 1]}…"
