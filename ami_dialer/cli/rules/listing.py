"""`ami-dialer rules list`, `at`, `versions`: which rules there are."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows
from ami_dialer.cli.rules.choosing import WHICH, Chosen, choose, read_day, today
from ami_dialer.config.rulebook import as_plain
from ami_dialer.domain.rulebook import Certainty, Purpose, Rule, RuleKind
from ami_dialer.rules.compliance.telling import figure_of
from ami_dialer.store import rulebooks


def _narrowing(command: Callable[..., None]) -> Callable[..., None]:
    """Options that leave rules out, and how the others are shown."""
    for option in (
        json_option,
        click.option("--long", "in_full", is_flag=True, help="Each rule in full: sentence, source, address, note."),
        click.option("--of", "which", default="files", show_default=True, metavar="WHICH", help=f"{WHICH}."),
        click.option("--purpose", type=click.Choice([each.value for each in Purpose]), help="For calls of this kind."),
        click.option("--kind", type=click.Choice([each.value for each in RuleKind]), help="What they are about."),
        click.option("--jurisdiction", metavar="US-FL", help="Country, or state or province; a country alone."),
    ):
        command = option(command)
    return command


@click.command("list")
@_narrowing
@click.pass_obj
def list_command(config_file: Path, /, *, which: str, as_json: bool, in_full: bool, **wanted: str | None) -> None:
    """The rules in force today, with source and the day somebody last looked at it; marks those in dispute."""
    chosen = choose(config_file, which, in_place=True)
    _show(chosen, today(), wanted, as_json=as_json, in_full=in_full)
    if not as_json:
        _tell_coming(_fitting(chosen.rulebook.rules, wanted), today())


@click.command("at")
@click.argument("day", metavar="DATE")
@_narrowing
@click.pass_obj
def at_command(
    config_file: Path, /, day: str, *, which: str, as_json: bool, in_full: bool, **wanted: str | None
) -> None:
    """The rules in force on DATE (2021-07-01), past or coming."""
    on = read_day(day)
    _show(choose(config_file, which, in_place=True), on, wanted, as_json=as_json, in_full=in_full)


@click.command("versions")
@json_option
@click.pass_obj
def versions_command(config_file: Path, *, as_json: bool) -> None:
    """Every version of the rules that the dialer ever took; attempts refer to the one they were judged by."""

    async def ask() -> Sequence[rulebooks.Version]:
        async with reading(load_config(config_file)) as database:
            return await rulebooks.versions(database)

    found = asyncio.run(ask())
    if as_json:
        print_json(found)
    elif not found:
        click.echo("no rules were adopted yet; `ami-dialer run` does it when it starts")
    else:
        rows = [
            (each.id, "in force" if each.in_force else "", each.adopted_at, each.origin, each.digest[:12])
            for each in found
        ]
        print_rows(("version", "", "adopted last", "from", "digest"), rows, right=frozenset({0}))


def _show(chosen: Chosen, day: date, wanted: dict[str, str | None], *, as_json: bool, in_full: bool) -> None:
    rules = _fitting(chosen.rules(on=day), wanted)
    if as_json:
        print_json({"rules": chosen.name, "on": day, "found": [rule_json(rule) for rule in rules]})
        return
    if not rules:
        click.echo(f"no rule fits ({chosen.name}, on {day})")
    elif in_full:
        for rule in rules:
            _print_in_full(rule)
    else:
        heading = ("rule", "what it says", "for", "since", "checked", "", "source")
        print_rows(heading, [_row(rule) for rule in rules])
    disputed = sum(rule.certainty is Certainty.DISPUTED for rule in rules)
    if disputed:
        click.echo(f"{amount(disputed, 'rule')} disputed: the stricter figure is taken; --long says what of")


def _fitting(rules: Sequence[Rule], wanted: dict[str, str | None]) -> list[Rule]:
    place, kind, purpose = wanted["jurisdiction"], wanted["kind"], wanted["purpose"]
    return [
        rule
        for rule in rules
        if (place is None or rule.jurisdiction == place.upper())
        and (kind is None or rule.kind == kind)
        and (purpose is None or purpose in rule.purposes)
    ]


def _row(rule: Rule) -> tuple[object, ...]:
    mark = "DISPUTED" if rule.certainty is Certainty.DISPUTED else rule.certainty.value
    return rule.id, short(figure(rule), 70), purposes_text(rule), rule.effective, rule.checked, mark, rule.source


def _print_in_full(rule: Rule) -> None:
    told = figure(rule)
    click.secho(f"{rule.id}  {told}", bold=True)
    until = f" until {rule.ends}" if rule.ends else ""
    for line in (
        *([] if told.startswith(rule.says) else [rule.says]),
        f"for {purposes_text(rule)}; in force from {rule.effective} on{until}",
        f"{rule.source}, {rule.url}",
        f"{rule.certainty}, checked {rule.checked}. {rule.note}".rstrip(),
    ):
        click.echo(f"    {line}")


def _tell_coming(rules: Sequence[Rule], day: date) -> None:
    for rule in rules:
        if rule.effective > day:
            click.echo(f"from {rule.effective} on: {rule.id}, {figure(rule)}")
        elif rule.ends is not None and rule.ends > day:
            click.echo(f"until {rule.ends}: {rule.id}")


def figure(rule: Rule) -> str:
    """What the rule lets through; says so where only recorded voice is meant."""
    return f"{figure_of(rule)} (recorded voice)" if rule.recorded else figure_of(rule)


def purposes_text(rule: Rule) -> str:
    """`sales,survey`, or `all`."""
    return "all" if len(rule.purposes) == len(Purpose) else ",".join(each for each in Purpose if each in rule.purposes)


def rule_json(rule: Rule) -> dict[str, Any]:
    """A rule with all it holds; what it does not say is left out."""
    return {**as_plain(rule), "figure": figure(rule)}


def short(text: str, most: int) -> str:
    """At most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
