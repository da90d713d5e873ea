"""`ami-dialer explain NUMBER`: what is known of a number, and what follows from it, for people."""

from collections.abc import Iterator

import click

from ami_dialer.cli.output import local, printable, zone_at
from ami_dialer.domain.consent import EVERYTHING
from ami_dialer.reporting.verdicts.of_number import Barring, Explained, Judged, standing
from ami_dialer.store.holders import Holder


def show(found: Explained) -> None:
    """Print it: who it is, what forbids it, what was said and done, then what each campaign may do."""
    click.secho(f"{found.number}   times of records in {zone_at(found.at)}", bold=True)
    for line in _known(found):
        click.echo(f"  {printable(line)}")
    for one in found.judged:
        click.echo()
        several = sum(other.asking.name == one.asking.name for other in found.judged) > 1
        for number, line in enumerate(_verdict(one, several=several)):
            click.secho(printable(line), bold=number == 0)
    if found.rules.note:
        click.echo(f"Note: {found.rules.note}.")


def _known(found: Explained) -> Iterator[str]:
    for one in found.holders:
        yield _holder(one)
    if not found.holders:
        yield "on no list"
    for each in found.barring:
        yield f"do not call: {_barring(each)}"
    if not found.barring:
        yield "on no do-not-call list"
    for record in found.consent.records:
        what = f"{record.strength} consent" if record.granted else "revoked"
        scope = "everything" if record.scope == EVERYTHING else record.scope
        ends = f", until {local(record.expires_at)}" if record.expires_at is not None else ""
        proof = f" ({record.evidence})" if record.evidence else ""
        yield f"{local(record.at)}  {what} for {scope} by {record.source}{ends}{proof}"
    if not found.consent.records:
        yield "nobody recorded consent or its revocation"
    if found.consent.reassigned_at is not None:
        yield f"{local(found.consent.reassigned_at)}  the number was given up by its holder"
    yield from _calls(found)


def _holder(one: Holder) -> str:
    where = f"on list {', '.join(one.lists)}" if one.lists else "on no list any more"
    which = f"; the number is its phone {one.position}" if one.position > 1 else ""
    fields = ", ".join(f"{name} {value!r}" for name, value in one.fields.items() if value)
    zone = f", time zone {one.time_zone}" if one.time_zone else ""
    return f"contact {one.contact} {where}{which}: {fields or 'no fields'}{zone}"


def _barring(one: Barring) -> str:
    entry = one.entry
    covers = f" (all of {entry.number})" if entry.number.endswith("*") else ""
    until = f" until {local(entry.expires_at)}" if entry.expires_at is not None else ""
    whose = ", for all campaigns" if one.is_global else ""
    return f"{entry.list_name}{whose}: {entry.reason}{covers}, by {entry.source}, since {local(entry.added_at)}{until}"


def _calls(found: Explained) -> Iterator[str]:
    if not found.calls:
        yield "not called before, as far back as rules look"
    for call in found.calls:
        at = found.at.fromtimestamp(call.at, found.at.tzinfo)
        by = found.callers.get(call.campaign_id, f"campaign {call.campaign_id}")
        what = "abandoned" if call.abandoned else "a person answered" if call.answered else "nobody answered"
        whom = "" if call.number == found.number else f" on {call.number}"
        yield f"{local(at)}  called by {by}{whom}: {what}"


def _is_listed(one: Judged) -> bool:
    return one.holder is not None and not set(one.holder.lists).isdisjoint(one.asking.document.lists)


def _verdict(one: Judged, *, several: bool) -> Iterator[str]:
    """The do-not-call lists first: nothing else counts where they forbid it."""
    lines = one.text.splitlines()
    if one.barring:
        by = f" by campaign {one.asking.name!r}" if one.asking.name else ""
        yield f"{one.callee.number} must not be called{by}: do-not-call list {_barring(one.barring[0])}."
        if len(one.barring) > 1:
            yield f"It stands on {', '.join(each.entry.list_name for each in one.barring[1:])} too."
        yield f"But for that: {lines[0]}"
    else:
        yield lines[0]
    if not one.asking.name:
        yield "No campaign knows the number: this is the law, and what campaigns want that say nothing else (sales)."
    elif one.enrolled is None and not _is_listed(one):
        yield f"It is on none of the lists of the campaign ({', '.join(one.asking.document.lists)})."
    elif several and one.holder is not None:
        yield f"As contact {one.holder.contact}, on list {', '.join(one.holder.lists)}."
    if one.asking.run is not None:
        kept = "; the campaign is written otherwise now, which counts from its next run on" * one.asking.rewritten
        yield f"Run {one.asking.run.id} goes on{kept}."
    if (enrolled := one.enrolled) is not None:
        due = f", due {local(enrolled.due_at)}" if standing(enrolled).startswith("it waits") else ""
        other = f" with {enrolled.number}" if enrolled.number != one.callee.number else ""
        yield f"In the run {standing(enrolled)}{due}{other}."
    yield from lines[1:]
