"""Agents' lines on a real Asterisk: they wait, are connected, hear codes, are recorded, and outlive the dialer."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.attempt import new_line_id
from ami_dialer.domain.calls import CallBridged, LineCame, LineEnded, LineKey, LineLeft, LineRequest
from ami_dialer.domain.errors import AsteriskError
from ami_dialer.lab import BY_NAME
from ami_dialer.ports import AgentLeg, CallerHungUpError, CallLeg, LineNext, LinePurpose, OriginateRefusedError
from tests.asterisk.ami.agents import TONE, Dialer, serving
from tests.asterisk.ami.conftest import Line
from tests.asterisk.world import World, until

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def dialer(line: Line, world: World) -> AsyncIterator[Dialer]:
    async with serving(line, world) as made:
        yield made


async def test_a_line_waits_is_connected_and_comes_back_while_the_person_stays(dialer: Dialer) -> None:
    outcomes: list[bool] = []

    async def connect(leg: CallLeg) -> None:
        outcomes.append(await leg.connect(agent.channel))
        await leg.hang_up()

    dialer.on_call = connect
    agent = await dialer.agent()
    assert [event.line for event in dialer.heard(LineCame)] == [agent.line]
    assert await dialer.line.telephony.lines("ami-dialer-agent") == {agent.line: agent.channel}
    await dialer.press(agent.channel, "5")
    await until(lambda: dialer.heard(LineKey))
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    assert [event.attempt_id for event in dialer.heard(CallBridged)] == [attempt_id]
    assert [event.line for event in dialer.heard(LineLeft)] == [agent.line]
    assert await dialer.line.telephony.redirect(agent.channel, "ami-dialer-agent", "s")
    await dialer.waits(agent.line, 2)
    await until(lambda: outcomes)
    assert outcomes == [True]
    assert len(dialer.dialogues) == 2
    assert [(leg.line, leg.channel, leg.purpose) for leg in dialer.dialogues] == [
        (agent.line, agent.channel, LinePurpose.DESK)
    ] * 2
    assert [(event.line, event.digit) for event in dialer.heard(LineKey)] == [(agent.line, "5")]
    await dialer.line.telephony.hang_up_line(agent.channel)
    await until(lambda: dialer.heard(LineEnded))
    await dialer.line.telephony.hang_up_line(agent.channel)
    assert not await dialer.line.telephony.redirect(agent.channel, "ami-dialer-agent", "s")
    assert len(dialer.heard(LineCame)) == 1
    assert [event.line for event in dialer.heard(LineEnded)] == [agent.line]


async def test_when_the_person_hangs_up_the_line_goes_on_to_its_wrap_up(dialer: Dialer) -> None:
    ended: list[str] = []

    async def connect(leg: CallLeg) -> None:
        try:
            await leg.connect(agent.channel)
        except CallerHungUpError:
            ended.append("hung up")

    dialer.on_call = connect
    agent = await dialer.agent()
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    await dialer.line.telephony.hang_up(attempt_id)
    await until(lambda: ended)
    await dialer.waits(agent.line, 2)


async def test_an_agent_who_vanishes_leaves_the_person_to_the_dialer(dialer: Dialer) -> None:
    outcomes: list[bool] = []

    async def connect(leg: CallLeg) -> None:
        outcomes.append(await leg.connect(agent.channel))
        outcomes.append(await leg.connect(agent.channel))
        with pytest.raises(AsteriskError, match="no no-such-context,s,1"):
            await leg.go_on("no-such-context", "s")
        await leg.go_on("lab-hangup", "s")

    dialer.on_call = connect
    agent = await dialer.agent()
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    await dialer.line.telephony.hang_up_line(agent.line)
    await until(lambda: len(outcomes) == 2)
    assert outcomes == [True, False]
    await dialer.line.end_of(attempt_id)
    assert [name for name in dialer.line.names(attempt_id) if name == "CallUnserved"] == []


async def test_a_code_opens_a_dialogue_on_the_agents_line_and_the_call_goes_on_after_it(dialer: Dialer) -> None:
    done = asyncio.Event()

    async def agents(leg: AgentLeg) -> None:
        if leg.purpose is LinePurpose.CODE:
            await leg.wait_for_digit(0.1)
            done.set()
        else:
            await leg.then(LineNext.WAIT_CONNECTING)

    dialer.on_agent = agents
    dialer.on_call = lambda leg: _connect(leg, agent.channel)
    agent = await dialer.agent()
    await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    while len(dialer.dialogues) < 2:  # keys that are pressed while the agent hears the tone are lost
        await dialer.press(agent.channel, "*3")
        with suppress(AssertionError):
            await until(lambda: len(dialer.dialogues) == 2, 1)
    code = dialer.dialogues[1]
    assert (code.purpose, code.code, code.line, code.channel) == (LinePurpose.CODE, "dnc", agent.line, agent.channel)
    await asyncio.wait_for(done.wait(), 10)
    assert len(dialer.world.channels()) == 3
    assert dialer.heard(LineEnded) == []


async def test_a_code_is_pressed_for_whoever_talks_with_the_person(dialer: Dialer) -> None:
    async def agents(leg: AgentLeg) -> None:
        await (leg.wait_for_digit(0.1) if leg.purpose is LinePurpose.CODE else leg.then(LineNext.WAIT_CONNECTING))

    dialer.on_agent = agents
    dialer.on_call = lambda leg: _connect(leg, agent.channel)
    agent, telephony = await dialer.agent(), dialer.line.telephony
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    with pytest.raises(AsteriskError, match="no code ami-dialer-none"):
        await telephony.press_code(attempt_id, "ami-dialer-none")
    while len(dialer.dialogues) < 2:  # keys that come with the tone are lost
        assert await telephony.press_code(attempt_id, "ami-dialer-hold")
        with suppress(AssertionError):
            await until(lambda: len(dialer.dialogues) == 2, 1)
    code = dialer.dialogues[1]
    assert (code.purpose, code.code, code.line) == (LinePurpose.CODE, "hold", agent.line)
    await telephony.hang_up(attempt_id)
    await dialer.waits(agent.line, 2)
    assert await telephony.press_code(attempt_id, "ami-dialer-hold") is False


async def test_a_recording_is_a_wav_file_with_the_person_left_and_the_agent_right(dialer: Dialer) -> None:
    async def record(leg: CallLeg) -> None:
        await leg.record(f"calls/{leg.attempt_id}.wav")
        await _connect(leg, agent.channel)

    dialer.on_call = record
    agent = await dialer.agent()
    attempt_id = await dialer.person()
    await until(lambda: dialer.heard(CallBridged))
    file = dialer.world.settings.home / "pbx/spool/monitor/calls" / f"{attempt_id}.wav"
    await until(lambda: file.exists() and file.stat().st_size > 16_000)
    await dialer.line.telephony.mute_recording(attempt_id, muted=True)
    await dialer.line.telephony.mute_recording(attempt_id, muted=False)
    await dialer.line.telephony.hang_up(attempt_id)
    await dialer.waits(agent.line, 2)
    await until(lambda: _channels(str(file)) == 2)
    with wave.open(str(file)) as recording:
        assert (recording.getframerate(), recording.getsampwidth()) == (8000, 2)
        frames = recording.readframes(recording.getnframes())
    frames = frames[len(frames) // 8 * 4 :]  # the agent has said hello
    left, right = _loudness(frames[0::4], frames[1::4]), _loudness(frames[2::4], frames[3::4])
    assert left > 1_000
    assert right < left / 10


async def test_a_line_outlives_the_dialer_and_is_there_again_when_it_is_back(dialer: Dialer) -> None:
    async def busy(leg: AgentLeg) -> None:
        await leg.wait_for_digit(60)

    dialer.on_agent = busy
    request = LineRequest(new_line_id(), TONE, "ami-dialer-agent", "s", 10)
    await dialer.line.telephony.call_line(request)
    await until(lambda: dialer.dialogues)
    await dialer.stop()
    dialer.on_agent = Dialer(dialer.line, dialer.world).on_agent
    await dialer.start()
    await dialer.waits(request.line)
    assert len(dialer.dialogues) == 2
    assert dialer.heard(LineEnded) == []


async def test_a_phone_that_does_not_answer_is_told_and_leaves_nothing_behind(dialer: Dialer) -> None:
    declined = f"PJSIP/{BY_NAME['busy'].number(0).removeprefix('+')}@carrier"
    with pytest.raises(OriginateRefusedError, match="carrier: "):
        await dialer.line.telephony.call_line(LineRequest(new_line_id(), declined, "ami-dialer-agent", "s", 5))
    with pytest.raises(OriginateRefusedError, match="Extension does not exist"):
        await dialer.line.telephony.call_line(LineRequest(new_line_id(), declined, "no-such-context", "s", 5))
    assert dialer.line.events == []


async def test_the_classic_script_connects_records_and_hands_on_as_well(dialer: Dialer) -> None:
    settings, console = dialer.world.settings, dialer.world.pbx.console
    outcomes: list[bool] = []

    async def connect(leg: CallLeg) -> None:
        await leg.record(f"calls/{leg.attempt_id}.wav")
        outcomes.append(await leg.connect(agent.channel))
        outcomes.append(await leg.queue("no-such-queue", 5, "default"))
        await leg.go_on("lab-hangup", "s")

    agent = await dialer.agent()
    server = AgiSocketServer(FastAgi(socket=settings.socket_directory / "answered.sock"), connect)
    await server.start()
    console(f"dialplan set global AMI_DIALER_AGI {settings.agi_directory / 'ami-dialer-answered.py'}")
    try:
        attempt_id = await dialer.person()
        await until(lambda: dialer.heard(CallBridged))
        await dialer.line.telephony.hang_up_line(agent.channel)
        await dialer.line.end_of(attempt_id)
    finally:
        console("dialplan set global AMI_DIALER_AGI")
        console("dialplan reload")
        await server.stop(0)
    assert outcomes == [True, False]
    assert "CallUnserved" not in dialer.line.names(attempt_id)


async def test_a_supervisor_hears_a_call_until_its_line_is_gone(dialer: Dialer) -> None:
    over = asyncio.Event()

    async def agents(leg: AgentLeg) -> None:
        if leg.purpose is LinePurpose.SUPERVISE:
            await leg.spy("PJSIP/nobody-00000001", "whisper")
            await leg.spy(agent.channel, "listen")
            over.set()
        else:
            await leg.then(LineNext.WAIT)

    dialer.on_agent = agents
    agent = await dialer.agent()
    request = LineRequest(new_line_id(), TONE, "ami-dialer-agent", "supervise", 10)
    await dialer.line.telephony.call_line(request)
    await until(lambda: len(dialer.dialogues) == 2)
    async with dialer.world.ami("lab") as ami:
        await until(lambda: "ChanSpy" in dialer.world.pbx.console("core show channels"))
        assert not over.is_set()
        await ami.ask(Action="Hangup", Channel=agent.line)
    await asyncio.wait_for(over.wait(), 10)


async def _connect(leg: CallLeg, channel: str) -> None:
    with suppress(CallerHungUpError):
        await leg.connect(channel)


def _channels(file: str) -> int:
    with wave.open(file) as recording:
        return recording.getnchannels()


def _loudness(low: bytes, high: bytes) -> float:
    samples = [int.from_bytes((one, two), "little", signed=True) for one, two in zip(low, high, strict=True)]
    return sum(abs(sample) for sample in samples) / len(samples)
