"""AMI events per CPU second: our adapter up to the domain, plain panoramisk, and a reader that only splits messages.

A peer process sends the same stream to each of them over loopback; the rounds take turns, so that a busy machine is
busy for all. `python benchmarks/bench_events.py [--calls N] [--rounds N]` writes benchmarks/results/events.json.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from panoramisk import Manager

from ami_dialer.adapters.asterisk.actions import AckAction
from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Server
from ami_dialer.domain.calls import CallEnded, CallEvent

HERE = Path(__file__).parent
#: One answered call with AMD and caller id, recorded from Asterisk 22: 16 messages of 13 kinds.
ANSWERED_CALL = (HERE / "ami_answered_call.txt").read_bytes().replace(b"\n", b"\r\n") + b"\r\n"
MESSAGES_PER_CALL = ANSWERED_CALL.count(b"\r\n\r\n")
#: What a dialer written on panoramisk listens to.
PATTERNS = [
    "Newchannel",
    "Newstate",
    "Hangup",
    "OriginateResponse",
    "UserEvent",
    "Dial*",
    "Bridge*",
    "VarSet",
    "Newexten",
    "Queue*",
    "Agent*",
    "DTMFEnd",
]


@dataclass(frozen=True)
class Stream:
    """What the peer sends."""

    name: str
    calls: int
    #: Calls of others for each of ours.
    others: int = 0

    @property
    def events(self) -> int:
        return self.calls * (1 + self.others) * MESSAGES_PER_CALL

    @property
    def hang_ups(self) -> int:
        return self.calls * (1 + self.others)

    def parts(self) -> list[bytes]:
        """About 60 kB each, as a full socket buffer comes."""
        texts = []
        for number in range(self.calls):
            for other in range(1 + self.others):
                unique = f"179533{number:05d}.{other}" if other else f"amid-{number:011x}-0123456789"
                text = ANSWERED_CALL.replace(b"@ID@", unique.encode())
                texts.append(text.replace(b"@NO@", f"{number * 8 + other:08x}".encode()))
        return [b"".join(texts[at : at + 9]) for at in range(0, len(texts), 9)]


def serve(stream: Stream, port: "multiprocessing.Queue[int]") -> None:
    """The peer process: a manager port that lets everybody in and streams at `Action: Start`."""
    answers = {
        b"Login": b"Message: Authentication accepted\r\n",
        b"ListCommands": b"Originate: x\r\nHangup: x\r\nCoreShowChannels: x\r\n",
    }
    parts = stream.parts()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                headers = dict(line.split(b": ", 1) for line in block.splitlines() if b": " in line)
                writer.write(b"Response: Success\r\nActionID: " + headers[b"ActionID"] + b"\r\n")
                writer.write(answers.get(headers[b"Action"], b"") + b"\r\n")
                if headers[b"Action"] == b"Start":
                    for part in parts:
                        writer.write(part)
                        await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(session, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def adapter(port: int, stream: Stream) -> float:
    """CPU seconds of ours, up to the events of the domain."""
    done = asyncio.get_running_loop().create_future()
    counts = {"ended": 0, "all": 0}

    def hear(event: CallEvent) -> None:
        counts["all"] += 1
        if type(event) is CallEnded:
            counts["ended"] += 1
            if counts["ended"] == stream.calls:
                done.set_result(None)

    telephony = AmiTelephony("bench", Server(port=port, secret="x"), SystemClock())
    await telephony.start(hear, lambda _: None)
    assert await telephony.wait_connected(10), telephony.trouble
    connection = telephony._connection
    assert connection is not None
    before = time.process_time()
    await connection.request(AckAction({"Action": "Start"}), 60)
    await done
    spent = time.process_time() - before
    # Ringing, answered, classified, ended: nothing may have been saved by dropping it.
    assert counts["all"] == 4 * stream.calls, counts
    await telephony.stop()
    return spent


async def plain_panoramisk(port: int, stream: Stream) -> float:
    """CPU seconds of panoramisk as it comes, with twelve handlers that read two headers."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = stream.hang_ups
    manager = Manager(loop=loop, host="127.0.0.1", port=port, username="x", secret="x")

    def handle(_: Manager, event: object) -> None:
        nonlocal left
        read = (event.uniqueid, event.channel)  # type: ignore[attr-defined]
        if event.event == "Hangup" and read:  # type: ignore[attr-defined]
            left -= 1
            if left == 0:
                done.set_result(None)

    for pattern in PATTERNS:
        manager.register_event(pattern, handle)
    await manager.connect()
    await manager.authenticated_future
    before = time.process_time()
    manager.send_action({"Action": "Start"})
    await done
    spent = time.process_time() - before
    # Its connection_lost would connect anew for ever.
    manager.connection_lost = lambda _: None
    manager.close()
    return spent


