"""`ami-dialer campaign`: make, start, stop and look at campaigns."""

import click

from ami_dialer.cli.campaign import contacts, listing, live, preview, scrub, status, why
from ami_dialer.cli.campaign.editing import clone_command, create_command, edit_command
from ami_dialer.cli.campaign.keeping import archive_command, delete_command, restore_command
from ami_dialer.cli.campaign.running import pause_command, rerun_command, resume_command, start_command, stop_command
from ami_dialer.cli.campaign.scheduling import schedule_command, unschedule_command


@click.group("campaign")
def command() -> None:
    """Make, start, stop and look at campaigns."""


for each in (
    listing.command,
    status.command,
    why.command,
    contacts.command,
    preview.command,
    start_command,
    pause_command,
    resume_command,
    stop_command,
    rerun_command,
    schedule_command,
    unschedule_command,
    live.command,
    scrub.command,
    create_command,
    edit_command,
    clone_command,
    archive_command,
    restore_command,
    delete_command,
):
    command.add_command(each)
