"""Which column is what: mapped, or guessed by its heading."""

import pytest

from ami_dialer.domain.export_columns import before_fields
from ami_dialer.sources.columns import MAX_COLUMNS, REJECT_COLUMNS, Columns, find_columns
from ami_dialer.sources.headings import plain
from ami_dialer.sources.problems import SourceError

pytestmark = pytest.mark.unit

WHERE = "people.csv:1"


def found(header: str, **mapping: str) -> Columns:
    return find_columns(header.split(","), mapping, WHERE)


def phones(columns: Columns) -> list[tuple[str, str | None]]:
    return [(columns.names[phone.index], phone.label) for phone in columns.phones]


def refused(header: str | list[str], mapping: dict[str, str] | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        find_columns(header.split(",") if isinstance(header, str) else header, mapping or {}, WHERE)
    assert str(caught.value).startswith(f"{WHERE}: ")
    return str(caught.value).removeprefix(f"{WHERE}: ")


@pytest.mark.parametrize(
    ("header", "label"),
    [
        *dict.fromkeys(
            ["phone", "Phone", " PHONE ", "Phone Number", "phone_number", "PhoneNumber", "phonenumber", "Phone No.",
             "primary_phone", "Primary Phone Number", "Telephone", "tel", "Tel.", "TEL_NO", "msisdn", "Telefon",
             "Telefonnummer", "Teléfono", "Téléphone", "phone1", "Phone 1", "phone_e164", "Contact Phone", "number"],
        ).items(),
        *dict.fromkeys(["mobile", "Mobile Phone", "mobile_number", "Cell", "cell phone", "CellPhone", "Handy",
                        "Mobil", "Phone (mobile)", "MobilePhone"], "mobile").items(),
        *dict.fromkeys(["home_phone", "HomePhone", "Home Telephone", "Phone - Home", "landline"], "home").items(),
        *dict.fromkeys(["work_phone", "Work Phone", "Business Phone", "office phone", "OfficePhone"], "work").items(),
        *dict.fromkeys(["other_phone", "alt_phone", "Alternate Phone", "secondary phone"], "other").items(),
    ],
)  # fmt: skip
def test_phones_are_known_by_their_heading(header: str, label: str | None) -> None:
    assert phones(find_columns(["name", header], {}, WHERE)) == [(header.strip(), label)]


@pytest.mark.parametrize(
    "header",
    ["phone_type", "Phone Notes", "mobile_carrier", "cell_color", "has_phone", "phone_consent", "home", "work",
     "fax", "telemarketing", "cells", "house_number", "account_number", "phone 12", "hotel"],
)  # fmt: skip
def test_what_only_sounds_like_a_phone_is_a_field(header: str) -> None:
    assert phones(find_columns(["phone", header], {}, WHERE)) == [("phone", None)]


def test_phones_are_dialled_by_preference_then_from_left_to_right() -> None:
    header = "work_phone,other_phone,cell,phone_2,home_phone,phone,mobile"
    order = [name for name, _ in phones(found(header))]
    assert order == ["phone", "phone_2", "cell", "mobile", "home_phone", "work_phone", "other_phone"]
    assert [phone.order for phone in found(header).phones] == list(range(7))


def test_a_mapping_decides_which_phones_there_are_and_their_order() -> None:
    columns = find_columns(
        ["mobile", "Tel A", "Tel B", "phone"], {"phone.work": "Tel B", "phone": "phone", "phone_2": "tel a "}, WHERE
    )
    assert phones(columns) == [("Tel B", "work"), ("phone", None), ("Tel A", None)]
    assert columns.fields == ((0, "mobile"),)


def test_time_zone_and_priority_are_found() -> None:
    for header in ("time_zone,phone,priority", "TimeZone,phone,Customer Priority", "tz,phone,PRIORITY"):
        columns = found(header)
        assert (columns.zone, columns.priority, columns.fields) == (0, 2, ())


def test_time_zone_and_priority_can_be_mapped() -> None:
    columns = found("when,phone,rank,tz", time_zone="when", priority="Rank")
    assert (columns.zone, columns.priority, columns.fields) == (0, 2, ((3, "tz"),))


def test_a_guess_can_be_refused() -> None:
    columns = found("phone,priority,tz", priority="", time_zone="")
    assert (columns.zone, columns.priority, columns.fields) == (None, None, ((1, "priority"), (2, "tz")))


def test_a_column_is_found_whatever_its_capitals_but_first_as_it_is_written() -> None:
    assert phones(found("tel a,TEL A,x", phone="TEL A")) == [("TEL A", None)]
    assert phones(found("Tel A,x", phone="tel a")) == [("Tel A", None)]
    assert "several columns are called 'Tel a'" in refused("tel a,TEL A,x", {"phone": "Tel a"})


def test_fields_can_be_renamed() -> None:
    assert found("First Name,phone", first_name="First Name").fields == ((0, "first_name"),)


def test_nameless_columns_are_numbered() -> None:
    columns = found("phone,,name, ")
    assert columns.names == ("phone", "column_2", "name", "column_4")


def test_very_many_columns_are_fine() -> None:
    header = ["phone", *(f"field {number}" for number in range(1, MAX_COLUMNS))]
    assert len(find_columns(header, {}, WHERE).fields) == MAX_COLUMNS - 1
    assert "has 1,001 columns, at most 1,000 are allowed" in refused([*header, "one more"])


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("name,city", {}, "has no phone column (looked for phone, mobile"),
        ("name,city", {}, "name it with `columns: {phone: …}`; the file has: name, city"),
        ("4155550100,Ann", {}, "has no header: '4155550100' looks like a phone number. Write a first line"),
        ("Ann,(415) 555-0100", {}, "such as: column_1,phone"),
        ("+14155550100", {}, "such as: phone"),
        ("2024-01-01,name", {}, "has no phone column"),
        ("phone,name,name", {}, "has the column 'name' twice; rename one"),
        ("phone,Full Name,name", {"name": "Full Name"}, "has the column 'name' twice; map the other one"),
        ("phone,na\nme", {}, "the name of column 2, 'na\\nme', holds a control character"),
        ("phone," + "x" * 65, {}, "the name of column 2 has 65 characters, at most 64 are allowed"),
        (
            "Telefone,name",
            {"phone": "Telephone"},
            "no column 'Telephone', which `columns.phone` names; did you mean 'T",
        ),
        ("a,b", {"phone": "Mobile"}, "has no column 'Mobile', which `columns.phone` names; it has: a, b"),
        ("a,b", {"phone": "a", "phone_2": "A"}, "the column 'a' is named by `columns.phone` and by `columns.phone_2`"),
    ],
)
def test_what_is_wrong_is_told(header: str, mapping: dict[str, str], said: str) -> None:
    assert said in refused(header, mapping)


