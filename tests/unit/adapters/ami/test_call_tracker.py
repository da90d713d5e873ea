"""From messages to events of a call."""

import asyncio

import pytest

from ami_dialer.adapters.asterisk import events
from ami_dialer.adapters.asterisk.events import CallTracker
from ami_dialer.adapters.asterisk.messages import AmiEvent
from ami_dialer.domain.calls import CallAnswered, CallEnded, CallEvent, CallRinging, CallUnserved
from tests.fakes.ami_peer import event, until
from tests.unit.adapters.ami.world import ATTEMPT, NOON, hangup, newstate, outcome

pytestmark = pytest.mark.unit

#: Never over within a test.
LONG = 3600.0


class Told:
    """A tracker, and what it told."""

    def __init__(self, settle_seconds: float = LONG) -> None:
        self.events: list[CallEvent] = []
        self.calls = CallTracker(self.events.append, lambda: NOON, settle_seconds)
        self.calls.expect(ATTEMPT)

    def hear(self, *messages: bytes) -> list[CallEvent]:
        for one in messages:
            block = one.removesuffix(b"\r\n\r\n")
            name = block.split(b"\r\n")[0].removeprefix(b"Event: ").decode()
            self.calls.handlers[name](AmiEvent(block))
        return self.events


NEW = event("Newchannel", ChannelState="0", Uniqueid=ATTEMPT, Linkedid=ATTEMPT)
BUSY = hangup(ATTEMPT, "17", "User busy", "0")
FAILED = outcome(ATTEMPT, "Failure", "0")


@pytest.mark.parametrize("order", [[NEW, BUSY, FAILED], [NEW, FAILED, BUSY], [FAILED, NEW, BUSY], [FAILED, BUSY]])
async def test_an_unanswered_call_ends_once_with_cause_and_reason_in_whichever_order_they_come(
    order: list[bytes],
) -> None:
    told = Told()
    assert told.hear(*order) == [CallEnded(ATTEMPT, NOON, 17, "User busy", 0)]
    assert len(told.calls) == 0


async def test_a_call_without_channel_ends_by_its_originate_response() -> None:
    told = Told(settle_seconds=0.01)
    told.hear(outcome(ATTEMPT, "Failure", "0"))
    await until(lambda: told.events)
    assert told.events == [CallEnded(ATTEMPT, NOON, None, "", 0)]


async def test_a_hang_up_that_comes_late_does_not_end_the_call_again() -> None:
    told = Told(settle_seconds=0.01)
    told.hear(FAILED)
    await until(lambda: told.events)
    told.hear(NEW, BUSY)
    assert told.events == [CallEnded(ATTEMPT, NOON, None, "", 0)]
    assert len(told.calls) == 0


async def test_a_call_with_a_channel_lives_until_its_hang_up_whatever_its_originate_response_says() -> None:
    told = Told(settle_seconds=0)
    told.hear(NEW, FAILED)
    await asyncio.sleep(0)
    assert told.events == []
    assert told.hear(BUSY) == [CallEnded(ATTEMPT, NOON, 17, "User busy", 0)]


async def test_a_channel_heard_of_after_its_failure_keeps_the_call_until_its_hang_up() -> None:
    told = Told(settle_seconds=0)
    told.hear(FAILED, NEW)
    await asyncio.sleep(0)
    assert told.events == []
    assert told.hear(BUSY) == [CallEnded(ATTEMPT, NOON, 17, "User busy", 0)]


async def test_a_hang_up_without_originate_response_ends_the_call() -> None:
    told = Told(settle_seconds=0.01)
    told.hear(NEW, BUSY)
    await until(lambda: told.events)
    assert told.hear(FAILED) == [CallEnded(ATTEMPT, NOON, 17, "User busy", None)]
    assert len(told.calls) == 0


