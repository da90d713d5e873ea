"""`ami-dialer campaign start`, `pause`, `resume`, `stop` and `rerun`."""

import asyncio
from pathlib import Path

import click

from ami_dialer import app
from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.cli.campaign.editing import told
from ami_dialer.cli.campaign.status import excluded
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import CampaignAction, CampaignStatus, advance
from ami_dialer.domain.errors import DialerError
from ami_dialer.reporting.status import CampaignView, campaign_status
from ami_dialer.store import campaigns, documents, emergency, lists, pausing, runs, schedules
from ami_dialer.store.pausing import Resumed


@click.command("start")
@click.argument("name")
@click.option(
    "--emergency",
    "as_emergency",
    is_flag=True,
    help="Before all other campaigns, whatever its schedule and hours say; asks first.",
)
@click.option("--yes", is_flag=True, help="With --emergency: do not ask.")
@json_option
@click.pass_obj
def start_command(config_file: Path, name: str, *, as_emergency: bool, yes: bool, as_json: bool) -> None:
    """Start campaign NAME, now or when the dialer starts.

    Lists whose file has changed are imported first. Refused where it has run already (rerun), and where it is
    scheduled, for then it starts by itself.

    With --emergency it is a new run from any status at rest, scheduled or not. Only with an exemption with `basis:
    emergency`, which says which rules of law do not bind; one at a time over all campaigns. It cannot be paused, and
    afterwards the campaign is off its schedule.
    """
    if not as_emergency:
        _begin(config_file, name, CampaignAction.START, as_json=as_json)
        return
    if not yes:
        overridden = asyncio.run(_overridden(load_config(config_file), name))
        click.echo("\n".join(overridden), err=True)
        click.confirm(f"Run {name} as an emergency?", err=True, abort=True)
    _begin(config_file, name, CampaignAction.EMERGENCY, as_json=as_json)


@click.command("rerun")
@click.argument("name")
@json_option
@click.pass_obj
def rerun_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Begin a new run of campaign NAME, which is completed, stopped or failed.

    Everybody of its lists is called anew. Nothing of an earlier run counts, but for do-not-call lists, the limits on
    how often somebody is called, and callbacks that were asked for, which are kept at their time.
    """
    _begin(config_file, name, CampaignAction.RERUN, as_json=as_json)


def _begin(config_file: Path, name: str, action: CampaignAction, *, as_json: bool) -> None:
    found = asyncio.run(_started(load_config(config_file), name, action))
    if as_json:
        print_json(found)
        return
    run = found.run
    enrolled = run.contacts if run is not None else 0
    out = excluded(run) if run is not None else ""
    without = f" ({out})" if out else ""
    begins = "the dialer takes it up at once" if found.dialer_running else "it begins with the next: ami-dialer run"
    as_what = " as an emergency" if action is CampaignAction.EMERGENCY else ""
    click.echo(f"run {found.runs[0]} of {name} started{as_what} with {amount(enrolled, 'contact')}{without}; {begins}")


async def _started(config: Config, name: str, action: CampaignAction) -> CampaignView:
    clock = SystemClock()
    async with changing(config) as database:
        await schedules.apply(database, clock.now(), machine_zone())  # where config.yaml has just changed
        standing = await campaigns.standing(database, name)
        advance(name, standing.status, action)  # before lists are imported for nothing
        key, document = await documents.load_campaign(database, name)
        await app.import_lists(config, database, clock)
        if not await lists.any_contacts(database, document.lists):
            raise DialerError(f"campaign {name!r}: its lists ({', '.join(document.lists)}) hold no contacts")
        if action is CampaignAction.EMERGENCY:
            await emergency.start(database, key, document, clock.now())
        else:
            await runs.start(database, key, document, clock.now(), action)
        return await campaign_status(database, name)


async def _overridden(config: Config, name: str) -> list[str]:
    """What an emergency run of a campaign overrides, for people. Raises where it could not begin."""
    async with changing(config) as database:
        await schedules.apply(database, SystemClock().now(), machine_zone())
        standing = await campaigns.standing(database, name)
        _, document = await documents.load_campaign(database, name)
        await emergency.check(database, standing, document)
    hours = document.hours
    own = [f"{hours.earliest}-{hours.latest}"]
    own += [word for word, there in (("its windows", hours.windows), ("its states' hours", hours.states)) if there]
    own += [word for word, there in (("its closed days", hours.closed_days),) if there]
    told = [f"An emergency run of {name} goes before all other campaigns and cannot be paused. It overrides"]
    if standing.next_start_at is not None:
        told.append(f"  schedule  its next start, {local(standing.next_start_at)}, and all later ones: it is taken off")
    told.append(f"  hours     {', '.join(own)}")
    if document.max_calls:
        told.append(f"  calls     its limit of {document.max_calls} at once; limits of trunks and servers hold")
    told += [f"  law       {', '.join(one.rules)}: {one.reason}" for one in emergency.exemptions(document)]
    return [*told, "Do-not-call lists, the campaign's own consent and caps, and all other law hold."]


@click.command("pause")
@click.argument("name")
@json_option
@click.pass_obj
def pause_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Pause campaign NAME: no new call within a tick of the dialer; calls in progress finish."""

    async def pause(config: Config) -> CampaignView:
        async with reading(config) as database:
            await pausing.pause(database, name, SystemClock().now())
            return await campaign_status(database, name)

    found = asyncio.run(pause(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    calls = found.run.calls_now if found.run is not None else 0
    verb = "finishes" if calls == 1 else "finish"
    finish = f"; {amount(calls, 'call')} in progress {verb}" if calls else ""
    click.echo(f"run {found.runs[0]} of {name} is paused{finish}; go on with: ami-dialer campaign resume {name}")


@click.command("resume")
@click.argument("name")
@json_option
@click.pass_obj
def resume_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Go on with campaign NAME where it was paused.

    Who was reached is not called again. What was changed meanwhile counts from now on, as far as it may change in a
    run: retry rules, caller id, trunks, hours and the like. Whom do-not-call lists forbid is taken out.
    """

    async def resume(config: Config) -> tuple[Resumed, CampaignView]:
        async with changing(config) as database:
            done = await pausing.resume(database, name, SystemClock().now())
            return done, await campaign_status(database, name)

    done, found = asyncio.run(resume(load_config(config_file)))
    if as_json:
        print_json({"resumed": done, "campaign": found})
        return
    left = found.run.left if found.run is not None else 0
    click.echo(f"run {done.run} of {name} goes on with {amount(left, 'contact')} left")
    for line in told(done.changes):
        click.echo(f"  {line}")
    if done.kept:
        click.echo(f"  not in this run, which has begun with them as they were: {', '.join(done.kept)}")
    if done.excluded:
        click.echo(f"  {amount(done.excluded, 'contact')} taken out by do-not-call lists")


@click.command("stop")
@click.argument("name")
@json_option
@click.pass_obj
def stop_command(config_file: Path, name: str, *, as_json: bool) -> None:
    """Stop the run of campaign NAME for good: calls in progress finish, nobody else is called in it.

    A campaign with a schedule starts again when it says so; `campaign unschedule` takes it off.
    """

    async def stop(config: Config) -> CampaignView:
        async with reading(config) as database:
            await runs.stop(database, name, SystemClock().now())
            return await campaign_status(database, name)

    found = asyncio.run(stop(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    if found.status is CampaignStatus.SCHEDULED:
        then = f"its schedule starts the next one (ami-dialer campaign schedule {name})"
    else:
        then = f"a new one begins with: ami-dialer campaign rerun {name}"
    click.echo(f"run {found.runs[0]} of {name} is stopped; {then}")
