"""`ami-dialer list mapping`: which column of a file is what, saved under a name."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import json_option, load_config, print_json, print_rows
from ami_dialer.config.kinds import NAME_PATTERN, Name
from ami_dialer.config.messages import ALLOWED
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.sources.columns import MAX_NAME
from ami_dialer.sources.headings import is_phone_key
from ami_dialer.store import mappings
from ami_dialer.store.mappings import StoredMapping

_MEANT_FOR_PHONE = re.compile(r"phone(?:\.|_\d)")
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class BadMappingError(DialerError):
    """What was written is no mapping."""

    exit_code = 2


@click.group("mapping")
def mapping_command() -> None:
    """Mappings that lists share: which column of a file is what."""


@mapping_command.command("save")
@click.argument("name")
@click.argument("pairs", metavar="OURS=COLUMN...", nargs=-1, required=True)
@json_option
@click.pass_obj
def save_command(config_file: Path, name: str, pairs: tuple[str, ...], *, as_json: bool) -> None:
    """Save mapping NAME, or replace it: OURS is what we call a column, COLUMN its heading in the file.

    OURS is phone, phone_2 to phone_9, or phone with a label (phone.mobile), in dialing order; time_zone; priority; or
    the name of a field. A list uses it by `mapping: NAME` in the configuration.
    """
    columns = mapped_columns(pairs)
    config = load_config(config_file)
    check_free(config, name)
    is_new = asyncio.run(_save(config, name, columns))
    if as_json:
        print_json({"mapping": name, "new": is_new, "columns": columns})
    else:
        click.echo(f"{name} was {'saved' if is_new else 'replaced'}")


async def _save(config: Config, name: str, columns: dict[str, str]) -> bool:
    async with changing(config) as database:
        return await mappings.save_mapping(database, name, columns)


def check_free(config: Config, name: str) -> None:
    """Whether a mapping may be saved under this name. Raises BadMappingError."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise BadMappingError(f"{name!r} cannot be a name; write {ALLOWED[NAME_PATTERN]}") from None
    if name in config.mappings:
        raise BadMappingError(f"the configuration declares mapping {name!r}; change it there, under `mappings:`")


def mapped_columns(pairs: Sequence[str]) -> dict[str, str]:
    """{ours: column}. Raises BadMappingError."""
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not ours:
            raise BadMappingError(
                f"{pair!r} is no pair; write ours=column, like phone=Telephone, in quotes where it holds blanks"
            )
        if ours in columns:
            raise BadMappingError(f"{ours!r} stands there twice; one column can be it")
        if not column and ours not in ("time_zone", "priority"):
            raise BadMappingError(f"{pair!r} names no column; write its heading after the =")
        if column and column in columns.values():
            raise BadMappingError(f"column {column!r} stands there twice; it can be one thing")
        if _MEANT_FOR_PHONE.match(ours) and not is_phone_key(ours):
            raise BadMappingError(f"{ours!r} is no phone; write phone, phone_2 to phone_9, or phone.mobile")
        if len(ours) > MAX_NAME or not ours.isprintable() or not column.isprintable():
            raise BadMappingError(f"{pair!r} is too long or holds a control character; names have at most {MAX_NAME}")
        columns[ours] = column
    return columns


@mapping_command.command("show")
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@click.pass_obj
def show_command(config_file: Path, name: str | None, *, as_json: bool) -> None:
    """The mappings there are, or mapping NAME."""

    async def ask(config: Config) -> dict[str, StoredMapping]:
        async with reading(config) as database:
            return await mappings.load_mappings(database)

    found = asyncio.run(ask(load_config(config_file)))
    if name is not None and name not in found:
        known = f"there are: {', '.join(found)}" if found else "there is none yet"
        raise NotFoundError(f"no mapping is named {name!r}; {known}")
    shown = list(found.values()) if name is None else [found[name]]
    if as_json:
        print_json(shown)
    elif not shown:
        click.echo("there is no mapping yet; save one with: ami-dialer list mapping save NAME OURS=COLUMN...")
    else:
        rows = [
            (each.name, each.origin, ", ".join(each.used_by), ", ".join(f"{a}={b}" for a, b in each.columns.items()))
            for each in shown
        ]
        print_rows(("mapping", "from", "used by", "columns"), rows)


@mapping_command.command("delete")
@click.argument("name")
@json_option
@click.pass_obj
def delete_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Delete mapping NAME. Refused while a list uses it, and while the configuration declares it."""
    config = load_config(config_file)
    if name in config.mappings:
        raise BadMappingError(f"the configuration declares mapping {name!r}; take it out there first")
    asyncio.run(_delete(config, name))
    if as_json:
        print_json({"mapping": name, "deleted": True})
    else:
        click.echo(f"{name} was deleted")


async def _delete(config: Config, name: str) -> None:
    async with reading(config) as database:
        await mappings.delete_mapping(database, name)
