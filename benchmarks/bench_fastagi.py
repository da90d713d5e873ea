"""Processor time of the FastAGI server for a call of eight AGI commands, against a bare asyncio server.

Server and peer are processes of their own, on loopback; only the server's processor time counts.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from ami_dialer.adapters.asterisk.fastagi import FastAgiServer
from ami_dialer.config.flow import Flow
from ami_dialer.config.schema import FastAgi
from ami_dialer.flows.interpreter import run_flow
from ami_dialer.ports import CallLeg

ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: answered\nagi_request: agi://127.0.0.1/answered\n"
    b"agi_channel: PJSIP/carrier-00000001\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: amid-1-1\n"
    b"agi_version: 22.10.1\nagi_callerid: 15550100\nagi_calleridname: unknown\nagi_callingpres: 0\n"
    b"agi_callingani2: 0\nagi_callington: 0\nagi_callingtns: 0\nagi_dnid: unknown\nagi_rdnis: unknown\n"
    b"agi_context: ami-dialer-answered\nagi_extension: flow\nagi_priority: 2\nagi_enhanced: 0.0\n"
    b"agi_accountcode: \nagi_threadid: 140001\nagi_arg_1: amid-1-1\nagi_arg_2: HUMAN\nagi_arg_3: HUMAN-1-1\n\n"
)
#: Seven prompts and a hang-up: eight commands.
PROMPTS = [f"prompt-{n}" for n in range(7)]
FLOW = Flow.model_validate({"steps": {"start": [{"play": sound} for sound in PROMPTS]}})
RUNS = 5
#: Calls of one run.
CALLS = 3_000
RESULTS = Path(__file__).parent / "results" / "fastagi.json"
AT_ONCE = 50
SERVERS = ("bare", "verbs", "flow")


class Host:
    """The flow asks nothing of it."""

    fields: dict[str, str] = {}  # noqa: RUF012 - never written
    voice = "en-us"

    async def speech(self, text: str, voice: str) -> str:
        raise NotImplementedError

    async def answer(self, question: str, digits: str, valid: bool, try_number: int) -> None:
        raise NotImplementedError

    async def opt_out(self) -> None:
        raise NotImplementedError


async def bare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The least a server can do: no checks, no errors, no flow."""
    await reader.readuntil(b"\n\n")
    for sound in PROMPTS:
        writer.write(f'STREAM FILE "{sound}" "" 0\n'.encode())
        await reader.readline()
    writer.write(b"HANGUP\n")
    await reader.readline()
    writer.close()


async def verbs(leg: CallLeg) -> None:
    for sound in PROMPTS:
        await leg.play(sound)
    await leg.hang_up()


async def flow(leg: CallLeg) -> None:
    await run_flow(FLOW, leg, Host(), "closing")


async def serve(kind: str) -> None:
    if kind == "bare":
        server = await asyncio.start_server(bare, "127.0.0.1", 0, backlog=1024)
        port = server.sockets[0].getsockname()[1]
    else:
        ours = FastAgiServer(FastAgi(), {"verbs": verbs, "flow": flow}[kind], port=0)
        await ours.start()
        port = ours.port
    print(port, flush=True)
    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.to_thread(sys.stdin.readline)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, flush=True)


async def call(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ENVIRONMENT)
    commands = 0
    while line := await reader.readline():
        commands += 1
        writer.write(b"200 result=1\n" if line == b"HANGUP\n" else b"200 result=0 endpos=8000\n")
    assert commands == len(PROMPTS) + 1, commands
    writer.close()


async def load(port: int, calls: int) -> None:
    left = iter(range(calls))

    async def line() -> None:
        for _ in left:
            await call(port)

    await asyncio.gather(*(line() for _ in range(AT_ONCE)))


def measure(kind: str, calls: int) -> float:
    """Calls per second of the server's processor time."""
    command = [sys.executable, __file__, "serve", kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        asyncio.run(load(port, calls))
        said, _ = server.communicate("stop\n")
    return calls / float(said)


def main() -> None:
    # One after the other and round again, so that a busy moment of the machine hits all alike.
    rates: dict[str, list[float]] = {kind: [] for kind in SERVERS}
    for _ in range(RUNS):
        for kind, values in rates.items():
            values.append(measure(kind, CALLS))
    medians = {kind: statistics.median(values) for kind, values in rates.items()}
    result = {
        "bare_calls_per_cpu_s": round(medians["bare"]),
        "verbs_calls_per_cpu_s": round(medians["verbs"]),
        "flow_calls_per_cpu_s": round(medians["flow"]),
        "verbs_ratio": round(medians["verbs"] / medians["bare"], 3),
        "flow_ratio": round(medians["flow"] / medians["bare"], 3),
        "calls": CALLS,
        "runs": RUNS,
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for kind, values in rates.items():
        spread = f"min {min(values):.0f}, max {max(values):.0f}"
        print(f"{kind:6} {medians[kind]:7.0f} calls/cpu-s  {medians[kind] / medians['bare']:5.2f} of bare  ({spread})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(sys.argv[2]))
    else:
        main()
