"""From messages to events of agents' lines and members of queues; and what is not even looked at."""

import asyncio
from dataclasses import replace

import pytest

from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.adapters.asterisk.seat_events import SeatTracker
from ami_dialer.domain.calls import (
    CallBridged,
    CallEvent,
    LineCame,
    LineEnded,
    LineKey,
    LineLeft,
    LineRequest,
    LineWaits,
    Member,
    MemberChanged,
    MemberConnected,
    MemberGone,
    SeatEvent,
)
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import OriginateRefusedError
from tests.fakes.ami_peer import AmiPeer, Headers, answer, event, message, until
from tests.unit.adapters.ami.world import ATTEMPT, NOON, Dialer, outcome

pytestmark = pytest.mark.unit

LINE, CHANNEL, CONTEXT = "1795331040.12", "PJSIP/101-0000002a", "ami-dialer-agent"
QUEUE, PHONE = "support", "PJSIP/101"


def of_line(name: str, context: str = CONTEXT, unique_id: str = LINE, **more: str) -> bytes:
    return event(name, Channel=CHANNEL, Context=context, Uniqueid=unique_id, Linkedid=LINE, **more)


def bridge(name: str, technology: str, **more: str) -> bytes:
    return of_line(name, BridgeUniqueid="7", BridgeTechnology=technology, **more)


def member(name: str, queue: str = QUEUE, **more: str) -> bytes:
    headers = {"Status": "1", "Penalty": "2", "LastCall": "17", "InCall": "0", "Paused": "0", "Wrapuptime": "9"}
    return event(name, Queue=queue, MemberName="Ann", Interface=PHONE, **{**headers, **more})


ANN = Member(QUEUE, PHONE, "Ann", 1, last_call=17, wrap_up=9, penalty=2)


def told(*messages: bytes) -> list[CallEvent | SeatEvent]:
    """What a tracker that follows QUEUE tells."""
    events: list[CallEvent | SeatEvent] = []
    tracker = SeatTracker(events.append, lambda: NOON, CONTEXT)
    tracker.queues.add(QUEUE)
    for one in messages:
        block = one.removesuffix(b"\r\n\r\n")
        tracker.handlers[block.split(b"\r\n")[0].removeprefix(b"Event: ").decode()](AmiEvent(block))
    return events


@pytest.mark.parametrize(
    ("heard", "tells"),
    [
        (of_line("UserEvent", UserEvent="AmiDialerLine"), LineCame(LINE, CHANNEL, NOON)),
        (bridge("BridgeEnter", "holding_bridge"), LineWaits(LINE, CHANNEL, NOON)),
        (bridge("BridgeLeave", "holding_bridge"), LineLeft(LINE, NOON)),
        (of_line("DTMFEnd", Digit="5", Direction="Received"), LineKey(LINE, "5", NOON)),
        (of_line("Hangup"), LineEnded(LINE, NOON)),
        (bridge("BridgeEnter", "simple_bridge", unique_id=ATTEMPT, context="x"), CallBridged(ATTEMPT, NOON)),
        (member("QueueMemberStatus"), MemberChanged(ANN, NOON)),
        (
            member("QueueMemberPause", Paused="1", PausedReason="Lunch", InCall="1"),
            MemberChanged(replace(ANN, paused=True, paused_reason="Lunch", in_call=True), NOON),
        ),
        (member("QueueMemberRemoved"), MemberGone(QUEUE, PHONE, NOON)),
        (
            event("AgentConnect", Uniqueid=ATTEMPT, Queue=QUEUE, Interface=PHONE, DestChannel="x/1", DestUniqueid="9"),
            MemberConnected(ATTEMPT, QUEUE, PHONE, "x/1", "9", NOON),
        ),
    ],
)
def test_what_happens_to_lines_and_members_is_told(heard: bytes, tells: object) -> None:
    assert told(heard) == [tells]


@pytest.mark.parametrize(
    "heard",
    [
        of_line("DTMFEnd", Digit="5", Direction="Sent"),
        of_line("DTMFEnd", context="from-internal", Digit="5", Direction="Received"),
        of_line("UserEvent", UserEvent="Other"),
        bridge("BridgeEnter", "simple_bridge"),
        bridge("BridgeLeave", "simple_bridge"),
        bridge("BridgeEnter", "holding_bridge", unique_id=ATTEMPT),
        bridge("BridgeEnter", "simple_bridge", unique_id=f"{ATTEMPT};2"),
        of_line("Hangup", context="from-internal"),
        member("QueueMemberStatus", queue="sales"),
        member("QueueMemberRemoved", queue="sales"),
        event("AgentConnect", Uniqueid="1795331040.99", Queue=QUEUE, Interface=PHONE),
    ],
)
def test_what_is_no_agents_business_tells_nothing(heard: bytes) -> None:
    assert told(heard) == []


