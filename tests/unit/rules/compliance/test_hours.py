"""Hours of law and campaign, on both sides of every border, in every zone, around the changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ami_dialer.config.rulebook import load
from ami_dialer.domain.place import ZoneSource
from ami_dialer.domain.rulebook import Purpose, RuleKind
from ami_dialer.domain.zip_codes import PLACES
from ami_dialer.rules.compliance.explain import explain
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Holidays
from tests.unit.rules.compliance.cases import book, every_day, hours, local, policy, rule, somebody, utc

pytestmark = pytest.mark.unit

FEDERAL = hours("us.hours", "08:00", "21:00")
FLORIDA = hours("us-fl.hours", "08:00", "20:00")
US_ZONES = sorted({zone for _, zone in PLACES if zone})
#: A day of winter, one of summer, and those on which the clocks change.
DAYS = ("2026-01-14", "2026-03-08", "2026-07-15", "2026-11-01")
LAW = load(None)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("zone", US_ZONES)
def test_the_law_opens_at_eight_and_closes_at_nine_to_the_second_wherever_somebody_is(zone: str, day: str) -> None:
    judge, person = Judge(book(FEDERAL), policy()), somebody(zone)
    opens, closes = local(zone, f"{day} 08:00:00"), local(zone, f"{day} 21:00:00")
    for moment, allowed in (
        (opens - timedelta(minutes=1), False),
        (opens - timedelta(seconds=1), False),
        (opens - timedelta(microseconds=1), False),
        (opens, True),
        (opens + timedelta(minutes=1), True),
        (closes - timedelta(minutes=1), True),
        (closes - timedelta(seconds=1), True),
        (closes - timedelta(microseconds=1), True),
        (closes, False),
        (closes + timedelta(minutes=1), False),
    ):
        verdict = judge.verdict(person, moment)
        assert (verdict.allowed, verdict.rule) == (allowed, "us.hours"), moment
        if allowed:
            assert (verdict.until, verdict.next_at) == (closes, None)
        elif moment < opens:
            assert (verdict.until, verdict.next_at) == (None, opens)


#: Jurisdiction, zone, day (a Saturday and a Sunday where they differ), first and last minute; None: closed.
PACKAGED = [
    ("US-FL", "America/New_York", "2026-03-05", ("08:00", "20:00")),
    ("US-TX", "America/Chicago", "2026-03-05", ("09:00", "21:00")),
    ("US-TX", "America/Chicago", "2026-03-08", ("12:00", "21:00")),
    ("US-AL", "America/Chicago", "2026-03-07", ("08:00", "20:00")),
    ("US-AL", "America/Chicago", "2026-03-08", None),
    ("US-AL", "America/Chicago", "2026-12-25", None),
    ("US-OK", "America/Chicago", "2026-03-05", ("09:00", "20:00")),
    ("US-WA", "America/Los_Angeles", "2026-03-05", ("08:00", "20:00")),
    ("US-MD", "America/New_York", "2026-03-05", ("08:00", "20:00")),
    ("US-NY", "America/New_York", "2026-03-05", ("08:00", "21:00")),
]


@pytest.mark.parametrize(("state", "zone", "day", "span"), PACKAGED)
def test_the_packaged_law_of_a_state_narrows_the_federal_hours(
    state: str, zone: str, day: str, span: tuple[str, str] | None
) -> None:
    judge, person = Judge(LAW, policy()), somebody(zone, states=[state])
    open_minutes = [
        minute
        for minute in range(24 * 60)
        if day != "2026-03-08" or minute // 60 != 2
        if judge.verdict(person, local(zone, f"{day} {minute // 60:02}:{minute % 60:02}")).allowed
    ]
    if span is None:
        assert open_minutes == []
    else:
        first, last = (int(text[:2]) * 60 + int(text[3:]) for text in span)
        assert open_minutes == list(range(first, last))


def test_a_campaign_calls_from_nine_to_nine_unless_it_says_otherwise() -> None:
    judge = Judge(book(FEDERAL), policy(earliest=540, latest=1260))
    person = somebody("America/Denver")
    refused = judge.verdict(person, local("America/Denver", "2026-03-05 08:59:59"))
    assert (refused.refusing, refused.next_at) == (
        ("campaign.hours",),
        local("America/Denver", "2026-03-05 09:00"),
    )
    assert judge.verdict(person, local("America/Denver", "2026-03-05 09:00")).allowed


class TestChangesOfTheClock:
    def test_a_window_in_the_hour_that_is_left_out_opens_late_and_closes_with_the_change(self) -> None:
        """On 8 March 2026 New York's clocks go from 2:00 to 3:00."""
        judge = Judge(book(), policy(week=every_day(("01:30", "02:30"))))
        person = somebody("America/New_York")
        opens = local("America/New_York", "2026-03-08 01:30")
        found = judge.verdict(person, opens)
        assert (found.allowed, found.until) == (True, opens + timedelta(minutes=30))
        closed = judge.verdict(person, opens + timedelta(minutes=30))
        assert closed.next_at == local("America/New_York", "2026-03-09 01:30")

    def test_a_window_wholly_within_the_hour_that_is_left_out_does_not_open_that_day(self) -> None:
        judge = Judge(book(), policy(week=every_day(("02:10", "02:50"))))
        found = judge.verdict(somebody("America/New_York"), local("America/New_York", "2026-03-07 03:00"))
        assert found.next_at == local("America/New_York", "2026-03-09 02:10")

    def test_a_window_in_the_hour_that_comes_twice_opens_twice(self) -> None:
        """On 1 November 2026 New York's clocks go from 2:00 back to 1:00."""
        judge = Judge(book(), policy(week=every_day(("01:15", "01:45"))))
        person = somebody("America/New_York")
        for fold, again in ((0, local("America/New_York", "2026-11-01 01:15", fold=1)), (1, None)):
            opens = local("America/New_York", "2026-11-01 01:15", fold=fold)
            assert not judge.verdict(person, opens - timedelta(seconds=1)).allowed
            assert judge.verdict(person, opens).until == opens + timedelta(minutes=30)
            after = judge.verdict(person, opens + timedelta(minutes=30))
            assert after.next_at == (again or local("America/New_York", "2026-11-02 01:15"))

    def test_a_window_that_begins_before_and_ends_within_the_second_of_the_two_hours_shuts_between(self) -> None:
        judge = Judge(book(), policy(week=every_day(("00:30", "01:30"))))
        person, half = somebody("America/New_York"), timedelta(minutes=30)
        first = local("America/New_York", "2026-11-01 00:30")
        assert judge.verdict(person, first).until == first + 2 * half
        assert judge.verdict(person, first + 2 * half).next_at == first + 3 * half
        assert judge.verdict(person, first + 3 * half).until == first + 4 * half

    @pytest.mark.parametrize(
        ("day", "opens"),
        [("2026-03-07", "13:00"), ("2026-03-08", "12:00"), ("2026-10-31", "12:00"), ("2026-11-01", "13:00")],
    )
    def test_eight_in_new_york_moves_in_utc_on_the_very_day(self, day: str, opens: str) -> None:
        judge = Judge(book(FEDERAL), policy())
        moment = utc(f"{day} {opens}")
        assert judge.verdict(somebody("America/New_York"), moment).allowed
        assert judge.verdict(somebody("America/New_York"), moment - timedelta(seconds=1)).next_at == moment

    def test_arizona_keeps_its_clock_and_the_navajo_do_not(self) -> None:
        judge = Judge(book(FEDERAL), policy())
        for day, phoenix, navajo in (("2026-01-14", "15:00", "15:00"), ("2026-07-15", "15:00", "14:00")):
            for zone, opens in (("America/Phoenix", phoenix), ("America/Denver", navajo)):
                moment = utc(f"{day} {opens}")
                assert judge.verdict(somebody(zone), moment).allowed
                assert not judge.verdict(somebody(zone), moment - timedelta(seconds=1)).allowed

    def test_somebody_in_arizona_who_may_be_navajo_is_called_when_both_clocks_allow_it(self) -> None:
        judge = Judge(book(FEDERAL), policy())
        person = somebody("America/Denver", "America/Phoenix")
        verdict = judge.verdict(person, local("America/Phoenix", "2026-07-15 07:59:59"))
        assert verdict.next_at == local("America/Phoenix", "2026-07-15 08:00")
        verdict = judge.verdict(person, verdict.next_at)
        assert (
            verdict.until == local("America/Denver", "2026-07-15 21:00") == local("America/Phoenix", "2026-07-15 20:00")
        )

    def test_newfoundland_is_half_an_hour_off(self) -> None:
        judge = Judge(book(hours("ca.hours", "09:00", "21:30")), policy())
        person = somebody("America/St_Johns", country="CA")
        for day, opens in (("2026-01-14", "12:30"), ("2026-07-15", "11:30"), ("2026-03-08", "11:30")):
            assert judge.verdict(person, utc(f"{day} {opens}")).allowed
            assert not judge.verdict(person, utc(f"{day} {opens}") - timedelta(seconds=1)).allowed

    def test_a_clock_that_moves_by_half_an_hour_is_right_too(self) -> None:
        """Lord Howe Island: on 5 April 2026 from 2:00 back to 1:30."""
        judge = Judge(book(), policy(week=every_day(("01:40", "01:50"))))
        person = somebody("Australia/Lord_Howe")
        first = local("Australia/Lord_Howe", "2026-04-05 01:40")
        assert judge.verdict(person, first).until == first + timedelta(minutes=10)
        assert judge.verdict(person, first + timedelta(minutes=10)).next_at == first + timedelta(minutes=30)


