"""The days of a calendar: which rules refuse at which time of day. No time zone here; `timeline` lays days out."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from ami_dialer.domain.rulebook import ALWAYS, DAY, Rule, RuleKind, in_force
from ami_dialer.rules.compliance import closed_days, questions
from ami_dialer.rules.compliance.policy import Holidays, Policy

#: Minutes after midnight, [start, end), sorted, apart.
Spans = tuple[tuple[int, int], ...]
#: From this second of the day on these refuse.
Piece = tuple[int, frozenset[str]]

_WHOLE_DAY: Spans = ((0, DAY),)
_NOBODY: frozenset[str] = frozenset()


class Day(NamedTuple):
    """One day on the wall clock."""

    pieces: tuple[Piece, ...]
    """The first one begins at midnight; neighbours differ."""
    law: tuple[int, ...]
    """Places of the rules that are in force on the day, in the law that was given."""


class Calendar:
    """The days of those who are called: under the law of their jurisdictions and as the campaign wants it."""

    def __init__(
        self,
        policy: Policy,
        jurisdictions: tuple[str, ...],
        law: tuple[Rule, ...],
        free: frozenset[str],
        *,
        windows: bool,
    ) -> None:
        """`law` is what applies there, at whatever time; `free` the ids of rules that the campaign is exempt of.

        `windows`: contactable timings are on this calendar too.
        """
        self._policy = policy
        self._windows = windows
        self._jurisdictions = jurisdictions
        self._law = law
        self._free = free
        states = [hours for state, hours in policy.states if state in jurisdictions]
        # A state without hours is blocked, which is no matter of time: `ground` sees to it.
        self._states = [span(*hours) for hours in states if hours is not None]
        self._days: dict[int, Day] = {}

    def day(self, ordinal: int) -> Day:
        """The day of this number (`date.toordinal`)."""
        found = self._days.get(ordinal)
        if found is None:
            day = date.fromordinal(ordinal)
            law = tuple(place for place, rule in enumerate(self._law) if in_force(rule, day))
            found = self._days[ordinal] = Day(pieces(self._open(day, law)), law)
        return found

    def _open(self, day: date, law: tuple[int, ...]) -> dict[str, list[Spans]]:
        """The spans that each rule leaves open."""
        policy = self._policy
        found: dict[str, list[Spans]] = {}
        _lay_law((self._law[place] for place in law), self._free, day, found)
        found[questions.HOURS] = [span(policy.earliest, policy.latest)]
        if self._windows:
            found[questions.WINDOWS] = [policy.week[day.weekday()]]
        if self._states:
            found[questions.STATE_HOURS] = self._states
        if day in policy.closed_days:
            found[questions.CLOSED_DAY] = [()]
        if policy.holidays is Holidays.ALL and any(
            day in closed_days.public_holidays(one, day.year) for one in self._jurisdictions
        ):
            found[questions.HOLIDAY] = [()]
        return found


class LawOfState:
    """The days of one state's law alone, where it is asked on another clock than that of whoever is called."""

    def __init__(self, state: str, law: tuple[Rule, ...], free: frozenset[str]) -> None:
        """`law` is all that applies to whoever is called, so that places in it are those of other calendars."""
        self._law = tuple((place, rule) for place, rule in enumerate(law) if rule.jurisdiction == state)
        self._free = free
        self._days: dict[int, Day] = {}

    def day(self, ordinal: int) -> Day:
        """The day of this number (`date.toordinal`)."""
        found = self._days.get(ordinal)
        if found is None:
            day = date.fromordinal(ordinal)
            law = [(place, rule) for place, rule in self._law if in_force(rule, day)]
            spans: dict[str, list[Spans]] = {}
            _lay_law((rule for _, rule in law), self._free, day, spans)
            found = self._days[ordinal] = Day(pieces(spans), tuple(place for place, _ in law))
        return found


class NoClock:
    """The days of those whose time nobody knows: no rule about it can be asked, only which law there is."""

    def __init__(self, law: tuple[Rule, ...]) -> None:
        self._law = law

    def day(self, ordinal: int) -> Day:
        """The day of this number (`date.toordinal`)."""
        day = date.fromordinal(ordinal)
        return Day(((0, _NOBODY),), tuple(place for place, rule in enumerate(self._law) if in_force(rule, day)))


class Windows:
    """The days of the campaign's contactable timings, where they are on another clock than the contact's."""

    def __init__(self, policy: Policy) -> None:
        self._days = [Day(pieces({questions.WINDOWS: [spans]}), ()) for spans in policy.week]

    def day(self, ordinal: int) -> Day:
        """The day of this number (`date.toordinal`)."""
        return self._days[(ordinal + 6) % 7]


def _lay_law(rules: Iterable[Rule], free: frozenset[str], day: date, found: dict[str, list[Spans]]) -> None:
    """Put the spans that the law leaves open into `found`."""
    for rule in rules:
        if rule.id not in free:
            if rule.kind is RuleKind.HOURS:
                found.setdefault(rule.id, []).append(rule.week[day.weekday()])
            elif rule.kind is RuleKind.CLOSED and is_closed(rule, day):
                found[rule.id] = [()]


def is_closed(rule: Rule, day: date) -> bool:
    """Whether a rule of the kind `closed` names the day."""
    if day in rule.dates or (day.month, day.day) in rule.yearly:
        return True
    return bool(rule.holidays) and day in closed_days.closed(rule.jurisdiction, rule.holidays, day.year)


def span(start: int, end: int) -> Spans:
    """One span; none where it ends before it starts."""
    return ((start, end),) if start < end else ()


def pieces(by_rule: Mapping[str, list[Spans]]) -> tuple[Piece, ...]:
    """The day cut where a rule begins or ends to refuse. A rule lets through what all of its entries leave open."""
    shut = {name: entries for name, entries in by_rule.items() if any(spans != _WHOLE_DAY for spans in entries)}
    edges = {0} | {edge for entries in shut.values() for spans in entries for one in spans for edge in one}
    found: list[Piece] = []
    for edge in sorted(edges - {DAY}):
        refusing = frozenset(
            name
            for name, entries in shut.items()
            if not all(any(start <= edge < end for start, end in spans) for spans in entries)
        )
        if not found or found[-1][1] != refusing:
            found.append((edge * 60, refusing or _NOBODY))
    return tuple(found)


def has_windows(policy: Policy) -> bool:
    """Whether the campaign has contactable timings at all."""
    return policy.week != ALWAYS
