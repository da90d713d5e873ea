"""Station 3, hopper: enrolments that are due are claimed for dialing now."""

from collections.abc import Callable
from datetime import datetime

from ami_dialer.store import hopper
from ami_dialer.store.database import Database
from ami_dialer.store.hopper import Claimed, Outlook


async def refill(
    database: Database,
    run_id: int,
    held: int,
    size: int,
    now: datetime,
    on_expired: Callable[[int], None] | None = None,
    *,
    at_least: int = 0,
) -> list[Claimed]:
    """Claim what the hopper lacks, or `at_least` so many. `on_expired` is told how many have expired instead.

    Nothing while it is more than half full: claims are made in groups, not one by one.
    """
    if held > size // 2:
        return []
    return await hopper.claim(database, run_id, max(size - held, at_least), now, on_expired)


async def outlook(database: Database, run_id: int) -> Outlook:
    """What is still to be done in the run."""
    return await hopper.outlook(database, run_id)
