"""What the law makes of the campaigns of a configuration: those that can never dial, and what is probably not meant."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.policy import policy_of
from ami_dialer.config.problems import Path, Problem, nearest
from ami_dialer.config.rulebook import Examination, load
from ami_dialer.config.schema import Config
from ami_dialer.config.yaml_lines import Document
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.region import zones_of
from ami_dialer.domain.rulebook import Certainty, Rulebook, RuleKind, in_force
from ami_dialer.domain.states import states_of, territory
from ami_dialer.rules.compliance.foresight import never_opens, wider_than_law
from ami_dialer.rules.compliance.ground import is_about, is_exempt
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.rules.compliance.telling import day_text, seconds_text

#: Rules, states or reasons that are named; of more the rest is counted.
_NAMED = 4
#: Kinds that decide whether a number may be called; consent does only where the campaign wants any.
_DECIDING = frozenset(
    {RuleKind.HOURS, RuleKind.CLOSED, RuleKind.ATTEMPTS, RuleKind.LOCKOUT, RuleKind.CONVERSATION, RuleKind.CONSENT}
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found."""

    #: Campaigns that can never dial, and exemptions from rules that there are none of.
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    #: Mistakes in rule files; the rules that were adopted last stay in force.
    rule_problems: tuple[Problem, ...]
    #: What is worth knowing and not to be mended.
    notes: tuple[str, ...]


def compliance_advice(document: Document, config: Config, rules: Examination, now: datetime) -> Findings:
    """Look at each campaign under the rules of the files; under the packaged ones where the files hold mistakes."""
    book = rules.rulebook or load(None)
    problems: list[Problem] = []
    unsure: list[Problem] = []
    found: list[tuple[Path, str]] = []
    if rules.problems:
        held = "the rules adopted last stay in force until it is mended"
        found.append((("compliance", "rules"), f"{_amount(len(rules.problems), 'mistake')} in rule files; {held}"))
    for file in rules.empty:
        what = f"{file.name} holds no rules, so that no law of {file.stem.upper()} is kept at all"
        found.append((("compliance", "rules"), f"{what}; take the file away to have the packaged one again"))
    disputed: dict[str, None] = {}
    for name, campaign in config.campaigns.items():
        one = _Campaign(name, campaign, policy_of(0, name, campaign, config), book, now)
        if why := one.never_dials():
            problems.append(document.problem(("campaigns", name, "hours"), f"the campaign can never dial: {why}"))
        else:
            found += one.advice()
            misnamed = [document.problem(path, text) for path, text in one.misnamed()]
            # Of files with mistakes nobody knows which rules they would have.
            (problems if rules.rulebook is not None else unsure).extend(misnamed)
            disputed |= dict.fromkeys(one.disputed())
    notes = []
    if disputed:
        kept = "the stricter figure is kept (ami-dialer rules list --long)"
        notes.append(f"sources disagree about {_named(list(disputed))}, which the campaigns are under; {kept}")
    warnings = (*(document.problem(path, text) for path, text in found), *unsure)
    return Findings(tuple(problems), warnings, rules.problems, tuple(notes))


