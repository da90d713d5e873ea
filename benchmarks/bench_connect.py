"""From the end of AMD to customer and agent in one bridge: nailed up, by queue, and plain Asterisk.

A real Asterisk calls people of the lab's world, who answer at once, say hello and hang up a second after AMD
has come to its verdict; agents' phones answer at once. Each way in turn, several rounds: the dialer with agents on
lines that stay up, the dialer with one of Asterisk's queues, and a bare AMI client whose calls the dialplan hands to
the same queue. Everything is from the PBX's own events and their times, heard by a manager user beside the dialer's.
"""

import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Database as DatabaseSettings
from ami_dialer.domain.agent import Step
from ami_dialer.lab import LabSettings, Ports, down, instances, up
from ami_dialer.store import agent_orders
from ami_dialer.store.database import Database

RATE = 20
SECONDS = 20
WARM_UP_SECONDS = 6
ROUNDS = 3
#: A call is under way for some 3 s, and the dialer reserves an agent for it from its beginning.
AGENTS = 80
#: More than one round calls.
NUMBERS = 3_000
#: Below the ports that the kernel gives to connections. Room for 400 legs on either side.
PORTS = replace(Ports.block(14_000), pbx_rtp=(12_000, 12_799), world_rtp=(12_800, 13_599))
RESULTS = Path(__file__).parent / "results" / "connect.json"
WAYS = ("nailed_up", "queue", "plain")
AIM_MS, AIM_RATIO = 50, 3
CLOCK = SystemClock()

CONFIG = """
servers:
  pbx:
    {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {{file: {secret}}},
     max_calls: 400, calls_per_second: 100}}
trunks:
  carrier: {{server: pbx, dial: "PJSIP/{{number}}@carrier", max_calls: 400, calls_per_second: {rate}}}
fastagi: {{port: {fastagi}}}
speech: {{directory: {home}/sounds}}
engine: {{grace: 10s}}
logging: {{level: warning}}
lists: {{people: {{file: people.csv}}}}
agents:
{agents}
campaigns:
  bench:
    {{lists: [people], trunks: [carrier], {answer}, max_calls: 400, wrap_up: {{limit: 0, pause: 0}},
     hours: {{earliest: 0:00, latest: 24:00}},
     exemptions: [{{rules: [hours, closed], basis: test, reason: Nobody is called.}}]}}
"""

#: What the PBX has besides: phones, a queue of them, a dialplan with nothing but that queue, times in its events.
PBX_QUEUE = "\n[bench]\nstrategy = rrmemory\nringinuse = no\ntimeout = 10\nretry = 1\n"
PBX_DIALPLAN = "\n[bench-plain]\nexten => s,1,Queue(bench,,,,5)\n same => n,Hangup()\n"
#: Phones send nothing, as with silence suppression: what they would send all the time costs the two Asterisks on the
#: same cores more than all calls. Who is called is silent after hello, and gone 1.8 s later.
WORLD = """
[phones-called](+)
exten => _desk.,1,Answer()
 same => n,Wait(3600)
[numbers](+)
exten => _212555XXXX,1,Answer()
 same => n,Playback(${SOUNDS}/hello)
 same => n,PlayTones(0)
 same => n,Wait(1.8)
 same => n,Hangup()
"""


@dataclass
class Heard:
    """What the PBX told of one round."""

    #: By the customer's Uniqueid: the end of AMD, and when somebody else was in the same bridge.
    amd: dict[str, float] = field(default_factory=dict)
    bridged: dict[str, float] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    inside: dict[str, set[str]] = field(default_factory=dict)

    def take(self, message: dict[str, str]) -> None:
        event, channel = message.get("Event"), message.get("Uniqueid", "")
        if event == "UserEvent" and message.get("UserEvent") == "AmiDialerAmd":
            self.amd[channel] = float(message["Timestamp"])
            self.verdicts[message["Status"]] += 1
        elif event == "BridgeEnter":
            inside = self.inside.setdefault(message["BridgeUniqueid"], set())
            inside.add(channel)
            if len(inside) > 1:
                for one in inside & self.amd.keys():
                    self.bridged.setdefault(one, float(message["Timestamp"]))
        elif event == "BridgeLeave":
            self.inside.get(message["BridgeUniqueid"], set()).discard(channel)


