"""Station 2: right before dialing, who must not be called is taken out."""

import pytest

from ami_dialer.config.schema import Campaign
from ami_dialer.domain.errors import StoreError
from ami_dialer.journey.scrub import scrub_at_dial
from ami_dialer.store import dnc
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.writer import Writer
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
