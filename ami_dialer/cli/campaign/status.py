"""`ami-dialer campaign status`."""

import asyncio
from dataclasses import fields
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.abandonment import in_short
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, zone_at
from ami_dialer.config.schema import Config
from ami_dialer.domain.campaign import CampaignStatus
from ami_dialer.domain.enrolment import RunState
from ami_dialer.reporting.abandonment import AbandonmentReport, legible_report
from ami_dialer.reporting.outcomes import Worth
from ami_dialer.reporting.status import CampaignView, RunStatus, campaign_status


@click.command("status")
@click.argument("name")
@json_option
@click.pass_obj
def command(config_file: Path, name: str, *, as_json: bool) -> None:
    """How campaign NAME stands: its status, contacts by state, attempts, outcomes, what is due next.

    Besides the status there is what it does at this moment: Running (calls are going on), Stopped (it is active, but
    no call is going on), Completed (everybody is done), Inactive.
    """
    found, abandoned = asyncio.run(_ask(load_config(config_file), name))
    if as_json:
        print_json({**{each.name: getattr(found, each.name) for each in fields(found)}, "abandonment": abandoned})
    else:
        _print_status(found, in_short(abandoned))


async def _ask(config: Config, name: str) -> tuple[CampaignView, AbandonmentReport | None]:
    async with reading(config) as database:
        found = await campaign_status(database, name, config)
        return found, await legible_report(database, config, name, SystemClock().now())


def _way(found: CampaignView) -> str:
    """What its answered calls are handed to, and how they are placed."""
    if found.flow is not None:
        return f"flow {found.flow}"
    if found.agents is not None:
        taken = "all agents" if found.agents == "all" else f"agents {', '.join(found.agents)}"
    elif found.queue is not None:
        taken = f"queue {found.queue}"
    else:
        counted = "" if found.sessions is None else f", {found.sessions} sessions"
        taken = f"dialplan context {found.dialplan}{counted}"
    return taken if found.dialing is None else f"{taken}, {found.dialing}"


def _print_status(found: CampaignView, abandoned: str) -> None:
    click.secho(f"Campaign {found.campaign}", bold=True)
    click.echo(f"  lists {', '.join(found.lists)}; trunks {', '.join(found.trunks)}; {_way(found)}")
    _print_standing(found)
    if found.callbacks:
        told = ", ".join(f"{count:,} {state}" for state, count in sorted(found.callbacks.items()))
        click.echo(f"  callbacks {told} (ami-dialer callback list --campaign {found.campaign})")
    run = found.run
    if run is None:
        return
    _print_begun(run)
    states = ", ".join(f"{count:,} {state}" for state, count in run.by_state.items() if count)
    click.echo(f"  contacts  {run.contacts:,}{f': {states}' if states else ''}")
    if any(run.excluded.values()):
        click.echo(f"  excluded  {excluded(run)}")
    if run.held_by:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in run.held_by.items())
        click.echo(f"  held back {rules}")
    _print_calls(run)
    if abandoned:
        click.echo(f"  abandoned {abandoned}")
    if run.state is RunState.PAUSED:
        _print_live(run)
    if run.state is RunState.RUNNING:
        _print_live(run)
        click.echo(f"  next due  {local(run.next_due) if run.next_due else _nobody(run)}")
        if not found.dialer_running:
            click.echo("  no dialer is running on this database; start it with: ami-dialer run")


def _print_begun(run: RunStatus) -> None:
    ended = f", ended {local(run.ended_at)}" if run.ended_at else ""
    click.echo(
        f"  run {run.run} is {run.state}: started {local(run.started_at)}{ended}, times in {zone_at(run.started_at)}"
    )
    if run.emergency:
        going_on = "it goes before all others, whatever its schedule and hours say; it cannot be paused"
        click.secho(f"  emergency {going_on if run.ended_at is None else 'it ran as one'}", fg="red")
    if run.scheduled_at is not None:
        until = f"; it ends at {local(run.ends_at)}" if run.ends_at is not None and run.ended_at is None else ""
        click.echo(f"  begun by  its schedule, for {local(run.scheduled_at)}{until}")
    if run.why is not None:
        click.echo(f"  why       {run.why}")


def _print_standing(found: CampaignView) -> None:
    name = found.campaign
    click.echo(f"  status    {found.status}; now: {found.activity}")
    if found.trouble is not None:
        click.echo(f"  trouble   {found.trouble}")
    match found.status:
        case CampaignStatus.DRAFT:
            click.echo(f"  start it with: ami-dialer campaign start {name}")
        case CampaignStatus.PAUSED:
            click.echo(f"  go on with: ami-dialer campaign resume {name}")
        case CampaignStatus.COMPLETED | CampaignStatus.STOPPED | CampaignStatus.FAILED:
            click.echo(f"  run it again with: ami-dialer campaign rerun {name}")
        case CampaignStatus.ARCHIVED:
            click.echo(f"  bring it back with: ami-dialer campaign restore {name}")
        case _:
            pass
    if found.next_start_at is not None:
        click.echo(f"  starts    {local(found.next_start_at)} by its schedule (ami-dialer campaign schedule {name})")


def _print_calls(run: RunStatus) -> None:
    share = f" ({100 * run.answered / run.attempts:.0f} %)" if run.attempts else ""
    now = f"; {amount(run.calls_now, 'call')} going on" if run.calls_now else ""
    click.echo(f"  attempts  {run.attempts:,} ended, {run.answered:,} answered{share}{now}")
    if run.given_up.calls:
        click.echo(
            f"  given up  {amount(run.given_up.calls, 'call')} while they rang, since agents left; "
            f"{run.given_up.picked_up:,} picked up in that moment"
        )
    outcomes = ", ".join(f"{name} {count:,}" for name, count in run.outcomes.items())
    click.echo(f"  outcomes  {outcomes or 'none yet'}")
    if run.attempts:
        click.echo(f"  results   {told(run.worth)}")


def told(worth: Worth) -> str:
    """What the contacts' latest results are worth: `contacted 4, qualified 2, positive 1 (conversion 25.0 %)`."""
    rate = f" (conversion {100 * worth.conversion:.1f} %)" if worth.conversion is not None else ""
    return f"contacted {worth.contacted:,}, qualified {worth.qualified:,}, positive {worth.positive:,}{rate}"


def excluded(run: RunStatus) -> str:
    """Those taken out, by what did it: `DNC Excluded 2, Expired 1`."""
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
