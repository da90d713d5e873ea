"""What the world received: its own log tells, so that the dialer's word need not be taken for it."""

import re
from collections import Counter

from .files import INSTANCES
from .settings import LabSettings

_WORLD = INSTANCES[0]
#: The first line of the world's dialplan for each call; `verbose` of the settings writes it.
_CALL = re.compile(r"Executing \[\+?1?(\d{10})@from-pbx:1\]")


def calls_received(settings: LabSettings) -> Counter[str]:
    """How often each number (E.164) of the lab was called since it was started. Needs `verbose` in the settings."""
    received: Counter[str] = Counter()
    log = settings.home / _WORLD / "log" / "full"
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if match := _CALL.search(line):
                received[f"+1{match[1]}"] += 1
    return received
