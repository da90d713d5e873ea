"""Live sync: what has come into the live lists of runs that are going on is called in them too."""

import structlog

from ami_dialer.domain.enrolment import RunState
from ami_dialer.engine.floor import Floor
from ami_dialer.store import live, runs
from ami_dialer.store.runs import Run

log = structlog.get_logger(__name__)


async def look(floor: Floor) -> None:
    """One look at all runs: one query where nothing has come. Raises StoreError."""
    for run_id in await live.behind(floor.database):
        desk = floor.runs.get(run_id)
        if floor.draining:
            return
        run = desk.run if desk is not None else await _paused(floor, run_id)
        if run is None:
            continue  # not taken up yet, or it cannot go on
        document = run.document if desk is None else desk.campaign
        synced = await live.sync(floor.database, run_id, document, floor.clock.now())
        if not synced.enrolled:
            continue
        if desk is not None:
            desk.tally.took_out(synced.excluded)
            desk.tally.synced += synced.enrolled
            desk.ask_again_at = 0.0
            floor.wake.set()
        log.info(
            "contacts came into the run",
            action="run_synced",
            campaign=run.campaign,
            run=run_id,
            contacts=synced.enrolled,
            excluded=synced.excluded,
        )


async def _paused(floor: Floor, run_id: int) -> Run | None:
    """A run that waits: what comes into its live lists is called when it goes on."""
    for run in await runs.load(floor.database, [run_id]):
        if run.state is RunState.PAUSED and run.rest is None:
            return run
    return None
