"""The contacts of a list as they are shown and exported: a page of them, those that match, all of them in order.

Read in portions, so that a list of any length fits into memory, and no long transaction stands in the way of the
dialer's writes.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Select, Text, and_, cast, func, or_, select, text, tuple_, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.contact import Phone
from ami_dialer.domain.region import Region
from ami_dialer.store.database import Database
from ami_dialer.store.membership import portions
from ami_dialer.store.regions import load_regions
from ami_dialer.store.tables import contact_phones, contacts, list_members, list_revisions

#: Contacts that are read at once.
_CHUNK = 2_000
#: Contacts that are put in order at once, give or take the last revision.
_PORTION = 50_000
#: So many are looked at, at least, with one query where text is searched for.
_LEAST = 200
#: What stands in JSON as it stands in a value: ASCII without quotation marks, backslashes and control characters.
_AS_IT_STANDS = re.compile(r"[ !#-\[\]-~]+")
_NOWHERE = Region("", None, ())
_PHONES = """
    SELECT contact_id, number, label FROM contact_phones WHERE contact_id IN ({keys}) ORDER BY contact_id, position
"""
_PHONES_SQLITE = text(_PHONES.format(keys="SELECT value FROM json_each(:keys)"))
_PHONES_POSTGRESQL = text(_PHONES.format(keys="SELECT unnest(CAST(:keys AS bigint[]))"))


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
_IN_ORDER = (_MEMBERS.revision, _MEMBERS.position, _MEMBERS.contact_id)


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
            _MEMBERS.revision,
        )
        .select_from(list_members)
        .join(contacts, contacts.c.id == _MEMBERS.contact_id)
    )


async def page(database: Database, list_id: int, after: Place | None, limit: int) -> Page:
    """The contacts after a place, sorted by number. The way to each page is as short as that to the first."""
    async with database.reading() as connection:
        found = await _page(connection, list_id, after, limit + 1)
        listed = await _listed(connection, found[:limit], await _known(connection, list_id, found))
    return _as_page(listed, more=len(found) > limit)


async def with_number(database: Database, list_id: int, number: str) -> list[ListedContact]:
    """The contacts of a list that have this number in E.164, as their first phone or a further one."""
    by_phone = (
        select(_MEMBERS.contact_id)
        .join(contacts, and_(contacts.c.id == _MEMBERS.contact_id, contacts.c.number == _MEMBERS.number))
        .join(contact_phones, contact_phones.c.contact_id == contacts.c.id)
        .where(contact_phones.c.number == number, _MEMBERS.list_id == list_id)
    )
    by_first = select(_MEMBERS.contact_id).where(_MEMBERS.list_id == list_id, _MEMBERS.number == number)
    async with database.reading() as connection:
        keys = (await connection.scalars(union(by_first, by_phone))).all()
        query = (
            _rows()
            # Members are found by their number only.
            .where(_MEMBERS.list_id == list_id, _MEMBERS.number == contacts.c.number, contacts.c.id.in_(keys))
            .order_by(_MEMBERS.number, _MEMBERS.occurrence)
        )
        rows = (await connection.execute(query)).all()
        return await _listed(connection, rows, await _known(connection, list_id, rows))


async def with_text(database: Database, list_id: int, searched: str, after: Place | None, limit: int) -> Page:
    """The contacts after a place that have the text in a field or its digits in their first number.

    Small and capital letters are alike. Goes through the list until the page is full.
    """
    wanted = searched.lower()
    digits = re.sub(r"[\s().+-]", "", searched)
    # Whether it is really in a value, and not in a field's name, is looked at below.
    in_fields = and_(
        *(cast(contacts.c.fields, Text).icontains(run, autoescape=True) for run in _AS_IT_STANDS.findall(searched))
    )
    may_match = or_(in_fields, _MEMBERS.number.contains(digits)) if digits.isdecimal() else in_fields
    size = max(limit + 1, _LEAST)
    found: list[ListedContact] = []
    async with database.reading() as connection:
        while True:
            rows = await _page(connection, list_id, after, size, may_match)
            listed = await _listed(connection, rows, await _known(connection, list_id, rows))
            found += [one for one in listed if _holds(one, wanted, digits)]
            if len(rows) < size or len(found) > limit:
                return _as_page(found[:limit], more=len(found) > limit)
            after = Place(rows[-1].number, rows[-1].occurrence)


def _holds(contact: ListedContact, wanted: str, digits: str) -> bool:
    if digits.isdecimal() and digits in contact.number:
        return True
    return any(wanted in str(value).lower() for value in contact.fields.values())


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


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows only refer to."""

    regions: dict[int, Region]
    #: When the members of each revision came in.
    times: dict[int, datetime]


