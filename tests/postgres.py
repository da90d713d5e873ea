"""A PostgreSQL of the tests' own: Debian's server programs, a folder and a socket of its own, ended by process id."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


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
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if os.getuid() == 0 else command


@dataclass(frozen=True)
class Postgres:
    """A running server. Databases are made by copying the template `migrated`."""

    folder: Path
    port: int

    @property
    def user(self) -> str:
        return "postgres"

    def url(self, database: str) -> str:
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str) -> None:
        subprocess.run(
            [_program("psql"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", "postgres"]
            + ["-v", "ON_ERROR_STOP=1", "-c", statement],
            check=True,
            capture_output=True,
        )

    def stop(self) -> None:
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)  # nothing in it is kept
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgres(port: int) -> Postgres:
    """Start a server on 127.0.0.1:`port`; fsync is off, since its data end with the tests."""
    folder = Path(tempfile.mkdtemp(prefix="ami-dialer-postgres-"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    subprocess.run(
        _as_server_user(
            [_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        ),
        check=True,
        capture_output=True,
        cwd=folder,
    )
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB"
    )
    subprocess.run(
        _as_server_user(
            [_program("pg_ctl"), "-D", str(data), "-w", "-t", "60", "-o", options, "-l", str(folder / "log"), "start"]
        ),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    return Postgres(folder, port)
