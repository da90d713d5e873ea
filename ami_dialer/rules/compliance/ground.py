"""What a verdict stands on for everybody of one place and kind of number: their timeline and what is asked when."""

from collections.abc import Iterator
from typing import NamedTuple

from ami_dialer.domain.consent import Strength
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.rulebook import Rule, Rulebook, RuleKind
from ami_dialer.rules.compliance import caps, consent, questions
from ami_dialer.rules.compliance.calendar import Calendar, NoClock, Windows, has_windows
from ami_dialer.rules.compliance.policy import Holidays, Policy
from ami_dialer.rules.compliance.timeline import Lane, Timeline

_TIMED = frozenset({RuleKind.HOURS, RuleKind.CLOSED})
_COUNTING = frozenset({RuleKind.ATTEMPTS, RuleKind.LOCKOUT, RuleKind.CONVERSATION})


class Regime(NamedTuple):
    """What is asked as long as the same rules of law are in force."""

    law: tuple[Rule, ...]
    asked: tuple[str, ...]
    exempt: tuple[str, ...]
    caps: tuple[caps.Counted, ...]
    needs: tuple[consent.Need, ...]


class Ground:
    """One place and kind of number, for one campaign."""

    __slots__ = ("_regimes", "_survey", "campaign_id", "fixed", "law", "policy", "scopes", "timeline", "zones")

    def __init__(self, survey: "Survey", place: Place, kind: NumberKind) -> None:
        self._survey = survey
        self._regimes: dict[tuple[int, ...], Regime] = {}
        self.policy = survey.policy
        self.campaign_id = self.policy.campaign_id
        self.scopes = survey.scopes
        self.zones = zones_of(place, self.policy)
        self.law = survey.book.for_(frozenset(place.jurisdictions), self.policy.purpose)
        #: What refuses whatever the time.
        self.fixed = tuple(_fixed(self.policy, place, kind, self.zones))
        self.timeline = Timeline(survey.lanes(place, self.zones, self.law))

    def regime(self, law: tuple[int, ...]) -> Regime:
        """What is asked under this law: places of rules in `self.law`, as segments have them."""
        found = self._regimes.get(law)
        if found is None:
            rules = tuple(self.law[place] for place in law)
            found = self._regimes[law] = self._survey.regime(rules, on_a_clock=bool(self.zones))
        return found


class Survey:
    """Lays the ground for the verdicts of one campaign under one rulebook, and keeps what places have in common."""

    def __init__(self, book: Rulebook, policy: Policy) -> None:
        """Raises ValueError for a rule without the figures of its kind."""
        self.book = book
        self.policy = policy
        self.scopes = consent.scopes_of(policy)
        self.caps = caps.of_policy(policy)
        self.law_caps = {id(rule): cap for rule in book.rules if (cap := caps.of_law(rule)) is not None}
        self._free = frozenset(rule.id for rule in book.rules if is_exempt(rule, policy))
        self._windows = Windows(policy)
        self._calendars: dict[tuple[str, ...], Calendar] = {}

    def lanes(self, place: Place, zones: tuple[str, ...], law: tuple[Rule, ...]) -> tuple[Lane, ...]:
        """The clocks that a place is judged by."""
        if not zones:
            return (Lane("UTC", NoClock(law)),)
        calendar = self._calendars.get(place.jurisdictions)
        if calendar is None:
            calendar = Calendar(self.policy, place.jurisdictions, law, self._free)
            self._calendars[place.jurisdictions] = calendar
        lanes = [Lane(zone, calendar) for zone in zones]
        if has_windows(self.policy):
            lanes += [Lane(zone, self._windows) for zone in window_zones(place, zones, self.policy)]
        return tuple(lanes)

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


def is_exempt(rule: Rule, policy: Policy) -> bool:
    """Whether a campaign is freed of a rule of law: by its id, its jurisdiction, its kind or altogether."""
    names = {name.lower() for exemption in policy.exemptions for name in exemption.rules}
    return not names.isdisjoint({"*", rule.id.lower(), rule.jurisdiction.lower(), rule.kind.value})


def zones_of(place: Place, policy: Policy) -> tuple[str, ...]:
    """The zones that somebody is judged by; none where nobody knows and the administrator says none."""
    return place.zones or ((policy.unknown_zone,) if policy.unknown_zone else ())


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
