"""Every number on any do-not-call list, in memory: at dial most numbers are known to be free without a query.

It may hold too much, never too little. Numbers that were taken off or have expired stay until the next load: who is
found here is looked up in SQL, so nobody needs to be told of them. What was added since the last look is found by the
lists' revisions, whoever added it.
"""

from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Executable, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store.database import Database, Look
from ami_dialer.store.tables import dnc_entries, dnc_lists

#: Rows fetched together: the event loop is held up some milliseconds for them.
_PORTION = 10_000
#: New numbers are kept in a set, which takes ten times the memory of an array, until there are so many.
_MAX_NEW = 20_000
#: Each look goes through every array; when there are more, all is loaded anew into one.
_MAX_ARRAYS = 8


class Numbers:
    """A set of numbers in E.164 and of beginnings: 8 bytes each, and a microsecond to look one up."""

    def __init__(self) -> None:
        self._arrays: list[array[int]] = []
        self._new: set[int] = set()
        self._beginnings: dict[int, set[str]] = {}
        #: How many characters the beginnings have, without the asterisk.
        self.lengths: list[int] = []

    def __len__(self) -> int:
        return sum(map(len, self._arrays)) + len(self._new)

    def __contains__(self, number: str) -> bool:
        """Whether this number stands here, or one of its beginnings."""
        digits = int(number[1:])
        for sorted_ones in self._arrays:
            place = bisect_left(sorted_ones, digits)
            if place < len(sorted_ones) and sorted_ones[place] == digits:
                return True
        return digits in self._new or any(number[:length] in self._beginnings[length] for length in self.lengths)

    @property
    def scattered(self) -> bool:
        """So much was added that it is time to load all of it anew."""
        return len(self._arrays) > _MAX_ARRAYS

    def add(self, entry: str) -> None:
        """Add a number or a beginning."""
        if entry[-1] == "*":
            self._beginnings.setdefault(len(entry) - 1, set()).add(entry[:-1])
            self.lengths = sorted(self._beginnings)
            return
        self._new.add(int(entry[1:]))
        if len(self._new) >= _MAX_NEW:
            self._arrays.append(array("q", sorted(self._new)))
            self._new.clear()

    def fill(self, digits: "array[int]", beginnings: Iterable[str]) -> None:
        """Begin with these, which are sorted."""
        self._arrays.append(digits)
        for entry in beginnings:
            self.add(entry)


class _Known(NamedTuple):
    """A list as it was at the last look; one of the same key may be another list."""

    created_at: datetime
    revision: int


class DncIndex:
    """Which numbers may be on a do-not-call list. For one engine; `refresh` before each look."""

    def __init__(self) -> None:
        self.numbers: Numbers | None = None
        #: Keys of the lists by name, and the one that counts for everybody.
        self.keys: dict[str, int] = {}
        self.global_name: str | None = None
        self._known: dict[int, _Known] = {}

    async def refresh(self, database: Database, look: Look = None) -> Numbers:
        """Take in what was added since the last look: one small query where there is nothing. Raises StoreError."""
        async with database.looking(look) as connection:
            lists = (await connection.execute(_LISTS)).all()
            if self.numbers is None or self.numbers.scattered:
                self.numbers = await _load(connection)
            else:
                for row in lists:
                    await self._take_in(connection, self.numbers, row)
        # Revisions as they were before the numbers were read: what came in between is read again, which does no harm.
        self._known = {row.id: _Known(row.created_at, row.revision) for row in lists}
        self.keys = {row.name: row.id for row in lists}
        self.global_name = next((row.name for row in lists if row.is_global), None)
        return self.numbers

    async def _take_in(self, connection: AsyncConnection, numbers: Numbers, row: Any) -> None:  # noqa: ANN401 - a row
        known = self._known.get(row.id)
        since = known.revision if known is not None and known.created_at == row.created_at else -1
        if row.revision == since:
            return
        newer = select(dnc_entries.c.number).where(dnc_entries.c.list_id == row.id, dnc_entries.c.revision > since)
        async for portion in _portions(connection, newer):
            for (number,) in portion:
                numbers.add(number)


_LISTS = select(
    dnc_lists.c.id, dnc_lists.c.name, dnc_lists.c.is_global, dnc_lists.c.revision, dnc_lists.c.created_at
).order_by(dnc_lists.c.id)
#: PostgreSQL sorts as numbers, which is quick. SQLite gives them in the order of its index, without sorting at all:
#: that of texts, the same where all numbers are of one length.
_ALL = "SELECT CAST(substr(number, 2) AS bigint) FROM dnc_entries WHERE number NOT LIKE '%*' ORDER BY {order}"
_BEGINNINGS = text("SELECT DISTINCT number FROM dnc_entries WHERE number LIKE '%*'")


async def _load(connection: AsyncConnection) -> Numbers:
    digits = array("q")
    in_order = True
    query = text(_ALL.format(order="number" if connection.dialect.name == "sqlite" else "1"))
    async for portion in _portions(connection, query):
        found = [row[0] for row in portion]
        in_order = in_order and found == sorted(found) and (not digits or digits[-1] <= found[0])
        digits.extend(found)
    numbers = Numbers()
    numbers.fill(digits if in_order else array("q", sorted(digits)), await connection.scalars(_BEGINNINGS))
    return numbers


async def _portions(connection: AsyncConnection, query: Executable) -> AsyncIterator[Sequence[Any]]:
    async with connection.stream(query) as rows:
        async for portion in rows.partitions(_PORTION):
            yield portion
