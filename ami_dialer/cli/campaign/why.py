"""`ami-dialer campaign why`."""

import asyncio
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.numbers import BadNumbersError
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, printable, zone_at
from ami_dialer.config.schema import Config
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.reporting.why.asking import Answer, why
from ami_dialer.reporting.why.contact import ContactAnswer, why_contact
from ami_dialer.store.holders import holders


@click.command("why")
@click.argument("name")
@click.option("--contact", metavar="NUMBER", help="Of this contact alone: a phone number.")
@json_option
@click.pass_obj
def command(config_file: Path, name: str, contact: str | None, *, as_json: bool) -> None:
    """Why is nothing of campaign NAME being dialled?

    First the decisive reason and what to do, then all reasons in order, and where each contact of the run stands.
    """
    config = load_config(config_file)
    if contact is not None:
        one = asyncio.run(_ask_contact(config, name, contact))
        if as_json:
            print_json(one)
        else:
            _show_contact(one)
        return
    found = asyncio.run(_ask(config, name))
    if as_json:
        print_json(found)
    else:
        _show(found)


async def _ask(config: Config, name: str) -> Answer:
    async with reading(config) as database:
        return await why(database, name, SystemClock().now(), local)


async def _ask_contact(config: Config, name: str, written: str) -> ContactAnswer:
    numbers = _read(config, written)
    async with reading(config) as database:
        held = [one for one in numbers if await holders(database, one)]
        return await why_contact(database, config, name, (held or numbers)[0], SystemClock().now(), local)


def _read(config: Config, written: str) -> list[str]:
    """What the text is in each country of the lists. Raises BadNumbersError."""
    found, trouble = [], ""
    for region in dict.fromkeys([*(each.region for each in config.lists.values()), "US"]):
        try:
            found.append(normalise(written, region))
        except NotANumberError as error:
            trouble = trouble or str(error)
    if not found:
        raise BadNumbersError(f"{printable(trouble)}; write it with its country code (+1 ...)")
    return list(dict.fromkeys(found))


def _show(found: Answer) -> None:
    click.secho(f"Campaign {found.campaign}: {_line(found.text, found.todo)}", bold=True)
    run = "it has never run" if found.run is None else f"run {found.run}, {amount(found.contacts, 'contact')}"
    click.echo(f"  {found.status}; {run}; times in {zone_at(found.at)}")
    if found.reasons:
        click.echo()
        rows = [
            (number, f"{one.contacts:,}" if one.contacts else "-", _line(one.text, one.todo))
            for number, one in enumerate(found.reasons, start=1)
        ]
        print_rows(("", "contacts", "what keeps it from dialling"), rows, right=frozenset({0, 1}))
    if found.places:
        click.echo()
        stand = [("", f"{one.contacts:,}", one.text) for one in found.places]
        total = ("", f"{found.contacts:,}", "in all")
        print_rows(("", "contacts", "where they stand"), [*stand, total], right=frozenset({1}))


def _show_contact(found: ContactAnswer) -> None:
    click.secho(f"{found.number} in campaign {found.campaign}: {printable(_line(found.text, found.todo))}", bold=True)
    for line in found.lines:
        click.echo(f"  {printable(line)}")


def _line(text: str, todo: str) -> str:
    end = "" if text.endswith(("?", ".")) else "."
    return f"{text}{end} What to do: {todo}" if todo else text
