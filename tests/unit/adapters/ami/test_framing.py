"""However the network cuts a stream, the same messages come out of it."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.adapters.asterisk.protocol import AmiProtocol
from tests.fakes.ami_peer import event, message

pytestmark = pytest.mark.unit

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
#: Text as it comes in a header; splitlines() of Python would break at more than CR and LF, and must not be used.
VALUES = st.text(st.characters(exclude_characters="\r\n\x00", exclude_categories=["Cs"]), max_size=30)


class Link:
    """Takes what the protocol gives to its connection."""

    def __init__(self) -> None:
        self.heard: list[AmiEvent] = []
        self.why: str | None = None

    def hear(self, name: bytes, event: AmiEvent) -> None:
        assert name == b"Hangup"
        self.heard.append(event)

    def give_up(self, why: str) -> None:
        self.why = self.why or why

    def connection_lost(self, exc: Exception | None) -> None:
        pass


class Wire(asyncio.Transport):
    """A transport to nowhere."""

    def abort(self) -> None:
        pass


def protocol(link: Link) -> AmiProtocol:
    made = AmiProtocol(link, {b"Hangup": (b"amid-",)})  # type: ignore[arg-type]
    made.connection_made(Wire())
    return made


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[tuple[str, str]], bytes]:
    """Some hang-ups of ours among other things, and the bytes of it all."""
    ours: list[tuple[str, str]] = []
    parts = [BANNER]
    for _ in range(draw(st.integers(0, 6))):
        name = draw(st.sampled_from(["Hangup", "VarSet", "Newexten"]))
        unique_id = draw(st.sampled_from(["amid-1", "1795331040.7"]))
        text = draw(VALUES)
        parts.append(draw(st.sampled_from([b"", b"\r\n"])))
        parts.append(event(name, Uniqueid=unique_id, Text=text))
        if name == "Hangup" and "amid-" in unique_id + text:
            ours.append((unique_id, text))
    return ours, b"".join(parts)


def chunks(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        yield data[start:end]


@given(streams(), st.lists(st.integers(0, 10_000), max_size=40))
def test_any_chunking_of_a_stream_gives_the_same_messages(
    stream: tuple[list[tuple[str, str]], bytes], cuts: list[int]
) -> None:
    ours, data = stream
    link = Link()
    receiver = protocol(link)
    for chunk in chunks(data, cuts):
        receiver.data_received(chunk)
    assert [(heard.header("Uniqueid"), heard.header("Text")) for heard in link.heard] == ours
    assert receiver.version == "11.0.0"
    assert link.why is None


def test_a_stream_in_single_bytes_gives_every_message() -> None:
    link = Link()
    receiver = protocol(link)
    for byte in BANNER + event("Hangup", Uniqueid="amid-1") * 3:
        receiver.data_received(bytes([byte]))
    assert len(link.heard) == 3


def test_what_nobody_wants_is_dropped_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(Message, "from_line", parsed.append)
    link = Link()
    receiver = protocol(link)
    receiver.data_received(BANNER + event("VarSet", Uniqueid="amid-1") + event("Hangup", Uniqueid="1795331040.7"))
    receiver.data_received(message("Response: Success", "ActionID: nobody-waits-for-this"))
    assert parsed == []
    assert link.heard == []


def test_a_header_is_the_first_of_its_name_and_empty_where_it_is_missing() -> None:
    block = "Event: Hangup\r\nCause: 16\r\nCause-txt: Zoë: José\r\nCause: 17\r\nEmpty: \r\nLast: 1".encode()
    heard = AmiEvent(block)
    names = ("Cause", "Cause-txt", "Empty", "Last", "Txt", "cause")
    assert [heard.header(name) for name in names] == ["16", "Zoë: José", "", "1", "", ""]


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n", b"220 mail ESMTP\r\n", b"X", b"Asterisk Xall\r\n"]
)
def test_another_greeting_ends_the_connection(greeting: bytes) -> None:
    link = Link()
    protocol(link).data_received(greeting)
    assert link.why is not None
    assert "no manager port" in link.why


def test_what_comes_behind_the_end_of_a_connection_is_not_heard() -> None:
    link = Link()
    receiver = protocol(link)
    receiver.data_received(BANNER)
    receiver.closed = True
    receiver.data_received(event("Hangup", Uniqueid="amid-1"))
    assert link.heard == []


def test_a_message_without_end_ends_the_connection_before_memory_does() -> None:
    link = Link()
    receiver = protocol(link)
    receiver.data_received(BANNER)
    for _ in range(20):
        receiver.data_received(b"x" * 65_536)
    assert link.why is not None
    assert "no end" in link.why
