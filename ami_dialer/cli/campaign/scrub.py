"""`ami-dialer campaign scrub`: a run looked through once more before it begins to call."""

import asyncio
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import documents, runs, scrub


@click.command("scrub")
@click.argument("name")
@json_option
@click.pass_obj
def command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Take out of the run of campaign NAME whom do-not-call lists forbid since it was started.

    The dialer itself looks right before each call, unless the campaign says check_on_dial: false.
    """

    async def look(config: Config) -> tuple[int, int]:
        async with reading(config) as database:
            run = await runs.newest(database, await documents.campaign_id(database, name))
            if run is None or run.state not in GOING_ON:
                raise DialerError(f"campaign {name!r} is not running")
            return run.id, await scrub.again(database, run.id, run.document, SystemClock().now())

    run_id, excluded = asyncio.run(look(load_config(config_file)))
    if as_json:
        print_json({"campaign": name, "run": run_id, "excluded": excluded})
    else:
        click.echo(f"run {run_id} of {name}: {amount(excluded, 'contact')} taken out by do-not-call lists")
