"""Does the audit trail hold? Every record against the one before it, the end against the head, noted heads besides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ami_dialer.domain.audit import BEGINNING, Break, Chain, Head, Record, Tampering
from ami_dialer.store import audit_log
from ami_dialer.store.database import Database

#: Of a trail with so many breaks the rest is not looked at.
MOST_BREAKS = 100
#: Told how many records are done, and of how many.
Progress = Callable[[int, int], None]


class Noted(NamedTuple):
    """A head that was noted outside. Without the id the whole trail is searched for it."""

    hash: str
    id: int | None = None

    def __str__(self) -> str:
        return self.hash if self.id is None else f"{self.hash}:{self.id}"


@dataclass(slots=True)
class Broken:
    """A place where the trail does not hold, and the record there, if it is there."""

    where: Break
    record: Record | None


@dataclass(slots=True)
class Verified:
    """What came of a look at the trail."""

    #: The end of the trail, to be noted outside.
    head: Head
    #: How many records were looked at, and when the first and the last of them were made.
    records: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    broken: list[Broken] = field(default_factory=list)
    #: There are more breaks; the rest was not looked at.
    more: bool = False
    #: Noted heads that are in the trail.
    confirmed: list[Noted] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing was changed, removed or inserted, as far as the trail itself can tell."""
        return not self.broken


async def verify(database: Database, since: Noted | None, noted: Sequence[Noted], progress: Progress) -> Verified:
    """Look at the whole trail, or from a noted head on. Raises StoreError.

    What is added while it goes on is left for the next time.
    """
    end = await audit_log.ends(database)
    found = Verified(end.head)
    for each in noted:
        await _confirm(database, each, found)
    start = await _start(database, since, found)
    if start is None:
        return found
    chain = Chain(start)
    async for portion in audit_log.stream(database, start.id, end.last_id):
        found.first_at = found.first_at or portion[0].at
        found.last_at = portion[-1].at
        for record in portion:
            chain.follow(record)
        progress(chain.last.id - start.id, end.last_id - start.id)
        found.more = len(chain.breaks) > MOST_BREAKS
        if found.more:
            break
    else:
        chain.end(end.head)
    found.records = chain.records
    for where in chain.breaks[:MOST_BREAKS]:
        found.broken.append(Broken(where, await audit_log.by_id(database, where.first)))
    return found


async def _confirm(database: Database, noted: Noted, found: Verified) -> Record | None:
    """The record that a noted head names. Where there is none, that is a break."""
    record = await (
        audit_log.by_hash(database, noted.hash) if noted.id is None else audit_log.by_id(database, noted.id)
    )
    if record is not None and record.hash == noted.hash:
        found.confirmed.append(noted)
        return record
    if noted.id is None:
        why = f"no record has the hash {noted.hash[:12]}… that was noted: its record was changed or removed"
    elif record is None:
        why = f"record {noted.id:,}, which was noted with its hash, is gone"
    else:
        why = f"record {noted.id:,} has another hash than the one that was noted: it, or one before it, was changed"
    found.broken.append(Broken(Break(Tampering.NOTED, noted.id or 0, noted.id or 0, why), record))
    return None


async def _start(database: Database, since: Noted | None, found: Verified) -> Head | None:
    """What the chain is followed from; None where the noted head is not there."""
    if since is None:
        return Head(0, BEGINNING)
    record = await _confirm(database, since, found)
    if record is None:
        return None
    before = await audit_log.by_id(database, record.id - 1)
    # From the record before it on, so that the noted one is looked at too.
    if before is None:
        return Head(0, BEGINNING) if record.id == 1 else Head(record.id, record.hash)
    return Head(before.id, before.hash)
