"""Which kind a number is: as phonenumbers says, and what it does not say."""

import random
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from ami_dialer.domain.number_kind import NumberKind, kind_of

pytestmark = pytest.mark.unit

KINDS = {
    PhoneNumberType.FIXED_LINE: NumberKind.FIXED_LINE,
    PhoneNumberType.MOBILE: NumberKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberKind.FIXED_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.VOIP: NumberKind.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.UAN: NumberKind.UNIVERSAL,
    PhoneNumberType.VOICEMAIL: NumberKind.VOICEMAIL,
}
#: Calling codes of no country that are services.
SERVICES = {800: NumberKind.TOLL_FREE, 808: NumberKind.SHARED_COST, 979: NumberKind.PREMIUM}
EXAMPLES = {
    region: sorted(
        phonenumbers.format_number(example, PhoneNumberFormat.E164)
        for kind in PhoneNumberType.values()
        if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    )
    for region in phonenumbers.SUPPORTED_REGIONS
}


def valid(number):
    """The number as phonenumbers has it; None where it is not valid or is written in another way."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    written = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return parsed if written == number and phonenumbers.is_valid_number(parsed) else None


def assert_equal(number):
    """Says which kind it was, if the number is valid."""
    if (parsed := valid(number)) is None:
        return None
    expected = KINDS[phonenumbers.number_type(parsed)]
    if phonenumbers.region_code_for_number(parsed) == "001":
        expected = SERVICES.get(parsed.country_code, NumberKind.SATELLITE)
    assert kind_of(number) == expected, number
    return expected


@pytest.mark.parametrize("region", sorted(EXAMPLES))
def test_numbers_of_every_country_have_the_kind_of_phonenumbers(region):
    rng = random.Random(region)
    for number in EXAMPLES[region]:
        assert assert_equal(number)
        for _ in range(40):
            place = rng.randrange(2, len(number))
            assert_equal(number[:place] + str(rng.randrange(10)) + number[place + 1 :])


def test_every_kind_was_among_them():
    found = Counter(assert_equal(number) for numbers in EXAMPLES.values() for number in numbers)
    assert found.keys() == set(KINDS.values())


@pytest.mark.parametrize("code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_numbers_of_every_calling_code_have_the_kind_of_phonenumbers(code):
    rng = random.Random(code)
    for _ in range(200):
        assert_equal(f"+{code}{rng.randrange(10 ** rng.randrange(4, 12))}")


def test_every_area_code_of_north_america_has_the_kind_of_phonenumbers():
    for area in range(200, 1000):
        for rest in ("2002345", "5550123", "9119999"):
            assert_equal(f"+1{area}{rest}")


@given(st.from_regex(r"\+[1-9][0-9]{3,14}", fullmatch=True))
def test_any_number_that_is_valid_has_the_kind_of_phonenumbers(number):
    assert_equal(number)


@given(st.text(max_size=20) | st.from_regex(r"\+?[0-9]{0,16}", fullmatch=True))
def test_every_text_has_a_kind(text):
    assert kind_of(text) in NumberKind


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+12125550123", NumberKind.FIXED_OR_MOBILE),
        ("+18005550123", NumberKind.TOLL_FREE),
        ("+19005550123", NumberKind.PREMIUM),
        ("+447911123456", NumberKind.MOBILE),
        ("+442079460958", NumberKind.FIXED_LINE),
        ("+447624000000", NumberKind.MOBILE),
        ("+80012345678", NumberKind.TOLL_FREE),
        ("+80812345678", NumberKind.SHARED_COST),
        ("+979123456789", NumberKind.PREMIUM),
    ],
)
def test_common_numbers(number, kind):
    assert kind_of(number) == kind


@pytest.mark.parametrize(
    "number",
    [
        *("+870773111632", "+8781012345678", "+881612345678", "+88213300655", "+883510012345", "+888123456789"),
        *("+8706", "+88199"),
    ],
)
def test_global_networks_are_told_valid_or_not(number):
    assert kind_of(number) == NumberKind.SATELLITE


@pytest.mark.parametrize(
    "number",
    ["911", "112", "999", "000", "411", "12345", "+1911", "+1411", "+49112", "+44999", "+61000", "+1555", "+155501"],
)
def test_what_has_too_few_digits_is_a_short_code(number):
    assert kind_of(number) == NumberKind.SHORT


@pytest.mark.parametrize("number", ["+19115550123", "+49112345"])
def test_what_begins_with_an_emergency_number_and_is_not_valid_counts_as_one(number):
    assert valid(number) is None
    assert kind_of(number) == NumberKind.SHORT


@pytest.mark.parametrize("number", ["", "+", "+1", "+999123456789", "abc", "+1abc", "+17295550123", "12125550123"])
def test_the_rest_is_unknown(number):
    assert kind_of(number) == NumberKind.UNKNOWN
