"""Starting, ending and crashing labs: nothing is left behind, nothing is in the way of the next start."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from ami_dialer.domain.errors import AsteriskError
from ami_dialer.lab import LabSettings, down, instances, status, up
from ami_dialer.lab.instance import process_age
from tests.asterisk.world import World, free_ports, until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def settings(tmp_path):
    with free_ports() as ports:
        lab = LabSettings(directory=tmp_path / "lab", ports=ports, shared=(tmp_path / "sounds",))
        yield lab
        down(lab)


def pids_of(settings: LabSettings) -> list[int]:
    return [pid for pid in status(settings).pids.values() if pid]


def processes_below(directory: Path) -> list[str]:
    """Command lines of living processes that name the directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(directory) in command and "asterisk" in command:
            found.append(command)
    return found


def test_a_lab_comes_up_twice_without_harm_and_goes_down_without_trace(world: World, settings: LabSettings):
    first = up(settings)
    assert first.running
    assert up(settings).pids == first.pids
    assert LabSettings.saved(settings.directory) == settings
    down(settings)
    down(settings)
    assert not status(settings).running
    assert processes_below(settings.home) == []
    assert str(settings.home) not in Path("/proc/mounts").read_text(encoding="utf-8")
    assert world.pbx.pid(), "the other lab of this process goes on"


def test_after_both_asterisks_were_killed_the_lab_comes_up_again(settings: LabSettings):
    up(settings)
    for pid in pids_of(settings):
        os.kill(pid, signal.SIGKILL)
    assert up(settings).running
    secret = settings.secret_file.read_text(encoding="utf-8")
    assert settings.secret_file.stat().st_mode & 0o077 == 0
    down(settings)
    up(settings)
    assert settings.secret_file.read_text(encoding="utf-8") == secret


def test_with_one_of_the_two_gone_both_are_started_anew(settings: LabSettings):
    before = up(settings).pids
    os.kill(before["world"] or 0, signal.SIGKILL)
    after = up(settings).pids
    assert after["world"]
    assert set(before.values()).isdisjoint(after.values())


def test_other_settings_start_the_lab_anew_and_changed_files_are_taken_over(settings: LabSettings):
    before = up(settings).pids
    extensions = settings.home / "pbx" / "etc" / "extensions.conf"
    extensions.write_text("; edited by hand\n", encoding="utf-8")
    assert up(settings).pids == before
    assert "There is no existence of 'lab-questions'" not in instances(settings)["pbx"].console(
        "dialplan show lab-questions"
    )
    assert "from-internal" in extensions.read_text(encoding="utf-8")
    seeded = LabSettings(directory=settings.directory, ports=settings.ports, shared=settings.shared, seed=7)
    assert up(seeded).pids != before
    assert "SEED=7" in instances(seeded)["world"].console("dialplan show globals")


async def test_a_lab_of_a_test_ends_when_the_test_process_is_killed(tmp_path: Path):
    with free_ports() as ports:
        program = (
            "from pathlib import Path; from ami_dialer.lab import LabSettings, Ports, up; "
            f"print(up(LabSettings(directory=Path({str(tmp_path / 'lab')!r}), ports=Ports.block({ports.ami}), "
            "shared=(), ends_with_caller=True)).running, flush=True); input()"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"True\n"
        settings = LabSettings.saved(tmp_path / "lab")
        assert settings is not None
        pids = pids_of(settings)
        assert len(pids) == 2
        process.kill()
        await process.wait()
        await until(lambda: all(process_age(pid) is None for pid in pids))


def test_ports_that_are_taken_are_named_before_anything_is_started(world: World, tmp_path: Path):
    settings = LabSettings(directory=tmp_path / "lab", ports=world.ports, shared=())
    with pytest.raises(AsteriskError, match=f"ami {world.ports.ami} .*pbx_sip {world.ports.pbx_sip}"):
        up(settings)
    assert not status(settings).running


def test_a_process_that_took_over_the_number_is_not_taken_for_the_lab(settings: LabSettings):
    settings.home.joinpath("pbx").mkdir(parents=True)
    settings.home.joinpath("pbx", "pid").write_text(f"{os.getpid()} 1\n", encoding="ascii")
    assert status(settings).pids["pbx"] is None
    down(settings)


async def test_a_classic_agi_script_with_pyst2_runs_inside_the_lab(world: World):
    script = world.settings.agi_directory / "lab-check.py"
    script.write_text(
        "#!/usr/bin/env python3\n"
        "import os\n"
        "from asterisk.agi import AGI\n"
        "agi = AGI()\n"
        f"agi.set_variable('LAB_CHECK', os.path.isdir({str(world.settings.socket_directory)!r}))\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    async with world.ami("lab") as ami:
        await ami.ask(
            Action="Originate", ActionID="classic", ChannelId="classic", Channel="Local/listen@ami-dialer-check",
            Application="AGI", Data=str(script), Async="true",
        )  # fmt: skip
        said = await until(lambda: ami.of("classic", "VarSet", Variable="LAB_CHECK"))
        assert said["Value"] == "True"
        world.hang_up_all()
        await until(lambda: ami.of("classic", "Hangup"))
