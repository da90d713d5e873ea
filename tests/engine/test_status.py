"""What the engine sees is in SQL for other processes, and a dead engine is told from a quiet one."""

from datetime import timedelta

import pytest

from ami_dialer.domain.engine_status import EngineStatus
from ami_dialer.engine.status import Status
from ami_dialer.store import engine_status
from tests.engine.line import lines
from tests.journey.conftest import until

pytestmark = pytest.mark.journey


async def test_a_running_engine_tells_what_it_sees_and_takes_it_back_at_its_end(house):
    world = house(max_calls=2)
    await lines(world, 2)
    await until(lambda: world.engine._status._written is not None and any(world.engine._status._written.runs))

    await world.engine._status.look()
    found = await engine_status.read(world.database)

    [run] = found.runs
    assert (run.campaign, sum(run.calls.values()), run.limit.max_calls, run.trunks) == ("survey", 2, 2, ("carrier",))
    assert [server.limit.calls for server in found.servers] == [2]
    assert EngineStatus.from_json(found.as_json()) == found
    for attempt in list(world.telephony.live):
        world.telephony.live.pop(attempt)
    await world.engine.stop(0.0)
    assert await engine_status.read(world.database) is None


class Later:
    """A clock that stands still, so many seconds after a moment."""

    def __init__(self, moment, seconds):
        self._now = moment + timedelta(seconds=seconds)

    def now(self):
        return self._now

    def monotonic(self):
        return 0.0


async def test_what_has_not_changed_is_written_again_before_it_is_old(house):
    world = house(start="by-hand")
    world.people("+12125550001,P")
    engine = await world.start()
    await engine._telling.stop()
    floor, began = engine.floor, world.clock.now()
    floor.clock = Later(began, 0)
    status = Status(floor, engine._runs)

    written = []
    for seconds in (0, 2, 5, 6, 10):
        floor.clock = Later(began, seconds)
        await status.look()
        written.append((await engine_status.read(world.database)).at - began)

    assert [each.total_seconds() for each in written] == [0, 0, 5, 5, 10]
    found = await engine_status.read(world.database)
    assert not found.outdated(Later(began, 19).now())
    assert found.outdated(Later(began, 21).now())
    floor.clock = world.clock
    await engine.stop(0.0)
