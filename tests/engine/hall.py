"""The queues of one server, and whoever is in them, followed by the dialer with nothing else of it around."""

from dataclasses import replace
from types import SimpleNamespace

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config
from ami_dialer.domain.calls import Member, MemberChanged, MemberConnected
from ami_dialer.engine.agents.queues import Queues
from ami_dialer.engine.floor import Floor, build_desks
from ami_dialer.store.writer import Writer
from tests.fakes.speech import FakeSpeech
from tests.fakes.telephony import FakeTelephony
from tests.journey.conftest import until

ANN, BOB = "PJSIP/101", "PJSIP/102"
SERVER = {"secret": "s", "max_calls": 10, "calls_per_second": 10}
TRUNK = {"server": "pbx", "dial": "PJSIP/{number}@carrier", "max_calls": 10, "calls_per_second": 10}


def member(interface=ANN, queue="sales", status=1, **more):
    return Member(queue, interface, "", status, **more)


class Hall:
    """The queues of one server, and whatever the test makes of its members."""

    def __init__(self, database, clock, telephony=None, queue="sales", **wrap_up):
        self.clock = clock
        self.database = database
        config = {
            "servers": {"pbx": SERVER},
            "trunks": {"carrier": TRUNK},
            "database": {"url": "sqlite:///unused.db"},
            "agents": {"7": {"name": "Ann", "phone": ANN}},
        }
        self.telephony = telephony or FakeTelephony("pbx", clock, queues={"sales": [member(ANN), member(BOB)]})
        servers, trunks = build_desks(Config.model_validate(config), {"pbx": self.telephony})
        self.floor = Floor(
            config=Config.model_validate(config),
            clock=clock,
            database=database,
            writer=Writer(database, 0.001),
            speech=FakeSpeech(),
            servers=servers,
            trunks=trunks,
        )
        self.server = servers["pbx"]
        self.queues = Queues(self.floor)
        self.desks = [self.run(queue, **wrap_up)]

    def run(self, queue="sales", **wrap_up):
        campaign = Campaign(
            lists=["people"], trunks=["carrier"], queue=queue, wrap_up={"limit": 60, "pause": 3} | wrap_up
        )
        return SimpleNamespace(campaign=campaign, trunks=list(self.floor.trunks.values()))

    async def start(self):
        self.floor.writer.start()
        await self.queues.restore()
        await self.telephony.start(
            lambda event: self.queues.on_event(self.server, event), lambda up: self.queues.on_link(self.server, up)
        )
        await self.settle()
        return self

    async def settle(self):
        await self.queues.settle(self.desks)

    async def after(self, seconds):
        self.clock.advance(seconds)
        await self.settle()

    async def stop(self):
        await self.queues.stop()
        await self.floor.writer.stop(5)

    def seat(self, interface=ANN):
        return self.floor.seats.by_key.get(f"member:pbx:{interface}")

    def state(self, interface=ANN):
        seat = self.seat(interface)
        return None if seat is None else seat.state

    def doing(self):
        return {seat.key.removeprefix("member:pbx:"): seat.state for seat in self.floor.seats}

    def able(self):
        """Who could take a call now."""
        now = self.clock.now()
        return {seat.agent for seat in self.floor.seats if seat.free and seat.rested(now) and seat.queues}

    def becomes(self, interface=ANN, queue="sales", **changes):
        """Asterisk tells that a member is not what it was."""
        members = self.telephony.queues[queue]
        at = next(at for at, one in enumerate(members) if one.interface == interface)
        members[at] = replace(members[at], **changes)
        self.telephony.tell(MemberChanged(members[at], self.clock.now()))

    def answered(self, attempt_id="amid-1-1"):
        """A person answered, and is handed to the queue."""
        attempt = SimpleNamespace(id=attempt_id, run_id=1, agent=None, outcome=None, answered_at=self.clock.now())
        trunk = self.floor.trunks["carrier"]
        call = SimpleNamespace(
            attempt=attempt, desk=self.desks[0], trunk=trunk, ended=None, transfer=None, wants_seat=True
        )
        self.floor.calls[attempt_id] = call
        return call

    def connects(self, call, interface=ANN):
        self.becomes(interface, status=2, in_call=True)
        call.wants_seat = False
        leg = f"{interface}-0000002a", "1700000000.42"
        self.telephony.tell(MemberConnected(call.attempt.id, "sales", interface, *leg, self.clock.now()))

    def hangs_up(self, call, interface=ANN):
        del self.floor.calls[call.attempt.id]
        self.queues.call_over(call.attempt.id, self.clock.now())
        self.becomes(interface, status=1, in_call=False, last_call=int(self.clock.now().timestamp()))

    def pauses(self, interface=ANN):
        return [(what, reason) for what, _, who, reason in self.telephony.asked if who == interface]

    async def paused(self, *expected, interface=ANN):
        await until(lambda: self.pauses(interface) == list(expected))
