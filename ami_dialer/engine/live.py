"""Live sync: what has come into the live lists of runs that are going on is called in them too."""

import asyncio
from contextlib import suppress

import structlog

from ami_dialer.domain.errors import StoreError
from ami_dialer.engine.floor import Floor
from ami_dialer.store import live

log = structlog.get_logger(__name__)

#: A look that is going on when the dialer stops may take so long.
LAST_LOOK_SECONDS = 5.0


class LiveSync:
    """Looks every `engine.sync` seconds, beside the ticker, which must not wait for a large addition."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._trouble: str | None = None

    def start(self) -> None:
        """Look at once, and then again and again."""
        self._task = asyncio.create_task(self._look_until_stopped(), name="live sync")

    async def stop(self) -> None:
        """End after the look that is going on, unless it is stuck: the database undoes what is cut off."""
        self._stopping.set()
        if self._task is not None:
            _, stuck = await asyncio.wait([self._task], timeout=LAST_LOOK_SECONDS)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    async def _look_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.look()
                self._trouble = None
            except StoreError as error:
                report = log.debug if str(error) == self._trouble else log.error
                report("live lists are not looked at while this lasts", why=str(error))
                self._trouble = str(error)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the dialing
                log.error("the look at live lists broke", why=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._floor.config.engine.sync):
                    await self._stopping.wait()

    async def look(self) -> None:
        """One look at all runs: one query where nothing has come. Raises StoreError."""
        for run_id in await live.behind(self._floor.database):
            desk = self._floor.runs.get(run_id)
            if desk is None or self._floor.draining:
                continue  # not taken up yet, or it cannot go on
            synced = await live.sync(self._floor.database, run_id, desk.campaign, self._floor.clock.now())
            if not synced.enrolled:
                continue
            desk.tally.took_out(synced.excluded)
            desk.tally.synced += synced.enrolled
            desk.ask_again_at = 0.0
            self._floor.wake.set()
            log.info(
                "contacts came into the run",
                action="run_synced",
                campaign=desk.run.campaign,
                run=run_id,
                contacts=synced.enrolled,
                excluded=synced.excluded,
            )
