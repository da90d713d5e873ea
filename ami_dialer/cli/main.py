"""`ami-dialer`: the group of commands, and how errors are shown."""

import os
from pathlib import Path

import click

from ami_dialer import __version__
from ami_dialer.domain.errors import DialerError

_COMMANDS = (
    "run",
    "check",
    "doctor",
    "lab",
    "list",
    "dnc",
    "consent",
    "rules",
    "campaign",
    "monitor",
    "agents",
    "agent",
    "disposition",
    "caller-id",
    "callback",
    "explain",
    "trace",
    "report",
    "abandonment",
    "audit",
    "demo",
)


class DialerGroup(click.Group):
    """Imports a command when it is asked for, and prints a DialerError as a message instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order a new user meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, C901, PLR0912
        """The command of that name; only its own imports are paid for."""
        match cmd_name:
            case "run":
                from ami_dialer.cli.run import command
            case "check":
                from ami_dialer.cli.check import command
            case "doctor":
                from ami_dialer.cli.doctor import command
            case "lab":
                from ami_dialer.cli.lab import command
            case "list":
                from ami_dialer.cli.lists import command
            case "dnc":
                from ami_dialer.cli.dnc import command
            case "rules":
                from ami_dialer.cli.rules import command
            case "consent":
                from ami_dialer.cli.consent import command
            case "campaign":
                from ami_dialer.cli.campaign import command
            case "disposition":
                from ami_dialer.cli.disposition import command
            case "monitor":
                from ami_dialer.cli.monitor import command
            case "agents":
                from ami_dialer.cli.agents import command
            case "agent":
                from ami_dialer.cli.agent import command
            case "caller-id":
                from ami_dialer.cli.caller_ids import command
            case "callback":
                from ami_dialer.cli.callback import command
            case "explain":
                from ami_dialer.cli.explain import command
            case "trace":
                from ami_dialer.cli.trace import command
            case "report":
                from ami_dialer.cli.report import command
            case "abandonment":
                from ami_dialer.cli.abandonment import command
            case "audit":
                from ami_dialer.cli.audit import command
            case "demo":
                from ami_dialer.cli.demo import command
            case _:
                return None
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a DialerError becomes its text on standard error and its exit code.

        Of a fault of our own the user gets a message too, and the traceback in a file.
        """
        try:
            return super().invoke(ctx)
        except DialerError as error:
            click.echo(f"ami-dialer: {error}", err=True)
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own; it knows what to do
        except Exception as error:
            from ami_dialer.cli import crash

            if os.environ.get(crash.DEBUG_VARIABLE):
                raise
            click.echo(f"ami-dialer: {crash.told(error, ctx.params['config_file'])}", err=True)
            ctx.exit(crash.EXIT_CODE)


@click.group(cls=DialerGroup)
@click.version_option(__version__, prog_name="ami-dialer")
@click.option(
    "--config",
    "-c",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="AMI_DIALER_CONFIG",
    default=Path("config.yaml"),
    show_default=True,
    help="The configuration file.",
)
@click.pass_context
def main(ctx: click.Context, config_file: Path) -> None:
    """An outbound campaign dialer inside a running Asterisk."""
    ctx.obj = config_file
