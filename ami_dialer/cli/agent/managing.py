"""`ami-dialer agent add`, `list`, `remove`, `pin`, `set-pin` and `unlock`."""

import asyncio
import sys
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import json_option, load_config, local, print_json, print_rows
from ami_dialer.config.agents import AGENT_NUMBER_PATTERN, Agent, AgentNumber
from ami_dialer.config.messages import ALLOWED, problems_of
from ami_dialer.config.schema import Config
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain import pin
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import agents
from ami_dialer.store.agents import Agent as Kept

_NUMBER: TypeAdapter[str] = TypeAdapter(AgentNumber)
_PIN = f"a PIN has {pin.MIN_DIGITS} to {pin.MAX_DIGITS} digits"

pin_file_option = click.option(
    "--pin-file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Read the PIN from this file instead of asking for it; - for standard input.",
)


class BadAgentError(DialerError):
    """What was written is no agent, or no PIN."""

    exit_code = 2


def checked_number(number: str) -> str:
    """The number of an agent. Raises BadAgentError."""
    try:
        return _NUMBER.validate_python(number)
    except ValidationError:
        raise BadAgentError(f"{number!r} cannot be {ALLOWED[AGENT_NUMBER_PATTERN]}") from None


def _asked_pin(file: Path | None) -> str:
    """The hash of a PIN that is typed in twice, or stands in a file. Raises BadAgentError."""
    if file is not None:
        try:
            with click.open_file(str(file), encoding="utf-8") as source:
                given = source.read(1_000).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadAgentError(f"{file}: cannot be read: {error}") from error
    elif not sys.stdin.isatty():
        raise BadAgentError("no PIN can be asked for here: standard input is no terminal; use --pin-file FILE")
    else:
        given = click.prompt("PIN", hide_input=True, confirmation_prompt="once more", err=True)
    if not pin.is_pin(given):
        raise BadAgentError(f"this cannot be a PIN: {_PIN}")
    return pin.hashed(given)


@click.command("add")
@click.argument("number")
@click.option("--name", required=True, help="For people.")
@click.option("--phone", help="Channel that `agent login` calls, like PJSIP/101; of a queue's member its interface.")
@click.option("--server", help="Name under `servers` that the phone is on; without it the first.")
@click.option("--supervisor", is_flag=True, help="May listen to calls of others, whisper to agents and barge in.")
@click.option("--no-pin", is_flag=True, help="Without a PIN: cannot log in by phone, only by `agent login`.")
@pin_file_option
@json_option
@click.pass_obj
def add_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    number: str,
    name: str,
    phone: str | None,
    server: str | None,
    *,
    supervisor: bool,
    no_pin: bool,
    pin_file: Path | None,
    as_json: bool,
) -> None:
    """Make agent NUMBER, who can log in at once. The PIN is asked for twice.

    Those of the configuration (`agents:`) need not be made here.
    """
    config = load_config(config_file)
    checked_number(number)
    given: dict[str, object] = {"name": name, "phone": phone, "server": server, "supervisor": supervisor}
    _checked(config, given)
    pin_hash = None if no_pin else _asked_pin(pin_file)
    new = Agent.model_validate({**given, "pin_hash": pin_hash})

    async def make() -> Kept:
        async with changing(config) as database:
            return await agents.add(database, number, new, SystemClock().now())

    made = asyncio.run(make())
    if as_json:
        print_json(_as_dict(made))
    else:
        click.echo(f"agent {number} ({name}) was made{', without a PIN' if no_pin else ''}")


def _checked(config: Config, given: dict[str, object]) -> None:
    try:
        Agent.model_validate(given)
    except ValidationError as error:
        found = problems_of(Document(""), error.errors(include_url=False), root=Agent)
        raise BadAgentError("\n".join(f"--{each.key}: {each.message}" for each in found)) from None
    if given["server"] is not None and given["server"] not in config.servers:
        raise BadAgentError(f"--server: no server is named {given['server']!r}; there are: {', '.join(config.servers)}")


