"""Answered agentless calls a second, sustained, through a real Asterisk with SIPp as the far end.

In one run, side by side and in turn: the dialer with a dialplan-only answer (every attempt committed before its
Originate, every result stored), a bare asyncio AMI client that sends the same Originates and keeps nothing, and the
dialer with a flow over FastAGI. All keep the same number of calls at once.
"""

import asyncio
import json
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.lab import LabSettings, Ports, down, up

SECONDS = 30
#: Left out of the measurement: connections, caches and the first wave of calls.
WARM_UP_SECONDS = 4
#: Calls at once. More only lengthens Asterisk's own queues on two cores; fewer leaves it idle between calls.
CALLS = 40
ROUNDS = 2
#: More than any of the three can call in one round.
NUMBERS = 40_000
#: Below the ports that the kernel gives to connections, and clear of the default lab.
PORTS = Ports.block(14_000)
RESULTS = Path(__file__).parent / "results" / "originate.json"

CONFIG = """
servers:
  pbx:
    {{host: 127.0.0.1, port: {ami}, username: ami-dialer, secret: {{file: {secret}}},
     max_calls: {calls}, calls_per_second: 1000}}
trunks:
  sipp: {{server: pbx, dial: "PJSIP/{{number}}@sipp", max_calls: {calls}, calls_per_second: 1000}}
fastagi: {{port: {fastagi}}}
engine: {{hopper: 1000, grace: 10s}}
logging: {{level: warning}}
lists: {{people: {{file: people.csv}}}}
flows: {{short: {{steps: {{start: [{{play: {sound}}}, hangup]}}}}}}
campaigns:
  bench:
    {{lists: [people], trunks: [sipp], {answer}, max_calls: {calls}, amd: {{enabled: false}},
     hours: {{earliest: 0:00, latest: 24:00}},
     exemptions: [{{rules: [hours, closed], basis: test, reason: Nobody is called.}}]}}
"""


@dataclass
class Measured:
    cps: float
    rss_mb: float = 0.0
    lost: int = 0
    duplicated: int = 0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as folder:
        home = Path(folder)
        lab = LabSettings(directory=home / "lab", ports=PORTS, shared=(), verbose=False, ends_with_caller=True)
        up(lab)
        sipp = subprocess.Popen(
            ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(PORTS.sipp), "-nostdin"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
        )
        try:
            report(measure(home, lab))
        finally:
            sipp.terminate()
            sipp.wait()
            down(lab)


def measure(home: Path, lab: LabSettings) -> dict[str, list[Measured]]:
    rounds: dict[str, list[Measured]] = {"dialer": [], "raw": [], "fastagi": []}
    sound = silence(home)
    for number in range(ROUNDS):
        for name, measured in rounds.items():
            print(f"round {number + 1} of {ROUNDS}: {name}, {SECONDS} s", flush=True)
            if name == "raw":
                measured.append(Measured(asyncio.run(raw(lab))))
            else:
                answer = "flow: short" if name == "fastagi" else "dialplan: lab-hangup"
                measured.append(dialer(home / f"{name}-{number}", lab, answer, sound))
            time.sleep(2)
    return rounds


def silence(home: Path) -> str:
    """A sound of 20 ms, so that the flow's own length does not count."""
    path = home / "lab" / "short.sln"
    path.write_bytes(b"\0" * 320)
    return str(path.with_suffix(""))


def dialer(home: Path, lab: LabSettings, answer: str, sound: str) -> Measured:
    home.mkdir()
    numbers = "".join(f"+1212{200 + i // 10_000}{i % 10_000:04d}\n" for i in range(NUMBERS))
    (home / "people.csv").write_text("phone\n" + numbers, encoding="utf-8")
    (home / "config.yaml").write_text(
        CONFIG.format(
            ami=PORTS.ami, fastagi=PORTS.fastagi, secret=lab.secret_file, calls=CALLS, answer=answer, sound=sound
        ),
        encoding="utf-8",
    )
    program = Path(sys.executable).with_name("ami-dialer")
    process = subprocess.Popen([program, "run", "--plain"], cwd=home)
    database = home / "var" / "ami-dialer.db"
    wait_for_first_call(process, database)
    time.sleep(WARM_UP_SECONDS + SECONDS + 1)
    rss = peak_memory_mb(process.pid)
    process.send_signal(signal.SIGTERM)
    if process.wait(timeout=60) != 0:
        raise SystemExit("the dialer did not stop in order")
    measured = results(database, rss)
    shutil.rmtree(home)
    return measured