class TestSeveralPlaces:
    def test_a_number_of_west_florida_is_called_when_both_its_zones_and_both_laws_allow_it(self) -> None:
        """850: Tallahassee is on Eastern time, Pensacola on Central; Florida closes at eight."""
        judge = Judge(book(FEDERAL, FLORIDA), policy())
        person = somebody("America/Chicago", "America/New_York", states=["US-FL"])
        opens = judge.verdict(person, local("America/New_York", "2026-03-05 08:30"))
        assert (opens.allowed, opens.next_at) == (False, local("America/Chicago", "2026-03-05 08:00"))
        open_now = judge.verdict(person, opens.next_at)
        assert (open_now.until, open_now.rule) == (local("America/New_York", "2026-03-05 20:00"), "us-fl.hours")

    def test_who_has_moved_is_under_the_law_of_both_states(self) -> None:
        judge = Judge(LAW, policy())
        person = somebody("America/Chicago", states=["US-FL", "US-TX"])
        verdict = judge.verdict(person, local("America/Chicago", "2026-03-05 12:00"))
        assert {"us.hours", "us-fl.hours", "us-tx.hours"} <= set(verdict.asked)
        assert verdict.until == local("America/Chicago", "2026-03-05 20:00")
        assert judge.verdict(person, local("America/Chicago", "2026-03-05 08:30")).refusing == ("us-tx.hours",)

    def test_zones_that_never_meet_are_never_called(self) -> None:
        judge = Judge(book(FEDERAL), policy(earliest=600, latest=660))
        verdict = judge.verdict(somebody("America/New_York", "Pacific/Honolulu"), utc("2026-03-05 12:00"))
        assert (verdict.allowed, verdict.next_at) == (False, None)

    def test_nobody_is_called_whose_zone_nobody_knows(self) -> None:
        verdict = Judge(book(FEDERAL), policy()).verdict(somebody(), utc("2026-03-05 18:00"))
        assert (verdict.refusing, verdict.next_at) == (("zone.unknown",), None)
        assert "us.hours" not in verdict.asked

    def test_unless_the_administrator_says_which_zone_to_take(self) -> None:
        judge = Judge(book(FEDERAL), policy(unknown_zone="America/Chicago"))
        assert judge.verdict(somebody(), local("America/Chicago", "2026-03-05 08:00")).allowed
        assert not judge.verdict(somebody(), local("America/Chicago", "2026-03-05 07:59")).allowed


