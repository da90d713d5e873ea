"""What is asked stands in one list, with the documents in step."""

from dataclasses import replace

import pytest

from ami_dialer.config.compliance import CampaignCaps, Caps
from ami_dialer.config.rulebook import load
from ami_dialer.rules.compliance import questions
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Cap, Holidays
from tests.architecture.source import ROOT
from tests.unit.rules.compliance.cases import local, policy, somebody

pytestmark = pytest.mark.unit


def test_everything_that_is_asked_and_is_no_law_stands_in_the_list() -> None:
    law = load(None)
    names = {f"{whose}.{name}" for whose in ("campaign", "all") for name in Caps.model_fields}
    assert set(Caps.model_fields) <= set(CampaignCaps.model_fields)
    wishes = policy(
        week=(((540, 1020),),) * 7,
        states=(("US-FL", (600, 660)), ("US-TX", None)),
        holidays=Holidays.ALL,
        closed_days=(local("America/Chicago", "2026-03-02 00:00").date(),),
        skip_answered_days=3,
        abandoned_lockout=60.0,
        between_calls=60.0,
        consent="express",
    )
    wishes = replace(wishes, caps=tuple(Cap(name, 3, 86_400.0, "number", "all") for name in sorted(names)))
    person = somebody("America/Chicago", states=["US-FL"])
    asked = Judge(law, wishes).verdict(person, local("America/Chicago", "2026-03-02 12:00")).asked
    own = [name for name in asked if name not in {rule.id for rule in law.rules}]
    assert set(own) == set(questions.QUESTIONS)
    assert [name for name in own if name not in names] == [one for one in questions.QUESTIONS if one not in names]


def test_the_document_lists_every_question_with_its_sentence() -> None:
    text = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    for name, sentence in questions.QUESTIONS.items():
        assert f"| `{name}` | {sentence} |" in text
