"""`ami-dialer doctor`: asks a live PBX, and says how to mend what is wrong."""

import asyncio
import os
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import get_terminal_size

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.output import amount, json_option, print_json, printable
from ami_dialer.doctor.finding import Finding, Status
from ami_dialer.doctor.round import findings

_SIGNS = {Status.OK: "✔", Status.FAILED: "✘", Status.WARNING: "!", Status.NOT_CHECKED: "\u2013"}
_PLAIN_SIGNS = {Status.OK: "ok  ", Status.FAILED: "FAIL", Status.WARNING: "warn", Status.NOT_CHECKED: "-   "}
_COLOURS = {Status.OK: "green", Status.FAILED: "red", Status.WARNING: "yellow", Status.NOT_CHECKED: None}
#: Longest name of a check, for the column.
_NAME_WIDTH = 14
#: Lines longer than this are hard to read on any terminal.
_WIDEST = 110


@click.command("doctor")
@click.option("--server", metavar="NAME", help="Ask this server only; default all of the configuration.")
@json_option
@click.pass_obj
def command(config_file: Path, *, server: str | None, as_json: bool) -> None:
    """Check this machine and each Asterisk, and say how to mend what is wrong.

    Places test calls that stay inside Asterisk's dialplan; nobody is called. A dialer may be running. Run it as the
    user that runs the dialer. Ends with 0 when nothing failed, else with 1; warnings do not count.
    """
    found = asyncio.run(_all(findings(config_file, os.environ, SystemClock(), server), quiet=as_json))
    counts = Counter(finding.result.status for finding in found)
    if as_json:
        print_json(
            {
                "ok": not counts[Status.FAILED],
                "counts": {status: counts[status] for status in Status},
                "checks": [_flat(finding) for finding in found],
            }
        )
    else:
        click.echo(
            f"\n{counts[Status.OK]} ok, {counts[Status.FAILED]} failed, {amount(counts[Status.WARNING], 'warning')}, "
            f"{counts[Status.NOT_CHECKED]} not checked"
        )
    if counts[Status.FAILED]:
        raise SystemExit(1)


async def _all(source: AsyncIterator[Finding], *, quiet: bool) -> list[Finding]:
    """Every finding; shown as it comes, since a server that does not answer takes its time."""
    found: list[Finding] = []
    async for finding in source:
        if not quiet:
            _show(finding, heading=not found or found[-1].group != finding.group, first=not found)
        found.append(finding)
    return found


def _flat(finding: Finding) -> dict[str, str]:
    result = finding.result
    return {
        "group": finding.group,
        "check": finding.check,
        "subject": result.subject,
        "status": result.status,
        "detail": result.detail,
        "mend": result.mend,
    }


def _show(finding: Finding, *, heading: bool, first: bool) -> None:
    if heading:
        click.echo(("" if first else "\n") + click.style(finding.group, bold=True))
    result = finding.result
    fancy = _fancy()
    sign = click.style((_SIGNS if fancy else _PLAIN_SIGNS)[result.status], fg=_COLOURS[result.status])
    subject = f"{result.subject}: " if result.subject else ""
    indent = " " * (2 + len(_SIGNS[result.status] if fancy else _PLAIN_SIGNS[result.status]) + 1 + _NAME_WIDTH + 2)
    click.echo(f"  {sign} {finding.check:<{_NAME_WIDTH}}  {_folded(subject + result.detail, indent, fancy=fancy)}")
    if result.mend:
        arrow = "→ " if fancy else "-> "
        click.echo(f"{indent}{arrow}{_folded(result.mend, indent + ' ' * len(arrow), fancy=fancy)}")


def _folded(text: str, indent: str, *, fancy: bool) -> str:
    """On a terminal, lines that fit; in a file or pipe one line, for grep."""
    lines = [printable(line) for line in text.splitlines()]
    if not fancy:
        return " ".join(lines)
    width = max(40, min(get_terminal_size().columns, _WIDEST) - len(indent))
    folded = [
        part
        for line in lines
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    return f"\n{indent}".join(folded)


def _fancy() -> bool:
    """Whether signs beyond ASCII can be shown."""
    return sys.stdout.isatty() and (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
