"""When and how often campaigns may call, and whom: what the administrator and the campaign want beside the law."""

import re
from datetime import date
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ami_dialer.config.kinds import LocalPath, Name, Seconds
from ami_dialer.config.lists import Region
from ami_dialer.config.problems import Path, nearest, several
from ami_dialer.config.section import Section
from ami_dialer.config.week import clock, minute_of_day, span_of, week_of
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import AMBIGUOUS_ZONES, NO_ZONES
from ami_dialer.domain.states import by_code
from ami_dialer.rules.compliance.policy import Holidays

RULE_PATTERN = r"^(?:\*|[a-z][a-z0-9_.-]{0,63})$"
STATE_PATTERN = r"^(?:US|CA)-[A-Z]{2}$"
#: Kinds that cost callers what they cost anybody. The others must be named to be called.
HARMLESS = (NumberKind.FIXED_LINE, NumberKind.MOBILE, NumberKind.FIXED_OR_MOBILE, NumberKind.VOIP)
#: Shorter reasons say nothing to whoever reads them in a year.
SHORTEST_REASON = 10
_KIND_NAMES = {kind.name.lower(): kind for kind in NumberKind}


def _time_of_day(value: object) -> object:
    return clock(minute_of_day(value))


def _span(value: object) -> object:
    start, end = span_of(value)
    return f"{clock(start)}-{clock(end)}"


@cache
def _zones() -> frozenset[str]:
    """The zones of places. To look for them takes 20 ms, and each campaign that is read would do so."""
    return frozenset(available_timezones() - NO_ZONES - AMBIGUOUS_ZONES)


def _zone(name: str) -> str:
    if name in AMBIGUOUS_ZONES:
        raise ValueError(f"{name!r} has no summer time; write a place's zone, like America/New_York or America/Phoenix")
    known = _zones()
    if name not in known:
        close = nearest(name, known)  # without anything near it names all of them, which are hundreds
        mend = close if close.startswith("; did") else "; write one like America/New_York"
        raise ValueError(f"no time zone is named {name!r}{mend}")
    return name


def _state(code: str) -> str:
    country, _, state = code.partition("-")
    found = by_code(state)
    if found is None or code not in found.jurisdictions:
        raise ValueError(f"no state or province of {country} has the code {state}, so nobody would be there")
    return code


def _kind(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, NumberKind):
        words = re.sub(r"[ -]", "_", value.lower())
        if words in _KIND_NAMES:
            return _KIND_NAMES[words]
        if value not in set(NumberKind):
            raise ValueError(f"no kind of number is named {value!r}; write one of {', '.join(sorted(_KIND_NAMES))}")
    return value


TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]
Span = Annotated[str, BeforeValidator(_span)]
Zone = Annotated[str, AfterValidator(_zone)]
State = Annotated[str, Field(pattern=STATE_PATTERN), AfterValidator(_state)]
RuleName = Annotated[str, Field(pattern=RULE_PATTERN)]
Kind = Annotated[NumberKind, BeforeValidator(_kind)]


