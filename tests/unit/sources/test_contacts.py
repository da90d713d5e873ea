"""Rows made contacts, each rejected one with its kind and reason."""

import json
from collections.abc import Mapping

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.phone import NotANumberError
from ami_dialer.sources.columns import REJECT_COLUMNS, find_columns
from ami_dialer.sources.contacts import MAX_VALUE, ContactReader, Reading
from ami_dialer.sources.problems import Fault, Kind

pytestmark = pytest.mark.unit

CELLS = [
    "",
    " ",
    "a",
    " a",
    "a ",
    '"',
    '" ',
    ' "',
    "\\",
    "%s",
    "\t",
    "\n",
    "\x7f",
    "\u00a0",
    "\u3000",
    "\u200b",
    "ä",
    "'",
]


def normalise(text: str) -> str:
    """As strict as can be: ten digits."""
    if not (text.isascii() and text.isdigit() and len(text) == 10):
        raise NotANumberError(f"{text!r} is not a phone number")
    return f"+1{text}"


def read(header: str, *rows: str | list[str], mapping: Mapping[str, str] | None = None) -> Reading:
    columns = find_columns(header.split(","), mapping or {}, "people.csv:1")
    cells = [row.split(",") if isinstance(row, str) else row for row in rows]
    return ContactReader(columns, normalise).read((line, row, None) for line, row in enumerate(cells, 2))


def rejected(header: str, row: str | list[str]) -> tuple[Kind, str]:
    """Kind and reason of the one row, of which nothing was taken."""
    reading = read(header, row)
    assert (reading.contacts, reading.warned, len(reading.rejected)) == ([], [], 1)
    reject = reading.rejected[0]
    assert (reject.line, reject.cells) == (2, row.split(",") if isinstance(row, str) else row)
    return reject.kind, reject.reason


def test_a_row_becomes_a_contact() -> None:
    reading = read("name,phone,city", "Ann,4155550100,Paris", "Zoë, 4155550101 ,  São Paulo ")
    assert reading.contacts == [
        NewContact(2, "+14155550100", None, (), '{"name":"Ann","city":"Paris"}', None, 0),
        NewContact(3, "+14155550101", None, (), '{"name":"Zoë","city":"São Paulo"}', None, 0),
    ]
    assert (reading.rejected, reading.warned, reading.blank) == ([], [], 0)


@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(CELLS)), min_size=3, max_size=3))
def test_fields_are_the_cells_without_the_blanks_at_their_ends(cells: list[str]) -> None:
    """Whichever of two ways, the quick one or the other, a row goes."""
    reading = read('a%s,phone,"b\\,c', [cells[0], "4155550100", *cells[1:]])
    names = ("a%s", '"b\\', "c")
    expected = dict(zip(names, (cell.strip() for cell in cells), strict=True))
    assert [contact.fields for contact in reading.contacts] == [orjson.dumps(expected).decode()]


@pytest.mark.parametrize("header", ["phone", "phone,name", "name,phone,city"])
def test_any_number_of_fields_is_kept_in_the_order_of_the_file(header: str) -> None:
    names = header.split(",")
    row = ["4155550100" if name == "phone" else f"of {name}" for name in names]
    fields = json.loads(read(header, row).contacts[0].fields)
    assert list(fields.items()) == [(name, f"of {name}") for name in names if name != "phone"]


def test_the_first_phone_that_is_given_is_dialled_first() -> None:
    reading = read(
        "phone,mobile,work_phone",
        "4155550100,4155550101,4155550102",
        ",4155550101,4155550102",
        "4155550100,,4155550100",
    )
    assert [(contact.number, contact.label, contact.further) for contact in reading.contacts] == [
        ("+14155550100", None, (("+14155550101", "mobile"), ("+14155550102", "work"))),
        ("+14155550101", "mobile", (("+14155550102", "work"),)),
        ("+14155550100", None, ()),
    ]


def test_a_label_does_not_stay_for_the_next_row() -> None:
    reading = read("mobile,work_phone", ",4155550101", "4155550100,")
    assert [contact.label for contact in reading.contacts] == ["work", "mobile"]


def test_a_bad_phone_beside_a_good_one_is_left_out_and_told() -> None:
    reading = read("phone,mobile,alt_phone", "none,4155550101,4155550102", "4155550100,n/a,")
    assert [contact.number for contact in reading.contacts] == ["+14155550101", "+14155550100"]
    assert [contact.further for contact in reading.contacts] == [(("+14155550102", "other"),), ()]
    assert [(told.line, told.kind, told.reason) for told in reading.warned] == [
        (2, Kind.BAD_FURTHER_PHONE, "left out: phone: 'none' is not a phone number"),
        (3, Kind.BAD_FURTHER_PHONE, "left out: mobile: 'n/a' is not a phone number"),
    ]