def wait_for_first_call(process: "subprocess.Popen[bytes]", database: Path) -> None:
    """The import of the list is not measured here."""
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit("the dialer ended before its first call")
        try:
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
                if connection.execute("SELECT count(*) FROM attempts").fetchone()[0]:
                    return
        except sqlite3.Error:
            pass
        time.sleep(0.1)
    raise SystemExit("the dialer made no call in two minutes")


def results(database: Path, rss: float) -> Measured:
    """Answered calls whose end is stored, by second; every attempt must have ended, each number once."""
    with sqlite3.connect(database) as connection:
        first = connection.execute("SELECT min(claimed_at) FROM attempts").fetchone()[0]
        answered = connection.execute(
            "SELECT count(*) FROM attempts WHERE end_reason IN ('connected', 'completed')"
            " AND julianday(ended_at) - julianday(?) BETWEEN ? / 86400.0 AND ? / 86400.0",
            (first, WARM_UP_SECONDS, WARM_UP_SECONDS + SECONDS),
        ).fetchone()[0]
        lost = connection.execute(
            # Cancelled: taken back by the signal that ends the measurement, before anything was sent.
            "SELECT count(*) FROM attempts"
            " WHERE state != 'ended' OR end_reason NOT IN ('connected', 'completed', 'cancelled')"
        ).fetchone()[0]
        duplicated = connection.execute(
            "SELECT count(*) FROM (SELECT number FROM attempts WHERE end_reason != 'cancelled'"
            " GROUP BY number HAVING count(*) > 1)"
        ).fetchone()[0]
    return Measured(answered / SECONDS, rss, lost, duplicated)


def peak_memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the kernel does not tell the peak memory")


async def raw(lab: LabSettings) -> float:
    """The yardstick: the same Originates by hand, and nothing kept. Ids begin as the event filter wants them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORTS.ami)
    secret = lab.secret_file.read_text(encoding="utf-8").strip()
    writer.write(f"Action: Login\r\nUsername: ami-dialer\r\nSecret: {secret}\r\nEvents: call,user\r\n\r\n".encode())
    begin = time.monotonic()
    started = ended = 0

    def originate() -> None:
        nonlocal started
        started += 1
        number = f"1212{200 + started // 10_000}{started % 10_000:04d}"
        writer.write(
            f"Action: Originate\r\nActionID: raw-{started}\r\nChannelId: amid-raw-{begin:.0f}-{started}\r\n"
            f"Channel: PJSIP/{number}@sipp\r\nContext: ami-dialer-answered\r\nExten: direct\r\nPriority: 1\r\n"
            "Timeout: 30000\r\nAsync: true\r\nVariable: AMI_DIALER_NEXT=lab-hangup\r\n"
            "Variable: AMI_DIALER_NOT_SURE=person\r\n\r\n".encode()
        )

    await reader.readline()
    while b"Authentication accepted" not in await reader.readuntil(b"\r\n\r\n"):
        pass
    for _ in range(CALLS):
        originate()
    while (now := time.monotonic() - begin) < WARM_UP_SECONDS + SECONDS:
        message = await reader.readuntil(b"\r\n\r\n")
        if message.startswith(b"Event: Hangup\r\n"):
            ended += now >= WARM_UP_SECONDS
            originate()
    writer.close()
    await asyncio.sleep(1)
    return ended / SECONDS


def report(rounds: dict[str, list[Measured]]) -> None:
    median = {name: statistics.median(m.cps for m in measured) for name, measured in rounds.items()}
    ours = rounds["dialer"] + rounds["fastagi"]
    result = {
        "dialer_cps": round(median["dialer"], 1),
        "raw_cps": round(median["raw"], 1),
        "ratio": round(median["dialer"] / median["raw"], 3),
        "fastagi_flow_cps": round(median["fastagi"], 1),
        "fastagi_flow_ratio": round(median["fastagi"] / median["raw"], 3),
        "lost": sum(m.lost for m in ours),
        "duplicated": sum(m.duplicated for m in ours),
        "rss_mb": round(max(m.rss_mb for m in ours), 1),
        "seconds": SECONDS,
        "rounds": ROUNDS,
        "calls_at_once": CALLS,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\n{'':28}answered calls/s   of the bare client")
    print(f"{'bare AMI client':28}{median['raw']:12.1f}")
    print(f"{'dialer, dialplan answer':28}{median['dialer']:12.1f}{result['ratio']:16.2f}   (aim: 0.5)")
    print(f"{'dialer, flow over FastAGI':28}{median['fastagi']:12.1f}{result['fastagi_flow_ratio']:16.2f}")
    print(f"lost {result['lost']}, called twice {result['duplicated']}, peak memory {result['rss_mb']} MB")


if __name__ == "__main__":
    main()
