"""Verdicts against the naive checker: random campaigns, laws, people and moments."""

import os
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ami_dialer.domain.consent import Strength
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import ZoneSource
from ami_dialer.domain.rulebook import ALWAYS, DAY, Per, Purpose, Rule, Rulebook, RuleKind, Scope, Week
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Cap, Exemption, Holidays, Policy
from tests.naive_law import may_call
from tests.unit.rules.compliance.cases import CAMPAIGN, CONTACT, NUMBER, OTHER, book, called, facts, policy, rule, said
from tests.unit.rules.compliance.cases import somebody as person

pytestmark = pytest.mark.unit

#: Cases of the first test; `make test-compliance` asks for many more.
EXAMPLES = int(os.environ.get("COMPLIANCE_EXAMPLES", "160"))
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Phoenix",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
    "America/St_Johns",
    "America/Puerto_Rico",
    "America/Regina",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
JURISDICTIONS = ("US", "US-FL", "US-AL", "US-TX", "CA", "CA-QC")
#: Around both changes of the clock, the ends of years and laws, and between.
DAYS = (
    date(2026, 3, 7),
    date(2026, 3, 8),
    date(2026, 3, 9),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 7, 3),
    date(2026, 10, 24),
    date(2026, 10, 31),
    date(2026, 11, 1),
    date(2026, 12, 24),
    date(2026, 12, 31),
    date(2027, 1, 1),
)

minute = some.one_of(some.sampled_from([0, 60, 120, 150, 180, 480, 540, 1200, 1260, DAY]), some.integers(0, DAY))
day = some.one_of(some.sampled_from(DAYS), some.dates(date(2026, 2, 1), date(2027, 2, 1)))
#: Half of them right on a border, the others anywhere.
moment = some.builds(
    lambda on, second, off: (
        datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(seconds=second, microseconds=off)
    ),
    day,
    some.one_of(some.integers(0, 24 * 4).map(lambda quarter: quarter * 900), some.integers(0, 86_399)),
    some.sampled_from([0, 0, 0, -1, 1, 500_000]),
)


