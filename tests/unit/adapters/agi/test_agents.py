"""Verbs for agents: what goes to Asterisk for each, on both hosts; and dialogues with agents' lines."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.ports import AgentLeg, CallerHungUpError, CallLeg, LineNext, LinePurpose
from tests.fakes.agi_peer import AsteriskSide, call_fastagi, call_script, environment

pytestmark = pytest.mark.unit

Verb = Callable[[CallLeg], Awaitable[object]]
LINE = "1795331040.12"


class Desk:
    """Does one verb on each call, and keeps what came of it; serves agents' lines as each test says."""

    def __init__(self) -> None:
        self.verb: Verb = lambda leg: leg.hang_up()
        self.came: list[object] = []
        self.dialogues: list[AgentLeg] = []
        self.dialogue: Callable[[AgentLeg], Awaitable[None]] = self._nothing

    async def on_call(self, leg: CallLeg) -> None:
        try:
            self.came.append(await self.verb(leg))
        except (AsteriskError, CallerHungUpError) as error:
            self.came.append(type(error))

    async def on_agent(self, leg: AgentLeg) -> None:
        self.dialogues.append(leg)
        await self.dialogue(leg)

    async def _nothing(self, leg: AgentLeg) -> None:
        pass


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def port(desk: Desk) -> AsyncIterator[int]:
    server = FastAgiServer(FastAgi(), desk.on_call, desk.on_agent, port=0)
    await server.start()
    yield server.port
    await server.stop(5)


