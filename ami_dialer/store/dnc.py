"""Do-not-call lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import dnc_entries, dnc_lists


@dataclass(frozen=True, slots=True)
class DncEntry:
    """A number that must not be called, and why."""

    list_name: str
    number: str
    reason: str
    source: str
    added_at: datetime

    @property
    def label(self) -> str:
        """For people: the list and the reason."""
        return f"{self.list_name}: {self.reason}"


async def ensure_list(database: Database, name: str, now: datetime) -> int:
    """The key of a do-not-call list, made when it does not exist."""
    async with database.writing() as connection:
        found = await connection.scalar(select(dnc_lists.c.id).where(dnc_lists.c.name == name))
        if found is None:
            found = await connection.scalar(
                insert(dnc_lists).values(name=name, created_at=now).returning(dnc_lists.c.id)
            )
    return int(found)


async def list_names(database: Database) -> list[str]:
    """The names of all do-not-call lists."""
    async with database.reading() as connection:
        return list(await connection.scalars(select(dnc_lists.c.name).order_by(dnc_lists.c.name)))


async def add(
    database: Database, list_name: str, numbers: Sequence[str], *, reason: str, source: str, now: datetime
) -> int:
    """Put E.164 numbers on a list; those already there stay as they are. Returns how many were new."""
    key = await ensure_list(database, list_name, now)
    async with database.writing() as connection:
        known = set(
            await connection.scalars(
                select(dnc_entries.c.number).where(dnc_entries.c.list_id == key, dnc_entries.c.number.in_(numbers))
            )
        )
        rows = [
            {
                "list_id": key,
                "number": number,
                "reason": reason,
                "source": source,
                "attempt_id": None,
                "added_at": now,
            }
            for number in dict.fromkeys(numbers)
            if number not in known
        ]
        if rows:
            await connection.execute(insert(dnc_entries), rows)
    return len(rows)


async def remove(database: Database, list_name: str, numbers: Sequence[str]) -> int:
    """Take E.164 numbers off a list. Returns how many were on it. Raises NotFoundError for an unknown list."""
    async with database.writing() as connection:
        key = await connection.scalar(select(dnc_lists.c.id).where(dnc_lists.c.name == list_name))
        if key is None:
            raise NotFoundError(f"no do-not-call list is named {list_name!r}")
        result = await connection.execute(
            delete(dnc_entries).where(dnc_entries.c.list_id == key, dnc_entries.c.number.in_(numbers))
        )
        return result.rowcount


_ENTRIES = select(
    dnc_lists.c.name, dnc_entries.c.number, dnc_entries.c.reason, dnc_entries.c.source, dnc_entries.c.added_at
).join(dnc_lists, dnc_lists.c.id == dnc_entries.c.list_id)


async def entries(database: Database, list_name: str | None = None) -> list[DncEntry]:
    """The entries of one list or of all, newest first."""
    query = _ENTRIES.order_by(dnc_entries.c.id.desc())
    if list_name is not None:
        query = query.where(dnc_lists.c.name == list_name)
    async with database.reading() as connection:
        return [DncEntry(*row) for row in await connection.execute(query)]


async def forbidden(database: Database, numbers: Collection[str], list_names: Collection[str]) -> dict[str, DncEntry]:
    """Which of these numbers stand on one of these lists, and by which entry. One indexed query."""
    query = _ENTRIES.where(dnc_entries.c.number.in_(numbers), dnc_lists.c.name.in_(list_names))
    async with database.reading() as connection:
        return {entry.number: entry for entry in (DncEntry(*row) for row in await connection.execute(query))}