@some.composite
def spans(draw: some.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = sorted(set(draw(some.lists(minute, max_size=4))))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


week: some.SearchStrategy[Week] = some.one_of(
    some.just(ALWAYS), spans().map(lambda one: (one,) * 7), some.tuples(*[spans()] * 7)
)
moments_of_law = some.one_of(some.none(), some.sampled_from(DAYS))


@some.composite
def law(draw: some.DrawFn) -> Rule:
    kind = draw(some.sampled_from(list(RuleKind)))
    jurisdiction = draw(some.sampled_from(JURISDICTIONS))
    effective = draw(moments_of_law) or date(2000, 1, 1)
    ends = draw(moments_of_law)
    return rule(
        f"{jurisdiction.lower()}.{kind.value}{draw(some.integers(1, 2))}",
        kind,
        effective=effective,
        ends=ends if ends is not None and ends > effective else None,
        purposes=draw(some.sampled_from([frozenset(Purpose), frozenset({Purpose.SALES})])),
        week=draw(week),
        holidays=draw(some.sampled_from([(), ("*",), ("Christmas Day",), ("New Year's Day", "Independence Day")])),
        dates=draw(some.sampled_from([(), (date(2026, 3, 8), date(2026, 11, 1))])),
        yearly=draw(some.sampled_from([(), ((7, 3),), ((3, 8), (12, 24))])),
        most=draw(some.integers(0, 3)),
        seconds=draw(some.sampled_from([600.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0])),
        per=draw(some.sampled_from(Per)),
        scope=draw(some.sampled_from(Scope)),
        needs=draw(some.sampled_from(["express", "written"])),
        recorded=draw(some.booleans()),
    )


@some.composite
def campaign(draw: some.DrawFn) -> Policy:
    hours = draw(some.one_of(some.just((0, DAY)), some.just((540, 1260)), some.tuples(minute, minute)))
    states = some.dictionaries(
        some.sampled_from(JURISDICTIONS), some.one_of(some.none(), some.tuples(minute, minute)), max_size=2
    )
    return policy(
        purpose=draw(some.sampled_from([Purpose.SALES, Purpose.SURVEY])),
        recorded=draw(some.booleans()),
        earliest=hours[0],
        latest=hours[1],
        week=draw(week),
        zone=draw(some.one_of(some.none(), some.sampled_from(ZONES))),
        states=tuple(sorted(draw(some.one_of(some.just({}), states)).items())),
        holidays=draw(some.sampled_from(Holidays)),
        closed_days=tuple(draw(some.lists(some.sampled_from(DAYS), max_size=2))),
        caps=tuple(
            Cap(f"{scope}.per_{per}_24h", most, 86_400.0, per, scope)
            for per, scope, most in draw(
                some.lists(
                    some.tuples(some.sampled_from(Per), some.sampled_from(Scope), some.integers(1, 3)),
                    max_size=2,
                    unique_by=lambda one: one[:2],
                )
            )
        ),
        between_calls=draw(some.sampled_from([0.0, 1800.0, 86_400.0])),
        skip_answered_days=draw(some.sampled_from([0, 0, 3])),
        abandoned_lockout=draw(some.sampled_from([0.0, 0.0, 259_200.0])),
        consent=draw(some.sampled_from(["", "", "express", "written"])),
        unknown_zone=draw(some.sampled_from([None, "America/Denver"])),
        kinds=draw(some.sampled_from([frozenset({NumberKind.MOBILE}), frozenset(NumberKind), frozenset()])),
        countries=draw(some.sampled_from([frozenset({"US", "CA"}), frozenset({"US", "CA"}), frozenset()])),
        exemptions=draw(
            some.sampled_from([(), (), (Exemption(("us-fl", "hours", "us.consent1"), "own-consent", "They asked."),)])
        ),
    )


@some.composite
def somebody(draw: some.DrawFn, around: datetime) -> Callee:
    ago = some.timedeltas(timedelta(0), timedelta(days=9)) | some.sampled_from(
        [timedelta(days=1), timedelta(seconds=1800)]
    )
    history = draw(
        some.lists(
            some.builds(
                lambda back, **values: called(around - back, **values),
                ago,
                number=some.sampled_from([NUMBER, OTHER]),
                contact_id=some.sampled_from([CONTACT, 8]),
                campaign_id=some.sampled_from([CAMPAIGN, 2]),
                answered=some.booleans(),
                abandoned=some.booleans(),
            ),
            max_size=4,
        )
    )
    then = some.builds(lambda back: around + back, some.timedeltas(timedelta(days=-5), timedelta(days=5)))
    records = draw(
        some.lists(
            some.builds(
                said,
                then,
                some.booleans(),
                some.sampled_from(["*", "sales", "survey", "campaign:spring", "campaign:other"]),
                strength=some.sampled_from(Strength),
                expires_at=some.one_of(some.none(), then),
            ),
            max_size=3,
        )
    )
    zones = draw(some.one_of(some.lists(some.sampled_from(ZONES), min_size=1, max_size=3, unique=True), some.just([])))
    states = draw(some.lists(some.sampled_from(JURISDICTIONS[1:]), max_size=2))
    elsewhere = some.lists(some.sampled_from(ZONES), min_size=1, max_size=2, unique=True).map(tuple)
    return person(
        *sorted(zones),
        states=states,
        law_clocks=[(state, draw(elsewhere)) for state in states[:1] if draw(some.booleans())],
        country=draw(some.sampled_from(["US", "US", "CA", ""])),
        source=draw(some.sampled_from([ZoneSource.CONTACT, ZoneSource.NUMBER])),
        kind=draw(some.sampled_from([NumberKind.MOBILE, NumberKind.MOBILE, NumberKind.PREMIUM])),
        known_since=draw(some.one_of(some.none(), then)),
        history=tuple(sorted(history)),
        consent=facts(*records, reassigned_at=draw(some.one_of(some.none(), some.none(), then))),
    )


cases = moment.flatmap(
    lambda now: some.tuples(
        some.lists(law(), max_size=6).map(lambda rules: book(*rules)), campaign(), somebody(now), some.just(now)
    )
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases)
def test_exactly_the_rules_refuse_that_the_naive_checker_finds_broken(
    case: tuple[Rulebook, Policy, Callee, datetime],
) -> None:
    laws, wishes, callee, now = case
    verdict = Judge(laws, wishes).verdict(callee, now)
    assert set(verdict.refusing) == may_call(laws, wishes, callee, now)
    assert verdict.allowed is (not verdict.refusing)
    assert set(verdict.refusing) <= set(verdict.asked)
    assert not set(verdict.refusing) & set(verdict.exempt)
    assert bool(verdict.why) is not verdict.allowed


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(cases)
def test_what_is_promised_for_later_holds_at_every_quarter_of_an_hour_and_at_the_border_itself(
    case: tuple[Rulebook, Policy, Callee, datetime],
) -> None:
    laws, wishes, callee, now = case
    judge = Judge(laws, wishes)
    verdict = judge.verdict(callee, now)
    border = verdict.until or verdict.next_at
    until = min(border, now + timedelta(days=4)) if border else now + timedelta(days=4)
    for moment_before in moments_between(now, until):
        assert (not may_call(laws, wishes, callee, moment_before)) is verdict.allowed, moment_before
    if border is not None:
        after = may_call(laws, wishes, callee, border)
        assert bool(after) is verdict.allowed
        before = border - timedelta(microseconds=1)
        assert before < now or (not may_call(laws, wishes, callee, before)) is verdict.allowed
        if verdict.until is not None:
            assert verdict.rule in after
    if not verdict.allowed:
        assert verdict.rule in verdict.refusing


@settings(max_examples=EXAMPLES // 8, deadline=None)
@given(
    some.lists(law(), max_size=5).map(lambda rules: book(*rules)),
    campaign(),
    some.lists(moment, min_size=2, max_size=8),
    some.data(),
)
def test_a_judge_that_has_seen_other_people_and_times_says_the_same(
    laws: Rulebook, wishes: Policy, times: list[datetime], data: some.DataObject
) -> None:
    judge = Judge(laws, wishes)
    for now in times:
        callee = data.draw(somebody(now))
        seen, fresh = judge.verdict(callee, now), Judge(laws, wishes).verdict(callee, now)
        assert (seen.allowed, seen.refusing, seen.rule) == (fresh.allowed, fresh.refusing, fresh.rule)
        assert (seen.until, seen.next_at, seen.asked) == (fresh.until, fresh.next_at, fresh.asked)


def moments_between(start: datetime, end: datetime) -> list[datetime]:
    """`start`, every quarter of an hour after it, and the last microsecond; not the end itself."""
    found = [start]
    quarter = start.replace(minute=0, second=0, microsecond=0)
    while quarter < end:
        if quarter > start:
            found.append(quarter)
        quarter += timedelta(minutes=15)
    return found
