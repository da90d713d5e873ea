"""Asterisk's own queues: who is in them, and what becomes of people handed to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ami_dialer.domain.calls import CallBridged, MemberChanged, MemberConnected, MemberGone
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import AgentLeg, CallerHungUpError, CallLeg, LinePurpose
from tests.asterisk.ami.agents import TONE, Dialer, serving
from tests.asterisk.ami.conftest import Line
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk

QUEUE = "lab-empty"


@pytest.fixture
async def dialer(line: Line, world: World) -> AsyncIterator[Dialer]:
    async with serving(line, world) as made:
        yield made


@asynccontextmanager
async def member(world: World) -> AsyncIterator[None]:
    """The queue has a member, who answers at once."""
    async with world.ami("lab") as ami:
        added = await ami.ask(Action="QueueAdd", Queue=QUEUE, Interface=TONE, MemberName="Ann", Penalty="2")
        assert added["Response"] == "Success", added
        try:
            yield
        finally:
            await ami.ask(Action="QueueRemove", Queue=QUEUE, Interface=TONE)


async def test_members_come_are_paused_and_go(dialer: Dialer, world: World) -> None:
    telephony = dialer.line.telephony
    assert await telephony.members("no-such-queue") is None
    assert await telephony.members(QUEUE) == []
    async with member(world):
        [found] = await telephony.members(QUEUE) or []
        assert (found.interface, found.name, found.penalty, found.paused) == (TONE, "Ann", 2, False)
        await telephony.pause_member(QUEUE, TONE, paused=True, reason="Wrap-up")
        await until(lambda: dialer.heard(MemberChanged)[1:])
        with pytest.raises(AsteriskError, match="QueuePause"):
            await telephony.pause_member(QUEUE, "PJSIP/nobody", paused=True)
    await until(lambda: dialer.heard(MemberGone))
    changed = [event.member for event in dialer.heard(MemberChanged) if isinstance(event, MemberChanged)]
    assert changed[0] == found
    assert (changed[-1].paused, changed[-1].paused_reason, changed[-1].name) == (True, "Wrap-up", "Ann")
    assert (await telephony.members(QUEUE)) == []


async def test_a_member_has_the_person_and_after_the_persons_hang_up_the_wrap_up(dialer: Dialer, world: World) -> None:
    ended: list[str] = []

    async def queue(leg: CallLeg) -> None:
        try:
            await leg.queue(QUEUE, 5, "default")
        except CallerHungUpError:
            ended.append("hung up")

    dialer.on_call, dialer.on_agent = queue, _bye
    await dialer.line.telephony.members(QUEUE)
    async with member(world):
        attempt_id = await dialer.person()
        await until(lambda: dialer.heard(MemberConnected))
        await until(lambda: dialer.heard(CallBridged))
        await dialer.line.telephony.hang_up(attempt_id)
        await until(lambda: ended and dialer.dialogues)
    [connected] = dialer.heard(MemberConnected)
    assert isinstance(connected, MemberConnected)
    assert (connected.attempt_id, connected.queue, connected.interface) == (attempt_id, QUEUE, TONE)
    [leg] = dialer.dialogues
    assert (leg.purpose, leg.line, leg.channel) == (LinePurpose.DESK, connected.line, connected.channel)


async def test_who_a_queue_does_not_serve_comes_back_and_so_does_whose_member_hangs_up(
    dialer: Dialer, world: World
) -> None:
    outcomes: list[bool] = []

    async def queues(leg: CallLeg) -> None:
        outcomes.append(await leg.queue("no-such-queue", 5, None))
        outcomes.append(await leg.queue(QUEUE, 5, None))
        async with member(world):
            outcomes.append(await leg.queue(QUEUE, 5, None))
            await leg.hang_up()

    dialer.on_call, dialer.on_agent = queues, _bye
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(MemberConnected))
    [connected] = dialer.heard(MemberConnected)
    assert isinstance(connected, MemberConnected)
    await dialer.line.telephony.hang_up_line(connected.channel)
    await dialer.line.end_of(attempt_id)
    assert outcomes == [False, False, True]
    assert dialer.dialogues == []


async def _bye(leg: AgentLeg) -> None:
    pass
