"""What every test of the AMI adapter starts from: a clock that stands, a server, a request, a listener."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from ami_dialer.adapters.asterisk.telephony import AmiTelephony
from ami_dialer.adapters.backoff import Backoff
from ami_dialer.config.schema import Server
from ami_dialer.domain.calls import CallEvent, OriginateRequest
from ami_dialer.ports import Clock
from tests.fakes.ami_peer import PATIENCE, SECRET, AmiPeer, event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ATTEMPT = "amid-019aa3e2b1c-0123456789"


class Noon(Clock):
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0


class Heard:
    """What the engine would hear, in order."""

    def __init__(self) -> None:
        self.order: list[CallEvent | bool] = []

    def hear(self, event: CallEvent) -> None:
        self.order.append(event)

    def link(self, up: bool) -> None:
        self.order.append(up)

    @property
    def events(self) -> list[CallEvent]:
        return [item for item in self.order if not isinstance(item, bool)]

    @property
    def links(self) -> list[bool]:
        return [item for item in self.order if isinstance(item, bool)]


Dialer = tuple[AmiTelephony, Heard]


def server(peer: AmiPeer, **settings: Any) -> Server:
    return Server(**{"host": "127.0.0.1", "port": peer.port, "secret": SECRET, **settings})


def request(attempt_id: str = ATTEMPT, **changes: Any) -> OriginateRequest:
    fields: dict[str, Any] = {
        "attempt_id": attempt_id,
        "channel": "PJSIP/15551234567@carrier",
        "context": "ami-dialer-answered",
        "extension": "amd",
        "ring_seconds": 30,
    }
    return OriginateRequest(**{**fields, **changes})


@asynccontextmanager
async def dialing(settings: Server, wait: bool = True, **options: Any) -> AsyncIterator[Dialer]:
    """A telephony of those settings, started; reconnects within milliseconds."""
    options.setdefault("backoff", Backoff(base=0.01, cap=0.02))
    telephony = AmiTelephony("pbx", settings, Noon(), **options)
    heard = Heard()
    await telephony.start(heard.hear, heard.link)
    try:
        if wait:
            assert await telephony.wait_connected(PATIENCE)
        yield telephony, heard
    finally:
        await telephony.stop()


def newstate(unique_id: str, state: str, linked: str = "") -> bytes:
    return event("Newstate", ChannelState=state, Uniqueid=unique_id, Linkedid=linked or unique_id)


def hangup(unique_id: str, cause: str, text: str, state: str = "6") -> bytes:
    return event("Hangup", ChannelState=state, Uniqueid=unique_id, Cause=cause, Cause_txt=text)


def outcome(attempt_id: str, response: str, reason: str) -> bytes:
    return event("OriginateResponse", ActionID=attempt_id, Response=response, Reason=reason, Uniqueid=attempt_id)
