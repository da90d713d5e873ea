"""The FastAGI server against everything that connects to an open port, and its calls to their end."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from ami_dialer.adapters.asterisk import call_server
from ami_dialer.adapters.asterisk.call_server import LEAST_CROWDED
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer, name_of_process
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.calls import AmdFacts
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallerHungUpError, CallLeg, CallLostError, SoundMissingError
from tests.fakes.agi_peer import BREAKS_OFF, HUNG_UP_BEFORE, AsteriskSide, call_fastagi, environment
from tests.fakes.leg import HANGS_UP, NOTHING

pytestmark = pytest.mark.unit


CALLS_AT_ONCE = 2_000


class Reception:
    """Serves calls as each test says, and keeps what came in."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, AmdFacts]] = []
        self.ended: list[str] = []
        self.serve: Callable[[CallLeg], Awaitable[None]] = self.play_three_and_hang_up

    async def on_call(self, leg: CallLeg) -> None:
        self.calls.append((leg.attempt_id, leg.amd))
        try:
            await self.serve(leg)
            self.ended.append("served")
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise

    async def play_three_and_hang_up(self, leg: CallLeg) -> None:
        try:
            for sound in ("one", "two", "three"):
                await leg.play(sound, "123")
                await leg.wait_for_digit(1)
        except CallerHungUpError as over:
            self.ended.append("lost" if isinstance(over, CallLostError) else "hung up")
        await leg.hang_up()
        await leg.hang_up()


@pytest.fixture
def reception() -> Reception:
    return Reception()


@pytest.fixture
async def server(reception: Reception) -> AsyncIterator[FastAgiServer]:
    server = FastAgiServer(FastAgi(max_calls=CALLS_AT_ONCE), reception.on_call, port=0)
    await server.start()
    yield server
    await server.stop(0)
    assert server.calls == 0
    assert not server._connections


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110 - a fact of the far side; nobody sets an event for it
            await asyncio.sleep(0.01)


async def opened(server: FastAgiServer, sends: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sends)
    return reader, writer


async def test_given_a_call_then_its_attempt_and_amd_facts_are_known_and_the_verbs_go_out(server, reception):
    side = AsteriskSide(["2", NOTHING])
    await call_fastagi(server.port, side, environment("amid-7-7", status="NOTSURE", cause="TOOLONG-5000"))
    assert reception.calls == [("amid-7-7", AmdFacts("NOTSURE", "TOOLONG-5000"))]
    assert side.verbs[0] == ("play", "one", "123")
    assert side.verbs[-1] == ("hang up",)
    assert [verb[0] for verb in side.verbs].count("hang up") == 1


async def test_given_the_attempt_in_the_query_of_the_script_then_it_is_read_there(server, reception):
    opening = environment("", script="answered?attempt=amid-8-8&amdstatus=HUMAN", status="")
    await call_fastagi(server.port, AsteriskSide(), opening)
    assert reception.calls == [("amid-8-8", AmdFacts("HUMAN", ""))]


@pytest.mark.parametrize(
    ("opening", "why"),
    [
        (environment(script="other"), "no script 'other' here"),
        (environment("1763500000.17"), "'1763500000.17' is no attempt of this dialer"),
        (environment(""), "'' is no attempt"),
        (environment("amid-1-1", *["x"] * 200), "lines"),
    ],
)
async def test_given_a_call_that_is_not_ours_then_asterisk_is_told_to_go_on_in_the_dialplan(
    opening, why, server, reception
):
    side = AsteriskSide()
    [line] = await call_fastagi(server.port, side, opening)
    assert line.startswith("failure")
    assert why in line
    assert side.commands == []
    assert reception.calls == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400),
        b"\n",
        b"\0" * 100_000,
        b"A" * 1_000_000,
        b"agi_request: " + b"x" * 1_000_000,
        b"agi_request: x\n" * 100_000,
        b"SSH-2.0-scan\r\n",
    ],
)
async def test_given_garbage_then_the_connection_is_closed_and_calls_are_served(
    garbage, server, reception, monkeypatch
):
    monkeypatch.setattr(call_server, "GREETING_SECONDS", 0.3)
    reader, writer = await opened(server, garbage)
    try:
        async with asyncio.timeout(10):
            assert b"STREAM" not in await reader.read()
    except ConnectionError:
        pass  # closed with our garbage still unread
    writer.close()
    await call_fastagi(server.port, AsteriskSide())
    assert reception.ended == ["served"]


