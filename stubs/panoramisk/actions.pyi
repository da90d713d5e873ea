import asyncio
from collections.abc import Mapping
from typing import Any

from panoramisk.message import Message
from panoramisk.utils import CaseInsensitiveDict

class Action(CaseInsensitiveDict):
    as_list: bool | None
    responses: list[Message]
    future: asyncio.Future[Message | list[Message]]
    def __init__(self, data: Mapping[str, Any] = ..., *, as_list: bool | None = ...) -> None: ...
    @property
    def id(self) -> str: ...
    @property
    def action_id(self) -> str | None: ...
    @property
    def multi(self) -> bool: ...
    @property
    def completed(self) -> bool: ...
    def add_message(self, message: Message) -> bool | None: ...
