"""The AMI adapter connected to the lab's PBX over a wire that can be cut."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ami_dialer.adapters.asterisk.reconnect import Backoff
from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Server
from ami_dialer.domain.attempt import new_attempt_id
from ami_dialer.domain.calls import CallEnded, CallEvent, OriginateRequest
from tests.asterisk.ami.wire import Wire, wired
from tests.asterisk.world import World, until


class Line:
    """An adapter, and everything it told."""

    def __init__(self, telephony: AmiTelephony, wire: Wire) -> None:
        self.telephony = telephony
        self.wire = wire
        self.events: list[CallEvent] = []
        self.links: list[bool] = []

    def request(self, channel: str, **changes: Any) -> OriginateRequest:
        fields: dict[str, Any] = {
            "attempt_id": new_attempt_id(SystemClock().now()),
            "channel": channel,
            "context": "ami-dialer-answered",
            "extension": "direct",
            "ring_seconds": 20,
            "variables": (("AMI_DIALER_NEXT", "lab-questions"),),
        }
        return OriginateRequest(**{**fields, **changes})

    def of(self, attempt_id: str) -> list[CallEvent]:
        return [event for event in self.events if getattr(event, "attempt_id", None) == attempt_id]

    def names(self, attempt_id: str) -> list[str]:
        return [type(event).__name__ for event in self.of(attempt_id)]

    async def end_of(self, attempt_id: str, timeout: float = 30) -> CallEnded:
        def ended() -> CallEnded | None:
            return next((event for event in self.of(attempt_id) if isinstance(event, CallEnded)), None)

        found = await until(ended, timeout)
        assert found is not None
        return found


@asynccontextmanager
async def connected(world: World, *, secret: str | None = None, **options: Any) -> AsyncIterator[Line]:
    async with wired(world.ports.ami) as wire:
        settings = Server(port=wire.port, secret=secret or world.secret)
        telephony = AmiTelephony("lab", settings, SystemClock(), backoff=Backoff(0.05, 0.1), **options)
        line = Line(telephony, wire)
        await telephony.start(line.events.append, line.links.append)
        try:
            await telephony.wait_connected(10)
            yield line
        finally:
            await telephony.stop()


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    async with connected(world) as connection:
        assert connection.telephony.connected, connection.telephony.trouble
        yield connection
