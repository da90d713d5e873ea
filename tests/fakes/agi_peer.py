"""Asterisk's side of AGI, scripted: replies as res_agi.c of Asterisk 22 gives them, over TCP or to a process."""

import asyncio
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.fakes.leg import BREAKS_OFF, HANGS_UP, NOTHING

SCRIPT = Path(__file__).parents[2] / "agi" / "ami-dialer-answered.py"
#: Entry of a behaviour: the person hung up before the command came, so that it meets a dead channel.
HUNG_UP_BEFORE = "hung up before"

DEAD = "511 Command Not Permitted on a dead channel or intercept routine"


def parse_args(line: str) -> list[str]:
    """An AGI command line taken apart as parse_args in res_agi.c does it."""
    words: list[str] = []
    quoted = escaped = False
    space = True
    for c in line:
        if c == '"' and not escaped:
            quoted = not quoted
            if quoted and space:
                words.append("")
                space = False
        elif c in " \t" and not quoted and not escaped:
            space = True
        elif c == "\\" and not escaped:
            escaped = True
            continue
        else:
            if space:
                words.append("")
                space = False
            words[-1] += c
        escaped = False
    return words


class AsteriskSide:
    """One channel: answers each prompt and wait with the next entry of `behaviour`, NOTHING when they have run out."""

    def __init__(
        self,
        behaviour: Iterable[str] = (),
        *,
        missing: Iterable[str] = (),
        variables: dict[str, str] | None = None,
        after: dict[str, dict[str, str]] | None = None,
    ) -> None:
        """`after`: variables that an application sets; one of the name HANGUP is the person's."""
        #: Every command received, as it came.
        self.commands: list[str] = []
        self.dead = False
        self._behaviour = iter(behaviour)
        self._missing = frozenset(missing)
        self.variables = dict(variables or {})
        self._after = after or {}

    @property
    def verbs(self) -> list[tuple[str, ...]]:
        """The commands in the words of tests.fakes.leg, without the question whether the channel is alive."""
        words = [parse_args(command) for command in self.commands]
        verbs: list[tuple[str, ...]] = []
        for word in words:
            match word:
                case ["STREAM", "FILE", sound, keys, _]:
                    verbs.append(("play", sound, keys))
                case ["WAIT", "FOR", "DIGIT", milliseconds] if milliseconds != "1":
                    verbs.append(("wait", f"{int(milliseconds) / 1000:g}"))
                case ["HANGUP"]:
                    verbs.append(("hang up",))
                case ["EXEC" | "GOSUB" | "SET", *rest]:
                    verbs.append(tuple(rest))
        return verbs

    def reply(self, command: str) -> list[str] | None:
        """The lines Asterisk sends for a command; None where the connection breaks off."""
        self.commands.append(command)
        words = parse_args(command)
        if self.dead and words[0] != "GET":
            return [DEAD]
        return self._carry_out(words)

    def _carry_out(self, words: list[str]) -> list[str] | None:  # noqa: C901, PLR0911 - a table of commands
        match words:
            case ["GET", "VARIABLE", name]:
                return self._variable(name)
            case ["GET", "FULL", "VARIABLE", expression]:
                told = re.sub(r"\$\{(\w+)\}", lambda name: self.variables.get(name[1], ""), expression)
                return [f"200 result=1 ({told})"]
            case ["STREAM", "FILE", sound, _, _] if sound in self._missing:
                return ["200 result=-1 endpos=0"]
            case ["STREAM", "FILE", _, keys, _]:
                return self._react(keys, " endpos=8000")
            case ["WAIT", "FOR", "DIGIT", "1"]:
                return ["200 result=0"]
            case ["WAIT", "FOR", "DIGIT", _]:
                return self._react("0123456789*#", "")
            case ["EXEC", application, _]:
                return self._application(application)
            case ["GOSUB", _, "s", "1", _]:
                return ["100 result=0 Trying...", "200 result=0 Gosub complete"]
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                return ["200 result=1"]
            case ["SET", "CONTEXT" | "EXTENSION" | "PRIORITY", _]:
                return ["200 result=0"]
            case ["HANGUP"]:
                self.dead = True
                return ["200 result=1", "HANGUP"]
            case _:
                return ["510 Invalid or unknown command"]

    def _application(self, name: str) -> list[str]:
        after = self._after.get(name)
        if after is None:
            return ["200 result=-2"]
        if "HANGUP" in after:
            self.dead = True
            self.variables |= after
            return ["200 result=-1", "HANGUP"]
        self.variables |= after
        return ["200 result=0"]

    def _variable(self, name: str) -> list[str]:
        value = self.variables.get(name)
        return ["200 result=0"] if value is None else [f"200 result=1 ({value})"]

    def _react(self, keys: str, position: str) -> list[str] | None:
        entry = next(self._behaviour, NOTHING)
        if entry == BREAKS_OFF:
            return None
        self.dead = entry in (HANGS_UP, HUNG_UP_BEFORE)
        if self.dead:
            return ["HANGUP", DEAD] if entry == HUNG_UP_BEFORE else [f"200 result=-1{position}", "HANGUP"]
        digit = ord(entry) if entry and entry in keys else 0
        return [f"200 result={digit}{position}"]


def environment(
    attempt: str = "amid-1-1", *more: str, script: str = "answered", status: str = "HUMAN", cause: str = ""
) -> bytes:
    """What Asterisk sends first; a network script has the two lines of launch_netscript before it."""
    lines = ["agi_network: yes", f"agi_network_script: {script}"] if script else []
    lines += [
        f"agi_request: {'agi://127.0.0.1/' + script if script else SCRIPT}",
        "agi_channel: PJSIP/carrier-00000001",
        "agi_language: en",
        "agi_type: PJSIP",
        f"agi_uniqueid: {attempt}",
        "agi_version: 22.10.1",
        "agi_callerid: 15550100",
        "agi_calleridname: Zoë: with a colon",
        "agi_context: ami-dialer-answered",
        "agi_extension: amd",
        "agi_priority: 5",
        "agi_enhanced: 0.0",
        "agi_accountcode: ",
        "agi_threadid: 140001",
        *(f"agi_arg_{n}: {value}" for n, value in enumerate((attempt, status, cause, *more), 1)),
    ]
    return ("\n".join(lines) + "\n\n").encode()


async def call_fastagi(port: int, side: AsteriskSide, opening: bytes | None = None) -> list[str]:
    """Bring a call to a FastAGI server and answer it to its end; the lines that were no commands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(environment() if opening is None else opening)
        return await _converse(side, reader, writer)
    finally:
        writer.close()


async def call_script(socket: str, side: AsteriskSide) -> int:
    """Run the classic AGI script for a call, as Asterisk would; its exit status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(environment("amid-1-1", socket, script=""))
        await _converse(side, process.stdout, process.stdin, process)
        process.stdin.close()
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _converse(
    side: AsteriskSide,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    process: asyncio.subprocess.Process | None = None,
) -> list[str]:
    others: list[str] = []
    while line := await reader.readline():
        command = line.decode().rstrip("\n")
        if command.startswith("failure"):
            others.append(command)
            continue
        replies = side.reply(command)
        if replies is None:
            break
        for reply in replies:
            # A process is told of a hang-up by a signal, a network script by a line.
            if reply == "HANGUP" and process is not None:
                process.send_signal(signal.SIGHUP)
            else:
                writer.write(reply.encode() + b"\n")
    return others
