"""A timeline: from when to when which rules refuse somebody in certain time zones, and since when which law holds.

The wall clock of a zone is cut where it changes its offset, each stretch into local days, each day where a rule begins
or ends to refuse; then the zones are laid over each other. What is left are segments on each of which nothing changes,
so that a verdict is one look into a sorted list. Seconds since 1970 throughout.
"""

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Protocol

from ami_dialer.domain.verdict import Verdict
from ami_dialer.rules.compliance.calendar import Day
from ami_dialer.rules.compliance.offsets import stretches

#: So many seconds are worked out at a time, and a look for the next opening goes so far.
REACH = 4 * 86_400
FAR = 400 * 86_400

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


class Days(Protocol):
    """What is refused on which day."""

    def day(self, ordinal: int) -> Day:
        """The day of this number (`date.toordinal`)."""


class Lane:
    """One clock with its days."""

    def __init__(self, zone: str, days: Days) -> None:
        self.zone = zone
        self.days = days


class Segment:
    """From `start` on these refuse under this law, until the next segment. Keeps what was worked out for it."""

    __slots__ = ("law", "plain", "refusing", "start", "steady")

    def __init__(self, start: int, refusing: frozenset[str], law: tuple[int, ...]) -> None:
        self.start = start
        self.refusing = refusing
        self.law = law
        #: The verdict on whoever has neither history nor consent.
        self.plain: Verdict | None = None
        #: Whether the same law holds until that verdict changes.
        self.steady = False


class Timeline:
    """Begins on the day (UTC) it is asked for, anew for one that it does not reach, and grows on demand."""

    def __init__(self, lanes: tuple[Lane, ...]) -> None:
        self._lanes = lanes
        self.start = self.end = 0
        self.starts: list[int] = []
        self.segments: list[Segment] = []

    def at(self, moment: float) -> int:
        """The place of the segment that a moment lies in."""
        if not self.start <= moment < self.end:
            self._begin(moment)
        return self.later(moment)

    def later(self, moment: float) -> int:
        """The same, for a moment after one that was asked for: the places that were given before stay right."""
        self._reach(moment)
        return bisect_right(self.starts, moment) - 1

    def first(self, place: int, until: float, wanted: Callable[[Segment], bool]) -> int | None:
        """The first segment from `place` on that is wanted, if it begins no later than `until`."""
        while True:
            if place == len(self.segments):
                if self.end > until:
                    return None
                self._reach(self.end)
                continue
            segment = self.segments[place]
            if segment.start > until:
                return None
            if wanted(segment):
                return place
            place += 1

    def end_of(self, place: int) -> int:
        """Where a segment ends, or as far as it has been worked out."""
        return self.starts[place + 1] if place + 1 < len(self.starts) else self.end

    def _begin(self, moment: float) -> None:
        self.start = self.end = int(moment // _DAY) * _DAY
        self.starts.clear()
        self.segments.clear()

    def _reach(self, moment: float) -> None:
        """Work out as far as `moment`, that included."""
        while self.end <= moment:
            for start, refusing, law in _laid_over(self._lanes, self.end, self.end + REACH):
                last = self.segments[-1] if self.segments else None
                if last is None or last.refusing != refusing or last.law != law:
                    self.starts.append(start)
                    self.segments.append(Segment(start, refusing, law))
            self.end += REACH


_Cut = tuple[int, frozenset[str], tuple[int, ...]]


def _laid_over(lanes: tuple[Lane, ...], start: int, end: int) -> list[_Cut]:
    """The segments of all lanes together: what refuses on one of them refuses."""
    # Zones whose clocks run alike are one.
    alike = {(stretches(lane.zone, start, end), id(lane.days)): lane.days for lane in lanes}
    cut = [_cut(days, runs, end) for (runs, _), days in alike.items()]
    if len(cut) == 1:
        return cut[0]
    places = [0] * len(cut)
    found: list[_Cut] = []
    for moment in sorted({start, *(edge[0] for lane in cut for edge in lane)}):
        for number, lane in enumerate(cut):
            while places[number] + 1 < len(lane) and lane[places[number] + 1][0] <= moment:
                places[number] += 1
        now = [lane[place] for lane, place in zip(cut, places, strict=True)]
        found.append((moment, _any(tuple(one[1] for one in now)), _all_law(tuple(one[2] for one in now))))
    return found


@lru_cache(maxsize=4096)
def _any(refusing: tuple[frozenset[str], ...]) -> frozenset[str]:
    return frozenset[str]().union(*refusing)


@lru_cache(maxsize=4096)
def _all_law(law: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(sorted({place for one in law for place in one}))


def _cut(days: Days, runs: tuple[tuple[int, int], ...], end: int) -> list[_Cut]:
    found: list[_Cut] = []
    for (since, offset), until in zip(runs, [run[0] for run in runs[1:]] + [end], strict=True):
        local, local_end = since + offset, until + offset
        for number in range(local // _DAY, (local_end - 1) // _DAY + 1):
            day = days.day(_EPOCH + number)
            midnight = number * _DAY
            for place, (second, refusing) in enumerate(day.pieces):
                ends = day.pieces[place + 1][0] if place + 1 < len(day.pieces) else _DAY
                if midnight + ends > local and midnight + second < local_end:
                    found.append((max(midnight + second, local) - offset, refusing, day.law))
    return found