class BareReader(asyncio.Protocol):
    """Splits what comes into messages and counts them."""

    def __init__(self, expected: int, done: "asyncio.Future[None]") -> None:
        self.rest = b""
        self.left = expected
        self.done = done

    def data_received(self, data: bytes) -> None:
        *messages, self.rest = (self.rest + data).split(b"\r\n\r\n")
        self.left -= len(messages)
        if self.left <= 0 and not self.done.done():
            self.done.set_result(None)


async def bare(port: int, stream: Stream) -> float:
    """CPU seconds of reading and splitting alone."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    # One more: the answer to Start.
    transport, _ = await loop.create_connection(lambda: BareReader(stream.events + 1, done), "127.0.0.1", port)
    before = time.process_time()
    transport.write(b"Action: Start\r\nActionID: 1\r\n\r\n")
    await done
    spent = time.process_time() - before
    transport.close()
    return spent


CLIENTS: dict[str, Callable[[int, Stream], Awaitable[float]]] = {
    "adapter": adapter,
    "panoramisk": plain_panoramisk,
    "bare": bare,
}


def measure(stream: Stream, rounds: int) -> dict[str, float]:
    """Events per CPU second of each client, the median of the rounds."""
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    peer = context.Process(target=serve, args=(stream, ports))
    peer.start()
    try:
        port = ports.get(timeout=60)
        spent: dict[str, list[float]] = {name: [] for name in CLIENTS}
        for _ in range(rounds):
            for name, client in CLIENTS.items():
                spent[name].append(asyncio.run(client(port, stream)))
    finally:
        peer.kill()
        peer.join()
    return {name: stream.events / statistics.median(times) for name, times in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    ours = Stream("our calls only", options.calls)
    busy = Stream("a PBX with three other calls for each of ours", options.calls // 4, others=3)
    rates = {stream.name: measure(stream, options.rounds) for stream in (ours, busy)}
    print(f"{'events per CPU second':46} {'adapter':>10} {'panoramisk':>10} {'bare':>10} {'ratio':>6} {'of limit':>8}")
    for name, rate in rates.items():
        print(
            f"{name:46} {rate['adapter']:10,.0f} {rate['panoramisk']:10,.0f} {rate['bare']:10,.0f} "
            f"{rate['adapter'] / rate['panoramisk']:6.1f} {rate['adapter'] / rate['bare']:8.3f}"
        )
    result = {**_keys(rates[ours.name]), "busy_pbx": _keys(rates[busy.name])}
    result |= {
        "events": ours.events,
        "rounds": options.rounds,
        "messages_per_call": MESSAGES_PER_CALL,
        "bytes_per_event": round(len(Stream("one call", 1).parts()[0]) / MESSAGES_PER_CALL),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
    path = HERE / "results" / "events.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def _keys(rates: dict[str, float]) -> dict[str, float]:
    return {
        **{f"{name}_events_per_s": round(rate) for name, rate in rates.items()},
        "ratio": round(rates["adapter"] / rates["panoramisk"], 2),
        "of_limit": round(rates["adapter"] / rates["bare"], 3),
    }


if __name__ == "__main__":
    main()
