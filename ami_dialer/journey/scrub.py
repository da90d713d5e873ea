"""Station 2, scrub: who must not be called is taken out. At the start of a run by `store.runs.start`; here, at dial."""

from collections.abc import Sequence

from ami_dialer.config.schema import Campaign
from ami_dialer.domain.enrolment import EnrolmentState
from ami_dialer.store import dnc
from ami_dialer.store.database import Database
from ami_dialer.store.enrolments import changed
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Writer


async def scrub_at_dial(
    database: Database, writer: Writer, campaign: Campaign, claimed: Sequence[Claimed]
) -> list[Claimed]:
    """Who of the claimed may still be called. The others are excluded, with the entry that did it.

    Asked for right before dialing, so that an entry made a moment ago counts. Raises StoreError: without an answer
    nobody is called.
    """
    if not claimed:
        return []
    barred = await dnc.forbidden(database, [one.number for one in claimed], campaign.dnc)
    for one in claimed:
        entry = barred.get(one.number)
        if entry is not None:
            writer.put(changed(one, EnrolmentState.EXCLUDED, due_at=one.due_at, excluded_by=entry.label))
    return [one for one in claimed if one.number not in barred]
