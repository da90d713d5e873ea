"""`ami-dialer audit`: who changed what, each call, and whether anybody has tampered with it."""

import asyncio
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.actor import actor
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, local, print_json, print_rows, printable
from ami_dialer.cli.progress import progress_bar
from ami_dialer.cli.times import time_of
from ami_dialer.cli.whole_file import whole_file
from ami_dialer.config.schema import Config
from ami_dialer.domain.audit import Record, moment
from ami_dialer.domain.errors import DialerError
from ami_dialer.reporting import bundle
from ami_dialer.reporting.audit_check import Noted, Verified, verify
from ami_dialer.store import audit_log
from ami_dialer.store.audit_log import Wanted

#: Exit code of a trail that does not hold.
BROKEN = 8
#: Characters of a record's detail that are shown.
_DETAIL = 120
_NOTED = re.compile(r"([0-9a-fA-F]{64})(?::([0-9]{1,18}))?")


class CannotWriteError(DialerError):
    """The file of an export cannot be written."""

    exit_code = 6


@click.group("audit")
def command() -> None:
    """The audit trail: who changed what, each call with its verdict, and whether the trail was tampered with."""


def _noted(_context: click.Context, _option: click.Parameter, written: tuple[str, ...] | str | None) -> list[Noted]:
    texts = (written,) if isinstance(written, str) else written or ()
    found = []
    for text in texts:
        match = _NOTED.fullmatch(text.strip())
        if match is None:
            raise click.BadParameter(f"{text!r} is no head; write it as `audit verify` prints it: HASH:ID")
        found.append(Noted(match[1].lower(), int(match[2]) if match[2] else None))
    return found


@command.command("verify")
@click.option(
    "--head", "heads", multiple=True, callback=_noted, metavar="HASH:ID", help="Is this head, noted then, in the trail?"
)
@click.option(
    "--since-hash", "since", callback=_noted, metavar="HASH[:ID]", help="Only what came after this head, noted then."
)
@json_option
@click.pass_obj
def verify_command(config_file: Path, heads: list[Noted], since: list[Noted], *, as_json: bool) -> None:
    """Has anybody changed, removed or inserted records? Ends with 8 where somebody has, and says which.

    Whoever can write the database can make the whole chain anew, which shows only by a head that was noted elsewhere:
    keep what this prints, and give it to --head later. The dialer logs the head once a day.
    """
    found = asyncio.run(_verify(load_config(config_file), since[0] if since else None, heads, show=not as_json))
    if as_json:
        print_json(_verified_as_dict(found))
    else:
        _print_verified(found)
    if not found.holds:
        raise SystemExit(BROKEN)


async def _verify(config: Config, since: Noted | None, heads: list[Noted], *, show: bool) -> Verified:
    async with reading(config) as database:
        with progress_bar(show=show) as bar:
            task = bar.add_task("audit trail", total=None)
            return await verify(
                database, since, heads, lambda done, of: bar.update(task, completed=done, total=of or None)
            )


def _verified_as_dict(found: Verified) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "records": found.records,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "head": str(found.head),
        "confirmed": [str(each) for each in found.confirmed],
        "breaks": [
            {
                "kind": each.where.kind,
                "first": each.where.first,
                "last": each.where.last,
                "why": each.where.why,
                "record": None if each.record is None else _as_dict(each.record),
            }
            for each in found.broken
        ],
        "more": found.more,
    }


def _print_verified(found: Verified) -> None:
    for each in found.broken:
        click.echo(f"BROKEN: {each.where.why}")
        if each.record is not None:
            click.echo(f"  record {each.record.id:,} now: {_told(each.record)}")
    if found.more:
        click.echo("There is more; the rest was not looked at.")
    since = f", {local(found.first_at)} to {local(found.last_at)}" if found.first_at is not None else ""
    looked = f"{amount(found.records, 'record')} looked at{since}"
    click.echo(f"{looked}: {'the chain holds' if found.holds else 'the trail was tampered with'}")
    for noted in found.confirmed:
        click.echo(f"noted head {str(noted)[:12]}… is in the trail")
    click.echo(f"head: {found.head}")
    if found.holds:
        click.echo("Keep this line where nobody can change it; later: ami-dialer audit verify --head HASH:ID")


