"""A contact by hand goes by the rules of a file's rows."""

import json

import pytest

from ami_dialer.domain.contact import Phone
from ami_dialer.sources.by_hand import BadContactError, contact_by_hand

pytestmark = pytest.mark.unit


def test_numbers_are_made_e164_under_the_region_and_keep_their_order_and_labels() -> None:
    contact = contact_by_hand(
        [("home", "(301) 555-0100"), (None, "+44 20 7946 0123"), ("work", "302.555.0101")], {}, "US"
    )
    assert (contact.number, contact.label) == ("+13015550100", "home")
    assert contact.further == (Phone("+442079460123", None), Phone("+13025550101", "work"))


def test_fields_keep_their_order_and_lose_the_blanks_at_their_ends() -> None:
    contact = contact_by_hand([(None, "3015550100")], {"b": " Ümit ", "a": ""}, "US")
    assert list(json.loads(contact.fields).items()) == [("b", "Ümit"), ("a", "")]


def test_time_zone_and_priority_are_taken() -> None:
    contact = contact_by_hand([(None, "3015550100")], {}, "US", "america/phoenix", "7")
    assert (contact.time_zone, contact.priority) == ("America/Phoenix", 7)


def test_a_phone_written_twice_counts_once() -> None:
    assert contact_by_hand([(None, "3015550100"), (None, "+1 301 555 0100")], {}, "US").further == ()


@pytest.mark.parametrize(
    ("phones", "fields", "more", "said"),
    [
        ([(None, "12")], {}, {}, "'12' is not"),
        ([(None, "")], {}, {}, "has no phone"),
        ([(None, "3015550100"), ("mobile", "12")], {}, {}, "phone mobile: '12' is not"),
        ([("x" * 33, "3015550100")], {}, {}, "is no label of a phone"),
        ([(None, "3015550100")], {"note": "x" * 301}, {}, "note has 301 characters, at most 300"),
        ([(None, "3015550100")], {"priority": "5"}, {}, "priority is no field; write --priority"),
        ([(None, "3015550100")], {"time_zone": "UTC"}, {}, "write --time-zone"),
        ([(None, "3015550100")], {"phone": "1"}, {}, "further ones with --phone"),
        ([(None, "3015550100")], {"": "1"}, {}, "'' is no name of a field"),
        ([(None, "3015550100")], {"a\tb": "1"}, {}, "is no name of a field"),
        ([(None, "3015550100")], {"note": "a\udcffb"}, {}, "no UTF-8"),
        ([(None, "3015550100")], {}, {"time_zone": "Mars"}, "'Mars' is no time zone"),
        ([(None, "3015550100")], {}, {"priority": "101"}, "'101' is no priority"),
    ],
)
def test_what_an_import_would_reject_is_an_error(phones, fields, more, said) -> None:
    with pytest.raises(BadContactError) as raised:
        contact_by_hand(phones, fields, "US", **more)
    assert said in str(raised.value)
