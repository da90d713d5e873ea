"""`ami-dialer lab`: a PBX and a simulated world, to try campaigns without calling anyone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ami_dialer.lab import (
    BEHAVIOURS,
    MIXED,
    LabSettings,
    LabStatus,
    down,
    install,
    instances,
    status,
    up,
)
from ami_dialer.lab.behaviours import MIXED_AREA

_directory = click.option(
    "--directory",
    "-d",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/lab"),
    show_default=True,
    help="The lab's folder: configuration, logs, sockets, secret.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(name="lab")
def command() -> None:
    """Two real Asterisks on loopback: a PBX, and a world of people and machines to call."""


@command.command("install")
@_as_json
def install_command(as_json: bool) -> None:
    """Fetch an Asterisk and the programs for sounds, where they are missing."""
    asterisk = install(lambda text: click.echo(text, err=as_json))
    if as_json:
        click.echo(json.dumps({"version": asterisk.version, "root": str(asterisk.root or "/")}))
    else:
        click.echo(f"Asterisk {asterisk.version} is ready ({asterisk.root or 'the one on PATH'})")


def _range(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`16000-17999` as (16000, 17999)."""
    if value is None:
        return None
    first, _, last = value.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) < int(last) <= 65_535):
        raise click.BadParameter(f"{value!r} is not a range of ports such as 16000-17999")
    return int(first), int(last)


_PORT = click.IntRange(1, 65_535)


@command.command("up")
@_directory
@click.option("--ami", type=_PORT, help="Manager port of the PBX.  [15038]")
@click.option("--pbx-sip", type=_PORT, help="SIP port of the PBX.  [15060]")
@click.option("--world-sip", type=_PORT, help="SIP port of the world.  [15062]")
@click.option("--sipp", type=_PORT, help="Where trunk `sipp` calls.  [15064]")
@click.option("--fastagi", type=_PORT, help="FastAGI port of the dialer.  [14573]")
@click.option("--world-ami", type=_PORT, help="Manager port of the world.  [15039]")
@click.option("--pbx-rtp", metavar="FIRST-LAST", callback=_range, help="RTP of the PBX.  [16000-17999]")
@click.option("--world-rtp", metavar="FIRST-LAST", callback=_range, help="RTP of the world.  [18000-19999]")
@click.option("--seed", type=int, help="Draws the behaviours of the mixed range.  [1]")
@click.option(
    "--classic-agi", type=click.Path(dir_okay=False, path_type=Path), help="AGI script to use instead of FastAGI."
)
@click.option("--no-classic-agi", is_flag=True, help="Use FastAGI again.")
@_as_json
def up_command(
    directory: Path,
    as_json: bool,
    seed: int | None,
    classic_agi: Path | None,
    no_classic_agi: bool,
    **ports: Any,  # noqa: ANN401 - numbers and pairs of them; click has checked each
) -> None:
    """Start it; does nothing where it runs. What is not given stays as it was last time."""
    settings = LabSettings.saved(directory) or LabSettings(directory=directory)
    given = {name: value for name, value in ports.items() if value is not None}
    settings = replace(
        settings,
        ports=replace(settings.ports, **given),
        seed=settings.seed if seed is None else seed,
        classic_agi=None if no_classic_agi else classic_agi or settings.classic_agi,
    )
    state = up(settings)
    if as_json:
        click.echo(json.dumps(_as_data(state)))
    else:
        _print_processes(state)
        _print_use(settings)


@command.command("down")
@_directory
@click.option("--remove", is_flag=True, help="Remove the lab's folder too.")
@_as_json
def down_command(directory: Path, remove: bool, as_json: bool) -> None:
    """End it, however it was left."""
    down(LabSettings.saved(directory) or LabSettings(directory=directory), remove=remove)
    click.echo(json.dumps({"running": False}) if as_json else "The lab is down.")


@command.command("status")
@_directory
@_as_json
def status_command(directory: Path, as_json: bool) -> None:
    """What runs, on which ports, and what the numbers do. Exit code 1 where it does not run."""
    state = status(LabSettings.saved(directory) or LabSettings(directory=directory))
    if as_json:
        click.echo(json.dumps(_as_data(state)))
    else:
        _print_processes(state)
        if state.running:
            _print_use(state.settings)
        _print_numbers()
    if not state.running:
        raise click.exceptions.Exit(1)


def _as_data(state: LabStatus) -> dict[str, object]:
    ports = state.settings.ports
    return {
        "running": state.running,
        "directory": str(state.settings.home),
        "pids": state.pids,
        "channels": state.channels,
        "ports": {name: getattr(ports, name) for name in ports.__slots__},
        "secret_file": str(state.settings.secret_file),
        "seed": state.settings.seed,
        "numbers": [
            {"number": f"+1{b.area}555NNNN", "name": b.name, "does": b.does, "ends": b.ends} for b in BEHAVIOURS
        ],
        "mixed": {"number": f"+1{MIXED_AREA}555NNNN", "shares": dict(MIXED)},
    }


def _print_processes(state: LabStatus) -> None:
    ports = state.settings.ports
    listens = {
        "pbx": f"AMI {ports.ami}, SIP {ports.pbx_sip}, RTP {ports.pbx_rtp[0]}-{ports.pbx_rtp[1]}",
        "world": f"SIP {ports.world_sip}, RTP {ports.world_rtp[0]}-{ports.world_rtp[1]}",
    }
    for name, instance in instances(state.settings).items():
        pid = state.pids[name]
        if pid is None:
            click.echo(f"{name:6} does not run")
        else:
            click.echo(f"{name:6} runs: pid {pid}, {state.channels[name]} channels, {listens[name]}")
            click.echo(f"{'':6} log {instance.log}")


def _print_use(settings: LabSettings) -> None:
    ports = settings.ports
    click.echo(
        f"""
To use it, config.yaml says (as the shipped one does for the default lab):

servers:
  pbx: {{host: 127.0.0.1, port: {ports.ami}, username: ami-dialer, secret: {{file: {settings.secret_file}}}}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier"}}
fastagi:
  port: {ports.fastagi}
"""
    )


def _print_numbers() -> None:
    click.echo("\nNumbers (NNNN is free) and what happens there:")
    for behaviour in BEHAVIOURS:
        click.echo(f"  +1 {behaviour.area} 555 NNNN  {behaviour.name:18}  {behaviour.does}")
    shares = ", ".join(f"{share} % {name}" for name, share in MIXED)
    click.echo(f"  +1 {MIXED_AREA} 555 NNNN  {'mixed':18}  {shares}")
