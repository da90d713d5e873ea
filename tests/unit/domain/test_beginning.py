"""Beginnings of numbers."""

import pytest

from ami_dialer.domain.beginning import beginning
from ami_dialer.domain.phone import NotANumberError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "region", "read"),
    [
        ("+1900*", "US", "+1900*"),
        ("1-900", "US", "+1900*"),
        ("1 (900) *", "US", "+1900*"),
        ("900*", "US", "+1900*"),
        ("+1 212", "DE", "+1212*"),
        ("0900*", "DE", "+49900*"),
        ("011 44 70*", "US", "+4470*"),
        ("0044 70*", "DE", "+4470*"),
    ],
)
def test_it_is_read_in_any_usual_form(text, region, read):
    assert beginning(text, region) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no beginning"),
        ("*", "is no beginning"),
        ("abc*", "is no beginning"),
        ("+*", "is no beginning"),
        ("+999*", "no country code"),
        ("+1*", "would forbid every number of country code"),
        ("1*", "would forbid every number of country code"),
        ("+49", "would forbid every number of country code"),
        ("+12125550100123*", None),
        ("+121255501001234*", "leaves no room"),
    ],
)
def test_what_is_none_or_would_forbid_a_whole_country_is_refused(text, why):
    if why is None:
        assert beginning(text, "US") == text
        return
    with pytest.raises(NotANumberError, match=why):
        beginning(text, "US")


def test_a_whole_country_may_be_meant():
    assert beginning("+49*", "US", whole_country=True) == "+49*"
