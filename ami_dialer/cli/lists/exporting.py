"""`ami-dialer list export`: a list as a file."""

import asyncio
import sys
from functools import partial
from pathlib import Path

import click

from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import amount, json_option, load_config, print_json
from ami_dialer.cli.progress import progress_bar
from ami_dialer.cli.whole_file import whole_file
from ami_dialer.config.schema import Config
from ami_dialer.reporting.list_export import write_csv, write_jsonl
from ami_dialer.store import lists

_WRITERS = {"csv": write_csv, "jsonl": write_jsonl}


@click.command("export")
@click.argument("name")
@click.argument(
    "file", metavar="[FILE|-]", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default=Path("-")
)
@click.option("--format", "kind", type=click.Choice(list(_WRITERS)), help="Default: what FILE ends in, else csv.")
@json_option
@click.pass_obj
def export_command(config_file: Path, name: str, file: Path, kind: str | None, *, as_json: bool) -> None:
    """Write the contacts of list NAME to FILE, or to standard output, in the order in which they came.

    The CSV has the phones with their labels, time zone, priority, country and state, and a column for each field;
    `list import` reads it back as the same contacts. Cells that a spreadsheet would take for a formula (they begin
    with = + - @ or a tab) get an apostrophe in front, which the import takes away again; numbers like +15551234567
    stay as they are. JSON lines have everything as it is.
    """
    to_stdout = str(file) == "-"
    if to_stdout and as_json:
        raise click.UsageError("with --json name a file: standard output can hold one of the two")
    kind = kind or ("jsonl" if file.suffix in {".jsonl", ".ndjson"} else "csv")
    count = asyncio.run(_export(load_config(config_file), name, None if to_stdout else file, kind))
    if as_json:
        print_json({"list": name, "file": file, "format": kind, "contacts": count})
    elif not to_stdout:
        click.echo(f"{file}: {amount(count, 'contact')} of {name}")


async def _export(config: Config, name: str, file: Path | None, kind: str) -> int:
    write = _WRITERS[kind]
    async with reading(config) as database:
        stored = await lists.load_list(database, name)
        total = (await lists.count_members(database, stored.id)).get(stored.id, 0)
        with progress_bar(show=file is not None) as progress:
            advance = partial(progress.advance, progress.add_task(name, total=2 * total))
            if file is None:
                return await write(database, stored.id, sys.stdout, advance)
            # With a BOM: Excel takes CSV without one for the code page of the machine.
            encoding = "utf-8-sig" if kind == "csv" else "utf-8"
            with whole_file(file) as part, part.open("w", encoding=encoding, newline="") as out:
                return await write(database, stored.id, out, advance)
