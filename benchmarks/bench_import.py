"""Rows a second of `ami-dialer list import`, against the raw limit of the machine: sqlite3 and psql on their own.

A million rows of 12 columns, 3 % of which cannot be called and 5 % are doubles, in the formats that people write. The
raw tools get the contacts that are left, numbers made E.164 already, in the same order, into one table with a unique
index on the number: no checks, no regions, nothing that could be resumed. `phonenumbers_rows_per_s` is the raw tool
with one phonenumbers.parse for each row before it. Ours is the whole command, from its start to its end, on a database
that has its tables: the raw tools' table is made before, too.

`--rows` for quick tries; `--large` is the second size, at which memory must be the same.
"""

import argparse
import asyncio
import csv
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from ami_dialer.config.schema import Database as Settings  # noqa: E402 - the checkout's
from ami_dialer.store.migrate import migrate  # noqa: E402
from tests.postgres import Postgres, _program, start_postgres  # noqa: E402 - the tests' own server

RESULTS = Path(__file__).parent / "results" / "import.json"
ROUNDS = 3
#: Below the ephemeral range, so that nobody else is given it.
PORT = 14_600
#: Rows that phonenumbers.parse is timed on; it takes 40 microseconds for each.
PARSED = 50_000
AREAS = (206, 212, 213, 253, 305, 310, 312, 323, 404, 415, 425, 503, 602, 617, 646, 702, 713, 718, 781, 917)
WRITTEN = ("+1{}{}{}", "({}) {}-{}", "{}-{}-{}", "{}{}{}", "1-{}-{}-{}", "{}.{}.{}")
BAD = ("", "n/a", "12345", "555-0100", "+19990001234", "(415) 111-2222")
HEADER = "phone,first_name,last_name,street,city,state,zip,email,company,plan,balance,notes".split(",")  # noqa: SIM905
COLUMNS = ", ".join(f"{name} text" for name in HEADER[1:])
TABLE = f"CREATE TABLE raw (number text UNIQUE, {COLUMNS})"


@dataclass(frozen=True)
class Files:
    """What is imported."""

    #: As people write it, with all that is wrong.
    written: Path
    #: What is left of it, for the raw tools.
    prepared: Path
    rows: int
    contacts: int


@dataclass(frozen=True)
class Timed:
    """A command and what it took."""

    seconds: float
    #: Of the largest of its processes, in MB.
    rss_mb: float
    output: str


def make_files(folder: Path, rows: int) -> Files:
    rnd = random.Random(7)
    files = folder / f"written-{rows}.csv", folder / f"prepared-{rows}.csv"
    seen: set[int] = set()
    recent: list[str] = []
    with files[0].open("w", encoding="utf-8", newline="") as written, files[1].open("w", newline="") as prepared:
        everything, good = csv.writer(written), csv.writer(prepared)
        everything.writerow(HEADER)
        for index in range(rows):
            phone, number = _phone(rnd, recent)
            rest = [
                rnd.choice(("John", "Mary", "Ann", "Peter", "Zoë", "Luis")),
                rnd.choice(("Smith", "Jones", "Müller", "García", "O'Brien")),
                f"{rnd.randint(1, 9999)} Main St",
                rnd.choice(("San Francisco", "New York", "Chicago", "Springfield, IL")),
                "CA",
                f"{rnd.randint(10000, 99999)}",
                f"user{index}@example.com",
                "Example Inc",
                rnd.choice(("gold", "silver", "none")),
                f"{rnd.randint(0, 99999) / 100:.2f}",
                "called before; prefers evenings",
            ]
            everything.writerow([phone, *rest])
            if number and number not in seen:
                seen.add(number)
                good.writerow([f"+1{number}", *rest])
    return Files(*files, rows, len(seen))


def _phone(rnd: random.Random, recent: list[str]) -> tuple[str, int | None]:
    """A phone as it is written, and the ten digits it stands for."""
    kind = rnd.random()
    if kind < 0.03:
        return rnd.choice(BAD), None
    if kind < 0.08 and recent:
        phone = rnd.choice(recent)
    else:
        exchange = rnd.randint(200, 999)
        # N11 is no exchange, and 555 has numbers that are given to nobody.
        exchange += exchange % 100 == 11 or exchange == 555
        phone = rnd.choice(WRITTEN).format(rnd.choice(AREAS), exchange, f"{rnd.randint(0, 9999):04}")
        recent.append(phone)
        if len(recent) > 100_000:
            recent.pop(rnd.randrange(100_000))
    return phone, int(re.sub(r"\D", "", phone)[-10:])


def timed(command: list[str], text: str | None = None) -> Timed:
    """Run a command to its end; memory as the kernel counted it."""
    begin = time.perf_counter()
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Timed(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, done.stdout)


