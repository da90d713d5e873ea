"""`ami-dialer run` as a process of its own, against a scripted manager port: signals, exit codes, what is said."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import pytest

from tests.fakes.ami_peer import AmiPeer, Headers, answer, event
from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

PATIENCE = 30.0
PEOPLE = "phone\n(301) 555-0100\n(302) 555-0101\n"


class Running:
    """The process, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.printed = ""

    async def said(self, words: str) -> str:
        """Wait until a line with these words has been logged."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while not (found := [line for line in self.lines if words in line]):
                line = (await self.process.stderr.readline()).decode()
                assert line, f"it ended without saying {words!r}:\n{''.join(self.lines)}"
                self.lines.append(line)
        return found[0]

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self) -> int:
        """Wait for the end; the exit code."""
        async with asyncio.timeout(PATIENCE):
            out, err = await self.process.communicate()
        self.printed = out.decode()
        self.lines += err.decode().splitlines(keepends=True)
        assert "Traceback" not in self.printed + "".join(self.lines)
        assert self.process.returncode is not None
        return self.process.returncode

    @property
    def messages(self) -> list[str]:
        return [line.removeprefix("ami-dialer: ") for line in self.lines if line.startswith("ami-dialer: ")]


@asynccontextmanager
async def running(folder: Folder, *options: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *folder.command("run", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "AMI_DIALER_DEBUG": ""},
    )
    one = Running(process)
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def peer() -> AsyncIterator[AmiPeer]:
    async with AmiPeer() as one:
        yield one


@pytest.fixture
def ready(folder: Folder, peer: AmiPeer, free_port: Callable[[], int]) -> Folder:
    """The dialer's folder, with the peer as its Asterisk."""
    (folder.path / "people.csv").write_text(PEOPLE)
    folder.configure(ami=peer.port, secret=peer.secret, fastagi=free_port())
    return folder


async def done(folder: Folder, *words: str) -> str:
    """Run another command to its end; what it printed."""
    result = await asyncio.to_thread(folder.run, *words)
    assert result.returncode == 0, result.stderr
    return result.stdout


async def test_a_signal_ends_it_well(ready: Folder) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        async with running(ready) as dialer:
            await dialer.said("ami_connected")
            dialer.tell(number)
            assert await dialer.end() == 0
        assert dialer.printed == "No campaign was running. Start one with: ami-dialer campaign start NAME\n"


async def test_until_done_ends_when_no_campaign_is_running(ready: Folder) -> None:
    async with running(ready, "--until-done") as dialer:
        assert await dialer.end() == 0


async def test_json_logs_lines_and_prints_a_summary(ready: Folder) -> None:
    await done(ready, "campaign", "start", "survey")
    await done(ready, "campaign", "stop", "survey")
    async with running(ready, "--until-done", "--json") as dialer:
        assert await dialer.end() == 0
    assert all("event" in json.loads(line) for line in dialer.lines)
    assert json.loads(dialer.printed)["ended"] == "done"


async def test_a_wrong_password_is_said_once_and_ends_it(ready: Folder, peer: AmiPeer) -> None:
    peer.secret = "another"
    async with running(ready) as dialer:
        assert await dialer.end() == 4
    [message] = dialer.messages
    assert "Asterisk refused the manager user 'ami-dialer'" in message
    assert "Compare username and secret" in message
    assert len(peer.taken("Login")) == 1


async def test_an_asterisk_that_is_down_is_said_and_waited_for(ready: Folder, peer: AmiPeer) -> None:
    await peer.vanish()
    async with running(ready) as dialer:
        line = await dialer.said("ami_link_failed")
        assert "is Asterisk running" in line
        await peer.listen()
        await dialer.said("ami_connected")
        dialer.tell(signal.SIGTERM)
        assert await dialer.end() == 0
    assert len([line for line in dialer.lines if "ami_link_failed" in line]) == 1


async def test_a_fastagi_port_that_is_taken_is_said(ready: Folder, peer: AmiPeer) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        ready.configure(ami=peer.port, secret=peer.secret, fastagi=taken.getsockname()[1])
        async with running(ready) as dialer:
            assert await dialer.end() == 4
    [message] = dialer.messages
    assert "FastAGI cannot listen" in message
    assert "set fastagi.port" in message


