"""The Unix socket of the classic AGI script: who may come in, and what is left behind."""

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ami_dialer.adapters.asterisk.agi_socket import MAX_PATH, AgiSocketServer
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallLeg, SoundMissingError

pytestmark = pytest.mark.unit

GREETING = {"attempt": "amid-1-1", "amdstatus": "HUMAN", "amdcause": "HUMAN-1-1"}


async def play_and_hang_up(leg: CallLeg) -> None:
    await leg.play("one", "12")
    await leg.hang_up()


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "answered.sock"
    server = AgiSocketServer(FastAgi(socket=path, socket_mode="0600"), play_and_hang_up)
    await server.start()
    yield path
    await server.stop(0)
    assert not path.exists()


async def talk(path: Path, *says: bytes) -> list[dict[str, object]]:
    """What the dialer orders a script that says these lines."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    heard = []
    for line in says:
        writer.write(line + b"\n")
        answer = await reader.readline()
        if answer:
            heard.append(json.loads(answer))
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    return heard


async def test_given_a_call_then_verbs_are_ordered_one_after_the_other(path):
    heard = await talk(path, json.dumps(GREETING).encode(), b'{"digit": "1"}', b'{"digit": ""}')
    assert heard == [{"verb": "play", "sound": "one", "digits": "12"}, {"verb": "hangup"}]


@pytest.mark.parametrize("says", [b"nonsense", b"[]", b'{"attempt": "17.3"}', b"{}", b'{"attempt": null}'])
async def test_given_a_greeting_that_is_none_then_it_is_refused(path, says):
    [order] = await talk(path, says)
    assert order["verb"] == "refuse"


async def test_given_a_script_that_answers_nonsense_then_the_closing_prompt_is_played(path):
    ok = b'{"digit": ""}'
    heard = await talk(path, json.dumps(GREETING).encode(), b"nonsense", ok, ok)
    assert [order["verb"] for order in heard] == ["play", "play", "hangup"]
    assert heard[1]["sound"] == "ami-dialer/closing"


async def test_given_the_settings_then_the_socket_has_these_permissions(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_given_a_socket_left_behind_then_it_is_replaced(tmp_path):
    path = tmp_path / "answered.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = AgiSocketServer(FastAgi(socket=path), play_and_hang_up)
    await server.start()
    assert await talk(path, b"nonsense")
    await server.stop(0)


async def test_given_a_socket_that_is_alive_then_it_is_left_alone(path):
    second = AgiSocketServer(FastAgi(socket=path), play_and_hang_up)
    with pytest.raises(AsteriskError, match="another dialer listens"):
        await second.start()
    assert path.exists()


async def test_given_a_file_in_the_way_then_it_is_left_alone(tmp_path):
    path = tmp_path / "answered.sock"
    path.write_text("precious")
    with pytest.raises(AsteriskError, match="is no socket"):
        await AgiSocketServer(FastAgi(socket=path), play_and_hang_up).start()
    assert path.read_text() == "precious"


async def test_given_a_path_too_long_for_a_socket_then_the_error_says_so(tmp_path):
    path = tmp_path / ("x" * MAX_PATH)
    with pytest.raises(AsteriskError, match=f"longer than {MAX_PATH} bytes"):
        await AgiSocketServer(FastAgi(socket=path), play_and_hang_up).start()


async def test_given_no_folder_then_the_error_says_so(tmp_path):
    with pytest.raises(AsteriskError, match="folder must be there"):
        await AgiSocketServer(FastAgi(socket=tmp_path / "none" / "answered.sock"), play_and_hang_up).start()


async def test_given_a_stop_when_the_grace_is_over_then_the_script_is_told_to_hang_up(tmp_path):
    path = tmp_path / "answered.sock"
    server = AgiSocketServer(FastAgi(socket=path), play_and_hang_up)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(json.dumps(GREETING).encode() + b"\n")
    assert json.loads(await reader.readline())["verb"] == "play"
    await server.stop(0.05)
    assert json.loads(await reader.readline())["verb"] == "hangup"
    assert await reader.read() == b""
    writer.close()


async def test_given_a_script_that_cannot_play_then_the_flow_is_told_why(tmp_path):
    errors: list[Exception] = []

    async def on_call(leg: CallLeg) -> None:
        for _ in range(2):
            try:
                await leg.play("gone")
            except (SoundMissingError, AsteriskError) as error:
                errors.append(error)
        await leg.hang_up()

    server = AgiSocketServer(FastAgi(socket=tmp_path / "s"), on_call)
    await server.start()
    failed = b'{"error": "failed", "detail": "AGIUsageError"}'
    await talk(tmp_path / "s", json.dumps(GREETING).encode(), b'{"error": "missing"}', failed, b'{"digit": ""}')
    await server.stop(1)
    assert [str(error) for error in errors] == ["gone", "AGI script: AGIUsageError"]


async def test_given_a_test_call_of_doctor_then_it_is_told_that_it_arrived(path):
    assert await talk(path, b'{"attempt": "check"}') == [{"verb": "checked"}]