def test_phones_that_are_all_bad_reject_the_row() -> None:
    kind, reason = rejected("phone,mobile", "1,2")
    assert (kind, reason) == (
        Kind.PHONE_BAD,
        "phone: '1' is not a phone number; mobile: '2' is not a phone number",
    )


def test_a_bad_phone_rejects_the_row() -> None:
    assert rejected("phone,name", "12,Ann") == (Kind.PHONE_BAD, "'12' is not a phone number")


@pytest.mark.parametrize("row", [",Ann", " ,Ann"])
def test_a_row_without_a_phone_is_rejected(row: str) -> None:
    assert rejected("phone,name", row) == (Kind.PHONE_MISSING, "has no phone in phone")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4155550100", "has 1 cell, the header has 2"),
        ("4155550100,Ann,x", "has 3 cells, the header has 2"),
    ],
)
def test_another_number_of_cells_rejects_the_row(row: str, reason: str) -> None:
    assert rejected("phone,name", row) == (Kind.CELLS, reason)


def test_a_value_that_is_too_long_rejects_the_row_and_names_the_column() -> None:
    kind, reason = rejected("phone,name,note", ["4155550100", "Ann", "x" * (MAX_VALUE + 1)])
    assert (kind, reason) == (Kind.TOO_LONG, "note has 301 characters, at most 300 are allowed")


def test_values_of_the_longest_length_are_taken_in_150_columns() -> None:
    header = ",".join(["phone", *(f"field {number}" for number in range(150))])
    reading = read(header, ["4155550100", *["ä" * MAX_VALUE] * 149, f" {'ä' * MAX_VALUE} "])
    assert len(reading.contacts) == 1
    assert set(json.loads(reading.contacts[0].fields).values()) == {"ä" * MAX_VALUE}


@pytest.mark.parametrize("row", [",,", " , ,\t", ",", ",,,,", "\x1a"])
def test_rows_of_separators_alone_are_blank(row: str) -> None:
    reading = read("phone,name,city", row)
    assert (reading.contacts, reading.rejected, reading.blank) == ([], [], 1)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("America/New_York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        (" Europe/Berlin ", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("", None),
    ],
)
def test_a_time_zone_is_taken_by_its_name(written: str, zone: str | None) -> None:
    assert read("phone,time_zone", ["4155550100", written]).contacts[0].time_zone == zone


@pytest.mark.parametrize("written", ["Eastern", "UTC+5", "America/Nowhere", "../etc/passwd", "Factory", "-05:00"])
def test_what_is_no_time_zone_rejects_the_row(written: str) -> None:
    kind, reason = rejected("phone,tz", ["4155550100", written])
    assert kind is Kind.ZONE
    assert reason == f"{written!r} is no time zone; write one such as America/New_York, or leave it empty"


@pytest.mark.parametrize(("written", "priority"), [("0", 0), ("7", 7), ("007", 7), ("100", 100), ("5.0", 5), ("", 0)])
def test_a_priority_is_a_whole_number(written: str, priority: int) -> None:
    assert read("phone,priority", ["4155550100", written]).contacts[0].priority == priority


@pytest.mark.parametrize("written", ["101", "-1", "high", "1.5", "٣", "1e1", "9" * 400])
def test_what_is_no_priority_rejects_the_row(written: str) -> None:
    columns = find_columns(["phone", "priority"], {}, "people.csv:1")
    reading = ContactReader(columns, normalise).read([(2, ["4155550100", written], None)])
    assert [reject.kind for reject in reading.rejected] == [Kind.TOO_LONG if len(written) > 300 else Kind.PRIORITY]


def test_a_broken_row_is_rejected_as_it_is() -> None:
    columns = find_columns(["phone"], {}, "people.csv:1")
    fault = Fault(Kind.BROKEN, "holds a NUL byte")
    reading = ContactReader(columns, normalise).read([(7, ["41\0"], fault)])
    assert reading.rejected == [(7, Kind.BROKEN, "holds a NUL byte", ["41\0"])]


def test_mended_rows_lose_the_apostrophes_that_made_formulas_harmless() -> None:
    header = ",".join([*REJECT_COLUMNS, "phone", "note"])
    reading = read(header, ["9", "phone_bad", "…", "4155550100", "'=1+1"], ["9", "", "", "4155550101", "'tis"])
    assert [json.loads(contact.fields) for contact in reading.contacts] == [{"note": "=1+1"}, {"note": "'tis"}]
    assert json.loads(read("phone,note", "4155550100,'=1+1").contacts[0].fields) == {"note": "'=1+1"}


def test_every_row_is_a_contact_rejected_or_blank() -> None:
    rows = ["4155550100,Ann", "4155550100,Ann", ",", "x,Ann", "4155550100", ",Ann", "4155550101,Bob,"]
    reading = read("phone,name", *rows)
    assert len(reading.contacts) + len(reading.rejected) + reading.blank == len(rows)
