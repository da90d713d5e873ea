"""Mapping lists: what is brought in, and what a run makes of it."""

import pytest

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import agent_maps, documents, hopper, live, preview, runs
from ami_dialer.store.agent_maps import AgentMapInUseError, Brought, Mapped, NoAgentMapError
from tests.store.enrolling_world import add, house, in_order
from tests.store.world import number, rows

pytestmark = pytest.mark.store


def mapped(index, agent, priority=None):
    return Mapped(number(index), agent, priority)


async def owners(database):
    found = await rows(database, "SELECT number, agent FROM enrolments ORDER BY number")
    return {int(one[-4:]): agent for one, agent in found}


async def test_what_is_brought_in_is_added_changed_or_known_and_the_rest_goes_only_where_all_is_replaced(
    database, clock
):
    now = clock.now()
    first = [mapped(1, "101"), mapped(2, "102", 50), mapped(3, "101")]
    assert await agent_maps.bring(database, "own", first, now, description="Whose is whose") == Brought(3, 0, 0, 0)
    again = [mapped(1, "101"), mapped(2, "102", 51), mapped(4, "103")]
    assert await agent_maps.bring(database, "own", again, now) == Brought(1, 1, 1, 0)
    assert await agent_maps.bring(database, "own", again, now, replace=True) == Brought(0, 0, 3, 1)
    assert await agent_maps.entries_of(database, "own") == again
    assert await agent_maps.entries_of(database, "own", number(2)) == [again[1]]
    assert await agent_maps.agents_in(database, "own") == {"101": 1, "102": 1, "103": 1}
    [one] = await agent_maps.every(database)
    assert (one.name, one.description, one.entries, one.agents) == ("own", "Whose is whose", 3, 3)


async def test_entries_are_put_and_taken_out_by_hand(database, clock):
    now = clock.now()
    with pytest.raises(NoAgentMapError, match="there is none yet"):
        await agent_maps.put(database, "own", mapped(1, "101"), now)
    await agent_maps.bring(database, "own", [], now)
    assert await agent_maps.put(database, "own", mapped(1, "101"), now) is None
    assert await agent_maps.put(database, "own", mapped(1, "102", 7), now) == mapped(1, "101")
    assert await agent_maps.take_out(database, "own", number(1), now) == mapped(1, "102", 7)
    with pytest.raises(NotFoundError, match="is not in mapping list"):
        await agent_maps.take_out(database, "own", number(1), now)
    assert await agent_maps.drop(database, "own", now) == 0


async def test_contacts_of_a_run_are_their_agents_and_priorities_of_the_mapping_list_count(database, clock):
    now = clock.now()
    config = house({"people": {}, "others": {"priority": 1}}, live=["people"], own_agent={"map": "own"})
    await documents.apply_config(database, config)
    key, document = await documents.load_campaign(database, "survey")
    await add(database, "people", now, 1, {"n": 2, "priority": 100}, 3, {"n": 4, "priority": 60})
    await add(database, "others", now, 5)
    with pytest.raises(NoAgentMapError, match=r"'own': own_agent\.map names it"):
        await runs.start(database, key, document, now)
    with pytest.raises(NoAgentMapError):
        await preview.preview(database, "survey", document, {}, now)
    entries = [mapped(1, "101", 90), mapped(2, "102", 0), mapped(4, "102"), mapped(5, "101"), mapped(6, "103", 99)]
    await agent_maps.bring(database, "own", entries, now)
    run = await runs.start(database, key, document, now)
    assert await in_order(database, run) == [5, 1, 4, 2, 3]
    assert await owners(database) == {1: "101", 2: "102", 3: None, 4: "102", 5: "101"}
    await add(database, "people", now, 6, 7)
    await live.sync(database, run, document, now)
    assert await in_order(database, run) == [5, 6, 1, 4, 2, 3, 7]
    claimed = await hopper.claim(database, run, 2, now)
    assert [(one.number, one.agent, one.skips) for one in claimed] == [(number(5), "101", 0), (number(6), "103", 0)]
    with pytest.raises(AgentMapInUseError, match="campaign 'survey' names it"):
        await agent_maps.drop(database, "own", now)
