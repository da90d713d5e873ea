"""Station 2: right before dialing, who must not be called is taken out."""

import pytest
from sqlalchemy import insert

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.errors import StoreError
from ami_dialer.journey.scrub import scrub_at_dial
from ami_dialer.store import dnc, dnc_loading
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.tables import contact_phones
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import claimed, number, rows

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
