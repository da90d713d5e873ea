"""The FastAGI server: Asterisk connects for each answered call, and pyst2's verbs go over that connection.

Only the dialplan of asterisk_conf is served: `AGI(agi://host:port/answered,ATTEMPT,AMDSTATUS,AMDCAUSE)`, and for
agents `agent`, `agent-code,CODE` and `supervise`. There is no log-in in the protocol; the attempt id, which cannot be
guessed, is the pass, and for agents their number and PIN.
"""

import asyncio
import os
import socket
from urllib.parse import parse_qs

from asterisk.agi import AGIError

from ami_dialer import __version__
from ami_dialer.adapters.asterisk.agi import FlowAgi
from ami_dialer.adapters.asterisk.agi_legs import AgiAgentLeg, AgiLeg
from ami_dialer.adapters.asterisk.call_server import (
    BACKLOG,
    CHECK,
    LIMIT,
    OPT_OUT,
    CallServer,
    Dialogue,
    NotACallError,
    OnAgent,
    OnCall,
    caller_of,
)
from ami_dialer.adapters.asterisk.greenlets import wait_for
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.attempt import is_attempt_id
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallLeg, LinePurpose

SCRIPT = "answered"
#: What an agent's line asks for.
PURPOSES = {"agent": LinePurpose.DESK, "agent-code": LinePurpose.CODE, "supervise": LinePurpose.SUPERVISE}
#: Channel variable in which a test call of `ami-dialer doctor` carries away what it reached.
HEARD = "AMI_DIALER_HEARD"
#: Lines of an AGI environment; Asterisk sends 22 and one for each argument, of which it allows 127.
MAX_ENVIRONMENT_LINES = 160
#: Seconds: a peer whose machine is gone is noticed after idle + 3 intervals.
_KEEPALIVE_IDLE, _KEEPALIVE_INTERVAL, _KEEPALIVE_COUNT = 30, 10, 3


class _Lines:
    """The line streams pyst2 wants, over a connection of asyncio. To be used inside `in_greenlet`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def readline(self) -> str:
        try:
            return wait_for(self._reader.readline()).decode(errors="replace")
        except ValueError as too_long:  # StreamReader.readline on a line over its limit
            raise AGIError(f"Asterisk sent a line of more than {LIMIT} bytes") from too_long

    def write(self, text: str, /) -> None:
        self._writer.write(text.encode(errors="replace"))

    def flush(self) -> None:
        """Commands are short and Asterisk reads them at once; there is nothing to wait for."""


class FastAgiServer(CallServer):
    """Serves answered calls over FastAGI."""

    def __init__(
        self, settings: FastAgi, on_call: OnCall, on_agent: OnAgent | None = None, *, port: int | None = None
    ) -> None:
        """Serve on `settings.host` and `settings.port`, or `port`; 0 takes a free one.

        Without `on_agent` agents' lines are refused.
        """
        super().__init__(settings, on_call, on_agent)
        self._port = settings.port if port is None else port

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def _listen(self) -> asyncio.Server:
        host = self._settings.host
        try:
            return await asyncio.start_server(self._accept, host, self._port, limit=LIMIT, backlog=BACKLOG)
        except OSError as error:
            raise AsteriskError(
                f"FastAGI cannot listen on {host}:{self._port}: {error.strerror or error}. End the program "
                "that has the port, or set fastagi.port and, to the same, AMI_DIALER_FASTAGI in the dialplan"
            ) from error

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> CallLeg | Dialogue | None:
        environment = await _environment(reader)
        if environment.get("agi_network_script") == CHECK:
            writer.write(f'SET VARIABLE {HEARD} "{name_of_process()}"\n'.encode())
            await reader.readuntil(b"\n")
            return None
        agi = FlowAgi(_Lines(reader, writer), environment)
        purpose = PURPOSES.get(environment.get("agi_network_script", ""))
        if purpose is not None:
            _keep_alive(writer)
            return self._dialogue(AgiAgentLeg(agi, writer, purpose))
        caller = None
        if environment.get("agi_network_script") == OPT_OUT:
            attempt_id, amd = environment.get("agi_uniqueid", ""), AmdFacts()
            caller = caller_of(environment.get("agi_callerid", ""), environment.get("agi_callingpres", ""))
        else:
            attempt_id, amd = _whose_call(environment)
        _keep_alive(writer)
        return AgiLeg(agi, writer, attempt_id, amd, caller)

    def _dialogue(self, leg: AgiAgentLeg) -> Dialogue:
        if self._on_agent is None:
            raise NotACallError("agents are not served here")
        return Dialogue(leg, leg.finish)

    def _refuse(self, writer: asyncio.StreamWriter, why: str) -> None:
        # A line that begins with "failure" makes Asterisk set AGISTATUS to FAILURE and go on in the dialplan
        # (run_agi in res_agi.c).
        writer.write(f"failure: {why}\n".encode())


def name_of_process() -> str:
    """What this process tells a test call: that a dialer was reached, and which."""
    return f"ami-dialer {__version__} pid {os.getpid()}"


async def _environment(reader: asyncio.StreamReader) -> dict[str, str]:
    """The lines `agi_name: value` that open an AGI session."""
    first = await reader.readuntil(b"\n")
    if not first.startswith(b"agi_"):
        raise NotACallError(f"not Asterisk: {first[:60]!r}")
    lines = (first + await reader.readuntil(b"\n\n")).decode(errors="replace").split("\n")
    if len(lines) > MAX_ENVIRONMENT_LINES:
        raise NotACallError(f"an AGI environment of {len(lines)} lines")
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _whose_call(environment: dict[str, str]) -> tuple[str, AmdFacts]:
    script, _, query = environment.get("agi_network_script", "").partition("?")
    if script != SCRIPT:
        raise NotACallError(f"no script {script[:60]!r} here; the dialplan calls agi://host:port/{SCRIPT}")
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    attempt_id = environment.get("agi_arg_1") or asked.get("attempt", "")
    if not is_attempt_id(attempt_id):
        raise NotACallError(f"{attempt_id[:60]!r} is no attempt of this dialer")
    status = environment.get("agi_arg_2") or asked.get("amdstatus", "")
    cause = environment.get("agi_arg_3") or asked.get("amdcause", "")
    return attempt_id, AmdFacts(status, cause)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_COUNT)
