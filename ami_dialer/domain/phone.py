"""Phone numbers: what a list holds made E.164, and E.164 made what a trunk wants. phonenumbers is the authority."""

import re
from typing import Literal, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata

from ami_dialer.domain import numbering

NumberFormat = Literal["e164", "digits", "national"]


#: ITU-T E.164: at most 15 digits. phonenumbers knows longer ones, which are dialled within their country only.
_MAX_DIGITS = 15
#: phonenumbers refuses a longer text unread.
_MAX_TEXT = 250
#: Lengths of a national number that phonenumbers reads.
_LENGTHS = range(2, 18)
#: What phonenumbers passes over between digits. Left out is what may begin an extension: `x`, `~`, `,`, `;`, `#`.
_PUNCTUATION = " -.()[]/\N{NO-BREAK SPACE}\N{EN DASH}\N{MINUS SIGN}"
#: The plainest ways of writing one.
_EXTENSION = re.compile(r" ?(?:x|ext)\.? ?[0-9]{1,6}\Z")
#: ASCII is listed because a character that is missing costs str.translate an exception.
_BARE: dict[int, int | None] = {**{code: code for code in range(128)}, **dict.fromkeys(map(ord, _PUNCTUATION))}


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
        raise _not_valid(text, region)
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


class Normaliser:
    """`normalise` for many numbers of one region: the same number or the same error for every text, many times faster.

    Texts of digits and the usual punctuation are read here, wherever it is certain how phonenumbers would read them;
    whether such a number is valid is asked of phonenumbers' own metadata. All other texts go to `normalise`.
    """

    __slots__ = ("_home", "_region", "_usual")

    def __init__(self, region: str) -> None:
        """`region` as in `normalise`."""
        self._region = region
        self._home = _Home.of(region)
        prefix = r"(?:\+?1)?" if self._home is not None and self._home.code == "1" else r"\+1"
        self._usual = re.compile(prefix + numbering.valid("1", 10).pattern, re.ASCII).fullmatch

    def __call__(self, text: str) -> str:
        """The number in E.164. Raises NotANumberError."""
        bare = text.translate(_BARE)
        if self._usual(bare) and len(text) <= _MAX_TEXT:
            return "+1" + bare[-10:]
        return self._other(text, bare)

    def _other(self, text: str, bare: str) -> str:
        if extension := _EXTENSION.search(text):
            bare = text[: extension.start()].translate(_BARE)
        digits = bare.removeprefix("+")
        read = None
        if len(digits) > 2 and digits.isascii() and digits.isdigit() and len(text) <= _MAX_TEXT:
            if bare.startswith("+"):
                read = _international(digits)
            elif self._home is not None:
                read = self._home.read(digits)
        if read is None:
            return normalise(text, self._region)
        code, national = read
        if not numbering.valid(code, len(national)).fullmatch(national):
            raise _not_valid(text, self._region)
        return f"+{code}{national}"


class _Home(NamedTuple):
    """How phonenumbers reads digits without a plus sign in one region."""

    code: str
    idd: re.Pattern[str]
    prefix: re.Pattern[str]
    rule: str | None
    general: re.Pattern[str]
    lengths: tuple[int, ...]
    local_lengths: tuple[int, ...]

    @classmethod
    def of(cls, region: str) -> "_Home | None":
        metadata = PhoneMetadata.metadata_for_region(region) if region in phonenumbers.SUPPORTED_REGIONS else None
        if metadata is None or metadata.general_desc is None:
            return None
        return cls(
            str(metadata.country_code),
            numbering.compiled(metadata.international_prefix),
            numbering.compiled(metadata.national_prefix_for_parsing),
            metadata.national_prefix_transform_rule,
            numbering.compiled(metadata.general_desc.national_number_pattern),
            metadata.general_desc.possible_length,
            metadata.general_desc.possible_length_local_only,
        )

    def read(self, digits: str) -> tuple[str, str] | None:
        """Calling code and national number, or None where only phonenumbers can tell."""
        if self.idd.match(digits):
            return None
        viable = self.general.fullmatch(digits)
        if digits.startswith(self.code):
            behind = digits[len(self.code) :]
            if self.prefix.match(behind):
                return None
            if self._too_long(digits) or (self.general.fullmatch(behind) and not viable):
                return _international(digits)
        if not (found := self.prefix.match(digits)):
            return _certain(self.code, digits)
        if self.rule and found[found.re.groups] is not None:
            return None
        national = digits[found.end() :]
        possible = len(national) in self.lengths or self._too_long(national)
        kept = not possible or (viable and not self.general.fullmatch(national))
        return _certain(self.code, digits if kept else national)

    def _too_long(self, digits: str) -> bool:
        return len(digits) > self.lengths[-1] and len(digits) not in self.local_lengths


def _international(digits: str) -> tuple[str, str] | None:
    """Calling code and national number of what stood behind a plus sign, or None where only phonenumbers can tell."""
    code = numbering.calling_code(digits)
    national = digits[len(code) :]
    return _certain(code, national) if code and not numbering.national_prefix(code).match(national) else None


def _certain(code: str, national: str) -> tuple[str, str] | None:
    short_enough = len(code) + len(national) <= _MAX_DIGITS
    return (code, national) if short_enough and len(national) in _LENGTHS else None


def _not_valid(text: str, region: str) -> NotANumberError:
    return NotANumberError(f"{text!r} is not a valid number in {region}")
