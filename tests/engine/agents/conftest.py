"""A floor with one running campaign, its agents' lines and their dialogues; calls are set up by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from ami_dialer.config.schema import Config
from ami_dialer.config.schema import Database as DatabaseSettings
from ami_dialer.domain import pin
from ami_dialer.domain.agent import AgentEvent, AgentState
from ami_dialer.domain.attempt import AttemptEvent
from ami_dialer.domain.calls import LineCame, LineKey, LineWaits
from ami_dialer.domain.ending import EndReason
from ami_dialer.engine.agents.during import Connections
from ami_dialer.engine.agents.holding import HOLD_CODE
from ami_dialer.engine.agents.lines import Lines
from ami_dialer.engine.agents.offers import OfferRefusedError
from ami_dialer.engine.agents.orders import Orders
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import Offers, Steps
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.floor import Call, Floor, RunDesk, build_desks
from ami_dialer.ports import LinePurpose
from ami_dialer.rules.limits import CallLimit
from ami_dialer.store import agents, attempts, dnc, documents, hopper, runs
from ami_dialer.store.database import Database
from ami_dialer.store.revoking import OptOuts
from ami_dialer.store.writer import Writer
from tests.fakes.agent_leg import Phone, Reaction
from tests.fakes.events import FakeEvents
from tests.fakes.speech import FakeSpeech
from tests.fakes.telephony import FakeTelephony
from tests.journey.conftest import until
from tests.store.world import attempt_on, fill, rows

PIN = "4711"
#: Made once: it takes a tenth of a second.
PIN_HASH = pin.hashed(PIN, bytes(16))
LOG_IN: list[Reaction] = [("agent number", "101#"), ("your PIN", f"{PIN}#")]
DOCUMENT: dict[str, Any] = {
    "lists": ["people"],
    "trunks": ["carrier"],
    "agents": "all",
    "dispositions": "sales",
    "recording": {"enabled": True},
    "transfer": {"to": {"1": {"name": "Support", "extension": "200"}, "2": {"name": "Billing", "queue": "billing"}}},
}
SETS: dict[str, Any] = {
    "sales": {
        "Sold": {"positive": True, "final": True, "key": "1"},
        "Call Back": {"callback": True, "key": "2"},
        "Never": {"do_not_call": True, "key": "3"},
        "Not Home": {"retry": {"after": "2h", "max": 2}, "key": "12"},
    }
}


class FakeConnections(Connections):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def hang_up(self, call: Call) -> None:
        self.asked.append(("hang up",))

    async def transfer(self, call: Call, context: str, extension: str) -> None:
        self.asked.append(("transfer", context, extension))


class FakeOffers(Offers):
    """Offers by hand, for 30 seconds."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.skippable = True

    def dial(self, seat: Seat) -> None:
        if seat.state is not AgentState.PREVIEWING:
            raise OfferRefusedError("there is no contact to dial")
        self._floor.seats.move(seat, AgentEvent.RESERVE, self._floor.clock.now(), run=seat.run)

    def skip(self, seat: Seat) -> None:
        seat.preview = None
        self._floor.seats.move(seat, AgentEvent.RELEASE, self._floor.clock.now())

    def may_skip(self, seat: Seat) -> bool:
        return self.skippable

    def left(self, seat: Seat) -> float:
        return 30.0 - (self._floor.clock.now() - seat.since).total_seconds()


