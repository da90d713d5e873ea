"""Contacts into a list by the ten thousands: one batch, one transaction, sorted by number.

Sorted, because the order of the keys costs more than anything else here (docs/performance.md); and past SQLAlchemy's
own inserts, which take three times as long for the same rows.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress, repeat
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.region import Region, region_of
from ami_dialer.store.bulk import insert_rows, is_sqlite, stored
from ami_dialer.store.regions import region_ids
from ami_dialer.store.revisions import raise_revision
from ami_dialer.store.sieve import Sieve
from ami_dialer.store.tables import list_revisions

_PHONES = ("contact_id", "position", "label", "number", "region_id")

_HELD = """
    SELECT number, max(occurrence), max(revision) FROM list_members
    WHERE list_id = :list AND number {numbers} GROUP BY number
"""
#: Advisory lock of PostgreSQL for whoever takes keys of contacts: "amik" as a number.
_KEYS_LOCK = 0x616D696B
_SEQUENCE = "pg_get_serial_sequence('contacts', 'id')"
_HELD_SQLITE = text(_HELD.format(numbers="IN (SELECT value FROM json_each(:numbers))"))
_HELD_POSTGRESQL = text(_HELD.format(numbers="= ANY (CAST(:numbers AS varchar[]))"))


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
    #: The list's revision that they came in with.
    revision: int = field(default=0, compare=False)


class _Member(NamedTuple):
    """A number that the list holds."""

    #: The highest, where it was allowed several times.
    occurrence: int
    revision: int


class _Rules(NamedTuple):
    """What `_choose` goes by."""

    allowed: bool
    since: int
    #: What came in with this revision or before gives way.
    old: int


@dataclass(slots=True)
class _Choice:
    """Who comes in."""

    #: Places in the columns of those who do not; empty where all do.
    left_out: set[int] = field(default_factory=set)
    #: Where it is not 0, by place.
    occurrences: dict[int, int] = field(default_factory=dict)
    #: Members that give way: number and occurrence.
    renewed: list[tuple[str, int]] = field(default_factory=list)


async def load(
    connection: AsyncConnection,
    list_id: int,
    arrivals: Arrivals,
    duplicates: Duplicates,
    now: datetime,
    since: int | None = None,
    sieve: Sieve | None = None,
) -> Loaded:
    """Bring contacts into a list, in the caller's transaction.

    A number that came in after revision `since` of the list stood earlier in the same source: a double, not known.
    Without it `arrivals` is the whole source. `sieve`: that of the batches before, from the same source.
    """
    revision = await raise_revision(connection, list_id, now)
    suspects = arrivals.numbers if sieve is None else sieve.suspects(arrivals.numbers, revision)
    held = await _held(connection, list_id, suspects) if revision > 1 and suspects else {}
    old = await _old(connection, list_id, duplicates, now) if held else 0
    loaded = Loaded(doubles=arrivals.doubles, revision=revision)
    since = revision - 1 if since is None else since
    rules = _Rules(duplicates.allowed, since, min(old, since))  # a source does not renew its own rows
    choice = _choose(arrivals.numbers, held, rules, loaded)
    if len(arrivals) > len(choice.left_out):
        await _give_way(connection, list_id, choice.renewed)
        loaded.numbers = await _insert(connection, list_id, arrivals, choice, revision, now)
    return loaded


def _choose(numbers: Sequence[str], held: dict[str, _Member], rules: _Rules, loaded: Loaded) -> _Choice:
    """Most numbers of most batches are new: only those that the list holds are looked at."""
    choice = _Choice()
    if rules.allowed:
        choice.occurrences = _next_occurrences(numbers, held)
        loaded.added = len(numbers)
        return choice
    for number, member in held.items():
        place = bisect_left(numbers, number)
        if member.revision <= rules.old:
            loaded.renewed += 1
            choice.renewed.append((number, member.occurrence))
            if member.occurrence:
                choice.occurrences[place] = member.occurrence
        else:
            choice.left_out.add(place)
            if member.revision > rules.since:
                loaded.doubles += 1
            else:
                loaded.known += 1
    loaded.added = len(numbers) - len(held)
    return choice


def _next_occurrences(numbers: Sequence[str], held: dict[str, _Member]) -> dict[int, int]:
    """The occurrence of each number that is not its first, by place."""
    last = {number: member.occurrence for number, member in held.items()}
    found = {}
    for place, number in enumerate(numbers):
        last[number] = last.get(number, -1) + 1
        if last[number]:
            found[place] = last[number]
    return found


async def _insert(
    connection: AsyncConnection, list_id: int, arrivals: Arrivals, choice: _Choice, revision: int, now: datetime
) -> list[str]:
    """Insert all who are not left out; their numbers. Rows are made by zip: a loop over them would cost more."""
    stays = [place not in choice.left_out for place in range(len(arrivals))] if choice.left_out else None

    def chosen(column: Sequence[Any]) -> list[Any]:
        return list(column if stays is None else compress(column, stays))

    regions = await _region_keys(connection, arrivals)
    region_keys = [regions[region] for region in arrivals.regions]
    numbers = chosen(arrivals.numbers)
    keys = await _new_keys(connection, len(numbers))
    columns: dict[str, Iterable[Any]] = {
        "id": keys,
        "number": numbers,
        "region_id": map(region_keys.__getitem__, chosen(arrivals.region_at)),
        "fields": chosen(arrivals.fields),
        "created_at": repeat(stored(connection, now), len(numbers)),
    }
    # What nobody has is left to the column's default: half of the columns, mostly, and a tenth of the time.
    seldom = {"label": arrivals.labels, "time_zone": arrivals.time_zones, "priority": arrivals.priorities}
    columns |= {name: chosen(column) for name, column in seldom.items() if any(column)}
    await insert_rows(connection, "contacts", list(columns), zip(*columns.values(), strict=True))
    key_at = dict(zip(chosen(range(len(arrivals))), keys, strict=True)) if arrivals.further else {}
    phones = [
        (key_at[place], position, phone.label, phone.number, regions[region_of(phone.number)])
        for place, further in arrivals.further.items()
        if place in key_at
        for position, phone in enumerate(further, 2)
    ]
    if phones:
        await insert_rows(connection, "contact_phones", _PHONES, phones)
    members = {
        "list_id": repeat(list_id, len(numbers)),
        "number": numbers,
        "contact_id": keys,
        "revision": repeat(revision, len(numbers)),
        "position": chosen(arrivals.lines),
    }
    if choice.occurrences:
        members["occurrence"] = chosen([choice.occurrences.get(place, 0) for place in range(len(arrivals))])
    await insert_rows(connection, "list_members", list(members), zip(*members.values(), strict=True))
    return numbers


async def _region_keys(connection: AsyncConnection, arrivals: Arrivals) -> dict[Region, int]:
    further = {region_of(phone.number) for phones in arrivals.further.values() for phone in phones}
    return await region_ids(connection, further.union(arrivals.regions))


async def _held(connection: AsyncConnection, list_id: int, numbers: Sequence[str]) -> dict[str, _Member]:
    if is_sqlite(connection):
        rows = await connection.execute(_HELD_SQLITE, {"list": list_id, "numbers": orjson.dumps(numbers).decode()})
    else:
        rows = await connection.execute(_HELD_POSTGRESQL, {"list": list_id, "numbers": list(numbers)})
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
    if is_sqlite(connection):  # one writer at a time: nobody takes them in between
        first = int((await connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM contacts"))).scalar_one())
        return range(first, first + count)
    # A block at once: each nextval costs as much as an insert. All who add contacts come here, and the next one waits
    # for the end of this transaction: nobody takes a key between the two statements.
    await connection.execute(text(f"SELECT pg_advisory_xact_lock({_KEYS_LOCK})"))
    first = int((await connection.execute(text(f"SELECT nextval({_SEQUENCE})"))).scalar_one())
    await connection.execute(text(f"SELECT setval({_SEQUENCE}, :last)"), {"last": first + count - 1})
    return range(first, first + count)