def _told(record: Record) -> str:
    return printable(f"{local(record.at)} {record.actor}: {record.action} {record.subject}")


@command.command("list")
@click.option("--subject", help="A number, campaign:NAME, list:NAME, dnc:NAME, …; NAME* for all that begin so.")
@click.option("--action", help="dnc.add, campaign.start, call, …; dnc.* for all that begin so.")
@click.option("--actor", "by", help="`dialer`, or a user of the machine.")
@click.option("--since", callback=time_of, metavar="TIME", help="Not before; 2026-03-02 or '2026-03-02 15:00'.")
@click.option("--until", callback=time_of, metavar="TIME", help="Before.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="So many at most.")
@click.option("--region", default="US", show_default=True, help="Country (ISO 3166) of a number without a code.")
@json_option
@click.pass_obj
def list_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    subject: str | None,
    action: str | None,
    by: str | None,
    since: datetime | None,
    until: datetime | None,
    *,
    limit: int,
    region: str,
    as_json: bool,
) -> None:
    """The newest records, newest first: when, by whom, what, about what, and what changed."""
    if subject is not None and subject[:1] in set("+(0123456789") and not subject.endswith("*"):
        [subject] = given_numbers([subject], None, region, changing=False)
    wanted = Wanted(subject, action, by, since, until)

    async def ask(config: Config) -> list[Record]:
        async with reading(config) as database:
            return await audit_log.search(database, wanted, limit + 1)

    found = asyncio.run(ask(load_config(config_file)))
    if as_json:
        print_json([_as_dict(record) for record in found[:limit]])
    elif not found:
        click.echo("no record matches" if wanted != Wanted() else "nothing is recorded yet")
    else:
        rows = [(one.id, one.at, one.actor, one.action, one.subject, _short(one.detail)) for one in found[:limit]]
        print_rows(("id", "time", "by", "action", "about", "what"), rows, right=frozenset({0}))
    if len(found) > limit:
        click.echo(f"there are more than {limit:,}; --limit shows more", err=True)


def _short(detail: str) -> str:
    text = "" if detail == "{}" else detail
    return text if len(text) <= _DETAIL else f"{text[:_DETAIL]}…"


def _as_dict(record: Record) -> dict[str, Any]:
    """With the detail read; its text as it was hashed is in the bundle of `audit export`."""
    try:
        detail = orjson.loads(record.detail)
    except orjson.JSONDecodeError:
        detail = record.detail
    return {**record._asdict(), "at": moment(record.at), "detail": detail}


@command.command("export")
@click.argument("number")
@click.option(
    "--to", "file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The ZIP file to write."
)
@click.option("--region", default="US", show_default=True, help="Country (ISO 3166) of a number without a code.")
@json_option
@click.pass_obj
def export_command(config_file: Path, number: str, file: Path, region: str, *, as_json: bool) -> None:
    """Everything about NUMBER in one ZIP file, readable by its owner alone.

    Contacts with their fields and lists, runs, calls with their verdicts and the rules of law they were judged by,
    answers, do-not-call entries and consents, those that were taken off or revoked too, and the audit records with
    their hashes. summary.txt tells it on a page.
    """
    [wanted] = given_numbers([number], None, region, changing=False)
    counts = asyncio.run(_export(load_config(config_file), wanted, file))
    if as_json:
        print_json({"number": wanted, "file": file, **counts})
        return
    told = ", ".join(
        (
            amount(counts["contacts"], "contact"),
            amount(counts["attempts"], "call"),
            amount(counts["do_not_call"], "do-not-call entry", "do-not-call entries"),
            amount(counts["consents"], "record of consent", "records of consent"),
            amount(counts["audit"], "audit record"),
        )
    )
    click.echo(f"{file}: {wanted}: {told}")


async def _export(config: Config, number: str, file: Path) -> dict[str, int]:
    async with reading(config) as database:
        found = await bundle.collect(database, number, SystemClock().now(), actor())
    with whole_file(file, CannotWriteError) as part:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            return bundle.write(found, out)