def ours(folder: Path, url: str, files: Files) -> Timed:
    """The command, in a folder and on a database of its own. Memory is that of its two processes together."""
    config = folder / "config.yaml"
    config.write_text(
        f"""\
database: {{url: "{url}"}}
servers: {{pbx: {{secret: none}}}}
trunks: {{out: {{server: pbx, dial: "PJSIP/{{number}}@out"}}}}
lists: {{people: {{file: {files.written}}}}}
"""
    )
    asyncio.run(migrate(Settings(url=url)))
    command = [sys.executable, "-m", "ami_dialer", "--config", str(config), "list", "import", "--json"]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    most = 0.0
    while process.poll() is None:
        most = max(most, _resident_mb(process.pid))
        time.sleep(0.05)
    seconds = time.perf_counter() - begin
    out, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"list import ended with {process.returncode}:\n{out}{errors}")
    counts = json.loads(out)["lists"][0]["counts"]
    if counts["added"] != files.contacts:
        raise SystemExit(f"list import added {counts['added']} of {files.contacts} contacts")
    return Timed(seconds, most, out)


def _resident_mb(pid: int) -> float:
    """Memory of a process and of those it started."""
    pages = 0
    for one in (pid, *_children(pid)):
        try:
            pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):  # a process is its thread's that started it
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found + [deeper for child in found for deeper in _children(child)]


def raw_sqlite(folder: Path, files: Files) -> Timed:
    database = folder / "raw.db"
    database.unlink(missing_ok=True)
    script = f"PRAGMA journal_mode=wal;\nPRAGMA synchronous=full;\n{TABLE};\n.mode csv\n.import {files.prepared} raw\n"
    return timed(["sqlite3", str(database)], script)


def raw_postgresql(server: Postgres, files: Files) -> Timed:
    server.sql("DROP TABLE IF EXISTS raw")
    server.sql(TABLE)
    place = ["-h", "127.0.0.1", "-p", str(server.port), "-U", server.user, "-d", "postgres"]
    return timed([_program("psql"), "-q", *place, "-c", f"\\copy raw from '{files.prepared}' csv"])


def parse_seconds(files: Files) -> float:
    """What phonenumbers.parse takes for all rows, from the first ones."""
    with files.prepared.open(newline="") as lines:
        numbers = [row[0] for _, row in zip(range(PARSED), csv.reader(lines), strict=False)]
    begin = time.perf_counter()
    for number in numbers:
        phonenumbers.parse(number, "US")
    return (time.perf_counter() - begin) / len(numbers) * files.contacts


def compare(
    files: Files, large: Files | None, raw: Callable[[Files], Timed], own: Callable[[Files], Timed]
) -> dict[str, float]:
    raws, owns = [], []
    for _ in range(ROUNDS):
        raws.append(raw(files))
        owns.append(own(files))
    raw_rate = files.contacts / statistics.median(run.seconds for run in raws)
    own_rate = files.rows / statistics.median(run.seconds for run in owns)
    parsed = files.contacts / (statistics.median(run.seconds for run in raws) + parse_seconds(files))
    result = {
        "rows_per_s": round(own_rate),
        "raw_rows_per_s": round(raw_rate),
        "ratio": round(own_rate / raw_rate, 2),
        "phonenumbers_rows_per_s": round(parsed),
        "rss_mb": round(max(run.rss_mb for run in owns)),
    }
    if large is not None:
        run = own(large)
        result["large_rows"] = large.rows
        result["large_rows_per_s"] = round(large.rows / run.seconds)
        result["large_rss_mb"] = round(run.rss_mb)
    return result


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--large", type=int, default=5_000_000)
    given = options.parse_args()
    result: dict[str, object] = {"rows": given.rows, "rounds": ROUNDS}
    with tempfile.TemporaryDirectory(prefix="ami-dialer-bench-") as name:
        folder = Path(name)
        files = make_files(folder, given.rows)
        large = make_files(folder, given.large) if given.large else None
        databases = iter(range(1_000))

        def own_sqlite(of: Files) -> Timed:
            database = folder / f"own-{next(databases)}.db"
            run = ours(folder, f"sqlite:///{database}", of)
            for left in folder.glob(f"{database.name}*"):
                left.unlink()
            return run

        result["sqlite"] = compare(files, large, lambda of: raw_sqlite(folder, of), own_sqlite)
        server = start_postgres(PORT)
        try:

            def own_postgresql(of: Files) -> Timed:
                database = f"own_{next(databases)}"
                server.sql(f"CREATE DATABASE {database}")
                run = ours(folder, server.url(database), of)
                server.sql(f"DROP DATABASE {database}")
                return run

            result["postgresql"] = compare(files, large, lambda of: raw_postgresql(server, of), own_postgresql)
        finally:
            server.stop()
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for database in ("sqlite", "postgresql"):
        print(database)
        for key, value in result[database].items():  # type: ignore[attr-defined]
            print(f"  {key:26} {value:>10,}")


if __name__ == "__main__":
    main()
