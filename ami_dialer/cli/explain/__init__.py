"""`ami-dialer explain`: may this number be called, why was this attempt allowed, whom may a whole run call."""

import asyncio
from datetime import datetime
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.explain import number as one_number
from ami_dialer.cli.explain import whole
from ami_dialer.cli.explain.moment import MomentType
from ami_dialer.cli.numbers import BadNumbersError
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, printable
from ami_dialer.cli.progress import progress_bar
from ami_dialer.config.schema import Config
from ami_dialer.domain.attempt import is_attempt_id
from ami_dialer.domain.phone import NotANumberError, normalise
from ami_dialer.reporting.verdicts import of_attempt, of_number, of_run
from ami_dialer.reporting.verdicts.of_attempt import ExplainedAttempt
from ami_dialer.reporting.verdicts.of_number import Explained
from ami_dialer.reporting.verdicts.of_run import ExplainedRun
from ami_dialer.store.holders import holders

#: Exit code where the number, or everybody of a run, must not be called.
REFUSED = 9


@click.command("explain")
@click.argument("number", metavar="[NUMBER|ATTEMPT]", required=False)
@click.option("--campaign", metavar="NAME", help="By this campaign alone; without a NUMBER: its whole run.")
@click.option(
    "--at",
    "moment",
    type=MomentType(),
    metavar="TIME",
    help="At another time, past or coming: 18:05, '2026-11-26 18:05', also with an offset or a zone; this machine's "
    "zone unless it says one. Default: now.",
)
@click.option("--region", help="Country (ISO 3166) of a number without a country code; default: those of the lists.")
@json_option
@click.pass_obj
def command(
    config_file: Path,
    number: str | None,
    campaign: str | None,
    moment: datetime | None,
    region: str | None,
    *,
    as_json: bool,
) -> None:
    """May NUMBER be called now, by which rule, and if not, when: for each campaign that knows it.

    The id of an attempt instead of a number tells why that one was allowed. With --campaign alone: how many of a whole
    run may be called, and what keeps the others.

    Ends with 0 when it may be called (by every campaign that is told of), and with 9 when not.
    """
    config = load_config(config_file)
    at = moment or SystemClock().now()
    if number is None:
        _whole(config, campaign, at, as_json=as_json)
        return
    if is_attempt_id(number):
        if campaign is not None or moment is not None:
            raise click.UsageError("an attempt was allowed for its campaign at its time: leave --campaign and --at out")
        _show_attempt(asyncio.run(_attempt(config, number)), as_json=as_json)
        return
    regions = [region] if region else list(dict.fromkeys(each.region for each in config.lists.values())) or ["US"]
    found = asyncio.run(_number(config, number, regions, at, campaign))
    if as_json:
        print_json(of_number.as_json(found))
    else:
        one_number.show(found)
    if not found.may_be_called:
        raise SystemExit(REFUSED)


def _whole(config: Config, campaign: str | None, at: datetime, *, as_json: bool) -> None:
    if campaign is None:
        raise click.UsageError("name a number, or a whole run: --campaign NAME")
    found = asyncio.run(_run(config, campaign, at, bar=not as_json))
    if as_json:
        print_json(of_run.as_json(found))
    else:
        whole.show(found)
    if not found.allowed:
        raise SystemExit(REFUSED)


async def _run(config: Config, campaign: str, at: datetime, *, bar: bool) -> ExplainedRun:
    with progress_bar(show=bar) as shown:
        task = shown.add_task(f"{campaign}: who would be called", total=None)

        def judged(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, description=f"{campaign}: judged")

        async with reading(config) as database:
            return await of_run.explain_run(database, config, campaign, at, judged)


async def _number(config: Config, written: str, regions: list[str], at: datetime, campaign: str | None) -> Explained:
    numbers = _read(written, regions)
    async with reading(config) as database:
        held = [one for one in numbers if await holders(database, one)] if len(numbers) > 1 else numbers
        return await of_number.explain_number(database, config, (held or numbers)[0], at, campaign)


def _read(written: str, regions: list[str]) -> list[str]:
    """What the text is in each of the countries. Raises BadNumbersError where it is a number in none."""
    found, trouble = [], ""
    for region in regions:
        try:
            found.append(normalise(written, region.upper()))
        except NotANumberError as error:
            trouble = trouble or str(error)
    if not found:
        raise BadNumbersError(f"{printable(trouble)}; write it with its country code (+1 ...), or use --region")
    return list(dict.fromkeys(found))


async def _attempt(config: Config, key: str) -> ExplainedAttempt:
    async with reading(config) as database:
        return await of_attempt.explain_attempt(database, config, key)


def _show_attempt(found: ExplainedAttempt, *, as_json: bool) -> None:
    if as_json:
        print_json(of_attempt.as_json(found))
        return
    for place, line in enumerate(of_attempt.lines(found)):
        click.secho(printable(line), bold=place == 0)