class TestWindows:
    def test_are_on_the_campaigns_clock_if_it_has_one(self) -> None:
        judge = Judge(book(), policy(week=every_day(("09:00", "12:00"), ("13:00", "18:00")), zone="America/New_York"))
        person = somebody("America/Los_Angeles")
        for text, allowed in (("08:59", False), ("09:00", True), ("11:59", True), ("12:00", False), ("13:00", True)):
            assert judge.verdict(person, local("America/New_York", f"2026-03-05 {text}")).allowed is allowed

    def test_are_on_the_contacts_clock_where_the_contact_came_with_one(self) -> None:
        judge = Judge(book(), policy(week=every_day(("09:00", "12:00")), zone="America/New_York"))
        person = somebody("America/Los_Angeles", source=ZoneSource.CONTACT)
        assert not judge.verdict(person, local("America/Los_Angeles", "2026-03-05 08:59")).allowed
        assert judge.verdict(person, local("America/Los_Angeles", "2026-03-05 09:00")).allowed

    def test_of_one_weekday_open_on_the_local_weekday(self) -> None:
        monday = (((540, 600),), (), (), (), (), (), ())
        judge = Judge(book(), policy(week=monday))
        verdict = judge.verdict(somebody("Pacific/Honolulu"), utc("2026-03-04 12:00"))
        assert verdict.next_at == local("Pacific/Honolulu", "2026-03-09 09:00")

    def test_of_a_state_narrow_the_campaigns_hours_there_and_nowhere_else(self) -> None:
        judge = Judge(book(), policy(earliest=540, latest=1260, states=(("US-TX", (600, 1080)),)))
        at_nine = local("America/Chicago", "2026-03-05 09:30")
        assert judge.verdict(somebody("America/Chicago", states=["US-IL"]), at_nine).allowed
        refused = judge.verdict(somebody("America/Chicago", states=["US-TX"]), at_nine)
        assert (refused.refusing, refused.next_at) == (
            ("campaign.state_hours",),
            local("America/Chicago", "2026-03-05 10:00"),
        )

    def test_a_blocked_state_is_never_called(self) -> None:
        judge = Judge(book(), policy(states=(("US-FL", None),)))
        noon = local("America/New_York", "2026-03-05 12:00")
        verdict = judge.verdict(somebody("America/New_York", states=["US-FL"]), noon)
        assert (verdict.refusing, verdict.next_at) == (("campaign.blocked_state",), None)
        assert judge.verdict(somebody("America/New_York", states=["US-GA"]), noon).allowed