def test_a_file_of_rejected_rows_is_known_again() -> None:
    columns = find_columns([*REJECT_COLUMNS, "name", "phone"], {}, WHERE)
    assert columns.mended
    assert columns.fields == ((3, "name"),)
    assert phones(columns) == [("phone", None)]


@pytest.mark.parametrize(
    ("name", "said"),
    [("Téléphone 2", "telephone_2"), ("homePhone", "home_phone"), ("E-Mail", "e_mail"), ("  ", ""), ("山田", "")],
)
def test_headings_are_compared_without_their_dress(name: str, said: str) -> None:
    assert plain(name) == said


def test_an_exported_list_has_our_names_already_and_no_mapping_applies_to_it() -> None:
    header = [*before_fields(1), "name", "''=sum", "priority", "phone"]
    columns = find_columns(header, {"phone": "Telephone"}, WHERE)
    assert [(phone.index, phone.labels, phone.label) for phone in columns.phones] == [(0, 1, None), (2, 3, None)]
    assert (columns.zone, columns.priority, columns.mended) == (4, 5, True)
    assert columns.fields == ((8, "name"), (9, "'=sum"), (10, "priority"), (11, "phone"))


def test_rejected_rows_of_an_exported_list_are_rows_of_an_exported_list() -> None:
    columns = find_columns([*REJECT_COLUMNS, *before_fields(0), "name"], {}, WHERE)
    assert [(phone.index, phone.labels) for phone in columns.phones] == [(3, 4)]
    assert (columns.zone, columns.priority, columns.fields) == (5, 6, ((9, "name"),))


def test_columns_that_are_like_those_of_an_exported_list_are_not_taken_for_them() -> None:
    header = ["phone", "phone_label", "time_zone", "priority", "country", "state", "name"]
    assert [name for _, name in find_columns(header, {}, WHERE).fields] == ["phone_label", "country", "state", "name"]


def test_a_label_that_is_too_long_is_told() -> None:
    with pytest.raises(SourceError, match=r"the label of `columns\.phone\.xxx.* has more than 32 characters"):
        find_columns(["a"], {f"phone.{'x' * 33}": "a"}, WHERE)
