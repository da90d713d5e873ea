"""Keeps the hopper of a run filled with those who may be called now, and says why when nobody may."""

from collections.abc import Sequence
from datetime import datetime

from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.engine.runs import Runs
from ami_dialer.journey import hopper, scrub
from ami_dialer.store.hopper import Claimed, Outlook

#: A run whose next contact is due later than this is looked at again at least so often.
_LOOK_AGAIN_SECONDS = 60.0
#: Of a run so many are judged in one tick while they are refused: some 50 ms, for which the calls of other runs wait.
_MOST_JUDGED = 1_000
#: Where nobody of a claim may be called, so many are claimed next: most likely the window is shut for those too.
_PORTION = 500
#: Rules that are told of those that hold contacts back.
_RULES_TOLD = 3


class Refill:
    """Claims, judges and gives back."""

    def __init__(self, floor: Floor, runs: Runs) -> None:
        self._floor = floor
        self._runs = runs

    async def look(self, desk: RunDesk) -> bool:
        """Fill the hopper of a run. True where more are due than could be judged by now. Raises StoreError."""
        await self.give_back(desk)
        now = self._floor.clock.monotonic()
        if self._floor.closed(desk) or now < desk.ask_again_at:
            return False
        if await self._fill(desk):
            return True
        if not desk.hopper:
            await self._wait(desk, now)
        return False

    async def give_back(self, desk: RunDesk) -> None:
        """Write down whom verdicts refused. Raises StoreError; they are kept then for the next time."""
        if not desk.refused:
            return
        refused = list(desk.refused)
        done = await scrub.give_back(self._floor.database, desk.court, refused, self._floor.clock.now())
        del desk.refused[: len(refused)]
        desk.tally.took_out(done.excluded)
        at = self._floor.clock.now()
        self._floor.announcer.excluded(desk, done.excluded, Exclusion.RULE, at)
        self._floor.announcer.held(desk, refused, at)
        for one in refused:
            if one.verdict.next_at is not None:
                desk.tally.put_off(one.verdict.rule, one.verdict.next_at)
        desk.ask_again_at = 0.0

    async def _fill(self, desk: RunDesk) -> bool:
        """Claim until the hopper holds enough, nobody is left or too many were refused: then True."""
        floor, judged, further = self._floor, 0, 0
        while judged < _MOST_JUDGED:
            claimed = await hopper.refill(
                floor.database,
                desk.run.id,
                len(desk.hopper),
                desk.campaign.hopper.size,
                floor.clock.now(),
                desk.tally.took_out,
                at_least=further,
            )
            if not claimed:
                return False
            allowed = await self._judge(desk, claimed)
            if allowed == len(claimed):
                return False
            judged += len(claimed)
            further = 0 if allowed else _PORTION
        return True

    async def _judge(self, desk: RunDesk, claimed: Sequence[Claimed]) -> int:
        """How many of these may be called."""
        floor = self._floor
        try:
            judged = await scrub.verdicts(floor.database, floor.writer, desk.court, claimed, floor.clock)
        except StoreError:
            desk.hopper.extend(claimed)  # they are judged right before their calls in any case
            raise
        desk.hopper.extend(one.claimed for one in judged.allowed)
        desk.refused += judged.refused
        await self.give_back(desk)
        return len(judged.allowed)

    async def _wait(self, desk: RunDesk, now: float) -> None:
        """Nobody may be called now: say why, and until when."""
        outlook = await hopper.outlook(self._floor.database, desk.run.id)
        if outlook.over:
            if not await self._runs.complete(desk):
                desk.ask_again_at = now + self._floor.config.engine.sync
                desk.why = "everybody has been called; it waits for new contacts in its live lists"
        elif outlook.next_due is not None:
            wall = self._floor.clock.now()
            due_in = (outlook.next_due - wall).total_seconds()
            desk.ask_again_at = now + min(max(due_in, 0.0), _LOOK_AGAIN_SECONDS)
            desk.why = _waiting(desk, outlook, outlook.next_due, wall)
        else:
            desk.why = "all that is left is being called"


def _waiting(desk: RunDesk, outlook: Outlook, due: datetime, now: datetime) -> str:
    moment = f"{due.astimezone():%Y-%m-%d %H:%M:%S}"
    if outlook.held_by is None:
        return f"the next contact is due at {moment}"
    counted = desk.tally.held(now).most_common(_RULES_TOLD)
    rules = [f"{rule} holds {count:,} back" for rule, count in counted] or [f"held back by {outlook.held_by}"]
    return f"nobody may be called before {moment}: {', '.join(rules)}"
