"""`ami-dialer consent import`: consents from a file."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.consent.bringing import Brought, Progress, bring_consents
from ami_dialer.cli.consent.given import (
    ScopeType,
    dates_option,
    deadlines,
    past,
    reader,
    region_option,
    warn_of_unknown_campaign,
    zone_option,
)
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import amount, json_option, load_config, print_json, printable
from ami_dialer.cli.progress import progress_bar
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import Strength
from ami_dialer.sources.consent import ConsentFile, Defaults, look_at_consents
from ami_dialer.store.consent_loading import MAX_EVIDENCE, MAX_SOURCE

column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Which column is what, where its heading does not say: at='Signup day'. OURS= alone: there is none.",
)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--scope", type=ScopeType(), help="Of rows that name none: '*' for everything, a purpose, campaign:NAME.")
@click.option(
    "--strength",
    type=click.Choice([each.value for each in Strength]),
    default=Strength.EXPRESS.value,
    show_default=True,
    help="Of rows that name none.",
)
@click.option("--source", default="file", show_default=True, help="Of rows that name none: how consent was given.")
@click.option("--at", metavar="TIME", help="Of rows that do not say when it was given.")
@click.option("--expires", metavar="1y|DATE", help="Of rows without an end: 6m (months) or 1y after, or a day.")
@click.option("--evidence", default="", help="Of rows without: what proves it.")
@column_option
@region_option
@zone_option
@dates_option
@json_option
@click.pass_obj
def import_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    file: Path,
    *,
    scope: str | None,
    strength: str,
    source: str,
    at: str | None,
    expires: str | None,
    evidence: str,
    columns: tuple[str, ...],
    region: str,
    zone: str,
    dates: str,
    as_json: bool,
) -> None:
    """Record the consents of FILE: CSV with a header, in any order of columns.

    Columns are found by their headings: a number; when consent was given (at); and where there are, its end (expires),
    what it is for (scope, or campaign), strength, source, evidence, whether it is given (granted), was revoked
    (revoked) and when (revoked_at). Rows that cannot be read are kept in FILE.rejected.csv, with line and reason; of a
    revocation the number is enough. The same file twice changes nothing.
    """
    config = load_config(config_file)
    now = SystemClock().now()
    for text, longest, name in ((source, MAX_SOURCE, "--source"), (evidence, MAX_EVIDENCE, "--evidence")):
        if len(text) > longest:
            raise click.BadParameter(f"has more than {longest} characters", param_hint=name)
    moments = reader(zone, dates)
    if expires:
        try:
            moments.end(expires, now)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--expires") from None
    defaults = Defaults(scope, Strength(strength), source, evidence, past(at, moments, now), expires)
    found = look_at_consents(file, region, defaults, moments, now, mapping_of(columns))
    done = asyncio.run(_import(config, found, now, show=not as_json))
    if scope is not None:
        warn_of_unknown_campaign(config, scope)
    if as_json:
        print_json(as_dict(done))
        return
    print_head(done)
    revoked = f", {amount(done.revocations, 'revocation')} among them" if done.revocations else ""
    without = f", {amount(done.without, 'row')} without consent" if done.without else ""
    click.echo(
        f"  {amount(done.added, 'record')} added, {done.known:,} known already{revoked}{without}, "
        f"{amount(done.rejections, 'row')} rejected"
    )
    if done.late:
        late = amount(done.late, "revocation was", "revocations were")
        click.echo(f"  {late} due to be honoured before now: calls since then broke the law", err=True)
    print_rejected(done)


async def _import(config: Config, file: ConsentFile, now: datetime, *, show: bool) -> Brought:
    async with changing(config) as database:
        law = await deadlines(database, config)
        with showing(file.columns.survey.path, show=show) as progress:
            return await bring_consents(database, config, file, law, now, progress)


def mapping_of(columns: tuple[str, ...]) -> dict[str, str]:
    """What `--column` says. Raises click.BadParameter."""
    found = {}
    for one in columns:
        ours, equals, theirs = one.partition("=")
        if not equals:
            raise click.BadParameter(f"{one!r}; write OURS=THEIRS, like at='Signup day'", param_hint="--column")
        found[ours.strip()] = theirs.strip()
    return found


@contextmanager
def showing(path: Path, *, show: bool) -> Iterator[Progress]:
    """On a terminal: how far the import is. Gone when it is done."""
    with progress_bar(show=show) as bar:
        task = bar.add_task(path.name, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def as_dict(done: Brought) -> dict[str, Any]:
    """For programs; the cells of rejected rows are in the rejects file."""
    problems = {
        name: [{"line": row.line, "kind": row.kind, "reason": row.reason} for row in rows]
        for name, rows in (("rejected", done.rejected), ("warned", done.warned))
    }
    return {**asdict(done), **problems}


def print_head(done: Brought) -> None:
    """How the file was read."""
    click.echo(f"{done.file}: {printable(done.described)}")


def print_rejected(done: Brought) -> None:
    """Rejected rows and warnings, the first of each, and where all are."""
    for row in done.rejected:
        click.echo(f"  {done.file}:{row.line}: {printable(row.reason)}")
    if done.rejections > len(done.rejected):
        click.echo(f"  and {done.rejections - len(done.rejected):,} more")
    for warned in done.warned:
        click.echo(f"  {done.file}:{warned.line}: warning: {printable(warned.reason)}")
    if done.warnings > len(done.warned):
        click.echo(f"  and {amount(done.warnings - len(done.warned), 'more warning')}")
    if done.rejects_file is not None:
        click.echo(f"  all rejected rows, with line and reason: {done.rejects_file}")
    if done.rejects_trouble is not None:
        click.echo(f"  rejected rows are not kept: {done.rejects_trouble}")
