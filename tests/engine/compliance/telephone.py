"""A clock that the test moves, and a telephone that asks the naive checker before it calls anybody."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from ami_dialer.domain.calls import AmdFacts, CallAnswered, CallRinging, CallUnserved
from tests.fakes.telephony import FakeLeg, FakeTelephony, Plan

MACHINE, FAX = AmdFacts("MACHINE", "LONGGREETING-2000-1500"), AmdFacts("FAX", "")
HUMAN, SILENCE = AmdFacts("HUMAN", "HUMAN-800-800"), AmdFacts("MACHINE", "INITIALSILENCE-2500-2500")


class Clock:
    """Stands still but for a millisecond each time that the engine looks at its rates. Implements ports.Clock."""

    def __init__(self, at):
        self._at = self._start = at

    def now(self):
        return self._at

    def monotonic(self):
        self.advance(0.001)
        return (self._at - self._start).total_seconds()

    def advance(self, seconds):
        self._at += timedelta(seconds=seconds)


@dataclass
class Fate(Plan):
    """What becomes of a call."""

    #: A person answers, and nobody and nothing talks to them.
    unserved: bool = False


class Leg(FakeLeg):
    """Tells the checker of a key to opt out when it is pressed, not when the dialer has noticed."""

    def __init__(self, attempt_id, plan, pressed):
        super().__init__(attempt_id, plan)
        self._pressed = pressed

    async def wait_for_digit(self, seconds):
        digit = await super().wait_for_digit(seconds)
        if digit == "9":
            self._pressed()
        return digit


class Telephone(FakeTelephony):
    """Implements ports.Telephony. `violations` is what should stay empty."""

    def __init__(self, clock, checker, world, floor):
        super().__init__("pbx", clock)
        self.checker = checker
        self.world = world
        self.floor = floor
        self.violations = []
        #: The rules that each of them breaks.
        self.broken = []
        self.originates = 0
        self.on_the_line = {}
        self.tried = Counter()
        #: Contacts whose call never came, which the dialer cannot know: it counts it.
        self.lost = set()

    async def originate(self, request):
        """A fault of the test shows too: the dialer would only log it."""
        self.originates += 1
        try:
            await self._check(request)
        except Exception as error:
            self.violations.append(f"the checker broke: {error!r}")
            raise
        try:
            await super().originate(request)
        finally:
            if request.attempt_id not in self.live:
                self.on_the_line.pop(request.attempt_id, None)

    async def _check(self, request):
        """Everything is asked for this moment, before anything else can happen."""
        now = self.clock.now()
        number = "+" + request.channel.split("/", 1)[1].split("@", 1)[0]
        call = self.floor().calls[request.attempt_id]  # compared with SQL below
        contact_id, campaign_id = call.attempt.contact_id, call.desk.run.campaign_id
        broken = self.checker.wrong(number, contact_id, campaign_id, now)
        if any(number == one[1] or contact_id == one[2] for one in self.on_the_line.values()):
            broken.add("two calls at once")
        fate = self._fate(number)
        if fate.refused is None and not (fate.unknown and not fate.lands):
            past = self.checker.placed(number, contact_id, campaign_id, now)
            self.on_the_line[request.attempt_id] = past
        elif fate.unknown:
            self.lost.add(contact_id)
        broken |= await self.checker.wrong_with_record(request.attempt_id, number, contact_id, campaign_id)
        if broken:
            self.broken.append(broken)
            self.violations.append(
                f"{now} {number} contact {contact_id} campaign {campaign_id}: {sorted(broken)}; judged {call.judged_at}"
                f" until {call.allowed_until}; {self.checker.callee(number, contact_id, now)}; {call.attempt}"
            )
        self.plans[number[1:]] = fate

    def _fate(self, number):
        self.tried[number] += 1
        rng = random.Random(f"{self.world.seed} {number} {self.tried[number]}")
        if rng.random() < self.world.abandoned:
            return Fate(answers=True, amd=HUMAN, stays=True, unserved=True)
        return rng.choices(
            [
                Fate(cause=17),
                Fate(cause=19),
                Fate(cause=34),
                Fate(cause=None),
                Fate(cause=21),
                Fate(cause=1),
                Fate(answers=True, amd=MACHINE),
                Fate(answers=True, amd=SILENCE),
                Fate(answers=True, amd=FAX),
                Fate(answers=True, amd=HUMAN, presses=("1",)),
                Fate(answers=True, amd=HUMAN, presses=("9",)),
                Fate(answers=True, amd=HUMAN, hangs_up_after=rng.randint(0, 1)),
                Fate(answers=True, amd=HUMAN, presses=("2",), stays=True),
                Fate(stays=True),
                Fate(refused="Originate failed"),
                Fate(unknown=True),
                Fate(unknown=True, lands=True),
            ],
            [1500, 1500, 300, 100, 100, 20, 500, 100, 25, 150, 30, 100, 100, 50, 1, 15, 15],
        )[0]

    async def _play_out(self, attempt_id, plan):
        """As the fake does it; what a person is told goes into the checker's books."""
        past = self.on_the_line[attempt_id]
        await asyncio.sleep(0)
        self.tell(CallRinging(attempt_id, self.clock.now()))
        await asyncio.sleep(0)
        if plan.answers:
            past[4] = plan.amd is HUMAN
            self.tell(CallAnswered(attempt_id, self.clock.now()))
            if plan.unserved:
                past[5] = True
                self.tell(CallUnserved(attempt_id, self.clock.now(), "AGI connection refused"))
            elif self.on_leg is not None:

                def pressed():
                    self.checker.pressed(past[1], self.clock.now())

                leg = self.legs[attempt_id] = Leg(attempt_id, plan, pressed)
                await self.on_leg(leg)
        if not plan.stays:
            self.end(attempt_id, 16 if plan.answers else plan.cause)

    def end(self, attempt_id, cause):
        self.on_the_line.pop(attempt_id, None)
        super().end(attempt_id, cause)
