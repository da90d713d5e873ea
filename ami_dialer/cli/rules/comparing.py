"""`ami-dialer rules diff`: what changed in the rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ami_dialer.cli.output import amount, json_option, print_json
from ami_dialer.cli.rules.choosing import choose, today
from ami_dialer.cli.rules.listing import figure, purposes_text, rule_json
from ami_dialer.domain.rule_changes import Change, Changes, changes

#: Fields of a rule as they are called in files.
_WORDS = {"effective": "from", "ends": "to"}


@click.command("diff")
@click.argument("before", metavar="[FROM", default="adopted")
@click.argument("after", metavar="[TO]]", default="files")
@json_option
@click.pass_obj
def diff_command(config_file: Path, before: str, after: str, *, as_json: bool) -> None:
    """What is different between the rules FROM and TO: by itself between those adopted last and the files of now.

    Each is packaged, files, adopted, the number of a version, or a date. Where one is a date, rules in force on that
    day are compared with those in force today, or on the other date: rules diff 2021-06-30 2021-07-01.
    """
    old, new = choose(config_file, before, dates=True), choose(config_file, after, dates=True)
    on = today() if old.day or new.day else None
    found = changes(old.rules(on=on), new.rules(on=on))
    if as_json:
        print_json({"from": old.name, "to": new.name, **changes_json(found)})
        return
    for line in lines(found):
        click.echo(line)
    click.echo(f"{old.name} -> {new.name}: {summary(found)}")


def lines(found: Changes) -> Iterator[str]:
    """Each difference in a line: + what is new, - what is gone, ~ what changed."""
    for rule in found.added:
        yield f"+ {rule.id}, from {rule.effective} on: {figure(rule)} ({purposes_text(rule)}; {rule.source})"
    for rule in found.removed:
        yield f"- {rule.id}, from {rule.effective} on: {figure(rule)} ({purposes_text(rule)}; {rule.source})"
    for change in found.changed:
        yield f"~ {change.after.id}: {_told(change)}"


def _told(change: Change) -> str:
    if change.in_words_only:
        return f"only words: {', '.join(change.what)}"
    old, new = change.before, change.after
    told = []
    if figure(old) != figure(new):
        told.append(f"{figure(old)} -> {figure(new)}")
    if old.purposes != new.purposes:
        told.append(f"for {purposes_text(old)} -> {purposes_text(new)}")
    shown = figure(old) != figure(new)
    told += [
        f"{_WORDS.get(name, name)} {getattr(old, name) or '-'} -> {getattr(new, name) or '-'}"
        for name in ("effective", "ends", "per", "scope", "most", "seconds", "connect", "business_days")
        if name in change.what and (not shown or name in ("effective", "ends"))
    ]
    return "; ".join(told) or ", ".join(change.what)


def summary(found: Changes) -> str:
    """`1 added, 2 changed`, or `nothing changed`."""
    counts = ((len(found.added), "added"), (len(found.removed), "removed"), (len(found.changed), "changed"))
    told = ", ".join(f"{amount(count, 'rule')} {word}" for count, word in counts if count)
    return told or "nothing changed"


def changes_json(found: Changes) -> dict[str, Any]:
    """Added and removed rules in full, of changed ones what differs."""
    return {
        "added": [rule_json(rule) for rule in found.added],
        "removed": [rule_json(rule) for rule in found.removed],
        "changed": [
            {
                "id": change.after.id,
                "what": change.what,
                "in_words_only": change.in_words_only,
                "before": rule_json(change.before),
                "after": rule_json(change.after),
            }
            for change in found.changed
        ],
    }
