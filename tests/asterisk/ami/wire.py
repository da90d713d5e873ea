"""A cable to the manager port that can be cut, or go dead without being cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Forwards one port of 127.0.0.1 to another."""

    def __init__(self, to: int) -> None:
        self.port = 0
        self.connections = 0
        #: Whether bytes go through in that direction; what arrives while not is lost.
        self.to_asterisk = True
        self.from_asterisk = True
        #: Whether a new connection gets through; else it is ended at once.
        self.open = True
        self._to = to
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """End every connection; new ones go through while `open`."""
        for writer in self._writers:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self.open:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer, "to_asterisk"))
                both.create_task(self._pump(far_reader, writer, "from_asterisk"))
        except* ConnectionError:
            pass
        finally:
            for end in (writer, far_writer):
                end.close()
                self._writers.discard(end)
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str) -> None:
        while data := await reader.read(65_536):
            if getattr(self, direction):
                writer.write(data)
        writer.transport.abort()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def wired(to: int) -> AsyncIterator[Wire]:
    wire = Wire(to)
    server = await asyncio.start_server(wire._forward, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
