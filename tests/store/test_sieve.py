"""A list that was empty: numbers are looked up only where they may be on it, and none that is goes unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_dialer.journey.intake import import_file, target_of
from ami_dialer.sources.rows import read_rows
from ami_dialer.store import imports, sieve
from ami_dialer.store.sieve import Sieve
from tests.store.test_query_plans import heard
from tests.store.world import campaign, config, fill, number, rows, value

pytestmark = pytest.mark.store

FEW = 5
LOOKED_UP = "SELECT number, max(occurrence)"


@given(st.lists(st.lists(st.integers(0, 60).map(number), max_size=20), max_size=8))
def test_whoever_came_before_is_a_suspect(batches):
    one, before = Sieve(), set()
    for revision, batch in enumerate(batches, 1):
        assert before & set(batch) <= set(one.suspects(batch, revision)) <= set(batch)
        before |= set(batch)


def test_many_who_are_new_are_no_suspects():
    one = Sieve()
    assert one.suspects([number(n) for n in range(5_000)], 1) == []
    assert len(one.suspects([number(n) for n in range(5_000, 9_999)], 2)) < 50


def test_once_somebody_else_has_added_to_the_list_everybody_is():
    one = Sieve()
    assert one.suspects([number(1)], 1) == []
    assert one.suspects([number(2)], 3) == [number(2)]
    assert one.suspects([number(3)], 4) == [number(3)]


@pytest.fixture
async def importing(database, clock, tmp_path, monkeypatch):
    """Import so many contacts, five at a time; `meanwhile` is done before the third batch. Returns the counts."""
    await campaign(database, config())
    file = tmp_path / "people.csv"
    monkeypatch.setattr("ami_dialer.sources.ahead.read_rows", lambda survey, start: read_rows(survey, start, FEW))
    add = imports.add_batch

    async def run(numbers, meanwhile=None):
        async def adding(database, going_on, ordinal, *rest):
            if ordinal == 3 and meanwhile is not None:
                await meanwhile()
            return await add(database, going_on, ordinal, *rest)

        monkeypatch.setattr(imports, "add_batch", adding)
        file.write_text("\n".join(["phone", *numbers]) + "\n")
        target = await target_of(database, "people")
        settings = target.settings.model_copy(update={"batch": FEW})
        return (await import_file(database, type(target)(target.id, "people", settings, {}), file, clock)).counts

    return run


async def test_what_a_first_import_brings_is_not_looked_up_but_where_it_comes_again(database, importing):
    numbers = [number(n) for n in range(20)]
    with heard(database) as queries:
        assert await importing([*numbers, number(3), number(7)]) == {"added": 20, "doubles": 2}
    assert len([sql for sql, _ in queries.seen if LOOKED_UP in sql]) == 1


async def test_a_number_that_is_added_by_hand_meanwhile_is_known_when_it_comes(database, clock, importing):
    async def by_hand():
        await fill(database, "people", [number(12), number(99)], clock.now())

    assert await importing([number(n) for n in range(20)], by_hand) == {"added": 19, "doubles": 1}
    assert await value(database, "SELECT count(*) FROM list_members") == 21
    found = await rows(database, "SELECT number FROM list_members GROUP BY number HAVING count(*) > 1")
    assert found == []


async def test_numbers_with_the_same_mark_are_told_apart(database, importing, monkeypatch):
    monkeypatch.setattr(sieve, "_LAST", 3)
    assert await importing([*(number(n) for n in range(20)), number(0)]) == {"added": 20, "doubles": 1}
