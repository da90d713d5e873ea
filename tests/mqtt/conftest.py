"""A real Mosquitto, and somebody who listens."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt
import pytest

from ami_dialer.adapters.backoff import Backoff
from ami_dialer.adapters.clock import SystemClock
from ami_dialer.adapters.mqtt import MqttEvents
from ami_dialer.config.mqtt import Mqtt
from ami_dialer.domain.events import Event, EventName
from tests.mosquitto import Broker

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def broker(tmp_path):
    one = Broker(tmp_path)
    one.start()
    yield one
    one.kill()


class Listener:
    """Hears everything below `ami-dialer`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict, bool]] = []
        self._news = asyncio.Event()

    def hear(self, message: aiomqtt.Message) -> None:
        self.heard.append((str(message.topic), json.loads(message.payload), message.retain))
        self._news.set()

    def of(self, topic: str) -> list[dict]:
        return [payload for where, payload, _ in self.heard if where == topic]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(broker: Broker, **login: str):
    listener = Listener()
    async with aiomqtt.Client("127.0.0.1", broker.port, **login) as client:
        await client.subscribe("#", qos=1)

        async def read() -> None:
            async for message in client.messages:
                listener.hear(message)

        task = asyncio.create_task(read())
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def telling(broker: Broker, **settings: object):
    events = MqttEvents(Mqtt(port=broker.port, **settings), SystemClock(), Backoff(base=0.02, cap=0.05))
    events.start()
    try:
        yield events
    finally:
        await events.stop()


def event(number: int = 1) -> Event:
    return Event(EventName.ENDED, AT, "survey", {"attempt": f"amid-{number}", "number": "+12125550123"})


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
