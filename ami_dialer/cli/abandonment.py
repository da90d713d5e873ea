"""`ami-dialer abandonment`: how campaigns stand with calls that people answered and nobody talked to."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.actor import actor
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, printable, zone_at
from ami_dialer.config.abandonment import OWN
from ami_dialer.config.schema import Config
from ami_dialer.reporting.abandonment import AbandonmentReport, MeasureReport, abandonment_report
from ami_dialer.rules.abandonment import REVIEWED
from ami_dialer.store import abandonment, documents
from ami_dialer.store.abandonment import Sample

_DAY = 86_400.0


class _ShowFirst(click.Group):
    """What is no command of the group is a campaign to show."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`abandonment`, `abandonment NAME` and `abandonment --json` are `abandonment show …`."""
        if not (args and (args[0] in self.commands or args[0] == "--help")):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("abandonment", cls=_ShowFirst)
def command() -> None:
    """How campaigns stand with abandoned calls: people answered, and nobody talked to them in time.

    `ami-dialer abandonment` shows every campaign, `ami-dialer abandonment NAME` one with all its limits. How the
    figures are counted: docs/compliance.md, "Abandoned calls".
    """


@command.command("show")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def show_command(config_file: Path, name: str | None, *, as_json: bool) -> None:
    """Every campaign, or campaign NAME with each of its limits."""
    found = asyncio.run(_ask(load_config(config_file), name))
    if as_json:
        print_json(found if name is None else found[0])
    elif name is not None:
        _print_one(found[0])
    elif found:
        _print_all(found)
    else:
        click.echo("no campaign is stored yet; `ami-dialer run` reads config.yaml")


async def _ask(config: Config, name: str | None) -> list[AbandonmentReport]:
    now = SystemClock().now()
    async with reading(config) as database:
        names = [name] if name is not None else await documents.campaign_names(database)
        return [await abandonment_report(database, config, one, now) for one in names]


def _print_all(found: Sequence[AbandonmentReport]) -> None:
    rows = [
        (
            each.campaign,
            f"{each.connected + each.abandoned:,}",
            f"{each.abandoned:,}",
            f"{each.machines:,}",
            f"{each.false_positives:,.1f}",
            percent(each.nearest.rate),
            percent(each.nearest.limit),
            _room(each.nearest),
            _forecast(each),
        )
        for each in found
    ]
    heading = ("campaign", "live", "abandoned", "machines", "of them people", "rate", "limit", "room", "forecast")
    print_rows(heading, rows, right=frozenset({1, 2, 3, 4, 5, 6, 7}))


def _room(each: MeasureReport) -> str:
    return "any" if each.room is None else f"{each.room:,}"


def _forecast(found: AbandonmentReport) -> str:
    each = found.nearest
    if each.over:
        when = f"under it at {local(each.under_at)} or after {amount(each.live_needed, 'live call')}"
        return f"{when}; one call at a time" if found.one_at_a_time else when
    if found.one_at_a_time:
        return f"one call at a time until it is {percent(found.resumes_at)}"
    if each.expected is None or each.period_ends is None:
        return "nobody has answered yet"
    return f"{percent(each.expected)} on {local(each.period_ends)[:10]} at the present pace"


def _print_one(found: AbandonmentReport) -> None:
    click.secho(f"Campaign {found.campaign}", bold=True)
    days = _time(found.nearest.seconds)
    click.echo(
        f"  in {days}: {amount(found.connected, 'person', 'people')} talked to in time, {found.abandoned:,} abandoned, "
        f"{found.left:,} hung up before the time was over, {amount(found.machines, 'machine')}"
    )
    click.echo(f"  of the machines {found.false_positives:,.1f} are people ({_basis(found)})")
    for each in found.measures:
        mark = " over the limit" if each.over else ""
        whose = "own limit" if each.rule == OWN else each.rule
        click.echo(
            f"  {whose}: {percent(each.rate)} of {each.live:,.0f} answered live in {_time(each.seconds)}, "
            f"{percent(each.limit)} may be{mark}"
        )
        if each.over:
            after = amount(each.live_needed, "call that people answer", "calls that people answer")
            click.echo(f"    under it at {local(each.under_at)} if nobody else is called, or after {after}")
        elif each.room is not None:
            click.echo(f"    {each.room:,} more may be abandoned now")
        if each.expected is not None and each.period_ends is not None:
            ends = f"{local(each.period_ends)} {zone_at(each.period_ends)}"
            click.echo(f"    its period ends at {ends}: {percent(each.expected)} at the present pace")
    if said := restraint(found):
        click.echo(f"  {said}")


