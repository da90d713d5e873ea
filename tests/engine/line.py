"""One call of a whole dialer, to be told of whatever a test likes."""

import asyncio

from ami_dialer.domain.calls import CallAnswered, CallClassified, CallEnded, CallRinging, CallUnserved
from ami_dialer.ports import CallLostError
from tests.fakes.telephony import FakeLeg, Plan
from tests.journey.conftest import until


class Line:
    """A call that is going on."""

    def __init__(self, world, attempt_id):
        self.world = world
        self.id = attempt_id
        self.tasks = []

    @property
    def attempt(self):
        return self.world.engine.floor.calls[self.id].attempt

    def ring(self):
        self.world.telephony.tell(CallRinging(self.id, self.world.clock.now()))

    def answer(self):
        self.world.telephony.tell(CallAnswered(self.id, self.world.clock.now()))

    def classify(self, status, cause):
        self.world.telephony.tell(CallClassified(self.id, self.world.clock.now(), status, cause))

    def unserved(self):
        self.world.telephony.tell(CallUnserved(self.id, self.world.clock.now(), "AGI connection refused"))

    def end(self, cause=16, reason=None):
        self.world.telephony.live.pop(self.id, None)
        self.world.telephony.tell(CallEnded(self.id, self.world.clock.now(), cause, reason=reason))

    def leg(self, plan):
        """The dialplan hands the call over."""
        leg = FakeLeg(self.id, plan)
        self.tasks.append(asyncio.create_task(self.world.telephony.on_leg(leg)))
        return leg


class HeldLeg(FakeLeg):
    """A leg whose digit comes when the test says so."""

    def __init__(self, attempt_id, plan):
        super().__init__(attempt_id, plan)
        self.waiting, self.release = asyncio.Event(), asyncio.Event()
        self.breaks_off = False

    async def wait_for_digit(self, seconds):
        self.waiting.set()
        await self.release.wait()
        if self.breaks_off:
            raise CallLostError
        return await super().wait_for_digit(seconds)


async def lines(world, count):
    world.people(*(f"+1212555{index:04d},P" for index in range(count)))
    world.telephony.default = Plan(stays=True)
    await world.start()
    await until(lambda: len(world.telephony.live) == count and not world.telephony._tasks)
    return [Line(world, attempt_id) for attempt_id in world.telephony.live]


async def ended(line):
    """How the attempt ended, in SQL, when all is written."""
    await until(lambda: line.id not in line.world.engine.floor.calls)
    await until(lambda: line.world.engine.floor.writer.waiting == 0)
    [found] = await line.world.rows(f"SELECT state, end_reason, detail FROM attempts WHERE id = '{line.id}'")
    assert found[0] == "ended"
    return found[1:]
