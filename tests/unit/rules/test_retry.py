"""Is a contact called again?"""

import pytest

from ami_dialer.domain.ending import FINAL, EndReason
from ami_dialer.domain.meaning import Meaning
from ami_dialer.rules.retry import Phones, attempts_in, counted, next_try

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


ONE, TWO, THREE = "+12125550101", "+13105550102", "+13125550103"


def dialled(order, ends, *, most=0, budget=10):
    """The phones that are called in this order, and why it ends, where attempts end so one after the other."""
    tries, current, went = {}, ONE, []
    for end in ends:
        went.append(current)
        phones = Phones((ONE, TWO, THREE), current, order, most)
        tries = counted(tries, EndReason(end), phones)
        verdict = next_try(EndReason(end), tries, budget, RULES, phones)
        if verdict.delay is None:
            return went, verdict.why
        current = verdict.number or current
    return went, None


def test_phones_take_turns():
    assert dialled("in-turn", ["busy"] * 4)[0] == [ONE, TWO, THREE, ONE]


def test_one_by_one_the_next_phone_comes_when_nothing_more_is_tried_on_this_one():
    assert dialled("one-by-one", ["no_answer"] * 7) == (
        [ONE, ONE, TWO, TWO, THREE, THREE],
        "no_answer was tried again 1 times",
    )


def test_only_the_first_phone_is_called_where_the_campaign_says_so():
    assert dialled("first", ["busy"] * 3)[0] == [ONE, ONE, ONE]


@pytest.mark.parametrize("order", ["in-turn", "one-by-one", "first"])
def test_after_a_number_that_does_not_exist_comes_the_next_phone_and_never_that_one_again(order):
    went, _ = dialled(order, ["invalid_number", "busy", "busy", "busy"])
    assert went[:2] == [ONE, TWO]
    assert ONE not in went[1:]
    assert dialled(order, ["invalid_number"] * 4) == ([ONE, TWO, THREE], "invalid_number is not tried again")


def test_a_phone_is_called_no_more_often_than_its_own_limit():
    assert dialled("in-turn", ["busy", "no_answer", "busy", "busy", "busy"], most=1) == (
        [ONE, TWO, THREE],
        "busy: no phone of the contact may be tried once more",
    )


@pytest.mark.parametrize("order", ["in-turn", "one-by-one", "first"])
def test_one_budget_covers_all_phones(order):
    assert dialled(order, ["busy"] * 5, budget=2)[1] == "all 2 attempts are used up"


def test_what_a_result_means_goes_before_the_rule_of_its_end_reason():
    again, over = Meaning("Not Home", retry=(60.0, 1)), Meaning("Wrong Person", final=True)
    tries = counted({}, EndReason.COMPLETED, meaning=again)
    assert tries == {"completed": 1, "title:Not Home": 1}
    assert next_try(EndReason.COMPLETED, tries, 10, RULES, meaning=again).delay == 60.0
    tries = counted(tries, EndReason.BUSY, meaning=again)
    assert next_try(EndReason.BUSY, tries, 10, RULES, meaning=again).why == "Not Home was tried again 1 times"
    assert next_try(EndReason.BUSY, {"busy": 1}, 10, RULES, meaning=over).why == "Wrong Person is final"
    assert attempts_in(tries) == 2
