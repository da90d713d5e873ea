"""Verdicts told of numbers, attempts and whole runs, on real SQL."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ami_dialer.config import rulebook
from ami_dialer.config.rulebook.stored import rulebook_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.consent import Strength
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.domain.errors import NotFoundError, StoreError
from ami_dialer.reporting.verdicts import of_attempt, of_number, of_run
from ami_dialer.reporting.verdicts.of_attempt import explain_attempt
from ami_dialer.reporting.verdicts.of_number import Explained, explain_number
from ami_dialer.reporting.verdicts.of_run import ExplainedRun, explain_run
from ami_dialer.rules.compliance.evidence import evidence
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.store import campaigns, dnc, revoking, rulebooks
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.database import Database
from ami_dialer.store.tables import attempts, contact_phones, contacts, enrolments
from tests.conftest import ManualClock
from tests.store.reporting.past import ANN, BOB, CAT, DAN, FLOW, Past
from tests.store.world import value

pytestmark = pytest.mark.store

#: 10:00 in New York.
NOON = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PEOPLE = {
    ANN: {"first_name": "Ann", "zip": "20850"},
    BOB: {"first_name": "Bob", "state": "CA"},
    CAT: {"first_name": "Cat", "zip": "99999"},
    DAN: {"first_name": "Dan"},
}


def config(**campaign: Any) -> Config:
    document = {"lists": ["people"], "trunks": ["carrier"], "flow": "quiz", "purpose": "survey", **campaign}
    return Config.model_validate(
        {
            "servers": {"pbx": {"secret": "s"}},
            "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
            "lists": {"people": {"file": "/lists/people.csv"}},
            "flows": {"quiz": FLOW},
            "campaigns": {"survey": document},
        }
    )


@pytest.fixture
async def people(past: Past) -> Past:
    await past.campaign(PEOPLE, purpose="survey")
    return past


async def asked(database: Database, number: str, at: datetime, **options: Any) -> Explained:
    settings = options.pop("config", None) or config()
    return await explain_number(database, settings, number, at, **options)


async def test_who_is_on_a_list_is_told_with_the_campaign_that_has_it(people: Past, database: Database) -> None:
    found = await asked(database, ANN, NOON)
    [one] = found.judged
    assert (one.asking.name, one.asking.run, one.holder and one.holder.lists) == ("survey", None, ("people",))
    assert found.may_be_called
    assert one.verdict.until == NOON + timedelta(hours=10)  # 20:00 in Maryland
    assert one.verdict.rule == "us-md.hours"
    assert "Whose time: ZIP or postal code '20850' says America/New_York." in one.text


async def test_what_is_wrong_with_a_contact_is_told(people: Past, database: Database) -> None:
    [one] = (await asked(database, CAT, NOON)).judged
    assert "Note: ZIP code 99999 does not exist." in one.text
    [one] = (await asked(database, BOB, NOON)).judged  # 7:00 in California
    assert (one.verdict.allowed, one.verdict.next_at) == (False, NOON + timedelta(hours=2))
    assert "Whose time: state or province 'CA' says America/Los_Angeles." in one.text


async def test_a_number_that_nobody_knows_is_told_by_the_law_alone(people: Past, database: Database) -> None:
    found = await asked(database, "+12125550187", NOON)
    [one] = found.judged
    assert (one.asking.name, one.holder, found.holders) == ("", None, [])
    assert one.policy.purpose == "sales"
    assert one.text.startswith("+12125550187 may be called at Mon 2 Mar 2026 10:00 EST")


async def test_a_campaign_that_is_named_is_asked_whether_it_has_the_number_or_not(
    people: Past, database: Database
) -> None:
    [one] = (await asked(database, "+12125550187", NOON, campaign="survey")).judged
    assert (one.asking.name, one.holder) == ("survey", None)
    with pytest.raises(NotFoundError, match="no campaign is named 'other'; there are: survey"):
        await asked(database, ANN, NOON, campaign="other")


async def test_an_archived_campaign_is_told_of_only_when_it_is_named(people: Past, database: Database) -> None:
    await campaigns.archive(database, "survey", NOON)
    assert [one.asking.name for one in (await asked(database, ANN, NOON)).judged] == [""]
    assert [one.asking.name for one in (await asked(database, ANN, NOON, campaign="survey")).judged] == ["survey"]


async def test_a_campaign_that_is_not_stored_yet_has_called_nobody(database: Database) -> None:
    found = await asked(database, ANN, NOON, campaign="survey")
    assert found.judged[0].asking.id == 0
    assert found.may_be_called


async def test_a_contact_is_known_by_its_further_phones_too(people: Past, database: Database) -> None:
    key = await value(database, f"SELECT id FROM contacts WHERE number = '{DAN}'")
    async with database.writing() as connection:
        await connection.execute(
            contact_phones.insert().values(contact_id=key, position=2, label="work", number="+14015550177")
        )
    found = await asked(database, "+14015550177", NOON)
    [holder] = found.holders
    assert (holder.contact, holder.number, holder.position) == (key, DAN, 2)
    assert found.judged[0].asking.name == "survey"


async def test_calls_count_until_enough_time_has_passed_and_not_before_they_were(
    people: Past, database: Database, clock: ManualClock
) -> None:
    await people.start()
    clock.advance(3600)
    attempt = await people.call(ANN, EndReason.BUSY, cause=17, rings=None)
    later = attempt.claimed_at + timedelta(minutes=10)
    found = await asked(database, ANN, later)
    assert not found.may_be_called
    assert [(call.at, call.answered) for call in found.calls] == [(attempt.claimed_at.timestamp(), False)]
    [one] = found.judged
    assert (one.verdict.rule, one.verdict.next_at) == ("calls.between", attempt.claimed_at + timedelta(minutes=30))
    before = await asked(database, ANN, attempt.claimed_at - timedelta(minutes=1))
    assert (before.may_be_called, list(before.calls)) == (True, [])
    assert (await asked(database, ANN, attempt.claimed_at + timedelta(minutes=30))).may_be_called


async def test_do_not_call_entries_forbid_from_then_until_then(
    people: Past, database: Database, clock: ManualClock
) -> None:
    added, ends = NOON, NOON + timedelta(hours=2)
    await dnc.add(database, "opt-outs", [ANN], reason="asked", source="cli", now=added, expires_at=ends)
    await dnc.add(database, "others", [ANN, "+1301*"], reason="theirs", source="file", now=added)
    found = await asked(database, ANN, NOON + timedelta(hours=1))
    [one] = found.judged
    assert (one.verdict.allowed, found.may_be_called) == (True, False)
    assert [each.entry.list_name for each in one.barring] == ["opt-outs"]
    assert Counter(each.entry.list_name for each in found.barring) == {"others": 2, "opt-outs": 1}
    assert (await asked(database, ANN, ends)).may_be_called
    assert (await asked(database, ANN, added - timedelta(seconds=1))).may_be_called
    await dnc.remove(database, "opt-outs", [ANN], added + timedelta(minutes=90))
    assert not (await asked(database, ANN, NOON + timedelta(hours=1))).may_be_called
    assert (await asked(database, ANN, NOON + timedelta(minutes=91))).may_be_called


async def test_a_run_that_goes_on_is_told_as_the_campaign_was_when_it_began(people: Past, database: Database) -> None:
    run = await people.start()
    found = await asked(database, ANN, NOON, config=config(hours={"earliest": "9:00", "latest": "10:00"}))
    [one] = found.judged
    assert (one.asking.run and one.asking.run.id, one.asking.rewritten) == (run, True)
    assert found.may_be_called
    assert one.enrolled is not None
    assert (one.enrolled.state, of_number.standing(one.enrolled)) == (EnrolmentState.WAITING, "it waits")


async def test_the_rules_adopted_last_judge_and_it_is_told_where_the_files_differ(
    people: Past, database: Database
) -> None:
    files = await asked(database, ANN, NOON)
    assert (files.rules.version, files.rules.note) == (None, "")
    book = rulebook.load(None)
    key = await rulebooks.adopt(database, book, "packaged", NOON)
    adopted = await asked(database, ANN, NOON)
    assert (adopted.rules.version, adopted.rules.note) == (key, "")
    less = tuple(rule for rule in book.rules if rule.id != "us-md.hours")
    await rulebooks.adopt(database, rulebook_of(less), "own", NOON)
    other = await asked(database, ANN, NOON)
    assert other.judged[0].verdict.rule != "us-md.hours"
    assert other.rules.note.startswith("the rule files differ from it")


async def test_the_json_of_a_number_can_be_written(people: Past, database: Database) -> None:
    found = of_number.as_json(await asked(database, ANN, NOON))
    assert (found["allowed"], found["verdicts"][0]["rules"]["rule"]) == (True, "us-md.hours")
    assert found["verdicts"][0]["zones_from"] == "postal code"


async def judged_attempt(past: Past, database: Database, number: str) -> str:
    """An attempt with the verdict that allowed it, as the dialer writes it."""
    book = rulebook.load(None)
    key = await rulebooks.adopt(database, book, "packaged", NOON)
    before = await asked(database, number, past.clock.now())
    [one] = before.judged
    attempt = await past.call(number, EndReason.BUSY, cause=17, rings=None)
    text = evidence(one.verdict, one.callee, Judge(book, one.policy), key, past.clock.now())
    async with database.writing() as connection:
        await connection.execute(attempts.update().where(attempts.c.id == attempt.id).values(verdict=text))
    return attempt.id


async def test_an_attempt_is_told_from_the_verdict_that_is_kept_with_it(
    people: Past, database: Database, clock: ManualClock
) -> None:
    await people.start()
    key = await judged_attempt(people, database, ANN)
    found = await explain_attempt(database, config(), key)
    assert found.kept is not None
    assert (found.kept.book, found.kept.rule, found.kept.by) == (1, "us-md.hours", "postal code")
    assert {rule.id for rule in found.rules} == {"us-md.attempts", "us-md.attempts-number", "us-md.hours"}
    text = "\n".join(of_attempt.lines(found))
    assert "for campaign 'survey', run 1, contact " in text
    assert "That held until Mon 2 Mar 2026 20:00 EST (Tue 3 Mar 2026 01:00 UTC), when us-md.hours would have" in text
    assert "  us-md.hours: calls 08:00-20:00\n" in text
    assert of_attempt.as_json(found)["rules"]
    clock.advance(3600)
    again = await explain_attempt(database, config(), await judged_attempt(people, database, ANN))
    assert "Earlier calls that counted: 1 for us-md.attempts" in "\n".join(of_attempt.lines(again))


async def test_an_attempt_without_a_verdict_and_one_that_is_not_there_are_told_so(
    people: Past, database: Database
) -> None:
    await people.start()
    attempt = await people.call(ANN, EndReason.BUSY, cause=17, rings=None)
    found = await explain_attempt(database, config(), attempt.id)
    assert of_attempt.lines(found)[-1].startswith("No verdict is kept with it")
    with pytest.raises(NotFoundError, match="there is no attempt 'amid-none'"):
        await explain_attempt(database, config(), "amid-none")
    async with database.writing() as connection:
        await connection.execute(attempts.update().values(verdict='{"book": "x"}'))
    with pytest.raises(StoreError, match=f"the verdict of attempt {attempt.id} cannot be read"):
        await explain_attempt(database, config(), attempt.id)


async def counted(database: Database, at: datetime, settings: Config | None = None) -> ExplainedRun:
    return await explain_run(database, settings or config(), "survey", at)


async def test_a_start_is_told_by_the_rules_and_by_what_leaves_contacts_out(people: Past, database: Database) -> None:
    await dnc.add(database, "opt-outs", [DAN], reason="asked", source="cli", now=NOON)
    found = await counted(database, NOON)
    assert (found.run, found.contacts, found.waiting, found.allowed) == (None, 4, 3, 2)
    assert found.excluded == {Exclusion.DNC: {"opt-outs: asked": 1}}
    california, other = found.refused  # campaign.hours ends when the law of the state does
    assert (california.rule, california.decides, california.next_at) == (
        "us-ca.recorded-hours",
        1,
        NOON + timedelta(hours=2),
    )
    assert (other.rule, other.decides, other.refuses) == ("campaign.hours", 0, 1)
    assert found.until == NOON + timedelta(hours=10)
    late = await counted(database, NOON + timedelta(hours=10))
    assert {one.rule: one.decides for one in late.refused if one.decides} == {"us-md.hours": 1}
    assert of_run.as_json(late)["excluded"] == {"dnc": {"opt-outs: asked": 1}}


async def test_telling_of_a_run_writes_nothing(people: Past, database: Database) -> None:
    await counted(database, NOON)
    assert await value(database, "SELECT count(*) FROM enrolments") == 0
    await people.start()
    await dnc.add(database, "opt-outs", [DAN], reason="asked", source="cli", now=NOON)
    await counted(database, NOON)
    assert await value(database, "SELECT count(*) FROM enrolments WHERE state = 'waiting'") == 4


async def test_a_run_that_goes_on_is_told_from_those_who_wait_in_it(
    people: Past, database: Database, clock: ManualClock
) -> None:
    await dnc.add(database, "opt-outs", [DAN], reason="asked", source="cli", now=NOON)
    run = await people.start()
    clock.advance(7200)
    busy = await people.call(ANN, EndReason.BUSY, cause=17, rings=None)  # again in 30 minutes
    await people.call(BOB, EndReason.COMPLETED, answers_after=1, talks=5)
    await dnc.add(database, "opt-outs", [CAT], reason="later", source="cli", now=clock.now())
    found = await counted(database, busy.claimed_at + timedelta(minutes=10))
    assert (found.run, found.contacts, found.waiting, found.done) == (run, 4, 1, 1)
    assert found.excluded == {Exclusion.DNC: {"opt-outs: asked": 1, "opt-outs: later": 1}}
    [between] = [one for one in found.refused if one.decides]
    assert (between.rule, between.next_at) == ("calls.between", busy.claimed_at + timedelta(minutes=30))
    due = await value(database, f"SELECT max(due_at) FROM enrolments WHERE number = '{ANN}'")
    assert due is not None
    later = await counted(database, busy.claimed_at + timedelta(minutes=40))
    assert (later.allowed, later.not_due) == (1, 0)


async def test_who_is_due_later_or_over_by_then_is_told_apart(people: Past, database: Database) -> None:
    await people.start()
    later = NOON + timedelta(hours=3)
    async with database.writing() as connection:
        await connection.execute(enrolments.update().where(enrolments.c.number == ANN).values(due_at=later))
        await connection.execute(enrolments.update().where(enrolments.c.number == DAN).values(expires_at=NOON))
    found = await counted(database, NOON + timedelta(hours=2))
    assert (found.allowed, found.not_due, found.due_at, found.next_at) == (2, 1, later, later)
    assert found.excluded == {Exclusion.EXPIRED: {"expires before": 1}}


async def test_consent_is_looked_at_where_anything_is_known_of_it(people: Past, database: Database) -> None:
    record = NewRecord(ANN, True, "survey", Strength.EXPRESS, "form", NOON - timedelta(days=1), evidence="form 1")
    settings = config(consent="express")
    none = await counted(database, NOON + timedelta(hours=2), settings)
    assert (none.allowed, none.refused[0].rule, none.refused[0].never) == (0, "consent.required", 4)
    await revoking.grant(database, [record], NOON)
    some = await counted(database, NOON + timedelta(hours=2), settings)
    assert (some.allowed, some.refused[0].decides) == (0, 3)
    assert {one.rule: one.decides for one in some.refused}["us-md.recorded"] == 1  # it wants it written
    written = record._replace(strength=Strength.WRITTEN, at=NOON)
    await revoking.grant(database, [written], NOON)
    assert (await counted(database, NOON + timedelta(hours=2), settings)).allowed == 1


@pytest.mark.parametrize("hours", [-3, 2, 8])
async def test_a_whole_run_comes_to_what_each_of_its_numbers_comes_to(
    past: Past, database: Database, clock: ManualClock, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions of few, so that their borders are crossed."""
    monkeypatch.setattr(of_run, "_PORTION", 7)
    codes = ["301", "302", "603", "401", "213", "312", "212", "850", "808", "907"]
    zips = ["", "", "90210", "10001", "32501", "00000"]
    crowd = {f"+1{codes[n % 10]}55501{n:02}": {"zip": zips[n % 6]} for n in range(60)}
    await past.campaign(crowd, purpose="survey")
    await past.start()
    clock.advance(hours * 3600 if hours > 0 else 0)
    called = list(crowd)[:9]
    for number in called:
        await past.call(number, EndReason.BUSY, cause=17, rings=None)
    before = NOON - timedelta(days=1)
    await dnc.add(database, "opt-outs", list(crowd)[20:24], reason="asked", source="cli", now=before)
    at = NOON + timedelta(hours=hours, minutes=5)
    found = await counted(database, at)
    each = [await asked(database, number, at) for number in crowd]
    barred = [one for one in each if one.judged[0].barring]
    deciding = Counter(one.judged[0].verdict.rule for one in each if not one.may_be_called and one not in barred)
    assert {one.rule: one.decides for one in found.refused if one.decides} == deciding
    assert found.allowed + found.not_due == sum(one.may_be_called for one in each)
    assert sum(found.excluded[Exclusion.DNC].values()) == len(barred) == 4
    assert found.contacts == len(crowd)


async def test_campaigns_without_anybody_are_told_so(database: Database, past: Past) -> None:
    await past.campaign({}, purpose="survey")
    found = await counted(database, NOON)
    assert (found.contacts, found.allowed, found.refused) == (0, 0, [])
    assert await value(database, f"SELECT count(*) FROM {contacts.name}") == 0


async def test_contacts_whose_own_zone_contradicts_their_number_are_counted(people: Past, database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(contacts.update().where(contacts.c.number == ANN).values(time_zone="Asia/Kathmandu"))
    found = await counted(database, NOON)
    assert (found.zone_contradicted, of_run.as_json(found)["zone_contradicted"]) == (1, 1)
