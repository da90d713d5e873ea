"""`ami-dialer campaign`: start, stop and look at campaigns."""

import asyncio
from pathlib import Path

import click

from ami_dialer import app
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli import preview, scrub
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, zone_at
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import EnrolmentState, RunState
from ami_dialer.domain.errors import DialerError
from ami_dialer.reporting.status import CampaignStatus, RunStatus, campaign_status
from ami_dialer.store import documents, lists, live, runs
from ami_dialer.store.database import Database
from ami_dialer.store.live import RunList


@click.group("campaign")
def command() -> None:
    """Start, stop and look at campaigns."""


@command.command("list")
@json_option
@click.pass_obj
def list_command(config_file: Path, *, as_json: bool) -> None:
    """Every campaign, with its newest run."""

    async def ask(config: Config) -> list[CampaignStatus]:
        async with reading(config) as database:
            return [await campaign_status(database, name) for name in await documents.campaign_names(database)]

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    rows = [(each.campaign, ", ".join(each.lists), *_run_cells(each.run)) for each in found]
    print_rows(("campaign", "lists", "run", "state", "started", "contacts", "left"), rows, right=frozenset({5, 6}))


def _run_cells(run: RunStatus | None) -> tuple[object, ...]:
    if run is None:
        return (None, "never run", None, None, None)
    left = run.by_state[EnrolmentState.WAITING] + run.by_state[EnrolmentState.CLAIMED]
    return (run.run, run.state, run.started_at, run.contacts, left)


@command.command("status")
@click.argument("name")
@json_option
@click.pass_obj
def status_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """How campaign NAME stands: contacts by state, attempts, outcomes, what is due next."""

    async def ask(config: Config) -> CampaignStatus:
        async with reading(config) as database:
            return await campaign_status(database, name)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json(found)
    else:
        _print_status(found)


def _print_status(found: CampaignStatus) -> None:
    way = f"flow {found.flow}" if found.flow else f"dialplan context {found.dialplan}"
    click.secho(f"Campaign {found.campaign}", bold=True)
    click.echo(f"  lists {', '.join(found.lists)}; trunks {', '.join(found.trunks)}; {way}")
    run = found.run
    if run is None:
        click.echo(f"  has never run; start it with: ami-dialer campaign start {found.campaign}")
        return
    ended = f", ended {local(run.ended_at)}" if run.ended_at else ""
    click.echo(
        f"  run {run.run} is {run.state}: started {local(run.started_at)}{ended}, times in {zone_at(run.started_at)}"
    )
    states = ", ".join(f"{count:,} {state}" for state, count in run.by_state.items() if count)
    click.echo(f"  contacts  {run.contacts:,}{f': {states}' if states else ''}")
    if any(run.excluded.values()):
        click.echo(f"  excluded  {_excluded(run)}")
    share = f" ({100 * run.answered / run.attempts:.0f} %)" if run.attempts else ""
    now = f"; {amount(run.calls_now, 'call')} going on" if run.calls_now else ""
    click.echo(f"  attempts  {run.attempts:,} ended, {run.answered:,} answered{share}{now}")
    outcomes = ", ".join(f"{name} {count:,}" for name, count in run.outcomes.items())
    click.echo(f"  outcomes  {outcomes or 'none yet'}")
    if run.state is RunState.RUNNING:
        _print_live(run)
        click.echo(f"  next due  {local(run.next_due) if run.next_due else _nobody(run)}")
        if not found.dialer_running:
            click.echo("  no dialer is running on this database; start it with: ami-dialer run")


def _excluded(run: RunStatus) -> str:
    return ", ".join(f"{exclusion.label} {count:,}" for exclusion, count in run.excluded.items() if count)


def _print_live(run: RunStatus) -> None:
    for each in run.lists:
        newer = f"{amount(each.newer, 'contact')} came in since"
        if not each.live:
            click.echo(f"  list      {each.name}: not live{f'; {newer}, not for this run' * bool(each.newer)}")
            continue
        came = f"{each.added:,} came in"
        if each.synced_at is not None:
            came += f", {each.last_added:,} of them at {local(each.synced_at)}"
        click.echo(f"  list      {each.name}: live; {came}{f'; {newer}, for the next look' * bool(each.newer)}")


def _nobody(run: RunStatus) -> str:
    lists = ", ".join(each.name for each in run.lists if each.live)
    if not lists:
        return "nobody waits"
    return f"nobody waits; the run goes on for what comes into {lists} (ami-dialer campaign live, campaign stop)"


@command.command("start")
@click.argument("name")
@json_option
@click.pass_obj
def start_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Start a new run of campaign NAME, now or when the dialer starts.

    Lists whose file has changed are imported first. Refused while a run of it is going on.
    """
    config = load_config(config_file)
    found = asyncio.run(_start(config, name))
    if as_json:
        print_json(found)
        return
    run = found.run
    enrolled = run.contacts if run is not None else 0
    out = _excluded(run) if run is not None else ""
    excluded = f" ({out})" if out else ""
    begins = "the dialer takes it up at once" if found.dialer_running else "it begins with the next: ami-dialer run"
    click.echo(f"run {found.runs[0]} of {name} started with {amount(enrolled, 'contact')}{excluded}; {begins}")


async def _start(config: Config, name: str) -> CampaignStatus:
    clock = SystemClock()
    async with changing(config) as database:
        key, document = await documents.load_campaign(database, name)
        await app.import_lists(config, database, clock)
        await _check_lists(database, name, document)
        await runs.start(database, key, document, clock.now())
        return await campaign_status(database, name)


async def _check_lists(database: Database, name: str, document: Campaign) -> None:
    if not await lists.any_contacts(database, document.lists):
        raise DialerError(f"campaign {name!r}: its lists ({', '.join(document.lists)}) hold no contacts")


@command.command("stop")
@click.argument("name")
@json_option
@click.pass_obj
def stop_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Stop the run of campaign NAME for good: calls in progress finish, nobody else is called in it."""
    found = asyncio.run(_stop(load_config(config_file), name))
    if as_json:
        print_json(found)
        return
    click.echo(f"run {found.runs[0]} of {name} is stopped; a new one starts with: ami-dialer campaign start {name}")


async def _stop(config: Config, name: str) -> CampaignStatus:
    async with reading(config) as database:
        key = await documents.campaign_id(database, name)
        newest = await runs.newest(database, key)
        now = SystemClock().now()
        if newest is None or not await runs.end(database, newest.id, RunState.STOPPED, now):
            raise DialerError(f"campaign {name!r} is not running")
        return await campaign_status(database, name)


@command.command("live")
@click.argument("name")
@click.argument("list_name", metavar="LIST")
@click.argument("switch", metavar="on|off", type=click.Choice(["on", "off"]))
@json_option
@click.pass_obj
def live_command(config_file: Path, name: str, list_name: str, switch: str, *, as_json: bool) -> None:
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
        if newest is None or newest.state is not RunState.RUNNING:
            raise DialerError(
                f"campaign {name!r} is not running; `live:` of the campaign says which lists are live at a start"
            )
        await live.switch(database, newest.id, list_name, on=on)
        found = {each.name: each for each in await live.of_run(database, newest.id)}
        return newest.id, found[list_name]


command.add_command(preview.command)
command.add_command(scrub.command)
