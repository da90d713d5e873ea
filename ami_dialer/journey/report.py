"""Station 10, report: counts what ended, as it ends. SQL has the whole; this is what the live view reads."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.ending import Disposition

#: The rate shown is that of the last minute.
RATE_WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class Tally:
    """What became of the attempts of one run."""

    dispositions: Counter[Disposition] = field(default_factory=Counter)
    attempts: int = 0
    answered: int = 0
    #: Contacts that need no further call, and contacts taken out.
    done: int = 0
    excluded: int = 0
    #: Contacts that came in by live sync.
    synced: int = 0
    #: Claims given back that could not be called in time.
    recycled: int = 0
    #: Calls that were given up while they rang, since their agents had left; and those that were picked up just then.
    withdrawn: int = 0
    withdrawn_answered: int = 0
    #: Contacts that a rule holds back, by the rule and the minute until which it does, as far as this engine knows.
    _held: Counter[tuple[str, datetime]] = field(default_factory=Counter, repr=False)
    _starts: deque[datetime] = field(default_factory=deque, repr=False)

    def started(self, now: datetime) -> None:
        """An attempt began."""
        self._starts.append(now)

    def took_out(self, contacts: int) -> None:
        """So many are not called in this run."""
        self.excluded += contacts

    def put_off(self, rule: str, until: datetime) -> None:
        """A rule lets a contact be called no sooner than then."""
        self._held[rule, until.replace(second=0, microsecond=0) + timedelta(minutes=1)] += 1

    def held(self, now: datetime) -> Counter[str]:
        """How many contacts each rule holds back."""
        found: Counter[str] = Counter()
        for (rule, until), contacts in list(self._held.items()):
            if until > now:
                found[rule] += contacts
            else:
                del self._held[rule, until]
        return found

    def ended(self, attempt: Attempt) -> None:
        """An attempt ended."""
        self.attempts += 1
        if attempt.answered_at is not None:
            self.answered += 1
        if attempt.disposition is not None:
            self.dispositions[attempt.disposition] += 1

    def calls_per_minute(self, now: datetime) -> int:
        """Attempts begun in the last minute."""
        while self._starts and (now - self._starts[0]).total_seconds() > RATE_WINDOW_SECONDS:
            self._starts.popleft()
        return len(self._starts)
