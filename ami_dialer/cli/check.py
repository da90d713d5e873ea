"""`ami-dialer check`: is the configuration in order?"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click

from ami_dialer.adapters.clock import SystemClock, machine_zone
from ami_dialer.config import rulebook
from ami_dialer.config.compliance_advice import Findings, compliance_advice
from ami_dialer.config.filter import BUILT_IN
from ami_dialer.config.filter import columns_of as filter_columns
from ami_dialer.config.flow import Flow
from ami_dialer.config.load import Examination, examine
from ami_dialer.config.plans import schedule_advice
from ami_dialer.config.problems import Path as KeyPath
from ami_dialer.config.problems import Problem, in_order, nearest
from ami_dialer.config.schema import Config
from ami_dialer.domain.merge import fields_needed
from ami_dialer.journey.intake import IntakeError, columns_of
from ami_dialer.sources.dnc import look_at
from ami_dialer.sources.problems import SourceError

#: What is counted, in the order of the file.
_COUNTED = ("servers", "trunks", "lists", "flows", "campaigns")


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def command(config_file: Path, *, as_json: bool) -> None:
    """Check the configuration and the lists it names, without touching Asterisk or the database.

    Ends with 0 when all is in order (warnings do not count), and with 2 when something must be mended. Campaigns are
    looked at by the rules of law too: a campaign that can never dial must be mended.
    """
    examined = examine(config_file, os.environ)
    problems, warnings = list(examined.problems), list(examined.warnings)
    law = Findings((), (), (), ())
    if examined.config is not None:
        rules = rulebook.examine(examined.config.compliance.rules)
        law = compliance_advice(examined.document, examined.config, rules, SystemClock().now())
        problems += law.problems
        warnings += law.warnings
        columns = _columns(examined, examined.config, problems)
        problems += _dnc_files(examined, examined.config)
        found = [*_unfilled(examined.config, columns), *_unfiltered(examined.config, columns)]
        found += schedule_advice(examined.config, SystemClock().now(), machine_zone())
        warnings += [examined.document.problem(path, text) for path, text in found]
    told = (in_order(problems), (*in_order(warnings), *law.rule_problems))
    if as_json:
        click.echo(_json(examined, *told, law.notes))
    else:
        _print(config_file, examined, *told, law.notes)
    if problems:
        raise SystemExit(2)


def _columns(examined: Examination, config: Config, problems: list[Problem]) -> dict[str, set[str]]:
    """The fields that the contacts of each list have; a list that cannot be read is a problem."""
    columns = {}
    for name, settings in config.lists.items():
        try:
            found = columns_of(name, settings, config.mappings)
        except IntakeError as error:
            told = str(error).removeprefix(f"list {name!r}: ")  # the key says so
            problems.append(examined.document.problem(("lists", name, "file"), told))
            continue
        if settings.file is not None:
            columns[name] = set(found)
    return columns


def _dnc_files(examined: Examination, config: Config) -> Iterator[Problem]:
    """Do-not-call files that cannot be read; without them the dialer does not start."""
    for name, settings in config.dnc_lists.items():
        if settings.file is not None:
            try:
                look_at(settings.file, settings.region)
            except SourceError as error:
                yield examined.document.problem(("dnc_lists", name, "file"), str(error))


def _unfilled(config: Config, columns: dict[str, set[str]]) -> Iterator[tuple[KeyPath, str]]:
    """Merge fields without a default that a list lacks: the flow fails for each of its contacts."""
    for name, flow in config.flows.items():
        lists = {used for campaign in config.campaigns.values() if campaign.flow == name for used in campaign.lists}
        for path, text in _said(flow):
            for field in fields_needed(text):
                without = sorted(used for used in lists if field not in columns.get(used, {field}))
                if without:
                    mend = f'add the column or write {{{{{field}|default("…")}}}}'
                    yield ("flows", name, *path), f"{', '.join(without)}: no column {field!r}; {mend}"


def _unfiltered(config: Config, columns: dict[str, set[str]]) -> Iterator[tuple[KeyPath, str]]:
    """Columns that a filter asks for and no list of the campaign has: probably written otherwise there."""
    for name, campaign in config.campaigns.items():
        if campaign.filter is None or not columns.keys() >= set(campaign.lists):
            continue  # what is fetched or made by hand has columns that are not known here
        known = {*BUILT_IN, *(column for used in campaign.lists for column in columns[used])}
        for column in filter_columns(campaign.filter):
            if column not in known:
                yield ("campaigns", name, "filter"), f"no list has the column {column!r}{nearest(column, known)}"


def _said(flow: Flow) -> Iterator[tuple[KeyPath, str]]:
    """Every text of a flow that is spoken, with its path."""
    for step, verbs in flow.steps.items():
        for number, verb in enumerate(verbs):
            at: KeyPath = ("steps", step, number)
            if verb.say is not None:
                yield (*at, "say"), verb.say
            for key, part, names in (
                ("ask", verb.ask, ("prompt", "invalid", "silent")),
                ("opt_out", verb.opt_out, ("prompt",)),
            ):
                for prompts in names if part is not None else ():
                    for place, prompt in enumerate(getattr(part, prompts)):
                        if prompt.say is not None:
                            yield (*at, key, prompts, place, "say"), prompt.say


def _counts(config: Config | None) -> dict[str, int]:
    return {section: len(getattr(config, section)) for section in _COUNTED} if config else {}


def _json(
    examined: Examination, problems: tuple[Problem, ...], warnings: tuple[Problem, ...], notes: tuple[str, ...]
) -> str:
    return json.dumps(
        {
            "ok": not problems,
            "problems": [problem.as_dict() for problem in problems],
            "warnings": [warning.as_dict() for warning in warnings],
            "notes": notes,
            "counts": _counts(examined.config),
        },
        indent=2,
    )


def _print(
    file: Path,
    examined: Examination,
    problems: tuple[Problem, ...],
    warnings: tuple[Problem, ...],
    notes: tuple[str, ...],
) -> None:
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        click.echo(f"{file}: {_amount(len(problems), 'problem')} to mend", err=True)
        return
    counted = ", ".join(_amount(count, section[:-1]) for section, count in _counts(examined.config).items())
    click.echo(f"{file} is in order: {counted}")
    for note in notes:
        click.echo(f"note: {note}")


def _amount(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
