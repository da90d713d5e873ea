"""Mapping lists: whose contact is whose. A run's start and live sync look there (store/enrolling.py)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.enrolment import GOING_ON
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import insert_into, insert_rows, is_sqlite
from ami_dialer.store.database import Database
from ami_dialer.store.tables import agent_map_entries, agent_maps, campaigns, runs


class NoAgentMapError(NotFoundError):
    """There is no mapping list of that name."""


class AgentMapInUseError(DialerError):
    """A campaign names the mapping list."""

    exit_code = 2


class Mapped(NamedTuple):
    """Whose a number is."""

    number: str
    agent: str
    #: 0 to 100, in place of the contact's own; None: the contact's own counts.
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class AgentMap:
    """A mapping list."""

    name: str
    description: str
    entries: int
    #: So many different ones have contacts in it.
    agents: int
    changed_at: datetime
    #: Names of campaigns.
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the entries that were brought in."""

    added: int
    changed: int
    #: Stood there so already.
    known: int
    #: Stood there and were not among them; only where the whole list is replaced.
    removed: int


async def bring(
    database: Database,
    name: str,
    entries: Iterable[Mapped],
    now: datetime,
    *,
    description: str | None = None,
    replace: bool = False,
) -> Brought:
    """Put entries, each number once, into a mapping list, which is made where there is none. One transaction.

    `replace`: numbers that are not among them are taken out. Raises StoreError.
    """
    async with database.bulk_writing() as connection:
        key, before = await _ensured(connection, name, description, now)
        came = await _stage(connection, list(entries))
        removed = await _do(connection, key, _REMOVE) if replace else 0
        changed = await _do(connection, key, _CHANGE)
        added = await _do(connection, key, _ADD)
        await connection.execute(text("DROP TABLE agent_map_came"))
        done = Brought(added, changed, came - added - changed, removed)
        if before is None or added or changed or removed:
            await connection.execute(update(agent_maps).where(agent_maps.c.id == key).values(changed_at=now))
            detail = {"added": added, "changed": changed, "removed": removed}
            audit.note(connection, Entry("agent_map.import", _subject(name), detail, now))
    return done


#: Each number once: the caller has seen to it.
_STAGE = (
    "CREATE TEMPORARY TABLE agent_map_came "
    "(number varchar(16) NOT NULL PRIMARY KEY, agent varchar(10) NOT NULL, priority integer)"
)
_SAME = "agent_map_entries.map_id = :map AND agent_map_entries.number = c.number"
_REMOVE = (
    "DELETE FROM agent_map_entries WHERE map_id = :map "  # noqa: S608 - names of our own
    f"AND NOT EXISTS (SELECT 1 FROM agent_map_came c WHERE {_SAME})"
)
_CHANGE = (
    f"UPDATE agent_map_entries SET agent = c.agent, priority = c.priority FROM agent_map_came c WHERE {_SAME} "  # noqa: S608
    "AND (agent_map_entries.agent <> c.agent OR coalesce(agent_map_entries.priority, -1) <> coalesce(c.priority, -1))"
)
_ADD = (
    "INSERT INTO agent_map_entries (map_id, number, agent, priority) "  # noqa: S608 - the same
    "SELECT :map, c.number, c.agent, c.priority FROM agent_map_came c "
    f"WHERE NOT EXISTS (SELECT 1 FROM agent_map_entries WHERE {_SAME}) ORDER BY c.number"
)


async def _stage(connection: AsyncConnection, entries: list[Mapped]) -> int:
    await connection.execute(text(_STAGE))
    await insert_rows(connection, "agent_map_came", Mapped._fields, entries)
    if not is_sqlite(connection):
        await connection.execute(text("ANALYZE agent_map_came"))
    return len(entries)


async def _do(connection: AsyncConnection, key: int, statement: str) -> int:
    return (await connection.execute(text(statement), {"map": key})).rowcount


