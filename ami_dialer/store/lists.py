"""Lists: which there are, and what is known of each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import list_members, lists


@dataclass(frozen=True, slots=True)
class StoredList:
    """A list and what was imported last."""

    id: int
    name: str
    document: dict[str, Any]
    file_digest: str | None
    imported_at: datetime | None
    contacts: int


async def load_lists(database: Database) -> dict[str, StoredList]:
    """All lists by name, with the number of their contacts."""
    members = select(func.count()).where(list_members.c.list_id == lists.c.id).scalar_subquery()
    async with database.reading() as connection:
        rows = await connection.execute(
            select(
                lists.c.id, lists.c.name, lists.c.document, lists.c.file_digest, lists.c.imported_at, members
            ).order_by(lists.c.name)
        )
        return {row[1]: StoredList(*row) for row in rows}


async def list_id(database: Database, name: str) -> int:
    """The key of a list. Raises NotFoundError."""
    async with database.reading() as connection:
        found = await connection.scalar(select(lists.c.id).where(lists.c.name == name))
    if found is None:
        raise NotFoundError(f"no list is named {name!r}; `ami-dialer list show` names those there are")
    return int(found)


async def any_contacts(database: Database, names: Collection[str]) -> bool:
    """Whether one of these lists holds a contact."""
    holds_one = exists().where(list_members.c.list_id == lists.c.id)
    query = select(lists.c.id).where(lists.c.name.in_(names), holds_one).limit(1)
    async with database.reading() as connection:
        return await connection.scalar(query) is not None
