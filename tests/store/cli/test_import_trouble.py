"""`ami-dialer list import` as a process that is killed, and files that are no lists, on both databases."""

import asyncio
import gzip
import io
import signal
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ami_dialer.config.schema import Database as Settings
from ami_dialer.store.database import Database
from tests.store.cli.conftest import Folder
from tests.store.world import rows

pytestmark = pytest.mark.store

PATIENCE = 60.0
#: Long enough that another process reads it ahead.
PEOPLE = 30_000
#: Rows of one batch.
BATCH = 1_000
AREAS = ("212", "301", "415", "602", "305")
GOOD = b"phone,name\n(301) 555-0100,Ann\n(301) 555-0101,Bob\n"


def large_list(path: Path) -> tuple[int, int]:
    """Write one; how many can be called, and how many rows are bad."""
    bad = 0
    with path.open("w") as out:
        out.write("phone,name,note\n")
        for index in range(PEOPLE):
            phone = f"({AREAS[index % 5]}) {200 + index // 5 // 10_000:03d}-{index // 5 % 10_000:04d}"
            if index % 50 == 7:
                phone, bad = f"bad {index}", bad + 1
            out.write(f'{phone},P {index},"{"x" * 260}"\n')
    return PEOPLE - bad, bad


def ask(house: Folder, sql: str) -> list[tuple[Any, ...]]:
    async def asked() -> list[tuple[Any, ...]]:
        database = Database(Settings(url=house.database))
        try:
            return await rows(database, sql)
        finally:
            await database.close()

    return asyncio.run(asked())


def imported(house: Folder) -> list[tuple[Any, ...]]:
    return ask(
        house,
        "SELECT m.number, m.position, CAST(c.fields AS text) FROM list_members m "
        "JOIN contacts c ON c.id = m.contact_id ORDER BY 1",
    )


def batches(house: Folder) -> int:
    return int(ask(house, "SELECT count(*) FROM import_batches WHERE state = 'done'")[0][0])


