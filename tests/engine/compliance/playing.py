"""Plays a world through the real engine: tick after tick on a clock of its own, with what happens meanwhile."""

import asyncio
from datetime import timedelta

from ami_dialer.config import rulebook
from ami_dialer.config.schema import Config
from ami_dialer.domain.enrolment import RunState
from ami_dialer.engine.floor import Floor, build_desks
from ami_dialer.engine.lifecycle import Engine
from ami_dialer.engine.ticker import REFUSED_SECONDS
from ami_dialer.journey.intake import import_list
from ami_dialer.store import dnc, documents, runs
from ami_dialer.store.writer import Kind, Writer
from tests.engine.compliance.checker import Checker, moment
from tests.engine.compliance.happenings import Happenings
from tests.engine.compliance.telephone import Clock, Telephone
from tests.engine.compliance.worlds import FLOW
from tests.fakes.speech import FakeSpeech

#: A burst of ticks ends at the latest after so many.
MOST_TICKS = 12
#: So many ticks in a row without a call end it.
QUIET_TICKS = 1
#: Of ten minutes each.
STEPS = 12
_WAITING = (
    "SELECT e.id, e.number, e.contact_id, r.campaign_id, e.due_at, e.held_by, r.id FROM enrolments e"
    " JOIN runs r ON r.id = e.run_id WHERE r.state = 'running' AND e.state IN ('waiting', 'claimed')"
)
_CALLED = "SELECT DISTINCT enrolment_id FROM attempts WHERE id >= :since"


class SlowWriter(Writer):
    """Now and then a commit takes minutes or hours, and somebody says something meanwhile."""

    def __init__(self, database, play):
        super().__init__(database, 0.0)
        self._play = play

    async def _commit(self, batch):
        await self._play.time_passes(batch)
        await super()._commit(batch)


