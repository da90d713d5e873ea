"""Web addresses for people: no query, no password, nothing that could move a cursor."""

import pytest

from ami_dialer.domain.web_address import shown_address

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://crm.example.com/contacts?key=secret#x", "https://crm.example.com/contacts"),
        ("https://user:secret@crm.example.com:8443/", "https://crm.example.com:8443/"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("http://crm.example.com", "http://crm.example.com"),
        ("/relative?key=secret", ":///relative"),
        ("http://a/\x1b[31m", "http://a/?[31m"),
        ("http://a:port/", "an address that cannot be read"),
        ("http://[::1/", "an address that cannot be read"),
        ("", "://"),
    ],
)
def test_an_address_is_shown_without_what_is_nobody_s_business(url: str, shown: str) -> None:
    assert shown_address(url) == shown


def test_a_long_address_is_cut() -> None:
    assert len(shown_address("https://crm.example.com/" + "x" * 5_000)) == 300
