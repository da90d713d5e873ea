"""A telephone exchange in memory: implements ports.Telephony, and hands answered calls to the engine."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from ami_dialer.domain.calls import (
    AmdFacts,
    CallAnswered,
    CallBridged,
    CallClassified,
    CallEnded,
    CallEvent,
    CallRinging,
    LineCame,
    LineEnded,
    LineLeft,
    LineRequest,
    LineWaits,
    LiveCall,
    Member,
    MemberChanged,
    OriginateRequest,
    SeatEvent,
)
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import CallerHungUpError, CallLeg, Clock, OriginateRefusedError, OriginateUnknownError, Telephony


@dataclass
class Plan:
    """What a number does: rings, then answers (and as what), or ends with a cause."""

    cause: int | None = 16
    answers: bool = False
    amd: AmdFacts = AmdFacts("HUMAN", "HUMAN-300-500")
    #: Digits pressed, one for each question; "" waits the question out.
    presses: tuple[str, ...] = ()
    #: Verbs heard before the person hangs up; None stays to the end.
    hangs_up_after: int | None = None
    #: The call stays up until the test ends it.
    stays: bool = False
    refused: str | None = None
    #: The answer to Originate does not come in time; `lands`: it was carried out all the same.
    unknown: bool = False
    lands: bool = False


class FakeLeg(CallLeg):
    """Implements ports.CallLeg for a Plan.

    `connect` and `queue` last until the test sets `parted`, or the call is over.
    """

    #: Told of a bridge.
    on_bridged: Callable[[str], None] | None = None
    #: Channels that are gone, and queues in which nobody answers.
    nobody: frozenset[str] = frozenset()

    def __init__(self, attempt_id: str, plan: Plan) -> None:
        self.attempt_id = attempt_id
        self.amd = plan.amd
        self.caller = None
        self.crowded = ""
        self.talked: float | None = None
        self._presses = list(plan.presses)
        self._left = plan.hangs_up_after
        self.heard: list[str] = []
        self.over = asyncio.Event()
        #: Whom they had on the line is gone, and they are still there.
        self.parted = asyncio.Event()
        #: Verbs that are not heard, as they were asked for.
        self.verbs: list[tuple[str, ...]] = []

    def _verb(self) -> None:
        if self.over.is_set() or self._left == 0:
            self.over.set()
            raise CallerHungUpError
        if self._left is not None:
            self._left -= 1

    async def play(self, sound: str, escape_digits: str = "") -> str:
        self._verb()
        await asyncio.sleep(0)
        self.heard.append(sound)
        return ""

    async def wait_for_digit(self, seconds: float) -> str:
        self._verb()
        await asyncio.sleep(0)
        return self._presses.pop(0) if self._presses else ""

    async def connect(self, channel: str) -> bool:
        return await self._talk("connect", channel)

    async def queue(self, name: str, seconds: float, music: str | None) -> bool:
        return await self._talk("queue", name)

    async def _talk(self, verb: str, whom: str) -> bool:
        self._verb()
        self.verbs.append((verb, whom))
        await asyncio.sleep(0)
        if whom in self.nobody:
            return False
        if self.on_bridged is not None:
            self.on_bridged(self.attempt_id)
        self.parted.clear()
        ways = [asyncio.create_task(event.wait()) for event in (self.parted, self.over)]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
        if self.over.is_set():
            raise CallerHungUpError
        return True

    async def record(self, file: str) -> None:
        self._verb()
        self.verbs.append(("record", file))

    async def music(self, name: str | None) -> None:
        self._verb()
        self.verbs.append(("music", name or ""))

    async def go_on(self, context: str, extension: str) -> None:
        self._verb()
        self.verbs.append(("go on", context, extension))

    async def hang_up(self) -> None:
        self.over.set()


@dataclass
class FakeTelephony(Telephony):
    """One server. `plans` by the digits of the number that end the channel's dial string."""

    name: str
    clock: Clock
    plans: dict[str, Plan] = field(default_factory=dict)
    default: Plan = field(default_factory=Plan)
    connected: bool = False
    trouble: str | None = None
    refused: bool = False
    #: Agents' lines that are up: channel names by Uniqueid.
    agent_lines: dict[str, str] = field(default_factory=dict)
    #: Members by queue; a queue that is not here does not exist.
    queues: dict[str, list[Member]] = field(default_factory=dict)
    #: Extensions that no dialplan has.
    missing_extensions: frozenset[str] = frozenset()
    #: Phones that do not answer, by channel.
    silent_phones: frozenset[str] = frozenset()
    #: Every request, also those to the telephonies that were there before a kill.
    ever: list[OriginateRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.requests: list[OriginateRequest] = []
        self.live: dict[str, LiveCall] = {}
        self.legs: dict[str, FakeLeg] = {}
        self.on_leg: Callable[[FakeLeg], object] | None = None
        #: What was asked for lines and members, in order.
        self.asked: list[tuple[str, ...]] = []
        #: What follows from a code that is pressed by an order; None: nobody is there who could.
        self.on_code: Callable[[str, str], Coroutine[Any, Any, object]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, on_event: Callable[[CallEvent | SeatEvent], None], on_link: Callable[[bool], None]) -> None:
        self._on_event, self._on_link = on_event, on_link
        self.link(up=True)

    def link(self, *, up: bool) -> None:
        """Bring the link up or down; calls go on as they are."""
        self.connected = up
        self._on_link(up)

    async def originate(self, request: OriginateRequest) -> None:
        if not self.connected:
            raise OriginateRefusedError("not connected")
        plan = self.plan_of(request.channel)
        if plan.refused is not None:
            raise OriginateRefusedError(plan.refused)
        self.requests.append(request)
        self.ever.append(request)
        if plan.unknown and not plan.lands:
            raise OriginateUnknownError("no answer in time")
        self.live[request.attempt_id] = LiveCall(request.attempt_id, request.channel, 0, 0)
        task = asyncio.create_task(self._play_out(request.attempt_id, plan))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if plan.unknown:
            raise OriginateUnknownError("no answer in time")

    def plan_of(self, channel: str) -> Plan:
        number = channel.split("/", 1)[1].split("@", 1)[0]
        return self.plans.get(number, self.default)

    async def _play_out(self, attempt_id: str, plan: Plan) -> None:
        await asyncio.sleep(0)
        self.tell(CallRinging(attempt_id, self.clock.now()))
        await asyncio.sleep(0)
        if not plan.answers:
            if not plan.stays:
                self.end(attempt_id, plan.cause)
            return
        self.tell(CallAnswered(attempt_id, self.clock.now()))
        self.live[attempt_id] = LiveCall(attempt_id, "up", 6, 0)
        if plan.amd.status:
            self.tell(CallClassified(attempt_id, self.clock.now(), plan.amd.status, plan.amd.cause))
        if self.on_leg is not None:
            leg = self.legs[attempt_id] = FakeLeg(attempt_id, plan)
            leg.on_bridged = lambda bridged: self.tell(CallBridged(bridged, self.clock.now()))
            await self.on_leg(leg)  # type: ignore[misc]
        if not plan.stays:
            self.end(attempt_id, 16)

    def tell(self, event: CallEvent | SeatEvent) -> None:
        """An event reaches the engine, if the link is up."""
        if self.connected:
            self._on_event(event)

    def end(self, attempt_id: str, cause: int | None) -> None:
        """A call is over."""
        if self.live.pop(attempt_id, None) is not None:
            if attempt_id in self.legs:
                self.legs[attempt_id].over.set()
            self.tell(CallEnded(attempt_id, self.clock.now(), cause))

    async def alive(self) -> dict[str, LiveCall]:
        if not self.connected:
            raise ConnectionError("link is down")
        return dict(self.live)

    async def hang_up(self, attempt_id: str) -> None:
        self.end(attempt_id, 16)

    async def call_line(self, request: LineRequest) -> None:
        self._linked()
        self.asked.append(("call", request.channel))
        if request.channel in self.silent_phones:
            raise OriginateRefusedError("nobody answered")
        self.agent_lines[request.line] = f"{request.channel}-{len(self.asked):08x}"
        self.tell(LineCame(request.line, self.agent_lines[request.line], self.clock.now()))

    async def lines(self, context: str) -> dict[str, str]:
        self._linked()
        return dict(self.agent_lines)

    async def redirect(self, channel: str, context: str, extension: str) -> bool:
        self._linked()
        self.asked.append(("redirect", channel, context, extension))
        line = next((line for line, name in self.agent_lines.items() if name == channel), None)
        if line is not None and extension in {"connecting", "waiting"}:  # into another bridge, without a dialogue
            self.tell(LineLeft(line, self.clock.now()))
            self.tell(LineWaits(line, channel, self.clock.now()))
        people = (name for key, call in self.live.items() for name in (key, call.channel))
        return channel in self.agent_lines.values() or channel in people

    async def extension_exists(self, context: str, extension: str) -> bool:
        self._linked()
        return extension not in self.missing_extensions

    async def press_code(self, attempt_id: str, code: str) -> bool:
        self._linked()
        self.asked.append(("code", attempt_id, code))
        if self.on_code is None:
            return False
        task = asyncio.create_task(self.on_code(attempt_id, code))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def hang_up_line(self, channel: str) -> None:
        self._linked()
        self.asked.append(("hang up", channel))
        for line, name in list(self.agent_lines.items()):
            if name == channel:
                self.lose_line(line)

    def lose_line(self, line: str) -> None:
        """An agent's line is gone."""
        del self.agent_lines[line]
        self.tell(LineEnded(line, self.clock.now()))

    async def members(self, queue: str) -> list[Member] | None:
        self._linked()
        return list(self.queues[queue]) if queue in self.queues else None

    async def pause_member(self, queue: str, interface: str, *, paused: bool, reason: str = "") -> None:
        self._linked()
        self.asked.append(("pause" if paused else "unpause", queue, interface, reason))
        members = self.queues.get(queue, [])
        for at, member in enumerate(members):
            if member.interface == interface:
                members[at] = replace(member, paused=paused, paused_reason=reason)
                self.tell(MemberChanged(members[at], self.clock.now()))
                return
        raise AsteriskError(f"{interface} is no member of {queue}")

    async def mute_recording(self, attempt_id: str, *, muted: bool) -> None:
        self._linked()
        self.asked.append(("mute" if muted else "unmute", attempt_id))

    def _linked(self) -> None:
        if not self.connected:
            raise ConnectionError("link is down")

    async def stop(self) -> None:
        self.connected = False
        for task in self._tasks:
            task.cancel()
