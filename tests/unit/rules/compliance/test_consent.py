"""Consent, revocation, and numbers that changed hands."""

from datetime import datetime, timedelta

import pytest

from ami_dialer.domain.consent import ConsentRecord, Strength
from ami_dialer.domain.rulebook import RuleKind
from ami_dialer.domain.verdict import Verdict
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Exemption, Policy
from tests.unit.rules.compliance.cases import book, facts, hours, local, policy, rule, said, somebody, utc

pytestmark = pytest.mark.unit

T = utc("2026-03-05 12:00:00")
DAY = timedelta(days=1)
WRITTEN = Strength.WRITTEN


def judged(
    *records: ConsentRecord,
    wants: str = "",
    now: datetime = T,
    reassigned_at: datetime | None = None,
    known_since: datetime | None = T - 100 * DAY,
    wishes: Policy | None = None,
) -> Verdict:
    person = somebody("America/New_York", consent=facts(*records, reassigned_at=reassigned_at), known_since=known_since)
    return Judge(book(), wishes or policy(consent=wants)).verdict(person, now)


class TestRevocation:
    @pytest.mark.parametrize("scope", ["*", "sales", "campaign:spring"])
    @pytest.mark.parametrize("wants", ["", "express", "written"])
    def test_refuses_whatever_the_campaign_wants(self, scope: str, wants: str) -> None:
        grant = said(T - 9 * DAY, True, strength=WRITTEN)
        verdict = judged(grant, said(T - DAY, False, scope), wants=wants)
        assert "consent.revoked" in verdict.refusing
        assert (verdict.rule, verdict.next_at) == ("consent.revoked", None)

    @pytest.mark.parametrize("scope", ["survey", "campaign:summer"])
    def test_of_another_purpose_or_campaign_does_not_refuse(self, scope: str) -> None:
        assert judged(said(T - DAY, False, scope)).allowed

    def test_is_honoured_from_its_very_moment_on(self) -> None:
        assert judged(said(T, False), now=T - timedelta(microseconds=1)).until == T
        assert not judged(said(T, False), now=T).allowed

    @pytest.mark.parametrize(
        ("revoked", "granted", "allowed"),
        [
            ("*", "*", True),
            ("sales", "sales", True),
            ("sales", "*", True),
            ("campaign:spring", "campaign:spring", True),
            ("*", "sales", False),
            ("*", "campaign:spring", False),
            ("sales", "campaign:spring", False),
        ],
    )
    def test_is_taken_back_by_a_later_grant_of_its_scope_or_of_everything(
        self, revoked: str, granted: str, allowed: bool
    ) -> None:
        records = said(T - 2 * DAY, False, revoked), said(T - DAY, True, granted)
        assert judged(*records).allowed is allowed
        assert judged(*records, wants="express").allowed is allowed

    def test_is_not_taken_back_by_an_earlier_grant(self) -> None:
        assert not judged(said(T - 2 * DAY, True), said(T - DAY, False)).allowed

    def test_holds_again_when_the_grant_that_took_it_back_expires(self) -> None:
        records = said(T - 2 * DAY, False), said(T - DAY, True, expires_at=T + DAY)
        assert (judged(*records).until, judged(*records).rule) == (T + DAY, "consent.revoked")
        assert not judged(*records, now=T + DAY).allowed


