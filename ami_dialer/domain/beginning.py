"""Beginnings of numbers: whole area codes and prefixes, as do-not-call lists hold them (`+1900*`)."""

import re
from functools import cache

from ami_dialer.domain import numbering
from ami_dialer.domain.phone import NotANumberError

#: ITU-T E.164: at most 15 digits.
_MAX_DIGITS = 15
_PUNCTUATION = re.compile(r"[\s().\-/\[\]\N{NO-BREAK SPACE}\N{EN DASH}]")
#: What is dialled for abroad: 011 in the plan of calling code 1, 00 in most others.
_ABROAD = {"1": "011"}


def beginning(text: str, region: str, *, whole_country: bool = False) -> str:
    """What numbers begin with, as `+1900*`; `region` (ISO 3166) is the country of one written without a country code.

    `+1900*`, `1-900` and `(900)` in the US are all the same. Raises NotANumberError: it is none, or it would forbid all
    numbers of a country and `whole_country` does not allow that.
    """
    digits = _PUNCTUATION.sub("", text.strip().rstrip("*"))
    international = digits.startswith("+")
    digits = digits.removeprefix("+")
    if not digits.isascii() or not digits.isdecimal():
        raise NotANumberError(f"{text!r} is no beginning of numbers; write it like +1900*")
    if not international:
        digits = _from_home(digits, region)
    code = numbering.calling_code(digits)
    if not code:
        raise NotANumberError(f"{text!r} begins with no country code; write it like +1900*")
    if len(digits) >= _MAX_DIGITS:
        raise NotANumberError(f"{text!r} leaves no room for further digits; E.164 allows {_MAX_DIGITS}")
    if digits == code and not whole_country:
        raise NotANumberError(f"{text!r} would forbid every number of country code +{code}; write more of it")
    return f"+{digits}*"


def _from_home(digits: str, region: str) -> str:
    code = _code_of(region)
    if not code:
        raise NotANumberError(f"{region!r} is no country; write it as ISO 3166 has it, like US")
    abroad = _ABROAD.get(code, "00")
    if digits.startswith(abroad):
        return digits.removeprefix(abroad)
    prefix = numbering.national_prefix(code).match(digits)
    if prefix is not None and not any(prefix.groups()):
        digits = digits[prefix.end() :]
    return code + digits


@cache
def _code_of(region: str) -> str:
    codes = (code for code in map(str, range(1, 1_000)) if numbering.calling_code(code) == code)
    return next((code for code in codes if region in numbering.countries(code)), "")
