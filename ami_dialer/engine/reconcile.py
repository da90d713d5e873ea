"""After a crash or a lost link: ask each Asterisk what is alive, adopt it, and end the rest."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from ami_dialer.domain.attempt import Attempt, AttemptEvent, AttemptState
from ami_dialer.domain.calls import LiveCall
from ami_dialer.domain.errors import AsteriskError, StoreError
from ami_dialer.domain.rank import CALLBACK_RANK
from ami_dialer.engine import callbacks
from ami_dialer.engine.dispatch import Dispatch
from ami_dialer.engine.floor import Call, Floor, RunDesk, ServerDesk
from ami_dialer.engine.runs import Runs
from ami_dialer.journey import disposition, retry
from ami_dialer.store import attempts, callback_rows, hopper
from ami_dialer.store.hopper import Claimed

log = structlog.get_logger(__name__)

#: AST_STATE_UP of channelstate.h.
_UP = 6
#: `CoreShowChannels` is asked again so soon when it failed with the link up.
_ASK_AGAIN_SECONDS = 1.0


class Reconcile:
    """Makes memory agree with what Asterisk holds."""

    def __init__(self, floor: Floor, dispatch: Dispatch) -> None:
        self._floor = floor
        self._dispatch = dispatch
        self._tasks: set[asyncio.Task[None]] = set()

    async def restore(self, runs: Runs) -> None:
        """Bring back the calls of the engine that ran before; which of them live is asked when each server connects."""
        given_back = await hopper.release_unattempted(self._floor.database)
        left = await attempts.living(self._floor.database)
        claims = await hopper.load_claimed(self._floor.database, [attempt.enrolment_id for attempt in left])
        desks = await runs.desks({attempt.run_id for attempt in left})
        for attempt in left:
            desk, claimed = desks[attempt.run_id], claims[attempt.enrolment_id]
            if attempt.state is AttemptState.CLAIMED:
                # Committed, and perhaps sent in the moment before the end: Asterisk will tell.
                attempt.move(AttemptEvent.SENT, attempt.claimed_at)
            # Nobody knows whether the flow was heard; it had begun.
            attempt.heard_at = attempt.flow_at or attempt.connected_at
            trunk = self._floor.trunks.get(attempt.trunk)
            if trunk is None:
                self._write_off(attempt, claimed, desk)
            else:
                self._floor.adopt(Call(attempt, claimed, desk, trunk))
        await self._keep_callbacks(left, claims)
        if given_back or left:
            log.info("took up what was left", claims_given_back=given_back, calls_to_find=len(left))

    async def _keep_callbacks(self, left: Sequence[Attempt], claims: Mapping[int, Claimed]) -> None:
        """A call that was left keeps its callback, even where that was not written before the end.

        Nobody is to be called a second time for it. A call that was never sent ends as lost, and is retried as such.
        """
        asked = [attempt for attempt in left if claims[attempt.enrolment_id].rank == CALLBACK_RANK]
        if not asked:
            return
        async with self._floor.database.reading() as connection:
            for attempt in asked:
                found = await callback_rows.open_of(
                    connection, attempt.run_id, [attempt.contact_id], attempt.claimed_at
                )
                if (key := found.get(attempt.contact_id)) is not None:
                    self._floor.writer.put(callbacks.kept(key, attempt, attempt.claimed_at))

    def _write_off(self, attempt: Attempt, claimed: Claimed, desk: RunDesk) -> None:
        """End an attempt that cannot be asked for any more; the call itself is ended when its server connects."""
        log.warning("a call is left on a trunk that is gone", attempt=attempt.id, trunk=attempt.trunk)
        now = self._floor.clock.now()
        attempt.detail = (
            f"the dialer ended during the call, and trunk {attempt.trunk} is not in the configuration any more"
        )
        disposition.lose(attempt, now)
        result = disposition.meaning(attempt, self._floor.config, desk.campaign)
        enrolment, _ = retry.after(attempt, claimed, desk.campaign, now, result)
        entered = self._dispatch.follow_up.entered(attempt, desk)
        barred = disposition.opt_outs(attempt, desk.campaign, result, desk.opt_outs, now)
        end = attempts.ended(attempt, desk.run.campaign, opted_out=bool(barred))
        self._floor.writer.put(end, enrolment, *barred, *entered)

    def on_link(self, desk: ServerDesk, up: bool) -> None:
        """The link to a server came up or was lost."""
        desk.reconciled = False
        if not up:
            self._floor.wake.set()
            return
        # Taken before any new call can be placed: only these may have vanished meanwhile.
        before = [
            call
            for call in self._floor.calls.values()
            if call.trunk.server is desk and call.attempt.state is not AttemptState.CLAIMED
        ]
        task = asyncio.create_task(self._settle(desk, before), name=f"reconcile {desk.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask_for(self, call: Call) -> None:
        """One call whose Originate was sent, but not acknowledged. If the link is down, its return settles it."""
        try:
            alive = await call.trunk.server.telephony.alive()
        except ConnectionError:
            return
        if call.attempt.id not in alive:
            self._gone(call)

    async def _settle(self, desk: ServerDesk, before: list[Call]) -> None:
        alive = await self._asked(desk)
        if alive is None:
            return
        now = self._floor.clock.now()
        for call in before:
            live = alive.get(call.attempt.id)
            if live is None:
                self._gone(call)
            elif call.attempt.id in self._floor.calls:
                self._adopt(call, up=live.channel_state == _UP, now=now)
        while True:
            try:
                await self._dispatch.end_strays(desk, alive.keys() - self._floor.calls.keys())
                break
            except ConnectionError:
                return  # it is asked for again with the next link
            except StoreError as error:
                log.warning("whose calls Asterisk holds cannot be looked up; no new calls until then", why=str(error))
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
        desk.reconciled = True
        self._floor.wake.set()

    async def _asked(self, desk: ServerDesk) -> dict[str, LiveCall] | None:
        """What Asterisk holds; None when the link is down again."""
        while True:
            try:
                return await desk.telephony.alive()
            except ConnectionError:
                if not desk.telephony.connected:
                    return None
            except AsteriskError as error:
                log.warning("Asterisk does not tell what it holds; no new calls until it does", why=str(error))
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    def _gone(self, call: Call) -> None:
        """Asterisk does not hold the call any more."""
        if call.attempt.id not in self._floor.calls or call.ended is not None or call.gone:
            return
        self._dispatch.lost(call)

    def _adopt(self, call: Call, *, up: bool, now: datetime) -> None:
        attempt = call.attempt
        if up and attempt.state in {AttemptState.ORIGINATING, AttemptState.RINGING}:
            attempt.move(AttemptEvent.ANSWER, now)
        self._floor.writer.put(attempts.changed(attempt))
        log.info("a call goes on", action="attempt_adopted", attempt=attempt.id, state=attempt.state)

    async def stop(self) -> None:
        """Nothing is asked any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
