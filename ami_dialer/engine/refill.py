"""Keeps the hopper of a run filled with those who may be called now, and says why when nobody may."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

import structlog

from ami_dialer.domain.enrolment import Exclusion
from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.engine.runs import Runs
from ami_dialer.journey import hopper, scrub
from ami_dialer.store.hopper import Claimed, Outlook

log = structlog.get_logger(__name__)

#: While something is being written, and while all that is left is being called, a run is looked at again so soon.
_WRITTEN_SECONDS = 1.0
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
        if self._floor.closed(desk):
            return False
        await self._ahead(desk)
        await self._recycle(desk, now)
        if now < desk.ask_again_at:
            return False
        # A claim is a write, and most looks find that nobody is due: whoever has nobody asks before.
        outlook = None if desk.hopper else await hopper.outlook(self._floor.database, desk.run.id)
        if outlook is None or outlook.due(self._floor.clock.now()):
            outlook = None
            if await self._fill(desk, top_up=now >= desk.fill_at):
                return True
        if now >= desk.fill_at:
            desk.fill_at = now + desk.campaign.hopper.fill_interval
        if len(desk.hopper) <= desk.campaign.hopper.size // 2:
            await self._wait(desk, now, outlook)
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

    async def _ahead(self, desk: RunDesk) -> None:
        """Claim those who go before all others and are due, whatever the hopper holds."""
        now = self._floor.clock.now()
        if desk.ahead_at is None or desk.ahead_at > now:
            return
        desk.ahead_at = None
        claimed = await hopper.ahead(self._floor.database, desk.run.id, now, desk.tally.took_out)
        if claimed:
            await self._judge(desk, claimed)

    async def _recycle(self, desk: RunDesk, now: float) -> None:
        """Whoever is in the hopper too long gives the place to others."""
        if now < desk.recycle_at:
            return
        desk.recycle_at = now + desk.campaign.dialer_interval
        floor, settings = self._floor, desk.campaign.hopper
        held = [*desk.hopper, *desk.for_own]
        _forget_turns(desk, held, now)
        over = await hopper.recycle(floor.database, held, settings.expiry, floor.busy, floor.clock.now())
        if not over:
            return
        keys = {one.enrolment_id for one in over}
        desk.hopper = deque(one for one in desk.hopper if one.enrolment_id not in keys)
        for one in over:
            desk.for_own.remove(one)
        desk.ask_again_at = desk.fill_at = 0.0
        desk.tally.recycled += len(over)
        log.debug("claims given back that could not be called in time", run=desk.run.id, count=len(over))

    async def _fill(self, desk: RunDesk, *, top_up: bool) -> bool:
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
                top_up=top_up,
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
            _enter(desk, claimed)  # they are judged right before their calls in any case
            raise
        _enter(desk, [one.claimed for one in judged.allowed])
        desk.refused += judged.refused
        await self.give_back(desk)
        return len(judged.allowed)

    async def _wait(self, desk: RunDesk, now: float, outlook: Outlook | None) -> None:
        """Nobody else may be called now: say why, where the hopper is empty, and until when nobody is asked for again.

        Whoever makes somebody due sooner sets `ask_again_at`. What is being written may not be seen yet.
        """
        at_most = desk.campaign.dialer_interval
        soon = now + _WRITTEN_SECONDS
        if desk.hopper and self._floor.writer.waiting:
            desk.ask_again_at = soon
            return
        outlook = outlook or await hopper.outlook(self._floor.database, desk.run.id)
        if desk.hopper:
            due_in = at_most
            if outlook.next_due is not None:
                due_in = (outlook.next_due - self._floor.clock.now()).total_seconds()
            desk.ask_again_at = now + min(max(due_in, 0.0), at_most)
            return
        if outlook.over and self._runs.results_wanted(desk):
            desk.ask_again_at = soon
            desk.why = "everybody has been called; agents give the results of the last calls"
        elif outlook.over:
            if not await self._runs.complete(desk):
                desk.ask_again_at = now + min(self._floor.config.engine.sync, at_most)
                desk.why = "everybody has been called; it waits for new contacts in its live lists"
        elif outlook.next_due is not None:
            wall = self._floor.clock.now()
            due_in = (outlook.next_due - wall).total_seconds()
            desk.ask_again_at = now + min(max(due_in, 0.0), at_most)
            desk.why = _waiting(desk, outlook, outlook.next_due, wall)
        elif desk.for_own:
            desk.ask_again_at = now + at_most
            desk.why = "all who are left wait for their own agents"
        else:
            desk.why = "all that is left is being called"
            if desk.limit.in_progress:  # the end of the last of them lets us ask at once
                desk.ask_again_at = soon


def _enter(desk: RunDesk, claimed: Sequence[Claimed]) -> None:
    desk.hopper = deque(hopper.in_order(desk.hopper, claimed))


def _forget_turns(desk: RunDesk, held: Sequence[Claimed], now: float) -> None:
    """Forget when it was the turn of those who are gone. Who was put off comes back with the time it has waited."""
    keys, own = {one.enrolment_id for one in held}, desk.campaign.own_agent
    oldest = now - own.wait - desk.campaign.hopper.expiry
    kept = {key: at for key, at in desk.turn_came.items() if key in keys or (own.others and at > oldest)}
    desk.turn_came = kept


def _waiting(desk: RunDesk, outlook: Outlook, due: datetime, now: datetime) -> str:
    moment = f"{due.astimezone():%Y-%m-%d %H:%M:%S}"
    if outlook.held_by is None:
        return f"the next contact is due at {moment}"
    counted = desk.tally.held(now).most_common(_RULES_TOLD)
    rules = [f"{rule} holds {count:,} back" for rule, count in counted] or [f"held back by {outlook.held_by}"]
    return f"nobody may be called before {moment}: {', '.join(rules)}"
