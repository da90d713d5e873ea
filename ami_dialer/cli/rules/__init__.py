"""`ami-dialer rules`: the rules of law that calls are judged by, and what changed in them."""

import click

from ami_dialer.cli.rules.checking import check_command
from ami_dialer.cli.rules.comparing import diff_command
from ami_dialer.cli.rules.listing import at_command, list_command, versions_command


@click.group("rules")
def command() -> None:
    """Rules of law: what holds, since when, from which source, and what changed.

    `packaged` are those that came with ami-dialer, `files` those with your own files in the folder that
    compliance.rules names, `adopted` those that the dialer took last when it started.
    """


command.add_command(list_command)
command.add_command(at_command)
command.add_command(diff_command)
command.add_command(check_command)
command.add_command(versions_command)
