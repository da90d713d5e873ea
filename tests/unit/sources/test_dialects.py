"""Separators, quotation marks and escapes are found by themselves."""

from pathlib import Path

import pytest

from ami_dialer.sources.survey import survey_file
from tests.unit.sources.files import all_rows, cells_of, surveyed, written

pytestmark = pytest.mark.unit

ROW = ["Ann Lee", "4155550100", "Paris"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name,phone,city\nAnn Lee,4155550100,Paris\n", ","),
        ("name;phone;city\nAnn Lee;4155550100;Paris\n", ";"),
        ("name\tphone\tcity\nAnn Lee\t4155550100\tParis\n", "\t"),
        ("name|phone|city\nAnn Lee|4155550100|Paris\n", "|"),
        ('"name";"phone";"city"\n"Ann Lee";"4155550100";"Paris"\n', ";"),
        # The header alone.
        ("name;phone;city\n", ";"),
        # More commas than semicolons, but not as many in each line.
        ("name, first;phone;city\nLee, Ann, Dr, PhD;4155550100;Paris\nRay;4155550101;Rome, Italy\n", ";"),
        # Quoted separators do not count.
        ('name;phone;city\n"a,b,c,d";"1,2";"x,y"\n"a,b,c,d";"1,2";"x,y"\n', ";"),
        # Decimal commas.
        ("phone;price\n4155550100;1,5\n4155550101;2,5\n", ";"),
        # Few rows are broken.
        ("a;b;c;d\n" + "1;2;3;4\n" * 20 + "1;2\n" + "1;2;3;4;5\n", ";"),
        # One column.
        ("phone\n4155550100\n4155550101\n", ""),
        ("phone\n4155550100 ext 5\n(415) 555-0101\n", ""),
        ("4155550100\n", ""),
        # The header lacks the names of columns: its rows are told as such.
        ("phone\n4155550100,Ann\n4155550101,Bob\n", ","),
    ],
)
def test_the_separator_is_found(tmp_path: Path, text: str, delimiter: str) -> None:
    assert surveyed(tmp_path, text).dialect.delimiter == delimiter


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\r\n', "SEP=;\n"])
def test_the_line_of_excel_that_names_the_separator_is_heeded(tmp_path: Path, first: str) -> None:
    found = surveyed(tmp_path, first + "phone,a;b,c,d\n4155550100,x;y,z,0\n")
    assert found.dialect.delimiter == ";"
    assert all_rows(found) == [(2, ["phone,a", "b,c,d"], None), (3, ["4155550100,x", "y,z,0"], None)]


@pytest.mark.parametrize("separator", ["^", "~", "\t", ":"])
def test_excel_may_name_any_separator(tmp_path: Path, separator: str) -> None:
    text = f"sep={separator}\nphone{separator}name\n4155550100{separator}Ann\n"
    assert cells_of(tmp_path, text) == [["phone", "name"], ["4155550100", "Ann"]]


def test_a_given_separator_is_not_guessed(tmp_path: Path) -> None:
    found = survey_file(written(tmp_path, "a,b;c,d\n1,2;3,4\n"), delimiter=";")
    assert [cells for _, cells, _ in all_rows(found)] == [["a,b", "c,d"], ["1,2", "3,4"]]


def test_separators_in_quoted_cells_are_text(tmp_path: Path) -> None:
    assert cells_of(tmp_path, 'name,phone\n"Lee, Ann",1\n')[1] == ["Lee, Ann", "1"]


def test_doubled_quotation_marks_are_one(tmp_path: Path) -> None:
    assert cells_of(tmp_path, 'name,phone\n"Ann ""the"" Lee",1\n')[1] == ['Ann "the" Lee', "1"]


def test_quotation_marks_may_be_escaped_with_a_backslash(tmp_path: Path) -> None:
    assert cells_of(tmp_path, 'name,phone\n"Ann \\"the, one\\" Lee",1\n')[1] == ['Ann "the, one" Lee', "1"]


def test_escapes_far_behind_the_beginning_are_found(tmp_path: Path) -> None:
    text = "name,phone\n" + "Bob,2\n" * 300_000 + '"Ann \\"the, one\\" Lee",1\n'
    assert cells_of(tmp_path, text)[-1] == ['Ann "the, one" Lee', "1"]


@pytest.mark.parametrize("folder", ["C:\\lists\\", "\\\\server\\share", "a\\b"])
def test_a_backslash_that_escapes_nothing_stays(tmp_path: Path, folder: str) -> None:
    assert cells_of(tmp_path, f'name,phone,path\n"Ann",1,"{folder}"\n')[1] == ["Ann", "1", folder]


def test_cells_may_be_quoted_with_apostrophes(tmp_path: Path) -> None:
    text = "'name','phone'\n'Lee, Ann','1'\n'Ray','2'\n'O''Brien','3'\n"
    assert cells_of(tmp_path, text) == [["name", "phone"], ["Lee, Ann", "1"], ["Ray", "2"], ["O'Brien", "3"]]


def test_an_apostrophe_in_a_name_quotes_nothing(tmp_path: Path) -> None:
    text = "name,phone\nO'Brien,1\n'tHooft,2\nd'Arc,3\n"
    assert [cells[0] for cells in cells_of(tmp_path, text)] == ["name", "O'Brien", "'tHooft", "d'Arc"]


def test_text_behind_a_quotation_belongs_to_the_cell(tmp_path: Path) -> None:
    assert cells_of(tmp_path, 'name,phone\n"Ann" Lee,1\n')[1] == ["Ann Lee", "1"]


@pytest.mark.parametrize(
    ("newline", "said"), [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "CR")], ids=["unix", "windows", "old mac"]
)
def test_lines_may_end_in_any_way(tmp_path: Path, newline: str, said: str) -> None:
    text = newline.join(["name,phone", f'"Ann{newline}Lee",1', "", "Bob,2", ""])
    found = surveyed(tmp_path, text)
    assert (found.newline, found.lines) == (newline, 5), said
    assert all_rows(found) == [
        (1, ["name", "phone"], None),
        (2, [f"Ann{newline}Lee", "1"], None),
        (5, ["Bob", "2"], None),
    ]


def test_other_separators_of_unicode_end_no_line(tmp_path: Path) -> None:
    text = "name,phone\nAnn\x0b\x0c\x1c\u0085\u2028Lee,1\n"
    assert cells_of(tmp_path, text)[1] == ["Ann\x0b\x0c\x1c\u0085\u2028Lee", "1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbfa;b\r\n1;2\r\n", "UTF-8 with BOM, separated by semicolons, 2 lines"),
        ("a,b\nß,2".encode("cp1252"), "Windows-1252 (a guess), separated by commas, 2 lines"),
        (b"phone\n", "UTF-8, one column, 1 line"),
        ("a\tb\n1\t2\n".encode("utf-16"), "UTF-16-LE with BOM, separated by tabs, 2 lines"),
        (b"'a'|'b'\r'1'|'2'\r", "UTF-8, separated by bars, quoted with ', 2 lines, ended by CR"),
        (
            b'a,b\n"1\\"x",2\n',
            "UTF-8, separated by commas, quotation marks escaped with a backslash, 2 lines",
        ),
    ],
)
def test_what_was_found_is_told(tmp_path: Path, data: bytes, said: str) -> None:
    assert surveyed(tmp_path, data).describe() == said
