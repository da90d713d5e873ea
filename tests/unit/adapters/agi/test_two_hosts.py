"""The same flow over FastAGI and by the classic AGI script: same commands to Asterisk, same answers, same end."""

import ast
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ami_dialer.adapters.asterisk.agi_socket import AgiSocketServer
from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import FastAgi
from ami_dialer.domain.ending import EndReason
from ami_dialer.flows.interpreter import FlowResult, run_flow
from ami_dialer.ports import CallLeg
from tests.fakes.agi_peer import BREAKS_OFF, HUNG_UP_BEFORE, AsteriskSide, call_fastagi, call_script
from tests.fakes.host import MemoryHost
from tests.fakes.leg import HANGS_UP, NOTHING

pytestmark = pytest.mark.unit

FLOW = Flow.model_validate(
    {
        "steps": {
            "start": [
                {"play": "hello"},
                {
                    "ask": {
                        "name": "happy",
                        "prompt": [{"play": "happy"}, {"say": 'dear {{name|default("friend")}}'}],
                        "valid": [1, 2, 9],
                        "retries": 1,
                        "invalid": {"play": "invalid"},
                    }
                },
                {"branch": {"answer": "happy", "when": {"9": "out"}}},
                {"ask": {"name": "zip", "prompt": {"play": "zip"}, "min_digits": 2, "max_digits": 3, "retries": 0}},
                {"play": "thanks"},
            ],
            "out": [{"opt_out": {"prompt": {"play": "removed"}}}],
        }
    }
)


class Calls:
    """Runs FLOW on what comes in, on both hosts."""

    def __init__(self) -> None:
        self.host = MemoryHost()
        self._ended: asyncio.Queue[FlowResult] = asyncio.Queue()

    async def on_call(self, leg: CallLeg) -> None:
        assert leg.attempt_id == "amid-1-1"
        assert leg.amd.status == "HUMAN"
        self._ended.put_nowait(await run_flow(FLOW, leg, self.host, "closing"))

    async def ended(self) -> FlowResult:
        """How the call ended that is over now or soon."""
        async with asyncio.timeout(10):
            return await self._ended.get()


@pytest.fixture
async def calls() -> Calls:
    return Calls()


@pytest.fixture
async def fastagi_port(calls: Calls) -> AsyncIterator[int]:
    server = FastAgiServer(FastAgi(), calls.on_call, port=0)
    await server.start()
    yield server.port
    await server.stop(5)


@pytest.fixture
async def socket_path(calls: Calls, tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "answered.sock"
    server = AgiSocketServer(FastAgi(socket=path), calls.on_call)
    await server.start()
    yield path
    await server.stop(5)


@pytest.mark.parametrize(
    ("behaviour", "missing", "end"),
    [
        ([NOTHING, "1", NOTHING, "1", "2", "#"], [], EndReason.COMPLETED),
        (["2", "4", "5", "6"], [], EndReason.COMPLETED),
        ([NOTHING, NOTHING, "7", "1", "2", "3"], [], EndReason.COMPLETED),
        ([], [], EndReason.NO_INPUT),
        (["9"], [], EndReason.OPTED_OUT),
        (["9", HANGS_UP], [], EndReason.OPTED_OUT),
        ([HANGS_UP], [], EndReason.HUNG_UP),
        ([NOTHING, HANGS_UP], [], EndReason.HUNG_UP),
        ([NOTHING, HUNG_UP_BEFORE], [], EndReason.HUNG_UP),
        ([NOTHING, "1", "1", BREAKS_OFF], [], EndReason.LOST),
        (["1", "1", "2", "3", BREAKS_OFF], [], EndReason.COMPLETED),
        ([NOTHING, "1", "1", "2", HANGS_UP], [], EndReason.HUNG_UP),
        (["1", "1", "2", "3", HANGS_UP], [], EndReason.COMPLETED),
        ([NOTHING, "1"], ["zip"], EndReason.FLOW_FAILED),
        ([], ["hello"], EndReason.FLOW_FAILED),
        ([], ["hello", "closing"], EndReason.FLOW_FAILED),
    ],
)
async def test_given_a_caller_when_served_by_either_host_then_commands_answers_and_end_are_the_same(
    behaviour, missing, end, calls, fastagi_port, socket_path
):
    over_network = AsteriskSide(behaviour, missing=missing)
    await call_fastagi(fastagi_port, over_network)
    first, answers = await calls.ended(), list(calls.host.answers)
    calls.host.answers.clear()
    by_script = AsteriskSide(behaviour, missing=missing)
    await call_script(str(socket_path), by_script)
    second = await calls.ended()

    assert by_script.verbs == over_network.verbs
    assert calls.host.answers == answers
    assert first.end is end
    assert second == first


async def test_given_a_call_that_ended_well_then_the_script_ends_with_0(calls, socket_path):
    assert await call_script(str(socket_path), AsteriskSide(["1"])) == 0
    assert await call_script(str(socket_path), AsteriskSide([HANGS_UP])) == 0


async def test_given_no_dialer_then_the_script_ends_with_1_and_asterisk_goes_on_in_the_dialplan(tmp_path, capfd):
    side = AsteriskSide()
    assert await call_script(str(tmp_path / "none.sock"), side) == 1
    assert side.commands == []
    assert "no dialer at" in capfd.readouterr().err


async def test_given_a_path_in_the_dialplan_then_the_script_finds_the_socket(calls, socket_path):
    side = AsteriskSide(["9"], variables={"AMI_DIALER_SOCKET": str(socket_path)})
    assert await call_script("", side) == 0
    assert side.commands[0] == 'GET VARIABLE "AMI_DIALER_SOCKET"'
    assert (await calls.ended()).end is EndReason.OPTED_OUT


def test_the_script_needs_nothing_but_pyst2_and_the_standard_library():
    source = (Path(__file__).parents[4] / "agi" / "ami-dialer-answered.py").read_text()
    tree = list(ast.walk(ast.parse(source)))
    imported = {alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in tree if isinstance(node, ast.ImportFrom)}
    imported = {name.split(".")[0] for name in imported}
    assert imported <= sys.stdlib_module_names | {"asterisk"}
