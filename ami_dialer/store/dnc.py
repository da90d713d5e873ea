"""Do-not-call lists: who stands on them, and which entry forbids a number.

An entry is a number in E.164, or the beginning of numbers with an asterisk: `+1900*`. It forbids from the moment it is
added until it expires or is taken off; its row stays as the record of it.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import audit, dnc_loading
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import handed
from ami_dialer.store.database import Database, Look
from ami_dialer.store.dnc_loading import NewEntry
from ami_dialer.store.tables import UtcDateTime, dnc_entries, dnc_lists

#: Values of one statement; SQLite takes 32,766.
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class DncEntry:
    """A number that must not be called, and why."""

    list_name: str
    number: str
    reason: str
    source: str
    added_at: datetime
    expires_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def label(self) -> str:
        """For people: the list and the reason, and the beginning where it is one."""
        return f"{self.list_name}: {self.reason}" + (f" (all of {self.number})" if self.number[-1] == "*" else "")


async def ensure_list(database: Database, name: str, now: datetime) -> int:
    """The key of a do-not-call list, made when it does not exist."""
    query = select(dnc_lists.c.id).where(dnc_lists.c.name == name)
    async with database.reading() as connection:
        found = await connection.scalar(query)
    if found is None:
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        async with database.writing() as connection:
            made = await connection.execute(
                insert(dnc_lists).values(name=name, created_at=now).on_conflict_do_nothing()
            )
            if made.rowcount:
                audit.note(connection, Entry("dnc.create", f"dnc:{name}", {}, now))
            found = await connection.scalar(query)
    return int(found or 0)


async def list_names(database: Database) -> list[str]:
    """The names of all do-not-call lists."""
    async with database.reading() as connection:
        return list(await connection.scalars(select(dnc_lists.c.name).order_by(dnc_lists.c.name)))


async def list_key(database: Database, name: str) -> int:
    """The key of a do-not-call list. Raises NotFoundError that names those there are."""
    async with database.reading() as connection:
        found = await connection.scalar(select(dnc_lists.c.id).where(dnc_lists.c.name == name))
    if found is None:
        names = await list_names(database)
        known = f"there are: {', '.join(names)}" if names else "there is none yet"
        raise NotFoundError(f"no do-not-call list is named {name!r}; {known}")
    return int(found)


async def add(
    database: Database,
    list_name: str,
    numbers: Iterable[str],
    *,
    reason: str,
    source: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> int:
    """Put numbers on a list; those on it stay as they are, but for a longer time. Returns how many were new.

    A list that does not exist is made.
    """
    key = await ensure_list(database, list_name, now)
    entries = [NewEntry(number, reason, expires_at) for number in dict.fromkeys(numbers)]
    added = 0
    async with database.bulk_writing() as connection:
        for start in range(0, len(entries), dnc_loading.CHUNK):
            chunk = entries[start : start + dnc_loading.CHUNK]
            added += await dnc_loading.load(connection, key, chunk, source, now)
    return added


async def remove(database: Database, list_name: str, numbers: Sequence[str], now: datetime) -> int:
    """Take numbers off a list. Returns how many were on it. Raises NotFoundError for an unknown list."""
    key = await list_key(database, list_name)
    removed: list[str] = []
    async with database.writing() as connection:
        revision = await dnc_loading.raise_revision(connection, key, now)
        for start in range(0, len(numbers), _AT_ONCE):
            removed += await connection.scalars(
                update(dnc_entries)
                .where(
                    dnc_entries.c.list_id == key,
                    dnc_entries.c.number.in_(numbers[start : start + _AT_ONCE]),
                    dnc_entries.c.removed_at.is_(None),
                )
                .values(removed_at=now, revision=revision)
                .returning(dnc_entries.c.number)
            )
        audit.note(connection, *(Entry("dnc.remove", number, {"list": list_name}, now) for number in removed))
    return len(removed)


_ENTRIES = select(
    dnc_lists.c.name,
    dnc_entries.c.number,
    dnc_entries.c.reason,
    dnc_entries.c.source,
    dnc_entries.c.added_at,
    dnc_entries.c.expires_at,
    dnc_entries.c.removed_at,
).join(dnc_lists, dnc_lists.c.id == dnc_entries.c.list_id)


async def entries(
    database: Database,
    list_name: str | None = None,
    *,
    numbers: Collection[str] | None = None,
    removed: bool = False,
    limit: int | None = None,
) -> list[DncEntry]:
    """The entries of one list or of all, newest change first; `removed` ones too where that is asked for.

    Those of `numbers` are their own, and those of beginnings that cover them.
    """
    query = _ENTRIES
    if list_name is not None:  # by the list's key: the index has the order
        key = await list_key(database, list_name)
        query = query.where(dnc_entries.c.list_id == key).order_by(
            dnc_entries.c.revision.desc(), dnc_entries.c.id.desc()
        )
    else:
        query = query.order_by(dnc_entries.c.id.desc())
    if not removed:
        query = query.where(dnc_entries.c.removed_at.is_(None))
    async with database.reading() as connection:
        if numbers is not None:
            lengths = await beginning_lengths(connection)
            covering = (one for number in numbers for one in beginnings(number.rstrip("*"), lengths))
            query = query.where(dnc_entries.c.number.in_({*numbers, *covering}))
        return [DncEntry(*row) for row in await connection.execute(query.limit(limit))]


async def stream(database: Database, list_name: str, now: datetime) -> AsyncIterator[list[DncEntry]]:
    """The entries of a list that forbid now, in the order of their numbers, some at a time. Raises NotFoundError."""
    key = await list_key(database, list_name)
    query = _ENTRIES.where(dnc_entries.c.list_id == key, forbids(now)).order_by(dnc_entries.c.number)
    async with database.reading() as connection, connection.stream(query) as rows:
        async for portion in rows.partitions(_AT_ONCE):
            yield [DncEntry(*row) for row in portion]


async def standing(
    database: Database, number: str, now: datetime, list_names: Collection[str] | None = None
) -> list[DncEntry]:
    """Every entry that forbids a number now: on any list, or for who heeds `list_names` and so the global one."""
    async with database.reading() as connection:
        wanted = [number, *beginnings(number, await beginning_lengths(connection))]
        query = _ENTRIES.where(dnc_entries.c.number.in_(wanted), forbids(now))
        if list_names is not None:
            query = query.where(in_effect(list_names))
        rows = await connection.execute(query.order_by(dnc_lists.c.is_global.desc(), dnc_entries.c.id))
        return [DncEntry(*row) for row in rows]


def forbids(now: datetime) -> ColumnElement[bool]:
    """Whether an entry counts at this moment."""
    expires = dnc_entries.c.expires_at
    return and_(dnc_entries.c.removed_at.is_(None), or_(expires.is_(None), expires > now))


def in_effect(list_names: Collection[str]) -> ColumnElement[bool]:
    """Whether a list counts for who names these: the global one does in any case."""
    return or_(dnc_lists.c.is_global, dnc_lists.c.name.in_(list_names))


async def beginning_lengths(connection: AsyncConnection) -> list[int]:
    """How many characters the beginnings on all lists have, without the asterisk; taken off ones too."""
    # A literal: SQLite takes a partial index only where its condition stands in the statement.
    query = text("SELECT DISTINCT length(number) - 1 FROM dnc_entries WHERE number LIKE '%*'")
    return sorted(await connection.scalars(query))


def beginnings(number: str, lengths: Iterable[int]) -> list[str]:
    """The entries that would forbid a number by its beginning."""
    return [f"{number[:length]}*" for length in lengths if length <= len(number)]


async def forbidden(
    database: Database,
    numbers: Collection[str],
    list_names: Collection[str],
    now: datetime,
    lengths: Sequence[int] | None = None,
    look: Look = None,
) -> dict[str, DncEntry]:
    """Which of these numbers must not be called by who heeds these lists, and by which entry.

    The global list counts too, and is named before the others; then goes the order of `list_names`. `lengths` are those
    of the beginnings, where they are known. One query by the index; several for thousands of numbers.
    """
    if not numbers:
        return {}
    async with database.looking(look) as connection:
        return await forbidden_on(connection, numbers, list_names, now, lengths)


async def forbidden_on(
    connection: AsyncConnection,
    numbers: Collection[str],
    list_names: Collection[str],
    now: datetime,
    lengths: Sequence[int] | None = None,
) -> dict[str, DncEntry]:
    """`forbidden`, in the caller's transaction."""
    places = {name: place for place, name in enumerate(list_names)}
    known = await beginning_lengths(connection) if lengths is None else lengths
    wanted = {number: [number, *beginnings(number, known)] for number in numbers}
    candidates = list(dict.fromkeys(one for several in wanted.values() for one in several))
    found: dict[str, list[tuple[tuple[object, ...], DncEntry]]] = {}
    for start in range(0, len(candidates), _AT_ONCE):
        query = _ENTRIES.add_columns(dnc_lists.c.is_global, dnc_entries.c.id).where(
            dnc_entries.c.number.in_(candidates[start : start + _AT_ONCE]), in_effect(list_names), forbids(now)
        )
        for *row, is_global, key in await connection.execute(query):
            entry = DncEntry(*row)
            order = (not is_global, places.get(entry.list_name, 0), entry.number[-1] == "*", key)
            found.setdefault(entry.number, []).append((order, entry))
    barred = {}
    for number, several in wanted.items():
        entries = [each for one in several for each in found.get(one, ())]
        if entries:
            barred[number] = min(entries, key=lambda each: each[0])[1]
    return barred


async def count_listed(connection: AsyncConnection, numbers: Collection[str], now: datetime) -> int:
    """How many of these E.164 numbers stand on any do-not-call list at this moment: told at an import.

    Some 50,000 at once; a few statements by the index.
    """
    if not numbers or await connection.scalar(select(func.max(dnc_entries.c.id))) is None:
        return 0
    ways = ["d.number = given.value"]
    ways += [f"d.number = substr(given.value, 1, {length}) || '*'" for length in await beginning_lengths(connection)]
    stands = " OR ".join(f"EXISTS ({_STANDS} AND {way})" for way in ways)
    given, wanted = handed(connection, numbers)
    query = text(f"SELECT count(*) FROM {given} WHERE {stands}")  # noqa: S608 - names and lengths of our own
    typed = query.bindparams(bindparam("now", type_=UtcDateTime(timezone=True)))
    return int(await connection.scalar(typed, {"numbers": wanted, "now": now}) or 0)


_STANDS = "SELECT 1 FROM dnc_entries d WHERE d.removed_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > :now)"