class _Campaign:
    """One campaign under the rules."""

    def __init__(self, name: str, campaign: Campaign, policy: Policy, book: Rulebook, now: datetime) -> None:
        self._path: Path = ("campaigns", name)
        self._campaign = campaign
        self._policy = policy
        self._book = book
        self._now = now
        self._today = now.date()
        # On the contact's clock all zones are alike.
        zone_matters = policy.zone is not None
        blocked = {state for state, hours in policy.states if hours is None}
        every = _states(policy.countries, all_zones=zone_matters)
        self._countries = _countries(policy.countries, all_zones=zone_matters)
        self._wanted = [place for place in every if blocked.isdisjoint(place.jurisdictions)]
        law = book.for_(frozenset(one for place in self._wanted for one in place.jurisdictions), policy.purpose)
        self._law = [
            rule
            for rule in law
            if in_force(rule, self._today) and is_about(rule, policy) and not is_exempt(rule, policy)
        ]
        self._shut: dict[Place, str] = {}

    def never_dials(self) -> str:
        """Why there is nobody who could ever be called; empty where there is somebody."""
        if not self._policy.countries:
            return "`compliance.countries` names none"
        if not self._wanted:
            return f"`blocked_states` holds every state of {', '.join(sorted(self._policy.countries))}"
        # What a country's law leaves closed is closed in each of its states: quicker, and a plainer reason.
        for places in (self._countries, self._wanted):
            self._shut = never_opens(self._book, self._policy, places, self._now)
            if len(self._shut) == len(places):
                reasons = Counter(map(_without_zone, self._shut.values()))
                [(first, _)] = reasons.most_common(1)
                more = f"; for {_amount(len(reasons) - 1, 'other reason')} elsewhere" if len(reasons) > 1 else ""
                return first + more
        return ""

    def advice(self) -> Iterator[tuple[Path, str]]:
        """Every warning."""
        yield from self._shut_states()
        if self._campaign.hours.model_fields_set:  # nobody asked for more than the law where it is the default
            yield from self._narrowed()
        yield from self._hours()
        yield from self._consent()
        yield from self._times()

    def disputed(self) -> Iterator[str]:
        """Rules that decide for the campaign and that sources disagree about."""
        for rule in self._law:
            needed = rule.kind in _DECIDING and (rule.kind is not RuleKind.CONSENT or self._policy.consent)
            if needed and rule.certainty is Certainty.DISPUTED:
                yield rule.id

    def _shut_states(self) -> Iterator[tuple[Path, str]]:
        if self._shut:
            place, why = next(iter(self._shut.items()))
            states = _named(sorted({_label(each) for each in self._shut}))
            which = f" (here of {_label(place)})" if len(self._shut) > 1 else ""
            mend = "put what is meant so into `blocked_states`"
            yield (*self._path, "hours"), f"nobody can ever be called in {states}: {_without_zone(why)}{which}; {mend}"

    def _narrowed(self) -> Iterator[tuple[Path, str]]:
        """Countries each in a sentence; states only named, as there are dozens."""
        law = {place.jurisdictions for place in self._wanted}
        told = wider_than_law(self._book, self._policy, {one for each in law for one in each}, self._today)
        narrowed = [text for text in told if "is exempt" not in text]
        states = [text.partition(":")[0] for text in narrowed if "-" in text.partition(".")[0]]
        mend = "an entry under `exemptions`, with its reason, frees the campaign of a rule"
        for text in narrowed:
            if "-" not in text.partition(".")[0]:
                yield (*self._path, "hours"), f"beyond the law, {text}; {mend}"
        if states:
            which = f"of {_named(states)}"
            look = "see ami-dialer rules list --kind hours"
            yield (*self._path, "hours"), f"beyond the law {which}, which narrows them there; {look}; {mend}"

    def _hours(self) -> Iterator[tuple[Path, str]]:
        hours = self._campaign.hours
        both = sorted(set(hours.blocked_states) & hours.states.keys())
        for state in both:
            yield (*self._path, "hours", "states", state), "the state is blocked, so its hours have no effect"
        past = [day for day in hours.closed_days if day < self._today]
        if past:
            days = _named([day_text(day) for day in sorted(past)])
            yield (*self._path, "hours", "closed_days"), f"{days}: past already; take what is over out"

    def misnamed(self) -> Iterator[tuple[Path, str]]:
        """Exemptions from what there is not: the campaign would be under a rule that it was meant to be freed of."""
        known = _names_of(self._book)
        for number, exemption in enumerate(self._campaign.exemptions):
            for place, name in enumerate(exemption.rules):
                if name.lower() not in known:
                    close = nearest(name, known)
                    mend = close if close.startswith("; did") else "; ami-dialer rules list names them"
                    path = (*self._path, "exemptions", number, "rules", place)
                    yield path, f"no rule, jurisdiction or kind of rules is named {name!r}{mend}"

    def _consent(self) -> Iterator[tuple[Path, str]]:
        needs = [f"{rule.id} ({rule.needs})" for rule in self._law if rule.kind is RuleKind.CONSENT]
        if needs and not self._policy.consent:
            how = "flows speak with recorded voice" if self._campaign.flow else "the campaign may play recorded voice"
            mend = "set `consent: express` or `written`, or name the rules under `exemptions` with the reason"
            yield (
                (*self._path, "consent"),
                f"{how}, the law wants consent for that ({_named(needs)}), and the campaign asks for none; {mend}",
            )

    def _times(self) -> Iterator[tuple[Path, str]]:
        campaign = self._campaign
        longest = max(
            (rule for rule in self._law if rule.kind is RuleKind.RING and rule.seconds is not None),
            key=lambda rule: rule.seconds or 0.0,
            default=None,
        )
        if longest is not None and longest.seconds is not None and campaign.ring < longest.seconds:
            least = seconds_text(longest.seconds)
            yield (*self._path, "ring"), f"is less than the {least} of {longest.id} ({longest.source}); write more"
        least_wait = campaign.caps.between_calls
        early = [
            reason.value for reason, rule in campaign.retry.rules.items() if rule.max > 0 and rule.after < least_wait
        ]
        if early:
            between = f"`caps.between_calls` is {seconds_text(least_wait)}, and so long it takes"
            yield (*self._path, "retry"), f"{_named(early)}: to be called again sooner, but {between}"


@cache
def _countries(countries: frozenset[str], *, all_zones: bool) -> tuple[Place, ...]:
    """The countries with nothing but their own law, in each of their zones or in one."""
    return tuple(
        Place((zone,), ZoneSource.NUMBER, country, ("US" if territory(country) else country,))
        for country in sorted(countries)
        for zone in zones_of(country)[: None if all_zones else 1]
    )


@cache
def _states(countries: frozenset[str], *, all_zones: bool) -> tuple[Place, ...]:
    """Where numbers of these countries can be: in each state, or in a country as a whole."""
    found: list[Place] = []
    for country in sorted(countries):
        states = [state for state in states_of(country) if state.zones]
        laws = [(state.jurisdictions, state.zones) for state in states] or [((country,), zones_of(country))]
        found += [
            Place((zone,), ZoneSource.STATE, country, law)
            for law, zones in laws
            for zone in zones[: None if all_zones else 1]
        ]
    return tuple(found)


def _without_zone(why: str) -> str:
    """The same reason in many zones is one."""
    return why.rpartition(", in ")[0] or why


def _label(place: Place) -> str:
    return place.jurisdictions[-1] if place.jurisdictions else place.country


def _names_of(book: Rulebook) -> Collection[str]:
    """All that an exemption may name."""
    names = {rule.id for rule in book.rules} | {rule.jurisdiction.lower() for rule in book.rules}
    return names | {kind.value for kind in RuleKind} | {"*"}


def _named(names: Iterable[str]) -> str:
    """`a, b, c`, or the first ones and how many more."""
    every = list(names)
    if len(every) <= _NAMED + 1:
        return ", ".join(every)
    return f"{', '.join(every[:_NAMED])} and {len(every) - _NAMED} more"


def _amount(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
