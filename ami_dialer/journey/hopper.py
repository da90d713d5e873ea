"""Station 3, hopper: enrolments that are due are claimed for dialing now."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ami_dialer.domain.rank import FIRST_RANK
from ami_dialer.store import hopper
from ami_dialer.store.database import Database
from ami_dialer.store.hopper import Claimed, Outlook

#: Callbacks, and so many of those after them, that are claimed at once beyond the size of the hopper.
_MOST_AHEAD = 100


async def refill(  # noqa: PLR0913
    database: Database,
    run_id: int,
    held: int,
    size: int,
    now: datetime,
    on_expired: Callable[[int], None] | None = None,
    *,
    at_least: int = 0,
    top_up: bool = False,
) -> list[Claimed]:
    """Claim what the hopper lacks, or `at_least` so many. `on_expired` is told how many have expired instead.

    Nothing while it is more than half full, unless `top_up`: claims are made in groups, not one by one.
    """
    if held >= size or (held > size // 2 and not top_up):
        return []
    return await hopper.claim(database, run_id, max(size - held, at_least), now, on_expired)


async def ahead(
    database: Database, run_id: int, now: datetime, on_expired: Callable[[int], None] | None = None
) -> list[Claimed]:
    """Claim those who go before everybody else, however full the hopper is."""
    return await hopper.claim_ahead(database, run_id, _MOST_AHEAD, now, on_expired)


def in_order(waiting: Iterable[Claimed], claimed: Iterable[Claimed]) -> list[Claimed]:
    """The hopper with those who were claimed now: who goes before everybody else in front, the others behind."""
    return sorted([*waiting, *claimed], key=lambda one: min(one.rank, FIRST_RANK + 1))


async def recycle(
    database: Database, held: Iterable[Claimed], expiry: float, busy: Callable[[Claimed], bool], now: datetime
) -> list[Claimed]:
    """Give back whoever was claimed more than `expiry` seconds ago and could not be called: these.

    Those who are in a call (`busy`) go behind all who wait with them; those whose turn had not come keep their place.
    """
    before = now - timedelta(seconds=expiry)
    over = [one for one in held if one.claimed_at <= before]
    if over:
        await hopper.recycle(database, over, {one.enrolment_id for one in over if busy(one)}, now)
    return over


async def outlook(database: Database, run_id: int) -> Outlook:
    """What is still to be done in the run."""
    return await hopper.outlook(database, run_id)
