"""A whole dialer on real SQL, with telephony in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ami_dialer.adapters.clock import SystemClock
from ami_dialer.config.schema import Config
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.floor import Floor, build_desks
from ami_dialer.engine.lifecycle import Engine
from ami_dialer.journey.intake import import_list
from ami_dialer.store import documents
from ami_dialer.store.database import Database
from ami_dialer.store.writer import Writer
from tests.compliance import UNRESTRICTED
from tests.fakes.events import FakeEvents
from tests.fakes.speech import FakeSpeech
from tests.fakes.telephony import FakeTelephony

FLOW = {
    "steps": {
        "start": [
            {"say": 'Hello {{first_name|default("there")}}.'},
            {"ask": {"name": "happy", "prompt": "One or two?", "valid": ["1", "2", "9"], "retries": 1}},
            {"branch": {"answer": "happy", "when": {"9": "out"}}},
            {"play": "ami-dialer/thanks"},
        ],
        "out": ["opt_out", "hangup"],
    }
}


class House:
    """One dialer and what a test wants to know of it. `start` may be called again: that is a restart."""

    def __init__(self, database: Database, folder: Path, **campaign: Any) -> None:
        self.database = database
        self.folder = folder
        self.clock = SystemClock()
        retry = {"rules": {"busy": {"after": "0.05s", "max": 1}, "machine": {"after": 1, "max": 0}}}
        document = {"lists": ["people"], "trunks": ["carrier"], "flow": "survey", "retry": retry}
        document = {**document, **UNRESTRICTED, **campaign}
        if {"dialplan", "agents", "queue"} & campaign.keys():
            document.pop("flow")
        self.config = Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s", "max_calls": 100, "calls_per_second": 1000}},
                "trunks": {
                    "carrier": {
                        "server": "pbx",
                        "dial": "PJSIP/{number}@carrier",
                        "max_calls": 100,
                        "calls_per_second": 1000,
                    }
                },
                "database": {"url": "sqlite:///unused.db", "commit_interval": 0.001},
                "engine": {"tick": 0.1},
                "lists": {"people": {"file": str(folder / "people.csv")}},
                "flows": {"survey": FLOW},
                "campaigns": {"survey": document},
            }
        )
        self.telephony = FakeTelephony("pbx", self.clock)
        self.events = FakeEvents()
        self.engine: Engine | None = None

    def people(self, *rows: str) -> None:
        self.config.lists["people"].file.write_text("phone,first_name\n" + "\n".join(rows) + "\n", encoding="utf-8")

    async def prepare(self) -> None:
        await documents.apply_config(self.database, self.config)
        for name in self.config.lists:
            await import_list(self.database, name, self.clock)

    async def start(self) -> Engine:
        await self.prepare()
        servers, trunks = build_desks(self.config, {"pbx": self.telephony})
        floor = Floor(
            config=self.config,
            clock=self.clock,
            database=self.database,
            writer=Writer(self.database, 0.001),
            speech=FakeSpeech(),
            servers=servers,
            trunks=trunks,
            announcer=Announcer(self.events),
        )

        def legs(on_leg: Callable[..., Awaitable[None]], on_agent: Callable[..., Awaitable[None]]) -> list[Any]:
            self.telephony.on_leg = on_leg
            self.on_agent = on_agent
            return []

        self.engine = Engine(floor, legs)
        await self.engine.start()
        return self.engine

    async def kill(self) -> None:
        """End the engine as `kill -9` would: nothing is saved, calls go on in Asterisk."""
        assert self.engine is not None
        self.engine._ticker.stop()
        await self.engine._schedule.stop()
        await self.engine._telling.stop()
        await self.engine._office.stop()
        await self.engine._ticking
        self.engine.floor.writer._task.cancel()
        self.telephony.connected = False
        before, self.engine = self.telephony, None
        self.telephony = FakeTelephony("pbx", self.clock, before.plans, before.default, ever=before.ever)
        self.telephony.live = before.live

    async def run_until_done(self) -> None:
        engine = await self.start()
        await until(lambda: engine.idle)
        await engine.stop(1.0)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says once it has what the dialer has put so far, or takes no writes."""
        writer = None if self.engine is None else self.engine.floor.writer
        if writer is not None and writer.waiting and writer.trouble is None and not writer._task.done():
            await asyncio.wait([writer.put()], timeout=1)
        async with self.database.reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def ends(self) -> list[tuple[str, str]]:
        return [
            (number, reason)
            for number, reason in await self.rows("SELECT number, end_reason FROM attempts ORDER BY id, number")
        ]


async def until(fact: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until `fact()` holds; fails after `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not fact():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("it did not come about")
        await asyncio.sleep(0.01)


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[Callable[..., House]]:
    houses: list[House] = []

    def build(**campaign: Any) -> House:
        house = House(database, tmp_path, **campaign)
        houses.append(house)
        return house

    yield build
    for built in houses:
        if built.engine is not None:
            await built.engine.stop(0.0)
