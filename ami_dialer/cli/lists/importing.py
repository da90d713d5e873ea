"""`ami-dialer list import`: contacts in."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.opening import changing
from ami_dialer.cli.output import amount, json_option, load_config, print_json, printable
from ami_dialer.config.schema import Config
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.journey.intake import Intake, IntakeError, import_list
from ami_dialer.store import lists

#: Of many rejected rows so many are shown; the rejects file has all.
_SHOWN = 10


@click.command("import")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def import_command(config_file: Path, names: tuple[str, ...], *, as_json: bool) -> None:
    """Import the lists of the configuration now: those named, or all.

    A file that has not changed since is left alone. Rows that cannot be called are kept beside the list, in
    FILE.rejected.csv, with line and reason. Runs that are going on keep the contacts they have.
    Ends with 6 when a list could not be imported as a whole.
    """
    config = load_config(config_file)
    unknown = [name for name in names if name not in config.lists]
    if unknown:
        known = f"it has: {', '.join(config.lists)}" if config.lists else "it has none"
        raise NotFoundError(f"the configuration has no list {', '.join(map(repr, unknown))}; {known}")
    done, failed = asyncio.run(_import(config, list(names) or list(config.lists), show=not as_json))
    if as_json:
        print_json({"lists": [_as_dict(each, config) for each in done], "failed": failed})
    else:
        for each in done:
            _print_intake(each, config)
        for text in failed.values():
            click.echo(f"ami-dialer: {text}", err=True)
        if not config.lists:
            click.echo(f"{config_file} declares no lists")
    if failed:
        raise SystemExit(IntakeError.exit_code)


async def _import(config: Config, names: list[str], *, show: bool) -> tuple[list[Intake], dict[str, str]]:
    clock = SystemClock()
    done: list[Intake] = []
    failed: dict[str, str] = {}
    async with changing(config) as database:
        stored = await lists.load_lists(database)
        with _progress(show=show) as progress:
            for name in names:
                digest = stored[name].file_digest
                watched = partial(_show, progress, progress.add_task(name, total=None), name)
                try:
                    settings = config.lists[name]
                    done.append(await import_list(database, name, settings, digest, clock.now(), watched))
                except IntakeError as error:
                    failed[name] = str(error)
    return done, failed


def _progress(*, show: bool) -> Progress:
    """On a terminal: how far each list is. Gone when it is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not (show and console.is_terminal))


def _show(progress: Progress, task: TaskID, name: str, phase: str, done: int, of: int) -> None:
    progress.update(task, description=f"{name}: {phase}", completed=done, total=of)


def _as_dict(each: Intake, config: Config) -> dict[str, Any]:
    return {
        "list": each.list_name,
        "file": config.lists[each.list_name].file,
        "read": each.read,
        "added": each.added,
        "known": each.known,
        "doubles": each.doubles,
        "rejected": [{"line": row.line, "reason": row.reason, "row": row.row} for row in each.rejected],
        "rejects_file": each.rejects_file,
    }


def _print_intake(each: Intake, config: Config) -> None:
    file = config.lists[each.list_name].file
    if not each.read:
        click.echo(f"{each.list_name}: {file} has not changed since it was imported")
        return
    click.echo(
        f"{each.list_name}: {amount(each.added, 'contact')} added, {each.known:,} known, "
        f"{amount(each.doubles, 'double')} dropped, {amount(len(each.rejected), 'row')} rejected"
    )
    for row in each.rejected[:_SHOWN]:
        click.echo(f"  {file}:{row.line}: {printable(row.reason)}")
    if len(each.rejected) > _SHOWN:
        click.echo(f"  and {len(each.rejected) - _SHOWN:,} more")
    if each.rejects_file is not None:
        click.echo(f"  all rejected rows, with line and reason: {each.rejects_file}")