async def _ensured(
    connection: AsyncConnection, name: str, description: str | None, now: datetime
) -> tuple[int, str | None]:
    """The key of a list, made where there is none, and its name before: None where it is new."""
    made = insert_into(connection, agent_maps).values(
        name=name, description=description or "", created_at=now, changed_at=now
    )
    fresh = await connection.scalar(made.on_conflict_do_nothing(index_elements=["name"]).returning(agent_maps.c.id))
    if fresh is not None:
        return int(fresh), None
    if description is not None:
        await connection.execute(update(agent_maps).where(agent_maps.c.name == name).values(description=description))
    return await _key(connection, name), name


async def put(database: Database, name: str, entry: Mapped, now: datetime) -> Mapped | None:
    """Put one entry into a mapping list. Returns the one that it replaces. Raises NoAgentMapError."""
    async with database.writing() as connection:
        key = await _key(connection, name)
        before = await _entry(connection, key, entry.number)
        if before == entry:
            return before
        values = {"agent": entry.agent, "priority": entry.priority}
        row = insert_into(connection, agent_map_entries).values(map_id=key, number=entry.number, **values)
        await connection.execute(row.on_conflict_do_update(index_elements=["map_id", "number"], set_=values))
        await _touched(connection, key, now)
        detail: dict[str, Any] = {"map": name, **values}
        if before is not None:
            detail["before"] = {"agent": before.agent, "priority": before.priority}
        audit.note(connection, Entry("agent_map.add", entry.number, detail, now))
    return before


async def take_out(database: Database, name: str, number: str, now: datetime) -> Mapped:
    """Take a number out of a mapping list. Raises NoAgentMapError, NotFoundError."""
    async with database.writing() as connection:
        key = await _key(connection, name)
        before = await _entry(connection, key, number)
        if before is None:
            raise NotFoundError(f"{number} is not in mapping list {name!r}")
        of_number = (agent_map_entries.c.map_id == key) & (agent_map_entries.c.number == number)
        await connection.execute(delete(agent_map_entries).where(of_number))
        await _touched(connection, key, now)
        audit.note(connection, Entry("agent_map.remove", number, {"map": name, "agent": before.agent}, now))
    return before


async def drop(database: Database, name: str, now: datetime) -> int:
    """Delete a mapping list. Returns how many entries it had. Raises NoAgentMapError, AgentMapInUseError."""
    async with database.writing() as connection:
        key = await _key(connection, name)
        if users := (await _used(connection)).get(name):
            whom = f"campaign {users[0]!r} names" if len(users) == 1 else f"the campaigns {', '.join(users)} name"
            raise AgentMapInUseError(
                f"mapping list {name!r} cannot be deleted: {whom} it (own_agent.map); campaigns whose run is going on "
                "count as they were at its start"
            )
        gone = await connection.execute(delete(agent_map_entries).where(agent_map_entries.c.map_id == key))
        await connection.execute(delete(agent_maps).where(agent_maps.c.id == key))
        audit.note(connection, Entry("agent_map.delete", _subject(name), {"entries": gone.rowcount}, now))
        return gone.rowcount


async def every(database: Database) -> list[AgentMap]:
    """All mapping lists by name. Raises StoreError."""
    entries = agent_map_entries
    query = (
        select(
            agent_maps.c.name,
            agent_maps.c.description,
            func.count(entries.c.number),
            func.count(entries.c.agent.distinct()),
            agent_maps.c.changed_at,
        )
        .outerjoin(entries, entries.c.map_id == agent_maps.c.id)
        .group_by(agent_maps.c.id, agent_maps.c.name, agent_maps.c.description, agent_maps.c.changed_at)
        .order_by(agent_maps.c.name)
    )
    async with database.reading() as connection:
        used = await _used(connection)
        rows = await connection.execute(query)
        return [
            AgentMap(name, description, count, owners, at, tuple(used.get(name, ())))
            for name, description, count, owners, at in rows
        ]


async def names(database: Database) -> list[str]:
    """The mapping lists there are. Raises StoreError."""
    async with database.reading() as connection:
        return list(await connection.scalars(select(agent_maps.c.name).order_by(agent_maps.c.name)))


