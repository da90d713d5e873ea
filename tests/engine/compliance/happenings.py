"""What was done and said before a world begins, and what is said while it goes on: into SQL, and into the books."""

from datetime import timedelta
from types import SimpleNamespace

import orjson
from sqlalchemy import insert

from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store import dnc
from ami_dialer.store import tables as sql


class Happenings:
    """As from elsewhere: another engine, a command, a form on the web."""

    def __init__(self, world, database, clock, checker):
        self.world = world
        self.database = database
        self.clock = clock
        self.checker = checker
        self.rng = world.rng

    async def calls_before(self):
        """Calls of the last days, in a run that is over."""
        rng, now = self.rng, self.clock.now()
        for key, policy in self.checker.campaigns.items():
            begun = now - timedelta(days=9)
            document = orjson.loads(orjson.dumps(self.world.campaigns[policy.campaign]))
            values = {"campaign_id": key, "state": "completed", "started_at": begun, "ended_at": now}
            enrolled, called, numbers = [], [], set()
            for contact_id, contact in self.checker.contacts.items():
                number = rng.choice(contact.phones)
                if rng.random() < 0.25 and number not in numbers:
                    numbers.add(number)
                    called += [(contact_id, number) for _ in range(rng.randint(1, 4))]
                    enrolled.append((contact_id, number))
            async with self.database.writing() as connection:
                statement = insert(sql.runs).values({**values, "document": document}).returning(sql.runs.c.id)
                run_id = (await connection.scalars(statement)).one()
                rows = []
                for contact_id, number in enrolled:
                    row = {"run_id": run_id, "contact_id": contact_id, "number": number, "state": EnrolmentState.DONE}
                    row |= {"due_at": begun, "tries": {}, "created_at": begun}
                    rows.append(row)
                statement = insert(sql.enrolments).returning(sql.enrolments.c.contact_id, sql.enrolments.c.id)
                keys = dict(iter(await connection.execute(statement, rows)))
                rows = [
                    self._call(run_id, keys[contact_id], nth, contact_id, number, key)
                    for nth, (contact_id, number) in enumerate(called)
                ]
                await connection.execute(insert(sql.attempts), rows)

    def _call(self, run_id, enrolment_id, nth, contact_id, number, campaign_id):
        rng, now = self.rng, self.clock.now()
        at = now - timedelta(seconds=rng.choice([600, 86_000, 86_400, rng.randrange(8 * 86_400)]))
        end = rng.choice(["busy", "no_answer", "completed", "machine", "abandoned", "cancelled"])
        picked_up = at if end in ("completed", "machine", "abandoned") else None
        row = {
            "id": f"amid-past-{run_id}-{nth}",
            "run_id": run_id,
            "enrolment_id": enrolment_id,
            "contact_id": contact_id,
            "ordinal": nth + 1,
            "number": number,
            "server": "pbx",
            "trunk": "carrier",
            "state": "ended",
            "claimed_at": at,
            "originated_at": at,
            "answered_at": picked_up,
            "ended_at": at + timedelta(seconds=30),
            "end_reason": end,
        }
        if end != "cancelled":
            past = self.checker.placed(number, contact_id, campaign_id, at)
            past[4:] = [end in ("completed", "abandoned"), end == "abandoned"]
        return row

    async def said_before(self):
        """Consents, revocations, numbers that changed hands or will, do-not-call entries."""
        rng, now = self.rng, self.clock.now()
        said, gone = [], []
        for number in self.world.numbers:
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                at = now - timedelta(seconds=rng.randrange(30 * 86_400))
                said.append(self._record(number, granted=rng.random() < 0.9, at=at))
            if rng.random() < 0.04:
                at = now + timedelta(days=rng.uniform(-12, 6))
                gone.append({"number": number, "disconnected_at": at, "source": "a test", "checked_at": now})
        async with self.database.writing() as connection:
            await connection.execute(insert(sql.consents), said)
            await connection.execute(insert(sql.reassignments), gone)
        for number in rng.sample(self.world.numbers, len(self.world.numbers) // 40):
            await self.list_number(number)

    async def say(self, number, *, granted, at):
        """A consent or its revocation comes into SQL, as from elsewhere; and into the books."""
        row = self._record(number, granted=granted, at=at)
        async with self.database.writing() as connection:
            await connection.execute(insert(sql.consents).values(row))
        self.checker.consents[number].append(SimpleNamespace(**row))
        self.checker.consents[number].sort(key=lambda record: (record.at, not record.granted))

    def _record(self, number, *, granted, at):
        rng = self.rng
        scope = rng.choice(["*", "*", "sales", "survey", "campaign:campaign0", "information"])
        expires = at + timedelta(days=rng.uniform(0, 40)) if granted and rng.random() < 0.2 else None
        return {
            "number": number,
            "granted": granted,
            "scope": scope,
            "strength": rng.choice(["express", "written", "written"]),
            "source": "form" if granted else "sms",
            "at": at,
            "expires_at": expires,
            "evidence": "",
            "recorded_at": self.clock.now(),
        }

    async def list_number(self, number):
        """A number, or with it all that begin alike, comes onto a do-not-call list."""
        rng, now = self.rng, self.clock.now()
        name = rng.choice(["outs", "other"])
        entry = f"{number[:9]}*" if rng.random() < 0.1 else number
        expires = now + timedelta(hours=rng.randrange(1, 100)) if rng.random() < 0.3 else None
        await dnc.add(self.database, name, [entry], reason="a test", source="cli", now=now, expires_at=expires)
        self.checker.listed.append((entry, name, False, expires))
