"""Rules, policies and people for the tests of verdicts."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.rulebook import ALWAYS, DAY, Certainty, Purpose, Rule, Rulebook, RuleKind, Week
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance.policy import Policy

NUMBER = "+18505550100"
OTHER = "+18505550199"
CONTACT = 7
CAMPAIGN = 1


def every_day(*spans: tuple[str, str]) -> Week:
    """The same spans on each day of the week."""
    return (tuple((minutes(start), minutes(end)) for start, end in spans),) * 7


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def rule(name: str, kind: RuleKind, **values: Any) -> Rule:
    """`us-fl.hours`, of the jurisdiction that its name says."""
    return Rule(
        **{
            "id": name,
            "jurisdiction": name.partition(".")[0].upper(),
            "kind": kind,
            "purposes": frozenset(Purpose),
            "says": "As the law says.",
            "source": "A law",
            "url": "https://example.org/law",
            "effective": date(2000, 1, 1),
            "ends": None,
            "checked": date(2026, 1, 1),
            "certainty": Certainty.VERIFIED,
            **values,
        }
    )


def hours(name: str, start: str, end: str, **values: Any) -> Rule:
    return rule(name, RuleKind.HOURS, week=every_day((start, end)), **values)


def book(*rules: Rule) -> Rulebook:
    return Rulebook(tuple(sorted(rules, key=lambda one: (one.jurisdiction, one.id))), "digest")


def policy(**values: Any) -> Policy:
    """A campaign that wants nothing of its own: the whole day, no caps."""
    return Policy(
        **{
            "campaign_id": CAMPAIGN,
            "campaign": "spring",
            "earliest": 0,
            "latest": DAY,
            "week": ALWAYS,
            "between_calls": 0.0,
            "countries": frozenset({"US", "CA"}),
            "kinds": frozenset({NumberKind.MOBILE}),
            **values,
        }
    )


def somebody(*zones: str, states: Iterable[str] = (), **values: Any) -> Callee:
    """Somebody in these zones, under the law of the United States and these states."""
    source = values.pop("source", ZoneSource.NUMBER)
    country = values.pop("country", "US")
    clocks = tuple(values.pop("law_clocks", ()))
    place = Place(zones, source, country, tuple(sorted({country, *states})), law_clocks=clocks)
    return Callee(**{"number": NUMBER, "kind": NumberKind.MOBILE, "place": place, "contact_id": CONTACT, **values})


def called(at: datetime, **values: Any) -> PastCall:
    known = {"number": NUMBER, "contact_id": CONTACT, "campaign_id": CAMPAIGN, "answered": False, "abandoned": False}
    return PastCall(at.timestamp(), **{**known, **values})


def said(at: datetime, granted: bool, scope: str = "*", **values: Any) -> ConsentRecord:
    known = {
        "id": 1,
        "number": NUMBER,
        "strength": Strength.EXPRESS,
        "source": "hand",
        "expires_at": None,
        "evidence": "",
    }
    return ConsentRecord(granted=granted, scope=scope, at=at, **{**known, **values})


def facts(*records: ConsentRecord, reassigned_at: datetime | None = None) -> ConsentFacts:
    return ConsentFacts(tuple(sorted(records, key=lambda one: one.at)), reassigned_at)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    """A wall clock of a zone as a moment: `2026-03-08 07:59:59`."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    moment = wall.astimezone(UTC)
    assert moment.astimezone(ZoneInfo(zone)).replace(fold=0) == wall.replace(fold=0), f"{text} does not exist in {zone}"
    return moment


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
