"""The contacts of a list as they are shown and exported: a page of them, those that match, all of them in order.

Read in portions, so that a list of any length fits into memory, and no long transaction stands in the way of the
dialer's writes.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Select, Text, and_, cast, func, or_, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.contact import Phone
from ami_dialer.domain.region import Region
from ami_dialer.store.database import Database
from ami_dialer.store.membership import portions
from ami_dialer.store.regions import load_regions
from ami_dialer.store.tables import contact_phones, contacts, list_members, list_revisions

#: Contacts whose further phones come with one query.
_CHUNK = 2_000
#: Contacts that are put in order at once, give or take the last revision.
_PORTION = 50_000
#: So many are looked at, at least, with one query where text is searched for.
_LEAST = 200
#: What stands in JSON as it stands in a value: ASCII without quotation marks, backslashes and control characters.
_AS_IT_STANDS = re.compile(r"[ !#-\[\]-~]+")
_NOWHERE = Region("", None, ())


class ListedContact(NamedTuple):
    """A contact as it is on a list."""

    contact_id: int
    #: E.164; the phone that is dialled first.
    number: str
    label: str | None
    further: tuple[Phone, ...]
    #: Of the first number.
    region: Region
    time_zone: str | None
    priority: int
    #: In the order of the columns.
    fields: dict[str, str]
    #: Above 0 where the list allows the same number again.
    occurrence: int
    added_at: datetime | None


class Place(NamedTuple):
    """Where a page ended."""

    number: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts of a list, sorted by number."""

    contacts: list[ListedContact]
    #: Where the next page begins after; None: this was the last.
    end: Place | None


_MEMBERS = list_members.c


def _rows() -> Select[Any]:
    return (
        select(
            _MEMBERS.contact_id,
            _MEMBERS.number,
            contacts.c.label,
            contacts.c.region_id,
            contacts.c.time_zone,
            contacts.c.priority,
            cast(contacts.c.fields, Text),
            _MEMBERS.occurrence,
            list_revisions.c.at,
        )
        .select_from(list_members)
        .join(contacts, contacts.c.id == _MEMBERS.contact_id)
        .outerjoin(
            list_revisions,
            and_(list_revisions.c.list_id == _MEMBERS.list_id, list_revisions.c.revision == _MEMBERS.revision),
        )
    )


async def page(database: Database, list_id: int, after: Place | None, limit: int) -> Page:
    """The contacts after a place, sorted by number. The way to each page is as short as that to the first."""
    async with database.reading() as connection:
        found = await _page(connection, list_id, after, limit + 1)
        listed = await _listed(connection, found[:limit], await load_regions(connection))
    return _as_page(listed, more=len(found) > limit)


async def with_number(database: Database, list_id: int, number: str) -> list[ListedContact]:
    """The contacts of a list that have this number in E.164, as their first phone or a further one."""
    by_phone = (
        select(_MEMBERS.id)
        .join(contact_phones, contact_phones.c.contact_id == _MEMBERS.contact_id)
        .where(contact_phones.c.number == number, _MEMBERS.list_id == list_id)
    )
    by_first = select(_MEMBERS.id).where(_MEMBERS.list_id == list_id, _MEMBERS.number == number)
    async with database.reading() as connection:
        keys = (await connection.scalars(union(by_first, by_phone))).all()
        rows = await connection.execute(
            _rows().where(_MEMBERS.id.in_(keys)).order_by(_MEMBERS.number, _MEMBERS.occurrence)
        )
        return await _listed(connection, rows.all(), await load_regions(connection))


