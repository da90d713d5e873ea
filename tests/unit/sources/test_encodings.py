"""Encodings are found by themselves, and damage is told apart from another encoding."""

import hashlib
from pathlib import Path

import pytest

from ami_dialer.sources import survey
from ami_dialer.sources.problems import Kind, SourceError
from tests.unit.sources.files import all_rows, cells_of, surveyed

pytestmark = pytest.mark.unit

TEXT = "name,phone\nZoë Çelik €,4155550100\n山田,4155550101\nBob,4155550102\n"
LATIN = "name,phone\nZoë Çelik €,4155550100\nBob,4155550102\n"


@pytest.mark.parametrize(
    ("written_in", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32-le"),
        ("utf-32-le", "utf-32-le"),
        ("utf-32-be", "utf-32-be"),
    ],
)
def test_unicode_is_recognised_with_and_without_a_mark(tmp_path: Path, written_in: str, found: str) -> None:
    data = TEXT.encode(written_in)
    result = surveyed(tmp_path, data)
    assert (result.encoding.name, result.encoding_guessed, result.lines) == (found, False, 4)
    assert [",".join(cells) for _, cells, _ in all_rows(result)] == TEXT.splitlines()
    assert (result.size, result.digest) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("order", ["le", "be"])
def test_a_mark_decides_the_order_of_bytes(tmp_path: Path, order: str) -> None:
    assert cells_of(tmp_path, f"\ufeff{TEXT}".encode(f"utf-16-{order}"))[1][0] == "Zoë Çelik €"


def test_what_is_no_utf8_is_the_code_page_of_windows_as_a_guess(tmp_path: Path) -> None:
    found = surveyed(tmp_path, LATIN.encode("cp1252"))
    assert (found.encoding.name, found.encoding_guessed) == ("cp1252", True)
    assert all_rows(found)[1][1][0] == "Zoë Çelik €"


@pytest.mark.parametrize("name", ["iso8859-15", "latin9", "cp1250", "shift_jis", "gb18030", "utf8", "UTF-16"])
def test_the_encoding_may_be_given(tmp_path: Path, name: str) -> None:
    person = "山田" if name in ("shift_jis", "gb18030") else "Änne"
    assert cells_of(tmp_path, f"name,phone\n{person},1\n".encode(name), name)[1] == [person, "1"]


def test_a_mark_wins_over_the_encoding_that_was_given(tmp_path: Path) -> None:
    assert cells_of(tmp_path, TEXT.encode("utf-8-sig"), "cp1252")[2][0] == "山田"


@pytest.mark.parametrize(
    "name", ["klingon", "base64", "rot13", "utf-7", "cp037", "punycode", "idna", "x" * 40, "a b", "\0"]
)
def test_what_is_no_encoding_of_texts_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no encoding of text files; write utf-8"):
        surveyed(tmp_path, "phone\n1\n", name)


def test_a_file_cut_in_the_middle_of_a_character_stays_utf8(tmp_path: Path) -> None:
    found = surveyed(tmp_path, "name,phone\nAnn,1\nZoë".encode()[:-1])
    assert found.encoding.name == "utf-8"
    *good, (line, cells, fault) = all_rows(found)
    assert [row[1] for row in good] == [["name", "phone"], ["Ann", "1"]]
    assert fault is not None
    assert (line, cells[0][:2], fault.kind) == (3, "Zo", Kind.ENCODING)
    assert "0xC3" in fault.reason


def test_a_few_bad_bytes_cost_their_rows_only(tmp_path: Path) -> None:
    found = surveyed(tmp_path, "name,phone\nZoë,1\nJosé,2\nAn\0n,3\nBob,4\n".encode().replace(b"\0", b"\xfc"))
    assert found.encoding.name == "utf-8"
    assert [fault and fault.kind for _, _, fault in all_rows(found)] == [None, None, None, Kind.ENCODING, None]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_half_a_character_in_wide_encodings_costs_its_row_only(tmp_path: Path, name: str) -> None:
    data = "name,phone\nAnn,1\nBob,2".encode(name)[:-1]
    rows = all_rows(surveyed(tmp_path, data))
    assert [row[1] for row in rows[:2]] == [["name", "phone"], ["Ann", "1"]]
    assert rows[2][2] is not None
    assert rows[2][2].kind is Kind.ENCODING


def test_a_lone_surrogate_in_utf16_costs_its_row_only(tmp_path: Path) -> None:
    data = "name,phone\nA\ud800n,1\nBob,2\n".encode("utf-16", "surrogatepass")
    assert [fault and fault.kind for _, _, fault in all_rows(surveyed(tmp_path, data))] == [None, Kind.ENCODING, None]


@pytest.mark.parametrize("block", [1, 2, 3, 5])
def test_characters_over_the_ends_of_blocks_are_whole(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "HEAD", 12)
    monkeypatch.setattr(survey, "BLOCK", block)
    for name in ("utf-8", "utf-16", "cp1252"):
        found = surveyed(tmp_path, LATIN.replace("\n", "\r\n").encode(name))
        assert found.lines == 3
        assert found.encoding.name.startswith(name)
