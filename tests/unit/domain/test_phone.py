"""What a list may hold as a number, and what a trunk gets of it."""

import random
import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ami_dialer.domain.phone import Normaliser, NotANumberError, dialled, normalise

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


#: Of each kind at least one: NANP with and without a prefix of its own, several countries on one code, prefixes with
#: rules, no national prefix, a zero that belongs to the number, none at all.
REGIONS = [
    "US",
    "CA",
    "PR",
    "AG",
    "DO",
    "GB",
    "GG",
    "DE",
    "IT",
    "AU",
    "BR",
    "MX",
    "AR",
    "RU",
    "ES",
    "SM",
    "JP",
    "ZZ",
    "us",
]
NORMALISERS = {region: Normaliser(region) for region in REGIONS}


def outcome(convert, *arguments):
    try:
        return convert(*arguments)
    except NotANumberError as error:
        return f"refused: {error}"


def assert_equal(text, region):
    assert outcome(NORMALISERS[region], text) == outcome(normalise, text, region)


def punctuated(draw):
    """Digits as people write them: prefixes, punctuation anywhere, one digit changed, sometimes more after the end."""
    number = draw(st.sampled_from(EXAMPLES) | st.from_regex(r"\+[0-9]{1,17}", fullmatch=True))
    digits = draw(st.sampled_from(["+", "", "0", "1", "00", "011", "+1", "1", "8"])) + number[draw(st.integers(1, 4)) :]
    if digits and draw(st.booleans()):
        place = draw(st.integers(1, len(digits)))
        digits = digits[: place - 1] + draw(st.sampled_from("0123456789")) + digits[place:]
    marks = st.sampled_from(
        ["", "", "", "", " ", "-", ".", "(", ")", "/", " (", ") ", "[", "\u2013", "\u00a0", "\u2212"]
    )
    text = "".join(mark + digit for mark, digit in zip(draw(st.lists(marks, min_size=40)), digits, strict=False))
    ends = [
        "x5",
        " x5",
        " ext. 12",
        "ext12",
        " x1234567",
        "/x5",
        "- x5",
        "x5x6",
        "xx5",
        "x 5#",
        "~5",
        ",,5",
        ";ext=9",
        "*",
        "#",
    ]
    rare = [*ends, ";phone-context=+1", "\n", "\t", " " * 250, "abc", "+"]
    return (
        draw(st.sampled_from(["", "", "", "", "tel:", "+", "(", "call "]))
        + text
        + draw(st.sampled_from([""] * 20 + rare))
    )


WRITTEN = (
    st.composite(punctuated)()
    | st.text(st.sampled_from("0123456789+-. ()/[]x~*#,;ABCk\u00a0\uff0b\uff11\u0662\u2013"), max_size=30)
    | st.from_regex(r"\A(\+?1)?[ (]?[0-9]{3}[)-. ]{0,2}[0-9]{3}[-. ]?([0-9]{4}|[A-Z]{4})( ?x[0-9]{1,5})?\Z")
    | st.text(max_size=30)
)


@settings(max_examples=500)
@given(WRITTEN, st.sampled_from(REGIONS))
def test_the_quick_way_says_what_phonenumbers_says(text, region):
    assert_equal(text, region)


@pytest.mark.parametrize("region", ["US", "CA", "PR", "DE"])
def test_every_area_code_has_the_verdict_of_phonenumbers(region):
    for area in range(1000):
        for rest in ("0000000", "1111111", "2345678", "5550123", "9119999"):
            assert_equal(f"+1{area:03}{rest}", region)
            assert_equal(f"{area:03}{rest}", region)


def test_numbers_of_north_america_taken_at_random_have_the_verdict_of_phonenumbers():
    rng = random.Random(3)
    for _ in range(20_000):
        assert_equal(f"+1{rng.randrange(10**10):010}", "US")


@pytest.mark.parametrize("code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_numbers_of_every_calling_code_have_the_verdict_of_phonenumbers(code):
    rng = random.Random(code)
    examples = [number for number in EXAMPLES if phonenumbers.parse(number).country_code == code]
    for number in examples:
        for _ in range(20):
            place = rng.randrange(1 + len(str(code)), len(number))
            changed = number[:place] + str(rng.randrange(10)) + number[place + 1 :]
            assert_equal(changed, "US")
            assert_equal(changed[1:], "US")
    for _ in range(20):
        assert_equal(f"+{code}{rng.randrange(10 ** rng.randrange(1, 15))}", "US")


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_national_numbers_of_every_region_have_the_verdict_of_phonenumbers(region):
    rng = random.Random(region)
    quick = Normaliser(region)
    for kind in PhoneNumberType.values():
        if (example := phonenumbers.example_number_for_type(region, kind)) is None:
            continue
        written = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
        plain = phonenumbers.national_significant_number(example)
        place = rng.randrange(len(plain))
        changed = plain[:place] + str(rng.randrange(10)) + plain[place + 1 :]
        for text in (written, plain, f"0{plain}", f"{example.country_code}{plain}", changed, f"0{changed}", plain[1:]):
            assert outcome(quick, text) == outcome(normalise, text, region)


def test_common_ways_of_writing_a_number_need_no_parser(monkeypatch):
    monkeypatch.setattr(phonenumbers, "parse", None)
    for text in ("2125550123", "(212) 555-0123", "1-212-555-0123", "+1 212.555.0123", "+44 20 7946 0958"):
        assert NORMALISERS["US"](text) in ("+12125550123", "+442079460958")
        assert NORMALISERS["US"](f"{text} x45") == NORMALISERS["US"](text)
    for text in ("030 123456", "+49 (30) 123456", "+1 212 555 0123"):
        assert NORMALISERS["DE"](text) in ("+4930123456", "+12125550123")
    for text in ("555-0123", "(000) 000-0000", "1 000 555 0123", "12345", "123-456-7890"):
        with pytest.raises(NotANumberError, match="is not a valid number in US"):
            NORMALISERS["US"](text)