class Office:
    """One dialer's agents."""

    def __init__(self, database: Database, clock: Any, **campaign: Any) -> None:
        self.database, self.clock = database, clock
        agent = {"name": "Agent", "pin_hash": PIN_HASH, "phone": "PJSIP/101"}
        self.config = Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s"}},
                "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
                "lists": {"people": {"file": "/lists/people.csv"}},
                "disposition_sets": SETS,
                "agents": {"101": agent, "102": {**agent, "supervisor": True, "phone": None}},
                "campaigns": {"sales": {**DOCUMENT, **campaign}},
            }
        )
        self.events = FakeEvents()
        self.speech = FakeSpeech()
        self.telephony = FakeTelephony("pbx", clock)
        self.restart()

    def restart(self) -> None:
        """Everything in memory is new; the lines are as they were."""
        servers, trunks = build_desks(self.config, {"pbx": self.telephony})
        self.floor = Floor(
            config=self.config,
            clock=self.clock,
            database=self.database,
            writer=Writer(self.database, 0.001),
            speech=self.speech,
            servers=servers,
            trunks=trunks,
            announcer=Announcer(self.events),
        )
        self.floor.writer.start()
        self.connections, self.offers = FakeConnections(), FakeOffers(self.floor)
        self.steps = Steps(self.floor, self.connections, self.offers)
        self.lines = Lines(self.floor, self.steps)
        self.orders = Orders(self.floor, self.steps)
        self.server = servers["pbx"]

    async def open(self) -> None:
        now = self.clock.now()
        await self.telephony.start(self.on_event, lambda up: None)
        await documents.apply_config(self.database, self.config)
        await agents.sync(self.database, self.config, now)
        await fill(self.database, "people", ["+12125550101"], now)
        key, document = await documents.load_campaign(self.database, "sales")
        self.run = await runs.start(self.database, key, document, now)
        [self.claimed] = await hopper.claim(self.database, self.run, 1, now)
        await self.open_run("sales")

    async def open_run(self, name: str) -> RunDesk:
        [run] = await runs.load(self.database, [self.run])
        run = replace(run, campaign=name)
        to = OptOuts(await dnc.ensure_list(self.database, "opt-outs", self.clock.now()))
        trunks = [self.floor.trunks["carrier"]]
        desk = RunDesk(run, run.document, CallLimit(name, 9), trunks, None, to, court=None)
        self.floor.runs[self.run if name == "sales" else 1_000 + len(self.floor.runs)] = desk
        return desk

    def on_event(self, event: Any) -> None:
        self.lines.on_event(self.server, event)

    async def call(self, reactions: list[Reaction], *, line: str = "line-1", **told: Any) -> Phone:
        """A line comes to the dialer, and is served until it goes on."""
        phone = Phone(self, reactions, line=line, **told)
        if line not in self.telephony.agent_lines:
            self.telephony.agent_lines[line] = phone.channel
            self.telephony.tell(LineCame(line, phone.channel, self.clock.now()))
        await self.lines.serve(phone)
        return phone

    async def ready(self, line: str = "line-1") -> Seat:
        """Agent 101 is logged in without a word, and waits in the bridge."""
        phone = Phone(self, line=line)
        self.telephony.agent_lines[line] = phone.channel
        self.telephony.tell(LineCame(line, phone.channel, self.clock.now()))
        agent = await agents.load(self.database, "101")
        assert agent is not None
        await self.steps.seat(agent, line, phone.channel, "pbx", None)
        self.waits(line)
        return self.seat

    def waits(self, line: str = "line-1") -> None:
        self.telephony.tell(LineWaits(line, f"PJSIP/{line}", self.clock.now()))

    async def press(self, digit: str, reactions: list[Reaction], line: str = "line-1") -> Phone:
        """A key while the line waits: it is brought to its dialogue."""
        self.telephony.tell(LineKey(line, digit, self.clock.now()))
        await self.settle()
        assert self.telephony.asked[-1] == ("redirect", f"PJSIP/{line}", "ami-dialer-agent", "s")
        return await self.call(reactions, line=line)

    async def talk(self, seat: Seat) -> Call:
        """The agent has the person on the line."""
        now = self.clock.now()
        attempt = attempt_on(self.claimed, now)
        for event in (AttemptEvent.SENT, AttemptEvent.ANSWER, AttemptEvent.CONNECT):
            attempt.move(event, now)
        await self.floor.writer.put(attempts.new(attempt))
        call = Call(attempt, self.claimed, self.floor.runs[self.run], self.floor.trunks["carrier"], in_flow=True)
        self.floor.enter(call)
        self.floor.seats.move(seat, AgentEvent.CONNECT, now, run=self.run, attempt_id=attempt.id)
        seat.waiting = False
        return call

    def takes_codes(self) -> Phone:
        """Asterisk knows the code for hold: pressed by order it brings the line, on which no key is pressed."""
        phone = Phone(self, purpose=LinePurpose.CODE, code="hold")

        async def quiet() -> None:
            [call] = self.floor.calls.values()
            await until(lambda: not call.held)

        async def pressed(attempt_id: str, name: str) -> None:
            assert name == HOLD_CODE
            await self.lines.serve(phone)

        phone.silent = quiet
        self.telephony.on_code = pressed
        return phone

    async def hang_up(self, call: Call, seat: Seat | None) -> None:
        """The call is over, and written; its agent wraps up."""
        now = self.clock.now()
        call.attempt.end(EndReason.CONNECTED, now)
        await self.floor.writer.put(attempts.ended(call.attempt, "sales"))
        self.steps.calls.look()
        self.floor.leave(call)
        if seat is not None:
            self.floor.seats.finish(seat, now, wrap_up=True)

    async def wraps_up(self) -> Seat:
        seat = await self.ready()
        await self.hang_up(await self.talk(seat), seat)
        return seat

    async def settle(self) -> None:
        """Whatever was asked of Asterisk is done."""
        await asyncio.gather(*self.lines._tasks)

    @property
    def seat(self) -> Seat:
        [seat] = self.floor.seats
        return seat

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        await self.floor.writer.put()
        return await rows(self.database, sql)


@pytest.fixture
async def office_of(sqlite_settings: DatabaseSettings, clock: Any) -> AsyncIterator[Callable[..., Any]]:
    """An office whose campaign says this."""
    database = Database(sqlite_settings)
    opened: list[Office] = []

    async def build(**campaign: Any) -> Office:
        opened.append(Office(database, clock, **campaign))
        await opened[-1].open()
        return opened[-1]

    yield build
    for office in opened:
        await office.lines.stop()
        await office.floor.writer.stop(5.0)
    await database.close()


@pytest.fixture
async def office(office_of: Callable[..., Any]) -> Office:
    return await office_of()
