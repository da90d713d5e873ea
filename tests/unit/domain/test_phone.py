"""What a list may hold as a number, and what a trunk gets of it."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ami_dialer.domain.phone import NotANumberError, dialled, normalise

pytestmark = pytest.mark.unit

EXAMPLES = sorted(
    {
        phonenumbers.format_number(example, PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in PhoneNumberType.values()
        if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    }
)


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("2125550123", "US", "+12125550123"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("+1 212.555.0123", "DE", "+12125550123"),
        ("212 555 0123 ext. 45", "US", "+12125550123"),
        ("212 555 0123 x45", "US", "+12125550123"),
        ("tel:+1-212-555-0123;ext=45", "US", "+12125550123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("\N{FULLWIDTH PLUS SIGN}1 212 555 0123", "US", "+12125550123"),
        ("\N{ARABIC-INDIC DIGIT TWO}125550123", "US", "+12125550123"),
        ("030 123456", "DE", "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("06 698 12345", "IT", "+390669812345"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
    ],
)
def test_numbers_as_people_write_them_become_e164(written, region, number):
    assert normalise(written, region) == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "n/a",
        "unknown",
        "911",
        "12345",
        "555-0123",
        "+1 212 555",
        "+999 123456789",
        "00000000000",
        "2125550123" * 40,
        "${EXTEN}",
        "2125550123\r\nAction: Hangup",
        "=cmd|' /C calc'!A1",
        "\N{SNOWMAN}",
    ],
)
def test_what_cannot_be_called_is_refused_with_the_text_in_the_reason(written):
    with pytest.raises(NotANumberError) as refusal:
        normalise(written, "US")
    assert repr(written) in str(refusal.value)


def test_a_number_without_a_country_is_refused_where_the_region_is_unknown():
    with pytest.raises(NotANumberError):
        normalise("2125550123", "ZZ")


@pytest.mark.parametrize(("written", "region"), [("030 000000000000", "DE"), ("+62 001803 00000000", "ID")])
def test_a_number_longer_than_e164_is_refused_though_its_country_has_such_numbers(written, region):
    assert phonenumbers.is_valid_number(phonenumbers.parse(written, region))
    with pytest.raises(NotANumberError, match="more than 15 digits"):
        normalise(written, region)


@pytest.mark.parametrize(
    ("number_format", "prefix", "written"),
    [
        ("e164", "", "+442079460958"),
        ("digits", "", "442079460958"),
        ("national", "", "2079460958"),
        ("digits", "9", "9442079460958"),
        ("e164", "*67#", "*67#+442079460958"),
    ],
)
def test_a_trunk_gets_the_number_as_it_wants_it(number_format, prefix, written):
    assert dialled("+442079460958", number_format, prefix) == written


def test_the_zero_of_an_italian_number_is_dialled_nationally_too():
    assert dialled("+390669812345", "national") == "0669812345"


@given(
    number=st.sampled_from(EXAMPLES),
    number_format=st.sampled_from(["e164", "digits", "national"]),
    prefix=st.from_regex(r"[0-9*#]{0,16}", fullmatch=True),
)
def test_only_what_a_keypad_has_is_ever_dialled(number, number_format, prefix):
    assert re.fullmatch(r"[0-9+*#]+", dialled(number, number_format, prefix))


@given(st.text(max_size=30) | st.from_regex(r"\A[+0-9()\- .a-z;=/]{1,25}\Z"), st.sampled_from(["US", "DE", "IT", "IN"]))
def test_whatever_stands_in_a_list_becomes_e164_or_is_refused(text, region):
    try:
        number = normalise(text, region)
    except NotANumberError:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{3,14}", number)
    assert normalise(number, region) == number