async def test_an_answered_call_ends_with_its_hang_up_at_once_and_a_late_success_says_nothing() -> None:
    told = Told()
    told.hear(NEW, newstate(ATTEMPT, "6"), hangup(ATTEMPT, "16", "Normal Clearing"), outcome(ATTEMPT, "Success", "4"))
    assert told.events == [CallAnswered(ATTEMPT, NOON), CallEnded(ATTEMPT, NOON, 16, "Normal Clearing", None)]
    assert len(told.calls) == 0


async def test_a_call_that_goes_up_without_ringing_is_answered_by_either_message_once() -> None:
    told = Told()
    assert told.hear(outcome(ATTEMPT, "Success", "4"), newstate(ATTEMPT, "6")) == [CallAnswered(ATTEMPT, NOON)]


async def test_behind_a_local_channel_the_trunks_ringing_counts_and_only_our_leg_answers_and_ends() -> None:
    told = Told()
    other, trunk = f"{ATTEMPT};2", "1795331040.12"
    told.hear(
        NEW,
        newstate(other, "4", ATTEMPT),
        newstate(trunk, "5", ATTEMPT),
        newstate(trunk, "6", ATTEMPT),
        newstate(other, "6", ATTEMPT),
    )
    assert told.events == [CallRinging(ATTEMPT, NOON)]
    told.hear(newstate(ATTEMPT, "6"), hangup(other, "34", "Congestion"), hangup(trunk, "34", "Congestion"))
    assert told.events[1:] == [CallAnswered(ATTEMPT, NOON)]
    told.hear(hangup(ATTEMPT, "16", "Normal Clearing"))
    assert told.events[2:] == [CallEnded(ATTEMPT, NOON, 16, "Normal Clearing", None)]


async def test_a_phone_that_rings_for_an_answered_call_is_no_ringing_of_the_call() -> None:
    told = Told()
    told.hear(NEW, newstate(ATTEMPT, "6"), newstate("1795331040.13", "5", ATTEMPT))
    assert told.events == [CallAnswered(ATTEMPT, NOON)]


async def test_a_call_taken_over_after_a_reconnect_is_heard_to_its_end() -> None:
    told = Told()
    told.calls.clear()
    assert told.hear(hangup(ATTEMPT, "16", "Normal Clearing")) == [
        CallEnded(ATTEMPT, NOON, 16, "Normal Clearing", None)
    ]
    assert len(told.calls) == 0


async def test_when_the_link_is_lost_calls_known_to_be_over_end_and_the_others_do_not() -> None:
    told = Told()
    living, refused = f"{ATTEMPT}-b", f"{ATTEMPT}-c"
    for attempt in (living, refused):
        told.calls.expect(attempt)
    told.hear(BUSY, newstate(living, "5"), outcome(refused, "Failure", "0"))
    told.calls.clear()
    assert told.events[1:] == [
        CallEnded(ATTEMPT, NOON, 17, "User busy", None),
        CallEnded(refused, NOON, None, "", 0),
    ]
    assert len(told.calls) == 0


async def test_calls_of_others_leave_no_trace() -> None:
    told = Told()
    told.calls.forget(ATTEMPT)
    stranger = "1795331040.99"
    told.hear(
        event("Newchannel", Uniqueid=stranger, Linkedid=stranger),
        newstate(stranger, "5"),
        newstate(stranger, "6"),
        outcome("action/1", "Success", "4"),
        event("UserEvent", UserEvent="AmiDialerAmd", Uniqueid=stranger, Status="HUMAN"),
        hangup(stranger, "16", "Normal Clearing"),
    )
    assert told.events == []
    assert len(told.calls) == 0


async def test_what_is_kept_of_calls_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_CALLS", 10)
    told = Told()
    for number in range(50):
        told.hear(newstate(f"{ATTEMPT}-{number}", "5"))
    assert len(told.calls) == 10


async def test_a_call_that_could_not_be_handed_over_is_told_with_the_dialplans_detail() -> None:
    told = Told()
    told.hear(event("UserEvent", UserEvent="AmiDialerFailed", Uniqueid=ATTEMPT, Detail="AGI ended with FAILURE"))
    assert told.events == [CallUnserved(ATTEMPT, NOON, "AGI ended with FAILURE")]
