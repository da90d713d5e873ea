"""A Mosquitto of the tests' own: Debian's program, a port and a folder of its own, ended by process id."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path


class Broker:
    """Can be started, frozen and killed; keeps its port over restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("mosquitto is missing; `make setup` installs Debian's package mosquitto")
        settings = self.folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false", "log_dest none", "user root"]
        if not more:
            lines.append("allow_anonymous true")
        settings.write_text("\n".join([*lines, *more, ""]), encoding="utf-8")
        self._process = subprocess.Popen([program, "-c", str(settings)])
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("mosquitto did not start") from None
                time.sleep(0.02)
            else:
                return

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
