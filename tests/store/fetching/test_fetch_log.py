"""The log of fetches: searched by everything it holds, and answers kept as long as the configuration says."""

from datetime import timedelta

import pytest

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.intake import FetchState
from ami_dialer.store import fetches, lists
from ami_dialer.store.fetches import NewFetch, Wanted
from tests.fakes.web_api import Answered
from tests.store.fetching.world import FetchWorld, people
from tests.store.world import value

pytestmark = pytest.mark.store


async def logged(world: FetchWorld, *words: str, name: str = "sign-ups", **fields: object) -> list[int]:
    """Fetches with these descriptions, a minute after one another."""
    key = await lists.list_id(world.database, name)
    found = []
    for word in words:
        world.clock.advance(60)
        now = world.clock.now()
        values = {"state": FetchState.COMPLETED, "campaigns": ("survey",), "answer": b"x", **fields}
        fetch = NewFetch(list_id=key, at=now, ended_at=now, contacts=1, description=word, field_names=[], **values)  # type: ignore[arg-type]
        found.append(await fetches.add(world.database, fetch, 20))
    return found


async def test_the_log_is_searched_by_list_campaign_status_text_and_time(world: FetchWorld) -> None:
    await world.configure(more={"other": {"api": {"url": "https://other.example.com/"}}})
    begin = world.clock.now()
    good = await logged(world, "fetched 100 contacts", "fetched 5% more", campaigns=("survey", "sur_ey2"))
    bad = await logged(world, "API said NO", state=FetchState.FAILED, campaigns=(), answer=None)
    other = await logged(world, "fetched", name="other", campaigns=("survey2",))

    async def keys(**wanted: object) -> list[int]:
        return [each.id for each in await world.log(**wanted)]

    assert await keys() == [*other, *bad, *reversed(good)]
    assert await keys(list_name="sign-ups") == [*bad, *reversed(good)]
    assert await keys(campaign="survey") == [*reversed(good)]
    assert await keys(campaign="surXey2") == []
    assert await keys(campaign="survey2") == other
    assert await keys(state=FetchState.FAILED) == bad
    assert await keys(text="said no") == bad
    assert await keys(text="5%") == [good[1]]
    assert await keys(text="%") == [good[1]]
    assert await keys(since=begin + timedelta(seconds=180)) == [*other, *bad]
    assert await keys(until=begin + timedelta(seconds=120)) == [good[0]]
    assert await keys(list_name="sign-ups", state=FetchState.COMPLETED, text="100") == [good[0]]
    [first] = await fetches.search(world.database, Wanted(text="100"), 1)
    assert (first.list_name, first.campaigns, first.contacts, first.kept) == (
        "sign-ups",
        ("survey", "sur_ey2"),
        1,
        True,
    )
    assert len(await fetches.search(world.database, Wanted(), 2)) == 2
    with pytest.raises(NotFoundError, match="no list is named 'nobody'"):
        await keys(list_name="nobody")


async def test_the_newest_answers_of_each_list_are_kept(world: FetchWorld) -> None:
    await world.configure(keep=2, more={"other": {"api": {"url": "https://other.example.com/"}}})
    [other] = await logged(world, "x", name="other")
    keys = [(await world.fetch(people(n, 1))).id for n in range(4)]
    assert [(await fetches.answer_of(world.database, key))[:2] for key in (*keys[2:], other)] == [
        b"\x1f\x8b",
        b"\x1f\x8b",
        b"x",
    ]
    for key in keys[:2]:
        with pytest.raises(NotFoundError, match=f"the answer of fetch {key} is not kept"):
            await fetches.answer_of(world.database, key)
    assert [each.kept for each in await world.log(list_name="sign-ups")] == [True, True, False, False]


async def test_none_is_kept_where_none_is_wanted(world: FetchWorld) -> None:
    await world.configure(keep=0)
    fetch = await world.fetch(people(0, 1))
    assert not fetch.kept
    assert await value(world.database, "SELECT count(*) FROM fetches WHERE answer IS NOT NULL") == 0


async def test_a_failure_after_the_answer_came_keeps_the_answer(world: FetchWorld) -> None:
    """To see what was wrong with it."""
    fetch = await world.fetch([{"no": "phone"}])
    assert fetch.state is FetchState.FAILED
    assert fetch.kept


async def test_the_log_does_not_grow_for_ever(world: FetchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetches, "MOST_LOGGED", 3)
    keys = await logged(world, *"abcdef")
    assert [each.id for each in await world.log()] == list(reversed(keys[-3:]))


async def test_how_a_list_stands_is_read_from_its_log(world: FetchWorld) -> None:
    async def failures() -> int:
        return (await fetches.standing(world.database, ["sign-ups"]))["sign-ups"].failures

    assert await failures() == 0
    await world.fetch(people(0, 1))
    assert await failures() == 0
    for number in (1, 2, 3):
        await world.fetch(Answered(status=500))
        assert await failures() == number
    await world.fetch(people(0, 1))
    assert await failures() == 0
    # Cut off: asked, and nothing of it in the log.
    stands = (await fetches.standing(world.database, ["sign-ups"]))["sign-ups"]
    world.clock.advance(10)
    assert await fetches.claim(world.database, stands.list_id, stands.fetched_at, world.clock.now())
    assert await failures() == 1
