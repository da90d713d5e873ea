"""What a verdict stands on for everybody of one place and kind of number: their timeline and what is asked when."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from ami_dialer.domain.consent import Strength
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.rulebook import Rule, Rulebook, RuleKind
from ami_dialer.rules.compliance import caps, consent, questions
from ami_dialer.rules.compliance.calendar import Calendar, LawOfState, NoClock, Windows, has_windows
from ami_dialer.rules.compliance.policy import Exemption, Holidays, Policy
from ami_dialer.rules.compliance.timeline import Lane, Timeline

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_TIMED = frozenset({RuleKind.HOURS, RuleKind.CLOSED})
_COUNTING = frozenset({RuleKind.ATTEMPTS, RuleKind.LOCKOUT, RuleKind.CONVERSATION})
_ASKED = _TIMED | _COUNTING | {RuleKind.CONSENT}
#: Grounds that are kept at most: some 10 kB each.
_MOST_GROUNDS = 10_000


class Regime(NamedTuple):
    """What is asked as long as the same rules of law are in force."""

    law: tuple[Rule, ...]
    asked: tuple[str, ...]
    exempt: tuple[str, ...]
    caps: tuple[caps.Counted, ...]
    needs: tuple[consent.Need, ...]


class Bounds(NamedTuple):
    """What tells one ground from another. Thousands of places have some hundred, as most states have no law."""

    zones: tuple[str, ...]
    #: Those whose law or hours count for the campaign.
    jurisdictions: tuple[str, ...]
    #: On whose clock contactable timings are, where that is not the contact's.
    windows: tuple[str, ...]
    #: States whose law of the time of day is asked on other clocks too.
    law_clocks: tuple[tuple[str, tuple[str, ...]], ...]
    #: What refuses whatever the time.
    fixed: tuple[str, ...]
    #: Country and kind, where they refuse: the reason names them.
    why: tuple[str, ...]


class Ground:
    """What all those stand on for whom the same is asked."""

    __slots__ = (
        "_changes",
        "_law_clocks",
        "_regimes",
        "_survey",
        "campaign_id",
        "fixed",
        "law",
        "policy",
        "scopes",
        "timeline",
        "zones",
    )

    def __init__(self, survey: "Survey", bounds: Bounds) -> None:
        self._survey = survey
        self._regimes: dict[tuple[int, ...], Regime] = {}
        self.policy = survey.policy
        self.campaign_id = self.policy.campaign_id
        self.scopes = survey.scopes
        self.zones = bounds.zones
        self.fixed = bounds.fixed
        self._law_clocks = dict(bounds.law_clocks)
        self.law = survey.law_of(bounds.jurisdictions)
        self.timeline = Timeline(survey.lanes(bounds, self.law))
        days = {day for rule in self.law for day in (rule.effective, rule.ends) if day is not None}
        self._changes = sorted((day.toordinal() - _EPOCH) * _DAY for day in days)

    def zones_for(self, jurisdiction: str) -> tuple[str, ...]:
        """The zones in which its law is asked."""
        return tuple(dict.fromkeys((*self.zones, *self._law_clocks.get(jurisdiction, ()))))

    def regime(self, law: tuple[int, ...]) -> Regime:
        """What is asked under this law: places of rules in `self.law`, as segments have them."""
        found = self._regimes.get(law)
        if found is None:
            rules = tuple(self.law[place] for place in law)
            found = self._regimes[law] = self._survey.regime(rules, on_a_clock=bool(self.zones))
        return found

    def law_change(self, place: int, until: float) -> int | None:
        """The first segment after that at `place` with other law than there, if it begins no later than `until`."""
        first = bisect_left(self._changes, self.timeline.starts[place] - _DAY)
        if first == len(self._changes) or self._changes[first] > until + _DAY:
            return None  # no rule begins or ends on any of these days, wherever
        law = self.timeline.segments[place].law
        return self.timeline.first(place + 1, until, lambda one: one.law != law)


class Survey:
    """Lays the ground for the verdicts of one campaign under one rulebook, and keeps what places have in common."""

    def __init__(self, book: Rulebook, policy: Policy) -> None:
        """Raises ValueError for a rule without the figures of its kind."""
        self.book = book
        self.policy = policy
        self.scopes = consent.scopes_of(policy)
        self.caps = caps.of_policy(policy)
        self._free = frozenset(rule.id for rule in book.rules if is_exempt(rule, policy))
        binding = [rule for rule in book.rules if is_about(rule, policy) and rule.id not in self._free]
        self.law_caps = {id(rule): cap for rule in binding if (cap := caps.of_law(rule)) is not None}
        self._windows = Windows(policy)
        self._calendars: dict[tuple[tuple[str, ...], bool], Calendar] = {}
        self._of_states: dict[tuple[tuple[str, ...], str], LawOfState] = {}
        self._grounds: dict[Bounds, Ground] = {}
        self._asked_of = frozenset(
            rule.jurisdiction for rule in book.rules if rule.kind in _ASKED and is_about(rule, policy)
        )
        #: Jurisdictions that make a difference; None: all, as each has its holidays.
        self._matter: frozenset[str] | None = None
        if policy.holidays is not Holidays.ALL:
            self._matter = self._asked_of | {state for state, _ in policy.states}

    @property
    def grounds(self) -> int:
        """How many are kept."""
        return len(self._grounds)

    def ground(self, place: Place, kind: NumberKind) -> Ground:
        """The ground for a place and a kind of number; the same one for places that are judged alike."""
        bounds = self._bounds(place, kind)
        found = self._grounds.get(bounds)
        if found is None:
            if len(self._grounds) >= _MOST_GROUNDS:
                self._grounds.clear()
            found = self._grounds[bounds] = Ground(self, bounds)
        return found

    def law_of(self, jurisdictions: tuple[str, ...]) -> tuple[Rule, ...]:
        """The rules that decide about calls there, at whatever time."""
        return law_of(self.book, self.policy, jurisdictions)

    def lanes(self, bounds: Bounds, law: tuple[Rule, ...]) -> tuple[Lane, ...]:
        """The clocks that a place is judged by."""
        if not bounds.zones:
            return (Lane("UTC", NoClock(law)),)
        own = has_windows(self.policy) and not bounds.windows
        calendar = self._calendars.get((bounds.jurisdictions, own))
        if calendar is None:
            calendar = Calendar(self.policy, bounds.jurisdictions, law, self._free, windows=own)
            self._calendars[bounds.jurisdictions, own] = calendar
        return (
            *(Lane(zone, calendar) for zone in bounds.zones),
            *(Lane(zone, self._windows) for zone in bounds.windows),
            *self._law_lanes(bounds, law),
        )

    def _law_lanes(self, bounds: Bounds, law: tuple[Rule, ...]) -> Iterator[Lane]:
        for state, zones in bounds.law_clocks:
            days = self._of_states.get((bounds.jurisdictions, state))
            if days is None:  # places in the law are those of these jurisdictions
                days = self._of_states[bounds.jurisdictions, state] = LawOfState(state, law, self._free)
            yield from (Lane(zone, days) for zone in zones)

    def _bounds(self, place: Place, kind: NumberKind) -> Bounds:
        policy = self.policy
        zones = zones_of(place, policy)
        windows = window_zones(place, zones, policy) if has_windows(policy) else zones
        fixed = tuple(_fixed(policy, place, kind, zones))
        return Bounds(
            zones=zones,
            jurisdictions=tuple(one for one in place.jurisdictions if self._matter is None or one in self._matter),
            windows=() if windows == zones else windows,
            law_clocks=tuple(one for one in place.law_clocks if one[0] in self._asked_of) if zones else (),
            fixed=fixed,
            why=(
                place.country if questions.COUNTRY in fixed else "",
                kind.value if questions.KIND in fixed else "",
            ),
        )

    def regime(self, rules: tuple[Rule, ...], *, on_a_clock: bool) -> Regime:
        """What is asked under these rules; nothing of the time of day without a clock."""
        policy, needs = self.policy, list[consent.Need]()
        kinds = (_TIMED if on_a_clock else frozenset()) | ({RuleKind.CONSENT} if policy.consent else frozenset())
        about_now = [rule for rule in rules if rule.kind in kinds]
        counting = [rule for rule in rules if rule.kind in _COUNTING]
        asked = [questions.COUNTRY, questions.KIND, questions.UNKNOWN_ZONE]
        if any(hours is None for _, hours in policy.states):
            asked.append(questions.BLOCKED_STATE)
        asked += [questions.REVOKED, questions.REASSIGNED]
        if policy.consent:
            asked += [questions.REQUIRED, questions.EXPIRED]
            needs.append(consent.Need(questions.REQUIRED, policy.consent == Strength.WRITTEN))
            needs += [
                consent.Need(rule.id, rule.needs == Strength.WRITTEN)
                for rule in about_now
                if rule.kind is RuleKind.CONSENT and rule.id not in self._free
            ]
        asked += [rule.id for rule in about_now]
        if on_a_clock:
            asked += _wishes(policy)
        asked += [rule.id for rule in counting]
        asked += [cap.id for cap in self.caps]
        law_caps = [self.law_caps[id(rule)] for rule in counting if rule.id not in self._free]
        return Regime(
            law=rules,
            asked=tuple(dict.fromkeys(asked)),
            exempt=tuple(dict.fromkeys(rule.id for rule in about_now + counting if rule.id in self._free)),
            caps=(*law_caps, *self.caps),
            needs=tuple(needs),
        )


def is_about(rule: Rule, policy: Policy) -> bool:
    """Whether a rule is about calls as the campaign makes them, wherever they go."""
    return policy.purpose in rule.purposes and (policy.recorded or not rule.recorded)


def law_of(book: Rulebook, policy: Policy, jurisdictions: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that decide about the campaign's calls in these jurisdictions, at whatever time."""
    rules = book.for_(frozenset(jurisdictions), policy.purpose)
    return tuple(rule for rule in rules if rule.kind in _ASKED and is_about(rule, policy))


