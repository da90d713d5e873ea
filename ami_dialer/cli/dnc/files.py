"""`ami-dialer dnc import` and `export`: do-not-call lists as files."""

import asyncio
import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.dnc.lists import checked_name
from ami_dialer.cli.opening import changing, reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json, printable
from ami_dialer.cli.progress import progress_bar
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.domain.formulas import neutral
from ami_dialer.journey import scrub
from ami_dialer.journey.scrub import DncImport
from ami_dialer.store import dnc

_COLUMNS = ("number", "reason", "source", "added_at", "expires_at")


class CannotWriteError(DialerError):
    """The file of an export cannot be written."""

    exit_code = 6


@click.command("import")
@click.argument("list_name", metavar="[LIST]", required=False)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--region", help="Country (ISO 3166) of numbers without a country code; else that of the list, or US.")
@json_option
@click.pass_obj
def import_command(
    config_file: Path, list_name: str | None, file: Path | None, region: str | None, *, as_json: bool
) -> None:
    """Put the numbers of FILE on do-not-call list LIST, which is made when it does not exist.

    FILE is CSV with a column of numbers (and `reason`, `expires` where it has them), or one number a line; '+1900*'
    stands for all numbers that begin so. Lines that hold no number are kept in FILE.rejected.csv, all others come in:
    where `expires` or `reason` cannot be read, without it, and a warning says so.
    Without FILE: the file that the configuration names for LIST, or for all lists, where it has changed.
    """
    config = load_config(config_file)
    if list_name is not None:
        checked_name(list_name)
    wanted = _wanted(config, list_name, file, region)
    done = asyncio.run(_import(config, wanted, again=file is not None, show=not as_json))
    if as_json:
        print_json([_as_dict(each) for each in done])
        return
    for each in done:
        _print(each)
    if not wanted:
        click.echo(f"{config_file} names no file under dnc_lists")


def _wanted(
    config: Config, list_name: str | None, file: Path | None, region: str | None
) -> list[tuple[str, Path, str]]:
    """List, file and region of each import."""
    declared = config.dnc_lists
    if list_name is not None and file is not None:
        of_list = declared[list_name].region if list_name in declared else "US"
        return [(list_name, file, region or of_list)]
    files = {name: settings.file for name, settings in declared.items() if settings.file is not None}
    if list_name is not None and list_name not in files:
        named = f"it does for: {', '.join(files)}" if files else "it does for none"
        raise NotFoundError(f"the configuration names no file for {list_name!r} ({named}); write the file after it")
    names = files if list_name is None else [list_name]
    return [(name, files[name], region or declared[name].region) for name in names]


async def _import(config: Config, wanted: list[tuple[str, Path, str]], *, again: bool, show: bool) -> list[DncImport]:
    done = []
    async with changing(config) as database:
        for name, file, region in wanted:
            with _progress(name, show=show) as progress:
                now = SystemClock().now()
                done.append(
                    await scrub.import_dnc_file(database, name, file, region, now, again=again, progress=progress)
                )
    return done


@contextmanager
def _progress(name: str, *, show: bool) -> Iterator[scrub.Progress]:
    """On a terminal: how far the import is. Gone when it is done."""
    with progress_bar(show=show) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _as_dict(each: DncImport) -> dict[str, Any]:
    return {
        "list": each.list_name,
        "file": each.file,
        "read": each.read,
        "described": each.described,
        "added": each.added,
        "known": each.known,
        "rejections": each.rejections,
        "rejected": [{"line": row.line, "kind": row.kind, "reason": row.reason} for row in each.rejected],
        "warnings": each.warnings,
        "warned": [{"line": row.line, "kind": row.kind, "reason": row.reason} for row in each.warned],
        "rejects_file": each.rejects_file,
        "rejects_trouble": each.rejects_trouble,
    }


def _print(each: DncImport) -> None:
    if not each.read:
        click.echo(f"{each.list_name}: {each.file} has not changed since it was imported")
        return
    click.echo(f"{each.list_name}: {each.file}: {each.described}")
    warnings = f", {amount(each.warnings, 'warning')}" if each.warnings else ""
    click.echo(
        f"  {amount(each.added, 'number')} added, {each.known:,} stood on it already, "
        f"{amount(each.rejections, 'line')} rejected{warnings}"
    )
    for row in each.rejected:
        click.echo(f"  {each.file}:{row.line}: {printable(row.reason)}")
    if each.rejections > len(each.rejected):
        click.echo(f"  and {each.rejections - len(each.rejected):,} more")
    for warned in each.warned:
        click.echo(f"  {each.file}:{warned.line}: warning: {printable(warned.reason)}")
    if each.warnings > len(each.warned):
        click.echo(f"  and {amount(each.warnings - len(each.warned), 'more warning')}")
    if each.rejects_file is not None:
        click.echo(f"  all rejected lines, with number and reason: {each.rejects_file}")
    if each.rejects_trouble is not None:
        click.echo(f"  rejected lines are not kept: {each.rejects_trouble}")


@click.command("export")
@click.argument("list_name", metavar="LIST")
@click.argument(
    "file", metavar="[FILE|-]", default=Path("-"), type=click.Path(path_type=Path, dir_okay=False, allow_dash=True)
)
@json_option
@click.pass_obj
def export_command(config_file: Path, list_name: str, file: Path, *, as_json: bool) -> None:
    """Write the entries of LIST that count now as CSV, to FILE or standard output. `dnc import` reads it again."""
    to_stdout = str(file) == "-"
    if as_json and to_stdout:
        raise click.UsageError("with --json name a file: standard output can hold one of the two")
    config = load_config(config_file)
    written = asyncio.run(_export(config, list_name, None if to_stdout else file))
    if as_json:
        print_json({"list": list_name, "file": file, "entries": written})
    else:
        to = "standard output" if to_stdout else file
        click.echo(f"{list_name}: {amount(written, 'entry', 'entries')} written to {to}", err=to_stdout)


async def _export(config: Config, list_name: str, file: Path | None) -> int:
    async with reading(config) as database:
        await dnc.list_key(database, list_name)  # before a file is begun
        portions = dnc.stream(database, list_name, SystemClock().now())
        with _output(file) as out:
            writer = csv.writer(out)
            writer.writerow(_COLUMNS)
            written = 0
            async for portion in portions:
                writer.writerows(
                    (
                        entry.number,
                        neutral(entry.reason),
                        entry.source,
                        entry.added_at.isoformat(),
                        entry.expires_at.isoformat() if entry.expires_at else "",
                    )
                    for entry in portion
                )
                written += len(portion)
    return written


@contextmanager
def _output(file: Path | None) -> Iterator[IO[str]]:
    if file is None:
        yield sys.stdout
        return
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            yield out
    except OSError as error:
        raise CannotWriteError(f"{file} cannot be written: {error.strerror}") from error
