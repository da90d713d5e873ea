"""One case: what refuses this person now, which rule decides, when it ends. The long way that `judge` spares most."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from ami_dialer.domain.rulebook import RuleKind
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.rules.compliance import caps, consent, questions, telling
from ami_dialer.rules.compliance.ground import Ground
from ami_dialer.rules.compliance.timeline import FAR, Segment

_MICROSECOND = timedelta(microseconds=1)


class Case:
    """A person on their ground at one moment."""

    def __init__(self, ground: Ground, callee: Callee, now: datetime, place: int) -> None:
        """`place` is that of the segment of `now` on the timeline of the ground."""
        self._ground = ground
        self._timeline = ground.timeline
        self._callee = callee
        self._now = now
        self._place = place
        self._segment = ground.timeline.segments[place]
        self._regime = ground.regime(self._segment.law)
        self._limit = now.timestamp() + FAR
        self._changes = [one for one in consent.changes(callee.consent, now) if one.timestamp() <= self._limit]

    def verdict(self) -> Verdict:
        """The decision, with all that goes with it."""
        held = self._held(self._segment, self._now.timestamp())
        refusing = self._refusing(self._segment, self._now, held)
        if not refusing:
            until, rule = self._closes()
            return Verdict(True, rule, until, None, self._regime.asked, exempt=self._regime.exempt)
        lasts = {name: self._released(name, held) for name in refusing}
        rule = max(refusing, key=lasts.__getitem__)
        next_at = None if self._ground.fixed else self._opens()
        why = self._why(rule, lasts[rule], held)
        return Verdict(False, rule, None, next_at, self._regime.asked, refusing, why, self._regime.exempt)

    def _held(self, segment: Segment, moment: float) -> list[caps.Held]:
        return caps.held(self._ground.regime(segment.law).caps, self._callee, self._ground.campaign_id, moment)

    def _consent(self, segment: Segment, moment: datetime) -> tuple[str, ...]:
        return consent.refusing(self._callee, self._ground.scopes, self._ground.regime(segment.law).needs, moment)

    def _refusing(self, segment: Segment, moment: datetime, held: Sequence[caps.Held]) -> tuple[str, ...]:
        """All that refuses at a moment, in the order in which it is asked."""
        names = {*self._ground.fixed, *segment.refusing, *self._consent(segment, moment), *(one.id for one in held)}
        return tuple(name for name in self._ground.regime(segment.law).asked if name in names)

    def _first(self, place: int, until: float, wanted: Callable[[Segment], bool]) -> Segment | None:
        after = self._timeline.first(place, until, wanted)
        return None if after is None else self._timeline.segments[after]

    def _closes(self) -> tuple[datetime | None, str]:
        """When the first rule refuses whoever is allowed now, and which one."""
        moments = list(self._changes)
        place = self._place
        while True:
            law = self._timeline.segments[place].law
            after = self._timeline.first(place + 1, self._limit, _refuses_or_not(law))
            start = math.inf if after is None else self._timeline.starts[after]
            if moments and moments[0].timestamp() < start:
                moment = moments.pop(0)
                segment = self._timeline.segments[self._timeline.later(moment.timestamp())]
            elif after is not None:
                place, moment, segment = after, datetime.fromtimestamp(start, UTC), self._timeline.segments[after]
            else:
                return None, ""
            refusing = self._refusing(segment, moment, self._held(segment, moment.timestamp()))
            if refusing:
                return moment, refusing[0]

    def _opens(self) -> datetime | None:
        """The first moment at which nothing refuses whoever is refused now. None within so many days: never."""
        moment = self._now.timestamp()
        while moment <= self._limit:
            place = self._timeline.later(moment)
            segment = self._timeline.segments[place]
            if segment.refusing:
                opening = self._first(place, self._limit, _is_open)
                if opening is None:
                    return None
                moment = opening.start
                continue
            at = _moment(moment)
            held = self._held(segment, moment)
            unsaid = self._consent(segment, at)
            if not held and not unsaid:
                return at
            # Refused by what was done or said: until enough time has passed, something said ends, or the law changes.
            if held:
                end = max(one.until for one in held)
            else:
                end = next((one.timestamp() for one in self._changes if one > at), math.inf)
                if math.isinf(end) and not questions.QUESTIONS.keys().isdisjoint(unsaid):
                    return None
            change = self._ground.law_change(place, min(end, self._limit))
            moment = end if change is None else self._timeline.starts[change]
        return None

    def _released(self, name: str, held: Sequence[caps.Held]) -> float:
        """When a rule that refuses now would let the call through, if it were the only one."""
        if name in self._ground.fixed:
            return math.inf
        if name in self._segment.refusing:
            opening = self._first(self._place, self._limit, lambda one: name not in one.refusing)
            return math.inf if opening is None else opening.start
        lasts = [one.until for one in held if one.id == name]
        if lasts:
            return max(lasts)
        for moment in self._changes:
            if name not in self._consent(self._segment, moment):
                return moment.timestamp()
        return math.inf

    def _why(self, name: str, until: float, held: Sequence[caps.Held]) -> str:
        """The deciding rule as a sentence. It says nothing of `now`: it holds as long as the verdict does."""
        zones = self._ground.zones
        cap = next((one.cap for one in held if one.id == name), None)
        rule = next((one for one in self._regime.law if one.id == name), None)
        if cap is not None:
            text = telling.cap_text(cap)
        elif rule is None:
            text = telling.wish_text(name, self._ground.policy)
            if fact := telling.fact_text(name, self._callee, self._ground.policy):
                text = f"{fact}; {text}"
            elif name in (questions.HOURS, questions.STATE_HOURS, questions.HOLIDAY, questions.CLOSED_DAY):
                text = f"{text} in {telling.zones_text(zones)}"
        elif rule.kind is RuleKind.CLOSED:
            clocks = self._ground.zones_for(rule.jurisdiction)
            text = f"{telling.closed_text(rule, clocks, self._segment.start, until)} in {rule.jurisdiction}"
        elif rule.kind is RuleKind.HOURS:
            clocks = self._ground.zones_for(rule.jurisdiction)
            text = f"{telling.figure_of(rule)} in {telling.zones_text(clocks)}"
        else:
            text = telling.figure_of(rule)
        return f"{text} ({name})"


def _is_open(segment: Segment) -> bool:
    return not segment.refusing


def _refuses_or_not(law: tuple[int, ...]) -> Callable[[Segment], bool]:
    return lambda segment: bool(segment.refusing) or segment.law != law


def _moment(seconds: float) -> datetime:
    """The first microsecond that is not before."""
    found = datetime.fromtimestamp(seconds, UTC)
    return found if found.timestamp() >= seconds else found + _MICROSECOND
