"""Contacts into a list by the ten thousands: one batch, one transaction, sorted by number.

Sorted, because the order of the keys costs more than anything else here (docs/performance.md); and past SQLAlchemy's
own inserts, which take three times as long for the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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

_NUMBER = itemgetter(1)
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
    #: The first numbers of those who came in, sorted.
    numbers: list[str] = field(default_factory=list)


class _Member(NamedTuple):
    """A number that the list holds."""

    #: The highest, where it was allowed several times.
    occurrence: int
    revision: int


class _Rules(NamedTuple):
    """What `_choose` goes by."""

    allowed: bool
    revision: int
    since: int
    #: What came in with this revision or before gives way.
    old: int


@dataclass(slots=True)
class _Choice:
    """Who comes in."""

    contacts: list[NewContact]
    #: Where it is not 0, by the contact's place in `contacts`.
    occurrences: dict[int, int]
    #: Members that give way: number and occurrence.
    renewed: list[tuple[str, int]]


async def load(
    connection: AsyncConnection,
    list_id: int,
    batch: Sequence[NewContact],
    duplicates: Duplicates,
    now: datetime,
    since: int | None = None,
) -> Loaded:
    """Bring contacts into a list, in the caller's transaction. `batch` is in the order of their lines.

    A number that came in after revision `since` of the list stood earlier in the same source: a double, not known.
    Without it the batch is the whole source.
    """
    revision = await raise_revision(connection, list_id, now)
    held = await _held(connection, list_id, batch) if revision > 1 else {}
    old = await _old(connection, list_id, duplicates, now) if held else 0
    loaded = Loaded()
    since = revision - 1 if since is None else since
    rules = _Rules(duplicates.allowed, revision, since, min(old, since))  # a source does not renew its own rows
    choice = _choose(batch, held, rules, loaded)
    if choice.contacts:
        await _give_way(connection, list_id, choice.renewed)
        await _insert(connection, list_id, choice, revision, now)
        loaded.numbers = [contact.number for contact in choice.contacts]
    return loaded


def _choose(batch: Sequence[NewContact], held: dict[str, _Member], rules: _Rules, loaded: Loaded) -> _Choice:
    """Most numbers of most batches are new; the others are looked at one by one."""
    if rules.allowed:
        new, others = [], list(batch)
    else:
        by_number = {contact.number: contact for contact in reversed(batch)}  # the first line of a number wins
        loaded.doubles = len(batch) - len(by_number)
        others = [by_number.pop(number) for number in held if number in by_number]
        new = list(by_number.values())
    loaded.added = len(new)
    occurrences: dict[str, int] = {}
    renewed = []
    came = []
    for contact in others:
        member = held.get(contact.number)
        if member is None:
            loaded.added += 1
        elif member.revision <= rules.old:
            loaded.renewed += 1
            renewed.append((contact.number, member.occurrence))
            occurrences[contact.number] = member.occurrence
        elif rules.allowed:
            loaded.added += 1
        elif member.revision > rules.since:
            loaded.doubles += 1
            continue
        else:
            loaded.known += 1
            continue
        came.append(contact)
    contacts = sorted([*new, *came], key=_NUMBER)
    return _Choice(contacts, _occurrences(contacts, held, occurrences) if came else {}, renewed)


def _occurrences(contacts: list[NewContact], held: dict[str, _Member], given: dict[str, int]) -> dict[int, int]:
    """The occurrence of each contact that is not the first with its number, by its place."""
    found = {}
    last = {number: member.occurrence for number, member in held.items()}
    for place, contact in enumerate(contacts):
        number = contact.number
        occurrence = given.pop(number) if number in given else last.get(number, -1) + 1
        last[number] = max(occurrence, last.get(number, 0))
        if occurrence:
            found[place] = occurrence
    return found


async def _insert(connection: AsyncConnection, list_id: int, choice: _Choice, revision: int, now: datetime) -> None:
    chosen = choice.contacts
    several = [place for place, contact in enumerate(chosen) if contact.further]
    regions = [region_of(contact.number) for contact in chosen]
    others = {phone.number: region_of(phone.number) for place in several for phone in chosen[place].further}
    ids = await region_ids(connection, {*regions, *others.values()})
    keys = await _new_keys(connection, len(chosen))
    at = _stored(connection, now)
    await insert_rows(
        connection,
        "contacts",
        _CONTACTS,
        [
            (key, number, label, ids[region], fields, time_zone, priority, at)
            for key, region, (_, number, label, _, fields, time_zone, priority) in zip(
                keys, regions, chosen, strict=True
            )
        ],
    )
    await insert_rows(
        connection,
        "contact_phones",
        _PHONES,
        [
            (keys[place], position, phone.label, phone.number, ids[others[phone.number]])
            for place in several
            for position, phone in enumerate(chosen[place].further, 2)
        ],
    )
    members = [
        (list_id, number, 0, key, revision, line)
        for key, (line, number, _, _, _, _, _) in zip(keys, chosen, strict=True)
    ]
    for place, occurrence in choice.occurrences.items():
        members[place] = (*members[place][:2], occurrence, *members[place][3:])
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


async def _held(connection: AsyncConnection, list_id: int, batch: Sequence[NewContact]) -> dict[str, _Member]:
    numbers = sorted(contact.number for contact in batch)
    if _is_sqlite(connection):
        rows = await connection.execute(_HELD_SQLITE, {"list": list_id, "numbers": orjson.dumps(numbers).decode()})
    else:
        rows = await connection.execute(_HELD_POSTGRESQL, {"list": list_id, "numbers": numbers})
    return {number: _Member(occurrence, revision) for number, occurrence, revision in rows}


async def _old(connection: AsyncConnection, list_id: int, duplicates: Duplicates, now: datetime) -> int:
    """The newest revision that is so old that its numbers come in anew; 0 where there is none."""
    if duplicates.days is None:
        return 0
    newest = select(func.max(list_revisions.c.revision)).where(
        list_revisions.c.list_id == list_id, list_revisions.c.at < now - timedelta(days=duplicates.days)
    )
    return int(await connection.scalar(newest) or 0)


async def _give_way(connection: AsyncConnection, list_id: int, renewed: list[tuple[str, int]]) -> None:
    if renewed:
        await connection.execute(
            text("DELETE FROM list_members WHERE list_id = :list AND number = :number AND occurrence = :occurrence"),
            [{"list": list_id, "number": number, "occurrence": occurrence} for number, occurrence in renewed],
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
