"""`ami-dialer list add` and `remove`: contacts by hand."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.numbers import file_option, given_numbers
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json
from ami_dialer.config.schema import Config
from ami_dialer.domain.contact import NewContact
from ami_dialer.sources.by_hand import BadContactError, contact_by_hand
from ami_dialer.store import listed, lists, membership
from ami_dialer.store.listed import ListedContact
from ami_dialer.store.loading import Loaded

#: Numbers handed to the database in one statement (SQLite takes 32,766 values).
_BATCH = 2_000
#: Of many numbers that are not on the list so many are shown.
_SHOWN = 10


@click.command("add")
@click.argument("name")
@click.argument("number")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--label", metavar="LABEL", help="What NUMBER is: mobile, home, work.")
@click.option("--phone", "phones", metavar="[LABEL=]NUMBER", multiple=True, help="A further phone, in dialing order.")
@click.option("--priority", help="0 to 100; higher ones are called first; default 0.")
@click.option("--time-zone", help="Name of the tz database, like America/Phoenix; without it the number tells.")
@json_option
@click.pass_obj
def add_command(
    config_file: Path,
    /,
    name: str,
    number: str,
    fields: tuple[str, ...],
    *,
    as_json: bool,
    **more: Any,  # noqa: ANN401 - the other options
) -> None:
    """Add one contact to list NAME by hand, by the rules of an import.

    A number that came into the list within its dupe_days is known and left alone. Campaigns that use the list live
    call the contact in the run that is going on.
    """
    config = load_config(config_file)
    phones = [(more["label"], number), *(_labelled(phone) for phone in more["phones"])]
    named = _fields(fields)

    def read(region: str) -> NewContact:
        return contact_by_hand(phones, named, region, more["time_zone"], more["priority"])

    added, loaded, before = asyncio.run(_add(config, name, read))
    new = loaded.added + loaded.renewed
    if as_json:
        print_json(
            {"list": name, "number": added.number, "added": loaded.added, "renewed": loaded.renewed, "known": 1 - new}
        )
    elif new:
        again = " anew" if loaded.renewed else ""
        click.echo(f"{name}: {added.number} added{again}")
    else:
        since = f" since {local(before[0].added_at)}" if before else ""
        click.echo(f"{name}: {added.number} is on it already{since}; nothing was added")


async def _add(
    config: Config, name: str, read: Callable[[str], NewContact]
) -> tuple[NewContact, Loaded, list[ListedContact]]:
    now = SystemClock().now()
    async with changing(config) as database:
        stored = await lists.load_list(database, name)
        contact = read(stored.settings.region)
        loaded = await membership.add(database, stored, contact, now)
        return contact, loaded, await listed.with_number(database, stored.id, contact.number)


def _labelled(phone: str) -> tuple[str | None, str]:
    label, equals, number = phone.partition("=")
    return (label.strip(), number) if equals else (None, phone)


def _fields(written: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for one in written:
        name, equals, value = one.partition("=")
        if not equals:
            raise BadContactError(f"{one!r} is no field; write name=value, in quotes where it holds blanks")
        if name in fields:
            raise BadContactError(f"field {name!r} stands there twice; write it once")
        fields[name] = value
    return fields


@click.command("remove")
@click.argument("name")
@click.argument("numbers", metavar="NUMBER...", nargs=-1)
@file_option
@json_option
@click.pass_obj
def remove_command(config_file: Path, name: str, numbers: tuple[str, ...], file: Path | None, *, as_json: bool) -> None:
    """Take contacts off list NAME by their first number. They and their history stay.

    Runs that are going on keep calling them: to end that, put the number on a do-not-call list.
    """
    removed, unknown, hints = asyncio.run(_remove(load_config(config_file), name, numbers, file))
    if as_json:
        print_json({"list": name, "removed": removed, "unknown": unknown})
        return
    click.echo(f"{name}: {amount(removed, 'contact')} taken off; runs that are going on keep calling them")
    for number in unknown[:_SHOWN]:
        hint = f"; it is a further phone of {hints[number]}, take that off" if number in hints else ""
        click.echo(f"  {number} was not on it{hint}")
    if len(unknown) > _SHOWN:
        click.echo(f"  and {len(unknown) - _SHOWN:,} more were not on it")


async def _remove(
    config: Config, name: str, numbers: Sequence[str], file: Path | None
) -> tuple[int, list[str], dict[str, str]]:
    async with reading(config) as database:
        stored = await lists.load_list(database, name)
        wanted = given_numbers(numbers, file, stored.settings.region)
        removed: set[str] = set()
        for portion in _portions(wanted):
            removed |= await membership.remove(database, stored.id, portion)
        unknown = [number for number in wanted if number not in removed]
        hints = {}
        for number in unknown[:_SHOWN]:
            for contact in await listed.with_number(database, stored.id, number):
                hints[number] = contact.number
    return len(removed), unknown, hints


def _portions(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(numbers), _BATCH):
        yield numbers[start : start + _BATCH]
