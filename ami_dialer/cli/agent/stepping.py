"""`ami-dialer agent login`, `break`, `dial`, …: each step that an agent takes by phone, as a command.

The command writes an order into SQL, the running dialer carries it out and answers there.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.cli.explain.moment import TheirMomentType
from ami_dialer.cli.opening import reading
from ami_dialer.cli.output import json_option, load_config, print_json, printable
from ami_dialer.config.schema import Config
from ami_dialer.domain.agent import Step, SuperviseMode
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import agent_orders, campaigns, engine_status
from ami_dialer.store.agent_orders import Answer
from ami_dialer.store.database import Database
from ami_dialer.store.engine_lock import engine_running

#: Seconds between two looks for the answer.
_LOOK_SECONDS = 0.1
#: So long (seconds) an answer is waited for, and where a phone rings.
_WAIT_SECONDS = 15.0
_RINGS_SECONDS = 45.0

number_argument = click.argument("number")


class NoDialerError(DialerError):
    """Nobody is there to carry out the step."""

    exit_code = 1


class StepNotDoneError(DialerError):
    """The dialer did not do it; the text says why."""

    exit_code = 6


def _take(config_file: Path, number: str, step: Step, argument: Mapping[str, Any], *, as_json: bool) -> None:
    """Have the running dialer do it, and tell what came of it. Raises NoDialerError, StepNotDoneError."""
    came = asyncio.run(_ask(load_config(config_file), number, step, argument))
    if as_json:
        print_json({"agent": number, "step": step.value, "ok": came.ok, "answer": came.text})
        if not came.ok:
            raise click.exceptions.Exit(StepNotDoneError.exit_code)
    elif not came.ok:
        raise StepNotDoneError(printable(came.text))
    else:
        click.echo(printable(came.text))


async def _ask(config: Config, number: str, step: Step, argument: Mapping[str, Any]) -> Answer:
    clock = SystemClock()
    async with reading(config) as database:
        await _see_dialer(database, clock.now())
        for name in argument.get("campaigns") or ():
            await campaigns.standing(database, name)
        key = await agent_orders.ask(database, number, step, argument, clock.now())
        waits = _RINGS_SECONDS if step in {Step.LOG_IN, Step.SUPERVISE} else _WAIT_SECONDS
        end = clock.monotonic() + waits
        while clock.monotonic() < end:
            if (came := await agent_orders.answer(database, key)) is not None:
                return came
            await asyncio.sleep(_LOOK_SECONDS)
        why = f"the dialer did not answer within {waits:g} s, and the order was withdrawn"
        return await agent_orders.withdraw(database, key, clock.now(), why)


async def _see_dialer(database: Database, now: datetime) -> None:
    seen = await engine_status.read(database)
    if not await engine_running(database):
        raise NoDialerError("no dialer runs, which would do it; start it: ami-dialer run")
    if seen is not None and seen.draining:
        raise NoDialerError("the dialer is stopping, and does nothing more for agents")
    if seen is not None and seen.outdated(now):
        trouble = seen.database_trouble or "it has not been heard of for too long"
        raise NoDialerError(f"the dialer does not answer: {trouble}")


@click.command("login")
@number_argument
@click.option("--campaign", "names", multiple=True, help="Calls of this campaign alone; several times for several.")
@json_option
@click.pass_obj
def login_command(config_file: Path, number: str, names: tuple[str, ...], *, as_json: bool) -> None:
    """Call the phone of agent NUMBER for 30 s; who answers is logged in. Without --campaign for all that they may.

    Example: ami-dialer agent login 101 --campaign spring
    """
    argument = {"campaigns": list(names)} if names else {}
    _take(config_file, number, Step.LOG_IN, argument, as_json=as_json)


@click.command("break")
@number_argument
@click.argument("reason", required=False)
@json_option
@click.pass_obj
def break_command(config_file: Path, number: str, reason: str | None, *, as_json: bool) -> None:
    """A break for agent NUMBER: now, or after the call and its wrap-up. REASON, at most 60 characters, is shown.

    A member of a queue is paused. Example: ami-dialer agent break 101 "Team meeting"
    """
    _take(config_file, number, Step.BREAK, {"reason": reason} if reason else {}, as_json=as_json)


@click.command("transfer")
@number_argument
@click.argument("to")
@json_option
@click.pass_obj
def transfer_command(config_file: Path, number: str, to: str, *, as_json: bool) -> None:
    """Send the call of agent NUMBER on: TO is a digit or name of the campaign's `transfer.to`, or an extension.

    Extensions only with `transfer.any_extension`. Example: ami-dialer agent transfer 101 complaints
    """
    _take(config_file, number, Step.TRANSFER, {"to": to}, as_json=as_json)


@click.command("callback")
@number_argument
@click.option(
    "--at",
    type=TheirMomentType(),
    required=True,
    help="When: 14:30 (today), '2026-03-02 14:30' or 2026-03-02T14:30-05:00; on the person's clock without a zone.",
)
@click.option("--note", help="For whoever makes the call.")
@json_option
@click.pass_obj
def callback_command(config_file: Path, number: str, at: str, note: str | None, *, as_json: bool) -> None:
    """Have the person of agent NUMBER's call, or of the one that is wrapped up, called again at a time."""
    argument = {"at": at, **({"note": note} if note else {})}
    _take(config_file, number, Step.CALLBACK, argument, as_json=as_json)