def restraint(found: AbandonmentReport) -> str:
    """What the limit makes of the campaign, for people; "" where it does nothing."""
    until = percent(found.resumes_at)
    if found.one_at_a_time:
        return f"at its limit: the dialer places one call at a time until {until} are abandoned"
    if found.near:
        return f"near its limit: if it was reached, the dialer places one call at a time until {until} are abandoned"
    return ""


def in_short(found: AbandonmentReport | None) -> str:
    """One line for the status and the report of a campaign; "" where nobody has answered."""
    if found is None or not found.nearest.live:
        return ""
    each = found.nearest
    said = restraint(found)
    return (
        f"{percent(each.rate)} of {each.live:,.0f} answered live in {_time(each.seconds)}, {percent(each.limit)} may be"
        f"{'; ' if said else ''}{said}"
    )


def _basis(found: AbandonmentReport) -> str:
    share = percent(found.false_positive_share)
    if not found.reviewed:
        return f"{share}, compliance.amd_false_positives: nobody has listened; ami-dialer abandonment review does"
    return f"{share}: of {found.reviewed:,} that somebody listened to {found.reviewed_persons:,} were people"


@command.command("review")
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 1_000), default=20, show_default=True, help="So many calls.")
@json_option
@click.pass_obj
def review_command(config_file: Path, name: str, count: int, *, as_json: bool) -> None:
    """Calls of campaign NAME that AMD took for machines, drawn by lot, for somebody to listen to.

    Say what was heard with: ami-dialer abandonment heard ATTEMPT person|machine. Listen to all that are drawn: whoever
    picks the interesting ones measures something else. Calls of the last 90 days count.
    """

    async def ask(config: Config) -> list[Sample]:
        async with reading(config) as database:
            key = await documents.campaign_id(database, name)
            since = SystemClock().now() - timedelta(seconds=REVIEWED)
            return await abandonment.sample(database, key, since, count)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json({"campaign": name, "calls": found})
        return
    if not found:
        click.echo(f"{name}: in the last 90 days AMD took no call for a machine that nobody has listened to")
        return
    rows = [(one.attempt_id, one.answered_at, one.number, one.amd_cause, one.recording) for one in found]
    print_rows(("attempt", "answered", "number", "AMD said", "recording"), rows)
    if not any(one.recording for one in found):
        click.echo(
            "\nNo recording of these calls is known to the dialer; docs/compliance.md says how to have some.", err=True
        )


@command.command("heard")
@click.argument("attempt")
@click.argument("what", type=click.Choice(["person", "machine"]))
@json_option
@click.pass_obj
def heard_command(config_file: Path, attempt: str, what: str, *, as_json: bool) -> None:
    """Say what you heard on a call that AMD took for a machine: a person or a machine.

    A second word on the same call replaces the first.
    """

    async def keep(config: Config) -> AbandonmentReport:
        now = SystemClock().now()
        async with reading(config) as database:
            name = await abandonment.heard(database, attempt, person=what == "person", by=actor(), now=now)
            return await abandonment_report(database, config, name, now)

    found = asyncio.run(keep(load_config(config_file)))
    if as_json:
        print_json(found)
        return
    click.echo(
        f"kept: {printable(attempt)} was a {what}; of {amount(found.reviewed, 'call')} of {found.campaign} that "
        f"somebody listened to {found.reviewed_persons:,} were people, so that {percent(found.false_positive_share)} "
        f"of its machines count as abandoned"
    )


def percent(share: float) -> str:
    """`2.91 %`."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"


def _time(seconds: float) -> str:
    return amount(round(seconds / _DAY), "day") if seconds >= _DAY else f"{seconds / 3_600:g} h"
