"""Is a contact called again?"""

import pytest

from ami_dialer.domain.ending import FINAL, EndReason
from ami_dialer.rules.retry import next_try

pytestmark = pytest.mark.unit

RULES = {
    EndReason.BUSY: (60.0, 3),
    EndReason.NO_ANSWER: (1800.0, 1),
    EndReason.MACHINE: (5.0, 0),
}


@pytest.mark.parametrize(
    ("reason", "tries", "most", "delay", "why"),
    [
        ("busy", {"busy": 1}, 10, 60.0, "busy: again after 60 s"),
        ("busy", {"busy": 3}, 10, 60.0, "busy: again after 60 s"),
        ("busy", {"busy": 4}, 10, None, "busy was tried again 3 times"),
        ("no_answer", {"no_answer": 1}, 10, 1800.0, "no_answer: again after 1800 s"),
        ("no_answer", {"no_answer": 2}, 10, None, "no_answer was tried again 1 times"),
        ("no_answer", {"busy": 3, "no_answer": 1}, 10, 1800.0, "no_answer: again after 1800 s"),
        ("machine", {"machine": 1}, 10, None, "machine was tried again 0 times"),
        ("busy", {"busy": 1, "no_answer": 1}, 2, None, "all 2 attempts are used up"),
        ("busy", {"busy": 1}, 1, None, "all 1 attempts are used up"),
        ("busy", {"busy": 1, "machine": 1, "no_answer": 1}, 4, 60.0, "busy: again after 60 s"),
        ("hung_up", {"hung_up": 1}, 10, None, "hung_up is not tried again"),
        ("failed", {"failed": 1}, 10, None, "failed is not tried again"),
    ],
)
def test_after_an_attempt(reason, tries, most, delay, why):
    verdict = next_try(EndReason(reason), tries, most, RULES)
    assert (verdict.delay, verdict.why) == (delay, why)


@pytest.mark.parametrize("reason", sorted(FINAL))
def test_what_is_final_is_not_tried_again_whatever_the_rules_say(reason):
    assert next_try(reason, {reason: 1}, 10, {reason: (1.0, 100)}).delay is None


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_one_budget_covers_all_reasons_together(most):
    rules = {EndReason.BUSY: (0.0, 100), EndReason.NO_ANSWER: (0.0, 100)}
    tries: dict[str, int] = {}
    for number in range(1, 200):
        reason = (EndReason.BUSY, EndReason.NO_ANSWER)[number % 2]
        tries[reason] = tries.get(reason, 0) + 1
        if next_try(reason, tries, most, rules).delay is None:
            break
    assert sum(tries.values()) == most


def test_a_reason_is_tried_again_as_often_as_its_rule_says_and_no_more():
    tries = 1
    while next_try(EndReason.BUSY, {"busy": tries}, 100, RULES).delay is not None:
        tries += 1
    assert tries == 1 + RULES[EndReason.BUSY][1]
