"""`ami-dialer list`: lists of contacts."""

import click

from ami_dialer.cli.lists.importing import import_command
from ami_dialer.cli.lists.show import show_command


@click.group("list")
def command() -> None:
    """Lists of contacts: fill them and look at them."""


for each in (import_command, show_command):
    command.add_command(each)
