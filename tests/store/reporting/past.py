"""A campaign's past, written as the stations write it, with times a test can know."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from ami_dialer.config.schema import Config
from ami_dialer.domain.attempt import Attempt, AttemptEvent, AttemptState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.verdict import Verdict
from ami_dialer.journey import retry
from ami_dialer.store import attempts, dnc, documents, enrolments, giving_back, hopper, lists, runs
from ami_dialer.store.database import Database
from ami_dialer.store.giving_back import Refused
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.tables import contact_phones, contacts
from ami_dialer.store.tables import enrolments as enrolments_table
from ami_dialer.store.writer import Kind, Write, Writer
from tests.conftest import ManualClock
from tests.contacts import add_contacts

ANN, BOB, CAT, DAN = "+13015550100", "+13025550101", "+16035550110", "+14015550103"
FLOW = {
    "steps": {
        "start": [
            {"ask": {"name": "rating", "prompt": "One or two?", "valid": ["1", "2"]}},
            {"ask": {"name": "again", "prompt": "Shall we call again?", "valid": ["1"]}},
        ]
    }
}


class Past:
    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.run_id = 0
        self._claimed: dict[str, Claimed] = {}
        self._writer = Writer(database, 0.0)
        self._tries: dict[str, int] = {}

    async def campaign(self, people: dict[str, dict[str, str]], **campaign: Any) -> None:
        """List `people` and campaign `survey`, not started."""
        document = {
            "lists": ["people"],
            "trunks": ["carrier"],
            "flow": "quiz",
            "retry": {"rules": {"busy": {"after": "5m", "max": 2}}},
            **campaign,
        }
        config = Config.model_validate(
            {
                "servers": {"pbx": {"secret": "s"}},
                "trunks": {"carrier": {"server": "pbx", "dial": "PJSIP/{number}@carrier"}},
                "lists": {"people": {"file": str(Path("/lists/people.csv"))}},
                "flows": {"quiz": FLOW},
                "campaigns": {"survey": document},
            }
        )
        await documents.apply_config(self.database, config)
        key = await lists.list_id(self.database, "people")
        await add_contacts(self.database, key, people, self.clock.now())

    async def phone(self, first: str, further: str) -> None:
        """A second phone of the contact whose first one is this."""
        of = select(contacts.c.id).where(contacts.c.number == first)
        async with self.database.writing() as connection:
            key = (await connection.scalars(of)).one()
            await connection.execute(insert(contact_phones).values(contact_id=key, position=2, number=further))

    async def start(self) -> int:
        key, document = await documents.load_campaign(self.database, "survey")
        self.run_id = await runs.start(self.database, key, document, self.clock.now())
        return self.run_id

    async def call(
        self,
        number: str,
        end: EndReason | None,
        *,
        cause: int | None = 16,
        rings: float | None = 1.0,
        answers_after: float | None = None,
        amd: tuple[str, str] | None = None,
        answers: Sequence[tuple[str, str, bool]] = (),
        talks: float = 0.0,
        detail: str | None = None,
        opts_out: bool = False,
        verdict: str | None = None,
    ) -> Attempt:
        """One attempt; seconds are those of the clock. Without `end` the call goes on."""
        claimed = await self._claim(number)
        now = self.clock.now
        self._tries[number] = self._tries.get(number, 0) + 1
        attempt = Attempt(
            id=f"amid-{int(now().timestamp() * 1000):011x}-{len(self._tries):010x}",
            run_id=claimed.run_id,
            enrolment_id=claimed.enrolment_id,
            contact_id=claimed.contact_id,
            ordinal=claimed.attempts + 1,
            number=number,
            server="pbx",
            trunk="carrier",
            state=AttemptState.CLAIMED,
            claimed_at=now(),
            verdict=verdict,
        )
        writes = [attempts.new(attempt)]
        if end is not EndReason.CANCELLED:
            attempt.move(AttemptEvent.SENT, now())
            if rings is not None:
                self.clock.advance(rings)
                attempt.move(AttemptEvent.RING, now())
        if answers_after is not None:
            self.clock.advance(answers_after)
            attempt.move(AttemptEvent.ANSWER, now())
        if amd is not None:
            attempt.amd_status, attempt.amd_cause, attempt.classified_at = *amd, now()
        if answers or opts_out:
            attempt.move(AttemptEvent.FLOW, now())
            for question, digits, valid in answers:
                self.clock.advance(1)
                writes.append(self._answer(attempt, question, digits, valid))
        if opts_out:
            writes.append(await self._opt_out(attempt))
        self.clock.advance(talks)
        attempt.cause, attempt.detail = cause, detail
        await self._end(attempt, claimed, end, writes)
        return attempt

    async def refuse(self, number: str, rule: str, seconds: float | None) -> None:
        """A verdict refuses the contact for so long, or for ever."""
        next_at = None if seconds is None else self.clock.now() + timedelta(seconds=seconds)
        verdict = Verdict(False, rule, None, next_at, (rule,), (rule,), f"refused by {rule}")
        refused = [Refused(await self._claim(number), verdict)]
        await giving_back.refused(self.database, refused, ["opt-outs"], self.clock.now())

    def _answer(self, attempt: Attempt, question: str, digits: str, valid: bool) -> Write:
        row = {
            "attempt_id": attempt.id,
            "question": question,
            "digits": digits,
            "valid": valid,
            "try_number": 1,
            "at": self.clock.now(),
        }
        return Write(Kind.ANSWER, row)

    async def _opt_out(self, attempt: Attempt) -> Write:
        row = {
            "list_id": await dnc.ensure_list(self.database, "opt-outs", self.clock.now()),
            "number": attempt.number,
            "reason": "asked for it during a call",
            "source": "flow",
            "attempt_id": attempt.id,
            "added_at": self.clock.now(),
        }
        return Write(Kind.DNC, row)

    async def _end(self, attempt: Attempt, claimed: Claimed, end: EndReason | None, writes: list[Write]) -> None:
        if end is None:
            writes.append(attempts.changed(attempt))
        else:
            attempt.end(end, self.clock.now())
            writes.append(attempts.ended(attempt, "survey"))
            _, document = await documents.load_campaign(self.database, "survey")
            if end is EndReason.CANCELLED:
                writes.append(enrolments.changed(claimed, EnrolmentState.WAITING, due_at=claimed.due_at))
            else:
                writes.append(retry.after(attempt, claimed, document, self.clock.now())[0])
        writer = Writer(self.database, 0.0)
        writer.start()
        await writer.put(*writes)
        await writer.stop(10)

    async def _claim(self, number: str) -> Claimed:
        """Claim everyone who is due, and hand out this one; the others are given back."""
        # Whoever waits for a retry is due when the test says so.
        async with self.database.writing() as connection:
            await connection.execute(
                update(enrolments_table)
                .where(enrolments_table.c.number == number, enrolments_table.c.run_id == self.run_id)
                .values(due_at=self.clock.now() - timedelta(seconds=1))
            )
        claimed = await hopper.claim(self.database, self.run_id, 1_000, self.clock.now())
        await hopper.release(self.database, [one.enrolment_id for one in claimed if one.number != number] or [-1])
        [wanted] = [one for one in claimed if one.number == number]
        return wanted
