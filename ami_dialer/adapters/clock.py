"""The time of this machine."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import available_timezones

from ami_dialer.ports import Clock


class SystemClock(Clock):
    """Time as the operating system gives it; the one place in the program that asks."""

    def now(self) -> datetime:
        """The time now, in UTC, aware."""
        return datetime.now(UTC)  # noqa: TID251 - everybody else takes `now` or a Clock

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


def machine_zone() -> str:
    """The time zone of this machine, as the tz database names it; UTC where it does not say."""
    named = os.environ.get("TZ", "").lstrip(":")
    if not named:
        try:
            named = str(Path("/etc/localtime").resolve(strict=True)).partition("/zoneinfo/")[2]
        except OSError:
            named = ""
    named = named.removeprefix("posix/").removeprefix("right/")
    return named if named in available_timezones() else "UTC"
