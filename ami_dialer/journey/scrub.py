"""Station 2, scrub: who must not be called is taken out. At a run's start by `store.scrub.at_start`; here, at dial."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ami_dialer.config.schema import Campaign
from ami_dialer.store import dnc, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.dnc import DncEntry
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.writer import Writer


@dataclass(slots=True)
class Scrubbed:
    """What became of those who were to be dialled."""

    allowed: list[Claimed] = field(default_factory=list)
    #: Not called in this run any more.
    excluded: int = 0
    #: Wait again, with another phone.
    moved: int = 0


async def scrub_at_dial(
    database: Database, writer: Writer, index: DncIndex, campaign: Campaign, claimed: Sequence[Claimed], now: datetime
) -> Scrubbed:
    """Who of the claimed may be called now. The others are excluded, with the entry that did it, or wait again.

    Asked for right before dialing, so that an entry made a moment ago counts, whoever made it. Costs one small query,
    and a second one only where a number may stand on a list. Raises StoreError: without an answer nobody is called.
    """
    if not claimed or not campaign.check_on_dial:
        return Scrubbed(list(claimed))
    coming = list(writer.coming_entries)  # before the look at the database, or a commit in between would hide them
    numbers = await index.refresh(database)
    suspects = [one.number for one in claimed if one.number in numbers]
    barred = await dnc.forbidden(database, suspects, campaign.dnc, now, numbers.lengths) if suspects else {}
    barred = _on_their_way(coming, index, campaign) | barred
    taken_out = [(one, barred[one.number]) for one in claimed if one.number in barred]
    if not taken_out:
        return Scrubbed(list(claimed))
    excluded = await scrub.at_dial(database, taken_out, campaign.dnc, now)
    allowed = [one for one in claimed if one.number not in barred]
    return Scrubbed(allowed, excluded, len(taken_out) - excluded)


def _on_their_way(coming: list[dict[str, object]], index: DncIndex, campaign: Campaign) -> dict[str, DncEntry]:
    """Entries of this engine that the database has not taken yet: a key was pressed this very moment."""
    names = {index.keys[name]: name for name in (*campaign.dnc, index.global_name) if name in index.keys}
    found = {}
    for row in coming:
        name = names.get(row["list_id"])  # type: ignore[call-overload]
        if name is not None:
            number, reason, source = (str(row[key]) for key in ("number", "reason", "source"))
            found[number] = DncEntry(name, number, reason, source, row["added_at"])  # type: ignore[arg-type]
    return found
