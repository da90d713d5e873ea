"""Station 2: right before dialing, who must not be called is taken out, and who may not be called now is told."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.compliance import Compliance
from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.rulebook import Rulebook
from ami_dialer.journey.scrub import Court, barred_at_dial, give_back, take_out, told, verdicts
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.store import attempts, dnc, dnc_loading, hopper
from ami_dialer.store.callees import columns_of
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.tables import contact_phones
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, claimed, number, rows

pytestmark = pytest.mark.journey

CAMPAIGN = Campaign.model_validate(
    {"lists": ["people"], "trunks": ["carrier"], "flow": "survey", "dnc": ["opt-outs", "lawyers"]}
)


@pytest.fixture
async def writer(database):
    made = Writer(database, 0.0)
    made.start()
    yield made
    await made.stop(10)


async def bar(database, clock, list_name, index):
    await dnc.add(database, list_name, [number(index)], reason="asked", source="cli", now=clock.now())


async def scrub_at_dial(database, writer, index, campaign, people, now):
    barred = await barred_at_dial(database, writer, index, campaign, people, now)
    return await take_out(database, campaign, people, barred, now)


async def scrub(database, writer, clock, people, index=None):
    return (await scrub_at_dial(database, writer, index or DncIndex(), CAMPAIGN, people, clock.now())).allowed


async def test_who_is_on_none_of_the_campaigns_lists_may_be_called(database, clock, writer):
    people = await claimed(database, 3, clock.now())
    await bar(database, clock, "of another campaign", 0)
    assert await scrub(database, writer, clock, people) == people


async def test_an_entry_made_a_moment_ago_counts_and_is_named(database, clock, writer):
    people = await claimed(database, 3, clock.now())
    await bar(database, clock, "opt-outs", 0)
    await bar(database, clock, "lawyers", 2)
    allowed = await scrub(database, writer, clock, people)
    assert [one.number for one in allowed] == [number(1)]
    assert await rows(database, "SELECT state, excluded_by, claimed_at FROM enrolments ORDER BY number") == [
        ("excluded", "opt-outs: asked", None),
        ("claimed", None, (await rows(database, "SELECT max(claimed_at) FROM enrolments"))[0][0]),
        ("excluded", "lawyers: asked", None),
    ]


async def test_nobody_is_nothing_to_ask_about(database, writer, clock):
    assert await scrub(database, writer, clock, []) == []


async def test_without_an_answer_nobody_may_be_called(database, clock, writer, monkeypatch):
    people = await claimed(database, 1, clock.now())

    async def away(*_):
        raise StoreError("database: nothing listens there")

    monkeypatch.setattr(DncIndex, "refresh", away)
    with pytest.raises(StoreError):
        await scrub(database, writer, clock, people)
    assert writer.waiting == 0


async def test_who_has_a_further_phone_waits_again_with_it(database, clock, writer):
    people = await claimed(database, 3, clock.now())
    further = {number(0): ["+12025550101", "+12025550102"], number(1): [number(2)]}  # 2 is in the run already
    async with database.writing() as connection:
        for one in people:
            for position, phone in enumerate(further.get(one.number, ()), 2):
                row = {"contact_id": one.contact_id, "position": position, "number": phone}
                await connection.execute(insert(contact_phones).values(row))
    people = list((await hopper.load_claimed(database, [one.enrolment_id for one in people])).values())
    await dnc.add(
        database, "opt-outs", [number(0), number(1), "+12025550101"], reason="r", source="cli", now=clock.now()
    )
    scrubbed = await scrub_at_dial(database, writer, DncIndex(), CAMPAIGN, people, clock.now())
    assert ([one.number for one in scrubbed.allowed], scrubbed.excluded, scrubbed.moved) == ([number(2)], 1, 1)
    assert await rows(database, "SELECT number, state, exclusion FROM enrolments ORDER BY contact_id") == [
        ("+12025550102", "waiting", None),
        (number(1), "excluded", "dnc"),
        (number(2), "claimed", None),
    ]


async def test_an_opt_out_that_the_database_has_not_taken_yet_counts_already(database, clock):
    people = await claimed(database, 2, clock.now())
    key = await dnc.ensure_list(database, "opt-outs", clock.now())
    idle = Writer(database, 0.0)  # commits nothing
    idle.put(Write(Kind.DNC, dnc_loading.row(key, number(0), "pressed 9", "flow", clock.now())))
    scrubbed = await scrub_at_dial(database, idle, DncIndex(), CAMPAIGN, people, clock.now())
    assert [one.number for one in scrubbed.allowed] == [number(1)]
    found = await rows(database, "SELECT excluded_by FROM enrolments WHERE state = 'excluded'")
    assert found == [("opt-outs: pressed 9",)]


async def test_a_campaign_may_be_content_with_the_look_at_its_start(database, clock, writer, monkeypatch):
    people = await claimed(database, 1, clock.now())
    await bar(database, clock, "opt-outs", 0)
    careless = CAMPAIGN.model_copy(update={"check_on_dial": False})
    scrubbed = await scrub_at_dial(database, writer, DncIndex(), careless, people, clock.now())
    assert scrubbed.allowed == people


def court(**wishes):
    """By what a campaign with these wishes is judged, under no law."""
    policy = Policy(
        campaign_id=1, campaign="survey", countries=frozenset({"US"}), kinds=frozenset(NumberKind), **wishes
    )
    return Court(Judge(Rulebook((), "none"), policy), 7, columns_of(Compliance()), CAMPAIGN)


async def judged(database, writer, clock, people, court, own=()):
    return await verdicts(database, writer, court, people, clock, own)


async def test_whom_a_verdict_allows_is_told_with_the_reason_and_whom_it_refuses_with_the_next_moment(
    database, clock, writer
):
    here, there = await claimed(database, 2, clock.now())  # 10:00 in New York
    there = replace(there, time_zone="America/Los_Angeles")  # 7:00
    found = await judged(database, writer, clock, [here, there], court())
    assert [one.claimed for one in found.allowed] == [here]
    [refused] = found.refused
    assert refused.claimed == there
    assert (refused.verdict.rule, refused.verdict.next_at) == ("campaign.hours", clock.now() + timedelta(hours=2))
    assert json.loads(told(found.allowed[0], court(), found.at)) == {
        "book": 7,
        "rule": "campaign.hours",
        "until": "2026-03-03T02:00:00.000Z",
        "kind": "fixed line or mobile",
        "zones": ["America/New_York"],
        "by": "number",
        "law": ["US", "US-NY"],
        "at": "2026-03-02T15:00:00.000Z",
    }


async def test_a_call_that_ended_a_moment_ago_counts_though_the_database_does_not_know_how(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await writer.put(attempts.new(attempt))
    attempt.move(AttemptEvent.SENT, clock.now())
    attempt.move(AttemptEvent.ANSWER, clock.now())
    attempt.end(EndReason.COMPLETED, clock.now())
    idle = Writer(database, 0.0)  # commits nothing
    strict = court(between_calls=0.0, skip_answered_days=1)
    assert (await judged(database, idle, clock, [one], strict)).allowed
    idle.put(attempts.ended(attempt, "survey"))
    [refused] = (await judged(database, idle, clock, [one], strict)).refused
    assert (refused.verdict.rule, refused.verdict.next_at) == ("calls.answered", clock.now() + timedelta(days=1))


async def test_the_attempt_that_is_about_to_be_placed_is_no_earlier_call(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    attempt = attempt_on(one, clock.now())
    await writer.put(attempts.new(attempt))
    assert (await judged(database, writer, clock, [one], court())).refused
    assert (await judged(database, writer, clock, [one], court(), own=[attempt.id])).allowed


async def test_the_refused_are_given_back_until_their_moment(database, clock, writer):
    [one] = await claimed(database, 1, clock.now())
    strict = court(earliest=16 * 60, latest=17 * 60)
    found = await judged(database, writer, clock, [one], strict)
    assert (await give_back(database, strict, found.refused, clock.now())).put_off == 1
    assert await rows(database, "SELECT state, held_by FROM enrolments") == [("waiting", "campaign.hours")]
