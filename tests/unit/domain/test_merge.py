"""Merge fields: what is filled in, what is an error, and that a value can do nothing but be spoken."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.merge import MAX_TEXT, MAX_VALUE, MergeError, merge

pytestmark = pytest.mark.unit

FIELDS = {"first_name": "Ann", "city name": "New York", "größe": "XL", "blank": " ", "phone-2": "5"}


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello.", "Hello."),
        ("Hello {{first_name}}.", "Hello Ann."),
        ("Hello {{ first_name }}, {{first_name}}!", "Hello Ann, Ann!"),
        ("In {{city name}}, {{größe}}, {{phone-2}}", "In New York, XL, 5"),
        ('Hello {{first_name|default("there")}}.', "Hello Ann."),
        ('Hello {{last_name|default("there")}}.', "Hello there."),
        ("Hello {{ last_name | default('my \"friend\"') }}.", 'Hello my "friend".'),
        ('Hello {{blank|default("there")}}.', "Hello there."),
        ('Hello{{blank|default("")}}.', "Hello."),
        ("Single {braces} are text", "Single {braces} are text"),
        ("Line one\nline\ttwo", "Line one line two"),
    ],
)
def test_given_a_text_then_this_is_spoken(text, spoken):
    assert merge(text, FIELDS) == spoken


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Hello {{last_name}}", "the contact has no 'last_name', and the text gives no default for it"),
        ("Hello {{blank}}", "the contact has no 'blank'"),
        ("Hello {{}}", "is not understood"),
        ("Hello {{first_name|upper}}", "is not understood"),
        ("Hello {{first_name|default(there)}}", "is not understood"),
        ("Hello {{first_name", "is not closed"),
        ("Hello first_name}}", "is not closed"),
        ("{{a.__class__.__mro__}}", "the contact has no"),
    ],
)
def test_given_a_text_that_cannot_be_filled_in_then_the_error_says_why(text, complaint):
    with pytest.raises(MergeError) as error:
        merge(text, FIELDS)
    assert complaint in str(error.value)


def test_given_a_long_value_then_it_is_cut_and_a_long_text_is_an_error():
    assert len(merge("{{a}}", {"a": "x" * 10_000})) == MAX_VALUE
    with pytest.raises(MergeError, match=str(MAX_TEXT)):
        merge("{{a}}" * 400, {"a": "x" * 10_000})


@given(value=st.text(max_size=300))
def test_given_any_value_then_it_is_spoken_as_it_is_on_one_line(value):
    merged = merge('<{{a|default("-")}}>', {"a": value})
    assert merged.startswith("<")
    assert merged.endswith(">")
    assert not any(unicodedata.category(c)[0] == "C" for c in merged)
    assert "\n" not in merged


@pytest.mark.parametrize("value", ["{{first_name}}", '{{x|default("y")}}', "${SHELL(id)}", '"; reboot; "', "}}", "{{"])
def test_given_a_value_that_looks_like_code_then_it_is_spoken_letter_by_letter(value):
    assert merge("a {{evil}} b", {"evil": value, "first_name": "Ann"}) == f"a {value} b"