def wait_for(house: Folder, wanted: int, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + PATIENCE
    while batches(house) < wanted:
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def start(house: Folder, *wrapper: str) -> "subprocess.Popen[str]":
    command = [*wrapper, *house.command("list", "import", "people")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def with_batches(house: Folder) -> None:
    config = house.path / "config.yaml"
    config.write_text(config.read_text().replace("file: people.csv", f"file: people.csv, batch: {BATCH}"))


def test_an_import_that_is_killed_again_and_again_goes_on_and_brings_everybody_in_once(house: Folder) -> None:
    good, bad = large_list(house.path / "people.csv")
    with_batches(house)
    for wanted in (3, 8, 15):
        process = start(house)
        wait_for(house, wanted, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        came = batches(house)
        assert came >= wanted
        assert len(imported(house)) == came * BATCH - came * BATCH // 50
    [people] = house.json("list", "import", "people")["lists"]
    assert (people["resumed"], people["counts"]) == (True, {"added": good, "phone_bad": bad})
    found = imported(house)
    assert len({number for number, *_ in found}) == len(found) == good
    assert all(f'"P {position - 2}"' in fields for _, position, fields in found)
    rejected = (house.path / "people.rejected.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [int(row.split(",")[0]) - 2 for row in rejected[1:]] == list(range(7, PEOPLE, 50))
    assert house.json("list", "show", "people")[0]["state"] == "validated"


def test_ctrl_c_ends_an_import_and_its_reader_and_it_goes_on_later(house: Folder) -> None:
    good, bad = large_list(house.path / "people.csv")
    with_batches(house)
    process = start(house)
    wait_for(house, 2, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert [child for child in children if _reads(child)] == []
    [people] = house.json("list", "import", "people")["lists"]
    assert (people["resumed"], people["counts"]) == (True, {"added": good, "phone_bad": bad})


def _reads(child: str) -> bool:
    try:
        return "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
    except OSError:
        return False


def test_a_disk_that_is_full_is_said_and_the_import_goes_on_when_there_is_room(folder: Folder) -> None:
    good, bad = large_list(folder.path / "people.csv")
    with_batches(folder)
    folder.database = f"sqlite:///{folder.path}/data/d.db"
    # No file may become larger than so many blocks of 1,024 bytes, as on a disk that is full.
    limited = start(folder, "bash", "-c", 'ulimit -f 6000; exec "$@"', "-")
    _, err = limited.communicate(timeout=PATIENCE)
    assert limited.returncode == 3, err
    assert "Traceback" not in err
    assert "the disk cannot be written; check free space" in err
    assert err.endswith("What came in stays; the same command goes on where this one stopped.\n")
    came = batches(folder)
    assert 0 < came < PEOPLE // BATCH
    assert len(imported(folder)) == came * BATCH - came * BATCH // 50
    [people] = folder.json("list", "import", "people")["lists"]
    assert (people["resumed"], people["counts"]) == (True, {"added": good, "phone_bad": bad})


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("people.csv", "w") as out:
        out.write(b"phone,name\n")
        for _ in range(100):
            out.write(b"0" * 1_000_000)
    return packed.getvalue()


REFUSED = {
    "spreadsheet": (
        zipped(**{"[Content_Types].xml": b"<x/>"}),
        "is a spreadsheet or another office document; save it as",
    ),
    "PDF": (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "is no CSV file but a PDF document; save the list as CSV and import that",
    ),
    "image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is no CSV file but an image"),
    "JSON": (b'[{"phone": "3015550100"}]', "is no CSV file but JSON; save the list as CSV"),
    "empty": (b"", "is empty; it needs a header line and a row for each contact"),
    "no phones": (b"name,city\nAnn,Ohio\n", ":1: has no phone column (looked for phone, mobile"),
    "no header": (b"3015550100,Ann\n", ":1: has no header: '3015550100' looks like a phone number"),
    "NUL bytes": (b"phone,name\n" + b"\0" * 5_000, "is no text: every tenth byte is a control character"),
    "half a gzip": (gzip.compress(GOOD * 1_000)[:-30], "is damaged: after 0 bytes its gzip data ends"),
    "two in a zip": (zipped(a__csv=GOOD, b__csv=GOOD), "holds 2 files (a.csv, b.csv); pack one CSV file in a zip"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_list_is_refused_by_what_it_is(folder: Folder, what: str) -> None:
    content, words = REFUSED[what]
    (folder.path / "people.csv").write_bytes(content)
    result = folder.invoke("list", "import")
    assert (result.exit_code, words in result.stderr) == (6, True), result.stderr
    assert result.stderr.startswith(f"ami-dialer: list 'people': {folder.path}/people.csv")
    assert folder.json("list", "show", "people")[0]["state"] == "invalid"


def test_a_zip_bomb_is_refused_before_it_fills_anything(folder: Folder, bomb: bytes) -> None:
    (folder.path / "people.csv").write_bytes(bomb)
    result = folder.invoke("list", "import")
    assert (result.exit_code, "as bombs do" in result.stderr) == (6, True)
    assert sum(file.stat().st_size for file in folder.path.rglob("*")) < 2_000_000


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        (gzip.compress(GOOD), {"added": 2}),
        (zipped(people__csv=GOOD), {"added": 2}),
        (GOOD + b'(301) 555-0102,"Ca', {"added": 2, "broken": 1}),
        (GOOD + b"(301) 555-0102,Zo\xc3", {"added": 2, "encoding": 1}),
        (GOOD + b"(301) 555-0102,C\0t\n(301) 555-0103,Dan\n", {"added": 3, "broken": 1}),
        (GOOD + b"(301) 555-0102," + b"x" * 3_000_000 + b"\n", {"added": 2, "broken": 1}),
    ],
    ids=["gzip", "zip", "cut in a row", "cut in a character", "NUL", "endless line"],
)
def test_what_can_be_read_of_a_damaged_file_is(folder: Folder, content: bytes, counts: dict[str, int]) -> None:
    (folder.path / "people.csv").write_bytes(content)
    assert folder.json("list", "import", "people")["lists"][0]["counts"] == counts


def test_values_have_300_characters_at_most_and_columns_may_be_many(folder: Folder) -> None:
    names = [f"c{index}" for index in range(160)]
    row = ["x" * 300] * 160
    content = [["phone", *names], ["3015550100", *row], ["3015550101", "x" * 301, *row[1:]]]
    (folder.path / "people.csv").write_text("".join(",".join(cells) + "\n" for cells in content))
    [people] = folder.json("list", "import", "people")["lists"]
    assert people["counts"] == {"added": 1, "too_long": 1}
    assert people["rejected"][0]["reason"] == "c0 has 301 characters, at most 300 are allowed"


def test_formulas_are_kept_in_the_list_and_harmless_in_the_rejects_file(folder: Folder) -> None:
    (folder.path / "people.csv").write_text('phone,name\n3015550100,=1+1\nnobody,"=HYPERLINK(""x"")"\n')
    folder.invoke("list", "import")
    [contact] = folder.json("list", "contacts", "people")["contacts"]
    assert contact["fields"] == {"name": "=1+1"}
    assert ',"\'=HYPERLINK(""x"")"' in (folder.path / "people.rejected.csv").read_text(encoding="utf-8-sig")


def test_a_million_identical_lines_are_one_contact(folder: Folder) -> None:
    (folder.path / "people.csv").write_bytes(b"phone,name\n" + b"(301) 555-0100,Ann\n" * 1_000_000)
    result = folder.run("list", "import", "people", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert '"added": 1,' in result.stdout
    assert '"doubles": 999999' in result.stdout