async def with_text(database: Database, list_id: int, text: str, after: Place | None, limit: int) -> Page:
    """The contacts after a place that have the text in a field or its digits in their first number.

    Small and capital letters are alike. Goes through the list until the page is full.
    """
    wanted = text.lower()
    digits = re.sub(r"[\s().+-]", "", text)
    # Whether it is really in a value, and not in a field's name, is looked at below.
    in_fields = and_(*(cast(contacts.c.fields, Text).icontains(run, autoescape=True) for run in _runs(text)))
    may_match = or_(in_fields, _MEMBERS.number.contains(digits)) if digits.isdecimal() else in_fields
    size = max(limit + 1, _LEAST)
    found: list[ListedContact] = []
    async with database.reading() as connection:
        regions = await load_regions(connection)
        while True:
            rows = await _page(connection, list_id, after, size, may_match)
            found += [one for one in await _listed(connection, rows, regions) if _holds(one, wanted, digits)]
            if len(rows) < size or len(found) > limit:
                return _as_page(found[:limit], more=len(found) > limit)
            after = Place(rows[-1].number, rows[-1].occurrence)


def _holds(contact: ListedContact, wanted: str, digits: str) -> bool:
    if digits.isdecimal() and digits in contact.number:
        return True
    return any(wanted in str(value).lower() for value in contact.fields.values())


def _runs(text: str) -> list[str]:
    return _AS_IT_STANDS.findall(text)


def _as_page(listed: list[ListedContact], *, more: bool) -> Page:
    return Page(listed, Place(listed[-1].number, listed[-1].occurrence) if more else None)


async def _page(
    connection: AsyncConnection,
    list_id: int,
    after: Place | None,
    limit: int,
    *conditions: Any,  # noqa: ANN401 - conditions in SQL
) -> Sequence[Any]:
    query = _rows().where(_MEMBERS.list_id == list_id, *conditions)
    if after is not None:
        query = query.where(tuple_(_MEMBERS.number, _MEMBERS.occurrence) > tuple(after))
    ordered = query.order_by(_MEMBERS.number, _MEMBERS.occurrence).limit(limit)
    rows: Sequence[Any] = (await connection.execute(ordered)).all()
    return rows


async def _listed(connection: AsyncConnection, rows: Sequence[Any], regions: dict[int, Region]) -> list[ListedContact]:
    further: dict[int, list[Phone]] = {}
    for start in range(0, len(rows), _CHUNK):
        keys = [row[0] for row in rows[start : start + _CHUNK]]
        phones = contact_phones.c
        query = select(phones.contact_id, phones.number, phones.label).where(phones.contact_id.in_(keys))
        for key, number, label in await connection.execute(query.order_by(phones.contact_id, phones.position)):
            further.setdefault(key, []).append(Phone(number, label))
    return [
        ListedContact(
            key,
            number,
            label,
            tuple(further.get(key, ())),
            regions.get(region, _NOWHERE),
            time_zone,
            priority,
            orjson.loads(fields),
            occurrence,
            added_at,
        )
        for key, number, label, region, time_zone, priority, fields, occurrence, added_at in rows
    ]


async def newest_revision(database: Database, list_id: int) -> int:
    """The revision that the newest member of a list came with; 0 where it has none."""
    query = select(func.max(_MEMBERS.revision)).where(_MEMBERS.list_id == list_id)
    async with database.reading() as connection:
        return int(await connection.scalar(query) or 0)


async def in_order(database: Database, list_id: int, until: int) -> AsyncIterator[list[ListedContact]]:
    """All contacts of a list in the order in which they came, some thousands at a time.

    `until`: the last revision that counts, so that two readings one after the other give the same contacts, but for
    those that were taken off in between.
    """
    order = (_MEMBERS.revision, _MEMBERS.position, _MEMBERS.id)
    async with database.reading() as connection:
        pieces = await portions(connection, list_id, _PORTION)
    for first, last, _ in pieces:
        within = (_MEMBERS.list_id == list_id, _MEMBERS.revision.between(first, min(last, until)))
        async with database.reading() as connection:
            regions = await load_regions(connection)
            keys = (await connection.scalars(select(_MEMBERS.id).where(*within).order_by(*order))).all()
            for start in range(0, len(keys), _CHUNK):
                some = _rows().where(_MEMBERS.id.in_(keys[start : start + _CHUNK])).order_by(*order)
                yield await _listed(connection, (await connection.execute(some)).all(), regions)
