"""The rules that come with ami-dialer: cited, dated, and the figures that the issue and the sources name."""

from datetime import date

import pytest

from ami_dialer.config.rulebook import load
from ami_dialer.config.rulebook.files import PACKAGED
from ami_dialer.domain.rulebook import Certainty, Per, Purpose, Rule, RuleKind, in_force
from ami_dialer.rules.compliance import closed_days

pytestmark = pytest.mark.unit

RULES = load(None).rules
TODAY = date(2026, 11, 22)


def held(name: str, day: str = "2026-11-22") -> Rule:
    """The one rule of this id in force on a day."""
    (found,) = [rule for rule in RULES if rule.id == name and in_force(rule, date.fromisoformat(day))]
    return found


def hours(name: str, day: str = "2026-11-22") -> str:
    """A week as `800-2100 …`, a word for each run of days that are alike."""
    words: list[str] = []
    for spans in held(name, day).week:
        word = "+".join(f"{start // 60}{start % 60:02}-{end // 60}{end % 60:02}" for start, end in spans) or "closed"
        if not words or words[-1] != word:
            words.append(word)
    return " ".join(words)


def test_every_file_holds_rules() -> None:
    assert {rule.jurisdiction.lower() for rule in RULES} == {file.stem for file in PACKAGED.glob("*.yaml")}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id}@{rule.effective}")
def test_every_rule_can_be_looked_up(rule: Rule) -> None:
    assert rule.url.startswith(("https://", "http://"))
    assert rule.checked == TODAY
    assert rule.says.endswith(".")
    if rule.certainty is Certainty.DISPUTED:
        assert len(rule.note) > 40, "a disputed rule says in its note who disagrees, and what was taken"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.holidays], ids=lambda rule: rule.id)
def test_every_holiday_is_one_that_the_holidays_package_knows(rule: Rule) -> None:
    for year in range(2024, 2031):
        days = closed_days.closed(rule.jurisdiction, rule.holidays, year)
        assert len(days) >= 5, year
    for name in rule.holidays:
        assert any(closed_days.unknown(rule.jurisdiction, [name], year) == [] for year in (2026, 2027, 2028))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("us.hours", "800-2100"),
        ("us.collection-hours", "800-2100"),
        ("us-al.hours", "800-2000 closed"),
        ("us-ca.recorded-hours", "900-2100"),
        ("us-ct.hours", "900-2000"),
        ("us-fl.hours", "800-2000"),
        ("us-il.recorded-hours", "900-2100"),
        ("us-in.recorded-hours", "900-2000"),
        ("us-ky.hours", "1000-2100"),
        ("us-la.hours", "800-2000 closed"),
        ("us-ma.hours", "800-2000"),
        ("us-md.hours", "800-2000"),
        ("us-me.recorded-hours", "900-1700 closed"),
        ("us-mi.hours", "900-2100"),
        ("us-mn.hours", "900-2100"),
        ("us-ms.hours", "800-2000 closed"),
        ("us-ms.fundraising-hours", "900-2100 closed"),
        ("us-ne.recorded-hours", "800-2100 1300-2100"),
        ("us-nm.hours", "900-2100"),
        ("us-nv.hours", "900-2000"),
        ("us-ok.hours", "800-2000"),
        ("us-or.hours", "800-2000"),
        ("us-pa.hours", "800-2100 1330-2100"),
        ("us-ri.hours", "900-1800 1000-1700 closed"),
        ("us-sd.hours", "900-2100 closed"),
        ("us-sd.recorded-hours", "900-2100 closed"),
        ("us-tx.hours", "900-2100 1200-2100"),
        ("us-ut.hours", "800-2100 closed"),
        ("us-wa.hours", "800-2000"),
        ("us-wy.hours", "800-2000"),
        ("ca.hours", "900-2130 1000-1800"),
        ("gb.hours", "800-2100 900-2100"),
    ],
)
def test_the_hours_are_these(name: str, expected: str) -> None:
    assert hours(name) == expected


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind is RuleKind.HOURS], ids=lambda rule: rule.id)
def test_no_state_has_longer_hours_than_the_federal_ones(rule: Rule) -> None:
    if rule.jurisdiction.startswith("US"):
        assert all(start >= 480 and end <= 1260 for spans in rule.week for start, end in spans)


@pytest.mark.parametrize(
    ("name", "last_day", "before", "first_day", "after"),
    [
        ("us-fl.hours", "2021-06-30", "800-2100", "2021-07-01", "800-2000"),
        ("us-wa.hours", "2022-06-08", "800-2100", "2022-06-09", "800-2000"),
        ("us-ct.hours", "2023-09-30", "900-2100", "2023-10-01", "900-2000"),
    ],
)
def test_hours_that_changed_are_known_as_they_were(
    name: str, last_day: str, before: str, first_day: str, after: str
) -> None:
    assert hours(name, last_day) == before
    assert hours(name, first_day) == after


