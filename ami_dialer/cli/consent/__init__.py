"""`ami-dialer consent`: consents, their revocations, and numbers that changed hands."""

import click

from ami_dialer.cli.consent.files import import_command
from ami_dialer.cli.consent.reassigned import reassigned_command
from ami_dialer.cli.consent.recording import grant_command, revoke_command
from ami_dialer.cli.consent.showing import list_command, show_command


@click.group("consent")
def command() -> None:
    """Who consented to be called on which number, when, for what, and who revoked it.

    Records are added and never changed. A revocation counts from the next call on, whoever makes it.
    """


for each in (grant_command, revoke_command, import_command, show_command, list_command, reassigned_command):
    command.add_command(each)
