"""Plays a month through the real engine, on a clock that goes from one moment at which something is due to the next."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from ami_dialer.config.schema import Config
from ami_dialer.domain.calls import AmdFacts, OriginateRequest
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.floor import Floor, build_desks
from ami_dialer.engine.lifecycle import Engine
from ami_dialer.journey.intake import import_list
from ami_dialer.store import documents
from ami_dialer.store.database import Database
from ami_dialer.store.writer import Writer
from tests.engine.month.expected import LATE, Called
from tests.engine.month.plan import BEGIN, END, LASTS, Month
from tests.fakes.events import FakeEvents
from tests.fakes.speech import FakeSpeech
from tests.fakes.telephony import FakeTelephony, Plan

HUMAN, MACHINE = AmdFacts("HUMAN", "HUMAN-800-800"), AmdFacts("MACHINE", "LONGGREETING-2000-1500")
FLOW = {
    "steps": {
        "start": [
            {"ask": {"name": "happy", "prompt": "One, or two to be called back?", "valid": ["1", "2"]}},
            {"branch": {"answer": "happy", "when": {"2": "later"}}},
        ],
        "later": [{"callback": {"prompt": "Enter the time."}}],
    }
}
#: Whoever is due waits for so many ticks at most: for a call that is going on.
MOST_TICKS = 40
#: Whatever happens, so many steps are enough for a month.
MOST_STEPS = 50_000
_WAITING = (
    "SELECT min(e.due_at) AS at FROM enrolments e WHERE e.state = 'waiting' AND e.due_at {} :now"
    " AND e.run_id IN (SELECT id FROM runs WHERE state = 'running')"
)
_OVERDUE = _WAITING.format("<=")
_NEXT = f"""SELECT min(at) FROM ({_WAITING.format(">")}
    UNION ALL SELECT min(next_start_at) FROM campaigns WHERE next_start_at > :now
    UNION ALL SELECT min(ends_at) FROM runs WHERE state = 'running' AND ends_at > :now
    UNION ALL SELECT min(at) FROM callbacks WHERE state = 'waiting' AND at > :now) AS moments"""
_OLDEST = "SELECT min(at) FROM callbacks WHERE state = 'waiting'"


#: What falls due microseconds later is due too.
_A_MOMENT = timedelta(milliseconds=1)


class Clock:
    """Stands still but for some microseconds at each look at the rates. Implements ports.Clock."""

    def __init__(self, at: datetime) -> None:
        self._at = self._start = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        self._at += timedelta(microseconds=20)
        return (self._at - self._start).total_seconds()

    def move_to(self, at: datetime) -> None:
        self._at = max(self._at, at)


class Telephone(FakeTelephony):
    """Does to each call what the month says, and keeps when it came."""

    def __init__(self, clock: Clock, month: Month) -> None:
        super().__init__("pbx", clock)
        self.month = month
        self.came: list[tuple[str, datetime, str]] = []
        self.times: dict[str, int] = {}
        #: Calls that ring, by the moment of their end.
        self.ends: list[tuple[datetime, int, str, int]] = []
        self._order = itertools.count()

    async def originate(self, request: OriginateRequest) -> None:
        number = "+" + request.channel.split("/", 1)[1].split("@", 1)[0]
        time = self.times[number] = self.times.get(number, 0) + 1
        fate = self.month.fate(number, time)
        self.came.append((request.attempt_id, self.clock.now(), fate))
        presses = ("2", self.month.wished(number, time)) if fate == "callback" else ("1",)
        digits = tuple(digit for part in presses for digit in part)
        plans = {
            "busy": Plan(stays=True),
            "no_answer": Plan(stays=True),
            "machine": Plan(answers=True, amd=MACHINE),
            "completed": Plan(answers=True, amd=HUMAN, presses=digits),
            "callback": Plan(answers=True, amd=HUMAN, presses=digits),
        }
        self.plans[number[1:]] = plans[fate]
        if LASTS[fate]:
            at = self.clock.now() + timedelta(seconds=LASTS[fate])
            heapq.heappush(self.ends, (at, next(self._order), request.attempt_id, 17 if fate == "busy" else 19))
        await super().originate(request)

    def end_due(self, now: datetime) -> None:
        """Calls whose end has come."""
        while self.ends and self.ends[0][0] <= now:
            *_, attempt_id, cause = heapq.heappop(self.ends)
            self.end(attempt_id, cause)


class Play:
    """One month."""

    def __init__(self, month: Month, database: Database, folder: Path) -> None:
        self.month = month
        self.database = database
        self.folder = folder
        self.clock = Clock(BEGIN)
        self.telephone = Telephone(self.clock, month)

    async def begin(self) -> None:
        """Bring everything in, and start the dialer."""
        config = self._config()
        await documents.apply_config(self.database, config)
        for campaign in self.month.campaigns:
            await import_list(self.database, campaign.name, self.clock)
        servers, trunks = build_desks(config, {"pbx": self.telephone})
        self.floor = Floor(
            config=config,
            clock=self.clock,
            database=self.database,
            writer=Writer(self.database, 0.0),
            speech=FakeSpeech(),
            servers=servers,
            trunks=trunks,
            announcer=Announcer(FakeEvents()),
        )
        self.engine = Engine(self.floor, self._legs)
        self.ticker = self.engine._ticker
        self.ticker.run = self._no_ticks_of_its_own
        jobs, self.engine._schedule._jobs = self.engine._schedule._jobs, []
        [self.callbacks] = [job.work for job in jobs if job.name == "callbacks"]
        await self.engine.start()
        await asyncio.gather(*self.engine._reconcile._tasks)
        await self.engine._planned.take_up()

    def _config(self) -> Config:
        for campaign in self.month.campaigns:
            rows = ["phone", *campaign.numbers]
            (self.folder / f"{campaign.name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        limits = {"max_calls": 1000, "calls_per_second": 1000}
        return Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s", **limits}},
                "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier", **limits}},
                "database": {"url": "sqlite:///unused.db"},
                "compliance": {"countries": ["US", "GB"]},
                "lists": {
                    campaign.name: {"file": str(self.folder / f"{campaign.name}.csv"), "expire_days": -1}
                    for campaign in self.month.campaigns
                },
                "flows": {"survey": FLOW},
                "campaigns": {campaign.name: campaign.document for campaign in self.month.campaigns},
            }
        )

    def _legs(self, on_leg, _on_agent):
        self.telephone.on_leg = on_leg
        return []

    async def _no_ticks_of_its_own(self) -> None:
        while not self.ticker._stopping:
            self.floor.wake.clear()
            await self.floor.wake.wait()

    async def play(self) -> None:
        """The whole month."""
        await self._work()
        for _ in range(MOST_STEPS):
            at = await self._next()
            if at is None or at >= END:
                return
            self.clock.move_to(at + _A_MOMENT)
            self.telephone.end_due(at)
            await self._settle()
            await self._work()
        raise AssertionError("the month does not end")

    async def _next(self) -> datetime | None:
        """The next moment at which something is due."""
        at = await self._at(_NEXT)
        moments = [] if at is None else [at]
        asked = await self._at(_OLDEST)
        if asked is not None and asked + LATE > self.clock.now():
            moments.append(asked + LATE)
        if self.telephone.ends:
            moments.append(self.telephone.ends[0][0])
        return min(moments, default=None)

    async def _at(self, query: str) -> datetime | None:
        async with self.database.reading() as connection:
            now = self.clock.now()
            given = {"now": now.replace(tzinfo=None) if self.database.is_sqlite else now}
            at = (await connection.execute(text(query), given)).scalar()
        if at is None:
            return None
        return (datetime.fromisoformat(at) if isinstance(at, str) else at).replace(tzinfo=UTC)

    async def _work(self) -> None:
        """What comes round, then ticks until nobody is due; after one that called nobody a tick's time passes."""
        await self.engine._planned.look()
        await self.callbacks()
        while self.engine._planned._preparing:
            await asyncio.gather(*self.engine._planned._preparing.values())
        for _ in range(MOST_TICKS):
            before = len(self.telephone.came)
            self.ticker._followed_at = float("-inf")
            await self.ticker._once()
            await self._settle()
            if len(self.telephone.came) > before:
                continue
            if not any(desk.hopper for desk in self.floor.runs.values()) and not await self._at(_OVERDUE):
                return
            self.clock.move_to(self.clock.now() + timedelta(seconds=self.floor.config.engine.tick))
            self.telephone.end_due(self.clock.now())
        raise AssertionError(f"somebody who is due is not called: {[desk.why for desk in self.floor.runs.values()]}")

    async def _settle(self) -> None:
        """Until nothing is being placed, told or written any more."""
        while self.ticker._dials or self.telephone._tasks or self.floor.writer.waiting or self.floor.numbers:
            if set(self.floor.calls) <= {attempt_id for *_, attempt_id, _ in self.telephone.ends} and not (
                self.ticker._dials or self.telephone._tasks or self.floor.writer.waiting
            ):
                return
            await asyncio.sleep(0)
            if self.ticker._dials or self.telephone._tasks:
                await asyncio.wait([*self.ticker._dials, *self.telephone._tasks], timeout=0.05)
            if self.floor.writer.waiting:
                await self.floor.writer.put()

    async def called(self) -> list[Called]:
        """Every call that was made, as the database has it."""
        fates = {attempt_id: (at, fate) for attempt_id, at, fate in self.telephone.came}
        async with self.database.reading() as connection:
            rows = await connection.execute(
                text(
                    "SELECT a.id, c.name, r.scheduled_at, a.number, a.ordinal FROM attempts a JOIN runs r"
                    " ON r.id = a.run_id JOIN campaigns c ON c.id = r.campaign_id"
                )
            )
            found = []
            for attempt_id, campaign, start, number, ordinal in rows:
                start = datetime.fromisoformat(start) if isinstance(start, str) else start  # noqa: PLW2901
                at, fate = fates[attempt_id]
                found.append(Called(campaign, start.replace(tzinfo=UTC), number, ordinal, at, fate))
        return sorted(found, key=lambda call: (call.at, call.number))

    async def end(self) -> None:
        """Everything is put away."""
        for *_, attempt_id, cause in list(self.telephone.ends):
            self.telephone.end(attempt_id, cause)
        await self.engine.stop(0.0)
