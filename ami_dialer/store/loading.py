"""Contacts into a list by the ten thousands: one batch, one transaction, sorted by number.

Sorted, because the order of the keys costs more than anything else here (docs/performance.md); and past SQLAlchemy's
own inserts, which take three times as long for the same rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.region import region_of
from ami_dialer.store.regions import region_ids
from ami_dialer.store.revisions import raise_revision
from ami_dialer.store.tables import list_revisions

_BY_NUMBER = itemgetter(1, 0)
_CONTACTS = ("id", "number", "label", "region_id", "fields", "time_zone", "priority", "created_at")
_PHONES = ("contact_id", "position", "label", "number", "region_id")
_MEMBERS = ("list_id", "number", "occurrence", "contact_id", "revision", "position")

_HELD = """
    SELECT number, max(occurrence), max(revision) FROM list_members
    WHERE list_id = :list AND number IN ({numbers}) GROUP BY number
"""
_HELD_SQLITE = text(_HELD.format(numbers="SELECT value FROM json_each(:numbers)"))
_HELD_POSTGRESQL = text(_HELD.format(numbers="SELECT unnest(CAST(:numbers AS varchar[]))"))


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What becomes of a number that the list holds already."""

    #: It is added, and called, again.
    allowed: bool = False
    #: After so many days it comes in anew, with the fields of the new row; None: never.
    days: int | None = None


@dataclass(slots=True)
class Loaded:
    """What became of the contacts of a batch."""

    added: int = 0
    #: The list held the number; it came in so long ago that it counts as new.
    renewed: int = 0
    #: The list held the number already.
    known: int = 0
    #: The number stood in an earlier row of the same source.
    doubles: int = 0


class _Member(NamedTuple):
    """A number that the list holds."""

    #: The highest, where it was allowed several times.
    occurrence: int
    revision: int


class _Chosen(NamedTuple):
    """A contact that comes in."""

    contact: NewContact
    occurrence: int
    #: A member with this number and occurrence is there, and gives way.
    renews: bool


async def load(
    connection: AsyncConnection,
    list_id: int,
    batch: Iterable[NewContact],
    duplicates: Duplicates,
    now: datetime,
    since: int | None = None,
) -> Loaded:
    """Bring contacts into a list, in the caller's transaction.

    A number that came in after revision `since` of the list stood earlier in the same source: a double, not known.
    Without it the batch is the whole source.
    """
    ordered = sorted(batch, key=_BY_NUMBER)
    revision = await raise_revision(connection, list_id, now)
    held = await _held(connection, list_id, ordered) if revision > 1 else {}
    old = await _old(connection, list_id, duplicates, now) if held else 0
    loaded = Loaded()
    rules = _Rules(duplicates.allowed, revision, revision - 1 if since is None else since, old)
    chosen = _choose(ordered, held, rules, loaded)
    if chosen:
        await _insert(connection, list_id, chosen, revision, now)
    return loaded


class _Rules(NamedTuple):
    """What `_choose` goes by."""

    allowed: bool
    revision: int
    since: int
    #: What came in with this revision or before gives way.
    old: int


def _choose(ordered: list[NewContact], held: dict[str, _Member], rules: _Rules, loaded: Loaded) -> list[_Chosen]:
    chosen = []
    new = _Member(0, rules.revision)
    for contact in ordered:
        occurrence, renews = 0, False
        member = held.get(contact.number)
        if member is None:
            loaded.added += 1
            held[contact.number] = new
        else:
            renews = member.revision <= rules.old
            if not renews and not rules.allowed:
                if member.revision > rules.since:
                    loaded.doubles += 1
                else:
                    loaded.known += 1
                continue
            if renews:
                loaded.renewed += 1
            else:
                loaded.added += 1
            occurrence = member.occurrence + (not renews)
            held[contact.number] = _Member(occurrence, rules.revision)
        chosen.append(_Chosen(contact, occurrence, renews))
    return chosen


async def _insert(
    connection: AsyncConnection, list_id: int, chosen: list[_Chosen], revision: int, now: datetime
) -> None:
    regions = {one.contact.number: region_of(one.contact.number) for one in chosen}
    regions |= {phone.number: region_of(phone.number) for one in chosen for phone in one.contact.further}
    ids = await region_ids(connection, set(regions.values()))
    keys = await _new_keys(connection, len(chosen))
    at = _stored(connection, now)
    contacts = []
    phones = []
    members = []
    for key, (contact, occurrence, _) in zip(keys, chosen, strict=True):
        line, number, label, further, fields, time_zone, priority = contact
        contacts.append((key, number, label, ids[regions[number]], fields, time_zone, priority, at))
        members.append((list_id, number, occurrence, key, revision, line))
        for position, phone in enumerate(further, 2):
            phones.append((key, position, phone.label, phone.number, ids[regions[phone.number]]))
    await insert_rows(connection, "contacts", _CONTACTS, contacts)
    await insert_rows(connection, "contact_phones", _PHONES, phones)
    await _give_way(connection, list_id, [one for one in chosen if one.renews])
    await insert_rows(connection, "list_members", _MEMBERS, members)


async def insert_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows the quickest way there is. Times must be as `_stored` makes them, JSON must be text."""
    if not rows:
        return
    if _is_sqlite(connection):
        places = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of our own
            list(rows),
        )
        return
    raw = await connection.get_raw_connection()
    asyncpg: Any = raw.driver_connection
    await asyncpg.copy_records_to_table(table, records=rows, columns=list(columns))


async def _held(connection: AsyncConnection, list_id: int, ordered: list[NewContact]) -> dict[str, _Member]:
    numbers = [contact.number for contact in ordered]
    if _is_sqlite(connection):
        rows = await connection.execute(_HELD_SQLITE, {"list": list_id, "numbers": orjson.dumps(numbers).decode()})
    else:
        rows = await connection.execute(_HELD_POSTGRESQL, {"list": list_id, "numbers": numbers})
    return {row[0]: _Member(*row[1:]) for row in rows}


async def _old(connection: AsyncConnection, list_id: int, duplicates: Duplicates, now: datetime) -> int:
    """The newest revision that is so old that its numbers come in anew; 0 where there is none."""
    if duplicates.days is None:
        return 0
    newest = select(func.max(list_revisions.c.revision)).where(
        list_revisions.c.list_id == list_id, list_revisions.c.at < now - timedelta(days=duplicates.days)
    )
    return int(await connection.scalar(newest) or 0)


async def _give_way(connection: AsyncConnection, list_id: int, renewed: list[_Chosen]) -> None:
    if renewed:
        await connection.execute(
            text("DELETE FROM list_members WHERE list_id = :list AND number = :number AND occurrence = :occurrence"),
            [{"list": list_id, "number": one.contact.number, "occurrence": one.occurrence} for one in renewed],
        )


async def _new_keys(connection: AsyncConnection, count: int) -> Sequence[int]:
    """So many free keys of contacts, rising."""
    if _is_sqlite(connection):  # one writer at a time: nobody takes them in between
        first = int((await connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM contacts"))).scalar_one())
        return range(first, first + count)
    keys = text("SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, :count)")
    return sorted((await connection.scalars(keys, {"count": count})).all())


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"


def _stored(connection: AsyncConnection, moment: datetime) -> Any:  # noqa: ANN401 - as the driver takes it
    """A moment as the driver takes it where SQLAlchemy's types are passed by: text in SQLite."""
    if not _is_sqlite(connection):
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
