"""What may stand in an action or an application's arguments, so that it is what it seems to be there."""

import re
from typing import NamedTuple

from ami_dialer.domain.errors import AsteriskError


class Kind(NamedTuple):
    """Names of one kind."""

    #: For people.
    what: str
    pattern: re.Pattern[str]


#: As Asterisk names channels, `PJSIP/101-0000002a`, `Local/7@agents-00000001;1`; or a Uniqueid. A `/regex/`, as Hangup
#: takes it, is none; nor is there a comma, quote, bracket or `$` in it.
CHANNEL = Kind("channel", re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_.:@;=+*#/-]{1,120}|[A-Za-z0-9][A-Za-z0-9_.-]{0,149}"))
#: Of a queue, a class of music, a context.
NAME = Kind("name", re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"))
#: An extension may be a queue's name, dot and all; no dot comes first.
EXTENSION = Kind("extension", re.compile(r"[A-Za-z0-9_*#+-][A-Za-z0-9_.*#+-]{0,79}"))
#: Below Asterisk's folder of recordings, and nowhere else.
RECORDING = Kind("WAV file", re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_/.-]{0,199}\.wav"))


def checked(kind: Kind, text: str) -> str:
    """The text. Raises AsteriskError where it is no such name."""
    if not kind.pattern.fullmatch(text):
        raise AsteriskError(f"{text[:60]!r} is no {kind.what} that can be given to Asterisk")
    return text
