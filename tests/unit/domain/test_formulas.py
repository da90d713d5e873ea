"""Cells that spreadsheets would calculate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.domain.formulas import as_written, neutral

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("-12.5", "-12.5"),
        ("-", "'-"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\uff1d1", "'\uff1d1"),
        ("+15551234567", "+15551234567"),
        ("+1555+1", "'+1555+1"),
        ('plain, "quoted"', 'plain, "quoted"'),
        ("'quoted'", "'quoted'"),
        ("'=1", "''=1"),
        ("'+15551234567", "''+15551234567"),
        ("", ""),
    ],
)
def test_a_cell_is_made_harmless(text: str, safe: str) -> None:
    assert neutral(text) == safe


@given(st.text() | st.text("'=+-@1"))
def test_a_harmless_cell_can_be_made_what_it_was(text: str) -> None:
    assert as_written(neutral(text)) == text
