"""Callbacks while campaigns run: taken up, missed, told; and kept when their call is placed."""

from datetime import datetime

import structlog

from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.callback import CallbackState
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.domain.events import EventName
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.engine.floor import Floor
from ami_dialer.rules.retry import RetryVerdict
from ami_dialer.store import callback_rows, callbacks, hopper
from ami_dialer.store.callback_rows import Waits
from ami_dialer.store.writer import Kind, Write

log = structlog.get_logger(__name__)

#: Seconds between two looks: how late a callback may be claimed.
LOOK_SECONDS = 1.0

#: What the end of one that waited is told as; a kept one is told by whoever places its call.
_TOLD = {CallbackState.MISSED: EventName.CALLBACK_MISSED, CallbackState.CANCELLED: EventName.CALLBACK_CANCELLED}


class Callbacks:
    """Looks after the callbacks of all campaigns. Others ask for them and cancel them in SQL, this tells of it."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: Those that wait, as they were seen last; None before the first look.
        self._known: dict[int, Waits] | None = None

    async def look(self) -> None:
        """Take up what was asked for, miss what was not placed in time, tell both. Raises StoreError."""
        database, now = self._floor.database, self._floor.clock.now()
        await callbacks.settle(database, now)
        await callbacks.miss(database, now)
        await self._tell(now)
        if await self._take_back():
            await callbacks.settle(database, now)
        due = await hopper.due_ahead(database, list(self._floor.runs))
        for key, desk in list(self._floor.runs.items()):
            desk.ahead_at = due.get(key)
            if desk.ahead_at is not None and desk.ahead_at <= now:
                self._floor.wake.set()

    async def _take_back(self) -> bool:
        """Whoever waits in a hopper, and asked for a time, is given back: they are claimed anew when it has come."""
        at = {(one.campaign_id, one.contact_id): one.at for one in (self._known or {}).values()}
        found: list[int] = []
        for desk in self._floor.runs.values() if at else ():
            for claimed in [*desk.hopper, *desk.for_own]:
                time = at.get((desk.run.campaign_id, claimed.contact_id))
                if time is not None and (claimed.rank != CALLBACK_RANK or claimed.due_at < time):
                    if claimed in desk.hopper:
                        desk.hopper.remove(claimed)
                    desk.for_own.remove(claimed)
                    desk.turn_came.pop(claimed.enrolment_id, None)
                    found.append(claimed.enrolment_id)
        if found:
            await hopper.release(self._floor.database, found)
        return bool(found)

    async def _tell(self, now: datetime) -> None:
        waiting = await callback_rows.waiting(self._floor.database)
        known = waiting if self._known is None else self._known
        changed = waiting.keys() ^ known.keys()
        found = await callback_rows.load(self._floor.database, changed) if changed else []
        self._known = waiting
        for one in found:
            if one.id in waiting:
                self._floor.announcer.callback(EventName.CALLBACK_ASKED, one, now)
        for one in found:
            if one.id in waiting:
                continue
            if one.state is CallbackState.MISSED:
                log.warning(
                    "a callback was missed",
                    action="callback_missed",
                    callback=one.id,
                    campaign=one.campaign,
                    contact=one.contact_id,
                    at=one.at.isoformat(),
                    why=one.why,
                )
            if (name := _TOLD.get(one.state)) is not None:
                self._floor.announcer.callback(name, one, now)


def called_back(
    attempt: Attempt, write: Write, verdict: RetryVerdict, at: datetime, now: datetime
) -> tuple[Write, RetryVerdict]:
    """What station 9 said, where the person asked in this call to be called back at `at`: that goes before retries.

    Not where they opted out afterwards. The rank comes with the callback (`store.callbacks.take_up`).
    """
    if attempt.end_reason is EndReason.OPTED_OUT:
        return write, verdict
    row = {**write.row, "state": EnrolmentState.WAITING, "due_at": at}
    return Write(write.kind, row, write.entry), RetryVerdict((at - now).total_seconds(), "a callback was asked for")


def kept(key: int, attempt: Attempt, now: datetime) -> Write:
    """The write that says which attempt keeps a callback."""
    return Write(Kind.KEPT, {"callback": key, "attempt": attempt.id, "ended": now})
