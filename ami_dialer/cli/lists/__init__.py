"""`ami-dialer list`: lists of contacts."""

import click

from ami_dialer.cli.lists.api import fetch_command, fetches_command, validate_command
from ami_dialer.cli.lists.by_hand import add_command, remove_command
from ami_dialer.cli.lists.contacts import contacts_command
from ami_dialer.cli.lists.exporting import export_command
from ami_dialer.cli.lists.importing import import_command
from ami_dialer.cli.lists.imports import give_up_command, imports_command
from ami_dialer.cli.lists.managing import combine_command, create_command, delete_command
from ami_dialer.cli.lists.mapping import mapping_command
from ami_dialer.cli.lists.show import show_command


@click.group("list")
def command() -> None:
    """Lists of contacts: fill them, look at them, combine, export and delete them."""


for each in (
    import_command,
    show_command,
    contacts_command,
    imports_command,
    give_up_command,
    create_command,
    add_command,
    remove_command,
    combine_command,
    export_command,
    delete_command,
    mapping_command,
    validate_command,
    fetch_command,
    fetches_command,
):
    command.add_command(each)
