"""The verdict: may this number be called now, by which rule, until when, and if not, when.

What time and place decide is worked out once for everybody in the same place (`ground`, `timeline`) and kept; what is
known of the one person, calls and consent, is asked each time (`caps`, `consent`); few need the long way (`case`).
"""

from bisect import bisect_right
from datetime import datetime

from ami_dialer.domain.consent import NOTHING_KNOWN
from ami_dialer.domain.place import ZoneSource
from ami_dialer.domain.rulebook import Rulebook
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.rules.compliance import caps
from ami_dialer.rules.compliance.case import Case
from ami_dialer.rules.compliance.ground import Ground, Survey
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.rules.compliance.timeline import FAR, Segment

#: Places that are known at most. A list with more of them costs time, not memory.
_MOST_PLACES = 50_000


class Judge:
    """Gives verdicts for one campaign under one rulebook. Pure but for what it keeps; for one thread."""

    def __init__(self, book: Rulebook, policy: Policy) -> None:
        """Raises ValueError for a rule without the figures of its kind."""
        self._survey = Survey(book, policy)
        self._grounds: dict[tuple[object, ...], Ground] = {}
        self._campaign_id = policy.campaign_id

    @property
    def look_back(self) -> float:
        """Seconds of history that a verdict looks at: what `Callee.history` must cover."""
        return caps.look_back((*self._survey.caps, *self._survey.law_caps.values()))

    @property
    def timelines(self) -> int:
        """How many different places it knows by now."""
        return self._survey.grounds

    def verdict(self, callee: Callee, now: datetime) -> Verdict:
        """May this number be called at `now`? Raises ValueError for a time of day that is no moment."""
        if now.tzinfo is None:
            raise ValueError("`now` has no time zone: a verdict is about a moment")
        ground = self._ground(callee)
        timeline = ground.timeline
        moment = now.timestamp()
        if timeline.start <= moment < timeline.end:
            place = bisect_right(timeline.starts, moment) - 1
        else:
            place = timeline.at(moment)
        segment = timeline.segments[place]
        facts = callee.consent
        if facts.records or facts.reassigned_at is not None:
            return Case(ground, callee, now, place).verdict()
        plain = segment.plain or _plain(ground, place, segment, callee, now)
        if callee.history and (
            not segment.steady or caps.held(ground.regime(segment.law).caps, callee, self._campaign_id, moment)
        ):
            return Case(ground, callee, now, place).verdict()
        return plain

    def counted(self, callee: Callee, now: datetime) -> dict[str, int]:
        """How many earlier calls each cap counted for a verdict at `now`; those that counted none are not in it."""
        ground, moment = self._ground(callee), now.timestamp()
        segment = ground.timeline.segments[ground.timeline.at(moment)]
        return caps.counted(ground.regime(segment.law).caps, callee, self._campaign_id, moment)

    def _ground(self, callee: Callee) -> Ground:
        place, kind = callee.place, callee.kind
        own = place.source is ZoneSource.CONTACT
        key = (place.zones, place.jurisdictions, place.law_clocks, place.country, kind, own)
        ground = self._grounds.get(key)
        if ground is None:
            if len(self._grounds) >= _MOST_PLACES:
                self._grounds.clear()
            ground = self._grounds[key] = self._survey.ground(place, kind)
        return ground


def _plain(ground: Ground, place: int, segment: Segment, callee: Callee, now: datetime) -> Verdict:
    """The verdict on whoever is there and has neither history nor consent. It stays right for the whole segment."""
    bare = callee._replace(history=(), consent=NOTHING_KNOWN, callback=None)
    found = segment.plain = Case(ground, bare, now, place).verdict()
    end = found.until or found.next_at
    until = now.timestamp() + FAR if end is None else end.timestamp()
    segment.steady = ground.law_change(place, until) is None
    return found
