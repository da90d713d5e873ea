"""What is told before a campaign runs: that it can never dial, and where the law narrows it."""

from datetime import date, timedelta

import pytest

from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.rulebook import Rulebook, RuleKind
from ami_dialer.rules.compliance.foresight import never_opens, wider_than_law
from ami_dialer.rules.compliance.policy import Exemption, Policy
from tests.unit.rules.compliance.cases import book, every_day, hours, policy, rule, utc

pytestmark = pytest.mark.unit

NOW = utc("2026-03-05 12:00")
LAW = book(hours("us.hours", "08:00", "21:00"), hours("us-fl.hours", "08:00", "20:00"))
CHICAGO = Place(("America/Chicago",), ZoneSource.POSTAL_CODE, "US", ("US",))
MIAMI = Place(("America/New_York",), ZoneSource.POSTAL_CODE, "US", ("US", "US-FL"))
PENSACOLA = Place(("America/Chicago", "America/New_York"), ZoneSource.NUMBER, "US", ("US", "US-FL"))
NIGHT = every_day(("20:00", "21:00"))


def why(wishes: Policy, place: Place = CHICAGO, law: Rulebook = LAW) -> str:
    return never_opens(law, wishes, [place], NOW).get(place, "")


def test_a_campaign_that_can_dial_at_any_time_within_400_days_is_not_told_of() -> None:
    assert never_opens(LAW, policy(), [CHICAGO, MIAMI], NOW) == {}
    days = tuple(date(2026, 3, 5) + timedelta(days=day) for day in range(300))
    assert why(policy(closed_days=days)) == ""


def test_windows_that_are_open_only_when_the_law_is_not_say_so_for_the_places_it_concerns() -> None:
    assert never_opens(LAW, policy(week=NIGHT), [CHICAGO, MIAMI], NOW) == {
        MIAMI: "calls 20:00-21:00 (campaign.windows) and calls 08:00-20:00 (us-fl.hours); together they leave no time "
        "open, in America/New_York"
    }


def test_only_the_rules_that_are_needed_to_shut_it_are_named() -> None:
    assert why(policy(week=((),) * 7, earliest=540)) == "calls never (campaign.windows), in America/Chicago"


def test_zones_too_far_apart_are_named() -> None:
    wishes = policy(earliest=540, latest=600)
    assert why(wishes, MIAMI) == ""
    assert why(wishes, PENSACOLA) == "calls 09:00-10:00 (campaign.hours), in America/Chicago and America/New_York"


def test_what_no_time_changes_is_told_as_well() -> None:
    assert why(policy(states=(("US-FL", None),)), MIAMI) == "no calls to US-FL (campaign.blocked_state)"
    assert why(policy(countries=frozenset({"CA"}))) == "calls to CA only (number.country)"
    assert why(policy(kinds=frozenset())) == "calls to no kind of number only (number.kind)"
    nowhere = Place((), ZoneSource.UNKNOWN, "US", ("US",))
    assert "zone.unknown" in why(policy(kinds=frozenset(NumberKind)), nowhere)


def test_history_and_consent_do_not_count() -> None:
    assert why(policy(consent="written", between_calls=1e9)) == ""


def test_every_day_closed_by_law_is_told() -> None:
    days = tuple(date(2026, 1, 1) + timedelta(days=day) for day in range(600))
    law = book(rule("us.closed", RuleKind.CLOSED, dates=days))
    assert why(policy(), law=law).endswith("(us.closed), in America/Chicago")


def test_hours_wider_than_the_law_are_told_for_each_rule() -> None:
    assert wider_than_law(LAW, policy(earliest=480, latest=1260), ["US", "US-FL"], NOW.date()) == [
        "us-fl.hours: calls 08:00-20:00; the campaign would call 20:00-21:00 too, where it will not"
    ]
    assert wider_than_law(LAW, policy(earliest=480, latest=1200), ["US", "US-FL"], NOW.date()) == []
    assert len(wider_than_law(LAW, policy(), ["US", "US-FL"], NOW.date())) == 2


def test_what_is_wider_on_some_days_only_is_told_with_its_days() -> None:
    week = (((540, 1080),),) * 6 + ((),)
    law = book(rule("us-tx.hours", RuleKind.HOURS, week=week))
    assert wider_than_law(law, policy(earliest=540, latest=1080), ["US-TX"], NOW.date()) == [
        "us-tx.hours: calls Mon-Sat 09:00-18:00, Sun never; the campaign would call Sun 09:00-18:00 too, where it will "
        "not"
    ]


def test_windows_count_where_they_are_on_the_contacts_clock() -> None:
    assert wider_than_law(LAW, policy(week=every_day(("09:00", "12:00"))), ["US"], NOW.date()) == []
    elsewhere = policy(week=every_day(("09:00", "12:00")), zone="America/New_York")
    assert len(wider_than_law(LAW, elsewhere, ["US"], NOW.date())) == 1


def test_a_law_of_the_past_is_left_out_and_one_to_come_says_since_when() -> None:
    law = book(
        hours("us.hours", "10:00", "11:00", ends=date(2026, 1, 1)),
        hours("us.hours", "08:00", "20:00", effective=date(2026, 6, 1)),
    )
    found = wider_than_law(law, policy(earliest=480, latest=1260), ["US"], NOW.date())
    assert found == [
        "us.hours from 1 Jun 2026 on: calls 08:00-20:00; the campaign would call 20:00-21:00 too, where it will not"
    ]


def test_an_exempt_campaign_is_told_that_it_goes_beyond_the_law() -> None:
    wishes = policy(earliest=480, latest=1260, exemptions=(Exemption(("us-fl",), "own-consent", "They asked for it."),))
    assert wider_than_law(LAW, wishes, ["US", "US-FL"], NOW.date()) == [
        "us-fl.hours: calls 08:00-20:00; the campaign is exempt and calls 20:00-21:00 all the same"
    ]
