"""What can be wrong with a file as a whole, and with one of its rows."""

from enum import StrEnum
from typing import NamedTuple

from ami_dialer.domain.errors import DialerError


class SourceError(DialerError):
    """The file as a whole cannot be read. The text begins with its path and says what to do."""

    exit_code = 6


class Kind(StrEnum):
    """Why a row was rejected, or, for BAD_FURTHER_PHONE, what was left out of it."""

    #: The row cannot be told from its neighbours: a quotation mark is never closed, a NUL byte, an endless line.
    BROKEN = "broken"
    #: Bytes that are no text in the file's encoding.
    ENCODING = "encoding"
    #: Another number of cells than the header has.
    CELLS = "cells"
    TOO_LONG = "too_long"
    PHONE_MISSING = "phone_missing"
    PHONE_BAD = "phone_bad"
    ZONE = "zone"
    PRIORITY = "priority"
    #: Of a mapping list: whose contact it is.
    AGENT = "agent"
    #: The same: the number stands in another row, with somebody else.
    DOUBLE = "double"
    #: Of a do-not-call file: when the entry runs out.
    EXPIRY = "expiry"
    #: Of a file of consents: when it was said.
    TIME = "time"
    #: The same: what was said, or for what.
    CONSENT = "consent"
    #: The contact was taken, without this phone.
    BAD_FURTHER_PHONE = "bad_further_phone"


class Fault(NamedTuple):
    """What is wrong with a row."""

    kind: Kind
    reason: str


class Rejected(NamedTuple):
    """A row that was not taken."""

    #: Physical line of the file on which it begins; the first is 1.
    line: int
    kind: Kind
    reason: str
    cells: list[str]


class Warned(NamedTuple):
    """Something left out of a row that was taken."""

    line: int
    kind: Kind
    reason: str
