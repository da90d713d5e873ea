"""One Asterisk process of a lab: start it, talk to its console, stop it, and know whether it runs."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from ami_dialer.domain.errors import AsteriskError

from .programs import Asterisk, on_path

#: Seconds a start may take on a busy machine; on an idle one it is 2.
_START_SECONDS = 90.0
_STOP_SECONDS = 10.0
#: Processes that this process started and has not waited for yet.
_children: dict[int, subprocess.Popen[bytes]] = {}


def process_age(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot (proc(5), stat field 22); None where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


@dataclass(frozen=True, slots=True)
class Instance:
    """An Asterisk of the lab, `pbx` or `world`, with everything it has in `home`."""

    name: str
    home: Path

    @property
    def _pid_file(self) -> Path:
        return self.home / "pid"

    @property
    def log(self) -> Path:
        """What Asterisk logs."""
        return self.home / "log" / "full"

    def pid(self) -> int | None:
        """The process id while it runs. A process that merely got the same number later is not taken for it."""
        try:
            pid, age = self._pid_file.read_text(encoding="ascii").split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if process_age(int(pid)) == age else None

    def start(self, asterisk: Asterisk, visible: tuple[Path, ...], *, ends_with_caller: bool) -> None:
        """Start it, if it does not run. Returns before it is ready: see `wait_ready`."""
        if self.pid() is not None:
            return
        for stale in (self.home / "run").glob("asterisk.*"):
            stale.unlink()
        program = ["asterisk", "-f", "-C", str(self.home / "etc" / "asterisk.conf")]
        command = asterisk.command(program, visible)
        if ends_with_caller:
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with (self.home / "log" / "console").open("ab") as console:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        _children[process.pid] = process
        age = process_age(process.pid)
        self._pid_file.write_text(f"{process.pid} {age}\n", encoding="ascii")

    def wait_ready(self) -> None:
        """Return when every module is loaded. Raises AsteriskError with the end of its log."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.pid() is None:
                raise AsteriskError(f"Asterisk ({self.name}) ended while starting:\n{self._tail()}")
            if "fully booted" in self.console("core waitfullybooted").lower():
                return
            time.sleep(0.1)
        raise AsteriskError(f"Asterisk ({self.name}) is not ready after {_START_SECONDS:.0f} s:\n{self._tail()}")

    def console(self, command: str) -> str:
        """What Asterisk's console answers to `command` (`asterisk -rx`); "" while it cannot be reached."""
        pid = self.pid()
        if pid is None or not (self.home / "run" / "asterisk.ctl").exists():
            return ""
        remote = ["-C", str(self.home / "etc" / "asterisk.conf"), "-rx", command]
        if _in_other_root(pid):
            remote = ["nsenter", "--target", str(pid), "--mount", "--root", "--wd", "/usr/sbin/asterisk", *remote]
        else:
            remote = [on_path("asterisk") or "asterisk", *remote]
        try:
            done = subprocess.run(remote, capture_output=True, text=True, timeout=30, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout

    def stop(self) -> None:
        """End it: politely, then by signal. Nothing of it is left afterwards."""
        pid = self.pid()
        if pid is not None:
            self.console("core stop now")
            for number in (None, signal.SIGTERM, signal.SIGKILL):
                if number is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                if self._gone_within(_STOP_SECONDS):
                    break
            if child := _children.pop(pid, None):
                child.wait(_STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _tail(self) -> str:
        text = ""
        for path in (self.home / "log" / "console", self.log):
            with contextlib.suppress(FileNotFoundError):
                text += path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-15:])


def _in_other_root(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/root").readlink() != Path("/")
    except FileNotFoundError:  # killed, and not waited for yet
        return False