class Hours(Section):
    """When a campaign may call. The law narrows it, never the other way round."""

    earliest: TimeOfDay = Field("09:00", description="No call before, on the clock of whoever is called.")
    latest: TimeOfDay = Field("21:00", description="No call from then on, on the clock of whoever is called.")
    windows: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description='Contactable timings: {mon-fri: ["9:00-12:00", "13:00-18:00"], sat: "10:00-14:00"}; days that are '
        "not named are closed. Without it every day is open.",
    )
    zone: Zone | None = Field(
        None,
        description="Whose clock `windows` are on: a time zone like America/New_York; without it the contact's. "
        "Contacts that came with a time zone of their own keep that clock.",
    )
    states: dict[State, Span] = Field(
        default_factory=dict,
        description="Narrower hours of single states or provinces: {US-TX: 10:00-18:00}, on the contact's clock.",
    )
    blocked_states: list[State] = Field(
        default_factory=list, description="States or provinces that are not called at all: [US-FL, CA-QC]."
    )
    holidays: Holidays = Field(
        Holidays.PROHIBITED,
        description="prohibited: no calls on the holidays on which the law of the contact's state forbids them; all: "
        "none on any public holiday of the contact's country or state.",
    )
    closed_days: list[date] = Field(
        default_factory=list, description="Further days without calls, on the contact's calendar: [2026-12-24]."
    )

    @field_validator("latest")
    @classmethod
    def _after_earliest(cls, latest: str, info: ValidationInfo) -> str:
        earliest = info.data.get("earliest")
        if earliest is not None and latest <= earliest:
            raise ValueError(f"{latest} is not after `earliest` ({earliest}), so the campaign could never call")
        return latest

    @field_validator("windows")
    @classmethod
    def _is_week(cls, windows: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
        found: list[tuple[Path, str]] = []
        for days, spans in windows.items():
            try:
                week_of({days: spans})
            except ValueError as error:
                found.append(((days,), str(error)))
        if found:
            raise several(found)
        if windows and not any(week_of(windows)):
            raise ValueError("names no span of time, so the campaign could never call")
        return windows


class Caps(Section):
    """How often somebody is called at most. Counted over attempts that were placed, whatever became of them."""

    per_contact_24h: int | None = Field(None, ge=1, description="Calls to a contact within 24 hours.")
    per_contact_7d: int | None = Field(None, ge=1, description="Calls to a contact within 7 days.")
    per_number_24h: int | None = Field(None, ge=1, description="Calls to a number within 24 hours.")
    per_number_7d: int | None = Field(None, ge=1, description="Calls to a number within 7 days.")


class CampaignCaps(Caps):
    """How often a campaign calls somebody at most. Those of `compliance.caps` count over all campaigns."""

    between_calls: Seconds = Field(
        1800.0,
        ge=0,
        le=30 * 86_400,
        description="From one call to the next, to the contact or the number, whichever campaign called.",
    )
    skip_answered_days: int = Field(
        0, ge=0, le=3_650, description="Not called for so many days after a person answered, in any campaign; 0: off."
    )


class Exemption(Section):
    """Rules of law that a campaign is freed of. It is kept in the audit trail, with each call that used it."""

    rules: list[RuleName] = Field(
        min_length=1,
        description="Ids of rules (us-fl.hours), jurisdictions (us-fl), kinds (hours, attempts, closed) or '*'.",
    )
    basis: Literal["emergency", "own-consent", "not-applicable", "test"] = Field(
        description="Why the rule does not bind: an emergency, consent to just this, a law that does not apply to the "
        "campaign, or numbers that are a test's."
    )
    reason: str = Field(min_length=SHORTEST_REASON, max_length=500, description="For whoever asks in a year.")


class Abandonment(Section):
    """Calls that people answered and nobody talked to."""

    limit: float = Field(
        0.03,
        gt=0,
        le=1,
        description="Share of calls answered live that may be abandoned within 30 days; the law's where that is less. "
        "At the limit the campaign places one call at a time; with agents, one for each who is free.",
    )
    message: Name | None = Field(
        None,
        description="A flow that people hear whose call cannot be served (safe-harbour message): who calls, and a key "
        "to opt out. Without it they hear `fastagi.closing_prompt`.",
    )
    retry_first: bool = Field(
        False,
        description="Somebody who is called again after an abandoned call (`retry.rules.abandoned`) goes before all "
        "others but callbacks.",
    )
    lockout: Seconds = Field(
        0.0, ge=0, le=30 * 86_400, description="After an abandoned call the number is not called for so long (72h)."
    )


class Compliance(Section):
    """What no campaign can change: only who may write this file decides it."""

    rules: LocalPath | None = Field(
        None, description="Folder with rule files of your own; each replaces the one of its jurisdiction."
    )
    countries: list[Region] | None = Field(
        None,
        description="Countries that may be called. Without it those of `region` under `lists`; US and CA where there "
        "are none.",
    )
    number_kinds: list[Kind] = Field(
        default_factory=lambda: list(HARMLESS),
        validate_default=True,
        description="Kinds of numbers that may be called; premium rate, satellite and the like only when named here.",
    )
    postal_code_columns: list[str] = Field(
        default_factory=lambda: ["zip", "zip_code", "zipcode", "postal_code", "postalcode", "postcode"],
        description="Columns with the contact's ZIP or postal code; the first that is there counts, in any case.",
    )
    state_columns: list[str] = Field(
        default_factory=lambda: ["state", "state_code", "province", "region"],
        description="Columns with the contact's state or province; the first that is there counts, in any case.",
    )
    unknown_zone: Zone | None = Field(
        None, description="Time zone of those whose zone nobody knows; without it they are not called."
    )
    caps: Caps = Field(default_factory=Caps, description="How often somebody is called at most, by all campaigns.")
    amd_false_positives: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Share of the calls AMD takes for machines that are people, as far as nobody has listened: they "
        "count as abandoned. `ami-dialer abandonment review` measures it.",
    )
    consent_days: int = Field(
        0, ge=0, le=36_500, description="A consent without an end expires after so many days; 0: never."
    )
