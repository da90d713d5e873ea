"""Test calls: Local channels within the dialplan of asterisk_conf, so that nobody is called."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex

from ami_dialer.adapters.asterisk import questions
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.faults import ActionRefusedError
from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.domain.attempt import TEST_CALL_PREFIX
from ami_dialer.domain.calls import OriginateRequest

#: Context of asterisk_conf/extensions.conf that is there for doctor.
CHECK_CONTEXT = "ami-dialer-check"
#: Its extension that picks up and gives a tone.
FAR_END = "listen"
#: Its other extensions: what a call is to try.
SOUND, FASTAGI, SCRIPT, RECORD, AFTER_AMD = "sound", "fastagi", "script", "record", "s"
#: Another far end, which presses a key.
KEYS = "keys"
#: The event each of them ends with.
TOLD = "AmiDialerCheck"
#: Every event the dialer reads.
EVENTS = ("Newchannel", "Newstate", "OriginateResponse", "UserEvent", "Hangup")
#: Told of a line of agents, besides.
LEFT, PRESSED = "BridgeLeave", "DTMFEnd"
#: Seconds for a test call. AMD() decides within its total_analysis_time, 5 s as shipped.
PATIENCE = 20.0
#: Seconds between two looks whether the call lives, where nothing is heard of it.
_LOOK = 0.5
#: So many looks in a row without its channel, and its events will not come any more.
_LOOKS_WITHOUT = 2


@dataclass(slots=True)
class Heard:
    """What was heard of a test call."""

    unique_id: str
    events: list[tuple[str, AmiEvent]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def first(self, name: str, **headers: str) -> AmiEvent | None:
        """The first event of that name with these headers."""
        for heard, event in self.events:
            if heard == name and all(event.header(key) == value for key, value in headers.items()):
                return event
        return None


class Line:
    """Places test calls over one connection, and hears their events."""

    def __init__(self) -> None:
        self._calls: dict[str, Heard] = {}
        #: For the connection.
        self.handlers = {name: partial(self._hear, name) for name in (*EVENTS, LEFT, PRESSED)}

    def _hear(self, name: str, event: AmiEvent) -> None:
        call = self._calls.get(event.header("Uniqueid"))
        if call is not None:
            call.events.append((name, event))
            call.more.set()

    async def call(
        self,
        connection: AmiConnection,
        extension: str,
        until: Callable[[Heard], object],
        *,
        context: str = CHECK_CONTEXT,
        variables: tuple[tuple[str, str], ...] = (),
        far_end: str = FAR_END,
    ) -> Heard:
        """Call the far end, send it to `extension`, and wait until `until` is true, it is gone, or PATIENCE is over.

        Raises ActionRefusedError where Asterisk does not take it, ConnectionError where the link goes down.
        """
        heard = Heard(TEST_CALL_PREFIX + token_hex(5))
        self._calls[heard.unique_id] = heard
        request = OriginateRequest(
            attempt_id=heard.unique_id,
            channel=f"Local/{far_end}@{CHECK_CONTEXT}",
            context=context,
            extension=extension,
            ring_seconds=10,
            variables=variables,
        )
        try:
            await questions.place(connection, PATIENCE, request)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await _until(connection, heard, until)
        finally:
            await self._end(connection, heard)
        return heard

    async def _end(self, connection: AmiConnection, heard: Heard) -> None:
        del self._calls[heard.unique_id]
        if heard.first("Hangup", Uniqueid=heard.unique_id) is None and connection.usable:
            with suppress(ActionRefusedError, ConnectionError):  # gone already
                await questions.answer(connection, PATIENCE, Action="Hangup", Channel=heard.unique_id)


async def _until(connection: AmiConnection, heard: Heard, until: Callable[[Heard], object]) -> None:
    missed = 0
    while not until(heard) and missed < _LOOKS_WITHOUT:
        heard.more.clear()
        try:
            async with asyncio.timeout(_LOOK):
                await heard.more.wait()
        except TimeoutError:
            channels = await questions.entries(connection, PATIENCE, Action="CoreShowChannels")
            alive = any(channel.get("Uniqueid") == heard.unique_id for channel in channels)
            missed = 0 if alive else missed + 1
