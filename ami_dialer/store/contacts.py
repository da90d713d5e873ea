"""Contacts, as they come into a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from ami_dialer.store.database import Database
from ami_dialer.store.tables import contacts, list_members, lists


@dataclass(frozen=True, slots=True)
class NewContact:
    """A row of a list that can be called."""

    #: E.164 with the plus sign.
    number: str
    fields: dict[str, str]


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
