"""Who on some lists stands on a do-not-call list: found before they are enrolled, to be enrolled as excluded.

Rows of enrolments are written once then. To change them afterwards, with their indexes, costs several times the search
(docs/performance.md).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import TextClause, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store import dnc
from ami_dialer.store.bulk import is_sqlite
from ami_dialer.store.enrolling import BARRED, Attached
from ami_dialer.store.tables import UtcDateTime, dnc_entries

#: Characters that fit into `excluded_by`.
MAX_LABEL = 300
#: Memory of one hash of PostgreSQL: two million numbers take some 200 MB, in a few portions.
WORK_MEM = "64MB"
#: Entry `d` counts at `:now`.
COUNTS = "d.removed_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > :now)"
#: What entry `d` of list `l` is called in `excluded_by`.
LABEL = (
    "substr(l.name || ': ' || d.reason || CASE WHEN d.number LIKE '%*' THEN ' (all of ' || d.number || ')' ELSE '' END,"
    f" 1, {MAX_LABEL})"
)
_TABLE = (
    f"CREATE TEMPORARY TABLE {BARRED.name} "
    f"(number varchar(16) NOT NULL PRIMARY KEY, label varchar({MAX_LABEL}) NOT NULL)"
)


async def find(connection: AsyncConnection, of: Sequence[Attached], lists: Sequence[int], now: datetime) -> int:
    """Put those numbers of these members that do-not-call lists forbid into the table BARRED. Returns how many.

    Others of the same lists may be among them. The first of the do-not-call lists counts, and a number before its
    beginning. Without any there is no table.
    """
    entries = await connection.scalar(select(func.max(dnc_entries.c.id)))  # about how many; none without any
    if not of or not lists or entries is None:
        return 0
    kind = _SqliteSearch if is_sqlite(connection) else _PostgresqlSearch
    search = kind(connection, of, lists, now, entries)
    await search.do(_TABLE + (" WITHOUT ROWID" if is_sqlite(connection) else ""))
    found = await search.find(await dnc.beginning_lengths(connection))
    if not found:
        await drop(connection)
    return found


async def drop(connection: AsyncConnection) -> None:
    """Take the table away again."""
    await connection.execute(text(f"DROP TABLE {BARRED.name}"))


def typed(statement: str) -> TextClause:
    """The statement, with `:now` as a moment."""
    made = text(statement)
    return made.bindparams(bindparam("now", type_=UtcDateTime(timezone=True))) if ":now" in statement else made


class _Search:
    """One search."""

    #: Of the entries: so many members are many.
    share = 0.5

    def __init__(
        self, connection: AsyncConnection, of: Sequence[Attached], lists: Sequence[int], now: datetime, entries: int
    ) -> None:
        self._connection = connection
        self._of = of
        self._lists = lists
        self._now = now
        self._entries = entries

    async def find(self, lengths: list[int]) -> int:
        """Fill the table. Returns how many numbers are in it."""
        raise NotImplementedError

    async def do(self, statement: str) -> int:
        """Carry out a statement. Returns how many rows it made."""
        given = {"now": self._now} if ":now" in statement else {}
        return (await self._connection.execute(typed(statement), given)).rowcount

    async def _many(self) -> bool:
        """Whether the members are so many that it is quicker to go through all the entries."""
        some = text(f"SELECT count(*) FROM (SELECT 1 FROM list_members m WHERE {self._meant()} LIMIT :some) s")  # noqa: S608
        return int(await self._connection.scalar(some, {"some": self._entries}) or 0) >= self._entries * self.share

    def _meant(self) -> str:
        """The members that are meant: of all revisions at a start, of the newest ones later."""
        if all(each.after < 0 for each in self._of):
            return f"m.list_id IN ({', '.join(str(each.id) for each in self._of)})"
        return f"({' OR '.join(_of_list(each) for each in self._of)})"


def _of_list(of: Attached) -> str:
    newer = f" AND m.revision > {of.after}" if of.after >= 0 else ""
    return f"m.list_id = {of.id}{newer}"


class _SqliteSearch(_Search):
    """From the shorter side, by indexes that are in order of the numbers: what lies together is read together."""

    async def find(self, lengths: list[int]) -> int:
        many = await self._many()
        found = 0
        for key in self._lists:
            for of in self._of:
                found += await self._of_both(key, of, lengths) if many else await self._of_members(key, of, lengths)
        return found

    async def _of_both(self, key: int, of: Attached, lengths: list[int]) -> int:
        # The outer one by its covering index alone; rows are fetched only of what is in both.
        sides = "dnc_entries i CROSS JOIN list_members m CROSS JOIN dnc_entries d"
        found = await self._insert(sides, f"i.list_id = {key} AND m.number = i.number AND d.id = i.id", of)
        if lengths:
            stem = "substr(d.number, 1, length(d.number) - 1)"
            begins = f"m.number >= {stem} AND m.number < {stem} || ':'"  # a colon comes after the nine
            sides = "dnc_entries d CROSS JOIN list_members m"
            found += await self._insert(
                sides, f"d.list_id = {key} AND d.number LIKE '%*' AND {begins}", of, " ORDER BY d.id"
            )
        return found

    async def _of_members(self, key: int, of: Attached, lengths: list[int]) -> int:
        sides = "list_members m CROSS JOIN dnc_entries d"
        found = await self._insert(sides, f"d.list_id = {key} AND d.number = m.number", of)
        if lengths:
            begins = ", ".join(f"substr(m.number, 1, {length}) || '*'" for length in lengths)
            found += await self._insert(sides, f"d.list_id = {key} AND d.number IN ({begins})", of, " ORDER BY d.id")
        return found

    async def _insert(self, sides: str, condition: str, of: Attached, order: str = "") -> int:
        return await self.do(
            f"INSERT OR IGNORE INTO {BARRED.name} SELECT m.number, {LABEL} "  # noqa: S608 - names of our own
            f"FROM {sides} CROSS JOIN dnc_lists l "
            f"WHERE {_of_list(of)} AND {condition} AND {COUNTS} AND l.id = d.list_id{order}"
        )


class _PostgresqlSearch(_Search):
    """One pass over the members for the numbers and one for each length of beginnings, joined by hashes."""

    share = 0.05

    async def find(self, lengths: list[int]) -> int:
        many = await self._many()
        if many:  # nothing may be known yet of members that have just come in
            await self.do("SET LOCAL enable_nestloop = off")
            await self.do(f"SET LOCAL work_mem = '{WORK_MEM}'")
        lists = f"ARRAY[{', '.join(map(str, self._lists))}]::bigint[]"
        entry = f"m.number, {LABEL} AS label, array_position({lists}, d.list_id) AS place, d.number LIKE '%*' AS begins"
        ways = ["d.number = m.number"]
        ways += [
            f"d.number LIKE '%*' AND length(d.number) = {length + 1} AND d.number = left(m.number, {length}) || '*'"
            for length in lengths
        ]
        branches = " UNION ALL ".join(
            f"SELECT {entry}, d.id AS entry FROM list_members m, dnc_entries d, dnc_lists l "  # noqa: S608 - our own
            f"WHERE {self._meant()} AND d.list_id = ANY({lists}) AND {way} AND {COUNTS} AND l.id = d.list_id"
            for way in ways
        )
        found = await self.do(
            f"INSERT INTO {BARRED.name} SELECT DISTINCT ON (number) number, label FROM ({branches}) found "  # noqa: S608
            "ORDER BY number, place, begins, entry"
        )
        if many:
            await self.do("SET LOCAL enable_nestloop = on")
        await self.do(f"ANALYZE {BARRED.name}")
        return found
