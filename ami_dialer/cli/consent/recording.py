"""`ami-dialer consent grant` and `revoke`: what one person said."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.consent.given import (
    ScopeType,
    deadlines,
    past,
    reader,
    region_option,
    warn_of_unknown_campaign,
    zone_option,
)
from ami_dialer.cli.numbers import given_numbers
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import json_option, load_config, local, print_json, printable
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import EVERYTHING, NOTHING_KNOWN, Strength
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.stop_word import STOP_WORDS, stop_word
from ami_dialer.rules.compliance.standing import Standing, standing
from ami_dialer.store import consents, dnc, revoking
from ami_dialer.store.consent_loading import MAX_EVIDENCE, NewRecord
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.revoking import Barring

_SOURCES = ("form", "hand", "agent", "sms", "api", "key", "file")
_REVOKING = ("hand", "agent", "sms", "api")
at_option = click.option("--at", metavar="TIME", help="When it was said: 2026-03-01 or 2026-03-01T18:30:00Z. Now.")
evidence_option = click.option(
    "--evidence", default="", help="Reference to what proves it: a form's id, a recording, a letter."
)


class NoStopWordError(DialerError):
    """A text message that does not say by law that consent is revoked."""

    exit_code = 7


@click.command("grant")
@click.argument("number")
@click.option("--scope", type=ScopeType(), required=True, help="'*' for everything, a purpose, or campaign:NAME.")
@click.option(
    "--strength",
    type=click.Choice([each.value for each in Strength]),
    default=Strength.EXPRESS.value,
    show_default=True,
    help="written: signed, on paper or electronically; it counts as express too.",
)
@click.option("--source", type=click.Choice(_SOURCES), default="hand", show_default=True, help="How it was given.")
@at_option
@click.option("--expires", metavar="1y|DATE", help="Its end: 30d, 6m (months), 1y after it was given, or a day.")
@evidence_option
@region_option
@zone_option
@json_option
@click.pass_obj
def grant_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    number: str,
    *,
    scope: str,
    strength: str,
    source: str,
    at: str | None,
    expires: str | None,
    evidence: str,
    region: str,
    zone: str,
    as_json: bool,
) -> None:
    """Record that whoever has NUMBER consented to be called.

    A number that was revoked stays on its do-not-call list: take it off there too.
    """
    [wanted] = given_numbers([number], None, region)
    now = SystemClock().now()
    moments = reader(zone)
    said = past(at, moments, now) or now
    try:
        until = moments.end(expires, said) if expires else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--expires") from None
    if until is not None and until <= said:
        raise click.BadParameter("is not after the consent was given", param_hint="--expires")
    record = NewRecord(wanted, True, scope, Strength(strength), source, said, until, _checked(evidence))
    config = load_config(config_file)

    async def grant(config: Config) -> tuple[int, list[DncEntry], Standing]:
        async with changing(config) as database:
            added = await revoking.grant(database, [record], now)
            known = await consents.known(database, [wanted], config.compliance.consent_days)
            holds = standing(wanted, known.get(wanted, NOTHING_KNOWN), scope, now)
            return added, await dnc.standing(database, wanted, now), holds

    added, barred, holds = asyncio.run(grant(config))
    warn_of_unknown_campaign(config, scope)
    if as_json:
        print_json({**record._asdict(), "added": bool(added), "do_not_call": barred})
        return
    ends = f", until {local(until)}" if until is not None else ""
    known = "" if added else ", which was recorded already"
    click.echo(f"{wanted}: {strength} consent to {_named(scope)} of {local(said)}{ends}{known}")
    if until is not None and until <= now:
        click.echo("warning: it has ended already", err=True)
    elif holds is Standing.REVOKED:
        click.echo(
            "warning: it is not called all the same: a revocation holds. One of everything is taken back by a consent "
            f"with --scope '*' alone, any by a later one: ami-dialer consent show {wanted}",
            err=True,
        )
    for entry in barred:
        click.echo(
            f"warning: it is not called all the same: {printable(entry.label)}. To take it off: "
            f"ami-dialer dnc remove {entry.list_name} {entry.number}",
            err=True,
        )


@dataclass(frozen=True, slots=True)
class _Revoked:
    """A revocation as it was recorded."""

    record: NewRecord
    list_name: str | None
    added: bool


@click.command("revoke")
@click.argument("number")
@click.option("--scope", type=ScopeType(), default=EVERYTHING, help="'*' for everything; a purpose, or campaign:NAME.")
@click.option("--source", type=click.Choice(_REVOKING), default="hand", show_default=True, help="How it was said.")
@click.option("--text", help="With --source sms: what the message says; refused unless it revokes.")
@at_option
@evidence_option
@region_option
@zone_option
@json_option
@click.pass_obj
def revoke_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    number: str,
    *,
    scope: str,
    source: str,
    text: str | None,
    at: str | None,
    evidence: str,
    region: str,
    zone: str,
    as_json: bool,
) -> None:
    """Record that whoever has NUMBER does not want to be called any more. Counts at once, in running campaigns too.

    The number goes on a do-not-call list besides: for everything on that of the opt-out line, for a campaign on the
    campaign's own. A gateway of text messages calls `consent revoke NUMBER --source sms --text TEXT` with each message:
    it ends with 7 and changes nothing where the text says neither STOP nor another of the words of the law.
    """
    if text is not None:
        if source != "sms":
            raise click.UsageError("--text is that of a message: it goes with --source sms")
        evidence = evidence or f"text message: {_stopping(text)}"
    [wanted] = given_numbers([number], None, region)
    now = SystemClock().now()
    said = revoking.revocation(wanted, scope, source, past(at, reader(zone), now) or now, evidence=_checked(evidence))
    config = load_config(config_file)
    done = asyncio.run(_revoke(config, said, now))
    warn_of_unknown_campaign(config, scope)
    if as_json:
        print_json({**done.record._asdict(), "added": done.added, "list": done.list_name})
        return
    known = "" if done.added else ", which was recorded already"
    click.echo(f"{wanted}: revoked for {_named(scope)} as of {local(done.record.at)}{known}; not called from now on")
    if done.list_name is not None:
        click.echo(f"  on do-not-call list {done.list_name}")
    by = done.record.honour_by
    if by is not None:
        late = "; THAT IS OVER: calls since then broke it" if now >= by else ""
        click.echo(f"  the law wanted it by {local(by)}{late}")


async def _revoke(config: Config, said: NewRecord, now: datetime) -> _Revoked:
    async with changing(config) as database:
        record = revoking.honoured(said, await deadlines(database, config), now)
        name = revoking.list_of(config, record.scope)
        barring = None
        if name is not None:
            reason = f"revoked consent ({record.evidence})" if record.evidence else "revoked consent"
            barring = Barring(await dnc.ensure_list(database, name, now), reason, record.source)
        return _Revoked(record, name, bool(await revoking.revoke(database, [record], barring, now)))


def _stopping(text: str) -> str:
    if stop_word(text) is None:
        words = ", ".join(word.upper() for word in STOP_WORDS)
        raise NoStopWordError(
            f"{printable(text[:80])!r} is none of the words that revoke ({words}); nothing was changed. A person "
            "should read it: who asks in other words not to be called revokes too, and is recorded without --text"
        )
    return " ".join(printable(text).split())[:80]


def _checked(evidence: str) -> str:
    if len(evidence) > MAX_EVIDENCE:
        raise click.BadParameter(f"has more than {MAX_EVIDENCE} characters", param_hint="--evidence")
    return evidence


def _named(scope: str) -> str:
    return "everything" if scope == EVERYTHING else scope
