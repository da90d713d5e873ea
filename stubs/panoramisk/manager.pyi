import asyncio
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

class Manager:
    config: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    # None until connected; every use of ours comes after
    protocol: Any
    authenticated: bool
    authenticated_future: asyncio.Future[Message | list[Message]] | None
    pinger: asyncio.TimerHandle | None
    # ints in panoramisk, which hands them to call_later: floats do as well
    ping_delay: float
    ping_interval: float
    def __init__(self, **config: Any) -> None: ...
    def connect(
        self, run_forever: bool = ..., on_startup: Any = ..., on_shutdown: Any = ...
    ) -> asyncio.Task[tuple[asyncio.Transport, AMIProtocol]]: ...
    def connection_made(self, f: asyncio.Task[tuple[asyncio.Transport, AMIProtocol]]) -> None: ...
    def login(self, future: asyncio.Future[Message | list[Message]]) -> bool: ...
    def ping(self) -> None: ...
    def send_action(
        self, action: Action | dict[str, str], as_list: bool | None = ..., **kwargs: str
    ) -> asyncio.Future[Message | list[Message]]: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def close(self) -> None: ...
