"""`ami-dialer agent map`: mapping lists, which say whose contact is whose."""

import asyncio
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.agent.managing import BadAgentError, checked_number
from ami_dialer.cli.consent.files import column_option, mapping_of, showing
from ami_dialer.cli.consent.given import region_option
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows, printable
from ami_dialer.config.kinds import NAME_PATTERN, Name
from ami_dialer.config.messages import ALLOWED
from ami_dialer.config.schema import Config
from ami_dialer.sources.agent_maps import AgentMapFile, look_at_agent_map, read_agent_map
from ami_dialer.sources.problems import Rejected
from ami_dialer.store import agent_maps, agents
from ami_dialer.store.agent_maps import AgentMap, AgentMapInUseError, Brought, Mapped

#: Rows that are read at a time.
_PORTION = 20_000
#: Of many bad rows so many are shown.
_SHOWN = 20
_NAME: TypeAdapter[str] = TypeAdapter(Name)


@click.group("map")
def map_command() -> None:
    """Mapping lists: whose contact is whose, and with which priority. A campaign names one by `own_agent.map`."""


@dataclass(slots=True)
class _Read:
    """A file as it was read."""

    described: str
    entries: list[Mapped] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


@map_command.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--description", help="For people.")
@click.option("--replace", is_flag=True, help="Take out the numbers that FILE does not have.")
@click.option("--skip-bad", is_flag=True, help="Take the good rows although there are bad ones.")
@column_option
@region_option
@json_option
@click.pass_obj
def import_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    name: str,
    file: Path,
    *,
    description: str | None,
    replace: bool,
    skip_bad: bool,
    columns: tuple[str, ...],
    region: str,
    as_json: bool,
) -> None:
    """Bring FILE into mapping list NAME, which is made where there is none.

    FILE is CSV with a header: a number, an agent, and a priority (0 to 100) where it has one. Numbers that the list has
    get what FILE says. It comes in whole or not at all: with a bad row nothing does, unless --skip-bad says so; each
    bad row is told. Runs take it up at their start, and for what live lists bring.
    """
    config = load_config(config_file)
    _check_name(name)
    found = look_at_agent_map(file, region, mapping_of(columns))
    read = asyncio.run(_read(found, show=not as_json))
    if read.rejected and not skip_bad:
        raise BadAgentError("\n".join(["nothing was changed:", *_told(file, read.rejected)]))
    done, unknown = asyncio.run(_bring(config, name, read.entries, description, replace=replace))
    if as_json:
        rejected = [{"line": row.line, "kind": row.kind, "reason": row.reason} for row in read.rejected]
        print_json({"map": name, **asdict(done), "rejected": rejected, "unknown_agents": unknown})
        return
    click.echo(f"{name}: {file}: {read.described}")
    removed = f", {done.removed:,} taken out" if replace else ""
    click.echo(
        f"  {amount(done.added, 'number')} added, {done.changed:,} changed, {done.known:,} as before{removed}, "
        f"{amount(len(read.rejected), 'row')} rejected"
    )
    for line in _told(file, read.rejected):
        click.echo(f"  {line}")
    for agent, count in list(unknown.items())[:_SHOWN]:
        click.echo(f"  warning: there is no agent {agent} yet, whose {amount(count, 'contact')} would wait", err=True)


