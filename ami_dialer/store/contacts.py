"""Contacts and the lists they are in."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import contacts, list_members, lists


@dataclass(frozen=True, slots=True)
class NewContact:
    """A row of a list that can be called."""

    #: E.164 with the plus sign.
    number: str
    fields: dict[str, str]


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


async def add_to_list(
    database: Database, list_key: int, batches: Iterable[Sequence[NewContact]], digest: str, now: datetime
) -> int:
    """Add contacts whose number the list does not hold yet, all of them or none. Returns how many were new."""
    added = 0
    async with database.writing() as connection:
        revision = await connection.scalar(
            update(lists)
            .where(lists.c.id == list_key)
            .values(revision=lists.c.revision + 1)
            .returning(lists.c.revision)
        )
        for batch in batches:
            numbers = [contact.number for contact in batch]
            known = set(
                await connection.scalars(
                    select(list_members.c.number).where(
                        list_members.c.list_id == list_key, list_members.c.number.in_(numbers)
                    )
                )
            )
            new = [contact for contact in batch if contact.number not in known]
            if not new:
                continue
            keys = await connection.scalars(
                insert(contacts).returning(contacts.c.id, sort_by_parameter_order=True),
                [{"number": contact.number, "fields": contact.fields, "created_at": now} for contact in new],
            )
            members = [
                {
                    "list_id": list_key,
                    "contact_id": key,
                    "number": contact.number,
                    "revision": revision,
                    "position": added + place,
                    "added_at": now,
                }
                for place, (key, contact) in enumerate(zip(keys.all(), new, strict=True))
            ]
            await connection.execute(insert(list_members), members)
            added += len(new)
        await connection.execute(
            update(lists).where(lists.c.id == list_key).values(file_digest=digest, imported_at=now)
        )
    return added


async def any_contacts(database: Database, names: Collection[str]) -> bool:
    """Whether one of these lists holds a contact."""
    holds_one = exists().where(list_members.c.list_id == lists.c.id)
    query = select(lists.c.id).where(lists.c.name.in_(names), holds_one).limit(1)
    async with database.reading() as connection:
        return await connection.scalar(query) is not None
