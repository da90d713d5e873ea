"""`ami-dialer disposition`: the results that calls can have, and giving one to a call by hand."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import json_option, load_config, local, print_json, print_rows
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.meaning import DEFAULT, Meaning, Meanings
from ami_dialer.store import documents, outcomes
from ami_dialer.store.outcomes import Given


@click.group("disposition")
def command() -> None:
    """The results of calls: which there are, and giving one to a call by hand."""


@command.command("list")
@click.argument("campaign", required=False)
@json_option
@click.pass_obj
def list_command(config_file: Path, campaign: str | None, *, as_json: bool) -> None:
    """The results that CAMPAIGN knows, and what each means; without it those of the system."""
    known = asyncio.run(_known(load_config(config_file), campaign))
    if as_json:
        print_json([{**asdict(meaning), "own": meaning.title in known.own} for meaning in known.by_title.values()])
        return
    rows = [_row(meaning, own=meaning.title in known.own) for meaning in known.by_title.values()]
    print_rows(("key", "title", "set", "means"), rows)


async def _known(config: Config, name: str | None) -> Meanings:
    if name is None:
        return DEFAULT
    campaign = config.campaigns.get(name)
    if campaign is None:  # made at run time
        async with reading(config) as database:
            _, campaign = await documents.load_campaign(database, name)
    return meanings_of(config, campaign)


def _row(meaning: Meaning, *, own: bool) -> tuple[str, str, str, str]:
    return meaning.key or "-", meaning.title, "own" if own else "system", ", ".join(_words(meaning)) or "-"


def _words(meaning: Meaning) -> Iterable[str]:
    yield from (word for word in ("contacted", "qualified", "positive") if getattr(meaning, word))
    if meaning.do_not_call:
        yield "do not call"
    if meaning.callback:
        yield f"called back after {_time(meaning.callback_after)} where no time was asked for"
    if meaning.final:
        yield "final"
    if meaning.retry is not None:
        after, most = meaning.retry
        yield f"again after {_time(after)}, at most {most} times"


def _time(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


@command.command("set")
@click.argument("attempt")
@click.argument("title")
@click.option("--note", help="Kept with it in the audit trail.")
@json_option
@click.pass_obj
def set_command(config_file: Path, attempt: str, title: str, note: str | None, *, as_json: bool) -> None:
    """Give the call ATTEMPT the result TITLE, in place of the one that it has.

    What TITLE means is done at once: the number goes on the do-not-call list, a callback is asked for, whoever waits
    for another try waits no more after a final result, and a `retry` of its own says when the next try is. A call
    that goes on may be given one too. `ami-dialer trace NUMBER` shows the ids of calls.
    """
    given = asyncio.run(_give(load_config(config_file), attempt, title, note))
    if as_json:
        print_json(given)
    else:
        _print(given)


async def _give(config: Config, attempt: str, title: str, note: str | None) -> Given:
    async with changing(config) as database:
        return await outcomes.give(database, config, attempt, title, SystemClock().now(), said=note)


def _print(given: Given) -> None:
    before = f", before {given.before}" if given.before is not None else ""
    click.echo(f"{given.campaign}: the call to {given.number} has the result {given.title}{before}")
    if given.do_not_call is not None:
        click.echo(f"  {given.number} is on do-not-call list {given.do_not_call}")
    if given.callback_at is not None:
        click.echo(f"  a callback waits for {local(given.callback_at)}")
    if given.no_callback is not None:
        click.echo(f"  no callback was taken: {given.no_callback}", err=True)
    if given.again_at is not None:
        click.echo(f"  it is called again at {local(given.again_at)}")
    if given.taken_out:
        click.echo("  it waited for another try in this run, and is done now")
