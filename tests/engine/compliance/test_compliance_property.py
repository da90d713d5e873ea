"""Each call that reaches the telephone is right by an independent, naive reading of law, wishes and facts.

Worlds are random: campaigns, people, histories, clocks; all follow from the seed that a failure names. How many calls
are checked is a count, not a time: `make test-compliance` raises it.
"""

import itertools
import logging
import os
import shutil
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog

from ami_dialer.config.schema import Database as DatabaseSettings
from ami_dialer.journey import scrub
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.store.database import Database
from tests.engine.compliance.playing import Play
from tests.engine.compliance.worlds import world

pytestmark = [pytest.mark.journey, pytest.mark.long]

#: Calls that are checked on both databases together, and in one test.
ORIGINATES = int(os.environ.get("COMPLIANCE_ORIGINATES", "400"))
EACH = min(1_000, ORIGINATES // 2)
#: One seed alone, to look at it again; its calls are as many as it has.
SEED = os.environ.get("COMPLIANCE_SEED")
PARTS = range(1 if SEED else max(1, round(ORIGINATES / EACH / 2)))
#: Few people and days where few calls are wanted: a world is played to its end.
PEOPLE, ROUNDS = (300, 16) if ORIGINATES >= 2_000 else (120, 12)
#: A world with calls of every kind.
LAWLESS = 4

_databases = itertools.count(1)


@pytest.fixture
def quiet(plain_log):
    """Some ten lines a call would be written, a hundred thousand times."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request, migrated_sqlite):
    """Makes an empty database for a world, in the folder of the world; and what takes it away again."""
    if request.param == "sqlite":
        return (
            lambda folder: DatabaseSettings(url=f"sqlite:///{shutil.copy(migrated_sqlite, folder / 'world.db')}"),
            lambda _settings: None,
        )
    server = request.getfixturevalue("postgres")

    def make(_folder):
        name = f"world_{next(_databases)}"
        server.sql(f"CREATE DATABASE {name} TEMPLATE migrated")
        return DatabaseSettings(url=server.url(name))

    return make, lambda settings: server.sql(
        f"DROP DATABASE {settings.url.rsplit('/', 1)[1].split('?')[0]} WITH (FORCE)"
    )


@asynccontextmanager
async def playing(seed, folder, new_database, people=PEOPLE):
    """A world of its own database, with the engine at work."""
    make, drop = new_database
    folder.mkdir()
    settings = make(folder)
    database = Database(settings)
    try:
        play = Play(world(seed, people), database, folder)
        await play.begin()
        yield play
        await play.end()
    finally:
        await database.close()
        drop(settings)
        shutil.rmtree(folder)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("part", PARTS)
async def test_no_call_is_placed_that_the_naive_checker_refuses_and_nobody_is_forgotten(
    part, new_database, tmp_path, quiet
):
    originates = worlds = 0
    for seed in [int(SEED)] if SEED else itertools.count(part * 1_000):
        async with playing(seed, tmp_path / str(seed), new_database) as play:
            for _ in range(ROUNDS):
                await play.round()
            starved = await play.starved()
        wrong = play.telephone.violations + [f"never called: {who}" for who in starved.values()]
        placed, shown = play.telephone.originates, "\n".join(wrong[:5])
        assert not wrong, (
            f"{len(wrong)} wrong in {placed:,} calls; COMPLIANCE_SEED={seed} plays it again\n{shown}\n"
            f"{play.world.told()}"
        )
        originates, worlds = originates + placed, worlds + 1
        if originates >= EACH:
            break
    print(f"compliance: {originates:,} originates in {worlds} worlds, 0 violations")  # noqa: T201 - with -rP


#: What the checker finds has nothing to do with the kind of database.
one_database = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


@one_database
async def test_the_checker_finds_what_is_wrong_with_a_dialer_that_asks_no_rule_and_no_list(
    new_database, tmp_path, quiet, monkeypatch
):
    asked = Judge.verdict

    def allowed(judge, callee, now):
        return asked(judge, callee, now)._replace(allowed=True, until=None)

    async def nobody_is_barred(*_):
        return {}

    monkeypatch.setattr(Judge, "verdict", allowed)
    monkeypatch.setattr(scrub, "barred_at_dial", nobody_is_barred)
    async with playing(LAWLESS, tmp_path / "lawless", new_database, people=300) as play:
        for _ in range(4):
            await play.round()
    found = {rule for broken in play.telephone.broken for rule in broken}
    assert {"us.hours", "campaign.hours", "calls.between", "number.kind", "consent.revoked"} <= found
    assert {"on do-not-call list outs", "pressed the key to opt out"} <= found


@one_database
async def test_the_checker_finds_who_is_never_called(new_database, tmp_path, quiet, monkeypatch):
    asked = Judge.verdict

    def later(judge, callee, now):
        verdict = asked(judge, callee, now)
        if callee.number[-1] != "7" or not verdict.allowed:
            return verdict
        return verdict._replace(allowed=False, next_at=now + timedelta(days=3), rule="of its own", why="a fault")

    monkeypatch.setattr(Judge, "verdict", later)
    async with playing(LAWLESS, tmp_path / "forgetful", new_database) as play:
        await play.round()
        starved = await play.starved()
    assert play.telephone.violations == []
    assert starved
    assert {number[-1] for number, _, _ in starved.values()} == {"7"}
