"""`ami-dialer trace`: the way of one contact."""

import asyncio
from pathlib import Path

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, local, print_json, printable, zone_at
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import EVERYTHING
from ami_dialer.reporting.steps import Step
from ami_dialer.reporting.trace import RunTrail, Trail, trace
from ami_dialer.store.consents import StoredRecord

#: Wide enough for the longest station, disposition.
_STATION_WIDTH = 11


@click.command("trace")
@click.argument("contact")
@click.option("--region", help="Country (ISO 3166) of a number without a country code; default: those of the lists.")
@json_option
@click.pass_obj
def command(config_file: Path, contact: str, region: str | None, *, as_json: bool) -> None:
    """The way of CONTACT, station by station, in every run.

    CONTACT is a phone number in any usual form, or the contact's id.
    """
    config = load_config(config_file)
    regions = [region] if region else list(dict.fromkeys(each.region for each in config.lists.values())) or ["US"]
    found = asyncio.run(_ask(config, contact, regions))
    if as_json:
        print_json(found)
    else:
        _print(found)


async def _ask(config: Config, contact: str, regions: list[str]) -> Trail:
    async with reading(config) as database:
        return await trace(database, contact, regions, config)


def _print(found: Trail) -> None:
    click.secho(f"{found.number}   times in {zone_at(found.lists[0].created_at)}", bold=True)
    for member in found.lists:
        fields = ", ".join(f"{name} {value!r}" for name, value in member.fields.items() if value)
        where = f"in list {member.list_name}" if member.list_name is not None else "on no list any more"
        click.echo(f"  contact {member.contact_id} {where}: {printable(fields) or 'no fields'}")
    for entry in found.do_not_call:
        click.echo(
            f"  do not call: {entry.list_name}, {printable(entry.reason)} ({entry.source}, {local(entry.added_at)})"
        )
    for record in found.consents:
        click.echo(f"  {_said(record)}")
    for one in found.reassigned:
        click.echo(f"  given up by its holder: {one.number}, {local(one.disconnected_at)} ({printable(one.source)})")
    if not found.runs:
        click.echo("  in no run yet")
    for run in found.runs:
        _print_run(run)


def _said(record: StoredRecord) -> str:
    what = f"{record.strength} consent" if record.granted else "revoked"
    scope = "everything" if record.scope == EVERYTHING else record.scope
    ends = f", until {local(record.expires_at)}" if record.expires_at is not None else ""
    due = f", due by {local(record.honour_by)}" if record.honour_by is not None else ""
    late = ", TOO LATE" if record.is_late else ""
    proof = f": {record.evidence}" if record.evidence else ""
    return printable(f"{what}: {record.number}, {scope} ({record.source}, {local(record.at)}{ends}{due}{late}){proof}")


def _print_run(run: RunTrail) -> None:
    click.echo()
    click.secho(f"{run.campaign}, run {run.run} ({run.run_state}): the contact is {run.state}", bold=True)
    before: int | None = None
    for step in run.steps:
        if step.attempt is not None and step.attempt != before:
            key = step.facts.get("attempt_id")
            click.echo(f"  attempt {step.attempt}{f' ({key})' if key else ''}")
        before = step.attempt or before
        _print_step(step)


def _print_step(step: Step) -> None:
    # What happens within a call is told apart by its tenths of a second.
    when = f"{local(step.at)}.{step.at.microsecond // 100_000}" if step.at is not None else " " * 21
    due = step.facts.get("due_at")
    told = f"{step.what}, due {local(due)}" if due is not None else step.what
    click.echo(f"  {when}  {step.station:<{_STATION_WIDTH}}  {printable(told)}")
