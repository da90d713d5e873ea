"""The dialer's side of the classic AGI script: a Unix socket on which agi/ami-dialer-answered.py asks what to do.

One JSON object a line. The script begins with `{"attempt", "amdstatus", "amdcause"}`; then each `{"verb": …}`
of ours is answered by `{"digit": "1"}`, for `get` by `{"value": …}`, or by
`{"error": "hungup" | "lost" | "missing" | "failed", "detail": …}`.
"""

import asyncio
import json
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from ami_dialer.adapters.asterisk.applications import Applications
from ami_dialer.adapters.asterisk.call_server import (
    BACKLOG,
    CHECK,
    LIMIT,
    OPT_OUT,
    CallServer,
    NotACallError,
    OnCall,
    caller_of,
)
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.attempt import is_attempt_id
from ami_dialer.domain.calls import AmdFacts, Caller
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallerHungUpError, CallLeg, CallLostError, SoundMissingError

#: Bytes of the path of a Unix socket on Linux (sockaddr_un.sun_path is 108 with its NUL).
MAX_PATH = 107


class ScriptLeg(Applications):
    """An answered call that a classic AGI script holds; the script carries the verbs out through pyst2."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        attempt_id: str,
        amd: AmdFacts,
        caller: Caller | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.attempt_id = attempt_id
        self.amd = amd
        self.caller = caller
        self.crowded = ""
        self._over = False
        #: A verb has been sent and not answered: a cancelled one leaves the two sides out of step.
        self._answer_due = False

    async def play(self, sound: str, escape_digits: str = "") -> str:
        """Play a sound file; see `CallLeg.play`."""
        return await self._verb(verb="play", sound=sound, digits=escape_digits)

    async def wait_for_digit(self, seconds: float) -> str:
        """The next digit pressed within `seconds`, or ""."""
        return await self._verb(verb="wait", milliseconds=round(seconds * 1000))

    async def hang_up(self) -> None:
        """End the call; no error when it is over already."""
        if self._over:
            return
        if self._answer_due:
            # The script finds it when the verb it is at has come to its end.
            _send(self._writer, verb="hangup")
        else:
            with suppress(CallerHungUpError):
                await self._verb(verb="hangup")
        self._over = True

    async def _execute(self, application: str, arguments: str) -> None:
        await self._verb(verb="exec", application=application, arguments=arguments)

    async def _gosub(self, context: str, argument: str) -> None:
        await self._verb(verb="gosub", context=context, argument=argument)

    async def _read(self, variable: str) -> str:
        return await self._verb(verb="get", variable=variable)

    async def _write(self, variable: str, value: str) -> None:
        await self._verb(verb="set", variable=variable, value=value)

    async def _leave(self, context: str, extension: str) -> None:
        await self._verb(verb="goto", context=context, extension=extension)
        self._over = True

    async def _verb(self, **order: object) -> str:
        if self._over or self._answer_due:
            raise CallerHungUpError
        self._answer_due = True
        try:
            _send(self._writer, **order)
            line = await self._reader.readuntil(b"\n")
        except (EOFError, OSError) as gone:
            self._over = True
            raise CallLostError(str(gone)) from None
        except asyncio.LimitOverrunError as too_long:
            raise AsteriskError(f"the AGI script sent a line of more than {LIMIT} bytes") from too_long
        self._answer_due = False
        answer = _parsed(line)
        match answer.get("error"):
            case None:
                return str(answer.get("digit", answer.get("value", "")))
            case "hungup":
                self._over = True
                raise CallerHungUpError
            case "lost":
                self._over = True
                raise CallLostError("the AGI script has lost Asterisk")
            case "missing":
                raise SoundMissingError(str(order.get("sound", "")))
            case _:
                raise AsteriskError(f"AGI script: {answer.get('detail', answer)}")


class AgiSocketServer(CallServer):
    """Serves answered calls that classic AGI scripts bring in."""

    def __init__(self, settings: FastAgi, on_call: OnCall) -> None:
        """Serve on the Unix socket `settings.socket`, which must be set, with the permissions `socket_mode`."""
        super().__init__(settings, on_call)
        if settings.socket is None:
            raise ValueError("fastagi.socket is not set")
        self._path = settings.socket

    async def stop(self, grace: float) -> None:
        """Take no more calls, wait up to `grace` seconds for those in progress, hang up the rest."""
        await super().stop(grace)
        self._path.unlink(missing_ok=True)

    async def _listen(self) -> asyncio.Server:
        path = str(self._path)
        if len(path.encode()) > MAX_PATH:
            raise AsteriskError(f"fastagi.socket: {path} is longer than {MAX_PATH} bytes; shorten it")
        _clear_the_way(self._path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(path)
            # Nobody can connect before listen(), so nobody gets in before the permissions stand.
            self._path.chmod(int(self._settings.socket_mode, 8))
            return await asyncio.start_unix_server(self._accept, sock=listener, limit=LIMIT, backlog=BACKLOG)
        except OSError as error:
            listener.close()
            raise AsteriskError(
                f"fastagi.socket: cannot listen on {path}: {error.strerror}. Its folder must be there and belong to "
                "the user that runs the dialer"
            ) from error

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> CallLeg | None:
        greeting = _parsed(await reader.readuntil(b"\n"))
        attempt_id = str(greeting.get("attempt", ""))
        if attempt_id == CHECK:
            _send(writer, verb="checked")
            return None
        if attempt_id == OPT_OUT:
            caller = caller_of(str(greeting.get("callerid", "")), str(greeting.get("callingpres", "")))
            return ScriptLeg(reader, writer, str(greeting.get("uniqueid", "")), AmdFacts(), caller)
        if not is_attempt_id(attempt_id):
            raise NotACallError(f"{attempt_id[:60]!r} is no attempt of this dialer")
        amd = AmdFacts(str(greeting.get("amdstatus", "")), str(greeting.get("amdcause", "")))
        return ScriptLeg(reader, writer, attempt_id, amd)

    def _refuse(self, writer: asyncio.StreamWriter, why: str) -> None:
        _send(writer, verb="refuse", why=why)


def _clear_the_way(path: Path) -> None:
    """Remove the socket that a dialer left behind which did not end well; one that is alive keeps its own."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise AsteriskError(f"fastagi.socket: {path} is there and is no socket; remove it or take another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise AsteriskError(f"fastagi.socket: another dialer listens on {path}; end it or take another path")


def _send(writer: asyncio.StreamWriter, **message: object) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        raise NotACallError(f"not the AGI script: {line[:60]!r}") from None
    if not isinstance(message, dict):
        raise NotACallError(f"not the AGI script: {line[:60]!r}")
    return message