@dataclass
class Measured:
    """One round of one way, of the calls whose AMD ended in the measured seconds."""

    milliseconds: list[float]
    abandoned: int
    verdicts: Counter[str]
    #: Share of all cores.
    busy: float

    @property
    def calls(self) -> int:
        return len(self.milliseconds) + self.abandoned

    def percentile(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        home = Path(folder)
        lab = LabSettings(directory=home / "lab", ports=PORTS, shared=(), verbose=False, ends_with_caller=True)
        up(lab)
        try:
            furnish(lab)
            report(asyncio.run(measure(home, lab)))
        finally:
            down(lab)


def furnish(lab: LabSettings) -> None:
    """The benchmark's own phones, people, queue and dialplan."""
    names = [f"desk{number:03}" for number in range(AGENTS)]
    phones = "".join(
        f"\n[{name}](phone)\naors = {name}\n[{name}](phone-aor)\ncontact = sip:{name}@127.0.0.1:{PORTS.world_sip}\n"
        for name in names
    )
    members = "".join(f"member => PJSIP/{name},0,{name},PJSIP/{name}\n" for name in names)
    pbx, world = lab.home / "pbx" / "etc", lab.home / "world" / "etc"
    added = (
        (pbx / "phones.conf", phones),
        (pbx / "queues.conf", PBX_QUEUE + members),
        (pbx / "extensions.conf", PBX_DIALPLAN),
        (world / "phones.conf", WORLD),
    )
    for path, text in added:
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    manager = pbx / "manager.conf"
    manager.write_text(
        manager.read_text(encoding="utf-8").replace("[general]\n", "[general]\ntimestampevents = yes\n", 1),
        encoding="utf-8",
    )
    for instance in instances(lab).values():
        instance.console("core reload")
    time.sleep(2)


async def measure(home: Path, lab: LabSettings) -> dict[str, list[Measured]]:
    rounds: dict[str, list[Measured]] = {way: [] for way in WAYS}
    for number in range(ROUNDS):
        for way, measured in rounds.items():
            print(f"round {number + 1} of {ROUNDS}: {way}, {SECONDS} s", flush=True)
            async with ami(lab) as (reader, writer):
                if way == "plain":
                    measured.append(await plain(reader, writer, number))
                else:
                    measured.append(await dialer(home / f"{way}-{number}", lab, way, reader))
            one = measured[-1]
            print(
                f"  {one.calls / SECONDS:.1f} calls/s, p50 {one.percentile(0.5):.1f} ms,"
                f" p99 {one.percentile(0.99):.1f} ms, abandoned {one.abandoned},"
                f" machine busy {one.busy:.0%}, AMD {dict(one.verdicts)}",
                flush=True,
            )
            instances(lab)["pbx"].console("channel request hangup all")
            await asyncio.sleep(2)
    return rounds


async def watch(reader: asyncio.StreamReader) -> Measured:
    """The warm-up, the measured seconds, and what was still on its way then."""
    heard, begin = Heard(), CLOCK.now().timestamp()
    first, last = begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + SECONDS
    idle: list[tuple[float, float]] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(WARM_UP_SECONDS + SECONDS + 3):
            while True:
                message = parsed(await reader.readuntil(b"\r\n\r\n"))
                heard.take(message)
                now = CLOCK.now().timestamp()
                if (not idle and now >= first) or (len(idle) == 1 and now >= last):
                    idle.append(idle_and_all())
    people = [one for one, at in heard.amd.items() if first <= at < last]
    took = [(heard.bridged[one] - heard.amd[one]) * 1_000 for one in people if one in heard.bridged]
    busy = 1 - (idle[1][0] - idle[0][0]) / (idle[1][1] - idle[0][1]) if len(idle) == 2 else float("nan")
    return Measured(took, len(people) - len(took), heard.verdicts, busy)


def idle_and_all() -> tuple[float, float]:
    """Ticks of all cores since the start: idle, and in all."""
    ticks = [int(one) for one in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


async def dialer(home: Path, lab: LabSettings, way: str, reader: asyncio.StreamReader) -> Measured:
    home.mkdir()
    (home / "people.csv").write_text(
        "phone\n" + "".join(f"+1212555{number:04}\n" for number in range(NUMBERS)), encoding="utf-8"
    )
    agents = "\n".join(f"  {101 + n}: {{name: Agent {n}, phone: PJSIP/desk{n:03}}}" for n in range(AGENTS))
    answer = "agents: all" if way == "nailed_up" else "queue: bench"
    config = CONFIG.format(
        ami=PORTS.ami,
        fastagi=PORTS.fastagi,
        secret=lab.secret_file,
        rate=RATE,
        home=lab.home,
        agents=agents,
        answer=answer,
    )
    (home / "config.yaml").write_text(config, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("ami-dialer"), "run", "--plain", cwd=home
    )
    try:
        if way == "nailed_up":
            await log_in(home, process)
        else:
            await first_call(reader)
        measured = await watch(reader)
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 60)
    if code != 0:
        raise SystemExit("the dialer did not stop in order")
    return measured


async def log_in(home: Path, process: asyncio.subprocess.Process) -> None:
    """As `ami-dialer agent login` does for each; so many commands would take longer than all else."""
    path = home / "var" / "ami-dialer.db"
    await asyncio.sleep(6)
    if process.returncode is not None or not path.exists():
        raise SystemExit("the dialer does not run")
    database = Database(DatabaseSettings(url=f"sqlite:///{path}"))
    try:
        keys = []
        for number in range(AGENTS):
            keys.append(await agent_orders.ask(database, str(101 + number), Step.LOG_IN, {}, CLOCK.now()))
            await asyncio.sleep(0.05)
        for key in keys:
            while (came := await agent_orders.answer(database, key)) is None:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.1)
            if not came.ok:
                raise SystemExit(f"an agent could not be logged in: {came.text}")
    finally:
        await database.close()


