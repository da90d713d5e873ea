"""Contacts brought into a database past any file, and looked up in it."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from sqlalchemy import select

from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.contact import NewContact
from ami_dialer.store.database import Database
from ami_dialer.store.loading import Duplicates, Loaded, load
from ami_dialer.store.tables import contacts


async def find_contacts(database: Database, wanted: str) -> list[int]:
    """Keys of the contacts with this E.164 number, or this key."""
    async with database.reading() as connection:
        if wanted.isdecimal() and len(wanted) < 10:
            found = await connection.scalar(select(contacts.c.id).where(contacts.c.id == int(wanted)))
            return [] if found is None else [int(found)]
        rows = await connection.scalars(
            select(contacts.c.id).where(contacts.c.number == wanted).order_by(contacts.c.id)
        )
        return [int(key) for key in rows]


async def load_fields(database: Database, contact_id: int) -> dict[str, str]:
    """The fields of one contact, for merge fields."""
    async with database.reading() as connection:
        fields = await connection.scalar(select(contacts.c.fields).where(contacts.c.id == contact_id))
    return dict(fields or {})


async def add_contacts(
    database: Database,
    list_id: int,
    people: Mapping[str, dict[str, str]],
    now: datetime,
    duplicates: Duplicates | None = None,
) -> Loaded:
    """Bring contacts into a list in one transaction: fields by number."""
    batch = [
        NewContact(line, number, None, (), orjson.dumps(fields).decode())
        for line, (number, fields) in enumerate(people.items(), 2)
    ]
    async with database.writing() as connection:
        return await load(connection, list_id, Arrivals.of(batch), duplicates or Duplicates(), now)
