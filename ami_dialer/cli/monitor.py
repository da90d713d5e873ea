"""`ami-dialer monitor`: what goes on, from any other shell than the dialer's."""

import asyncio
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.agents import for_programs as for_programs_of_agents
from ami_dialer.cli.agents import nobody_watches
from ami_dialer.cli.agents import table as agents_table
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import console, json_option, load_config, local, print_json
from ami_dialer.config.schema import Config
from ami_dialer.domain.agent import STATE_WORDS, AgentState
from ami_dialer.domain.ending import Disposition
from ami_dialer.reporting.monitor import FAILED, Going, Monitor, Picture

#: Seconds between two looks.
_LOOK_SECONDS = 1.0
#: What the columns of calls that failed are called.
_SHORT = {
    Disposition.BUSY: "busy",
    Disposition.NO_ANSWER: "no answer",
    Disposition.CONGESTION: "congestion",
    Disposition.FAILED: "failed",
    Disposition.INVALID_NUMBER: "invalid",
    Disposition.ANSWERING_MACHINE: "machine",
}


@click.command("monitor")
@click.option("--campaign", metavar="NAME", help="This one alone, whatever its status.")
@click.option("--once", is_flag=True, help="One look, and end.")
@json_option
@click.pass_obj
def command(config_file: Path, campaign: str | None, *, once: bool, as_json: bool) -> None:
    """What goes on: queue, calls, results, rates and what holds each campaign back, each second.

    q or Ctrl-C ends it. Where standard output is no terminal it looks once; with --json it writes one line each
    second.
    """
    config = load_config(config_file)
    try:
        asyncio.run(_watch(config, campaign, once=once, as_json=as_json))
    except KeyboardInterrupt:
        return


async def _watch(config: Config, campaign: str | None, *, once: bool, as_json: bool) -> None:
    clock = SystemClock()
    async with reading(config) as database:
        monitor = Monitor(database, config, time.monotonic, local, campaign)
        if once or (not as_json and not sys.stdout.isatty()):
            picture = await monitor.look(clock.now())
            if as_json:
                print_json(for_programs(picture))
            else:
                console().print(draw(picture))
            return
        if as_json:
            while True:
                began = time.monotonic()
                options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
                click.echo(orjson.dumps(for_programs(await monitor.look(clock.now())), option=options).decode())
                await asyncio.sleep(max(0.0, _LOOK_SECONDS - (time.monotonic() - began)))
        with _keys() as pressed, Live(screen=True, auto_refresh=False) as live:
            while True:
                began = time.monotonic()
                live.update(draw(await monitor.look(clock.now())), refresh=True)
                if await _quits(pressed, began + _LOOK_SECONDS):
                    return


@contextmanager
def _keys() -> Iterator[int | None]:
    """The terminal's keys as they are pressed; None where standard input is none."""
    if not sys.stdin.isatty():
        yield None
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield handle
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


async def _quits(handle: int | None, until: float) -> bool:
    """Whether q is pressed before then."""
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.1))
        if handle is not None and select.select([handle], [], [], 0)[0] and b"q" in os.read(handle, 64).lower():
            return True
    return False


def for_programs(picture: Picture) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "at": picture.at,
        "dialer_running": picture.dialer_running,
        "campaigns": [_going(one) for one in picture.campaigns],
        "sum": _going(picture.sum),
        "agents": for_programs_of_agents(picture.office)["agents"],
        "servers": [] if picture.seen is None else [asdict(server) for server in picture.seen.servers],
    }


def _going(one: Going) -> dict[str, Any]:
    rates = {"mean_seconds": one.mean_seconds, "answer_rate": one.answer_rate}
    figures = {name: round(value, 4) for name, value in rates.items()}
    return {**asdict(one), **figures, "talked": round(one.talked, 1), "each_minute": round(one.each_minute, 1)}


def draw(picture: Picture) -> RenderableType:
    """One picture for the terminal."""
    running = "the dialer is running" if picture.dialer_running else "no dialer is running"
    parts: list[RenderableType] = [
        Text(f"ami-dialer  {local(picture.at)}  {running}  (q ends)", style="bold"),
        Text(""),
    ]
    if not picture.campaigns:
        parts.append(Text("no campaign is running; start one with: ami-dialer campaign start NAME", style="yellow"))
        return Group(*parts, *_office(picture))
    rows = [*picture.campaigns, *([picture.sum] if len(picture.campaigns) > 1 else [])]
    parts += [_queue(rows), Text(""), _results(rows), Text(""), _rates(rows), Text("")]
    if with_agents := [one for one in picture.campaigns if one.agents]:
        parts += [_agents(with_agents), Text("")]
    for one in picture.campaigns:
        todo = f"; what to do: {one.todo}" if one.todo else ""
        style = "yellow" if one.why else "green"
        parts.append(Text.assemble((one.campaign, "bold"), (f"  {one.why or 'dialling'}{todo}", style)))
    parts += _office(picture)
    if picture.seen is not None:
        parts.append(Text(""))
        for server in picture.seen.servers:
            most = f" of {server.limit.max_calls}" if server.limit.max_calls else ""
            parts.append(Text(f"{server.name}  {server.limit.calls}{most} calls, {server.trouble or 'connected'}"))
    return Group(*parts)


def _office(picture: Picture) -> list[RenderableType]:
    """Who is logged in; nothing where nobody is."""
    if not picture.office.agents:
        return []
    since = [] if picture.dialer_running else [Text(nobody_watches(picture.office), style="yellow")]
    return [Text(""), *since, agents_table(picture.office.agents)]


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    return table


def _queue(rows: list[Going]) -> Table:
    columns = ("due", "later", "hopper", "placing", "ringing", "answered", "flow", "agent", "done", "excluded")
    table = _table("campaign", *columns)
    for one in rows:
        calls = one.calls
        table.add_row(
            one.campaign,
            *_cells(
                one.due,
                one.later,
                max(0, one.claimed - sum(calls.values())),
                calls.get("claimed", 0) + calls.get("originating", 0),
                calls.get("ringing", 0),
                calls.get("answered", 0),
                calls.get("in_flow", 0),
                calls.get("connected", 0),
                one.done,
                one.excluded,
            ),
        )
    return table


def _results(rows: list[Going]) -> Table:
    table = _table("campaign", "calls", "answered", *_SHORT.values())
    for one in rows:
        failed = (one.dispositions.get(kind, 0) for kind in FAILED)
        table.add_row(one.campaign, *_cells(one.attempts, one.answered, *failed))
    return table


def _agents(rows: list[Going]) -> Table:
    states = [state for state in STATE_WORDS if state is not AgentState.LOGGED_OUT]
    drawn = _table(
        "campaign", *(f"agents {STATE_WORDS[state]}" for state in states), "calls given up", "picked up then"
    )
    for one in rows:
        counts = (one.agents.get(state, 0) for state in states)
        drawn.add_row(one.campaign, *_cells(*counts, one.withdrawn, one.withdrawn_answered))
    return drawn


def _rates(rows: list[Going]) -> Table:
    table = _table(
        "campaign",
        "calls in last minute",
        "a minute on average",
        "mean seconds",
        "answered %",
        "abandoned %",
        "may be %",
    )
    for one in rows:
        table.add_row(
            one.campaign,
            f"{one.last_minute:,}",
            f"{one.each_minute:.1f}",
            f"{one.mean_seconds:.1f}",
            f"{100 * one.answer_rate:.1f}",
            *("-" if share is None else f"{100 * share:.2f}" for share in (one.abandoned_rate, one.abandoned_limit)),
        )
    return table


def _cells(*counts: int) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in counts)
