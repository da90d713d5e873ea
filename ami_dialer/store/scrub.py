"""Scrub in SQL: who of a run stands on a do-not-call list is taken out, or goes on with another phone.

At the start of a run as they are enrolled, and later of those who wait, all of it in a few statements. At dial
`store.giving_back.barred` does it for those few that a look into memory has found (store/dnc_index.py).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store import agent_maps, audit, barring, dnc, enrolling
from ami_dialer.store.audit import Entry
from ami_dialer.store.barring import COUNTS, LABEL, MAX_LABEL, WORK_MEM, typed
from ami_dialer.store.bulk import is_sqlite
from ami_dialer.store.database import Database
from ami_dialer.store.enrolling import Attached
from ami_dialer.store.tables import campaigns, contact_phones, dnc_lists, runs

_WAITS = f"e.run_id = :run AND e.state = '{EnrolmentState.WAITING}'"
#: The same for SQLite: by the index of numbers, and not by that of states, which may look as good to it.
_WAITS_BY_NUMBER = _WAITS.replace("e.state", "+e.state")
_BARRED = f"e.run_id = :run AND e.state = '{EnrolmentState.EXCLUDED}' AND e.exclusion = '{Exclusion.DNC}'"
_FOUND = (
    "CREATE TEMPORARY TABLE scrub_found "
    f"(enrolment_id {{key}} NOT NULL PRIMARY KEY, contact_id bigint NOT NULL, label varchar({MAX_LABEL}) NOT NULL)"
)
_MOVES = (
    "CREATE TEMPORARY TABLE scrub_moves (enrolment_id bigint NOT NULL PRIMARY KEY, number varchar(16) NOT NULL UNIQUE)"
)


async def enrol(
    connection: AsyncConnection,
    run_id: int,
    of: Sequence[Attached],
    document: Campaign,
    now: datetime,
    *,
    above: int | None = None,
) -> tuple[int, int]:
    """Enrol the members of these lists, in the caller's transaction; who must not be called is excluded at once.

    A contact with a further phone that may be called comes into the run with it. `above`: the greatest key of an
    enrolment before, where the run has some already. Returns how many are new in the run, and how many of them
    do-not-call lists forbid.
    """
    lists = await lists_of(connection, document)
    barred = await barring.find(connection, of, lists, now) > 0
    own = await agent_maps.of_campaign(connection, document)
    enrolled = await enrolling.enrol(connection, run_id, of, document.filter, now, barred=barred, own=own)
    if not barred:
        return enrolled, 0
    await barring.drop(connection)
    scrub = _SqliteScrub if is_sqlite(connection) else _PostgresqlScrub
    return enrolled, await scrub(connection, run_id, lists, now, above).settle()


async def waiting(connection: AsyncConnection, run_id: int, document: Campaign, now: datetime) -> int:
    """Take those who wait and must not be called out of a run, in the caller's transaction. Returns how many.

    A contact with a further phone that may be called stays in the run with it.
    """
    lists = await lists_of(connection, document)
    if not lists:
        return 0
    scrub = _SqliteScrub if is_sqlite(connection) else _PostgresqlScrub
    return await scrub(connection, run_id, lists, now, None).run()


async def again(database: Database, run_id: int, document: Campaign, now: datetime) -> int:
    """The same for those of a run who wait: what was added since its start counts. Returns how many are taken out."""
    async with database.writing() as connection:
        excluded = await waiting(connection, run_id, document, now)
        if excluded:
            of_run = select(campaigns.c.name).join(runs, runs.c.campaign_id == campaigns.c.id)
            name = await connection.scalar(of_run.where(runs.c.id == run_id))
            detail = {"run": run_id, "excluded": excluded}
            audit.note(connection, Entry("campaign.scrub", f"campaign:{name}", detail, now))
        return excluded


async def lists_of(connection: AsyncConnection, document: Campaign) -> list[int]:
    """The keys of the lists that count for a campaign, in the order in which it names them: the global one first."""
    names = document.dnc
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
        self._barred = f"enrolments e WHERE {_BARRED}{'' if above is None else ' AND e.id > :above'}"

    async def run(self) -> int:
        """Find, move, exclude. Returns how many were excluded."""
        await self._do(_FOUND.format(key=self.key))
        await self._find(await dnc.beginning_lengths(self._connection))
        if await self._any_phones():
            await self._move()
        excluded = await self._do(
            f"UPDATE enrolments SET state = '{EnrolmentState.EXCLUDED}', exclusion = '{Exclusion.DNC}', "  # noqa: S608
            "excluded_by = f.label FROM scrub_found f WHERE enrolments.id = f.enrolment_id"
        )
        await self._do("DROP TABLE scrub_found")
        return excluded

    async def settle(self) -> int:
        """Of those who were enrolled as excluded, who has a further phone waits with it. Returns how many have none."""
        if not await self._any_phones():
            count = f"SELECT count(*) FROM {self._barred}"  # noqa: S608 - names of our own
            return int(await self._connection.scalar(text(count), self._used(count)) or 0)
        await self._do(_FOUND.format(key=self.key))
        found = f"SELECT e.id, e.contact_id, e.excluded_by FROM {self._barred}"  # noqa: S608 - the same
        excluded = await self._do(f"INSERT INTO scrub_found {found}")
        await self._know()
        excluded -= await self._move()
        await self._do("DROP TABLE scrub_found")
        return excluded

    async def _know(self) -> None:
        """Tell the database what it has of those who were found."""

    async def _any_phones(self) -> bool:
        return await self._connection.scalar(select(contact_phones.c.contact_id).limit(1)) is not None

    async def _find(self, lengths: list[int]) -> None:
        raise NotImplementedError

    async def _many(self) -> bool:
        """Whether those who wait are so many that it is quicker to go through all the entries."""
        entries = await self._connection.scalar(text("SELECT max(id) FROM dnc_entries")) or 0
        some = typed(f"SELECT count(*) FROM (SELECT 1 FROM enrolments e WHERE {_WAITS} LIMIT :some) w")  # noqa: S608
        waiting = await self._connection.scalar(some, {**self._used(_WAITS), "some": entries})
        return int(waiting or 0) >= entries * self.share

    async def _move(self) -> int:
        """Whoever has a further phone goes on with it: the first that may be called and is not in the run yet.

        Returns how many.
        """
        await self._do(_MOVES)
        lists = ", ".join(map(str, self._lists))
        ways = ["d.number = p.number"]
        ways += [
            f"d.number = substr(p.number, 1, {length}) || '*'"
            for length in await dnc.beginning_lengths(self._connection)
        ]
        barred = " ".join(
            f"AND NOT EXISTS (SELECT 1 FROM dnc_entries d WHERE d.list_id IN ({lists}) AND {way} AND {COUNTS})"  # noqa: S608
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
                f"UPDATE enrolments SET number = m.number, state = '{EnrolmentState.WAITING}', "  # noqa: S608
                "exclusion = NULL, excluded_by = NULL FROM scrub_moves m WHERE enrolments.id = m.enrolment_id"
            )
            await self._do("DELETE FROM scrub_found WHERE enrolment_id IN (SELECT enrolment_id FROM scrub_moves)")
        await self._do("DROP TABLE scrub_moves")
        return moved

    async def _do(self, statement: str, **given: object) -> int:
        result = await self._connection.execute(typed(statement), self._used(statement, **given))
        return result.rowcount

    def _used(self, statement: str, **given: object) -> dict[str, object]:
        values = {**self._given, **given}
        return {name: value for name, value in values.items() if f":{name}" in statement}


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
                await self._insert(sides, f"d.number LIKE '%*' AND {begins}", key, "d", " ORDER BY d.id")

    async def _insert(self, sides: str, condition: str, key: int, outer: str, order: str = "") -> None:
        await self._do(
            f"INSERT OR IGNORE INTO scrub_found SELECT e.id, e.contact_id, {LABEL} "  # noqa: S608 - names of our own
            f"FROM {sides} CROSS JOIN dnc_lists l "
            f"WHERE {_WAITS_BY_NUMBER} AND {outer}.list_id = :list AND {condition} AND {COUNTS} "
            f"AND l.id = d.list_id{order}",
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
            await self._do(f"SET LOCAL work_mem = '{WORK_MEM}'")
        place = "array_position(CAST(:lists AS bigint[]), d.list_id)"
        entry = f"e.id, e.contact_id, {LABEL} AS label, {place} AS place, d.number LIKE '%*' AS begins, d.id AS entry"
        ways = ["d.number = e.number"]
        ways += [
            f"d.number LIKE '%*' AND length(d.number) = {length + 1} AND d.number = left(e.number, {length}) || '*'"
            for length in lengths
        ]
        found = " UNION ALL ".join(
            f"SELECT {entry} FROM enrolments e, dnc_entries d, dnc_lists l "  # noqa: S608 - names of our own
            f"WHERE {_WAITS} AND d.list_id = ANY(CAST(:lists AS bigint[])) "
            f"AND {way} AND {COUNTS} AND l.id = d.list_id"
            for way in ways
        )
        await self._do(
            f"INSERT INTO scrub_found SELECT DISTINCT ON (id) id, contact_id, label FROM ({found}) found "  # noqa: S608
            "ORDER BY id, place, begins, entry",
            lists=self._lists,
        )
        await self._do("SET LOCAL enable_nestloop = on")
        await self._know()

    async def _know(self) -> None:
        await self._do("ANALYZE scrub_found")
