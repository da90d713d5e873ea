"""What became of rules between two versions."""

from dataclasses import replace
from datetime import date

import pytest

from ami_dialer.domain.rule_changes import Changes, changes
from ami_dialer.domain.rulebook import Certainty, Purpose, Rule, RuleKind

pytestmark = pytest.mark.unit

RING = Rule(
    id="us.ring",
    jurisdiction="US",
    kind=RuleKind.RING,
    purposes=frozenset({Purpose.SALES}),
    says="Let it ring.",
    source="A law",
    url="https://example.com",
    effective=date(2003, 10, 1),
    ends=None,
    checked=date(2026, 11, 22),
    certainty=Certainty.VERIFIED,
    seconds=15,
)


def test_the_same_rules_have_no_changes() -> None:
    found = changes([RING], [RING])
    assert found == Changes((), (), ())
    assert not found


def test_what_is_new_gone_or_different_is_told() -> None:
    other, longer = replace(RING, id="us.other"), replace(RING, seconds=20)
    assert changes([], [RING]).added == (RING,)
    assert changes([RING, other], [other]).removed == (RING,)
    (change,) = changes([RING, other], [longer, other]).changed
    assert (change.before, change.after, change.what, change.in_words_only) == (RING, longer, ("seconds",), False)


def test_words_alone_are_told_apart() -> None:
    (change,) = changes([RING], [replace(RING, checked=date(2027, 1, 1), note="Still so.")]).changed
    assert change.what == ("checked", "note")
    assert change.in_words_only


def test_a_rule_that_moved_its_first_day_is_changed() -> None:
    (change,) = changes([RING], [replace(RING, effective=date(2004, 1, 1))]).changed
    assert change.what == ("effective",)


def test_rules_that_follow_each_other_are_told_apart_by_their_first_day() -> None:
    ended = replace(RING, ends=date(2027, 1, 1))
    after = replace(RING, effective=date(2027, 1, 1), seconds=20)
    found = changes([RING], [ended, after])
    assert found.added == (after,)
    assert [change.what for change in found.changed] == [("ends",)]
    assert found.removed == ()
