"""Answered calls of the lab's Asterisk, served by the flow interpreter over FastAGI and over the classic script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.adapters.speech import TtsSpeech
from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import FastAgi, Speech
from ami_dialer.flows.interpreter import FlowResult, run_flow
from ami_dialer.ports import CallLeg
from tests.asterisk.world import RawAmi, World, until
from tests.fakes.host import MemoryHost

SCRIPT = "ami-dialer-answered.py"
HOSTS = ("fastagi", "classic")
CLOSING = "ami-dialer/closing"


class SpeakingHost(MemoryHost):
    """Speaks with the real programs."""

    def __init__(self, tts: TtsSpeech) -> None:
        super().__init__(first_name="Ann", evil='x"\r\nHANGUP ${SHELL(id)},1')
        self.voice = "en-us"
        self._tts = tts

    async def speech(self, text: str, voice: str) -> str:
        return await self._tts.sound_for(text, voice)


@dataclass
class Answered:
    """Runs `flow` on every answered call; what became of each, by attempt id."""

    world: World
    flow: Flow
    hosts: dict[str, SpeakingHost] = field(default_factory=dict)
    results: dict[str, FlowResult] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The PBX of the lab sees its own folder under the same path.
        self.tts = TtsSpeech(Speech(directory=self.world.settings.home / "spoken"))

    async def on_call(self, leg: CallLeg) -> None:
        host = self.hosts[leg.attempt_id] = SpeakingHost(self.tts)
        self.results[leg.attempt_id] = await run_flow(self.flow, leg, host, CLOSING)

    @asynccontextmanager
    async def served(self, max_calls: int = 100) -> AsyncIterator["Answered"]:
        """Both servers, where the lab's dialplan looks for them."""
        settings = FastAgi(max_calls=max_calls, socket=socket_of(self.world))
        both = (
            FastAgiServer(settings, self.on_call, port=self.world.ports.fastagi),
            AgiSocketServer(settings, self.on_call),
        )
        for server in both:
            await server.start()
        try:
            yield self
        finally:
            for server in both:
                await server.stop(0)

    async def result(self, attempt_id: str) -> FlowResult:
        """How the flow of a call ended."""
        return await until(lambda: self.results.get(attempt_id), 90)


def socket_of(world: World) -> Path:
    """Where the classic script finds the dialer."""
    return world.settings.socket_directory / "answered.sock"


async def place(ami: RawAmi, world: World, attempt_id: str, number: str, host: str, exten: str = "direct") -> None:
    """Call a number; the dialplan hands it to `host` when somebody answers."""
    classic = (f"AMI_DIALER_AGI={SCRIPT}", f"AMI_DIALER_SOCKET={socket_of(world)}")
    answer = await ami.ask(
        Action="Originate",
        ActionID=attempt_id,
        ChannelId=attempt_id,
        Channel=f"PJSIP/{number[1:]}@carrier",
        Context="ami-dialer-answered",
        Exten=exten,
        Priority="1",
        Timeout="30000",
        Async="true",
        variables=classic if host == "classic" else (),
    )
    assert answer["Response"] == "Success", answer


def begun(ami: RawAmi, attempt_id: str) -> list[dict[str, str]]:
    """The prompts and waits that have begun on a call."""
    events = (e for e in ami.events if e.get("Event") == "AGIExecStart" and e.get("Uniqueid") == attempt_id)
    return [event for event in events if event["Command"].startswith(("STREAM", "WAIT"))]


def commands(ami: RawAmi, attempt_id: str) -> list[tuple[str, str]]:
    """The AGI commands Asterisk carried out on a call, with their result codes."""
    return [
        (event["Command"], event["ResultCode"])
        for event in ami.events
        if event.get("Event") == "AGIExecEnd" and event.get("Uniqueid") == attempt_id
    ]


def heard_closing_by_dialplan(ami: RawAmi, attempt_id: str) -> bool:
    """The dialplan played the closing prompt to its end."""
    playing = ami.of(attempt_id, "Newexten", Application="Playback", AppData=CLOSING)
    return playing is not None and ami.of(attempt_id, "VarSet", Variable="PLAYBACKSTATUS", Value="SUCCESS") is not None
