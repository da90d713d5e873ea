"""Lists fetched by the running dialer: when they are due, and one without the others."""

import asyncio

import pytest
import structlog

from ami_dialer.domain.errors import StoreError
from ami_dialer.domain.events import EventName
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.fetcher import Fetcher
from ami_dialer.store import fetches
from ami_dialer.store.database import Database
from tests.fakes.ami_peer import until
from tests.fakes.events import FakeEvents
from tests.fakes.web_api import Answered, Asked
from tests.store.fetching.world import FetchWorld, people

pytestmark = pytest.mark.store


class Came:
    """How often contacts came."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> None:
        self.times += 1


def fetcher(world: FetchWorld, came: Came | None = None) -> Fetcher:
    return Fetcher(world.config, world.database, world.source, world.clock, came or Came())


async def looked(one: Fetcher) -> None:
    await one.look()
    await one.settle()


def asked(world: FetchWorld, path: str = "/contacts") -> int:
    return sum(each.path == path for each in world.server.asked)


async def test_a_list_is_fetched_at_once_and_then_when_its_interval_is_over(world: FetchWorld) -> None:
    await world.configure(interval=3_600)
    world.server.answers("/contacts", people(0, 2))
    came = Came()
    one = fetcher(world, came)
    await looked(one)
    await looked(one)
    world.clock.advance(3_599)
    await looked(one)
    assert asked(world) == 1
    world.clock.advance(1)
    await looked(one)
    assert asked(world) == 2
    assert came.times == 1  # the second time nobody was new


async def test_the_interval_outlives_a_restart(world: FetchWorld) -> None:
    await world.configure(interval=3_600)
    world.server.answers("/contacts", people(0, 2))
    await looked(fetcher(world))
    world.clock.advance(3_000)
    await looked(fetcher(world))
    assert asked(world) == 1
    world.clock.advance(600)
    await looked(fetcher(world))
    assert asked(world) == 2


async def test_a_failing_list_is_left_alone_longer_and_longer_and_stops_no_other(world: FetchWorld) -> None:
    await world.configure(interval=600, more={"other": {"api": {"url": world.server.url("/other"), "interval": 60}}})
    world.server.answers("/contacts", Answered(status=500))
    world.server.answers("/other", people(0, 1))
    one = fetcher(world)
    seen = []
    for _ in range(16):
        await looked(one)
        seen.append(asked(world))
        world.clock.advance(60)
    assert asked(world, "/other") == 16
    # Asked in minutes 0, 1, 3, 7 and 15.
    assert seen == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]
    assert (await world.log(list_name="other"))[0].state == "completed"


async def test_an_api_that_asks_to_be_left_alone_is(world: FetchWorld) -> None:
    await world.configure(interval=60)
    world.server.answers("/contacts", Answered(status=503, headers={"Retry-After": "1800"}), people(0, 1))
    one = fetcher(world)
    await looked(one)
    world.clock.advance(1_799)
    await looked(one)
    await looked(fetcher(world))  # as after a restart
    assert asked(world) == 1
    world.clock.advance(1)
    await looked(one)
    world.clock.advance(60)
    await looked(one)
    assert asked(world) == 3


async def test_a_slow_list_does_not_hold_others_up(world: FetchWorld) -> None:
    released = asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(Answered(people(5, 1)).encoded())

    await world.configure(more={"other": {"api": {"url": world.server.url("/other")}}})
    world.server.answers("/contacts", Answered(by_hand=slow))
    world.server.answers("/other", people(0, 1))
    one = fetcher(world)
    await one.look()
    await until(lambda: set(one._going_on) == {"sign-ups"})
    assert await world.log(list_name="other")
    await one.look()  # what is being fetched is not begun again
    assert one.busy
    released.set()
    await one.settle()
    assert asked(world) == 1


async def test_no_more_than_two_lists_are_fetched_at_once(world: FetchWorld) -> None:
    most = now = 0

    async def counted(writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        writer.write(Answered([]).encoded())

    await world.configure(more={f"list-{n}": {"api": {"url": world.server.url()}} for n in range(4)})
    world.server.answers("/contacts", Answered(by_hand=counted))
    one = fetcher(world)
    await one.look()
    assert len(one._going_on) == 2
    await one.settle()
    for _ in range(3):
        await looked(one)
    assert most <= 2
    assert asked(world) == 5


async def test_a_fetch_that_a_stop_cuts_off_is_due_again_a_minute_after(world: FetchWorld) -> None:
    stuck = asyncio.Event()

    async def silent(_: asyncio.StreamWriter) -> None:
        await stuck.wait()

    await world.configure(interval=86_400)
    world.server.answers("/contacts", Answered(by_hand=silent), people(0, 1))
    one = fetcher(world)
    await one.look()
    await until(lambda: world.server.asked)
    await one.stop()
    stuck.set()
    assert await world.log() == []
    world.clock.advance(59)
    await looked(fetcher(world))
    assert asked(world) == 1
    world.clock.advance(1)
    await looked(fetcher(world))
    assert asked(world) == 2


async def test_a_fault_of_ours_in_one_list_is_logged_and_stops_no_other(world: FetchWorld) -> None:
    class Broken:
        async def fetch(self, *_: object) -> list[str]:
            raise ZeroDivisionError

    world.source = Broken()  # type: ignore[assignment]
    with structlog.testing.capture_logs() as logs:
        await looked(fetcher(world))
    assert [(line["event"], line["why"]) for line in logs] == [
        ("list not fetched: a fault of ours", "ZeroDivisionError()")
    ]


async def test_a_warning_is_logged_with_the_runs_it_concerns(world: FetchWorld) -> None:
    await world.configure(interval=60)
    world.server.answers("/contacts", people(0, 1, city="Laurel"), people(1, 1))
    one = fetcher(world)
    await looked(one)
    world.clock.advance(60)
    with structlog.testing.capture_logs() as logs:
        await looked(one)
    assert [line["log_level"] for line in logs] == ["info", "warning"]
    assert logs[1]["why"] == "the fields have changed: city vanished"


async def test_a_database_that_is_away_is_for_the_schedule_to_tell(
    world: FetchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_database: Database, _names: list[str]) -> None:
        raise StoreError("the database is away")

    monkeypatch.setattr(fetches, "standing", away)
    with pytest.raises(StoreError):
        await fetcher(world).look()
    for settings in world.config.lists.values():
        object.__setattr__(settings, "api", None)
    await fetcher(world).look()  # where no list has an API, nobody asks


async def test_a_request_tells_what_asks(world: FetchWorld) -> None:
    seen: list[Asked] = world.server.asked
    await world.fetch(people(0, 1))
    assert seen[0].headers["user-agent"].startswith("ami-dialer/")
    assert seen[0].headers["accept"] == "application/json"


async def test_contacts_that_were_fetched_are_told(world: FetchWorld) -> None:
    await world.configure(interval=3_600)
    world.server.answers("/contacts", people(0, 2))
    events = FakeEvents()
    one = Fetcher(world.config, world.database, world.source, world.clock, Came(), Announcer(events))

    await looked(one)

    [event] = events.heard
    assert (event.name, event.campaign) == (EventName.IMPORTED, None)
    assert event.data["counts"]["added"] == 2
