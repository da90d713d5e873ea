"""Contacts in JSON as rows: names with dots, every kind of value, and what cannot be a field."""

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.ports import FetchFailedError
from ami_dialer.sources.answers import SpooledAnswer
from ami_dialer.sources.json_fields import MISSING, as_text, at, leaves
from ami_dialer.sources.problems import Kind
from tests.unit.sources.test_json_stream import VALUES, as_written

pytestmark = pytest.mark.unit


@contextmanager
def answer(
    *pages: Any, columns: Mapping[str, str] | None = None, contacts: str | None = None
) -> Iterator[SpooledAnswer]:
    with SpooledAnswer(columns or {}, contacts, None) as made:
        for page in pages:
            made.write(page if isinstance(page, bytes) else json.dumps(page).encode())
            made._end_page(None)
        yield made


def table(*contacts: Any, columns: Mapping[str, str] | None = None) -> list[list[str]]:
    """Header and cells; every row is good."""
    with answer(list(contacts), columns=columns) as made:
        rows = made.rows()
        found = [row for batch in rows.batches(made.contacts(), 2) for row in batch]
        assert [(line, fault) for line, _, fault in found] == [(n, None) for n in range(1, len(contacts) + 1)]
        return [rows.header, *(cells for _, cells, _ in found)]


CONTACT = {
    "firstName": "Ann",
    "contact": {"name": {"first": "Ann"}, "phones": [{"no": "+13015550100"}, {"no": 13015550101}]},
    "contact.name": {"last": "Lee"},
    "tags": ["a", "b"],
    "vip": True,
    "gone": None,
    "balance": 12.5,
    "none": [],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("firstName", "Ann"),
        ("contact.name.first", "Ann"),
        ("contact.phones.0.no", "+13015550100"),
        ("contact.name.last", "Lee"),
        ("tags.1", "b"),
        ("gone", None),
        ("contact.phones.2.no", MISSING),
        ("contact.phones.-1.no", MISSING),
        ("contact.phones.x", MISSING),
        ("firstName.x", MISSING),
        ("firstname", MISSING),
        ("tags.\u0660", MISSING),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: object) -> None:
    assert at(CONTACT, path) == value


@given(st.dictionaries(st.text(), VALUES))
def test_every_value_stands_where_its_path_says(contact: dict[str, Any]) -> None:
    read = as_written(json.dumps(contact))
    for path, shape, text in leaves(read):
        found = at(read, path)
        # Two values may have the same path, as in {"a.b": 1, "a": {"b": 2}}; the key that is written so comes first.
        assert found is not MISSING
        assert shape.count(".") == path.count(".")
        assert as_text(found) is None or isinstance(text, str)


def test_mapped_fields_come_first_under_our_names_and_the_others_under_their_own() -> None:
    columns = {"phone": "contact.phones.0.no", "name": "firstName", "phone_2": "contact.phones.1.no"}
    further = ["contact.name.first", "contact.name.last", "tags.0", "tags.1", "vip", "gone", "balance"]
    assert table(CONTACT, columns=columns) == [
        ["phone", "name", "phone_2", *further],
        ["+13015550100", "Ann", "13015550101", "Ann", "Lee", "a", "b", "true", "", "12.5"],
    ]


def test_contacts_with_different_fields_make_one_table() -> None:
    assert table({"phone": "1"}, {"phone": "2", "name": "B"}, {"name": "C", "x": {"y": None}}) == [
        ["phone", "name", "x.y"],
        ["1", "", ""],
        ["2", "B", ""],
        ["", "C", ""],
    ]


def test_a_mapped_field_that_nobody_has_is_an_empty_column() -> None:
    assert table({"phone": "1"}, columns={"phone": "phone", "phone_2": "phones.1"})[:2] == [
        ["phone", "phone_2"],
        ["1", ""],
    ]


def broken(contact: Any, **columns: str) -> tuple[Kind, str]:
    with answer([contact], columns=columns) as made:
        _, _, fault = made.rows().row(1, next(made.contacts()))
        assert fault is not None
        return fault


@pytest.mark.parametrize(
    ("contact", "kind", "reason"),
    [
        ("+13015550100", Kind.BROKEN, "is a single value, not an object with fields"),
        (None, Kind.BROKEN, "is null, not an object"),
        ([1], Kind.BROKEN, "is a list, not an object"),
        ({"phone": ["1"]}, Kind.BROKEN, "phone is a list; write phone.0 for its first value"),
        ({"phone": {"no": 1}}, Kind.BROKEN, "phone is an object; write phone.no or the like"),
        ({"phone": {}}, Kind.BROKEN, "phone is an object; it has no value"),
        ({"phone": "1", "x": "\0"}, Kind.BROKEN, "holds a NUL character"),
        ({"phone": "1", "x": "\ud800"}, Kind.ENCODING, "half of a surrogate pair"),
    ],
)
def test_what_is_no_contact_is_a_broken_row(contact: Any, kind: Kind, reason: str) -> None:
    found = broken(contact, phone="phone")
    assert found[0] is kind
    assert reason in found[1]


def test_a_long_value_that_nobody_mapped_is_left_out_and_counted() -> None:
    with answer([{"phone": "1", "notes": "x" * 301}, {"phone": "2", "notes": "y" * 300}]) as made:
        rows = made.rows()
        [batch] = rows.batches(made.contacts())
        assert [cells for _, cells, _ in batch] == [["1", ""], ["2", "y" * 300]]
        assert rows.too_long == {"notes": 1}


