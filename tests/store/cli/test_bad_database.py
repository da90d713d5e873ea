"""A database that is locked, read-only, full or none at all: one clear message, nothing lost, no traceback.

Commands run as processes of their own. Read-only and full file systems are real ones, in a mount namespace that is
gone with the process.
"""

import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.cli.conftest import Folder

pytestmark = pytest.mark.store

#: Commands that write, and the end of what they would do.
WRITING = [
    ("campaign", "start", "survey"),
    ("dnc", "add", "opt-outs", "3015550100"),
    ("list", "import"),
    ("run", "--plain"),
]
READING = [("campaign", "status", "survey"), ("trace", "3015550100"), ("report", "survey"), ("dnc", "show")]


@pytest.fixture
def prepared(folder: Folder) -> Folder:
    """A database with a list, and a campaign that has been run and stopped."""
    for words in (("campaign", "start", "survey"), ("campaign", "stop", "survey")):
        assert folder.invoke(*words).exit_code == 0
    return folder


def rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        tables = ["contacts", "list_members", "runs", "enrolments", "attempts", "dnc_entries"]
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def told(result: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """One message, with these words, and no traceback."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    messages = [line for line in result.stderr.splitlines() if line.startswith("ami-dialer: ")]
    assert len(messages) == 1
    assert all(word in messages[0] for word in words), messages[0]


@pytest.fixture
def namespace() -> tuple[str, ...]:
    """Runs a shell line where mounts are its own."""
    for wrapper in (("unshare", "--user", "--map-root-user", "--mount"), ("unshare", "--mount")):
        if (
            shutil.which("unshare")
            and subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode == 0
        ):
            return (*wrapper, "sh", "-ec")
    raise AssertionError("these tests need mounts of their own: user namespaces or root (unshare --mount)")


@pytest.fixture
def locked(prepared: Folder) -> Iterator[Folder]:
    """Another process is in the middle of a long write."""
    with closing(sqlite3.connect(prepared.path / "data" / "d.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield prepared
        other.execute("ROLLBACK")


def test_a_locked_database_is_waited_for_and_then_said(locked: Folder) -> None:
    before = rows(locked.path / "data" / "d.db")
    waiting = {
        words: subprocess.Popen(locked.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for words in WRITING
    }
    for words, process in waiting.items():
        stdout, stderr = process.communicate(timeout=90)
        result = subprocess.CompletedProcess(words, process.returncode, stdout, stderr)
        told(result, 3, "d.db", "another process holds a lock on it; end that process, or wait")
    assert rows(locked.path / "data" / "d.db") == before


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_locked_database_can_be_read(locked: Folder, words: tuple[str, ...]) -> None:
    assert locked.run(*words).returncode == 0


def in_namespace(
    prepared: Folder, namespace: tuple[str, ...], mount: str, *words: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command with its database on a file system that `mount` has prepared, in folder `data`."""
    copy = "cp -r data/. saved; mount -t tmpfs -o size=1m tmpfs data; cp -r saved/. data; "
    after = "; code=0; " + shlex.join(prepared.command(*words)) + " || code=$?; cp -r data/d.db* after; exit $code"
    for name in ("saved", "after"):
        (prepared.path / name).mkdir()
    return subprocess.run(
        [*namespace, copy + mount + after],
        cwd=prepared.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [*WRITING, *READING], ids=" ".join)
def test_a_read_only_database_is_said(prepared: Folder, namespace: tuple[str, ...], words: tuple[str, ...]) -> None:
    before = rows(prepared.path / "data" / "d.db")
    result = in_namespace(prepared, namespace, "mount -o remount,ro data", *words)
    told(result, 3, "data/d.db", "the dialer's user may write there")
    assert rows(prepared.path / "after" / "d.db") == before


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_full_disk_is_said_and_nothing_is_lost(
    prepared: Folder, namespace: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = rows(prepared.path / "data" / "d.db")
    result = in_namespace(prepared, namespace, "cat /dev/zero > data/fill 2>/dev/null || true", *words)
    told(result, 3, "data/d.db", "free space")
    assert rows(prepared.path / "after" / "d.db") == before


def test_a_file_that_is_no_database_is_said(folder: Folder) -> None:
    (folder.path / "data").mkdir()
    (folder.path / "data" / "d.db").write_text("these are not the tables you are looking for\n" * 100)
    told(folder.run("campaign", "list"), 3, "the file is no SQLite database; check database.url")
    told(folder.run("run", "--plain"), 3, "the file is no SQLite database; check database.url")


def test_without_a_database_what_makes_one_is_said_and_none_is_made(folder: Folder) -> None:
    told(folder.run("campaign", "status", "survey"), 3, "there is no database at", "`ami-dialer list import`")
    assert not (folder.path / "data").exists()


def test_an_empty_database_is_said(folder: Folder) -> None:
    (folder.path / "data").mkdir()
    (folder.path / "data" / "d.db").touch()
    told(folder.run("report", "survey"), 3, "has no tables of ami-dialer yet")


def test_a_folder_that_cannot_be_made_is_said(folder: Folder) -> None:
    (folder.path / "data").write_text("a file where the folder should be")
    told(folder.run("list", "import"), 3, "data cannot be made")


def test_a_database_server_that_is_down_is_said(folder: Folder, free_port) -> None:
    folder.configure(database=f"postgresql://me@127.0.0.1:{free_port()}/dialer")
    told(folder.run("campaign", "list"), 3, "nothing listens there; start the database server")


def test_a_second_dialer_is_refused_with_the_pid_of_the_first(prepared: Folder, free_port) -> None:
    lock = prepared.path / "data" / "d.db.lock"
    holder = subprocess.Popen(
        ["flock", "-x", str(lock), "sh", "-c", f"echo 4711 > {shlex.quote(str(lock))}; echo ready; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        told(prepared.run("run", "--plain"), 3, "another ami-dialer (pid 4711) is running", "stop it first")
        assert prepared.json("campaign", "status", "survey")["dialer_running"]
