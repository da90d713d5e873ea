"""`ami-dialer explain --campaign NAME`: whom a whole run may call, for people."""

from collections.abc import Iterator

import click

from ami_dialer.cli.output import amount, local, printable, zone_at
from ami_dialer.reporting.verdicts.of_run import ExplainedRun, Refusing

#: So many entries or conditions are shown of each kind of exclusion; `--json` has all.
_SHOWN = 10


def show(found: ExplainedRun) -> None:
    """Print it: how many may be called, then the others by what keeps them."""
    some = f"{found.allowed:,} of {amount(found.contacts, 'contact')}"
    click.secho(f"{found.campaign} may call {some} at {local(found.at)}   times in {zone_at(found.at)}", bold=True)
    for line in _lines(found):
        click.echo(printable(line))


def _lines(found: ExplainedRun) -> Iterator[str]:
    if found.run is None:
        yield "  no run goes on: these are the ones whom a start would call then"
    else:
        kept = "; the campaign is written otherwise now, which counts from its next run on" * found.rewritten
        yield f"  run {found.run} goes on{kept}"
    until = f"   if nothing else happens, all of them until {local(found.until)}" if found.until is not None else ""
    yield _row("may be called", found.allowed, until)
    if found.not_due:
        yield _row("not due yet", found.not_due, f"   the first is due at {local(found.due_at)}")
    yield from _refused(found)
    yield from _excluded(found)
    for what, count in (("being called", found.claimed), ("called for the last time", found.done)):
        if count:
            yield _row(what, count)
    if found.zone_contradicted:
        whose = "whose own time zone counts though number, postal code or state tell another clock"
        yield f"  note: {amount(found.zone_contradicted, 'contact')} {whose}"
    version = f"version {found.rules.version}, " if found.rules.version is not None else ""
    yield f"  rules of law: {version}{found.rules.rulebook.digest[:12]}"
    if found.rules.note:
        yield f"  note: {found.rules.note}"


def _refused(found: ExplainedRun) -> Iterator[str]:
    first = min((one.next_at for one in found.refused if one.next_at is not None), default=None)
    opens = f"   the first may be called at {local(first)}" if first is not None else ""
    yield _row("refused by rules", sum(one.decides for one in found.refused), opens)
    for one in found.refused:
        if one.decides:
            yield _part(f"{one.decides:,} by {_rule(one)}")
    others = [one for one in found.refused if not one.decides]
    if others:
        yield _part("other rules refuse some of these too:")
    for one in others:
        yield _part(f"  {one.refuses:,} by {one.rule}: {one.figure}")


def _excluded(found: ExplainedRun) -> Iterator[str]:
    for kind, by in found.excluded.items():
        yield _row(kind.label, sum(by.values()))
        for what, count in list(by.items())[:_SHOWN]:
            yield _part(f"{count:,} {what}")
        if len(by) > _SHOWN:
            yield _part(f"and {len(by) - _SHOWN:,} more of them")


def _part(text: str) -> str:
    """What a row is made of."""
    return f"      {text}"


def _row(what: str, count: int, more: str = "") -> str:
    return f"  {what:<25} {count:>9,}{more}"


def _rule(one: Refusing) -> str:
    source = f" [{one.source}]" if one.source else ""
    opens = f"; the first from {local(one.next_at)} on" if one.next_at is not None else ""
    never = ""
    if one.never:
        whom = "all" if one.never == one.decides else f"{one.never:,}"
        never = f"; {whom} of them as long as nothing of that changes"
    return f"{one.rule}: {one.figure}{source}{opens}{never}"
