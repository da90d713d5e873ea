"""`ami-dialer report`: what came of a run."""

import asyncio
import sys
from dataclasses import fields
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.abandonment import in_short
from ami_dialer.cli.agents import clock_of
from ami_dialer.cli.campaign.status import told
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, printable, zone_at
from ami_dialer.cli.whole_file import whole_file
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.reporting import agents
from ami_dialer.reporting.abandonment import AbandonmentReport, legible_report
from ami_dialer.reporting.agents import AgentReport
from ami_dialer.reporting.export import write_csv
from ami_dialer.reporting.outcomes import QuestionReport, RunReport, pick_run, run_report
from ami_dialer.store.results import Duration


@click.command("report")
@click.argument("name")
@click.option("--run", "run_id", type=click.IntRange(min=1), help="Of this run; default the newest.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write one row for each contact to this file instead; - for standard output.",
)
@click.option("--by", type=click.Choice(["agent"]), help="What came of the calls of each agent instead.")
@json_option
@click.pass_obj
def command(
    config_file: Path, name: str, run_id: int | None, csv_file: Path | None, *, by: str | None, as_json: bool
) -> None:
    """What came of campaign NAME: outcomes, answers to each question, durations.

    The CSV has a row for each contact: number, state, attempts, how the last one ended, times (UTC), the contact's
    fields, and a column `answer_…` for each question. Cells that a spreadsheet would take for a formula (they begin
    with = + - @ or a tab) get an apostrophe in front; numbers like +15551234567 stay as they are.
    """
    config = load_config(config_file)
    if csv_file is not None:
        count = asyncio.run(_export(config, name, run_id, csv_file))
        if as_json:
            print_json({"campaign": name, "file": csv_file, "contacts": count})
        elif str(csv_file) != "-":
            click.echo(f"{csv_file}: {amount(count, 'contact')}")
        return
    if by is not None:
        by_agent(asyncio.run(_ask_by_agent(config, name, run_id)), as_json=as_json)
        return
    found, abandoned = asyncio.run(_ask(config, name, run_id))
    if as_json:
        print_json({**{each.name: getattr(found, each.name) for each in fields(found)}, "abandonment": abandoned})
    else:
        _print(found, in_short(abandoned))


async def _ask(config: Config, name: str, run_id: int | None) -> tuple[RunReport, AbandonmentReport | None]:
    async with reading(config) as database:
        run = await pick_run(database, name, run_id)
        found = await run_report(database, run, meanings_of(config, run.document))
        return found, await legible_report(database, config, name, SystemClock().now())


async def _ask_by_agent(config: Config, name: str, run_id: int | None) -> list[AgentReport]:
    async with reading(config) as database:
        run = await pick_run(database, name, run_id)
        return await agents.of_run(database, run.id)


def by_agent(found: list[AgentReport], *, as_json: bool) -> None:
    """What came of the calls of each agent."""
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("no call of this run was connected to an agent and is over, and nobody skipped a contact")
        return
    titles = list(dict.fromkeys(title for one in found for title in one.dispositions))
    rows = [
        (
            one.agent or "-",
            one.name,
            f"{one.calls:,}",
            clock_of(one.talked),
            clock_of(one.average),
            clock_of(one.wrap_up),
            clock_of(one.average_handling),
            f"{one.skips:,}",
            *(f"{one.dispositions.get(title, 0):,}" for title in titles),
        )
        for one in found
    ]
    heading = ("agent", "name", "calls", "talk", "average", "wrap-up", "handling", "skips", *titles)
    print_rows(heading, rows, right=frozenset(range(2, len(heading))))


async def _export(config: Config, name: str, run_id: int | None, file: Path) -> int:
    async with reading(config) as database:
        run = await pick_run(database, name, run_id)
        if str(file) == "-":
            return await write_csv(database, run, sys.stdout)
        with whole_file(file) as part, part.open("w", encoding="utf-8", newline="") as out:
            return await write_csv(database, run, out)


def _print(found: RunReport, abandoned: str) -> None:
    ended = f" to {local(found.ended_at)}" if found.ended_at else ""
    click.secho(f"{found.campaign}, run {found.run} ({found.state})", bold=True)
    click.echo(f"  {local(found.started_at)}{ended}, times in {zone_at(found.started_at)}")
    states = ", ".join(f"{count:,} {state}" for state, count in found.by_state.items() if count)
    click.echo(f"  {amount(found.contacts, 'contact')}{f': {states}' if states else ''}")
    for each in found.excluded:
        click.echo(f"    {each.exclusion.label} {each.contacts:,}: {printable(each.by)}")
    waiting = found.by_state[EnrolmentState.WAITING]
    if found.not_called and waiting:
        click.echo(f"    not called yet: {found.not_called:,}")
    share = f" ({_share(found.answered / found.attempts)})" if found.attempts else ""
    click.echo(f"  {amount(found.attempts, 'attempt')} ended, {found.answered:,} answered{share}")
    if found.outcomes:
        click.echo(f"  of the contacts' latest results: {told(found.worth)}")
        click.echo()
        _print_outcomes(found)
    if found.by_attempt:
        click.echo()
        _print_by_attempt(found)
    for question in found.questions:
        click.echo()
        _print_question(question)
    if found.attempts:
        click.echo()
        _print_duration("ringing", found.ring)
        _print_duration("talking", found.talk)
    if abandoned:
        click.echo(f"\nabandoned calls of the campaign: {abandoned}")


def _print_outcomes(found: RunReport) -> None:
    rows = [
        (
            outcome.disposition,
            f"{outcome.attempts:,}",
            _share(outcome.attempt_share),
            f"{outcome.contacts:,}",
            _share(outcome.contact_share),
            ", ".join(f"{reason} {count:,}" for reason, count in outcome.reasons.items()),
        )
        for outcome in found.outcomes
    ]
    heading = ("outcome", "attempts", "share", "contacts", "share", "end reasons of the attempts")
    print_rows(heading, rows, right=frozenset({1, 2, 3, 4}))


def _print_by_attempt(found: RunReport) -> None:
    """Each contact once, with its latest attempt."""
    titles = list(dict.fromkeys(title for line in found.by_attempt for title in line.contacts))
    rows = [(line.attempt, *(f"{line.contacts.get(title, 0):,}" for title in titles)) for line in found.by_attempt]
    print_rows(("contacts at attempt", *titles), rows, right=frozenset(range(1, len(titles) + 1)))


def _print_question(question: QuestionReport) -> None:
    click.secho(f"{question.question}: asked of {amount(question.asked, 'contact')}", bold=True)
    rows = [*question.answers.items(), ("no answer", question.no_answer)]
    width = max(len(digits) for digits, _ in rows)
    for digits, count in rows:
        click.echo(f"  {digits:<{width}}  {count:>7,}  {_share(count / question.asked):>6}")
    click.echo(f"  tries with a wrong key {question.invalid_tries:,}, without any {question.silent_tries:,}")


def _print_duration(what: str, duration: Duration) -> None:
    if duration.calls:
        click.echo(
            f"{what}: {amount(duration.calls, 'call')}, {duration.mean:g} s on average, at most "
            f"{duration.longest:g} s, {duration.total / 60:.1f} min in all"
        )


def _share(part: float) -> str:
    return f"{100 * part:.1f} %"
