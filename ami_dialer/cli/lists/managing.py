"""`ami-dialer list create`, `combine` and `delete`: lists as a whole."""

import asyncio
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json
from ami_dialer.cli.progress import progress_bar
from ami_dialer.config.kinds import Name
from ami_dialer.config.lists import ContactList
from ami_dialer.config.messages import problems_of
from ami_dialer.config.schema import Config
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import list_deletion, lists, membership
from ami_dialer.store.list_deletion import ListInUseError
from ami_dialer.store.membership import Combined

_LISTS = TypeAdapter(dict[Name, ContactList])


class BadListError(DialerError):
    """What was asked of a list makes no sense."""

    exit_code = 2


@click.command("create")
@click.argument("name")
@click.option("--description", help="What it is, for people.")
@click.option("--region", help="Country (ISO 3166) of numbers without a country code; default US.")
@click.option("--priority", help="0 to 100; lists with a higher one are called first; default 0.")
@click.option("--dupe-days", help="A number is a duplicate for so many days; -1: none is; default 90.")
@click.option("--expire-days", help="Contacts are not called any more after so many days; -1: never; default 90.")
@json_option
@click.pass_obj
def create_command(config_file: Path, /, name: str, *, as_json: bool, **written: str | None) -> None:
    """Make list NAME, empty; fill it with `list add`, `list import` or `list combine`.

    A campaign can use it once the configuration names it: `lists: {NAME: {}}` takes it over with its contacts.
    """
    config = load_config(config_file)
    settings = checked_settings(name, {key: value for key, value in written.items() if value is not None})
    if name in config.lists:
        raise BadListError(f"the configuration declares a list {name!r}; take another name, or add to that one")
    asyncio.run(_create(config, name, settings))
    if as_json:
        print_json({"list": name, "made": True, **settings.model_dump(mode="json", exclude_unset=True)})
    else:
        click.echo(f"{name} was made; add to it with: ami-dialer list add {name} NUMBER")


def checked_settings(name: str, written: dict[str, Any]) -> ContactList:
    """A list's document, checked like one of the configuration. Raises BadListError."""
    try:
        return _LISTS.validate_python({name: written})[name]
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for each in errors:
            each["loc"] = ("lists", *each["loc"])
        found = []
        for each, problem in zip(errors, problems_of(Document(""), errors), strict=True):
            key = each["loc"][-1]
            where = "the name" if key == "[key]" else f"--{str(key).replace('_', '-')}"
            found.append(f"{where}: {problem.message}")
        raise BadListError("\n".join(found)) from None


async def _create(config: Config, name: str, settings: ContactList) -> None:
    async with changing(config) as database:
        await lists.create_list(database, name, settings)


@click.command("combine")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--into", "target", metavar="LIST", required=True, help="The list they are put on; made if need be.")
@json_option
@click.pass_obj
def combine_command(config_file: Path, names: tuple[str, ...], target: str, *, as_json: bool) -> None:
    """Put the contacts of lists NAME... on list LIST too, each number once.

    They are the same contacts, not copies: their history is one. Where several lists hold a number, the contact of
    the one named first is taken. Campaigns that use LIST live call them in the run that is going on.
    """
    config = load_config(config_file)
    if target in names:
        raise BadListError(f"{target!r} is the list they are put on; leave it out of those before --into")
    names = tuple(dict.fromkeys(names))
    made, done, held = asyncio.run(_combine(config, names, target, show=not as_json))
    if as_json:
        combined = [{"list": name, "added": each.added, "known": each.known} for name, each in done.items()]
        print_json({"list": target, "made": made, "contacts": held, "combined": combined})
        return
    if made:
        click.echo(f"{target} was made")
    for name, each in done.items():
        click.echo(f"{name}: {amount(each.added, 'contact')} added, {each.known:,} known")
    click.echo(f"{target} holds {amount(held, 'contact')}")


async def _combine(
    config: Config, names: tuple[str, ...], target: str, *, show: bool
) -> tuple[bool, dict[str, Combined], int]:
    now = SystemClock().now()
    async with changing(config) as database:
        sources = [await lists.load_list(database, name) for name in names]
        made = target not in await lists.load_lists(database)
        if made:
            settings = checked_settings(target, {"region": sources[0].settings.region})
            await lists.create_list(database, target, settings)
        key = await lists.list_id(database, target)
        counts = await lists.count_members(database)
        done: dict[str, Combined] = {}
        with progress_bar(show=show) as progress:
            for source in sources:
                total = done[source.name] = Combined()
                task = progress.add_task(source.name, total=counts.get(source.id, 0))
                async for members, each in membership.combine(database, source.id, key, now):
                    total.added += each.added
                    total.known += each.known
                    progress.advance(task, members)
        return made, done, (await lists.count_members(database, key)).get(key, 0)


@click.command("delete")
@click.argument("name")
@json_option
@click.pass_obj
def delete_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Delete list NAME, with what is known of its imports.

    Refused while a campaign names it, while a run uses it, and while the configuration declares it. Its contacts go
    with it, but for those that were in a run or are on another list: what became of them stays.
    """
    config = load_config(config_file)
    members, contacts = asyncio.run(_delete(config, name, show=not as_json))
    if as_json:
        print_json({"list": name, "members": members, "contacts": contacts})
        return
    kept = f"; {members - contacts:,} have a history or are on other lists, and stay" if contacts < members else ""
    click.echo(f"{name} was deleted, and {amount(contacts, 'contact')} with it{kept}")


async def _delete(config: Config, name: str, *, show: bool) -> tuple[int, int]:
    async with reading(config) as database:
        stored = await lists.load_list(database, name)
        async with database.reading() as connection:
            users = (await lists.users(connection)).get(name)
        if users is not None:
            raise ListInUseError(f"list {name!r} cannot be deleted: {list_deletion.told(users)}")
        if name in config.lists:
            raise BadListError(f"the configuration declares list {name!r}; take it out there first")
        total = (await lists.count_members(database, stored.id)).get(stored.id, 0)
        members = contacts = 0
        with progress_bar(show=show) as progress:
            task = progress.add_task(name, total=total)
            async for gone, gone_contacts in list_deletion.delete_list(database, name):
                members += gone
                contacts += gone_contacts
                progress.advance(task, gone)
    return members, contacts