async def test_a_list_that_was_never_imported_and_cannot_be_is_said(ready: Folder) -> None:
    (ready.path / "people.csv").unlink()
    async with running(ready) as dialer:
        assert await dialer.end() == 6
    assert "people.csv cannot be read" in dialer.messages[0]


async def test_a_log_file_that_cannot_be_written_is_said(ready: Folder) -> None:
    config = ready.path / "config.yaml"
    config.write_text(config.read_text() + "logging: {file: people.csv/x.log}\n")
    async with running(ready) as dialer:
        assert await dialer.end() == 2
    assert "cannot be written" in dialer.messages[0]


async def test_the_grace_time_is_waited_and_a_second_signal_hangs_up(ready: Folder, peer: AmiPeer) -> None:
    config = ready.path / "config.yaml"
    config.write_text(config.read_text().replace("grace: 5", "grace: 1h"))
    await done(ready, "campaign", "start", "survey")

    def hang_up(action: Headers) -> bytes:
        ended = event("Hangup", Uniqueid=action["Channel"], Linkedid=action["Channel"], Cause="16", ChannelState="6")
        return answer(action, "Success", "Channel Hungup") + ended

    peer.scripts["Hangup"] = hang_up
    async with running(ready) as dialer:
        first = await peer.take("Originate")
        await peer.take("Originate", 2)
        placed = [each["ChannelId"] for each in peer.taken("Originate")]
        peer.send(*(event("Newstate", ChannelState="6", Uniqueid=one, Linkedid=one) for one in placed))
        dialer.tell(signal.SIGTERM)
        await dialer.said("waiting for calls in progress")
        assert not peer.taken("Hangup")
        dialer.tell(signal.SIGTERM)
        assert await dialer.end() == 0
    assert first["ChannelId"] in placed
    assert sorted(each["Channel"] for each in peer.taken("Hangup")) == sorted(placed)
    found = json.loads(await done(ready, "campaign", "status", "survey", "--json"))["run"]
    assert (found["calls_now"], found["attempts"], found["state"]) == (0, 2, "running")


async def test_no_number_stands_in_the_log(ready: Folder, peer: AmiPeer) -> None:
    await done(ready, "campaign", "start", "survey")
    peer.scripts["Originate"] = lambda action: answer(action, "Error", f"Extension {action['Channel']} does not exist.")
    async with running(ready) as dialer:
        await dialer.said("Asterisk refuses calls")
        dialer.tell(signal.SIGTERM)
        assert await dialer.end() == 0
    text = "".join(dialer.lines)
    assert "5550100" not in text
    assert "PJSIP/…0100@carrier" in text or "PJSIP/…0101@carrier" in text


async def test_a_fault_of_our_own_ends_it_with_a_message_and_a_file(ready: Folder) -> None:
    broken = """
from ami_dialer.engine.ticker import Ticker
async def once(self): raise KeyError("a fault of ours")
Ticker._once = once
from ami_dialer.cli import main
main()
"""
    options = ready.command("run")[3:]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", broken, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    dialer = Running(process)
    assert await dialer.end() == 70
    assert "a fault in ami-dialer itself stopped it (KeyError: 'a fault of ours')" in dialer.messages[0]
    assert "KeyError" in (ready.path / "data" / "ami-dialer-crash.log").read_text()


async def test_a_signal_during_a_long_import_is_obeyed_and_nothing_is_half_done(ready: Folder) -> None:
    people = "".join(f"+49 30 {2_000_000 + n}\n" for n in range(60_000))
    (ready.path / "people.csv").write_text("phone\n" + people)
    async with running(ready) as dialer:
        wal = ready.path / "data" / "d.db-wal"
        async with asyncio.timeout(PATIENCE):
            while not (wal.exists() and wal.stat().st_size > 1_000_000):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)
        dialer.tell(signal.SIGTERM)
        assert await dialer.end() == 0
    [people_list] = json.loads(await done(ready, "list", "show", "--json"))
    assert people_list["contacts"] in {0, 50_000, 60_000}  # a batch is loaded whole or not at all
    await done(ready, "list", "import")
    [people_list] = json.loads(await done(ready, "list", "show", "--json"))
    assert people_list["contacts"] == 60_000
