"""A scripted AMI peer: greets, logs in and answers as Asterisk 22 does, and misbehaves on request."""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Self

Headers = dict[str, str]
#: What the peer answers to an action; None is silence.
Script = Callable[[Headers], bytes | None]

SECRET = "not-a-secret"
#: Long enough for a loaded machine; a test that passes never waits for it.
PATIENCE = 10.0


def message(*lines: str | tuple[str, str]) -> bytes:
    """An AMI message of `Name: value` lines."""
    text = [line if isinstance(line, str) else f"{line[0]}: {line[1]}" for line in lines]
    return ("\r\n".join(text) + "\r\n\r\n").encode()


def event(name: str, **headers: str) -> bytes:
    """An event; underscores in the names of headers become dashes."""
    return message(("Event", name), *((key.replace("_", "-"), value) for key, value in headers.items()))


async def until(fact: Callable[[], object]) -> None:
    """Wait until `fact` is true."""
    async with asyncio.timeout(PATIENCE):
        while not fact():  # noqa: ASYNC110 - most facts lie in the code under test, which has no event for them
            await asyncio.sleep(0.005)


class AmiPeer:
    """A manager port on 127.0.0.1."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.secret = SECRET
        self.port = 0
        self.greeting = b"Asterisk Call Manager/11.0.0\r\n"
        #: Every action received, over all connections; a repeated header is joined by a line break.
        self.actions: list[Headers] = []
        self.raw = b""
        self.connections = 0
        #: Living channels as CoreShowChannels lists them: (Uniqueid, Channel, ChannelState, Duration).
        self.channels: list[tuple[str, str, str, str]] = []
        self.permitted = ["Originate", "Hangup", "CoreShowChannels", "Ping", "Events", "ListCommands"]
        #: Replaces the usual answer to an action of that name.
        self.scripts: dict[str, Script] = {}
        #: Once set, what is sent to the peer stays unread.
        self.reading = asyncio.Event()
        self.reading.set()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Cut the connections that stand."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def send(self, *messages: bytes) -> None:
        """Send to the newest connection, in one piece."""
        self._writers[-1].write(b"".join(messages))

    def taken(self, name: str) -> list[Headers]:
        """The actions of that name so far."""
        return [action for action in self.actions if action.get("Action") == name]

    async def take(self, name: str, count: int = 1) -> Headers:
        """Wait for the `count`th action of that name."""
        await until(lambda: len(self.taken(name)) >= count)
        return self.taken(name)[count - 1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._writers.append(writer)
        try:
            writer.write(self.greeting)
            while True:
                await self.reading.wait()
                block = await reader.readuntil(b"\r\n\r\n")
                self.raw += block
                answer, stay = self._answer(_headers(block))
                if answer is not None:
                    writer.write(answer)
                if not stay:
                    await writer.drain()
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()
            if writer in self._writers:
                self._writers.remove(writer)

    def _answer(self, action: Headers) -> tuple[bytes | None, bool]:
        self.actions.append(action)
        name = action.get("Action", "")
        if name in self.scripts:
            return self.scripts[name](action), True
        if name == "Login" and action["Secret"] != self.secret:
            return answer(action, "Error", "Authentication failed"), False
        if name == "Logoff":
            return answer(action, "Goodbye", "Thanks for all the fish."), False
        return self._usual(name, action), True

    def _usual(self, name: str, action: Headers) -> bytes:
        if name == "CoreShowChannels":
            return self._channel_list(action)
        if name == "Hangup":
            if action["Channel"] in {channel[0] for channel in self.channels}:
                return answer(action, "Success", "Channel Hungup")
            return answer(action, "Error", "No such channel")
        if name == "ListCommands":
            return answer(action, "Success", "", *(f"{name}: It (Priv: all)" for name in self.permitted))
        if name in _ACKS:
            return answer(action, "Success", *_ACKS[name])
        return answer(action, "Error", f"Invalid/unknown command: {name}.")

    def _channel_list(self, action: Headers) -> bytes:
        parts = [answer(action, "Success", "Channels will follow", "EventList: start")]
        parts += (
            event(
                "CoreShowChannel",
                ActionID=action["ActionID"],
                Channel=channel,
                ChannelState=state,
                Uniqueid=unique_id,
                Linkedid=unique_id,
                Duration=duration,
            )
            for unique_id, channel, state, duration in self.channels
        )
        parts.append(
            event(
                "CoreShowChannelsComplete",
                ActionID=action["ActionID"],
                EventList="Complete",
                ListItems=str(len(self.channels)),
            )
        )
        return b"".join(parts)


#: Message and further headers of plain acknowledgements.
_ACKS = {
    "Login": ("Authentication accepted",),
    "Ping": ("", "Ping: Pong", "Timestamp: 1795331040.123456"),
    "Events": ("", "Events: On"),
    "Originate": ("Originate successfully queued",),
}


def answer(action: Headers, response: str, text: str = "", *more: str) -> bytes:
    """A response to `action`."""
    lines = [f"Response: {response}", f"ActionID: {action['ActionID']}"]
    if text:
        lines.append(f"Message: {text}")
    return message(*lines, *more)


def _headers(block: bytes) -> Headers:
    headers: Headers = {}
    for name, value in _pairs(block.decode().splitlines()):
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return headers


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, found, value = line.partition(": ")
        if found:
            yield name, value