@click.command("disposition")
@number_argument
@click.argument("title")
@json_option
@click.pass_obj
def disposition_command(config_file: Path, number: str, title: str, *, as_json: bool) -> None:
    """Give the call of agent NUMBER, or the one that is wrapped up, the result TITLE; that ends the wrap-up.

    Example: ami-dialer agent disposition 101 "Not Interested"
    """
    _take(config_file, number, Step.DISPOSITION, {"title": title}, as_json=as_json)


@click.command("supervise")
@number_argument
@click.option("--by", required=True, metavar="NUMBER", help="The supervisor, whose phone is called for 30 s.")
@click.option("--how", type=click.Choice(get_args(SuperviseMode)), default="listen", show_default=True)
@json_option
@click.pass_obj
def supervise_command(config_file: Path, number: str, by: str, how: str, *, as_json: bool) -> None:
    """Let a supervisor hear the calls of agent NUMBER, whisper to the agent, or barge in and talk to both.

    On the phone 4, 5 and 6 switch between the three. Example: ami-dialer agent supervise 101 --by 102 --how whisper
    """
    _take(config_file, number, Step.SUPERVISE, {"by": by, "how": how}, as_json=as_json)


#: Steps that need nothing but the agent, each with what its help says.
_PLAIN = {
    Step.LOG_OUT: "Log agent NUMBER out: now, or after the call and its wrap-up.",
    Step.READY: "Agent NUMBER is ready again: the break or the wrap-up is over.",
    Step.DIAL: "Dial the contact that is offered to agent NUMBER; ami-dialer agents shows who that is.",
    Step.SKIP: "Skip the contact that is offered to agent NUMBER: it comes again later, by the rules of retry.",
    Step.HANG_UP: "Hang up the call of agent NUMBER; the agent's own line stays.",
    Step.HOLD: "The person in the call of agent NUMBER hears music, until `agent resume`.",
    Step.RESUME: "The person whom agent NUMBER holds is back in the call.",
    Step.DO_NOT_CALL: "Put the person of agent NUMBER's call on the campaign's do-not-call list.",
    Step.PAUSE_RECORDING: "Pause the recording of agent NUMBER's call: silence in the file until `resume-recording`.",
    Step.RESUME_RECORDING: "Go on with the recording of agent NUMBER's call.",
}


def _plain(step: Step, told: str) -> click.Command:
    @click.command(step.value, help=told)
    @number_argument
    @json_option
    @click.pass_obj
    def take(config_file: Path, number: str, *, as_json: bool) -> None:
        _take(config_file, number, step, {}, as_json=as_json)

    return take


STEP_COMMANDS: tuple[click.Command, ...] = (
    login_command,
    break_command,
    *(_plain(step, told) for step, told in _PLAIN.items()),
    transfer_command,
    callback_command,
    disposition_command,
    supervise_command,
)