async def entries_of(
    database: Database, name: str, number: str | None = None, agent: str | None = None, limit: int = 1_000
) -> list[Mapped]:
    """The entries of a mapping list by number; of one number, or of one agent. Raises NoAgentMapError."""
    columns = agent_map_entries.c
    async with database.reading() as connection:
        query = select(columns.number, columns.agent, columns.priority)
        query = query.where(columns.map_id == await _key(connection, name)).order_by(columns.number).limit(limit)
        if number is not None:
            query = query.where(columns.number == number)
        if agent is not None:
            query = query.where(columns.agent == agent)
        return [Mapped(*row) for row in await connection.execute(query)]


async def agents_in(database: Database, name: str) -> Mapping[str, int]:
    """The agents of a mapping list, each with how many contacts are theirs. Raises NoAgentMapError."""
    columns = agent_map_entries.c
    async with database.reading() as connection:
        query = select(columns.agent, func.count()).where(columns.map_id == await _key(connection, name))
        rows = await connection.execute(query.group_by(columns.agent).order_by(columns.agent))
        return dict(list(rows))


async def of_campaign(connection: AsyncConnection, document: Campaign) -> int | None:
    """The key of the mapping list that a campaign names; None where it names none, or one that is not there."""
    if document.own_agent.map is None:
        return None
    found: int | None = await connection.scalar(_key_of(document.own_agent.map))
    return found


async def check(connection: AsyncConnection, document: Campaign) -> None:
    """Whether the mapping list that a campaign names is there. Raises NoAgentMapError."""
    if document.own_agent.map is not None:
        await _key(connection, document.own_agent.map, ": own_agent.map names it")


async def whose(connection: AsyncConnection, document: Campaign, number: str) -> Mapped | None:
    """What a campaign's mapping list says of a number."""
    key = await of_campaign(connection, document)
    return None if key is None else await _entry(connection, key, number)


async def _entry(connection: AsyncConnection, key: int, number: str) -> Mapped | None:
    columns = agent_map_entries.c
    query = select(columns.number, columns.agent, columns.priority)
    row = (await connection.execute(query.where(columns.map_id == key, columns.number == number))).first()
    return None if row is None else Mapped(*row)


def _key_of(name: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own type has no name for it
    return select(agent_maps.c.id).where(agent_maps.c.name == name)


async def _key(connection: AsyncConnection, name: str, why: str = "") -> int:
    found = await connection.scalar(_key_of(name))
    if found is None:
        known = (await connection.scalars(select(agent_maps.c.name).order_by(agent_maps.c.name))).all()
        there_is = f"there are: {', '.join(known)}" if known else "there is none yet"
        raise NoAgentMapError(
            f"no mapping list is named {name!r}{why}; {there_is}; make it: ami-dialer agent map import {name} FILE"
        )
    return int(found)


async def _touched(connection: AsyncConnection, key: int, now: datetime) -> None:
    await connection.execute(update(agent_maps).where(agent_maps.c.id == key).values(changed_at=now))


async def _used(connection: AsyncConnection) -> dict[str, list[str]]:
    """The campaigns that name each mapping list, now or in a run that is going on."""
    of_runs = select(campaigns.c.name, runs.c.document).join(runs, runs.c.campaign_id == campaigns.c.id)
    rows = [
        *(await connection.execute(select(campaigns.c.name, campaigns.c.document))).all(),
        *(await connection.execute(of_runs.where(runs.c.state.in_(GOING_ON)))).all(),
    ]
    found: dict[str, set[str]] = {}
    for campaign, document in rows:
        own = document.get("own_agent") if isinstance(document, dict) else None
        if isinstance(own, dict) and isinstance(name := own.get("map"), str):
            found.setdefault(name, set()).add(campaign)
    return {name: sorted(users) for name, users in found.items()}


def _subject(name: str) -> str:
    return f"agent_map:{name}"
