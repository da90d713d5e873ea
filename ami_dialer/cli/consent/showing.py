"""`ami-dialer consent show` and `list`: what was said, and what holds now."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.consent.given import ScopeType, region_option
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, local, print_json, print_rows, printable
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import EVERYTHING, NOTHING_KNOWN
from ami_dialer.rules.compliance.standing import Standing, standing
from ami_dialer.store import consents, dnc, reassignments
from ami_dialer.store.consents import StoredRecord
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.reassignments import Reassignment

#: Records that `list` prints unless told otherwise.
_SHOWN = 100


@click.command("show")
@click.argument("number")
@region_option
@json_option
@click.pass_obj
def show_command(config_file: Path, number: str, region: str, *, as_json: bool) -> None:
    """Every record of NUMBER, what holds now, and by when revocations had to be honoured."""
    [wanted] = given_numbers([number], None, region, changing=False)
    now = SystemClock().now()
    config = load_config(config_file)
    records, holds, moved, barred = asyncio.run(_ask(config, wanted, now))
    if as_json:
        result: dict[str, Any] = {"number": wanted, "holds": holds, "records": [_as_dict(one) for one in records]}
        print_json({**result, "reassigned": moved, "do_not_call": barred})
        return
    if not records:
        click.echo(f"{wanted}: nobody recorded consent or its revocation")
    else:
        click.secho(wanted, bold=True)
        print_rows(("said", "what", "for", "by", "until", "evidence"), [_cells(one, config, now) for one in records])
        click.echo()
        for scope, what in holds.items():
            click.echo(f"  now, for {_named(scope)}: {what}")
        for one in records:
            if not one.granted:
                click.echo(f"  {_honoured(one)}")
    if moved is not None:
        click.echo(f"  given up by its holder: {local(moved.disconnected_at)} ({_asked(moved)})")
    for entry in barred:
        click.echo(f"  on do-not-call list {printable(entry.label)}")


async def _ask(
    config: Config, number: str, now: datetime
) -> tuple[list[StoredRecord], dict[str, Standing], Reassignment | None, list[DncEntry]]:
    async with reading(config) as database:
        records = await consents.records_of(database, number)
        known = await consents.known(database, [number], config.compliance.consent_days)
        facts = known.get(number, NOTHING_KNOWN)
        scopes = sorted({EVERYTHING, *(one.scope for one in records)} if records else ())
        holds = {scope: standing(number, facts, scope, now) for scope in scopes}
        moved = next(iter(await reassignments.find(database, number)), None)
        return records, holds, moved, await dnc.standing(database, number, now)


@click.command("list")
@click.option("--scope", type=ScopeType(), help="Those of this scope alone: '*', a purpose, or campaign:NAME.")
@click.option("--granted", "what", flag_value="granted", help="Consents alone.")
@click.option("--revoked", "what", flag_value="revoked", help="Revocations alone.")
@click.option("--expired", "what", flag_value="expired", help="Consents that have ended.")
@click.option("--late", "what", flag_value="late", help="Revocations that were honoured after the law's deadline.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=_SHOWN, show_default=True, help="At most so many records."
)
@json_option
@click.pass_obj
def list_command(config_file: Path, scope: str | None, what: str | None, limit: int, *, as_json: bool) -> None:
    """The records that were made last, newest first."""
    now = SystemClock().now()
    config = load_config(config_file)

    async def ask(config: Config) -> list[StoredRecord]:
        async with reading(config) as database:
            return await consents.newest(
                database,
                limit + 1,
                scope=scope,
                granted={"granted": True, "revoked": False}.get(what or ""),
                expired_at=(now, config.compliance.consent_days) if what == "expired" else None,
                late=what == "late",
            )

    found = asyncio.run(ask(config))
    if as_json:
        print_json([_as_dict(one) for one in found[:limit]])
    elif not found:
        click.echo("no records")
    else:
        rows = [(one.number, *_cells(one, config, now)) for one in found[:limit]]
        print_rows(("number", "said", "what", "for", "by", "until", "evidence"), rows)
    if len(found) > limit:
        click.echo(f"there are more than {limit:,}; --limit shows more", err=True)


def _cells(one: StoredRecord, config: Config, now: datetime) -> tuple[object, ...]:
    if not one.granted:
        return (one.at, "revoked", _named(one.scope), one.source, "-", one.evidence)
    ends = consents.end_of(one.at, one.expires_at, config.compliance.consent_days)
    until = "-" if ends is None else local(ends) if ends > now else f"{local(ends)} (over)"
    return (one.at, f"{one.strength} consent", _named(one.scope), one.source, until, one.evidence)


def _honoured(one: StoredRecord) -> str:
    told = f"revocation of {local(one.at)} for {_named(one.scope)}: honoured {local(one.honoured_at)}"
    if one.honour_by is None:
        return f"{told}; no deadline of law is known"
    return f"{told}; the law wanted it by {local(one.honour_by)}" + (" - TOO LATE" if one.is_late else "")


def _asked(moved: Reassignment) -> str:
    return f"{printable(moved.source)}, asked {local(moved.checked_at)}"


def _named(scope: str) -> str:
    return "everything" if scope == EVERYTHING else scope


def _as_dict(one: StoredRecord) -> dict[str, Any]:
    return {**asdict(one), "late": one.is_late}
