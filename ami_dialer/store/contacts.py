"""Contacts, as they come into a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import update

from ami_dialer.domain import contact as domain
from ami_dialer.store.database import Database
from ami_dialer.store.loading import Duplicates, load
from ami_dialer.store.tables import lists


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
        for batch in batches:
            rows = [
                domain.NewContact(line, one.number, None, (), orjson.dumps(one.fields).decode())
                for line, one in enumerate(batch, added)
            ]
            added += (await load(connection, list_key, rows, Duplicates(), now)).added
        await connection.execute(
            update(lists).where(lists.c.id == list_key).values(file_digest=digest, imported_at=now)
        )
    return added
