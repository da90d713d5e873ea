"""A verdict as a person would say it."""

from datetime import datetime, timedelta

import pytest

from ami_dialer.domain.place import Place, ZoneSource
from ami_dialer.domain.rulebook import Certainty, Per, RuleKind
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance.explain import Answer, asked, explain
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Exemption, Policy
from ami_dialer.rules.compliance.telling import moment_text, seconds_text, week_text
from tests.unit.rules.compliance.cases import book, called, facts, hours, local, policy, rule, said, somebody, utc

pytestmark = pytest.mark.unit

LAW = book(
    hours("us.hours", "08:00", "21:00", source="47 CFR 64.1200(c)(1)"),
    hours("us-fl.hours", "08:00", "20:00", source="Fla. Stat. 501.616(6)(a)"),
    rule(
        "us-fl.attempts",
        RuleKind.ATTEMPTS,
        most=3,
        seconds=86_400.0,
        per=Per.CONTACT,
        source="Fla. Stat. 501.616(6)(b)",
        certainty=Certainty.DISPUTED,
    ),
)
MORNING = local("America/Chicago", "2026-03-02 07:59")
PENSACOLA = somebody("America/Chicago", states=["US-FL"], source=ZoneSource.POSTAL_CODE)


def told(person: Callee, now: datetime = MORNING, wishes: Policy | None = None, found_by: str = "") -> str:
    wishes = wishes or policy(earliest=540, latest=1260, between_calls=1800.0)
    return explain(Judge(LAW, wishes).verdict(person, now), person, wishes, LAW, now, found_by)


def test_a_refusal_says_whose_time_it_is_what_each_rule_said_what_decides_and_when_it_ends() -> None:
    person = PENSACOLA._replace(history=(called(MORNING - timedelta(hours=12)),))
    assert told(person, found_by="ZIP 32501") == "\n".join(
        [
            "+18505550100 must not be called by campaign 'spring' at Mon 2 Mar 2026 07:59 CST "
            "(Mon 2 Mar 2026 13:59 UTC).",
            "campaign.hours decides: calls 09:00-21:00 in America/Chicago.",
            "2 other rules refuse too.",
            "If nothing else happens, it may be called from Mon 2 Mar 2026 09:00 CST (Mon 2 Mar 2026 15:00 UTC) on.",
            "",
            "Whose time: ZIP 32501 says America/Chicago.",
            "  there it is Mon 2 Mar 2026 07:59 CST (America/Chicago)",
            "Whose law: US, US-FL.",
            "Kind of number: mobile.",
            "",
            "Asked:",
            "  allows   number.country      calls to CA, US only",
            "  allows   number.kind         calls to mobile only",
            "  allows   zone.unknown        nobody is called whose time zone is unknown",
            "  allows   consent.revoked     no calls to whoever revoked",
            "  allows   consent.reassigned  no calls to a number that changed hands",
            "  refuses  us.hours            calls 08:00-21:00 [47 CFR 64.1200(c)(1)]",
            "  refuses  us-fl.hours         calls 08:00-20:00 [Fla. Stat. 501.616(6)(a)]",
            "  refuses  campaign.hours      calls 09:00-21:00",
            "  allows   us-fl.attempts      at most 3 calls to a contact in 24 hours; 1 so far, the last one "
            "Sun 1 Mar 2026 19:59 CST [Fla. Stat. 501.616(6)(b), disputed]",
            "  allows   calls.between       30 minutes from one call to the next; none so far",
            "",
            "Rules of law: version digest.",
        ]
    )


def test_a_permission_says_until_when_and_which_rule_ends_it() -> None:
    lines = told(PENSACOLA, local("America/Chicago", "2026-03-02 12:00")).splitlines()
    assert lines[0].startswith("+18505550100 may be called by campaign 'spring' at Mon 2 Mar 2026 12:00 CST")
    assert lines[1] == (
        "If nothing else happens, until Mon 2 Mar 2026 20:00 CST (Tue 3 Mar 2026 02:00 UTC); then us-fl.hours refuses."
    )


def test_a_permission_without_an_end_says_so() -> None:
    wishes = policy(exemptions=(Exemption(("*",), "emergency", "A flood."),))
    lines = told(PENSACOLA, wishes=wishes).splitlines()
    assert lines[1] == "No end of that is in sight."
    assert any(line.endswith("the campaign is exempt, emergency: A flood. [47 CFR 64.1200(c)(1)]") for line in lines)


def test_several_zones_are_told_one_by_one() -> None:
    person = somebody("America/Chicago", "America/New_York", states=["US-FL"])
    text = told(person)
    assert "Whose time: number says America/Chicago and America/New_York." in text
    assert "  there it is Mon 2 Mar 2026 08:59 EST (America/New_York)" in text
    assert "  a call must be right in all of them" in text