class TestClosedDays:
    def test_a_holiday_of_the_law_is_closed_from_midnight_to_midnight_where_the_contact_is(self) -> None:
        law = book(rule("us-al.holidays", RuleKind.CLOSED, holidays=("Christmas Day",)))
        judge = Judge(law, policy())
        person = somebody("America/Chicago", states=["US-AL"])
        midnight = local("America/Chicago", "2026-12-25 00:00")
        assert judge.verdict(person, midnight - timedelta(seconds=1)).until == midnight
        verdict = judge.verdict(person, midnight)
        assert (verdict.rule, verdict.next_at) == ("us-al.holidays", local("America/Chicago", "2026-12-26 00:00"))
        assert "25 Dec 2026 (Christmas Day)" in verdict.why

    def test_the_day_on_which_a_holiday_is_observed_is_closed_too(self) -> None:
        """The Fourth of July 2026 is a Saturday; Alabama keeps it on Friday as well."""
        judge = Judge(book(rule("us-al.holidays", RuleKind.CLOSED, holidays=("Independence Day",))), policy())
        person = somebody("America/Chicago", states=["US-AL"])
        days = [
            day
            for day in range(1, 8)
            if not judge.verdict(person, local("America/Chicago", f"2026-07-0{day} 12:00")).allowed
        ]
        assert days == [3, 4]

    def test_a_state_without_such_a_law_is_called_on_christmas_unless_the_campaign_keeps_all_holidays(self) -> None:
        noon = local("America/New_York", "2026-12-25 12:00")
        person = somebody("America/New_York", states=["US-GA"])
        assert Judge(LAW, policy()).verdict(person, noon).allowed
        verdict = Judge(LAW, policy(holidays=Holidays.ALL)).verdict(person, noon)
        assert verdict.refusing == ("campaign.holiday",)

    def test_all_holidays_means_those_of_the_contacts_state_too(self) -> None:
        judge = Judge(book(), policy(holidays=Holidays.ALL))
        noon = local("America/Chicago", "2026-04-27 12:00")  # Confederate Memorial Day, in Alabama
        assert judge.verdict(somebody("America/Chicago", states=["US-AL"]), noon).refusing == ("campaign.holiday",)
        assert judge.verdict(somebody("America/Chicago", states=["US-IL"]), noon).allowed

    def test_closed_days_of_the_campaign_are_on_the_contacts_calendar(self) -> None:
        judge = Judge(book(), policy(closed_days=(date(2026, 3, 5),)))
        moment = utc("2026-03-05 05:30")  # still the 4th in Chicago
        assert judge.verdict(somebody("America/Chicago"), moment).allowed
        assert judge.verdict(somebody("America/New_York"), moment).refusing == ("campaign.closed_day",)
        assert not judge.verdict(somebody("America/Chicago", "America/New_York"), moment).allowed


