"""No input makes the reader lose a row or invent one."""

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_dialer.sources import blocks, survey
from ami_dialer.sources.problems import SourceError
from ami_dialer.sources.rows import Position, read_rows
from ami_dialer.sources.survey import survey_file
from tests.unit.sources.files import all_rows, written

pytestmark = pytest.mark.unit

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "iso8859-15", "gb18030"]
PIECES = [b"a", b"bc", b"x" * 70, b" ", b",", b",", b";", b'"', b'"', b"'", b'","', b'"\n"', b"\\", b"\n", b"\n", b"\r"]
PIECES += [b"\r\n", b"\xc3", b"\xc3\xa9", b"\xff", b"\x81", b"\0", b"a\0", b"\x1e", b"\xef\xbb\xbf", b"\xff\xfe"]
GIVEN = st.sampled_from([None, None, None, "utf-8", "utf-16", "utf-32-be", "shift_jis"])
HEADER = ["name", "phone", "city", "note"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and lines go over the ends of blocks as often as can be."""
    monkeypatch.setattr(survey, "BLOCK", 64)
    monkeypatch.setattr(blocks, "BLOCK", 16)
    monkeypatch.setattr(blocks, "MAX_LINE", 64)
    monkeypatch.setattr(blocks, "KEPT", 16)


@pytest.fixture
def smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and lines go over the ends of blocks, but no line is too long."""
    monkeypatch.setattr(survey, "BLOCK", 64)
    monkeypatch.setattr(blocks, "BLOCK", 64)


def text_in(encoding: str) -> st.SearchStrategy[str]:
    """Cells that this encoding can write; NULs, lone surrogates and BOMs are broken rows, tested elsewhere."""
    letters = st.characters(codec=encoding, exclude_characters="\0\ufeff\ufffe\x1a", exclude_categories=["Cs"])
    marks = st.sampled_from(['"', '""', "'", ",", ";", "\t", "|", "\n", "\r", "\r\n", " ", "\\", "\x1e", "\u00e9"])
    usable = marks.filter(lambda mark: mark != "\u00e9" or encoding != "ascii")
    return st.lists(st.one_of(letters, usable), max_size=8).map("".join)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str, str, list[list[str]]]:
    encoding = draw(st.sampled_from(ENCODINGS))
    delimiter = draw(st.sampled_from(",;\t|"))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    row = st.lists(text_in(encoding), min_size=len(HEADER), max_size=len(HEADER))
    return encoding, delimiter, newline, draw(st.lists(row, max_size=12))


def lines_in(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


@settings(max_examples=150, deadline=None)
@given(tables(), st.booleans(), st.integers(1, 5))
@pytest.mark.usefixtures("smaller_blocks")
def test_what_was_written_is_read(
    folder: Path, table: tuple[str, str, str, list[list[str]]], all_quoted: bool, size: int
) -> None:
    encoding, delimiter, newline, rows = table
    out = io.StringIO(newline="")
    # By itself, csv.writer quotes only the line end that it was given.
    all_quoted = all_quoted or any({"\r", "\n"} & set(cell) for row in rows for cell in row)
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    expected = []
    for row in [HEADER, *rows]:
        expected.append((lines_in(out.getvalue()) + 1, row, None))
        writer.writerow(row)
    path = written(folder, out.getvalue().encode(encoding))
    found = survey_file(path, None if encoding.startswith("utf-") and encoding[-3:] not in ("-le", "-be") else encoding)
    assert all_rows(found, size=size) == expected
    assert found.lines == lines_in(out.getvalue())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Bytes near enough to CSV to do harm."""
    return b"".join(draw(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3)), max_size=30)))


@settings(max_examples=300, deadline=None)
@given(damaged(), st.integers(1, 4), GIVEN)
@pytest.mark.usefixtures("small_blocks")
def test_whatever_the_bytes_are_every_line_is_accounted_for(
    folder: Path, data: bytes, size: int, encoding: str | None
) -> None:
    path = written(folder, data)
    try:
        found = survey_file(path, encoding)
    except SourceError:
        return
    batches = list(read_rows(found, size=size))
    rows = [row for batch in batches for row in batch.rows]
    text = found.encoding.decode(data[found.start :])[0]
    lines = io.StringIO(text, newline="").readlines()
    assert found.lines == found.first_line - 1 + len(lines)
    begins = [line - found.first_line for line, _, _ in rows] + [len(lines)]
    assert begins == sorted(set(begins)), "rows are in order, one on a line"
    # What stands before the first row is blank.
    assert not "".join(lines[: begins[0]]).strip("\r\n")
    for (_, cells, fault), first, after in zip(rows, begins, begins[1:], strict=False):
        held = lines[first:after]
        if fault is not None and fault.kind == "broken" and "NUL" not in fault.reason:
            # A broken row costs its own line; what follows up to the next row is blank.
            # The beginning of an endless one may end within a character.
            assert cells[0] == held[0].rstrip("\r\n") or held[0].startswith(cells[0][:-2])
            assert not "".join(held[1:]).strip("\r\n")
        else:
            marks = f"\"'\\\r\n{found.dialect.delimiter or ' '}"
            assert plain("".join(cells), marks) == plain("".join(held), marks)


def plain(text: str, marks: str) -> str:
    """What no dialect takes for more than a letter."""
    return "".join(character for character in text if character not in marks)


@settings(max_examples=150, deadline=None)
@given(damaged(), st.integers(1, 4), GIVEN)
@pytest.mark.usefixtures("small_blocks")
def test_reading_goes_on_after_any_batch_as_if_it_had_never_stopped(
    folder: Path, data: bytes, size: int, encoding: str | None
) -> None:
    try:
        found = survey_file(written(folder, data), encoding)
    except SourceError:
        return
    whole = all_rows(found)
    read = 0
    for batch in read_rows(found, size=size):
        read += len(batch.rows)
        assert all_rows(found, Position.parse(str(batch.end))) == whole[read:]
    assert read == len(whole)
