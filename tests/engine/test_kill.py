"""The dialer is killed at random moments, again and again: no attempt is called twice, nobody is forgotten."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from ami_dialer.domain.calls import AmdFacts
from ami_dialer.store.database import Database
from tests.fakes.telephony import FakeTelephony, Plan
from tests.journey.conftest import until
from tests.store.test_audit import chain
from tests.store.world import number

pytestmark = pytest.mark.journey

PEOPLE = 25
#: Whatever ends is tried again at once, but for those that a person heard.
AGAIN = {"after": 0, "max": 2}
PLANS = [
    Plan(cause=17),
    Plan(cause=1),
    Plan(stays=True),
    Plan(answers=True, presses=("1",)),
    Plan(answers=True, presses=("9",)),
    Plan(answers=True, hangs_up_after=1),
    Plan(answers=True, amd=AmdFacts("MACHINE", "MAXWORDS-4-3")),
    Plan(unknown=True),
    Plan(unknown=True, lands=True, answers=True, presses=("2",)),
]


class Watch:
    """Looks at every Originate of every incarnation: is the number free, and the attempt in SQL?"""

    def __init__(self, world):
        self.world = world
        self.wrongs = []

    def on(self, telephony):
        originate = telephony.originate

        async def watched(request):
            if any(live.channel == request.channel for live in telephony.live.values()):
                self.wrongs.append(f"{request.channel} is being called already")
            if not await self.world.rows(f"SELECT id FROM attempts WHERE id = '{request.attempt_id}'"):
                self.wrongs.append(f"{request.attempt_id} is not in the database")
            await originate(request)

        telephony.originate = watched


class MortalDatabase(Database):
    """A database whose process may be killed: what is not committed then is rolled back, and nobody hears of a commit.

    Cancelling would be no kill: it leaves an open transaction behind, which the end of a process does not.
    """

    dead = False
    #: Connections that are in use.
    used = 0

    def _live(self):
        if self.dead:
            raise asyncio.CancelledError

    @asynccontextmanager
    async def _mortal(self, opened):
        self._live()
        self.used += 1
        try:
            async with opened as connection:
                yield connection
                self._live()
        finally:
            self.used -= 1
        self._live()

    def reading(self):
        return self._mortal(super().reading())

    def looking(self, look=None):
        return super().looking(look) if look is not None else self._mortal(super().looking())

    def raw_writing(self):
        return self._mortal(super().raw_writing())

    def writing(self):
        return self._mortal(super().writing())


async def kill(world):
    """As `kill -9`: whatever the engine was doing is cut off where it stands; calls go on in Asterisk."""
    engine, before = world.engine, world.telephony
    world.database.dead = True
    before.connected = False
    engine._ticker.stop()
    engine.floor.writer._wake.set()
    await engine._schedule.stop()
    await engine._telling.stop()
    # The flows break off too; Asterisk holds their calls until their dialplan has ended.
    await asyncio.gather(engine._ticking, return_exceptions=True)  # it may begin to dial until its end
    await until(lambda: not world.database.used)  # nobody is cut off within a connection: that would leave it open
    cut_off = [*engine._ticker._dials, *engine._reconcile._tasks, *before._tasks]
    for task in cut_off:
        task.cancel()
    await asyncio.gather(*cut_off, return_exceptions=True)
    writer = engine.floor.writer
    await until(lambda: writer._task.done() or not writer.waiting)
    writer._task.cancel()  # it has nothing to write, or is dead already
    await asyncio.gather(writer._task, return_exceptions=True)
    await world.database.close()
    world.engine = None
    world.telephony = FakeTelephony("pbx", world.clock, before.plans, before.default, ever=before.ever)
    world.telephony.live = before.live


@pytest.mark.parametrize("seed", range(3))
async def test_killed_again_and_again_every_contact_is_called_and_every_attempt_ends_once(
    house, database_settings, seed
):
    dice = random.Random(seed)
    reasons = ("busy", "invalid_number", "no_answer", "failed", "lost", "machine", "abandoned", "flow_failed")
    # Whose flow a kill cuts off counts as abandoned: at the limit of sales calls one at a time would be placed.
    world = house(
        max_calls=6,
        purpose="information",
        abandonment={"limit": 1.0},
        retry={"max_attempts": 9, "rules": dict.fromkeys(reasons, AGAIN)},
    )
    world.people(*(f"{number(index)},P" for index in range(PEOPLE)))
    world.telephony.plans = {number(index).removeprefix("+"): dice.choice(PLANS) for index in range(PEOPLE)}
    watch = Watch(world)
    for _ in range(8):
        world.database = MortalDatabase(database_settings)
        watch.on(world.telephony)
        engine = await world.start()
        placed = len(world.telephony.ever) + dice.randint(0, 6)
        await until(
            lambda engine=engine, placed=placed: engine.idle or len(world.telephony.ever) >= placed or dead(world)
        )
        for _ in range(dice.randint(0, 30)):
            await asyncio.sleep(0)
        await kill(world)
        for attempt_id in list(world.telephony.live):
            if dice.random() < 0.5:
                world.telephony.end(attempt_id, 16)
    world.database = Database(database_settings)
    watch.on(world.telephony)
    engine = await world.start()
    while not engine.idle:
        await until(lambda: engine.idle or (world.telephony.live and not world.telephony._tasks))
        for attempt_id in list(world.telephony.live):
            world.telephony.end(attempt_id, 17)
    await engine.stop(1.0)
    world.engine = None  # stopped; its database is closed below
    assert watch.wrongs == []
    await check(world)
    await world.database.close()


def dead(world):
    """Only calls that stay are going on: nothing more will happen."""
    return len(world.telephony.live) >= 6 and not world.telephony._tasks


async def check(world):
    assert await world.rows("SELECT state, count(*) FROM runs GROUP BY state") == [("completed", 1)]
    assert await world.rows("SELECT count(*) FROM attempts WHERE state <> 'ended' OR end_reason IS NULL") == [(0,)]
    placed = Counter(request.attempt_id for request in world.telephony.ever)
    assert set(placed.values()) == {1}
    stored = {key for (key,) in await world.rows("SELECT id FROM attempts")}
    assert placed.keys() <= stored
    cancelled = await world.rows("SELECT id FROM attempts WHERE end_reason = 'cancelled'")
    assert not placed.keys() & {key for (key,) in cancelled}
    done = await world.rows(
        "SELECT enrolments.number, enrolments.attempts, count(attempts.id) FROM enrolments JOIN attempts"
        " ON enrolment_id = enrolments.id AND end_reason <> 'cancelled' WHERE enrolments.state IN ('done', 'excluded')"
        " GROUP BY enrolments.number, enrolments.attempts"
    )
    assert len(done) == PEOPLE
    recorded = [each.attempt_id for each in await chain(world.database) if each.action == "call"]
    assert Counter(recorded) == Counter(stored)
    assert all(counted == made for _, counted, made in done)
