"""The ledger of abandonment: what became of each call that was answered, and counts of them by the hour."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

#: Seconds. Counts are kept by the hour: a window holds each hour of which any part is in it.
HOUR = 3_600


class AnswerOutcome(StrEnum):
    """What became of a call that was answered."""

    #: A person, whom somebody or something talked to in time.
    CONNECTED = "connected"
    #: A person, whom nobody and nothing talked to in time.
    ABANDONED = "abandoned"
    #: A person, who hung up before the time was over.
    LEFT = "left"
    #: AMD took it for a machine, or heard nothing; now and then that is a person, who was hung up on.
    MACHINE = "machine"


class AnsweredCall(NamedTuple):
    """One row of the ledger."""

    attempt_id: str
    campaign_id: int
    #: When it was answered.
    at: datetime
    outcome: AnswerOutcome
    #: Milliseconds from the end of the greeting to whoever or whatever talked to the person; None where nobody did.
    delay_ms: int | None


class Counts(NamedTuple):
    """Answered calls by what became of them."""

    connected: int = 0
    abandoned: int = 0
    left: int = 0
    machine: int = 0

    def plus(self, outcome: AnswerOutcome, calls: int = 1) -> "Counts":
        """With so many more."""
        return self._replace(**{outcome.value: getattr(self, outcome.value) + calls})

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(tuple(self))


def total(counts: Iterable[Counts]) -> Counts:
    """All together."""
    found = Counts()
    for each in counts:
        found = Counts(*(mine + theirs for mine, theirs in zip(found, each, strict=True)))
    return found


class Ledger:
    """Answered calls of a campaign by the hour, as far back as its longest window. A cache of SQL's."""

    def __init__(self, hours: Iterable[tuple[int, AnswerOutcome, int]] = (), first_at: datetime | None = None) -> None:
        """`hours`: hour since 1970, outcome, calls. `first_at`: when the campaign's first call was answered, ever."""
        self._hours: dict[int, Counts] = {}
        #: Sums from an hour on, so that a look costs no walk through the hours.
        self._sums: dict[int, Counts] = {}
        self.first_at = first_at
        for hour, outcome, calls in hours:
            self._hours[hour] = self._hours.get(hour, Counts()).plus(outcome, calls)

    def add(self, at: datetime, outcome: AnswerOutcome) -> None:
        """One more call."""
        hour = hour_of(at)
        self._hours[hour] = self._hours.get(hour, Counts()).plus(outcome)
        self._sums = {first: sums.plus(outcome) if first <= hour else sums for first, sums in self._sums.items()}
        if self.first_at is None or at < self.first_at:
            self.first_at = at

    def since(self, moment: datetime) -> Counts:
        """Of this moment's hour and all later ones."""
        first = hour_of(moment)
        if first not in self._sums:
            if len(self._sums) >= 16:  # the hours have moved on
                self._sums.clear()
            self._sums[first] = total(counts for hour, counts in self._hours.items() if hour >= first)
        return self._sums[first]

    def hours(self, since: datetime) -> Iterator[tuple[datetime, Counts]]:
        """The hours of `since` and later that have calls, each with the moment it ends, the oldest first."""
        first = hour_of(since)
        for hour in sorted(hour for hour in self._hours if hour >= first):
            yield datetime.fromtimestamp((hour + 1) * HOUR, since.tzinfo), self._hours[hour]

    def forget(self, before: datetime) -> None:
        """Drop the hours that ended before this moment."""
        first = hour_of(before)
        self._hours = {hour: counts for hour, counts in self._hours.items() if hour >= first}
        self._sums.clear()


def hour_of(moment: datetime) -> int:
    """Hours since 1970."""
    return int(moment.timestamp() // HOUR)
