"""A PostgreSQL of the tests' own: Debian's server programs, a folder and a socket of its own, ended by process id."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: A server of the tests takes some 200 MB, and there may be several.
_ROOM = 2 * 1024**3


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found:
        return str(found[-1])
    on_path = shutil.which(name)
    if on_path is None:
        raise RuntimeError(f"{name} is missing; `make setup` installs Debian's package postgresql")
    return on_path


def _as_server_user(command: list[str]) -> list[str]:
    # PostgreSQL refuses to run as root.
    return (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if os.getuid() == 0 else command
    )


def _folder() -> Path:
    """In memory where there is room for it: a database is made for each test, ten times as fast as on a disk."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes the folder
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return Path(tempfile.mkdtemp(prefix="ami-dialer-postgres-", dir=memory if roomy else None))


@dataclass(frozen=True)
class Postgres:
    """A running server. Databases are made by copying the template `migrated`."""

    folder: Path
    port: int
    settings: tuple[str, ...]

    @property
    def user(self) -> str:
        return "postgres"

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str) -> None:
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", "postgres"]
        command = [_program("psql"), "-q", *place, "-v", "ON_ERROR_STOP=1", "-c", statement]
        subprocess.run(command, check=True, capture_output=True)

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def crash(self) -> None:
        """End it at once, as a power cut would; what was committed is there when it is started again."""
        pid = self.pid
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL (pid {pid}) does not end")
            time.sleep(0.01)

    def start(self) -> None:
        """Start it, for the first time or again."""
        options = " ".join(f"-c {setting}" for setting in self.settings)
        data, log = self.folder / "data", self.folder / "log"
        subprocess.run(
            _as_server_user(
                [_program("pg_ctl"), "-D", str(data), "-w", "-t", "60", "-o", options, "-l", str(log), "start"]
            ),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def stop(self) -> None:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has crashed already
            os.kill(self.pid, signal.SIGQUIT)  # nothing in it is kept
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgres(port: int, *, durable: bool = False) -> Postgres:
    """Start a server on 127.0.0.1:`port`; without fsync, since its data end with the tests.

    `durable`: a commit survives `crash`; else it may be lost, and costs less.
    """
    folder = _folder()
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    kind = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
    command = _as_server_user([_program("initdb"), "-D", str(folder / "data"), *kind])
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    settings = (
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "fsync=off",
        f"synchronous_commit={'on' if durable else 'off'}",
        "full_page_writes=off",
        "max_connections=200",
        "shared_buffers=64MB",
        "max_wal_size=128MB",
        "dynamic_shared_memory_type=mmap",  # in the folder, so that nothing is left of a crash
    )
    server = Postgres(folder, port, settings)
    server.start()
    return server
