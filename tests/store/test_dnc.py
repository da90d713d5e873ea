"""Do-not-call lists."""

import pytest

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import dnc
from tests.store.world import number, rows, value

pytestmark = pytest.mark.store


async def add(database, name, numbers, clock, reason="asked"):
    return await dnc.add(database, name, numbers, reason=reason, source="cli", now=clock.now())


async def test_an_entry_says_where_it_came_from_and_when(database, clock):
    assert await add(database, "opt-outs", [number(1)], clock) == 1
    assert await dnc.entries(database) == [dnc.DncEntry("opt-outs", number(1), "asked", "cli", clock.now())]


async def test_who_is_on_a_list_already_stays_as_it_was(database, clock):
    await add(database, "opt-outs", [number(1)], clock, reason="first")
    clock.advance(60)
    assert await add(database, "opt-outs", [number(1), number(2), number(2)], clock, reason="second") == 1
    assert {entry.number: entry.reason for entry in await dnc.entries(database)} == {
        number(1): "first",
        number(2): "second",
    }


async def test_one_number_may_stand_on_several_lists(database, clock):
    await add(database, "opt-outs", [number(1)], clock)
    assert await add(database, "lawyers", [number(1)], clock) == 1
    assert await dnc.list_names(database) == ["global", "lawyers", "opt-outs"]
    assert [entry.list_name for entry in await dnc.entries(database, "lawyers")] == ["lawyers"]


async def test_only_the_lists_that_are_asked_about_forbid(database, clock):
    await add(database, "opt-outs", [number(1), number(2)], clock)
    await add(database, "lawyers", [number(3)], clock)
    found = await dnc.forbidden(database, [number(1), number(3), number(4)], ["opt-outs", "unknown"], clock.now())
    assert {barred: entry.label for barred, entry in found.items()} == {number(1): "opt-outs: asked"}
    assert await dnc.forbidden(database, [], ["opt-outs"], clock.now()) == {}
    assert await dnc.forbidden(database, [number(1)], [], clock.now()) == {}


async def test_taking_off_frees_the_number_on_that_list_alone(database, clock):
    await add(database, "opt-outs", [number(1), number(2)], clock)
    await add(database, "lawyers", [number(1)], clock)
    assert await dnc.remove(database, "opt-outs", [number(1), number(9)], clock.now()) == 1
    both = ["opt-outs", "lawyers"]
    found = await dnc.forbidden(database, [number(1)], both, clock.now())
    assert {one.list_name for one in found.values()} == {"lawyers"}


async def test_taking_off_a_list_that_does_not_exist_is_said(database, clock):
    with pytest.raises(NotFoundError, match="'nobody'"):
        await dnc.remove(database, "nobody", [number(1)], clock.now())


async def test_a_list_is_made_once(database, clock):
    key = await dnc.ensure_list(database, "opt-outs", clock.now())
    assert await dnc.ensure_list(database, "opt-outs", clock.now()) == key
    assert await rows(database, "SELECT name FROM dnc_lists ORDER BY id") == [("global",), ("opt-outs",)]


async def test_a_long_register_goes_on_a_list_in_one_piece_and_off_again(database, clock):
    register = [f"+1212{index:07d}" for index in range(5_000)]
    assert await add(database, "register", register, clock) == 5_000
    assert await add(database, "register", register, clock) == 0
    assert await value(database, "SELECT count(*) FROM dnc_entries") == 5_000
    assert len(await dnc.forbidden(database, register, ["register"], clock.now())) == 5_000
    assert await dnc.remove(database, "register", register, clock.now()) == 5_000