class TestConsentThatIsWanted:
    @pytest.mark.parametrize("scope", ["*", "sales", "campaign:spring"])
    def test_is_there_when_somebody_gave_it(self, scope: str) -> None:
        assert judged(said(T - DAY, True, scope), wants="express").allowed

    @pytest.mark.parametrize("scope", ["survey", "campaign:summer"])
    def test_is_not_there_when_it_was_for_something_else(self, scope: str) -> None:
        verdict = judged(said(T - DAY, True, scope), wants="express")
        assert (verdict.refusing, verdict.next_at) == (("consent.required",), None)

    def test_is_not_there_when_nobody_said_anything(self) -> None:
        verdict = judged(wants="express")
        assert (verdict.refusing, verdict.why) == (
            ("consent.required",),
            "there is no express consent; needs express consent (consent.required)",
        )

    def test_written_counts_as_express_and_not_the_other_way_round(self) -> None:
        assert judged(said(T - DAY, True, strength=WRITTEN), wants="express").allowed
        assert judged(said(T - DAY, True, strength=WRITTEN), wants="written").allowed
        assert not judged(said(T - DAY, True), wants="written").allowed

    def test_expires_at_its_second(self) -> None:
        grant = said(T - 9 * DAY, True, expires_at=T + DAY)
        before = judged(grant, wants="express", now=T + DAY - timedelta(microseconds=1))
        assert (before.allowed, before.until, before.rule) == (True, T + DAY, "consent.expired")
        after = judged(grant, wants="express", now=T + DAY)
        assert (after.refusing, after.next_at) == (("consent.expired",), None)
        assert "expired on Fri 6 Mar 2026 12:00 UTC" in after.why

    def test_lasts_as_long_as_the_last_of_several(self) -> None:
        grants = [said(T - 9 * DAY, True, expires_at=T + DAY), said(T - 8 * DAY, True, "sales", expires_at=T + 2 * DAY)]
        assert judged(*grants, wants="express").until == T + 2 * DAY

    def test_must_be_given_after_whatever_was_revoked(self) -> None:
        records = [
            said(T - 9 * DAY, True, strength=WRITTEN),
            said(T - 2 * DAY, False, "campaign:spring"),
            said(T - DAY, True, "campaign:spring"),
        ]
        assert judged(*records, wants="express").allowed
        assert judged(*records, wants="written").refusing == ("consent.required",)

    def test_is_asked_of_the_law_too_once_the_campaign_wants_any(self) -> None:
        law = book(rule("us.recorded", RuleKind.CONSENT, needs="written"))
        person = somebody("America/New_York", consent=facts(said(T - DAY, True)))
        free = policy(consent="express", exemptions=(Exemption(("us.recorded",), "not-applicable", "Agents talk."),))
        assert "us.recorded" not in Judge(law, policy()).verdict(person, T).asked
        assert Judge(law, policy(consent="express")).verdict(person, T).refusing == ("us.recorded",)
        assert Judge(law, free).verdict(person, T).exempt == ("us.recorded",)

    def test_is_asked_by_the_law_as_long_as_the_law_is_in_force(self) -> None:
        law = book(rule("us.recorded", RuleKind.CONSENT, needs="written", ends=(T + DAY).date()))
        person = somebody("America/New_York", consent=facts(said(T - DAY, True)))
        verdict = Judge(law, policy(consent="express")).verdict(person, T)
        assert (verdict.rule, verdict.next_at) == ("us.recorded", local("America/New_York", "2026-03-06 00:00"))


class TestNumberThatChangedHands:
    @pytest.mark.parametrize(("known", "allowed"), [(-DAY, False), (timedelta(0), True), (DAY, True)])
    def test_is_not_called_if_the_contact_came_in_before(self, known: timedelta, allowed: bool) -> None:
        moved = T - 10 * DAY
        verdict = judged(reassigned_at=moved, known_since=moved + known)
        assert verdict.allowed is allowed
        assert allowed or (verdict.rule, verdict.next_at) == ("consent.reassigned", None)

    @pytest.mark.parametrize(("given", "allowed"), [(-DAY, False), (timedelta(0), True), (DAY, True)])
    def test_is_not_called_on_the_consent_of_whoever_had_it_before(self, given: timedelta, allowed: bool) -> None:
        moved = T - 10 * DAY
        for wants in ("", "express"):
            verdict = judged(said(moved + given, True), wants=wants, reassigned_at=moved, known_since=T - DAY)
            assert verdict.allowed is allowed

    def test_is_not_called_if_nobody_knows_when_the_contact_came_in_unless_it_consented_since(self) -> None:
        moved = T - 10 * DAY
        assert not judged(reassigned_at=moved, known_since=None).allowed
        assert judged(said(moved + DAY, True), reassigned_at=moved, known_since=None).allowed

    def test_is_called_on_a_consent_from_after_though_the_contact_came_in_before(self) -> None:
        moved = T - 10 * DAY
        for wants in ("", "express"):
            assert judged(said(moved + DAY, True), wants=wants, reassigned_at=moved, known_since=moved - DAY).allowed

    def test_is_called_until_the_day_it_changes_hands(self) -> None:
        verdict = judged(reassigned_at=T + DAY)
        assert (verdict.allowed, verdict.until, verdict.rule) == (True, T + DAY, "consent.reassigned")


def test_what_a_person_said_is_never_told_of_another() -> None:
    judge = Judge(book(hours("us.hours", "00:00", "24:00")), policy())
    revoked = somebody("America/New_York", consent=facts(said(T - DAY, False)))
    assert not judge.verdict(revoked, T).allowed
    assert judge.verdict(somebody("America/New_York"), T).allowed
