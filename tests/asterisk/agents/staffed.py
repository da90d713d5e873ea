"""A dialer's folder for campaigns with agents: agents of the lab's phones, one list for each campaign."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from ami_dialer.domain import pin
from ami_dialer.lab.phones import PHONES, PIN
from tests.asterisk.dialer import Dialer
from tests.asterisk.world import World
from tests.compliance import unrestricted

CONFIG = """\
servers:
  pbx: {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {{file: {secret}}}}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", max_calls: 60, calls_per_second: 50}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
engine: {{tick: 200ms}}
logging: {{level: debug, format: json}}
disposition_sets:
  sales:
    Sold: {{key: 1, final: true}}
    Not Now: {{key: 2, final: true}}
    Wrong: {{key: 3, final: true}}
lists:
{lists}
agents:
{agents}
campaigns:
{campaigns}
"""
CAMPAIGN = """\
  {name}:
    lists: [{name}]
    trunks: [carrier]
    {settings}
    dispositions: sales
    amd: {{enabled: false}}
    {unrestricted}
"""


def staffed(
    folder: Path, world: World, phones: Iterable[int], campaigns: dict[str, tuple[Iterable[str], str]]
) -> Dialer:
    """`phones` are the agents, by the number of their phone; `campaigns` by name: numbers of people, and settings."""
    dialer = Dialer(folder, world, [])
    for name, (people, _) in campaigns.items():
        (folder / f"{name}.csv").write_text("phone\n" + "\n".join(people), encoding="utf-8")
    known = pin.hashed(PIN)
    written = [
        f"  {one.agent}: {{name: Agent {one.phone}, pin_hash: {known}, phone: PJSIP/{one.name}}}"
        for one in (PHONES[phone - 1] for phone in phones)
    ]
    text = CONFIG.format(
        ami=world.ports.ami,
        fastagi=world.ports.fastagi,
        home=world.settings.home,
        secret=world.settings.secret_file,
        lists="\n".join(f"  {name}: {{file: {name}.csv}}" for name in campaigns),
        agents="\n".join(written) or "  {}",
        campaigns="".join(
            CAMPAIGN.format(name=name, settings=settings, unrestricted=unrestricted("\n    "))
            for name, (_, settings) in campaigns.items()
        ),
    )
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return dialer


def command(dialer: Dialer, *arguments: str) -> str:
    """`ami-dialer ARGUMENTS` in the dialer's folder; what it says. Fails where it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "ami_dialer", *arguments],
        cwd=dialer.folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout
