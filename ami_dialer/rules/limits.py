"""Limits on calls: how many at once, and how many a second."""

from dataclasses import dataclass, field

#: Room where there is no limit: more calls than any dialer makes.
UNBOUNDED = 1_000_000


@dataclass(slots=True)
class CallLimit:
    """So many calls at once, so many new ones a second, for one server, trunk or campaign, or for all of them.

    The rate is a token bucket that holds a tenth of a second's worth, at least one call: a pause of the dialer is
    not made good by a burst that a carrier would refuse.
    """

    name: str
    #: 0: no limit on calls at once.
    max_calls: int
    #: None: no limit on the rate.
    calls_per_second: float | None = None
    in_progress: int = 0
    _tokens: float = field(default=1.0, repr=False)
    _filled_at: float | None = field(default=None, repr=False)

    @property
    def full(self) -> bool:
        """Whether no further call may go on at once."""
        return bool(self.max_calls) and self.in_progress >= self.max_calls

    def room(self, now: float) -> int:
        """How many calls may start at `now` (monotonic seconds); `UNBOUNDED` where nothing limits them."""
        free = max(0, self.max_calls - self.in_progress) if self.max_calls else UNBOUNDED
        if self.calls_per_second is None:
            return free
        self._fill(now)
        return min(free, int(self._tokens + 1e-9))

    def wait(self, now: float) -> float:
        """Seconds until the rate allows another call; 0 when it does now. Says nothing of calls at once."""
        if self.calls_per_second is None:
            return 0.0
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self.calls_per_second)

    def take(self, now: float) -> None:
        """A call starts."""
        self.in_progress += 1
        if self.calls_per_second is not None:
            self._fill(now)
            self._tokens -= 1.0

    def adopt(self) -> None:
        """A call that another engine started goes on: it takes a place, but nothing of the rate."""
        self.in_progress += 1

    def give_back(self) -> None:
        """A call is over."""
        self.in_progress -= 1

    def _fill(self, now: float) -> None:
        rate = self.calls_per_second or 0.0
        most = max(1.0, rate / 10)
        if self._filled_at is not None:
            self._tokens = min(most, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
