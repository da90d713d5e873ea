"""Why a call was allowed, as it is kept with its attempt."""

import json
from datetime import UTC, datetime

import pytest

from ami_dialer.domain.consent import ConsentFacts, ConsentRecord, Strength
from ami_dialer.domain.history import PastCall
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import Place, ZoneSource, place_of
from ami_dialer.domain.rulebook import Per, Rulebook, Scope
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance.evidence import evidence
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Cap, Policy

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 15, 0, 0, 123_456, tzinfo=UTC)
PLACE = Place(("America/Chicago", "America/New_York"), ZoneSource.STATE, "US", ("US", "US-TN"))
CALLEE = Callee("+19315550100", NumberKind.MOBILE, PLACE, 3)


def kept(callee=CALLEE, **wishes):
    policy = Policy(
        campaign_id=1, campaign="survey", countries=frozenset({"US"}), kinds=frozenset({NumberKind.MOBILE}), **wishes
    )
    judge = Judge(Rulebook((), "none"), policy)
    verdict = judge.verdict(callee, NOW)
    assert verdict.allowed
    return json.loads(evidence(verdict, callee, judge, 12, NOW))


def test_it_has_the_version_of_the_rules_the_place_and_how_long_the_call_was_allowed():
    assert kept() == {
        "book": 12,
        "rule": "campaign.hours",
        "until": "2026-03-03T02:00:00.000Z",
        "kind": "mobile",
        "zones": ["America/Chicago", "America/New_York"],
        "by": "state or province",
        "law": ["US", "US-TN"],
        "at": "2026-03-02T15:00:00.123Z",
    }


def test_what_is_open_at_all_times_has_no_end():
    found = kept(earliest=0, latest=24 * 60)
    assert not {"until", "rule"} & found.keys()


def test_the_calls_that_caps_counted_are_told_by_cap_and_those_long_past_are_none():
    calls = [
        PastCall(NOW.timestamp() - ago, CALLEE.number, 3, 1, answered=False, abandoned=False) for ago in (9_000, 900)
    ]
    found = kept(CALLEE._replace(history=tuple(calls)), between_calls=600.0, skip_answered_days=1)
    assert "calls" not in found
    caps = (Cap("campaign.per_number_24h", 5, 86_400.0, Per.NUMBER, Scope.CAMPAIGN),)
    found = kept(CALLEE._replace(history=tuple(calls)), between_calls=600.0, caps=caps)
    assert found["calls"] == {"campaign.per_number_24h": 2}


def test_the_records_of_consent_that_were_looked_at_are_named_by_their_keys():
    said = ConsentRecord(41, CALLEE.number, True, "*", Strength.WRITTEN, "form", NOW, None, "form 7")
    moved = datetime(2025, 1, 1, tzinfo=UTC)
    facts = ConsentFacts((said, said._replace(id=42)), moved)
    found = kept(CALLEE._replace(consent=facts, known_since=NOW), consent="written")
    assert (found["consents"], found["reassigned"]) == ([41, 42], "2025-01-01T00:00:00.000Z")


def test_what_contradicts_the_own_zone_of_a_contact_is_kept():
    place = place_of("+12135550100", time_zone="America/New_York", postal_code=None, state=None)
    found = kept(CALLEE._replace(place=place))
    assert (found["zones"], found["against"]) == (["America/New_York"], ["number"])
    assert found["law_clocks"] == {"US-CA": ["America/Los_Angeles"]}