@click.command("list")
@json_option
@click.pass_obj
def list_command(config_file: Path, *, as_json: bool) -> None:
    """The agents there are; what they are doing is told by `ami-dialer agents`."""

    async def ask(config: Config) -> list[Kept]:
        async with reading(config) as database:
            return await agents.every(database)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json([_as_dict(one) for one in found])
    elif not found:
        click.echo("there are no agents yet; make one: ami-dialer agent add NUMBER --name NAME")
    else:
        heading = ("number", "name", "from", "PIN", "phone", "server", "supervisor", "locked since")
        print_rows(
            heading,
            [
                (
                    one.number,
                    one.name,
                    one.origin,
                    "yes" if one.pin_hash else "none",
                    one.phone,
                    one.server,
                    "yes" if one.supervisor else "no",
                    one.locked_at,
                )
                for one in found
            ],
        )


@click.command("remove")
@click.argument("number")
@json_option
@click.pass_obj
def remove_command(config_file: Path, number: str, *, as_json: bool) -> None:
    """Take out agent NUMBER. What they did is kept, and shown. One who is logged in stays so until they log out."""

    async def take_out(config: Config) -> Kept:
        async with changing(config) as database:
            return await agents.remove(database, number, SystemClock().now())

    gone = asyncio.run(take_out(load_config(config_file)))
    if as_json:
        print_json({"number": number, "removed": True})
    else:
        click.echo(f"agent {number} ({gone.name}) was taken out")


@click.command("pin")
@pin_file_option
@json_option
def pin_command(*, pin_file: Path | None, as_json: bool) -> None:
    """Print the hash of a PIN, for `pin_hash` of an agent in the configuration. The PIN is asked for twice."""
    made = _asked_pin(pin_file)
    if as_json:
        print_json({"pin_hash": made})
    else:
        click.echo(made)


@click.command("set-pin")
@click.argument("number")
@pin_file_option
@json_option
@click.pass_obj
def set_pin_command(config_file: Path, number: str, *, pin_file: Path | None, as_json: bool) -> None:
    """Give agent NUMBER a new PIN, which unlocks them. The PIN is asked for twice."""
    config = load_config(config_file)
    if number in config.agents:
        raise BadAgentError(
            f"agent {number} is written in the configuration: put what `ami-dialer agent pin` prints there, as pin_hash"
        )
    made = _asked_pin(pin_file)

    async def keep() -> Kept:
        async with changing(config) as database:
            return await agents.set_pin(database, number, made, SystemClock().now())

    before = asyncio.run(keep())
    if as_json:
        print_json({"number": number, "unlocked": before.locked_at is not None})
    else:
        click.echo(f"agent {number} has a new PIN{', and is unlocked' if before.locked_at else ''}")


@click.command("unlock")
@click.argument("number")
@json_option
@click.pass_obj
def unlock_command(config_file: Path, number: str, *, as_json: bool) -> None:
    """Let agent NUMBER log in again, whom wrong PINs have locked."""

    async def free(config: Config) -> Kept:
        async with changing(config) as database:
            return await agents.unlock(database, number, SystemClock().now())

    before = asyncio.run(free(load_config(config_file)))
    if as_json:
        print_json({"number": number, "was_locked_since": before.locked_at})
    elif before.locked_at is None:
        click.echo(f"agent {number} was not locked")
    else:
        click.echo(f"agent {number} is unlocked, and was locked since {local(before.locked_at)}")


def _as_dict(one: Kept) -> dict[str, object]:
    """Without the hash of the PIN."""
    return {
        "number": one.number,
        "name": one.name,
        "origin": one.origin,
        "has_pin": one.pin_hash is not None,
        "phone": one.phone,
        "server": one.server,
        "supervisor": one.supervisor,
        "locked_at": one.locked_at,
    }
