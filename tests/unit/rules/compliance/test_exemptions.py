"""Exemptions free of the law and of nothing else; kinds of numbers and countries are no matter of law."""

from datetime import timedelta

import pytest

from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.rulebook import Per, RuleKind
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Exemption
from tests.unit.rules.compliance.cases import book, called, facts, hours, local, policy, rule, said, somebody

pytestmark = pytest.mark.unit

NIGHT = local("America/New_York", "2026-03-05 03:00")
LAW = book(
    hours("us.hours", "08:00", "21:00"),
    hours("us-fl.hours", "08:00", "20:00"),
    rule("us-fl.attempts", RuleKind.ATTEMPTS, most=1, seconds=86_400.0, per=Per.CONTACT),
)
CALLED = somebody("America/New_York", states=["US-FL"], history=(called(NIGHT - timedelta(hours=1)),))


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ((), {"us.hours", "us-fl.hours", "us-fl.attempts"}),
        (("us-fl.hours",), {"us.hours", "us-fl.attempts"}),
        (("us-fl",), {"us.hours"}),
        (("us",), {"us-fl.hours", "us-fl.attempts"}),
        (("hours",), {"us-fl.attempts"}),
        (("attempts", "us.hours"), {"us-fl.hours"}),
        (("*",), set()),
    ],
)
def test_an_exemption_frees_of_rules_by_id_jurisdiction_kind_or_of_all(names: tuple[str, ...], left: set[str]) -> None:
    wishes = policy(exemptions=(Exemption(names, "emergency", "A flood."),) if names else ())
    verdict = Judge(LAW, wishes).verdict(CALLED, NIGHT)
    assert set(verdict.refusing) == left
    assert set(verdict.exempt) == {"us.hours", "us-fl.hours", "us-fl.attempts"} - left
    assert set(verdict.exempt) <= set(verdict.asked)


def test_an_exemption_of_everything_frees_of_nothing_but_the_law() -> None:
    everything = (Exemption(("*",), "emergency", "A flood."),)
    person = CALLED._replace(kind=NumberKind.PREMIUM, consent=facts(said(NIGHT, False)))
    wishes = policy(
        exemptions=everything,
        earliest=540,
        latest=1260,
        week=(((540, 600),),) * 7,
        states=(("US-FL", (600, 660)),),
        between_calls=86_400.0,
        consent="express",
        countries=frozenset({"CA"}),
    )
    assert set(Judge(LAW, wishes).verdict(person, NIGHT).refusing) == {
        "number.country",
        "number.kind",
        "consent.revoked",
        "consent.required",
        "campaign.hours",
        "campaign.windows",
        "campaign.state_hours",
        "calls.between",
    }


def test_a_rule_about_recorded_voice_binds_only_campaigns_that_play_any() -> None:
    law = book(hours("us.recorded-hours", "09:00", "20:00", recorded=True))
    person = somebody("America/New_York")
    assert Judge(law, policy()).verdict(person, NIGHT).refusing == ("us.recorded-hours",)
    silent = Judge(law, policy(recorded=False)).verdict(person, NIGHT)
    assert (silent.allowed, "us.recorded-hours" in silent.asked) == (True, False)


@pytest.mark.parametrize("kind", [kind for kind in NumberKind if kind is not NumberKind.MOBILE])
def test_a_kind_of_number_that_is_not_allowed_is_never_called(kind: NumberKind) -> None:
    noon = local("America/New_York", "2026-03-05 12:00")
    verdict = Judge(LAW, policy()).verdict(somebody("America/New_York", kind=kind), noon)
    assert (verdict.refusing, verdict.next_at) == (("number.kind",), None)
    assert kind.value in verdict.why


@pytest.mark.parametrize("country", ["GB", "KP", ""])
def test_a_country_that_is_not_allowed_is_never_called(country: str) -> None:
    judge = Judge(LAW, policy())
    noon = local("Europe/London", "2026-03-05 12:00")
    verdict = judge.verdict(somebody("Europe/London", country=country), noon)
    assert (verdict.refusing, verdict.next_at) == (("number.country",), None)
    assert (country or "no country") in verdict.why


def test_numbers_of_several_countries_and_kinds_are_each_told_their_own() -> None:
    judge = Judge(LAW, policy())
    noon = local("Europe/London", "2026-03-05 12:00")
    for country in ("GB", "IE", "GB"):
        assert f"belongs to {country};" in judge.verdict(somebody("Europe/London", country=country), noon).why
    for kind in (NumberKind.PREMIUM, NumberKind.SATELLITE):
        assert kind.value in judge.verdict(somebody("America/New_York", kind=kind), noon).why


def test_where_no_country_and_no_kind_is_allowed_nobody_is_called() -> None:
    noon = local("America/New_York", "2026-03-05 12:00")
    nothing = policy(countries=frozenset(), kinds=frozenset())
    assert Judge(LAW, nothing).verdict(somebody("America/New_York"), noon).refusing == ("number.country", "number.kind")
