"""`ami-dialer dnc`: do-not-call lists."""

import click

from ami_dialer.cli.dnc.entries import add_command, check_command, remove_command, show_command
from ami_dialer.cli.dnc.files import export_command, import_command
from ami_dialer.cli.dnc.lists import create_command, delete_command, global_command, list_command


@click.group("dnc")
def command() -> None:
    """Do-not-call lists: numbers that campaigns heeding the list never call."""


for each in (
    list_command,
    create_command,
    global_command,
    delete_command,
    add_command,
    remove_command,
    show_command,
    check_command,
    import_command,
    export_command,
):
    command.add_command(each)
