"""`ami-dialer callback`: calls at a time that somebody asked for."""

import click

from ami_dialer.cli.callback.asking import add_command, cancel_command
from ami_dialer.cli.callback.showing import list_command


@click.group("callback")
def command() -> None:
    """Calls at a time that somebody asked for: at the campaign's desk, in a flow, or here.

    A callback goes before all others at its time, within the hours of law and campaign. A contact has one that waits in
    a campaign; a new one replaces it.
    """


for each in (add_command, list_command, cancel_command):
    command.add_command(each)