def unasked(book: Rulebook, policy: Policy, jurisdictions: Iterable[str]) -> tuple[Rule, ...]:
    """The law's rules about consent that bind the campaign's calls there and that it does not have asked."""
    if policy.consent:
        return ()
    rules = law_of(book, policy, jurisdictions)
    return tuple(rule for rule in rules if rule.kind is RuleKind.CONSENT and not is_exempt(rule, policy))


def is_exempt(rule: Rule, policy: Policy) -> bool:
    """Whether a campaign is freed of a rule of law: by its id, its jurisdiction, its kind or altogether."""
    return exemption_of(rule, policy) is not None


def exemption_of(rule: Rule, policy: Policy) -> Exemption | None:
    """The first exemption that frees a campaign of a rule."""
    names = {"*", rule.id.lower(), rule.jurisdiction.lower(), rule.kind.value}
    return next((one for one in policy.exemptions if any(name.lower() in names for name in one.rules)), None)


def zones_of(place: Place, policy: Policy) -> tuple[str, ...]:
    """The zones that somebody is judged by; none where nobody knows and the administrator says none."""
    return place.zones or ((policy.unknown_zone,) if policy.unknown_zone else ())


def law_zones_of(place: Place, policy: Policy, jurisdiction: str) -> tuple[str, ...]:
    """The zones in which the law of a jurisdiction is asked: those of the place, and of what pointed to the state."""
    zones = zones_of(place, policy)
    return tuple(dict.fromkeys((*zones, *dict(place.law_clocks).get(jurisdiction, ())))) if zones else ()


def window_zones(place: Place, zones: tuple[str, ...], policy: Policy) -> tuple[str, ...]:
    """Whose clock contactable timings are on: a contact's own zone goes before the campaign's."""
    return zones if policy.zone is None or place.source is ZoneSource.CONTACT else (policy.zone,)


def _fixed(policy: Policy, place: Place, kind: NumberKind, zones: tuple[str, ...]) -> Iterator[str]:
    if place.country not in policy.countries:
        yield questions.COUNTRY
    if kind not in policy.kinds:
        yield questions.KIND
    if not zones:
        yield questions.UNKNOWN_ZONE
    if any(hours is None and state in place.jurisdictions for state, hours in policy.states):
        yield questions.BLOCKED_STATE


def _wishes(policy: Policy) -> Iterator[str]:
    """What the campaign wants of time, as far as it wants anything."""
    yield questions.HOURS
    if any(hours is not None for _, hours in policy.states):
        yield questions.STATE_HOURS
    if has_windows(policy):
        yield questions.WINDOWS
    if policy.closed_days:
        yield questions.CLOSED_DAY
    if policy.holidays is Holidays.ALL:
        yield questions.HOLIDAY
