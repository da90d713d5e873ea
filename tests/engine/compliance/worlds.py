"""Random worlds from a seed: campaigns, people, what was done and said before, and what happens meanwhile."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ami_dialer.domain.rulebook import DAY, Purpose
from tests.engine.compliance import places

#: Around changes of the clock in America and Europe, midnights, ends of years, holidays; and days like any other.
MOMENTS = (
    "2026-03-07 22:00",
    "2026-03-08 05:30",
    "2026-03-29 00:30",
    "2026-07-02 23:00",
    "2026-07-14 16:00",
    "2026-10-25 00:30",
    "2026-10-31 15:00",
    "2026-11-01 04:30",
    "2026-11-25 18:00",
    "2026-12-24 14:00",
    "2026-12-31 20:00",
    "2027-02-15 12:00",
    "2025-12-30 23:59",
    "2026-05-05 17:00",
)
FLOW = {
    "steps": {
        "start": [
            {"play": "hello"},
            {"ask": {"name": "happy", "prompt": "One or two?", "valid": ["1", "2", "9"], "retries": 0}},
            {"branch": {"answer": "happy", "when": {"9": "out"}}},
        ],
        "out": ["opt_out", "hangup"],
    }
}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RETRIED = (
    "busy",
    "no_answer",
    "congestion",
    "failed",
    "lost",
    "machine",
    "rejected",
    "hung_up",
    "no_input",
    "silence",
    "abandoned",
)
PREFIXES = ("+18005550", "+19005550", "+442079460", "+442079460", "+447400123", "+44909879")


@dataclass
class Person:
    """A line of a file."""

    phones: list[str]
    zone: str | None
    code: str | None
    state: str | None

    def row(self) -> str:
        phones = [*self.phones, "", ""][:3]
        return ",".join([*phones, self.zone or "", self.code or "", self.state or ""])


@dataclass
class World:
    """All that a run of the engine is made of. The same seed gives the same one."""

    seed: int
    start: datetime
    lists: dict[str, list[Person]]
    campaigns: dict[str, dict[str, Any]]
    #: As the naive checker takes them; the key of each campaign in SQL is put in later.
    policies: dict[str, SimpleNamespace]
    compliance: dict[str, Any]
    #: Of calls: share that nobody serves.
    abandoned: float
    max_calls: int
    rng: random.Random = field(repr=False)

    @property
    def numbers(self) -> list[str]:
        return sorted({phone for people in self.lists.values() for one in people for phone in one.phones})

    def told(self) -> str:
        """For whoever looks for what went wrong."""
        campaigns = "\n".join(f"  {name}: {document}" for name, document in self.campaigns.items())
        people = ", ".join(f"{name}: {len(rows)}" for name, rows in self.lists.items())
        return f"world {self.seed}, begins {self.start}, {people}\n  {self.compliance}\n{campaigns}"


def world(seed: int, people: int) -> World:
    rng = random.Random(seed)
    start = datetime.fromisoformat(rng.choice(MOMENTS)).replace(tzinfo=UTC)
    start += timedelta(seconds=rng.choice([0, 0, 59, rng.randrange(86_400)]))
    everybody = _people(rng, people)
    names = ["first", "second"][: rng.randint(1, 2)]
    # Lists share people, and the same number may stand on both with other fields.
    lists = {name: rng.sample(everybody, max(3, int(len(everybody) * rng.uniform(0.5, 1)))) for name in names}
    lists = {name: [_otherwise(rng, one) if rng.random() < 0.1 else one for one in lists[name]] for name in names}
    compliance, own = _compliance(rng)
    campaigns, policies = {}, {}
    for number in range(rng.randint(1, 3)):
        name = f"campaign{number}"
        campaigns[name], policies[name] = _campaign(rng, name, names, start, own)
    return World(
        seed,
        start,
        lists,
        campaigns,
        policies,
        compliance,
        abandoned=rng.choice([0, 0, 0, 0.02]),
        max_calls=rng.choice([100, 400, 1000]),
        rng=rng,
    )


def _number(rng: random.Random) -> str:
    if rng.random() < 0.12:
        prefix = rng.choice(PREFIXES)
        return prefix + f"{rng.randrange(1000):03}"
    exchange = rng.choice([223, 345, 456, 567, 678, 789, 834, 946])
    return f"+1{rng.choice(list(places.AREAS))}{exchange}{rng.randrange(10_000):04}"


def _people(rng: random.Random, count: int) -> list[Person]:
    found, used = [], set()
    for _ in range(count):
        phones = [_number(rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        if found and rng.random() < 0.08:  # two contacts share a further phone
            phones.append(rng.choice(rng.choice(found).phones))
        phones = list(dict.fromkeys(phones))[:3]
        if phones[0] in used:
            continue
        used.add(phones[0])
        found.append(_otherwise(rng, Person(phones, None, None, None)))
    return found


def _otherwise(rng: random.Random, one: Person) -> Person:
    """The same phones with other fields."""
    return Person(
        one.phones,
        zone=rng.choice(list(places.OWN)) if rng.random() < 0.15 else None,
        code=rng.choice(list(places.CODES)) if rng.random() < 0.35 else None,
        state=rng.choice(list(places.STATES)) if rng.random() < 0.35 else None,
    )


def _compliance(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    countries = rng.choice([["US"], ["US", "CA"], ["US", "CA", "GB"], ["US", "CA", "GB", "PR", "GU", "VI"]])
    kinds = ["fixed line", "mobile", "fixed line or mobile", "voip"]
    if rng.random() < 0.2:
        kinds += ["toll-free"]
    unknown = rng.choice([None, None, places.CENTRAL])
    caps, counted = _caps(rng, "all", 0.15)
    days = rng.choice([0, 0, 2, 400])
    document = {"countries": countries, "number_kinds": kinds, "unknown_zone": unknown, "caps": caps}
    own = {"countries": countries, "kinds": kinds, "unknown_zone": unknown, "caps": counted}
    return {**document, "consent_days": days}, own


def _caps(rng: random.Random, scope: str, share: float) -> tuple[dict[str, int], list[SimpleNamespace]]:
    document, counted = {}, []
    for per in ("contact", "number"):
        for word, seconds, most in (("24h", 86_400, rng.randint(1, 6)), ("7d", 7 * 86_400, rng.randint(4, 20))):
            if rng.random() < share:
                document[f"per_{per}_{word}"] = most
                whose = "all" if scope == "all" else "campaign"
                counted.append(
                    SimpleNamespace(
                        id=f"{whose}.per_{per}_{word}", most=most, seconds=float(seconds), per=per, scope=scope
                    )
                )
    return document, counted


def _text(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _span(rng: random.Random) -> tuple[int, int]:
    start = rng.choice([0, 0, 480, 540, 600, rng.randrange(0, 900)])
    return start, rng.choice([DAY, DAY, 1020, 1200, 1260, start + 1 + rng.randrange(60, 500)])


def _windows(rng: random.Random) -> tuple[dict[str, list[str]], tuple[Any, ...]]:
    week = []
    for _ in DAYS:
        edges = sorted(rng.sample(range(0, DAY + 1, rng.choice([1, 15, 60])), rng.choice([0, 2, 2, 4, 6])))
        week.append(tuple(zip(edges[::2], edges[1::2], strict=True)))
    week[rng.randrange(5)] = ((0, DAY),)
    document = {
        day: [f"{_text(a)}-{_text(b)}" for a, b in spans] for day, spans in zip(DAYS, week, strict=True) if spans
    }
    return document, tuple(week)


def _campaign(
    rng: random.Random, name: str, lists: list[str], start: datetime, own: dict[str, Any]
) -> tuple[dict[str, Any], SimpleNamespace]:
    purpose = rng.choice(list(Purpose))
    earliest, latest = rng.choice([(540, 1260), (0, DAY), (0, DAY), _span(rng)])
    windows, week = _windows(rng) if rng.random() < 0.35 else ({}, (((0, DAY),),) * 7)
    zone = rng.choice([None, None, places.EAST, places.PACIFIC, places.LONDON])
    spans = {state: _span(rng) for state in rng.sample(["US-TX", "US-FL", "US-CA", "CA-ON"], rng.choice([0, 0, 1, 2]))}
    blocked = rng.sample(["US-NY", "US-TN", "CA-QC"], rng.choice([0, 0, 1]))
    closed = [start.date() + timedelta(days=rng.randrange(8)) for _ in range(rng.choice([0, 0, 1]))]
    all_holidays = rng.random() < 0.3
    caps, counted = _caps(rng, "campaign", 0.15)
    between = rng.choice([0, 0, 60, 1800, 1800, 7200])
    answered = rng.choice([0, 0, 1, 3])
    lockout = rng.choice([0, 0, 259_200])
    consent = rng.choice(["none"] * 5 + ["express", "written"])
    exempt = rng.choice([[], [], [], ["hours"], ["us-fl"], ["attempts", "closed"], ["*"], ["us.hours", "us-tx.hours"]])
    exemptions = [{"rules": exempt, "basis": "test", "reason": "A world of a test."}] if exempt else []
    rules = {
        reason: {"after": rng.choice([0, 0, 5, 60, 1800, 1800, 10_000, 90_000]), "max": rng.randint(2, 20)}
        for reason in rng.sample(RETRIED, rng.randint(7, len(RETRIED)))
    }
    heeded = ["outs", *rng.sample(["other"], rng.randint(0, 1))]
    document = {
        "lists": rng.sample(lists, rng.randint(1, len(lists))),
        "trunks": ["carrier"],
        "flow": "survey",
        "purpose": purpose.value,
        "hours": {
            "earliest": _text(earliest),
            "latest": _text(latest),
            "windows": windows,
            "zone": zone,
            "states": {state: f"{_text(a)}-{_text(b)}" for state, (a, b) in spans.items()},
            "blocked_states": blocked,
            "holidays": "all" if all_holidays else "prohibited",
            "closed_days": [day.isoformat() for day in closed],
        },
        "caps": {**caps, "between_calls": between, "skip_answered_days": answered},
        "consent": consent,
        "exemptions": exemptions,
        "abandonment": {"limit": 1.0, "lockout": lockout},
        "retry": {"max_attempts": rng.randint(5, 40), "rules": rules},
        "max_calls": rng.choice([30, 300, 1000]),
        "opt_out_list": "outs",
        "dnc": heeded,
        "start": "by-hand",
    }
    policy = SimpleNamespace(
        campaign_id=0,
        campaign=name,
        purpose=purpose,
        recorded=True,
        earliest=earliest,
        latest=latest,
        week=week,
        zone=zone,
        states=(*spans.items(), *((state, None) for state in blocked)),
        holidays="all" if all_holidays else "prohibited",
        closed_days=tuple(closed),
        caps=[*counted, *own["caps"]],
        between_calls=float(between),
        skip_answered_days=answered,
        abandoned_lockout=float(lockout),
        consent="" if consent == "none" else consent,
        countries=own["countries"],
        kinds=own["kinds"],
        unknown_zone=own["unknown_zone"],
        exemptions=[SimpleNamespace(rules=exempt)] if exempt else [],
        dnc=heeded,
    )
    return document, policy
