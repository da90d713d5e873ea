#!/usr/bin/env python3
"""What Asterisk runs for an answered call when the dialer is used by an ordinary AGI script instead of FastAGI.

    same => n,AGI(/path/to/ami-dialer-answered.py,${UNIQUEID},${AMDSTATUS},${AMDCAUSE})

The script asks the dialer on its Unix socket what to do, one JSON object a line, and does it by pyst2's AGI
class:

    {"verb": "play", "sound": "hello", "digits": "12"}   play a sound file; a key of `digits` cuts it short
    {"verb": "wait", "milliseconds": 5000}               wait for a key
    {"verb": "hangup"}                                    hang up
    {"verb": "exec", "application": "Bridge", "arguments": "..."}   run an application of the dialplan to its end
    {"verb": "gosub", "context": "...", "argument": "..."}   run a subroutine of the dialplan to its end
    {"verb": "get", "variable": "BRIDGERESULT"}           read a channel variable; answered by {"value": "..."}
    {"verb": "set", "variable": "...", "value": "..."}    write one
    {"verb": "goto", "context": "...", "extension": "..."}   where the dialplan goes on; then the dialer says good-bye
    {"verb": "refuse", "why": "..."}                      the dialer does not serve this call
    {"verb": "checked"}                                   the dialer was reached; `ami-dialer doctor` asked

It answers {"digit": "1"} ("" for none), or {"error": "hungup" | "lost" | "missing" | "failed", "detail": "..."}
("lost": Asterisk is gone).

The socket's path is `fastagi.socket` of the dialer's config.yaml. It is taken from the fourth argument, else
from the dialplan variable AMI_DIALER_SOCKET, else from the environment variable of that name, else it is
DEFAULT_SOCKET.

The script ends with 1 where the dialer cannot be reached, refuses the call or is gone in the middle; Asterisk
then sets AGISTATUS to FAILURE, and the dialplan plays the closing prompt.

Needs pyst2 (pip install pyst2) for the Python of the first line, and nothing else. Starting Python for each
call costs some 60 ms of processor time: good for a few calls per second; beyond that use FastAGI, which is
the default.
"""

import io
import json
import os
import socket
import sys
from typing import Any

from asterisk.agi import AGI, AGIAppError, AGIError

DEFAULT_SOCKET = "/run/ami-dialer/answered.sock"
#: Seconds without a word of the dialer after which it is taken for gone. Speaking a long text takes it some
#: seconds.
PATIENCE = 60.0
KEYS = "0123456789*#"
#: Code of a reply on a channel that was hung up; pyst2 does not know it.
DEAD_CHANNEL = 511
#: Code of the first of two replies to GOSUB; pyst2 does not know it either.
TRYING = 100
#: Result of EXEC for an application that is not loaded.
NO_APPLICATION = "-2"


class SoundMissingError(Exception):
    """Asterisk cannot open a sound file."""


def main() -> int:
    """Serve one call; the exit status of the script."""
    agi = AGI(stderr=io.StringIO())  # pyst2 writes every line to it; standard error is Asterisk's console
    try:
        path = socket_path(agi)
    except (AGIError, ValueError):
        return 1  # hung up already
    # Lines of your own may stand here, for instance: agi.set_variable("CDR(userfield)", "campaign")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(path)
            return serve(agi, connection)
        except OSError as error:
            sys.stderr.write(f"ami-dialer-answered: no dialer at {path}: {error}\n")
            return 1


def socket_path(agi: AGI) -> str:
    """Where the dialer listens."""
    return (
        agi.env.get("agi_arg_4")
        or agi.get_variable("AMI_DIALER_SOCKET")
        or os.environ.get("AMI_DIALER_SOCKET")
        or DEFAULT_SOCKET
    )