async def test_given_a_port_scan_then_nothing_is_left_of_it(server, reception):
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", server.port)):
            pass
    await call_fastagi(server.port, AsteriskSide())
    assert reception.ended == ["served"]
    await until(lambda: not server._connections)


@pytest.mark.parametrize("said", [b"", b"agi_request: x\n", b"agi"])
async def test_given_a_peer_that_says_no_more_then_it_is_let_go_in_time(said, server, reception, monkeypatch):
    monkeypatch.setattr(call_server, "GREETING_SECONDS", 0.1)
    reader, writer = await opened(server, said)
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()
    assert reception.calls == []


async def test_given_a_crowd_that_says_nothing_then_it_is_bounded(server, monkeypatch):
    monkeypatch.setattr(call_server, "MAX_STRANGERS", 5 - CALLS_AT_ONCE)
    crowd = [await opened(server) for _ in range(5)]
    await until(lambda: len(server._connections) == 5)
    late, writer = await opened(server)
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            assert await late.read() == b""
    assert len(server._connections) == 5
    for _, stranger in [*crowd, (late, writer)]:
        stranger.close()


async def test_given_strangers_from_one_address_then_one_warning_and_no_more(server, caplog):
    caplog.set_level("DEBUG")
    for _ in range(3):
        reader, writer = await opened(server)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b"failure: not Asterisk: b'GET / HTTP/1.1\\r\\n'\n"
        writer.close()
    levels = [record.levelname for record in caplog.records if record.message == "call refused"]
    assert levels == ["WARNING", "DEBUG", "DEBUG"]


@pytest.mark.parametrize("sign", [HANGS_UP, HUNG_UP_BEFORE, BREAKS_OFF])
@pytest.mark.parametrize("after", range(6))
async def test_given_a_hang_up_at_any_command_then_the_flow_is_told(after, sign, server, reception):
    await call_fastagi(server.port, AsteriskSide([NOTHING] * after + [sign]))
    await until(lambda: server.calls == 0)
    assert reception.ended == ["lost" if sign is BREAKS_OFF else "hung up", "served"]


async def test_given_a_missing_sound_then_the_flow_is_told_and_can_go_on(server, reception):
    async def serve(leg: CallLeg) -> None:
        with pytest.raises(SoundMissingError, match="gone"):
            await leg.play("gone")
        assert await leg.play("closing", "1") == "1"
        await leg.hang_up()

    reception.serve = serve
    side = AsteriskSide(["1"], missing=["gone"])
    await call_fastagi(server.port, side)
    assert reception.ended == ["served"]
    assert side.verbs == [("play", "gone", ""), ("play", "closing", "1"), ("hang up",)]


async def test_given_a_reply_that_is_none_then_the_fault_is_said_and_the_closing_prompt_played(server, reception):
    async def serve(leg: CallLeg) -> None:
        await leg.play("one")

    class Confused(AsteriskSide):
        def reply(self, command: str) -> list[str] | None:
            if "one" in command:
                self.commands.append(command)
                return ["what?"]
            return super().reply(command)

    reception.serve = serve
    side = Confused()
    await call_fastagi(server.port, side)
    assert reception.ended == ["AsteriskError"]
    assert side.verbs == [("play", "one", ""), ("play", "ami-dialer/closing", ""), ("hang up",)]


async def test_given_a_reply_without_an_end_then_it_is_not_read_for_ever(server, reception):
    reader, writer = await opened(server, environment())
    await reader.readline()
    writer.write(b"2" * 1_000_000)
    async with asyncio.timeout(10):
        try:
            while await reader.read(1_000):
                pass
        except ConnectionError:
            pass
    writer.close()
    assert reception.ended == ["AsteriskError"]


async def test_given_a_flow_that_raises_then_it_is_logged_and_the_closing_prompt_is_played(server, reception, caplog):
    async def serve(leg: CallLeg) -> None:
        raise LookupError("no such attempt")

    reception.serve = serve
    side = AsteriskSide()
    await call_fastagi(server.port, side)
    assert side.verbs == [("play", "ami-dialer/closing", ""), ("hang up",)]
    assert "no such attempt" in caplog.text


