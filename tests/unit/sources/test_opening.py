"""Packed files are read as if they were not, and bombs are left alone."""

import gzip
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from ami_dialer.sources import opening
from ami_dialer.sources.problems import SourceError
from ami_dialer.sources.rows import read_rows
from ami_dialer.sources.survey import survey_file
from tests.unit.sources.files import all_rows, surveyed, written

pytestmark = pytest.mark.unit

TEXT = b"name,phone\nAnn,1\nBob,2\n"
ROWS = [["name", "phone"], ["Ann", "1"], ["Bob", "2"]]


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def refused(folder: Path, data: bytes) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(SourceError) as caught:
        surveyed(folder, data)
    text = str(caught.value)
    assert text.startswith(str(folder / "people.csv"))
    assert caught.value.exit_code == 6
    return text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT[:10], mtime=0) + gzip.compress(TEXT[10:], mtime=0), "gzip"),
        (zipped({"people.csv": TEXT}), "zip"),
        (zipped({"whatever": TEXT}), "zip"),
        (zipped({"a/": b"", "a/people.csv": TEXT, "__MACOSX/a/._people.csv": b"\0\5\x16"}), "zip"),
        (zipped({"read.me": b"hello", "people.TSV": TEXT}), "zip"),
        (zipped({"people.txt": TEXT}, zipfile.ZIP_STORED), "zip"),
        (zipped({"people.txt": TEXT}, zipfile.ZIP_BZIP2), "zip"),
        (zipped({"people.txt": TEXT}, zipfile.ZIP_LZMA), "zip"),
    ],
)
def test_packed_files_are_read_whatever_they_are_called(tmp_path: Path, data: bytes, said: str) -> None:
    found = surveyed(tmp_path, data)
    assert [cells for _, cells, _ in all_rows(found)] == ROWS
    assert found.describe().endswith(said)
    assert found.digest == surveyed(tmp_path, TEXT).digest


def test_reading_goes_on_in_the_middle_of_a_packed_file(tmp_path: Path) -> None:
    text = b"name,phone\n" + b"".join(b"Ann,%d\n" % number for number in range(50_000))
    found = surveyed(tmp_path, gzip.compress(text))
    whole = all_rows(found)
    batches = list(read_rows(found, size=7_000))
    assert all_rows(found, batches[3].end) == whole[28_000:]


def test_a_zip_of_several_lists_is_refused(tmp_path: Path) -> None:
    assert "holds 2 files (a.csv, b.csv); pack one" in refused(tmp_path, zipped({"a.csv": TEXT, "b.csv": TEXT}))
    assert "holds 2 files (a.bin, b.dat)" in refused(tmp_path, zipped({"a.bin": TEXT, "b.dat": TEXT}))


def test_an_empty_zip_is_refused(tmp_path: Path) -> None:
    assert "is an empty zip" in refused(tmp_path, zipped({}))


def test_a_spreadsheet_is_told_apart_from_a_zip(tmp_path: Path) -> None:
    book = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
    assert "save it as CSV" in refused(tmp_path, book)
    assert "save it as CSV" in refused(tmp_path, zipped({"mimetype": b"ods", "META-INF/manifest.xml": b"<x/>"}))


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    data = bytearray(zipped({"people.csv": TEXT}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + flags
        data[at : at + 2] = struct.pack("<H", 1)
    assert "is encrypted; unpack it with its password and import people.csv" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("keep", [5, 12, 20, -9, -4, -1])
def test_a_cut_gzip_is_damaged(tmp_path: Path, keep: int) -> None:
    assert "is damaged" in refused(tmp_path, gzip.compress(TEXT * 100)[:keep])


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(TEXT))
    data[-8] ^= 1
    assert "is damaged" in refused(tmp_path, bytes(data))
    packed = bytearray(zipped({"people.csv": TEXT}, zipfile.ZIP_STORED))
    packed[packed.index(b"Ann")] ^= 1
    assert "is damaged" in refused(tmp_path, bytes(packed))


@pytest.mark.parametrize("at", range(4, 120, 7))
def test_a_damaged_zip_is_told_in_a_sentence(tmp_path: Path, at: int) -> None:
    whole = zipped({"people.csv": TEXT * 20})
    data = bytearray(whole)
    data[at % len(data)] ^= 0xFF
    for damaged in (bytes(data), whole[: len(whole) - at % len(whole)]):
        try:
            surveyed(tmp_path, damaged)  # a byte that nothing depends on, such as the time
        except SourceError as error:
            assert str(tmp_path) in str(error)  # noqa: PT017


def test_bombs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "RATIO_FROM", 1 << 20)
    bomb = b"name,phone\n" + b"a,1\n" * 1_000_000
    assert "more than 200 times its size, as bombs do" in refused(tmp_path, gzip.compress(bomb))
    assert "more than 200 times its size, as bombs do" in refused(tmp_path, zipped({"a.csv": bomb}))


def test_what_unpacks_to_too_much_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_UNPACKED", 1 << 20)
    data = os.urandom(1 << 20).hex().encode()
    assert "unpacks to more than 1,048,576 bytes" in refused(tmp_path, gzip.compress(data, 1))
    assert surveyed(tmp_path, data).size == 2 << 20, "what is not packed may be as long as it is"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder; name a CSV file"):
        survey_file(tmp_path)
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        survey_file(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="is no regular file"):
        survey_file(Path("/dev/zero"))
    with pytest.raises(SourceError, match="embedded null"):
        survey_file(Path("a\0b"))


def test_a_file_that_changes_between_two_looks_is_refused(tmp_path: Path) -> None:
    found = surveyed(tmp_path, TEXT)
    written(tmp_path, TEXT + b"Cat,3\n")
    with pytest.raises(SourceError, match="was changed while it was read"):
        all_rows(found)
