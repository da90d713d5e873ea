"""`ami-dialer agent`: who takes calls, what they do now, and whose contact is whose."""

import click

from ami_dialer.cli.agent.managing import (
    add_command,
    list_command,
    pin_command,
    remove_command,
    set_pin_command,
    unlock_command,
)
from ami_dialer.cli.agent.maps import map_command
from ami_dialer.cli.agent.stepping import STEP_COMMANDS


@click.group("agent")
def command() -> None:
    """Agents: who they are, each step that they can take by phone, and mapping lists.

    `ami-dialer agents` shows what they are doing.
    """


for each in (add_command, list_command, remove_command, pin_command, set_pin_command, unlock_command):
    command.add_command(each)
for step in STEP_COMMANDS:
    command.add_command(step)
command.add_command(map_command)
