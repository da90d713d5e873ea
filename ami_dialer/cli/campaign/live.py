"""`ami-dialer campaign live`: whether what comes into a list is called in the run that goes on."""

import asyncio
from pathlib import Path

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import documents, live, runs
from ami_dialer.store.live import RunList


@click.command("live")
@click.argument("name")
@click.argument("list_name", metavar="LIST")
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@json_option
@click.pass_obj
def command(config_file: Path, name: str, list_name: str, switch: str, *, as_json: bool) -> None:
    """Switch live sync of LIST on or off for the run of campaign NAME that is going on.

    On: what comes into the list is called in this run too, and what came since the run began. Off: the list stays as
    it is for this run. For later runs `live:` of the campaign counts.
    """
    config = load_config(config_file)
    run_id, found = asyncio.run(_switch(config, name, list_name, on=switch == "on"))
    if as_json:
        print_json({"campaign": name, "run": run_id, "list": found})
        return
    click.echo(f"list {list_name} of run {run_id} of {name} is {_told_live(found, config.engine.sync)}")


def _told_live(found: RunList, seconds: float) -> str:
    newer = amount(found.newer, "contact")
    if not found.live:
        verb = "is" if found.newer == 1 else "are"
        left = f"; so {verb} {newer} that came in since the last look" if found.newer else ""
        return f"not live any more: what comes into it now is for the next run{left}"
    soon = f"; so far {newer} came in that it has not seen" if found.newer else ""
    return f"live: what comes into it is called in this run, within {seconds:g} s while the dialer runs{soon}"


async def _switch(config: Config, name: str, list_name: str, *, on: bool) -> tuple[int, RunList]:
    async with reading(config) as database:
        newest = await runs.newest(database, await documents.campaign_id(database, name))
        if newest is None or newest.state not in GOING_ON:
            raise DialerError(
                f"campaign {name!r} is not running; `live:` of the campaign says which lists are live at a start"
            )
        await live.switch(database, newest.id, list_name, on=on)
        found = {each.name: each for each in await live.of_run(database, newest.id)}
        return newest.id, found[list_name]