@pytest.mark.parametrize(
    ("name", "first_day"),
    [
        ("us-ok.hours", date(2022, 11, 1)),
        ("us-md.hours", date(2024, 1, 1)),
        ("us-or.hours", date(2026, 1, 1)),
        ("us-fl.attempts", date(2021, 7, 1)),
        ("us.collection-attempts", date(2021, 11, 30)),
        ("us.revocation-of-all", date(2027, 1, 31)),
        ("ca.hours", date(2008, 9, 30)),
    ],
)
def test_a_rule_begins_on_its_day(name: str, first_day: date) -> None:
    (rule,) = [rule for rule in RULES if rule.id == name]
    assert rule.effective == first_day


@pytest.mark.parametrize("state", ["fl", "ok", "md", "or"])
def test_states_with_a_cap_count_the_person_and_the_number(state: str) -> None:
    by_contact, by_number = held(f"us-{state}.attempts"), held(f"us-{state}.attempts-number")
    assert (by_contact.most, by_contact.seconds, by_contact.per) == (3, 86_400, Per.CONTACT)
    assert (by_number.most, by_number.seconds, by_number.per) == (3, 86_400, Per.NUMBER)


def test_the_federal_figures() -> None:
    abandonment = held("us.abandonment")
    assert (abandonment.most, abandonment.seconds, abandonment.connect) == (0.03, 30 * 86_400, 2)
    assert held("us.abandonment", "2008-09-30").seconds == 86_400
    assert held("us.ring").seconds == 15
    assert held("us.revocation").business_days == 10
    assert held("us.revocation", "2025-04-10").seconds == 30 * 86_400
    assert (held("us.collection-attempts").most, held("us.collection-attempts").seconds) == (7, 7 * 86_400)
    assert held("us.collection-conversation").seconds == 7 * 86_400
    assert held("us.recorded-sales").needs == "written"
    assert held("us.recorded-other").needs == "express"


def test_the_figures_of_canada_and_the_united_kingdom() -> None:
    assert (held("ca.abandonment").most, held("ca.abandonment").connect) == (0.05, 2)
    assert held("ca.revocation").seconds == 14 * 86_400
    assert held("gb.abandonment", "2017-02-28").certainty is Certainty.REPORTED
    now = held("gb.abandonment", "2017-03-01")
    assert (now.most, now.seconds, now.certainty) == (0.03, 86_400, Certainty.DISPUTED)
    assert held("gb.lockout").seconds == 72 * 3600
    assert held("gb.ring").seconds == 15


@pytest.mark.parametrize("state", ["al", "la", "pa", "ri", "ut"])
def test_states_that_close_holidays_close_christmas_and_thanksgiving(state: str) -> None:
    rule = held(f"us-{state}.holidays")
    days = closed_days.closed(rule.jurisdiction, rule.holidays, 2026)
    assert {date(2026, 12, 25), date(2026, 11, 26), date(2026, 7, 4)} <= days


def test_days_that_only_one_state_closes() -> None:
    assert date(2026, 2, 17) in closed_days.closed("US-LA", held("us-la.holidays").holidays, 2026)  # Mardi Gras
    assert date(2026, 4, 3) in closed_days.closed("US-PA", held("us-pa.holidays").holidays, 2026)  # Good Friday
    assert date(2026, 7, 24) in closed_days.closed("US-UT", held("us-ut.holidays").holidays, 2026)  # Pioneer Day
    assert held("us-pa.holidays").yearly == ((6, 14),)
    assert held("us-ri.holidays").yearly == ((5, 4),)
    assert [rule for rule in RULES if rule.id == "us-ms.holidays" and in_force(rule, TODAY)] == []


@pytest.mark.parametrize("state", ["ct", "in", "me", "mi", "mn", "nv", "pa", "sd", "tx", "ut"])
def test_where_tables_in_use_disagree_the_file_says_so(state: str) -> None:
    rules = [rule for rule in RULES if rule.jurisdiction == f"US-{state.upper()}" and rule.kind is RuleKind.HOURS]
    told = [rule for rule in rules if rule.certainty is Certainty.DISPUTED or "VICIdial" in rule.note]
    assert told


def test_sales_have_rules_in_every_place() -> None:
    assert {rule.jurisdiction for rule in RULES} == {
        rule.jurisdiction for rule in RULES if Purpose.SALES in rule.purposes
    }


@pytest.mark.parametrize(
    ("name", "most", "day"),
    [
        ("us.collection-attempts", 7, TODAY),
        ("us-ma.collection-attempts", 2, TODAY),
        ("us-wa.collection-attempts", 3, TODAY),
        ("us-ny.collection-attempts", 2, date(2026, 8, 31)),
        ("us-ny.collection-attempts", 3, date(2026, 9, 1)),
    ],
)
def test_calls_about_a_debt_are_counted_by_contact_and_by_number(name: str, most: int, day: date) -> None:
    there = [rule for rule in RULES if rule.id in (name, f"{name}-number") and in_force(rule, day)]
    assert [(rule.per, rule.most, rule.seconds) for rule in there] == [
        ("contact", most, 7 * 86_400.0),
        ("number", most, 7 * 86_400.0),
    ]


def test_days_of_every_year_are_not_written_as_single_dates_which_run_out() -> None:
    """Only what was proclaimed once has dates: Louisiana's governor closed two days of 2023."""
    assert {rule.id for rule in RULES if rule.dates} == {"us-la.holidays"}