async def first_call(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(60):
        while parsed(await reader.readuntil(b"\r\n\r\n")).get("UserEvent") != "AmiDialerAmd":
            pass


async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, round_: int) -> Measured:
    """The yardstick: the same calls and the same AMD; then the dialplan hands them to the queue."""

    async def originate() -> None:
        begin = time.monotonic()
        for number in range((WARM_UP_SECONDS + SECONDS + 1) * RATE):
            await asyncio.sleep(begin + number / RATE - time.monotonic())
            writer.write(
                f"Action: Originate\r\nActionID: raw-{number}\r\nChannelId: amid-raw-{round_}-{number}\r\n"
                f"Channel: PJSIP/+1212555{number:04}@carrier\r\nContext: ami-dialer-answered\r\nExten: amd\r\n"
                "Priority: 1\r\nTimeout: 30000\r\nAsync: true\r\nVariable: AMI_DIALER_NEXT=bench-plain\r\n"
                "Variable: AMI_DIALER_NOT_SURE=person\r\n\r\n".encode()
            )

    calls = asyncio.create_task(originate())
    try:
        return await watch(reader)
    finally:
        calls.cancel()


@asynccontextmanager
async def ami(lab: LabSettings) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Logged in as the lab's manager user, who hears everything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORTS.ami)
    secret = lab.secret_file.read_text(encoding="utf-8").strip()
    writer.write(f"Action: Login\r\nUsername: lab\r\nSecret: {secret}\r\nEvents: call,user\r\n\r\n".encode())
    await reader.readline()
    while b"Authentication accepted" not in await reader.readuntil(b"\r\n\r\n"):
        pass
    try:
        yield reader, writer
    finally:
        writer.close()


def parsed(block: bytes) -> dict[str, str]:
    """Only of what is measured by; the others cost no more than their name."""
    if not block.startswith((b"Event: UserEvent", b"Event: BridgeEnter", b"Event: BridgeLeave")):
        return {}
    return dict(line.split(": ", 1) for line in block.decode(errors="replace").split("\r\n") if ": " in line)


def report(rounds: dict[str, list[Measured]]) -> None:
    result: dict[str, object] = {}
    p99 = {}
    print(f"\n{'':12}calls/s   p50 ms   p99 ms   worst   abandoned   machine busy")
    for way, measured in rounds.items():
        calls = sum(one.calls for one in measured)
        p99[way] = statistics.median(one.percentile(0.99) for one in measured)
        figures: dict[str, float] = {
            "p50_ms": round(statistics.median(one.percentile(0.5) for one in measured), 1),
            "p99_ms": round(p99[way], 1),
            "worst_ms": round(max(max(one.milliseconds, default=0.0) for one in measured), 1),
            "calls_per_second": round(calls / SECONDS / len(measured), 1),
            "calls": calls,
            "abandoned": sum(one.abandoned for one in measured),
            "machine_busy": round(statistics.median(one.busy for one in measured), 2),
        }
        result[way] = figures
        print(
            f"{way:12}{figures['calls_per_second']:7.1f}{figures['p50_ms']:9.1f}{figures['p99_ms']:9.1f}"
            f"{figures['worst_ms']:8.1f}{figures['abandoned']:12.0f}{figures['machine_busy']:15.0%}"
        )
    result |= {
        "queue_to_nailed_up_p99": round(p99["queue"] / p99["nailed_up"], 2),
        "plain_to_nailed_up_p99": round(p99["plain"] / p99["nailed_up"], 2),
        "queue_to_plain_p99": round(p99["queue"] / p99["plain"], 2),
        "seconds": SECONDS,
        "rounds": ROUNDS,
        "agents": AGENTS,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        f"p99 nailed up {p99['nailed_up']:.1f} ms (aim: {AIM_MS}); the queue's is {result['queue_to_nailed_up_p99']}"
        f" times that (aim: {AIM_RATIO})"
    )


if __name__ == "__main__":
    main()