class Play:
    """One world with its engine."""

    def __init__(self, world, database, folder):
        self.world = world
        self.database = database
        self.folder = folder
        self.rng = world.rng
        self.clock = Clock(world.start - timedelta(days=10))
        file = folder / "world.db"
        self.checker = Checker(database, rulebook.load(None), world, file if database.is_sqlite else None)
        self.happenings = Happenings(world, database, self.clock, self.checker)
        self.telephone = Telephone(self.clock, self.checker, world, lambda: self.floor)
        self.ticking = False

    async def begin(self):
        config = self._config()
        await documents.apply_config(self.database, config)
        for name in self.world.lists:
            await import_list(self.database, name, self.clock)
        await dnc.ensure_list(self.database, "other", self.clock.now())
        self.clock.advance(10 * 86_400)
        await self.checker.look_at_people()
        await self.happenings.calls_before()
        await self.happenings.said_before()
        await self.checker.look_at_what_was_said()
        servers, trunks = build_desks(config, {"pbx": self.telephone})
        self.floor = Floor(
            config=config,
            clock=self.clock,
            database=self.database,
            writer=SlowWriter(self.database, self),
            speech=FakeSpeech(),
            servers=servers,
            trunks=trunks,
        )
        self.engine = Engine(self.floor, self._legs)
        self.ticker = self.engine._ticker
        self.ticker.run = self._no_ticks_of_its_own
        await self._start_runs()
        await self.engine.start()

    def _config(self):
        for name, people in self.world.lists.items():
            rows = ["phone,phone_2,phone_3,time_zone,zip,state", *(one.row() for one in people)]
            (self.folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        limits = {"max_calls": self.world.max_calls, "calls_per_second": 1000}
        carrier = {"server": "pbx", "dial": "PJSIP/{number}@carrier", **limits}
        lists = {
            name: {"file": str(self.folder / f"{name}.csv"), "expire_days": -1, "region": "US"}
            for name in self.world.lists
        }
        return Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s", **limits}},
                "trunks": {"carrier": carrier},
                "database": {"url": "sqlite:///unused.db"},
                "engine": {"tick": 0.1},
                "compliance": self.world.compliance,
                "lists": lists,
                "flows": {"survey": FLOW},
                "campaigns": self.world.campaigns,
            }
        )

    def _legs(self, on_leg, _on_agent):
        self.telephone.on_leg = on_leg
        return []

    async def _no_ticks_of_its_own(self):
        while not self.ticker._stopping:
            self.floor.wake.clear()
            await self.floor.wake.wait()

    async def _start_runs(self):
        """Each campaign that is not running, or most of them."""
        for name in self.world.campaigns:
            key, document = await documents.load_campaign(self.database, name)
            found = await runs.newest(self.database, key)
            if found is None or found.state is not RunState.RUNNING:
                await runs.start(self.database, key, document, self.clock.now())

    async def time_passes(self, batch):
        """A commit takes long, and somebody said something at its beginning."""
        rng = self.rng
        placing = [write.row for unit in batch for write in unit.writes if write.kind is Kind.NEW_ATTEMPT]
        if not placing or rng.random() > 0.04:
            return
        # Where another verdict is just being taken, its facts would be of before: that is no commit that takes long.
        waiting = sum(call.attempt.state == "claimed" for call in self.floor.calls.values())
        if not self.ticking and waiting == len(placing):
            number = rng.choice(placing)["number"]
            if rng.random() < 0.5:
                await self.happenings.say(number, granted=False, at=self.clock.now())
            else:
                await self.happenings.list_number(number)
        self.clock.advance(rng.choice([3, 200, 4000, 20_000]))

    async def settle(self):
        """Until nothing is being placed, told or written any more."""
        while self.ticker._dials or self.telephone._tasks or self.floor.writer.waiting:
            await asyncio.wait([*self.ticker._dials, *self.telephone._tasks] or [asyncio.create_task(asyncio.sleep(0))])
            if self.floor.writer.waiting and not self.ticker._dials:
                await self.floor.writer.put()

    async def burst(self):
        """Tick until nobody else is called."""
        quiet, overlap = 0, self.rng.random() < 0.5
        for _ in range(MOST_TICKS):
            before = self.telephone.originates
            self.clock.advance(0.1)
            self.ticking = True
            await self.ticker._once()
            self.ticking = False
            if not overlap or quiet:
                await self.settle()
            if self.floor.servers["pbx"].trouble(self.clock.monotonic()):
                self.clock.advance(REFUSED_SECONDS)
            quiet = 0 if self.telephone.originates > before else quiet + 1
            if quiet > QUIET_TICKS:
                break
        await self.settle()
        await self.checker.look_at_what_was_said()

    async def round(self):
        """Time passes, things happen, and people are called."""
        rng = self.rng
        self.clock.advance(self._leap())
        for attempt_id in list(self.telephone.live):
            if rng.random() < 0.7:
                self.telephone.end(attempt_id, 16)
        await self.settle()
        numbers = self.world.numbers
        for number in rng.sample(numbers, min(2, len(numbers))):
            if rng.random() < 0.5:
                await self.happenings.say(number, granted=rng.random() < 0.6, at=self.clock.now())
            elif rng.random() < 0.3:
                await self.happenings.list_number(number)
        if rng.random() < 0.3:
            await dnc.remove(self.database, "other", rng.sample(numbers, len(numbers) // 4), self.clock.now())
        if rng.random() < 0.5:
            await self._start_runs()
        await self.checker.look_at_what_was_said()
        await self.burst()

    def _leap(self):
        """Seconds until it goes on: to America's day, to some border of a quarter of an hour, or anywhere."""
        rng, now = self.rng, self.clock.now()
        if rng.random() < 0.5 and not 15 <= now.hour <= 22:
            return (15 - now.hour) % 24 * 3600 + rng.randrange(7200)
        if rng.random() < 0.3:
            return 900 - now.timestamp() % 900 + rng.choice([-1, -0.001, 0, 0, 1])
        longest = rng.choice([1, 60, 600, 1800, 1801, 3600, 3600, 7200, 20_000, 40_000, 86_400, 200_000])
        return rng.choice([longest, longest * rng.random()])

    async def hang_up_all(self):
        for attempt_id in list(self.telephone.live):
            self.telephone.end(attempt_id, 16)
        await self.settle()

    async def starved(self):
        """Two hours in America's day in which nothing happens: who may be called all the time, and is not?

        Whoever waits for a retry does not count, nor who had a call that the dialer never heard of again; nor runs that
        were taken out since calls could not be served, nor those that too many abandoned calls hold back.
        """
        self.clock.advance((17 - self.clock.now().hour) % 24 * 3600)
        await self.hang_up_all()
        await self.checker.look_at_what_was_said()
        begun = self.clock.now()
        waiting = await self._waiting(begun)
        for _ in range(STEPS):
            await self.hang_up_all()
            now = self.clock.now()
            waiting = {key: who for key, who in waiting.items() if not self.checker.wrong(*who, now)}
            await self.burst()
            self.clock.advance(600)
        called = {
            key for (key,) in await self.checker.rows(_CALLED, since=f"amid-{int(begun.timestamp() * 1000):011x}")
        }
        held = {desk.run.campaign_id for desk in self.floor.runs.values() if desk.abandonment.why}
        alike = {number for key in self.telephone.lost for number in self.checker.contacts[key].phones}
        return {
            key: who
            for key, who in waiting.items()
            if key not in called and who[2] not in held and not alike & {*self.checker.contacts[who[1]].phones, who[0]}
        }

    async def _waiting(self, now):
        """Whose turn it is in the runs that go on, or who was put off by a rule: number, contact, campaign."""
        rows = await self.checker.rows(_WAITING)
        return {
            key: (number, contact, campaign)
            for key, number, contact, campaign, due_at, held_by, run in rows
            if run in self.floor.runs and (held_by is not None or moment(due_at) <= now)
        }

    async def end(self):
        await self.hang_up_all()
        await self.engine.stop(0.0)
        self.checker.close()
