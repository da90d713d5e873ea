"""What is no list is refused in a sentence; what is damaged costs the damaged rows."""

from pathlib import Path

import pytest

from ami_dialer.sources.blocks import KEPT, MAX_LINE
from ami_dialer.sources.problems import Kind, SourceError
from ami_dialer.sources.quoting import MAX_ROW_LINES
from ami_dialer.sources.rows import Position, read_header, read_rows
from tests.unit.sources.files import all_rows, cells_of, surveyed

pytestmark = pytest.mark.unit

HEAD = "name,phone\n"


def kinds(folder: Path, data: bytes | str) -> dict[int, Kind | None]:
    """The kind of fault of each row by its line; None for good ones."""
    return {line: fault and fault.kind for line, _, fault in all_rows(surveyed(folder, data))}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty; it needs a header line"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "no CSV file but a PDF document; save the list as CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no CSV file but an image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "no CSV file but an image"),
        (b"\x7fELF\2\1\1\0", "no CSV file but a program"),
        (b"MZ\x90\0\3\0\0\0", "no CSV file but a program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "no CSV file but an old Excel or Word file; save"),
        (b"SQLite format 3\0\x10\0", "no CSV file but an SQLite database"),
        (b"BZh91AY&SY", "packed with bzip2"),
        (b"\xfd7zXZ\0\0\4", "packed with xz"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "no CSV file but a web page"),
        (b'\n<?xml version="1.0"?>\n<list/>', "no CSV file but XML"),
        (b'[{"phone": "4155550100"}]', "no CSV file but JSON"),
        (bytes(range(256)) * 10, "is no text: every tenth byte is a control character"),
        (b"\0" * 10_000, "is no text"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        surveyed(tmp_path, data)
    assert str(caught.value).startswith(f"{tmp_path / 'people.csv'} ")
    assert said in str(caught.value)


@pytest.mark.parametrize("data", [b"\n\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;\n", b"\n"])
def test_blank_lines_alone_are_no_list(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceError, match="holds blank lines only; it needs a header line"):
        read_header(surveyed(tmp_path, data))


def test_a_header_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"people\.csv:2: the header line cannot be read: holds a NUL byte"):
        read_header(surveyed(tmp_path, "\nna\0me,phone\nAnn,1\n"))


def test_the_rows_begin_behind_the_header(tmp_path: Path) -> None:
    found = surveyed(tmp_path, '\n\n"na\nme",phone\nAnn,1\n')
    header = read_header(found)
    assert (header.line, header.cells) == (3, ["na\nme", "phone"])
    assert all_rows(found, header.end) == [(5, ["Ann", "1"], None)]


def test_a_nul_costs_its_row(tmp_path: Path) -> None:
    assert kinds(tmp_path, HEAD + "A\0n,1\nBob,2\n") == {1: None, 2: Kind.BROKEN, 3: None}


def test_a_stray_quotation_mark_costs_its_line(tmp_path: Path) -> None:
    text = HEAD + '"Ann,1\n' + "Bob,2\n" * 5_000
    assert kinds(tmp_path, text) == {1: None, 2: Kind.BROKEN, **dict.fromkeys(range(3, 5_003))}


def test_a_stray_quotation_mark_before_quoted_rows_costs_its_line(tmp_path: Path) -> None:
    """The next mark would seem to close it, and all between the two would be one row."""
    text = HEAD + '"Ann,1\nBob,2\n"Cat","3"\n"Dan\nLee","4"\n'
    assert kinds(tmp_path, text) == {1: None, 2: Kind.BROKEN, 3: None, 4: None, 5: None}


def test_a_file_cut_within_a_quoted_cell_loses_no_line(tmp_path: Path) -> None:
    rows = all_rows(surveyed(tmp_path, HEAD + 'Ann,1\n"Bob,2\nCat,3'))
    assert [(line, cells) for line, cells, _ in rows] == [
        (1, ["name", "phone"]),
        (2, ["Ann", "1"]),
        (3, ['"Bob,2']),
        (4, ["Cat", "3"]),
    ]
    assert rows[2][2] is not None
    assert "the file ends before it is closed" in rows[2][2].reason


def test_the_last_row_needs_no_line_end(tmp_path: Path) -> None:
    assert cells_of(tmp_path, HEAD + "Ann,1\nBob,2")[-1] == ["Bob", "2"]


def test_a_quoted_cell_may_have_many_lines_but_not_any_number(tmp_path: Path) -> None:
    for lines, fault in ((MAX_ROW_LINES, None), (MAX_ROW_LINES + 1, Kind.BROKEN)):
        text = HEAD + '"' + "\n".join(["x"] * lines) + '",1\nBob,2\n'
        found = kinds(tmp_path, text)
        assert found[2] is fault
        assert found[2 + lines] is None
        assert len(found) == (3 if fault is None else 2 + lines)


def test_a_huge_cell_costs_its_row(tmp_path: Path) -> None:
    """csv.reader by itself gives up the whole file there."""
    text = HEAD + "x" * 200_000 + ',1\nBob,2\n"' + "y\n" * 100 + "y" * 200_000 + '",3\nCat,4\n'
    found = kinds(tmp_path, text)
    assert (found[2], found[3], found[4]) == (Kind.BROKEN, None, Kind.BROKEN)
    assert found[max(found)] is None


def test_a_line_without_end_is_passed_over(tmp_path: Path) -> None:
    text = HEAD + "x" * (5 * MAX_LINE) + "\r\nBob,2\n" + "y" * MAX_LINE
    rows = all_rows(surveyed(tmp_path, text))
    assert [(line, len(cells[0]), fault and fault.kind) for line, cells, fault in rows] == [
        (1, 4, None),
        (2, KEPT, Kind.BROKEN),
        (3, 3, None),
        (4, KEPT, Kind.BROKEN),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2])
