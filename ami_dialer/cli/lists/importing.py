"""`ami-dialer list import`: contacts in."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, TaskID

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.lists.mapping import check_free, mapped_columns
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import amount, json_option, load_config, print_json, print_rows, printable
from ami_dialer.cli.progress import progress_bar
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError, StoreError
from ami_dialer.domain.intake import ListState
from ami_dialer.journey import intake
from ami_dialer.journey.intake import Intake, Preview, Target
from ami_dialer.sources.rejects import readable
from ami_dialer.store.database import Database
from ami_dialer.store.mappings import load_mapping, save_mapping

#: What the counts of an import are called, in the order in which they are shown.
_COUNTS = {
    "added": "added",
    "renewed": "came in anew (older than dupe_days)",
    "on_dnc": "of them on do-not-call lists, which campaigns that use these will not call",
    "known": "known already",
    "doubles": "stood twice in the file",
    "blank": "blank",
    "broken": "rejected: broken (open quotation mark, NUL byte, endless line)",
    "encoding": "rejected: bytes that are no text",
    "cells": "rejected: more or fewer cells than the header",
    "too_long": "rejected: a value is too long",
    "phone_missing": "rejected: no phone",
    "phone_bad": "rejected: no phone that can be called",
    "zone": "rejected: unknown time zone",
    "priority": "rejected: bad priority",
    "bad_further_phone": "further phones left out",
}
#: Contacts of a preview that are shown.
_SAMPLE = 5


@click.command("import")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--file",
    "-f",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append this file to list NAME, instead of the file that the configuration names.",
)
@click.option(
    "--column",
    "pairs",
    multiple=True,
    metavar="OURS=COLUMN",
    help="What a column is: phone, phone_2 or phone.mobile in dialing order, time_zone, priority, or a field's name. "
    "May be given several times.",
)
@click.option("--mapping", metavar="NAME", help="Take the columns of this named mapping.")
@click.option("--save-mapping", metavar="NAME", help="Keep what the columns are under this name.")
@click.option("--encoding", help="Encoding of the file (utf-8, cp1252, …); without it, it is found by itself.")
@click.option("--preview", is_flag=True, help="Show how the file would be read, and import nothing.")
@click.option("--again", is_flag=True, help="Import a file once more that was imported before.")
@json_option
@click.pass_obj
def import_command(  # noqa: PLR0913 - one argument for each option
    config_file: Path,
    names: tuple[str, ...],
    file: Path | None,
    pairs: tuple[str, ...],
    mapping: str | None,
    save_mapping: str | None,
    encoding: str | None,
    *,
    preview: bool,
    again: bool,
    as_json: bool,
) -> None:
    """Bring contacts into lists: the files that the configuration names for NAME, or for all lists; or --file.

    A file that was imported before is left alone; one whose import was cut off goes on where it was. Rows that cannot
    be called are kept beside the file, in FILE.rejected.csv, with line and reason. Dialect, encoding and columns are
    found by themselves and shown; --preview shows them first. Ends with 6 when a file could not be imported.
    """
    if (file is not None or pairs or mapping or save_mapping or encoding) and len(names) != 1:
        raise click.UsageError("--file, --column, --mapping, --save-mapping and --encoding are for one list: name it")
    columns = mapped_columns(pairs)
    config = load_config(config_file)
    if save_mapping:
        check_free(config, save_mapping)
    wishes = _Wishes(file, columns, mapping, save_mapping, encoding, preview=preview, again=again)
    done, previews, failed = asyncio.run(_import(config, list(names) or list(config.lists), wishes, show=not as_json))
    if as_json:
        print_json(
            {
                "lists": [_as_dict(each) for each in done],
                "previews": [_preview_as_dict(target, each) for target, each in previews],
                "failed": {name: str(error) for name, error in failed.items()},
            }
        )
    else:
        for each in done:
            _print_intake(each)
        for target, found in previews:
            _print_preview(target, found)
        if save_mapping and not failed:
            click.echo(f"mapping {save_mapping} was saved")
        _print_failed(failed.values())
        if not names and not config.lists:
            click.echo(f"{config_file} declares no lists")
    if failed:
        raise SystemExit(max(error.exit_code for error in failed.values()))


class _Wishes:
    """What the user wants otherwise than the configuration has it."""

    def __init__(
        self,
        file: Path | None,
        columns: dict[str, str],
        mapping: str | None,
        save_as: str | None,
        encoding: str | None,
        *,
        preview: bool,
        again: bool,
    ) -> None:
        self.file = file
        self.columns = columns
        self.mapping = mapping
        self.save_as = save_as
        self.encoding = encoding
        self.preview = preview
        self.again = again

    async def target(self, database: Database, name: str) -> Target:
        """The list, with columns and encoding as wished."""
        target = await intake.target_of(database, name)
        named = await load_mapping(database, self.mapping) if self.mapping else {}
        settings = target.settings
        if self.encoding:
            settings = settings.model_copy(update={"encoding": self.encoding})
        return replace(target, settings=settings, mapping=intake.joined(target.mapping, named, self.columns))


async def _import(
    config: Config, names: list[str], wishes: _Wishes, *, show: bool
) -> tuple[list[Intake], list[tuple[Target, Preview]], dict[str, DialerError]]:
    done: list[Intake] = []
    previews: list[tuple[Target, Preview]] = []
    failed: dict[str, DialerError] = {}
    async with changing(config) as database:
        targets = [await wishes.target(database, name) for name in names]
        with progress_bar(show=show) as progress:
            for target in targets:
                path = wishes.file or target.settings.file
                if path is None:
                    if len(names) == 1:
                        raise click.UsageError(f"list {target.name!r} has no file of its own; name one with --file")
                    continue
                watched = partial(_show, progress, progress.add_task(target.name, total=None), target.name)
                try:
                    if wishes.preview or wishes.save_as:
                        found = await asyncio.to_thread(intake.preview, target, path)
                        if wishes.save_as:
                            await save_mapping(database, wishes.save_as, _mapping_of(found))
                        if wishes.preview:
                            previews.append((target, found))
                    if not wishes.preview:
                        imported = await intake.import_file(
                            database, target, path, SystemClock(), watched, again=wishes.again
                        )
                        done.append(imported)
                except DialerError as error:
                    failed[target.name] = error
                    if isinstance(error, StoreError):  # the next list would meet it too
                        break
    return done, previews, failed


def _mapping_of(found: Preview) -> dict[str, str]:
    """{our name: column} of a file as it was read, phones in dialing order."""
    columns = found.columns
    names = columns.names
    mapping = {}
    for phone in columns.phones:
        ours = "phone" if phone.order == 0 else f"phone.{phone.label}" if phone.label else f"phone_{phone.order + 1}"
        mapping[ours] = names[phone.index]
    for ours, at in (("time_zone", columns.zone), ("priority", columns.priority)):
        if at is not None:
            mapping[ours] = names[at]
    mapping.update({field: names[at] for at, field in columns.fields if field != names[at]})
    return mapping


def _show(progress: Progress, task: TaskID, name: str, phase: str, done: int, of: int) -> None:
    progress.update(task, description=f"{name}: {phase}", completed=done, total=of or None)


def _as_dict(each: Intake) -> dict[str, Any]:
    return {
        "list": each.list_name,
        "file": each.source,
        "read": each.read,
        "read_as": each.described,
        "resumed": each.resumed,
        "batches": each.batches,
        "counts": dict(each.counts),
        "state": each.list_state,
        "rejected": [
            {"line": row.line, "kind": row.kind, "reason": readable(row.reason), "row": list(map(readable, row.cells))}
            for row in each.rejected
        ],
        "warned": [{"line": row.line, "kind": row.kind, "reason": readable(row.reason)} for row in each.warned],
        "rejects_file": each.rejects_file,
        "rejects_trouble": each.rejects_trouble,
    }


def _print_intake(each: Intake) -> None:
    if not each.source:
        click.echo(f"{each.list_name}: has no file of its own")
        return
    if not each.read:
        click.echo(f"{each.list_name}: {each.source} has not changed since it was imported")
        return
    went_on = "; went on where it was cut off" if each.resumed else ""
    click.echo(f"{each.list_name}: {each.source}, {each.described}{went_on}")
    _print_counts(each)
    for line, reason in [(row.line, row.reason) for row in each.rejected] + [(w.line, w.reason) for w in each.warned]:
        click.echo(f"  {each.source}:{line}: {printable(reason)}")
    if (left := each.rejections - len(each.rejected)) > 0:
        click.echo(f"  and {left:,} more")
    if each.rejects_file is not None:
        click.echo(f"  all rejected rows, with line and reason: {each.rejects_file}")
    elif each.rejects_trouble is not None:
        click.echo(f"  rejected rows are not kept: {each.rejects_trouble}")
    if each.list_state is ListState.INVALID:
        click.echo(f"  nobody in {each.list_name} can be called")


def _print_failed(errors: Collection[DialerError]) -> None:
    for error in errors:
        click.echo(f"ami-dialer: {error}", err=True)
    if any(isinstance(error, StoreError) for error in errors):
        click.echo("What came in stays; the same command goes on where this one stopped.", err=True)


def _print_counts(each: Intake) -> None:
    for kind, words in _COUNTS.items():
        if count := each.counts.get(kind, 0):
            click.echo(f"  {count:>11,} {words}")
    if not each.counts:
        click.echo("            no rows")


def _preview_as_dict(target: Target, found: Preview) -> dict[str, Any]:
    return {
        "list": target.name,
        "file": found.survey.path,
        "read_as": found.survey.describe(),
        "columns": _mapping_of(found),
        "fields": [field for _, field in found.columns.fields],
        "contacts": [
            {"line": one.line, "phone": one.number, "further": [phone.number for phone in one.further]}
            for one in found.reading.contacts[:_SAMPLE]
        ],
        "rejected": [{"line": row.line, "reason": readable(row.reason)} for row in found.reading.rejected[:_SAMPLE]],
    }


def _print_preview(target: Target, found: Preview) -> None:
    click.echo(f"{target.name}: {found.survey.path}, {found.survey.describe()}; nothing was imported")
    columns = found.columns
    special = {columns.zone: "time zone", columns.priority: "priority"}
    phones = {phone.index: f"phone {phone.order + 1} {phone.label or ''}".strip() for phone in columns.phones}
    fields = {at: f"field {field}" for at, field in columns.fields}
    rows = [(name, phones.get(at) or special.get(at) or fields.get(at)) for at, name in enumerate(columns.names)]
    print_rows(("column", "is"), rows)
    read = found.reading
    looked_at = len(read.contacts) + len(read.rejected) + read.blank
    click.echo(f"of the first {amount(looked_at, 'row')} {len(read.contacts)} can be called, as:")
    for one in read.contacts[:_SAMPLE]:
        others = "".join(f", {phone.number}" for phone in one.further)
        click.echo(f"  line {one.line}: {one.number}{others} {printable(one.fields)}")
    for row in read.rejected[:_SAMPLE]:
        click.echo(f"  line {row.line}: {printable(row.reason)}")
