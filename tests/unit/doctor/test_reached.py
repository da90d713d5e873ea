"""The test calls of doctor, on the dialer's side."""

import asyncio
import json
from pathlib import Path

import pytest

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.call_server import CallServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer, name_of_process
from ami_dialer.config.schema import FastAgi
from ami_dialer.ports import CallLeg

pytestmark = pytest.mark.unit


async def no_call(_: CallLeg) -> None:
    raise AssertionError("a test call is no call")


async def said(server: CallServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *parts: bytes) -> bytes:
    """Everything the server says to these words."""
    for part in parts:
        writer.write(part)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert server.calls == 0
    await server.stop(0)
    return answer


async def test_fastagi_tells_which_dialer_was_reached() -> None:
    server = FastAgiServer(FastAgi(), no_call, port=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = await said(server, reader, writer, b"agi_network: yes\nagi_network_script: check\n\n", b"200 result=1\n")
    assert answer.decode() == f'SET VARIABLE AMI_DIALER_HEARD "{name_of_process()}"\n'


async def test_the_socket_tells_the_classic_script_that_it_came_through(tmp_path: Path) -> None:
    server = AgiSocketServer(FastAgi(socket=tmp_path / "s"), no_call)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    answer = await said(server, reader, writer, b'{"attempt": "check"}\n')
    assert json.loads(answer) == {"verb": "checked"}
