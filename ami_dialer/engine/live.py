"""Live sync: what has come into the live lists of runs that are going on is called in them too."""

import structlog

from ami_dialer.engine.floor import Floor
from ami_dialer.store import live

log = structlog.get_logger(__name__)


async def look(floor: Floor) -> None:
    """One look at all runs: one query where nothing has come. Raises StoreError."""
    for run_id in await live.behind(floor.database):
        desk = floor.runs.get(run_id)
        if desk is None or floor.draining:
            continue  # not taken up yet, or it cannot go on
        synced = await live.sync(floor.database, run_id, desk.campaign, floor.clock.now())
        if not synced.enrolled:
            continue
        desk.tally.took_out(synced.excluded)
        desk.tally.synced += synced.enrolled
        desk.ask_again_at = 0.0
        floor.wake.set()
        log.info(
            "contacts came into the run",
            action="run_synced",
            campaign=desk.run.campaign,
            run=run_id,
            contacts=synced.enrolled,
            excluded=synced.excluded,
        )
