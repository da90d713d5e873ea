"""Rules of law as data: which figure, for whom, since when, from which source. `config/rulebook.py` reads them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

#: Minutes of a day.
DAY = 24 * 60

#: For each weekday, Monday first: spans of minutes after midnight on the wall clock, [start, end), sorted, apart.
Week = tuple[tuple[tuple[int, int], ...], ...]

ALWAYS: Week = (((0, DAY),),) * 7


class Purpose(StrEnum):
    """What a campaign calls for; the law tells these apart."""

    SALES = "sales"
    FUNDRAISING = "fundraising"
    COLLECTION = "collection"
    SURVEY = "survey"
    #: Appointments, deliveries, service: nothing is sold.
    INFORMATION = "information"


class RuleKind(StrEnum):
    """What a rule is about. The first six decide whether a number may be called now; the others are kept elsewhere."""

    #: Calls only within `week`, on the wall clock of whoever is called.
    HOURS = "hours"
    #: No calls on `holidays`, `dates` and `yearly`.
    CLOSED = "closed"
    #: At most `most` calls within `seconds`.
    ATTEMPTS = "attempts"
    #: After an abandoned call none for `seconds`.
    LOCKOUT = "lockout"
    #: After a call that a person answered none for `seconds`.
    CONVERSATION = "conversation"
    #: A campaign that plays recorded voice needs the consent `needs`.
    CONSENT = "consent"
    #: Of the calls answered live within `seconds`, the share `most` may be abandoned; `connect`: time to an agent.
    ABANDONMENT = "abandonment"
    #: Let it ring at least `seconds`.
    RING = "ring"
    #: A revocation is honoured within `seconds`, or `business_days`.
    REVOCATION = "revocation"
    #: What else the law asks for, for people to read.
    DUTY = "duty"


class Per(StrEnum):
    """Whose calls are counted."""

    NUMBER = "number"
    CONTACT = "contact"


class Scope(StrEnum):
    """Which calls are counted."""

    CAMPAIGN = "campaign"
    #: Of all campaigns together.
    ALL = "all"


class Certainty(StrEnum):
    """How far a figure has been checked."""

    #: Read in the text of the law or a regulator's page.
    VERIFIED = "verified"
    #: From secondary sources that agree.
    REPORTED = "reported"
    #: Sources disagree; the stricter figure is taken, and `note` says so.
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of one jurisdiction."""

    #: Stable: the jurisdiction in lower case, a dot, a word. `us-fl.hours`
    id: str
    #: ISO 3166: `US`, `US-FL`.
    jurisdiction: str
    kind: RuleKind
    purposes: frozenset[Purpose]
    #: For people, a sentence without a figure that the fields below do not have.
    says: str
    source: str
    url: str
    #: In force from this day on, at the called party.
    effective: date
    #: In force no more from this day on; None: no end is known.
    ends: date | None
    #: When somebody last looked at the source.
    checked: date
    certainty: Certainty
    note: str = ""
    #: Only about calls that play recorded or artificial voice; who cannot tell takes it for all calls.
    recorded: bool = False
    week: Week = ALWAYS
    #: Names as the holidays package gives them for the jurisdiction; `*` for all of them.
    holidays: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    #: Days of every year, as month and day.
    yearly: tuple[tuple[int, int], ...] = ()
    #: Calls, or a share between 0 and 1.
    most: float | None = None
    seconds: float | None = None
    connect: float | None = None
    #: `connect` runs from the answer, not from the end of the greeting.
    from_answer: bool = False
    business_days: int | None = None
    per: Per = Per.NUMBER
    scope: Scope = Scope.ALL
    #: `express` or `written`.
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules that are known, past and coming ones included."""

    #: Sorted by jurisdiction and id; an id occurs again where a rule has changed over time.
    rules: tuple[Rule, ...]
    #: Of what the rules say; names this version.
    digest: str

    def for_(self, jurisdictions: frozenset[str], purpose: Purpose) -> tuple[Rule, ...]:
        """The rules of these jurisdictions for calls of this purpose, at whatever time."""
        return tuple(rule for rule in self.rules if rule.jurisdiction in jurisdictions and purpose in rule.purposes)

    def at(self, day: date) -> tuple[Rule, ...]:
        """The rules in force on a day."""
        return tuple(rule for rule in self.rules if in_force(rule, day))


def in_force(rule: Rule, day: date) -> bool:
    """Whether a rule holds on a day."""
    return rule.effective <= day and (rule.ends is None or day < rule.ends)
