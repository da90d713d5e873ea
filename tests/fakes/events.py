"""Somebody who hears every event: implements ports.Events."""

from datetime import datetime
from typing import Any

from ami_dialer.domain.events import Event, EventName


class FakeEvents:
    """Keeps what it was told."""

    trouble = None

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.statuses: list[tuple[str, str, dict[str, Any]]] = []
        self.stopped = False

    def start(self) -> None:
        self.stopped = False

    def publish(self, event: Event) -> None:
        self.heard.append(event)

    def status(self, campaign: str, state: str, at: datetime, **more: object) -> None:
        self.statuses.append((campaign, state, more))

    async def stop(self) -> None:
        self.stopped = True

    def names(self, number: str | None = None) -> list[EventName]:
        return [event.name for event in self.heard if number in (None, event.data.get("number"))]

    def of(self, name: EventName) -> list[dict[str, Any]]:
        return [event.data for event in self.heard if event.name is name]