class TestLawThatChanges:
    OLD = hours("us.hours", "08:00", "21:00", ends=date(2026, 6, 1))
    NEW = hours("us.hours", "09:00", "20:00", effective=date(2026, 6, 1))

    def test_at_midnight_where_the_contact_is(self) -> None:
        judge = Judge(book(self.OLD, self.NEW), policy())
        for zone in ("America/New_York", "Pacific/Honolulu"):
            person = somebody(zone)
            assert judge.verdict(person, local(zone, "2026-05-31 20:59")).until == local(zone, "2026-05-31 21:00")
            assert judge.verdict(person, local(zone, "2026-05-31 21:00")).next_at == local(zone, "2026-06-01 09:00")
            assert judge.verdict(person, local(zone, "2026-06-01 08:59")).allowed is False
            assert judge.verdict(person, local(zone, "2026-06-01 19:59")).until == local(zone, "2026-06-01 20:00")

    def test_a_rule_that_begins_is_asked_from_that_midnight_on_and_not_before(self) -> None:
        judge = Judge(book(hours("us.hours", "00:00", "24:00", effective=date(2026, 6, 1))), policy())
        midnight = local("America/Denver", "2026-06-01 00:00")
        assert "us.hours" not in judge.verdict(somebody("America/Denver"), midnight - timedelta(seconds=1)).asked
        assert "us.hours" in judge.verdict(somebody("America/Denver"), midnight).asked

    def test_a_rule_binds_only_calls_of_its_purpose(self) -> None:
        law = book(hours("us.hours", "08:00", "21:00", purposes=frozenset({Purpose.SALES})))
        night = local("America/Denver", "2026-06-01 03:00")
        assert not Judge(law, policy()).verdict(somebody("America/Denver"), night).allowed
        survey = Judge(law, policy(purpose=Purpose.SURVEY)).verdict(somebody("America/Denver"), night)
        assert (survey.allowed, survey.until) == (True, None)


def test_a_year_in_the_past_and_one_in_the_future_are_judged_by_the_same_judge() -> None:
    judge, person = Judge(book(FEDERAL), policy()), somebody("America/New_York")
    for year in (2026, 2019, 2031, 2026):
        assert judge.verdict(person, local("America/New_York", f"{year}-02-03 08:00")).allowed
        assert not judge.verdict(person, local("America/New_York", f"{year}-02-03 07:59")).allowed


def test_a_time_of_day_without_a_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Judge(book(), policy()).verdict(somebody("America/New_York"), datetime(2026, 3, 5, 12, 0))  # noqa: DTZ001


def test_a_moment_may_be_given_in_any_zone() -> None:
    judge, person = Judge(book(FEDERAL), policy()), somebody("America/New_York")
    moment = local("America/New_York", "2026-03-05 08:00")
    assert judge.verdict(person, moment.astimezone(UTC)) == judge.verdict(person, moment)


def test_the_law_of_a_number_of_another_state_is_asked_on_the_clock_of_that_state_too() -> None:
    """A number of California whose contact lives by New York's clock: 9:00 there is 6:00 in California."""
    law = book(hours("us-ca.hours", "09:00", "21:00"))
    judge = Judge(law, policy())
    moved = somebody("America/New_York", states=["US-CA"], law_clocks=[("US-CA", ("America/Los_Angeles",))])
    refused = judge.verdict(moved, local("America/Los_Angeles", "2026-06-01 08:59:59"))
    assert (refused.allowed, refused.rule) == (False, "us-ca.hours")
    assert "America/Los_Angeles" in refused.why
    assert refused.next_at == local("America/Los_Angeles", "2026-06-01 09:00")
    allowed = judge.verdict(moved, refused.next_at)
    assert (allowed.allowed, allowed.until) == (True, local("America/New_York", "2026-06-01 21:00"))
    text = explain(refused, moved, policy(), law, refused.next_at)
    assert "that of US-CA on its own clock too (America/Los_Angeles): Mon 1 Jun 2026 09:00 PDT" in text
