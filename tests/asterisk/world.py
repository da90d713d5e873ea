"""A lab of its own for each test process, and a bare AMI client that owes nothing to the adapter under test."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from ami_dialer.lab import LabSettings, Ports, down, instances, up
from ami_dialer.lab.instance import Instance

T = TypeVar("T")

#: Blocks of ports for labs of tests: below the ephemeral range, above the default lab's.
_BLOCKS = range(20_000, 32_000, 500)


@contextmanager
def free_ports() -> Iterator[Ports]:
    """A block of ports that no other test process has, held by a socket on its last port."""
    for first in _BLOCKS:
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", first + 499))
        except OSError:
            holder.close()
            continue
        with holder:
            yield Ports.block(first)
            return
    raise AssertionError("every block of ports is in use")


class World:
    """A running lab."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self.ports = settings.ports
        self.secret = settings.secret_file.read_text(encoding="utf-8").strip()

    @property
    def pbx(self) -> Instance:
        return instances(self.settings)["pbx"]

    @property
    def world(self) -> Instance:
        return instances(self.settings)["world"]

    def channels(self) -> list[str]:
        """Names of the channels that the PBX holds."""
        lines = self.pbx.console("core show channels concise").splitlines()
        return [line.partition("!")[0] for line in lines if "!" in line]

    def hang_up_all(self) -> None:
        """End what an earlier test may have left."""
        for instance in (self.pbx, self.world):
            instance.console("channel request hangup all")

    @asynccontextmanager
    async def ami(self, user: str = "ami-dialer") -> AsyncIterator["RawAmi"]:
        """A logged-in AMI connection as `ami-dialer`, or as `lab` with every privilege and no event filter."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports.ami)
        client = RawAmi(reader, writer)
        try:
            answer = await client.ask(Action="Login", Username=user, Secret=self.secret)
            assert answer["Response"] == "Success", answer
            yield client
        finally:
            await client.close()


@contextmanager
def running_world(directory: Path, **settings: object) -> Iterator[World]:
    """A lab in `directory`, ended afterwards and with this process at the latest."""
    with free_ports() as ports:
        given = {"shared": (), "ends_with_caller": True, **settings}
        lab = LabSettings(directory=directory, ports=ports, **given)
        up(lab)
        try:
            yield World(lab)
        finally:
            down(lab)


class RawAmi:
    """Sends actions and keeps every event, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: dict[str, asyncio.Future[dict[str, str]]] = {}
        self._ids = itertools.count(1)
        self.events: list[dict[str, str]] = []
        self._task = asyncio.create_task(self._read())

    async def ask(self, variables: tuple[str, ...] = (), **headers: str) -> dict[str, str]:
        """Send an action; the first answer to it."""
        action_id = headers.setdefault("ActionID", f"raw-{next(self._ids)}")
        future = self._answers[action_id] = asyncio.get_running_loop().create_future()
        lines = [f"{key}: {value}" for key, value in headers.items()]
        lines += [f"Variable: {variable}" for variable in variables]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        await self._writer.drain()
        return await asyncio.wait_for(future, 10)

    def of(self, unique_id: str, event: str, **headers: str) -> dict[str, str] | None:
        """The first such event of a channel."""
        for message in self.events:
            same = message.get("Event") == event and message.get("Uniqueid") == unique_id
            if same and all(message.get(key) == value for key, value in headers.items()):
                return message
        return None

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)

    async def _read(self) -> None:
        await self._reader.readline()
        while block := await self._reader.readuntil(b"\r\n\r\n"):
            lines = block.decode().rstrip().split("\r\n")
            message = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines)
            if "Event" in message:
                self.events.append(message)
            elif answer := self._answers.pop(message.get("ActionID", ""), None):
                answer.set_result(message)


async def until(fact: Callable[[], T], timeout: float = 10.0) -> T:
    """Wait until `fact()` is true and return it; fails with the fact's last value after `timeout` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while not (value := fact()):
        assert loop.time() < deadline, f"not within {timeout} s: {getattr(fact, '__doc__', '') or fact}; now {value!r}"
        await asyncio.sleep(0.02)
    return value
