"""Phone numbers: what a list holds made E.164, and E.164 made what a trunk wants. phonenumbers is the authority."""

from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException

NumberFormat = Literal["e164", "digits", "national"]


#: ITU-T E.164: at most 15 digits. phonenumbers knows longer ones, which are dialled within their country only.
_MAX_DIGITS = 15


class NotANumberError(ValueError):
    """A text that is no number one can call; the message says why."""


def normalise(text: str, region: str) -> str:
    """The number in E.164 with the plus sign; `region` (ISO 3166) is the country of numbers written without one.

    Raises NotANumberError. An extension (`ext. 5`) is dropped: a trunk cannot dial it.
    """
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        why = str(error).partition(") ")[2].rstrip(".")  # "(1) The string supplied …"
        raise NotANumberError(f"{text!r} is not a phone number ({why})") from None
    if not phonenumbers.is_valid_number(number):
        raise NotANumberError(f"{text!r} is not a valid number in {region}")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if len(written) > 1 + _MAX_DIGITS:
        raise NotANumberError(f"{text!r} has more than {_MAX_DIGITS} digits, the most that E.164 allows")
    return written


def dialled(number: str, number_format: NumberFormat, prefix: str = "") -> str:
    """An E.164 number as the trunk wants it, with `prefix` in front. Only digits, `+`, `*` and `#` come out."""
    match number_format:
        case "e164":
            written = number
        case "digits":
            written = number.removeprefix("+")
        case "national":
            written = phonenumbers.national_significant_number(phonenumbers.parse(number, None))
    return prefix + written