@pytest.fixture
async def socket(desk: Desk, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "answered.sock"
    server = AgiSocketServer(FastAgi(socket=path), desk.on_call)
    await server.start()
    yield path
    await server.stop(5)


def bridge(result: str) -> dict[str, dict[str, str]]:
    return {"Bridge": {"BRIDGERESULT": result}}


def queue(result: str) -> dict[str, dict[str, str]]:
    return {"Queue": {"QUEUESTATUS": result}}


QUEUE = "support,cF(ami-dialer-agent^after^1)b(ami-dialer-member^before^1),,,5"


@pytest.mark.parametrize(
    ("verb", "after", "came", "commands"),
    [
        (lambda leg: leg.connect("PJSIP/101-0000002a"), bridge("SUCCESS"), True, [("Bridge", "PJSIP/101-0000002a,p")]),
        (lambda leg: leg.connect(LINE), bridge("NONEXISTENT"), False, [("Bridge", f"{LINE},p")]),
        (lambda leg: leg.connect(LINE), {"Bridge": {"HANGUP": ""}}, CallerHungUpError, [("Bridge", f"{LINE},p")]),
        (lambda leg: leg.connect(LINE), {}, AsteriskError, [("Bridge", f"{LINE},p")]),
        (lambda leg: leg.queue("support", 5.2, None), queue("CONTINUE"), True, [("Queue", QUEUE)]),
        (lambda leg: leg.queue("support", 5, None), queue("TIMEOUT"), False, [("Queue", QUEUE)]),
        (
            lambda leg: leg.queue("support", 5, "calm"),
            queue("UNKNOWN"),
            False,
            [("VARIABLE", "CHANNEL(musicclass)", "calm"), ("Queue", QUEUE)],
        ),
        (
            lambda leg: leg.record("2026/amid-1-1.wav"),
            {},
            None,
            [("ami-dialer-record", "s", "1", "2026/amid-1-1.wav")],
        ),
        (lambda leg: leg.music("calm"), {"StartMusicOnHold": {}}, None, [("StartMusicOnHold", "calm")]),
        (lambda leg: leg.music(None), {"StopMusicOnHold": {}}, None, [("StopMusicOnHold", "")]),
        (
            lambda leg: leg.go_on("office", "200"),
            {},
            None,
            [("CONTEXT", "office"), ("EXTENSION", "200"), ("PRIORITY", "1")],
        ),
        (
            lambda leg: leg.go_on("office", "sales.north"),  # a queue of that name
            {},
            None,
            [("CONTEXT", "office"), ("EXTENSION", "sales.north"), ("PRIORITY", "1")],
        ),
        (lambda leg: leg.go_on("nowhere", "200"), {}, AsteriskError, []),
    ],
)
async def test_a_verb_is_the_same_commands_and_comes_to_the_same_on_both_hosts(
    verb: Verb, after: dict[str, dict[str, str]], came: object, commands: list[tuple[str, ...]], desk: Desk, port: int,
    socket: Path,
) -> None:  # fmt: skip
    desk.verb = verb
    for call in (lambda side: call_fastagi(port, side), lambda side: call_script(str(socket), side)):
        side = AsteriskSide(variables={"DIALPLAN_EXISTS(nowhere,200,1)": "0"}, after=after)
        await call(side)
        assert side.verbs == commands
    assert desk.came == [came, came]


@pytest.mark.parametrize(
    ("left", "talked"),
    [
        ({"HANGUP": "", "ANSWEREDTIME": "3", "QUEUESTATUS": "CONTINUE"}, 3.0),
        ({"HANGUP": "", "ANSWEREDTIME": "0", "QUEUESTATUS": "CONTINUE"}, 0.0),
        ({"HANGUP": "", "ANSWEREDTIME": "0", "ABANDONED": "TRUE"}, None),
        ({"HANGUP": ""}, None),
        ({"ANSWEREDTIME": "7", "QUEUESTATUS": "CONTINUE"}, 7.0),
        ({"ANSWEREDTIME": "0", "QUEUESTATUS": "TIMEOUT"}, None),
    ],
)
async def test_how_long_a_member_had_the_person_is_known_after_the_hang_up_too(
    left: dict[str, str], talked: float | None, desk: Desk, port: int
) -> None:
    legs = []

    async def by_queue(leg: CallLeg) -> None:
        legs.append(leg)
        await leg.queue("support", 5, None)

    desk.verb = by_queue
    await call_fastagi(port, AsteriskSide(after={"Queue": left}))
    assert [leg.talked for leg in legs] == [talked]


@pytest.mark.parametrize(
    "verb",
    [
        lambda leg: leg.connect("PJSIP/101-1,p&System(id)"),
        lambda leg: leg.connect("/PJSIP.*/"),
        lambda leg: leg.connect("${SHELL(id)}"),
        lambda leg: leg.queue("a,b", 5, None),
        lambda leg: leg.queue("a", 5, 'b"'),
        lambda leg: leg.record("../../etc/passwd.wav"),
        lambda leg: leg.record("/etc/x.wav"),
        lambda leg: leg.record("a b.wav"),
        lambda leg: leg.go_on("a,b", "1"),
        lambda leg: leg.go_on("a", "1,System(id)"),
    ],
)
async def test_what_would_mean_something_else_to_an_application_is_not_sent(verb: Verb, desk: Desk, port: int) -> None:
    desk.verb = verb
    side = AsteriskSide()
    await call_fastagi(port, side)
    assert desk.came == [AsteriskError]
    assert side.commands == []


@pytest.mark.parametrize(
    ("script", "purpose", "code", "told"),
    [
        ("agent", LinePurpose.DESK, "", {"AMI_DIALER_THEN": "bye"}),
        ("agent-code", LinePurpose.CODE, "dnc", {}),
        ("supervise", LinePurpose.SUPERVISE, "", {}),
    ],
)
async def test_an_agents_line_comes_in_and_goes_on_when_its_dialogue_is_over(
    script: str, purpose: LinePurpose, code: str, told: dict[str, str], desk: Desk, port: int
) -> None:
    side = AsteriskSide()
    opening = environment(LINE, script=script).replace(f"agi_arg_1: {LINE}".encode(), f"agi_arg_1: {code}".encode())
    await call_fastagi(port, side, opening)
    [leg] = desk.dialogues
    assert (leg.line, leg.channel, leg.purpose, leg.code, leg.caller) == (
        LINE,
        "PJSIP/carrier-00000001",
        purpose,
        code,
        "15550100",
    )
    assert side.variables == told
    assert not side.dead


async def test_a_line_is_told_to_wait_and_a_fault_tells_it_nothing_so_that_it_comes_again(
    desk: Desk, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    desk.dialogue = lambda leg: leg.then(LineNext.WAIT_CONNECTING)
    side = AsteriskSide()
    await call_fastagi(port, side, environment(LINE, script="agent"))
    assert side.variables == {"AMI_DIALER_THEN": "connecting"}

    async def fault(leg: AgentLeg) -> None:
        raise KeyError("a bug")

    desk.dialogue = fault
    side = AsteriskSide()
    await call_fastagi(port, side, environment(LINE, script="agent"))
    assert side.variables == {}
    assert "a dialogue with an agent failed" in caplog.text


async def test_without_somebody_who_serves_agents_their_lines_are_refused_and_ask_again() -> None:
    server = FastAgiServer(FastAgi(), Desk().on_call, port=0)
    await server.start()
    try:
        said = await call_fastagi(server.port, AsteriskSide(), environment(LINE, script="agent"))
    finally:
        await server.stop(0)
    assert said == ["failure: agents are not served here"]


async def test_a_supervisor_hears_a_call_in_the_way_that_was_asked_for(desk: Desk, port: int) -> None:
    desk.dialogue = lambda leg: leg.spy("PJSIP/101-0000002a", "whisper")
    side = AsteriskSide(after={"ChanSpy": {}})
    await call_fastagi(port, side, environment(LINE, script="supervise"))
    assert side.verbs == [("ChanSpy", "PJSIP/101-0000002a,quESdw")]
