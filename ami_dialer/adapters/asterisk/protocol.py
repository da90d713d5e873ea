"""The bytes of one AMI connection: framed, peeked at, and passed on where somebody wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from ami_dialer.adapters.asterisk.faults import LinkLostError
from ami_dialer.adapters.asterisk.messages import AmiEvent

if TYPE_CHECKING:
    from ami_dialer.adapters.asterisk.connection import AmiConnection

log = structlog.get_logger(__name__)

_END = b"\r\n\r\n"
_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID: "
_BANNER = b"Asterisk Call Manager/"
#: A message has at most some hundred lines; ListCommands, the longest, takes 15 kB. More is no AMI.
_MAX_MESSAGE_BYTES = 1 << 20


class AmiProtocol(AMIProtocol):
    """panoramisk's protocol with its own framing: bytes are split first and decoded whole.

    An event is heard only if its name is in `wanted` and one of the marks given there stands somewhere in it.
    Answers to actions, and the lists that follow some, become panoramisk's Messages and find their Action by its
    ActionID. Everything else is dropped after one look at its first line.
    """

    def __init__(self, link: AmiConnection, wanted: Mapping[bytes, tuple[bytes, ...]]) -> None:
        self._link = link
        self._wanted = wanted
        self._rest = b""
        #: asyncio holds more unsent bytes than it likes to (64 KiB): Asterisk does not read.
        self.clogged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP, and TLS where asked for, are up."""
        super().connection_made(transport)
        self.factory = self._link

    def data_received(self, data: bytes) -> None:
        """Take what came; half a message waits for its other half."""
        buffer = self._rest + data if self._rest else data
        if self.version is None:
            buffer = self._without_banner(buffer)
        *messages, self._rest = buffer.split(_END)
        for message in messages:
            if self.closed:
                return
            self._take(message)
        if len(self._rest) > _MAX_MESSAGE_BYTES:
            self._give_up("what comes from the manager port is not AMI: a message has no end")

    def _without_banner(self, buffer: bytes) -> bytes:
        line, end, after = buffer.partition(b"\r\n")
        if not line.startswith(_BANNER[: len(line)]) or (end and not line.startswith(_BANNER)):
            self._give_up(f"no manager port: it greets with {line[:40]!r}")
        elif end:
            self.version = line.removeprefix(_BANNER).decode("ascii", "replace")
            return after
        return buffer

    def _take(self, block: bytes) -> None:
        """Route one message. A fault in it, or in whoever hears it, costs this message and no more."""
        try:
            if block.startswith(_EVENT):
                name = block[len(_EVENT) : block.find(b"\r\n")]
                marks = self._wanted.get(name)
                if marks is not None:
                    for mark in marks:
                        if mark in block:
                            self._link.hear(name, AmiEvent(block))
                            break
                elif self.responses and self._collected(block):
                    self.handle_message(_parsed(block))
            elif block.startswith(b"\r\n"):  # one EOL too many, as Asterisk sends now and then
                self._take(block.lstrip(b"\r\n"))
            elif self.responses:
                self.handle_message(_parsed(block))
        except Exception:  # whatever it is, raised from here it would make asyncio close the link
            log.exception("ami_message_failed", head=block[:60].decode("utf-8", "replace"))

    def _collected(self, block: bytes) -> bool:
        """Whether the event is an entry of a list that has begun; only then it is the action's."""
        at = block.find(_ACTION_ID)
        if at < 0:
            return False
        start = at + len(_ACTION_ID)
        end = block.find(b"\r\n", start)
        action = self.responses.get(block[start : end if end >= 0 else len(block)].decode("utf-8", "replace"))
        return action is not None and bool(action.responses)

    def pause_writing(self) -> None:
        """Asterisk does not take what we send."""
        self.clogged = True

    def resume_writing(self) -> None:
        """It does again."""
        self.clogged = False

    def _give_up(self, why: str) -> None:
        self._link.give_up(why)
        self.transport.abort()  # the link may not know this protocol yet

    def connection_lost(self, exc: Exception | None) -> None:
        """The link is gone: whoever waits for an answer is told, and nothing is kept for later."""
        self.closed = True
        lost = f"{exc}" if exc else "Asterisk closed the connection"
        waiting = list(self.responses.values())
        self.responses.clear()
        for action in waiting:
            if not action.future.done():
                action.future.set_exception(LinkLostError(lost))
                action.future.exception()  # seen: the caller may have gone already
        self._link.connection_lost(exc)

    def close(self) -> None:
        """Close the transport. What panoramisk does here would keep the actions and send them again."""
        self.closed = True
        self.transport.close()


def _parsed(block: bytes) -> Message:
    message = Message.from_line(block.decode("utf-8", "replace"))
    if message is None:
        raise ValueError("neither Event nor Response")
    return message