def test_lines_of_about_the_longest_length(tmp_path: Path, ending: str, over: int) -> None:
    text = "a,b" + ending + "x," * ((MAX_LINE + over) // 2) + ending + "c,d" + ending
    rows = all_rows(surveyed(tmp_path, text))
    assert [line for line, _, _ in rows] == [1, 2, 3]
    assert rows[2][1] == ["c", "d"]


HOSTILE = {
    "a mark in each line": '"Ann,1\n',
    "an open quotation in each line": 'ab",x,"d\n',
    "an open quotation of two lines": 'x,"\n',
    "text behind quotations": '"a"b,"c"d\n',
    "quotations and blank lines": '"\n\n',
    "doubled marks": 'a,"""b\n',
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_stray_marks_in_every_line_take_no_more_than_a_few_looks_at_each(tmp_path: Path, line: str) -> None:
    """Counted, not timed: lines that were looked at in vain."""
    found = surveyed(tmp_path, HEAD + line * 30_000)
    *_, last = read_rows(found)
    assert last.end.row == found.lines + 1
    assert last.end.spent <= 20_000 + 4 * found.lines + MAX_ROW_LINES
    covered = {line for batch in read_rows(found) for line, _, _ in batch.rows}
    assert len(covered) >= 15_000


def test_identical_lines_are_rows_each(tmp_path: Path) -> None:
    assert len(all_rows(surveyed(tmp_path, HEAD + "Ann,1\n" * 200_000))) == 200_001


@pytest.mark.parametrize("text", ["", "1", "1:2:3", "a:b:c:d", "1:2:3:4:5"])
def test_a_position_that_was_not_given_out_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Position.parse(text)


@pytest.mark.parametrize("text", ["  \n   \n \n", '"  "\n\t\n', " , \n,\n"], ids=["spaces", "quoted and tabs", "cells"])
def test_a_file_of_nothing_but_blanks_is_said_to_be_so(tmp_path, text):
    with pytest.raises(SourceError, match="holds blank lines only"):
        read_header(surveyed(tmp_path, text))


@pytest.mark.parametrize("blank", [1, 3, 499, 500, 501, 70_000])
def test_blank_rows_before_the_header_are_passed_over(tmp_path, blank):
    survey = surveyed(tmp_path, " , \n" * blank + "phone,name\n1,Ann\n2,Bob\n")
    header = read_header(survey)
    assert (header.line, header.cells) == (blank + 1, ["phone", "name"])
    assert [cells for _, cells, _ in all_rows(survey, header.end)] == [["1", "Ann"], ["2", "Bob"]]