def test_names_that_cannot_be_fields_are_left_out_and_told() -> None:
    contact = {
        "no": "1",
        "phone": "2",
        "a\nb": "3",
        "x" * 65: "4",
        "": "5",
        " sp ": "6",
        "sp": "7",
        "d": {"e" * 63: "8"},
    }
    with answer([contact], columns={"phone": "no"}) as made:
        assert made.rows().header == ["phone", "sp"]
        assert sorted(made.survey.left_out) == sorted(["phone", "a\nb", "x" * 65, "", "sp", "d." + "e" * 63])


def test_too_many_fields_are_left_out() -> None:
    with answer([{f"f{number}": "x" for number in range(1_200)}]) as made:
        assert len(made.rows().header) == 1_000
        assert len(made.survey.left_out) == 200


def test_field_names_for_comparing_do_not_depend_on_how_long_lists_are() -> None:
    with (
        answer([{"phones": [{"no": 1}, {"no": 2}], "tags": ["a"]}]) as one,
        answer([{"phones": [{"no": 3}], "tags": ["a", "b"]}]) as other,
    ):
        assert one.field_names == other.field_names == ["phones.*.no", "tags.*"]


def test_mapped_paths_that_nobody_has_are_known() -> None:
    with answer([{"a": 1}, {"b": {"c": None}}], columns={"phone": "a", "name": "b.c", "x": "b.d"}) as made:
        assert made.survey.unmet() == ["b.d"]


def unpacked(made: SpooledAnswer, *secrets: str) -> str:
    def redacted(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    packed = made.packed(redacted)
    assert packed is not None
    return gzip.decompress(packed).decode()


def test_one_page_is_kept_as_it_was() -> None:
    page = '\ufeff{"items" : [ {"a": 1.50, "b": "Zoë"} ]}\n'
    with answer(page.encode(), contacts="items") as made:
        assert unpacked(made) == page.removeprefix("\ufeff")


def test_several_pages_are_kept_as_a_list_of_them() -> None:
    with answer(b'[{"a": 1}]', b'[{"a": 2}, {"a": 3}]') as made:
        assert unpacked(made) == '[\n[{"a": 1}]\n,\n[{"a": 2}, {"a": 3}]\n]\n'
        assert made.count == 3
        assert [contact["a"] for contact in made.contacts()] == ["1", "2", "3"]  # type: ignore[index]


def test_a_dropped_page_is_forgotten() -> None:
    with answer(b'[{"a": 1}]', b'[{"a": 1}]') as made:
        made.drop_page()
        assert made.count == 1
        assert unpacked(made) == '[{"a": 1}]'


@pytest.mark.parametrize("place", [0, 1, 65_530, 8_190, 100_000])
def test_a_secret_is_taken_out_wherever_it_stands(place: int) -> None:
    page = json.dumps([{"a": "x" * place + "s3cr3t" + "y" * 20_000}]).encode()
    with answer(page) as made:
        assert unpacked(made, "s3cr3t") == page.decode().replace("s3cr3t", "***")


def test_no_answer_at_all_has_no_contacts() -> None:
    with answer() as made:
        assert (made.count, list(made.contacts()), made.field_names, unpacked(made)) == (0, [], [], "")


@pytest.mark.parametrize("document", [{"items": None}, {"items": []}, {"x": 1, "items": []}])
def test_an_empty_list_is_an_answer(document: Any) -> None:
    with answer(document, contacts="items") as made:
        assert made.count == 0


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"data": []}, r"has no 'items', which `api\.contacts` names; it has: data"),
        ({"items": {"a": 1}}, r"holds no list at 'items'"),
        ({"items": 3}, r"holds no list at 'items'"),
        ([1], r"has no 'items'"),
    ],
)
def test_a_list_that_is_not_where_it_is_looked_for_is_told(document: Any, text: str) -> None:
    with pytest.raises(FetchFailedError, match=text), answer(document, contacts="items"):
        pass


def test_a_large_answer_is_read_from_disk_without_holding_it() -> None:
    """9 MB are more than what stays in memory."""
    page = json.dumps([{"phone": f"+1301555{n:04d}", "x": "y" * 250} for n in range(30_000)]).encode()
    assert len(page) > 8_000_000
    with answer(page) as made:
        assert made.count == 30_000
        assert sum(1 for _ in made.contacts()) == 30_000


@pytest.mark.parametrize("depth", [10, 50, 300])
def test_a_deep_contact_is_a_broken_row(depth: int) -> None:
    page = b'[{"phone": ' + b'{"a": [' * depth + b"1" + b"]}" * depth + b"}]"
    with answer(page, columns={"phone": "phone"}) as made:
        _, cells, fault = made.rows().row(1, next(made.contacts()))
        assert fault is not None
        assert len(cells[0]) <= 300


@pytest.mark.parametrize("depth", range(440, 520, 3))
def test_a_contact_too_deep_is_refused_and_breaks_nothing(depth: int) -> None:
    """Where exactly Python's own limit lies differs from release to release."""
    page = b'[{"phone": ' + b'{"a": [' * depth + b"1" + b"]}" * depth + b"}]"
    with suppress(FetchFailedError), answer(page, columns={"phone": "phone"}) as made:
        assert made.rows().row(1, next(made.contacts()))[2] is not None


def test_no_depth_is_too_much() -> None:
    with pytest.raises(FetchFailedError, match="nested too deeply"), answer(b'[{"phone": ' + b"[" * 1_000_000):
        pass
