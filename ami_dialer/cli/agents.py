"""`ami-dialer agents`: who takes calls, and what they are doing."""

import asyncio
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.explain.moment import MomentType
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import console, json_option, load_config, local, print_json, printable
from ami_dialer.config.schema import Config
from ami_dialer.domain.agent import STATE_WORDS, AgentState
from ami_dialer.reporting import agents
from ami_dialer.reporting.agents import AgentSeen, Office

#: Seconds between two looks.
_LOOK_SECONDS = 1.0
_NUMBERS = ("calls", "talk", "average", "wrap-up", "handling", "idle", "break")


@click.command("agents")
@click.option("--watch", is_flag=True, help="Each second, until Ctrl-C; with --json one line each second.")
@click.option("--campaign", metavar="NAME", help="Those who take calls of this campaign.")
@click.option("--since", type=MomentType(), help="Count from this time on, log-ins before too; else from the log-in.")
@json_option
@click.pass_obj
def command(config_file: Path, *, watch: bool, campaign: str | None, since: datetime | None, as_json: bool) -> None:
    """Who is logged in, members of queues too: what they do, for how long, and how their time went.

    \b
    for       so long they do what they are doing, in h:mm:ss as all times
    what      the call (and: on hold), or who is offered; the reason of the break; else the campaigns that they chose
    calls     calls of campaigns that they had, with the one that goes on
    talk      with people on the line; average: for each call
    wrap-up   after calls
    handling  talk and wrap-up together, for each call
    idle      ready, reserved, or being offered a contact
    break     on breaks; of members of queues: paused

    Below: agents whom wrong PINs have locked. Examples:

    \b
    ami-dialer agents --watch
    ami-dialer agents --campaign spring --since 9:00
    """  # noqa: D301 - click's own mark
    config = load_config(config_file)
    try:
        asyncio.run(_show(config, campaign, since, watch=watch, as_json=as_json))
    except KeyboardInterrupt:
        return


async def _show(config: Config, campaign: str | None, since: datetime | None, *, watch: bool, as_json: bool) -> None:
    clock = SystemClock()
    async with reading(config) as database:
        if not watch:
            office = await agents.look(database, clock.now(), since, campaign)
            if as_json:
                print_json(for_programs(office))
            else:
                console().print(draw(office))
            return
        with Live(screen=True, auto_refresh=False) if sys.stdout.isatty() and not as_json else _Lines() as live:
            while True:
                office = await agents.look(database, clock.now(), since, campaign)
                if as_json:
                    click.echo(orjson.dumps(for_programs(office), default=str, option=orjson.OPT_UTC_Z).decode())
                else:
                    live.update(draw(office), refresh=True)
                await asyncio.sleep(_LOOK_SECONDS)


class _Lines:
    """Where standard output is no terminal: one picture below the other."""

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, picture: RenderableType, *, refresh: bool) -> None:  # noqa: ARG002 - as rich's own
        """Print it."""
        console().print(picture)


def for_programs(office: Office) -> dict[str, Any]:
    """The same as JSON; times in seconds."""
    return {
        "at": office.at,
        "since": office.since,
        "dialer_running": office.dialer_running,
        "last_sign_at": office.last_sign_at,
        "agents": [
            {
                **asdict(one),
                "average_talk": round(one.average_talk, 1),
                "average_handling": round(one.average_handling, 1),
            }
            for one in office.agents
        ],
        "locked": [asdict(one) for one in office.locked],
    }


def draw(office: Office) -> RenderableType:
    """One picture for the terminal."""
    since = "" if office.since is None else f"; calls and times since {local(office.since)}"
    counts = ", ".join(f"{count} {STATE_WORDS[state]}" for state, count in office.counts().items() if count)
    heading = Text(f"{local(office.at)}  {counts or 'nobody is logged in'}{since}", style="bold")
    parts: list[RenderableType] = [heading]
    if not office.dialer_running:
        parts.append(Text(nobody_watches(office), style="yellow"))
    if office.agents:
        parts += [Text(""), table(office.agents)]
    parts += [
        Text(f"locked by wrong PINs since {local(one.at)}: {one.agent} {printable(one.name)}", style="red")
        for one in office.locked
    ]
    return Group(*parts)


def table(seen: tuple[AgentSeen, ...]) -> Table:
    """A line for each of them."""
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("agent", "name", "does", "for", "what"):
        drawn.add_column(name, no_wrap=name != "what", justify="right" if name == "for" else "left")
    for name in _NUMBERS:
        drawn.add_column(name, no_wrap=True, justify="right")
    for one in seen:
        drawn.add_row(
            printable(one.agent),
            printable(one.name or one.kind),
            STATE_WORDS[one.state],
            clock_of(one.seconds),
            printable(_what(one)),
            f"{one.calls:,}",
            *(
                clock_of(each)
                for each in (
                    one.talk,
                    one.average_talk,
                    one.wrap_up,
                    one.average_handling,
                    one.idle,
                    one.on_break,
                )
            ),
        )
    return drawn


def nobody_watches(office: Office) -> str:
    """That no dialer runs, and what that makes of what is shown."""
    if not office.agents:
        return "no dialer is running; start it: ami-dialer run"
    when = "" if office.last_sign_at is None else f" since {local(office.last_sign_at)}"
    return f"no dialer is running{when}: this is how it was then, and their clocks stand; start it: ami-dialer run"


def _what(one: AgentSeen) -> str:
    if one.number is not None:
        held = f", {one.reason}" if one.state is AgentState.IN_CALL and one.reason else ""
        return f"{one.campaign} {one.number}{held}"
    if one.state is AgentState.IN_CALL:
        return "a call of no campaign"
    names = ", ".join(one.campaigns or ())
    if one.reason is None and one.state is AgentState.READY and not one.served:
        return f"{names}: not running" if names else "no running campaign takes their calls"
    return one.reason or names


def clock_of(seconds: float) -> str:
    """`1:05`, `2:03:04`."""
    whole = str(timedelta(seconds=int(seconds)))
    return whole.removeprefix("0:").removeprefix("0") if seconds < 3_600 else whole