def serve(agi: AGI, connection: socket.socket) -> int:
    """Do what the dialer says until it closes the connection."""
    greeting = {
        "attempt": agi.env.get("agi_arg_1", ""),
        "amdstatus": agi.env.get("agi_arg_2", ""),
        "amdcause": agi.env.get("agi_arg_3", ""),
        # Of a call to the opt-out line (context ami-dialer-opt-out).
        "callerid": agi.env.get("agi_callerid", ""),
        "callingpres": agi.env.get("agi_callingpres", ""),
        "uniqueid": agi.env.get("agi_uniqueid", ""),
    }
    say(connection, greeting)
    over = False
    for line in connection.makefile("r", encoding="utf-8"):
        order = json.loads(line)
        if order["verb"] == "refuse":
            return 1
        if order["verb"] == "checked":
            return 0
        answer = carry_out(agi, order)
        over = over or order["verb"] in ("hangup", "goto") or answer.get("error") in ("hungup", "lost")
        try:
            say(connection, answer)
        except BrokenPipeError:
            # The dialer is gone; its last words may still be there to be read.
            continue
    return 0 if over else 1


def say(connection: socket.socket, message: dict[str, str]) -> None:
    """One line to the dialer."""
    connection.sendall(json.dumps(message).encode() + b"\n")


def carry_out(agi: AGI, order: dict[str, Any]) -> dict[str, str]:
    """Do one verb; the answer to the dialer."""
    try:
        answer = {"value" if order["verb"] == "get" else "digit": do(agi, order)}
    except SoundMissingError:
        answer = {"error": "missing"}
    except AGIAppError:
        # A hang-up, or -1, which means one.
        answer = {"error": "hungup"}
    except (ValueError, OSError):
        # Asterisk is gone. ValueError: pyst2 takes the end of its input for a reply without a number.
        answer = {"error": "lost"}
    except AGIError as error:
        answer = {"error": "failed", "detail": f"{type(error).__name__} {error}"}
        if DEAD_CHANNEL in error.args:
            answer = {"error": "hungup"}
    return answer


def do(agi: AGI, order: dict[str, Any]) -> str:
    """One verb by pyst2; the key that was pressed, or "", or the variable that was read."""
    digit = ""
    match order["verb"]:
        case "get":
            return agi.get_variable(order["variable"])
        case "play":
            digit = play(agi, order["sound"], order["digits"])
        case "wait":
            digit = agi.wait_for_digit(order["milliseconds"])
        case "hangup":
            agi.hangup()
        case "exec":
            execute(agi, order["application"], order["arguments"])
        case "gosub":
            subroutine(agi, order["context"], order["argument"])
        case "set":
            agi.execute("SET VARIABLE", quoted(order["variable"]), quoted(order["value"]))
        case "goto":
            agi.execute("SET CONTEXT", quoted(order["context"]))
            agi.execute("SET EXTENSION", quoted(order["extension"]))
            agi.execute("SET PRIORITY", 1)
        case verb:
            raise AGIError(f"ami-dialer-answered.py knows no verb {verb!r}; it is of another version than the dialer")
    return digit if digit in KEYS else ""


def play(agi: AGI, sound: str, digits: str) -> str:
    """Play a sound file; the key that cut it short."""
    if any(character in '"\\' or not character.isprintable() for character in sound):
        raise SoundMissingError(sound)
    try:
        return agi.stream_file(f'"{sound}"', digits)
    except AGIAppError as failed:
        # Asterisk answers -1 both when the caller hangs up and when it cannot open the file. Only on a
        # channel that is alive does the next command work.
        agi.wait_for_digit(1)
        raise SoundMissingError(sound) from failed


def execute(agi: AGI, application: str, arguments: str) -> None:
    """Run an application of the dialplan to its end."""
    try:
        answer = agi.execute("EXEC", application, quoted(arguments))
    except AGIAppError:
        # -1: most want the channel hung up then, as it is already. On one that is alive the next command works.
        agi.wait_for_digit(1)
        return
    if answer["result"][0] == NO_APPLICATION:
        raise AGIError(f"Asterisk has no application {application}")


def subroutine(agi: AGI, context: str, argument: str) -> None:
    """Run extension s of a context, up to its Return()."""
    try:
        agi.execute("GOSUB", context, "s", 1, quoted(argument))
    except AGIError as answer:
        if TRYING not in answer.args:
            raise
        agi.get_result()


def quoted(text: str) -> str:
    """One argument of an AGI command. The dialer sends constants and ids; anything else is refused."""
    if any(character in '"\\' or not character.isprintable() for character in text):
        raise AGIError(f"{text!r} cannot be an argument")
    return f'"{text}"'


if __name__ == "__main__":
    sys.exit(main())