async def test_of_the_pbxs_own_traffic_no_event_is_even_taken_apart(
    peer: AmiPeer, dialer: Dialer, monkeypatch: pytest.MonkeyPatch
) -> None:
    telephony, heard = dialer
    seen: list[bytes] = []
    connection = telephony._connection
    assert connection is not None
    hear = connection.hear
    monkeypatch.setattr(connection, "hear", lambda name, event: (seen.append(name), hear(name, event)))
    stranger = {"context": "from-internal", "unique_id": "1795331040.99"}
    names = ("UserEvent", "BridgeEnter", "BridgeLeave", "DTMFEnd", "Hangup")
    peer.send(*(of_line(name, **stranger) for name in names), outcome("action/1", "Success", "4"))
    peer.send(event("AgentConnect", Uniqueid="1795331040.99", Queue=QUEUE), of_line("DTMFEnd", Direction="Sent"))
    await until(lambda: seen)
    assert seen == [b"DTMFEnd"]
    assert heard.events == []


def request(line: str = "ami-dialer-line-1") -> LineRequest:
    return LineRequest(line, "PJSIP/101", CONTEXT, "s", 20, "Dialer <100>")


@pytest.mark.parametrize(("response", "reason", "why"), [("Failure", "3", "nobody answered"), ("Failure", "5", "busy")])
async def test_an_agents_phone_is_called_and_what_comes_of_it_is_told(
    response: str, reason: str, why: str, peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    called = asyncio.create_task(telephony.call_line(request()))
    sent = await peer.take("Originate")
    assert (sent["ChannelId"], sent["Channel"], sent["CallerID"]) == ("ami-dialer-line-1", "PJSIP/101", "Dialer <100>")
    peer.send(outcome("ami-dialer-line-1", "Success", "4"))
    await called
    called = asyncio.create_task(telephony.call_line(request()))
    await peer.take("Originate", 2)
    peer.send(outcome("ami-dialer-line-1", response, reason))
    with pytest.raises(OriginateRefusedError, match=why):
        await called


async def test_a_phone_that_is_being_called_when_the_link_goes_down_is_told_at_once(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, _ = dialer
    called = asyncio.create_task(telephony.call_line(request()))
    await peer.take("Originate")
    await asyncio.sleep(0)
    peer.drop()
    with pytest.raises(ConnectionError):
        await called


async def test_members_of_a_queue_are_listed_and_a_queue_that_does_not_exist_is_told(
    peer: AmiPeer, dialer: Dialer
) -> None:
    telephony, heard = dialer

    def listed(action: Headers) -> bytes:
        begin = answer(action, "Success", "Queue status will follow", "EventList: start")
        mine = {"ActionID": action["ActionID"], "Queue": QUEUE}
        entry = {"Name": "Ann", "Location": PHONE, "Status": "1", "Penalty": "2", "LastCall": "17", "Wrapuptime": "9"}
        rows = [event("QueueParams", **mine), event("QueueMember", **mine, **entry)] if action["Queue"] == QUEUE else []
        end = message(("Event", "QueueStatusComplete"), ("ActionID", action["ActionID"]), "EventList: Complete")
        return b"".join([begin, *rows, end])

    peer.scripts["QueueStatus"] = listed
    peer.send(member("QueueMemberStatus"))
    assert await telephony.members("no-such-queue") is None
    assert await telephony.members(QUEUE) == [ANN]
    peer.send(member("QueueMemberStatus"))
    await until(lambda: heard.events)
    assert heard.events == [MemberChanged(ANN, NOON)]


async def test_a_pause_that_is_not_allowed_says_which_class_is_missing(peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    peer.scripts["QueuePause"] = lambda action: answer(action, "Error", "Permission denied")
    with pytest.raises(AsteriskError, match="`agent` to the user's `write =`"):
        await telephony.pause_member(QUEUE, PHONE, paused=True, reason="Wrap-up")
    assert peer.taken("QueuePause")[0]["Reason"] == "Wrap-up"


@pytest.mark.parametrize("channel", ["/PJSIP.*/", "PJSIP/1\r\nAction: Originate", ""])
async def test_no_more_than_one_channel_is_ever_meant(channel: str, peer: AmiPeer, dialer: Dialer) -> None:
    telephony, _ = dialer
    with pytest.raises(AsteriskError):
        await telephony.hang_up_line(channel)
    with pytest.raises(AsteriskError):
        await telephony.redirect(channel, CONTEXT, "s")
    assert not peer.taken("Hangup")
    assert not peer.taken("Redirect")
