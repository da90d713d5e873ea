"""Scrub in SQL: who of a run stands on a do-not-call list is taken out, or goes on with another phone.

At the start of a run, and again before a start that was planned, all of it in a few statements. At dial
`store.giving_back.barred` does it for those few that a look into memory has found (store/dnc_index.py).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store import audit, dnc
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import UtcDateTime, campaigns, contact_phones, dnc_lists, runs

#: Characters that fit into `excluded_by`.
_MAX_LABEL = 300

#: Memory of one hash of PostgreSQL: two million numbers take some 200 MB, in a few portions.
_WORK_MEM = "64MB"

_COUNTS = "d.removed_at IS NULL AND (d.expires_at IS NULL OR d.expires_at > :now)"
_WAITS = f"e.run_id = :run AND e.state = '{EnrolmentState.WAITING}'"
_LABEL = (
    "substr(l.name || ': ' || d.reason || CASE WHEN d.number LIKE '%*' THEN ' (all of ' || d.number || ')' ELSE '' END,"
    f" 1, {_MAX_LABEL})"
)
_FOUND = (
    "CREATE TEMPORARY TABLE scrub_found "
    f"(enrolment_id {{key}} NOT NULL PRIMARY KEY, contact_id bigint NOT NULL, label varchar({_MAX_LABEL}) NOT NULL)"
)
_MOVES = (
    "CREATE TEMPORARY TABLE scrub_moves (enrolment_id bigint NOT NULL PRIMARY KEY, number varchar(16) NOT NULL UNIQUE)"
)


async def at_start(
    connection: AsyncConnection, run_id: int, document: Campaign, now: datetime, *, above: int | None = None
) -> int:
    """Take out of a run who must not be called, in the caller's transaction. Returns how many.

    A contact with a further phone that may be called stays in the run with it. With `above` only enrolments with a
    greater key are looked at: those that live sync has just made.
    """
    lists = await _lists(connection, document.dnc)
    if not lists:
        return 0
    scrub = _SqliteScrub if connection.dialect.name == "sqlite" else _PostgresqlScrub
    return await scrub(connection, run_id, lists, now, above).run()


async def again(database: Database, run_id: int, document: Campaign, now: datetime) -> int:
    """The same for those of a run who wait: what was added since its start counts. Returns how many are taken out."""
    async with database.writing() as connection:
        excluded = await at_start(connection, run_id, document, now)
        if excluded:
            of_run = select(campaigns.c.name).join(runs, runs.c.campaign_id == campaigns.c.id)
            name = await connection.scalar(of_run.where(runs.c.id == run_id))
            detail = {"run": run_id, "excluded": excluded}
            audit.note(connection, Entry("campaign.scrub", f"campaign:{name}", detail, now))
        return excluded


async def _lists(connection: AsyncConnection, names: Sequence[str]) -> list[int]:
    """The keys of the lists that count, in the order in which they are named: the global one first."""
    query = select(dnc_lists.c.id, dnc_lists.c.name, dnc_lists.c.is_global).where(dnc.in_effect(names))
    found = (await connection.execute(query)).all()
    places = {name: place for place, name in enumerate(names)}
    return [row.id for row in sorted(found, key=lambda row: (not row.is_global, places.get(row.name, 0)))]


class _Scrub:
    """One scrub of one run."""

    #: Type of a key.
    key = "bigint"
    #: Of the entries: so many who wait are many.
    share = 0.5

    def __init__(
        self, connection: AsyncConnection, run_id: int, lists: list[int], now: datetime, above: int | None
    ) -> None:
        self._connection = connection
        self._lists = lists
        self._given: dict[str, object] = {"run": run_id, "now": now, "above": above}
        self._waits = _WAITS if above is None else f"{_WAITS} AND e.id > :above"

    async def run(self) -> int:
        """Find, move, exclude. Returns how many were excluded."""
        await self._do(_FOUND.format(key=self.key))
        await self._find(await dnc.beginning_lengths(self._connection))
        if await self._connection.scalar(select(contact_phones.c.contact_id).limit(1)) is not None:
            await self._move()
        excluded = await self._do(
            f"UPDATE enrolments SET state = '{EnrolmentState.EXCLUDED}', exclusion = '{Exclusion.DNC}', "  # noqa: S608
            "excluded_by = f.label FROM scrub_found f WHERE enrolments.id = f.enrolment_id"
        )
        await self._do("DROP TABLE scrub_found")
        return excluded

    async def _find(self, lengths: list[int]) -> None:
        raise NotImplementedError

    async def _many(self) -> bool:
        """Whether those who wait are so many that it is quicker to go through all the entries."""
        entries = await self._connection.scalar(text("SELECT max(id) FROM dnc_entries")) or 0
        some = _typed(f"SELECT count(*) FROM (SELECT 1 FROM enrolments e WHERE {self._waits} LIMIT :some) w")  # noqa: S608
        given = {name: self._given[name] for name in ("run", "above") if f":{name}" in self._waits}
        waiting = await self._connection.scalar(some, {**given, "some": entries})
        return int(waiting or 0) >= entries * self.share

    async def _move(self) -> None:
        """Whoever has a further phone goes on with it: the first that may be called and is not in the run yet."""
        await self._do(_MOVES)
        lists = ", ".join(map(str, self._lists))
        ways = ["d.number = p.number"]
        ways += [
            f"d.number = substr(p.number, 1, {length}) || '*'"
            for length in await dnc.beginning_lengths(self._connection)
        ]
        barred = " ".join(
            f"AND NOT EXISTS (SELECT 1 FROM dnc_entries d WHERE d.list_id IN ({lists}) AND {way} AND {_COUNTS})"  # noqa: S608
            for way in ways
        )
        # In dialing order, and each number once: what another one took already is passed over.
        moved = await self._do(
            "INSERT INTO scrub_moves SELECT f.enrolment_id, p.number FROM scrub_found f "  # noqa: S608
            "JOIN contact_phones p ON p.contact_id = f.contact_id "
            "WHERE NOT EXISTS (SELECT 1 FROM enrolments e WHERE e.run_id = :run AND e.number = p.number) "
            f"{barred} ORDER BY p.position, f.enrolment_id ON CONFLICT DO NOTHING"
        )
        if moved:
            await self._do(
                "UPDATE enrolments SET number = m.number FROM scrub_moves m WHERE enrolments.id = m.enrolment_id"
            )
            await self._do("DELETE FROM scrub_found WHERE enrolment_id IN (SELECT enrolment_id FROM scrub_moves)")
        await self._do("DROP TABLE scrub_moves")

    async def _do(self, statement: str, **given: object) -> int:
        values = {**self._given, **given}
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        result = await self._connection.execute(_typed(statement), used)
        return result.rowcount


class _SqliteScrub(_Scrub):
    """From the shorter side, by indexes that are in order of the numbers: what lies together is read together."""

    key = "integer"

    async def _find(self, lengths: list[int]) -> None:
        many = await self._many()
        for key in self._lists:
            # The outer one by its covering index alone; rows are fetched only of what is in both.
            sides = "dnc_entries i CROSS JOIN enrolments e" if many else "enrolments e CROSS JOIN dnc_entries i"
            await self._insert(f"{sides} CROSS JOIN dnc_entries d", "i.number = e.number AND d.id = i.id", key, "i")
            if lengths:
                stem = "substr(d.number, 1, length(d.number) - 1)"
                begins = f"e.number >= {stem} AND e.number < {stem} || ':'"  # a colon comes after the nine
                sides = "dnc_entries d CROSS JOIN enrolments e"
                await self._insert(sides, f"d.number LIKE '%*' AND {begins}", key, "d")

    async def _insert(self, sides: str, condition: str, key: int, outer: str) -> None:
        await self._do(
            f"INSERT OR IGNORE INTO scrub_found SELECT e.id, e.contact_id, {_LABEL} "  # noqa: S608 - names of our own
            f"FROM {sides} CROSS JOIN dnc_lists l "
            f"WHERE {self._waits} AND {outer}.list_id = :list AND {condition} AND {_COUNTS} AND l.id = d.list_id",
            list=key,
        )


class _PostgresqlScrub(_Scrub):
    """One pass over the run for the numbers and one for each length of beginnings, joined by hashes.

    Nothing is known yet of rows that this very transaction has written: PostgreSQL would expect one contact, and look
    each of five million up by itself.
    """

    share = 0.05

    async def _find(self, lengths: list[int]) -> None:
        if await self._many():
            await self._do("SET LOCAL enable_nestloop = off")
            await self._do(f"SET LOCAL work_mem = '{_WORK_MEM}'")
        place = "array_position(CAST(:lists AS bigint[]), d.list_id)"
        entry = f"e.id, e.contact_id, {_LABEL} AS label, {place} AS place, d.number LIKE '%*' AS begins, d.id AS entry"
        ways = ["d.number = e.number"]
        ways += [
            f"d.number LIKE '%*' AND length(d.number) = {length + 1} AND d.number = left(e.number, {length}) || '*'"
            for length in lengths
        ]
        found = " UNION ALL ".join(
            f"SELECT {entry} FROM enrolments e, dnc_entries d, dnc_lists l "  # noqa: S608 - names of our own
            f"WHERE {self._waits} AND d.list_id = ANY(CAST(:lists AS bigint[])) "
            f"AND {way} AND {_COUNTS} AND l.id = d.list_id"
            for way in ways
        )
        await self._do(
            f"INSERT INTO scrub_found SELECT DISTINCT ON (id) id, contact_id, label FROM ({found}) found "  # noqa: S608
            "ORDER BY id, place, begins, entry",
            lists=self._lists,
        )
        await self._do("SET LOCAL enable_nestloop = on")
        await self._do("ANALYZE scrub_found")


def _typed(statement: str) -> TextClause:
    made = text(statement)
    return made.bindparams(bindparam("now", type_=UtcDateTime(timezone=True))) if ":now" in statement else made
