"""Rejected rows are kept in a file that can be mended and imported."""

import csv
from pathlib import Path

import pytest

from ami_dialer.sources.columns import find_columns
from ami_dialer.sources.contacts import ContactReader
from ami_dialer.sources.problems import Kind, Rejected, SourceError
from ami_dialer.sources.rejects import RejectsFile, rejects_path
from ami_dialer.sources.rows import read_header
from ami_dialer.sources.survey import survey_file
from tests.unit.sources.files import all_rows

pytestmark = pytest.mark.unit

HEADER = ["name", "phone"]


@pytest.mark.parametrize(
    ("source", "rejects"),
    [
        ("lists/people.csv", "lists/people.rejected.csv"),
        ("people.csv.gz", "people.rejected.csv"),
        ("people.zip", "people.rejected.csv"),
        ("people", "people.rejected.csv"),
        ("v1.2.txt", "v1.2.rejected.csv"),
    ],
)
def test_the_file_lies_beside_the_list(source: str, rejects: str) -> None:
    assert rejects_path(Path(source)) == Path(rejects)


def test_without_a_rejected_row_there_is_no_file(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "r.csv", HEADER) as rejects:
        rejects.add([])
    assert list(tmp_path.iterdir()) == []


def test_rejected_rows_can_be_mended_and_imported_again(tmp_path: Path) -> None:
    cells = ["=HYPERLINK(1)", "x1"]
    with RejectsFile(tmp_path / "r.csv", ["na=me", "phone"]) as rejects:
        rejects.add([Rejected(7, Kind.PHONE_BAD, "'x1' is no number", cells)])
        assert rejects.count == 1
    text = (tmp_path / "r.csv").read_text(encoding="utf-8-sig")
    assert text == (
        "rejected_line,rejected_kind,rejected_reason,na=me,phone\n7,phone_bad,'x1' is no number,'=HYPERLINK(1),x1\n"
    )
    (tmp_path / "r.csv").write_text(text.replace(",x1", ",4155550100"))
    survey = survey_file(tmp_path / "r.csv")
    header = read_header(survey)
    reader = ContactReader(find_columns(header.cells, {}, "r.csv:1"), str)
    (contact,) = reader.read(all_rows(survey, header.end)).contacts
    assert (contact.number, contact.fields) == ("4155550100", '{"na=me":"=HYPERLINK(1)"}')


@pytest.mark.parametrize("cell", ["A\0n", "A\udcfcn"])
def test_what_is_no_text_is_marked(tmp_path: Path, cell: str) -> None:
    with RejectsFile(tmp_path / "r.csv", HEADER) as rejects:
        rejects.add([Rejected(2, Kind.ENCODING, "holds a byte", [cell, "\U0001f600"])])
    assert (tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()[1] == (
        "2,encoding,holds a byte,A\ufffdn,\U0001f600"
    )


def bad(line: int, cell: str = "x") -> Rejected:
    return Rejected(line, Kind.CELLS, "has 1 cell", [cell])


def lines_in(path: Path) -> list[str]:
    data = path.read_bytes()
    assert data.count(b"\xef\xbb\xbf") == 1
    return [row[0] for row in csv.reader(data.decode("utf-8-sig").splitlines(keepends=True))]


def test_rows_are_added_where_an_import_goes_on(tmp_path: Path) -> None:
    for line in (2, 3):
        with RejectsFile(tmp_path / "r.csv", HEADER, goes_on_at=line) as rejects:
            rejects.add([bad(line)])
            rejects.flush()
    with RejectsFile(tmp_path / "r.csv", HEADER, goes_on_at=4) as rejects:
        pass
    assert lines_in(tmp_path / "r.csv") == ["rejected_line", "2", "3"]


@pytest.mark.parametrize("torn", ["", "1", '13,cells,"has 1', "13,cells,has 1 cell,x"])
def test_rows_of_a_batch_that_did_not_come_in_are_not_there_twice(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "r.csv"
    with RejectsFile(path, ["=na\nme", "phone"]) as rejects:
        rejects.add([bad(2), bad(9, 'a\n"b,\r\n11,'), bad(10), bad(12)])
    path.write_text(path.read_text(encoding="utf-8") + torn, encoding="utf-8")
    with RejectsFile(path, ["=na\nme", "phone"], goes_on_at=10) as rejects:
        rejects.add([bad(10), bad(12), bad(13)])
    assert lines_in(path) == ["rejected_line", "2", "9", "10", "12", "13"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("saved", ["rejected_line;name\n2;x\n", "who knows\n", "rejected_line,name,phone\nx,y\n"])
def test_a_file_that_was_saved_in_another_way_loses_nothing(tmp_path: Path, saved: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(saved)
    with RejectsFile(path, HEADER, goes_on_at=2) as rejects:
        rejects.add([bad(2)])
    assert path.read_text() == saved + "2,cells,has 1 cell,x\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with (
        RejectsFile(tmp_path / "none" / "r.csv", HEADER) as rejects,
        pytest.raises(SourceError, match=r"r\.csv cannot be written: No such file"),
    ):
        rejects.add([Rejected(2, Kind.CELLS, "has 1 cell", ["x"])])