def test_many_zones_are_counted() -> None:
    zones = [f"America/{name}" for name in ("Adak", "Boise", "Chicago", "Denver", "Detroit", "Juneau", "Nome", "Sitka")]
    text = told(somebody(*zones))
    assert "says America/Adak and 7 more" in text
    assert "right in all of them, and 2 more" in text


def test_an_unknown_zone_and_what_was_found_wrong_are_told() -> None:
    place = Place((), ZoneSource.UNKNOWN, "US", ("US",), ("ZIP code 00000 does not exist",))
    text = told(PENSACOLA._replace(place=place))
    assert "zone.unknown decides: nobody knows the time zone; nobody is called whose time zone is unknown." in text
    assert "It will not be allowed as long as nothing of that changes." in text
    assert "Whose time: nobody knows." in text
    assert "Note: ZIP code 00000 does not exist." in text


def test_a_revocation_says_when_and_how_it_came() -> None:
    person = PENSACOLA._replace(consent=facts(said(utc("2026-03-01 10:00:05"), False, source="sms")))
    assert (
        "consent.revoked decides: revoked by sms on Sun 1 Mar 2026 10:00:05 UTC; no calls to whoever revoked."
        in told(person)
    )


def test_windows_on_the_campaigns_own_clock_are_told_with_its_time() -> None:
    wishes = policy(week=(((540, 1020),),) * 5 + ((), ()), zone="America/New_York")
    assert "  the campaign's windows are in America/New_York: Mon 2 Mar 2026 08:59 EST" in told(
        PENSACOLA, wishes=wishes
    )
    assert "calls Mon-Fri 09:00-17:00, Sat-Sun never in America/New_York" in told(PENSACOLA, wishes=wishes)


def test_a_holiday_is_told_by_its_name() -> None:
    law = book(rule("us-al.holidays", RuleKind.CLOSED, holidays=("*",), source="Ala. Code 1-3-8"))
    noon = local("America/Chicago", "2026-12-25 12:00")
    person = somebody("America/Chicago", states=["US-AL"])
    verdict = Judge(law, policy()).verdict(person, noon)
    assert verdict.why == "no calls on 25 Dec 2026 (Christmas Day) in US-AL (us-al.holidays)"
    found = [one for one in asked(verdict, person, policy(), law, noon) if one.id == "us-al.holidays"]
    assert (found[0].answer, found[0].found) == (Answer.REFUSES, "25 Dec 2026 is Christmas Day")


def test_every_question_that_was_asked_is_told_once_and_in_order() -> None:
    wishes = policy(
        week=(((540, 1020),),) * 7,
        states=(("US-FL", None), ("US-TX", (600, 660))),
        holidays="all",
        closed_days=(MORNING.date(),),
        skip_answered_days=3,
        abandoned_lockout=60.0,
        between_calls=60.0,
        consent="express",
    )
    verdict = Judge(LAW, wishes).verdict(PENSACOLA, MORNING)
    assert [one.id for one in asked(verdict, PENSACOLA, wishes, LAW, MORNING)] == list(verdict.asked)
    assert all(one.figure for one in asked(verdict, PENSACOLA, wishes, LAW, MORNING))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (604_800, "7 days"),
        (1800, "30 minutes"),
        (3600, "1 hour"),
        (90, "90 seconds"),
        (0.5, "0.5 seconds"),
        (1, "1 second"),
    ],
)
def test_a_time_is_told_exactly_and_short(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_week_puts_days_together_that_are_alike() -> None:
    week = (((540, 720), (780, 1080)),) * 5 + (((600, 840),), ())
    assert week_text(week) == "Mon-Fri 09:00-12:00 and 13:00-18:00, Sat 10:00-14:00, Sun never"


def test_a_zone_without_letters_is_told_by_its_distance_from_utc() -> None:
    assert moment_text(utc("2026-03-02 12:00"), "America/Sao_Paulo") == "Mon 2 Mar 2026 09:00 UTC-03"


def test_consent_that_the_law_wants_and_the_campaign_does_not_have_asked_is_told() -> None:
    consent = rule("us.recorded-sales", RuleKind.CONSENT, needs="written")
    told_of = "  not asked us.recorded-sales  needs written consent; the campaign sets no `consent` ["
    for wishes, expected in (
        (policy(), True),
        (policy(consent="express"), False),
        (policy(exemptions=(Exemption(("consent",), "own-consent", "They asked."),)), False),
    ):
        law = book(consent)
        text = explain(Judge(law, wishes).verdict(PENSACOLA, MORNING), PENSACOLA, wishes, law, MORNING)
        assert (told_of in text) is expected