def _check_name(name: str) -> None:
    """Raises BadAgentError."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise BadAgentError(f"{name!r} cannot be a name; write {ALLOWED[NAME_PATTERN]}") from None


async def _read(file: AgentMapFile, *, show: bool) -> _Read:
    found = _Read(file.columns.describe())
    with showing(file.columns.survey.path, show=show) as progress:
        portions = read_agent_map(file, _PORTION)
        while (portion := await asyncio.to_thread(next, portions, None)) is not None:
            found.entries += portion.entries
            found.rejected += portion.rejected
            progress(portion.done, file.columns.survey.size)
    return found


def _told(file: Path, rejected: list[Rejected]) -> list[str]:
    told = [f"{file}:{row.line}: {printable(row.reason)}" for row in rejected[:_SHOWN]]
    return [*told, f"and {len(rejected) - _SHOWN:,} more"] if len(rejected) > _SHOWN else told


async def _bring(
    config: Config, name: str, entries: list[Mapped], description: str | None, *, replace: bool
) -> tuple[Brought, dict[str, int]]:
    async with changing(config) as database:
        now = SystemClock().now()
        done = await agent_maps.bring(database, name, entries, now, description=description, replace=replace)
        known = await agents.numbers(database)
        in_it = await agent_maps.agents_in(database, name)
        return done, {agent: count for agent, count in in_it.items() if agent not in known}


@map_command.command("list")
@json_option
@click.pass_obj
def list_command(config_file: Path, *, as_json: bool) -> None:
    """The mapping lists there are."""

    async def ask(config: Config) -> list[AgentMap]:
        async with reading(config) as database:
            return await agent_maps.every(database)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        click.echo("there is no mapping list yet; make one: ami-dialer agent map import NAME FILE")
    else:
        rows = [
            (one.name, f"{one.entries:,}", one.agents, one.changed_at, ", ".join(one.used_by), one.description)
            for one in found
        ]
        heading = ("mapping list", "numbers", "agents", "changed", "campaigns", "description")
        print_rows(heading, rows, right=frozenset({1, 2}))


@map_command.command("show")
@click.argument("name")
@click.option("--number", help="This number alone.")
@click.option("--agent", help="The contacts of this agent alone.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True, help="At most so many.")
@region_option
@json_option
@click.pass_obj
def show_command(
    config_file: Path, name: str, *, number: str | None, agent: str | None, limit: int, region: str, as_json: bool
) -> None:
    """Whose the contacts of mapping list NAME are."""
    wanted = None if number is None else given_numbers([number], None, region, changing=False)[0]

    async def ask(config: Config) -> list[Mapped]:
        async with reading(config) as database:
            return await agent_maps.entries_of(database, name, wanted, agent, limit)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json([one._asdict() for one in found])
    elif not found:
        click.echo(f"{wanted} is not in it" if wanted else "nothing is in it")
    else:
        print_rows(("number", "agent", "priority"), found, right=frozenset({2}))


@map_command.command("add")
@click.argument("name")
@click.argument("number")
@click.argument("agent")
@click.option("--priority", type=click.IntRange(0, 100), help="In place of the contact's own.")
@region_option
@json_option
@click.pass_obj
def add_command(
    config_file: Path, name: str, number: str, agent: str, priority: int | None, region: str, *, as_json: bool
) -> None:
    """Say in mapping list NAME that the contact with NUMBER is AGENT's."""
    checked_number(agent)
    [phone] = given_numbers([number], None, region)
    entry = Mapped(phone, agent, priority)

    async def put(config: Config) -> tuple[Mapped | None, bool]:
        async with changing(config) as database:
            before = await agent_maps.put(database, name, entry, SystemClock().now())
            return before, agent in await agents.numbers(database)

    before, known = asyncio.run(put(load_config(config_file)))
    if as_json:
        print_json({"map": name, **entry._asdict(), "before": before and before._asdict(), "agent_known": known})
        return
    was = f", before {before.agent}'s" if before is not None and before.agent != agent else ""
    click.echo(f"{name}: {phone} is {agent}'s{was}")
    if not known:
        click.echo(f"warning: there is no agent {agent} yet", err=True)


@map_command.command("remove")
@click.argument("name")
@click.argument("number")
@region_option
@json_option
@click.pass_obj
def remove_command(config_file: Path, name: str, number: str, region: str, *, as_json: bool) -> None:
    """Take NUMBER out of mapping list NAME."""
    [phone] = given_numbers([number], None, region)

    async def take_out(config: Config) -> Mapped:
        async with changing(config) as database:
            return await agent_maps.take_out(database, name, phone, SystemClock().now())

    before = asyncio.run(take_out(load_config(config_file)))
    if as_json:
        print_json({"map": name, **before._asdict(), "removed": True})
    else:
        click.echo(f"{name}: {phone} was {before.agent}'s, and is nobody's now")


@map_command.command("delete")
@click.argument("name")
@json_option
@click.pass_obj
def delete_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Delete mapping list NAME. Refused while a campaign names it."""
    config = load_config(config_file)
    if users := [campaign for campaign, one in config.campaigns.items() if one.own_agent.map == name]:
        raise AgentMapInUseError(f"campaign {users[0]!r} of the configuration names {name!r} (own_agent.map)")

    async def drop() -> int:
        async with changing(config) as database:
            return await agent_maps.drop(database, name, SystemClock().now())

    gone = asyncio.run(drop())
    if as_json:
        print_json({"map": name, "deleted": True, "numbers": gone})
    else:
        click.echo(f"{name} was deleted, with {amount(gone, 'number')}")