async def test_given_as_many_calls_as_allowed_then_some_more_are_only_told_and_the_rest_sent_back(reception):
    release = asyncio.Event()
    crowded = []

    async def serve(leg: CallLeg) -> None:
        crowded.append(leg.crowded)
        await release.wait()
        await leg.hang_up()

    reception.serve = serve
    server = FastAgiServer(FastAgi(max_calls=1), reception.on_call, port=0)
    await server.start()
    calls = [asyncio.create_task(call_fastagi(server.port, AsteriskSide()))]
    await until(lambda: server.calls == 1)
    calls += [asyncio.create_task(call_fastagi(server.port, AsteriskSide())) for _ in range(LEAST_CROWDED)]
    await until(lambda: server.calls == 1 + LEAST_CROWDED)
    assert crowded == ["", *["1 calls are being served; fastagi.max_calls allows no more"] * LEAST_CROWDED]
    [line] = await call_fastagi(server.port, AsteriskSide())
    assert line.startswith("failure")
    assert "fastagi.max_calls" in line
    release.set()
    await asyncio.gather(*calls)
    await server.stop(10)
    assert reception.ended == ["served"] * (1 + LEAST_CROWDED)


async def test_given_calls_that_are_only_told_then_one_that_can_be_served_is_served(reception):
    """Those who hear the message for abandoned calls take no place of anybody else."""
    releases = [asyncio.Event() for _ in range(3)]
    crowded = []

    async def serve(leg: CallLeg) -> None:
        place = len(crowded)
        crowded.append(bool(leg.crowded))
        await releases[place].wait()
        await leg.hang_up()

    reception.serve = serve
    server = FastAgiServer(FastAgi(max_calls=1), reception.on_call, port=0)
    await server.start()
    calls = []
    for place in range(2):
        calls.append(asyncio.create_task(call_fastagi(server.port, AsteriskSide())))
        await until(lambda place=place: server.calls == place + 1)
    releases[0].set()
    await until(lambda: server.calls == 1)
    calls.append(asyncio.create_task(call_fastagi(server.port, AsteriskSide())))
    await until(lambda: server.calls == 2)
    assert crowded == [False, True, False]
    for release in releases:
        release.set()
    await asyncio.gather(*calls)
    await server.stop(10)


async def test_given_a_stop_with_grace_then_calls_in_progress_end_by_themselves(server, reception):
    begun, release = asyncio.Event(), asyncio.Event()

    async def serve(leg: CallLeg) -> None:
        begun.set()
        await release.wait()
        await leg.play("bye")
        await leg.hang_up()

    reception.serve = serve
    port, side = server.port, AsteriskSide()
    call = asyncio.create_task(call_fastagi(port, side))
    await begun.wait()
    stop = asyncio.create_task(server.stop(30))
    await asyncio.sleep(0)
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", port)
    release.set()
    await stop
    await call
    assert side.verbs == [("play", "bye", ""), ("hang up",)]
    assert reception.ended == ["served"]


async def test_given_a_stop_when_the_grace_is_over_then_a_prompt_is_broken_off_and_hung_up(server, reception):
    reader, writer = await opened(server, environment())
    assert (await reader.readline()).startswith(b"STREAM FILE")
    await server.stop(0.05)
    assert await reader.readline() == b"HANGUP\n"
    assert await reader.read() == b""
    writer.close()
    assert reception.ended == ["CancelledError"]


async def test_given_a_port_that_is_taken_then_the_error_says_what_to_do(server, reception):
    second = FastAgiServer(FastAgi(), reception.on_call, port=server.port)
    with pytest.raises(AsteriskError, match=r"fastagi\.port.*AMI_DIALER_FASTAGI"):
        await second.start()
    await second.stop(1)


async def test_given_two_thousand_calls_at_once_then_each_is_served(server, reception):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, 8_192) if hard == -1 else hard, hard))
    all_in = asyncio.Event()

    async def serve(leg: CallLeg) -> None:
        if server.calls == CALLS_AT_ONCE:
            all_in.set()
        await all_in.wait()
        await reception.play_three_and_hang_up(leg)

    reception.serve = serve
    sides = [AsteriskSide() for _ in range(CALLS_AT_ONCE)]
    async with asyncio.timeout(120):
        await asyncio.gather(
            *(call_fastagi(server.port, side, environment(f"amid-{n}-1")) for n, side in enumerate(sides))
        )
    assert reception.ended == ["served"] * CALLS_AT_ONCE
    assert len({attempt for attempt, _ in reception.calls}) == CALLS_AT_ONCE
    assert all(side.verbs[-1] == ("hang up",) for side in sides)


async def test_given_a_test_call_of_doctor_then_it_hears_which_dialer_it_reached(server, reception):
    reader, writer = await opened(server, environment(script="check"))
    assert await reader.readline() == f'SET VARIABLE AMI_DIALER_HEARD "{name_of_process()}"\n'.encode()
    writer.write(b"200 result=1\n")
    assert await reader.read() == b""
    writer.close()
    assert reception.calls == []
