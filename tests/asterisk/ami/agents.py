"""Agents' lines on the lab's PBX, with a dialer's FastAGI server that does what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.attempt import new_line_id
from ami_dialer.domain.calls import LineCame, LineRequest, LineWaits
from ami_dialer.lab import BY_NAME
from ami_dialer.ports import AgentLeg, CallLeg, LineNext
from tests.asterisk.ami.conftest import Line
from tests.asterisk.world import World, until

#: Answers, says hello, and is silent then.
PHONE = f"PJSIP/{BY_NAME['answers-1s'].number(7).removeprefix('+')}@carrier"
#: Answers and gives a steady tone.
TONE = "Local/listen@ami-dialer-check"


class Dialer:
    """What comes in over FastAGI."""

    def __init__(self, line: Line, world: World) -> None:
        self.line = line
        self.world = world
        self.calls: list[CallLeg] = []
        self.dialogues: list[AgentLeg] = []
        self.on_call: Callable[[CallLeg], Awaitable[None]] = _nothing
        self.on_agent: Callable[[AgentLeg], Awaitable[None]] = _wait
        self.server: FastAgiServer | None = None

    async def start(self) -> None:
        settings = FastAgi(port=self.world.ports.fastagi)
        self.server = FastAgiServer(settings, self._call, self._agent)
        await self.server.start()

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.stop(0)

    async def _call(self, leg: CallLeg) -> None:
        self.calls.append(leg)
        await self.on_call(leg)

    async def _agent(self, leg: AgentLeg) -> None:
        self.dialogues.append(leg)
        await self.on_agent(leg)

    async def agent(self, channel: str = PHONE) -> LineWaits:
        """An agent's line that waits."""
        request = LineRequest(new_line_id(), channel, "ami-dialer-agent", "s", 10)
        await self.line.telephony.call_line(request)
        return await self.waits(request.line)

    async def waits(self, line: str, times: int = 1) -> LineWaits:
        """The moment when a line waits for the so-manieth time."""
        found = await until(lambda: self._waits(line)[times - 1 :])
        return found[0]

    def _waits(self, line: str) -> list[LineWaits]:
        return [event for event in self.line.events if isinstance(event, LineWaits) and event.line == line]

    async def person(self, channel: str = TONE) -> str:
        """The attempt's id of a person who is handed over."""
        request = self.line.request(channel, extension="flow", variables=())
        await self.line.telephony.originate(request)
        return request.attempt_id

    async def press(self, channel: str, keys: str) -> None:
        """Keys of a phone."""
        async with self.world.ami("lab") as ami:
            for key in keys:
                pressed = await ami.ask(Action="PlayDTMF", Channel=channel, Digit=key, Duration="100", Receive="true")
                assert pressed["Response"] == "Success", pressed

    def heard(self, kind: type) -> list[object]:
        """The events of one kind."""
        return [event for event in self.line.events if isinstance(event, kind)]

    def came(self) -> list[object]:
        return self.heard(LineCame)


async def _nothing(leg: CallLeg) -> None:
    pass


async def _wait(leg: AgentLeg) -> None:
    await leg.then(LineNext.WAIT)


@asynccontextmanager
async def serving(line: Line, world: World) -> AsyncIterator[Dialer]:
    dialer = Dialer(line, world)
    await dialer.start()
    try:
        yield dialer
    finally:
        world.hang_up_all()
        await dialer.stop()
