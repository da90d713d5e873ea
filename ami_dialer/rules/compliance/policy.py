"""What the administrator and the campaign want, beside the law, as plain values: `config/compliance.py` makes it."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.rulebook import ALWAYS, Per, Purpose, Scope, Week


class Holidays(StrEnum):
    """On which holidays a campaign does not call."""

    #: On those on which the law forbids it.
    PROHIBITED = "prohibited"
    #: On every public holiday of the contact's country and state.
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` calls within `seconds`."""

    #: `campaign.per_number_24h`
    id: str
    most: int
    seconds: float
    per: Per
    scope: Scope


@dataclass(frozen=True, slots=True)
class Exemption:
    """Rules of law that a campaign is freed of, and why. Kept in the audit trail."""

    #: Ids (`us-fl.hours`), jurisdictions (`us-fl`), kinds (`hours`), or `*`.
    rules: tuple[str, ...]
    basis: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One campaign, for its verdicts. Hashable, so that what is worked out for it can be kept."""

    campaign_id: int
    campaign: str
    purpose: Purpose = Purpose.SALES
    #: Calls play recorded or artificial voice: rules about that alone bind only then.
    recorded: bool = True
    #: Minutes after midnight, in the contact's zone.
    earliest: int = 9 * 60
    latest: int = 21 * 60
    #: Contactable timings, in `zone`; in the contact's own zone where the contact came with one.
    week: Week = ALWAYS
    #: tz database; None: the contact's.
    zone: str | None = None
    #: State (`US-FL`) to its narrower earliest and latest minute; None: none is called.
    states: tuple[tuple[str, tuple[int, int] | None], ...] = ()
    holidays: Holidays = Holidays.PROHIBITED
    closed_days: tuple[date, ...] = ()
    caps: tuple[Cap, ...] = ()
    #: Seconds from one call to the next, to the number or the contact, whichever campaign called.
    between_calls: float = 1800.0
    #: Days after a person answered, in any campaign; 0: called again all the same.
    skip_answered_days: int = 0
    #: Seconds after an abandoned call; 0: no lock-out.
    abandoned_lockout: float = 0.0
    #: "", `express` or `written`.
    consent: str = ""
    #: Those that may be called.
    countries: frozenset[str] = frozenset()
    kinds: frozenset[NumberKind] = frozenset()
    #: For those whose zone nobody knows; None: they are not called.
    unknown_zone: str | None = None
    exemptions: tuple[Exemption, ...] = field(default=())