async def _known(connection: AsyncConnection, list_id: int, rows: Sequence[Any] | None = None) -> _Known:
    """What these rows refer to, or all members of the list."""
    times = select(list_revisions.c.revision, list_revisions.c.at).where(list_revisions.c.list_id == list_id)
    if rows is not None:
        times = times.where(list_revisions.c.revision.in_({row.revision for row in rows}))
    found = {row.revision: row.at for row in await connection.execute(times)}
    return _Known(await load_regions(connection), found)


async def _listed(connection: AsyncConnection, rows: Sequence[Any], known: _Known) -> list[ListedContact]:
    further = await _further(connection, [row[0] for row in rows])
    regions, times = known.regions, known.times
    return [
        ListedContact(
            key,
            number,
            label,
            further.get(key, ()),
            regions.get(region, _NOWHERE),
            time_zone,
            priority,
            orjson.loads(fields),
            occurrence,
            times.get(revision),
        )
        for key, number, label, region, time_zone, priority, fields, occurrence, revision in rows
    ]


async def _further(connection: AsyncConnection, keys: Sequence[int]) -> dict[int, tuple[Phone, ...]]:
    """The further phones of contacts, in dialing order."""
    if connection.dialect.name == "sqlite":
        rows = await connection.execute(_PHONES_SQLITE, {"keys": orjson.dumps(keys).decode()})
    else:
        rows = await connection.execute(_PHONES_POSTGRESQL, {"keys": list(keys)})
    found: dict[int, tuple[Phone, ...]] = {}
    for key, number, label in rows:
        found[key] = (*found.get(key, ()), Phone(number, label))
    return found


@dataclass(slots=True)
class Shape:
    """What the contacts of a list have."""

    #: The last revision that was looked at.
    until: int
    #: Every field, in order of first appearance.
    fields: list[str]
    #: How many phones after the first one, at most.
    further: int


async def shape_of(database: Database, list_id: int, progress: Callable[[int], None]) -> Shape:
    """What all contacts of a list have. Looks at each; `progress` is told how many."""
    names: dict[str, None] = {}
    shape = Shape(0, [], 0)
    longest = select(func.max(contact_phones.c.position)).join(
        list_members, _MEMBERS.contact_id == contact_phones.c.contact_id
    )
    fields = select(cast(contacts.c.fields, Text)).select_from(list_members)
    fields = fields.join(contacts, contacts.c.id == _MEMBERS.contact_id).order_by(*_IN_ORDER)
    for first, last in await _pieces(database, list_id):
        within = (_MEMBERS.list_id == list_id, _MEMBERS.revision.between(first, last))
        async with database.reading() as connection:
            shape.further = max(shape.further, int(await connection.scalar(longest.where(*within)) or 1) - 1)
            async with connection.stream(fields.where(*within)) as rows:
                async for some in rows.scalars().partitions(_CHUNK):
                    for each in map(orjson.loads, some):
                        if each.keys() - names.keys():
                            names.update(dict.fromkeys(each))
                    progress(len(some))
        shape.until = last
    shape.fields = list(names)
    return shape


async def in_order(database: Database, list_id: int, until: int | None = None) -> AsyncIterator[list[ListedContact]]:
    """All contacts of a list in the order in which they came, some thousands at a time.

    `until`: the last revision that counts, so that two looks one after the other find the same contacts, but for those
    that were taken off in between.
    """
    for first, last in await _pieces(database, list_id):
        if until is not None and first > until:
            return
        upto = last if until is None else min(last, until)
        query = _rows().where(_MEMBERS.list_id == list_id, _MEMBERS.revision.between(first, upto)).order_by(*_IN_ORDER)
        async with database.reading() as connection:
            known = await _known(connection, list_id)
            async with connection.stream(query) as rows:
                async for some in rows.partitions(_CHUNK):
                    yield await _listed(connection, some, known)


async def _pieces(database: Database, list_id: int) -> list[tuple[int, int]]:
    async with database.reading() as connection:
        return [(first, last) for first, last, _ in await portions(connection, list_id, _PORTION)]
