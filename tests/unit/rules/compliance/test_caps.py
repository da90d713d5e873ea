"""How often somebody is called: each cap at its exact second, whoever's calls it counts."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ami_dialer.domain.history import PastCall
from ami_dialer.domain.rulebook import Per, Purpose, RuleKind, Scope
from ami_dialer.domain.verdict import Callee, Verdict
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Cap, Policy
from tests.unit.rules.compliance.cases import NUMBER, OTHER, book, called, hours, local, policy, rule, somebody, utc

pytestmark = pytest.mark.unit

T = utc("2026-03-05 12:00:00")
SECOND = timedelta(seconds=1)
THREE_A_DAY = rule("us-fl.attempts", RuleKind.ATTEMPTS, most=3, seconds=86_400.0, per=Per.CONTACT)


def person(*calls: PastCall) -> Callee:
    return somebody("America/New_York", states=["US-FL"], history=calls)


def cap(per: Per = Per.NUMBER, scope: Scope = Scope.CAMPAIGN, most: int = 1) -> Policy:
    return policy(caps=(Cap("campaign.per_number_24h", most, 86_400.0, per, scope),))


@pytest.mark.parametrize(
    ("wishes", "calls", "rule_id", "free"),
    [
        (policy(between_calls=1800.0), [called(T)], "calls.between", timedelta(minutes=30)),
        (policy(between_calls=0.5), [called(T)], "calls.between", timedelta(seconds=0.5)),
        (cap(), [called(T)], "campaign.per_number_24h", timedelta(days=1)),
        (policy(skip_answered_days=7), [called(T, answered=True)], "calls.answered", timedelta(days=7)),
        (
            policy(abandoned_lockout=259_200.0),
            [called(T, abandoned=True)],
            "calls.abandoned_lockout",
            timedelta(days=3),
        ),
    ],
)
def test_a_cap_refuses_until_its_exact_second_and_says_when(
    wishes: Policy, calls: list[PastCall], rule_id: str, free: timedelta
) -> None:
    judge = Judge(book(), wishes)
    for moment in (T, T + free / 2, T + free - timedelta(microseconds=1)):
        verdict = judge.verdict(person(*calls), moment)
        assert (verdict.allowed, verdict.refusing, verdict.next_at) == (False, (rule_id,), T + free)
    assert judge.verdict(person(*calls), T + free).allowed


def test_a_sliding_window_lets_the_next_call_through_when_the_oldest_that_counts_leaves_it() -> None:
    judge = Judge(book(THREE_A_DAY), policy())
    calls = [called(T - timedelta(hours=hours_ago)) for hours_ago in (30, 20, 10, 1)]
    verdict = judge.verdict(person(*calls), T)
    assert (verdict.rule, verdict.next_at) == ("us-fl.attempts", T + timedelta(hours=4))
    assert judge.verdict(person(*calls), T + timedelta(hours=4)).allowed
    assert "at most 3 calls to the contact in 24 hours" in verdict.why


@pytest.mark.parametrize(
    ("per", "scope", "call", "counts"),
    [
        (Per.NUMBER, Scope.CAMPAIGN, called(T), True),
        (Per.NUMBER, Scope.CAMPAIGN, called(T, campaign_id=2), False),
        (Per.NUMBER, Scope.ALL, called(T, campaign_id=2), True),
        (Per.NUMBER, Scope.ALL, called(T, contact_id=8), True),
        (Per.NUMBER, Scope.ALL, called(T, number=OTHER), False),
        (Per.CONTACT, Scope.CAMPAIGN, called(T, number=OTHER), True),
        (Per.CONTACT, Scope.CAMPAIGN, called(T, number=OTHER, campaign_id=2), False),
        (Per.CONTACT, Scope.ALL, called(T, number=OTHER, campaign_id=2), True),
        (Per.CONTACT, Scope.ALL, called(T, contact_id=8), False),
    ],
)
def test_a_cap_counts_the_calls_it_is_about(per: Per, scope: Scope, call: PastCall, counts: bool) -> None:
    assert Judge(book(), cap(per, scope)).verdict(person(call), T + SECOND).allowed is not counts
    law = replace(THREE_A_DAY, most=1, per=per, scope=scope)
    assert Judge(book(law), policy()).verdict(person(call), T + SECOND).allowed is not counts


@pytest.mark.parametrize(
    "wishes", [policy(between_calls=60.0), policy(skip_answered_days=1), policy(abandoned_lockout=60)]
)
def test_times_between_calls_count_the_number_and_the_contact_whichever_campaign_called(wishes: Policy) -> None:
    judge = Judge(book(), wishes)
    known = {"answered": True, "abandoned": True, "campaign_id": 2}
    assert not judge.verdict(person(called(T, number=OTHER, **known)), T + SECOND).allowed
    assert not judge.verdict(person(called(T, contact_id=8, **known)), T + SECOND).allowed
    assert judge.verdict(person(called(T, number=OTHER, contact_id=8, **known)), T + SECOND).allowed


def test_calls_that_nobody_answered_and_that_were_not_abandoned_do_not_lock_out() -> None:
    judge = Judge(book(), policy(skip_answered_days=7, abandoned_lockout=60.0))
    assert judge.verdict(person(called(T)), T + SECOND).allowed


@pytest.mark.parametrize(
    ("kind", "known"), [(RuleKind.LOCKOUT, {"abandoned": True}), (RuleKind.CONVERSATION, {"answered": True})]
)
def test_law_locks_out_after_an_abandoned_call_and_after_a_conversation(kind: RuleKind, known: dict[str, bool]) -> None:
    judge = Judge(book(rule("us.quiet", kind, seconds=259_200.0)), policy())
    assert judge.verdict(person(called(T)), T + SECOND).allowed
    verdict = judge.verdict(person(called(T, **known)), T + SECOND)
    assert (verdict.rule, verdict.next_at) == ("us.quiet", T + timedelta(days=3))


def test_the_next_time_that_is_told_is_never_a_moment_too_early() -> None:
    """A call's time is a float; the next call's is told in microseconds."""
    judge = Judge(book(), policy(between_calls=1800.0))
    for part in range(200):
        call = called(T)._replace(at=T.timestamp() + part / 199)
        next_at = judge.verdict(person(call), T + timedelta(seconds=1)).next_at
        assert next_at is not None
        assert judge.verdict(person(call), next_at).allowed


def test_the_next_call_comes_when_every_cap_and_the_hours_let_it_through() -> None:
    law = book(hours("us.hours", "08:00", "21:00"), THREE_A_DAY)
    judge = Judge(law, policy(between_calls=1800.0))
    evening = local("America/New_York", "2026-03-05 20:45")
    verdict = judge.verdict(person(called(evening)), evening + SECOND)
    assert (verdict.refusing, verdict.rule) == (("calls.between",), "calls.between")
    assert verdict.next_at == local("America/New_York", "2026-03-06 08:00")

    late = judge.verdict(person(called(evening)), local("America/New_York", "2026-03-05 21:05"))
    assert (late.refusing, late.rule) == (("us.hours", "calls.between"), "us.hours")
    assert late.next_at == local("America/New_York", "2026-03-06 08:00")


def test_the_rule_that_refuses_longest_decides() -> None:
    judge = Judge(book(THREE_A_DAY), policy(between_calls=1800.0))
    calls = [called(T - timedelta(hours=3)), called(T - timedelta(hours=2)), called(T)]
    verdict = judge.verdict(person(*calls), T + SECOND)
    assert verdict.refusing == ("us-fl.attempts", "calls.between")
    assert (verdict.rule, verdict.next_at) == ("us-fl.attempts", T + timedelta(hours=21))


def test_a_cap_of_law_that_ends_tomorrow_holds_nobody_back_after_midnight() -> None:
    judge = Judge(book(replace(THREE_A_DAY, ends=date(2026, 3, 6))), policy())
    calls = [called(T)] * 3
    assert judge.verdict(person(*calls), T + SECOND).next_at == local("America/New_York", "2026-03-06 00:00")


@pytest.mark.parametrize("now", [T, utc("2026-03-06 02:00"), utc("2026-03-06 04:59:59")])
def test_a_cap_of_law_that_begins_tomorrow_ends_what_is_allowed_today(now: datetime) -> None:
    judge = Judge(book(replace(THREE_A_DAY, effective=date(2026, 3, 6))), policy())
    calls = [called(T - timedelta(minutes=minute)) for minute in (3, 2, 1)]
    midnight = local("America/New_York", "2026-03-06 00:00")
    verdict = judge.verdict(person(*calls), now)
    assert (verdict.allowed, verdict.until, verdict.rule) == (True, midnight, "us-fl.attempts")
    assert judge.verdict(person(*calls), midnight).next_at == T - timedelta(minutes=3) + timedelta(days=1)


def test_a_law_that_allows_no_call_at_all_refuses_for_good() -> None:
    verdict = Judge(book(replace(THREE_A_DAY, most=0)), policy()).verdict(person(), T)
    assert (verdict.rule, verdict.next_at) == ("us-fl.attempts", None)


def test_the_order_of_the_history_does_not_matter() -> None:
    judge = Judge(book(THREE_A_DAY), policy())
    calls = [called(T - timedelta(hours=hour)) for hour in (1, 20, 10)]
    assert judge.verdict(person(*calls), T).next_at == T + timedelta(hours=4)


def test_a_cap_holds_only_those_back_who_were_called() -> None:
    judge = Judge(book(THREE_A_DAY), policy())
    verdicts: list[Verdict] = [judge.verdict(person(*calls), T) for calls in ([called(T)] * 3, [], [called(T)] * 2)]
    assert [one.allowed for one in verdicts] == [False, True, True]
    assert person().number == NUMBER


def test_a_judge_tells_how_far_back_calls_matter() -> None:
    assert Judge(book(), policy()).look_back == 0.0
    assert Judge(book(THREE_A_DAY), policy(between_calls=1800.0)).look_back == 86_400.0
    assert Judge(book(THREE_A_DAY), policy(skip_answered_days=30)).look_back == 30 * 86_400.0
    about_sales = book(replace(THREE_A_DAY, purposes=frozenset({Purpose.SALES})))
    assert Judge(about_sales, policy(purpose=Purpose.SURVEY, between_calls=60.0)).look_back == 60.0


def test_a_rule_without_figures_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"us-fl\.attempts does not say how many calls"):
        Judge(book(replace(THREE_A_DAY, most=None)), policy())
