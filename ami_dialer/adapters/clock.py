"""The time of this machine."""

import time
from datetime import UTC, datetime

from ami_dialer.ports import Clock


class SystemClock(Clock):
    """Time as the operating system gives it; the one place in the program that asks."""

    def now(self) -> datetime:
        """The time now, in UTC, aware."""
        return datetime.now(UTC)  # noqa: TID251 - everybody else takes `now` or a Clock

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
