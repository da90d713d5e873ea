"""The log of fetches: each time a list's API was asked, what came of it, and the answers that are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, and_, delete, exists, insert, literal, select, update

from ami_dialer.domain.errors import NotFoundError
from ami_dialer.domain.intake import FetchState, ListState
from ami_dialer.store import lists as stored_lists
from ami_dialer.store.database import Database
from ami_dialer.store.lists import Users
from ami_dialer.store.tables import fetches, list_members, lists

#: So many fetches of each list stay in the log.
MOST_LOGGED = 10_000
#: Of a failing list so many fetches are looked at to find out how long it has failed.
_LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class NewFetch:
    """A fetch that has just ended."""

    list_id: int
    #: When the API was asked: the same as the list's fetched_at.
    at: datetime
    ended_at: datetime
    state: FetchState
    campaigns: tuple[str, ...]
    contacts: int
    description: str
    field_names: list[str]
    #: Gzipped; None where there is none, or it is too large.
    answer: bytes | None
    #: Seconds that the API wants to be left alone.
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedFetch:
    """A fetch as the log has it."""

    id: int
    list_name: str
    at: datetime
    ended_at: datetime | None
    state: FetchState
    campaigns: tuple[str, ...]
    contacts: int
    description: str
    #: Whether the answer can be exported.
    kept: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for in the log. None: whatever."""

    list_name: str | None = None
    campaign: str | None = None
    state: FetchState | None = None
    #: In the description, whatever its capitals.
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """When a list was asked last, and how often in a row that failed."""

    list_id: int
    fetched_at: datetime | None
    failures: int
    #: Seconds that the API wanted to be left alone when it was asked last.
    retry_after: float | None = None


async def claim(database: Database, list_id: int, before: datetime | None, now: datetime) -> bool:
    """Note that the list is being asked now, unless somebody else was quicker since `before`."""
    same = lists.c.fetched_at.is_(None) if before is None else lists.c.fetched_at == before
    async with database.writing() as connection:
        result = await connection.execute(
            update(lists).where(lists.c.id == list_id, same).values(fetched_at=now).returning(lists.c.id)
        )
        return result.first() is not None


async def add(database: Database, fetch: NewFetch, keep: int) -> int:
    """Log a fetch; the answers of the `keep` newest fetches of its list stay. Returns its key."""
    values = {
        "list_id": fetch.list_id,
        "at": fetch.at,
        "ended_at": fetch.ended_at,
        "state": fetch.state,
        "campaigns": ",".join(fetch.campaigns),
        "contacts": fetch.contacts,
        "description": fetch.description,
        "retry_after": fetch.retry_after,
        "field_names": orjson.dumps(fetch.field_names).decode(),
        "answer": fetch.answer if keep else None,
    }
    of_list = fetches.c.list_id == fetch.list_id
    with_answer = select(fetches.c.id).where(of_list, fetches.c.answer.is_not(None)).order_by(fetches.c.id.desc())
    logged = select(fetches.c.id).where(of_list).order_by(fetches.c.id.desc())
    async with database.writing() as connection:
        key = (await connection.scalars(insert(fetches).values(values).returning(fetches.c.id))).one()
        old = (await connection.scalars(with_answer.offset(keep))).all()
        await connection.execute(update(fetches).where(fetches.c.id.in_(old)).values(answer=None))
        last = await connection.scalar(logged.offset(MOST_LOGGED).limit(1))
        if last is not None:
            await connection.execute(delete(fetches).where(of_list, fetches.c.id <= last))
    return int(key)


async def search(database: Database, wanted: Wanted, limit: int) -> list[LoggedFetch]:
    """The newest fetches that match, newest first. Raises NotFoundError for a list that does not exist."""
    query = select(
        fetches.c.id,
        lists.c.name,
        fetches.c.at,
        fetches.c.ended_at,
        fetches.c.state,
        fetches.c.campaigns,
        fetches.c.contacts,
        fetches.c.description,
        fetches.c.answer.is_not(None).label("kept"),
    ).join(lists, lists.c.id == fetches.c.list_id)
    if wanted.list_name is not None:
        query = query.where(fetches.c.list_id == await stored_lists.list_id(database, wanted.list_name))
    async with database.reading() as connection:
        rows = await connection.execute(_matching(query, wanted).order_by(fetches.c.id.desc()).limit(limit))
        return [
            LoggedFetch(
                row.id,
                row.name,
                row.at,
                row.ended_at,
                FetchState(row.state),
                tuple(row.campaigns.split(",")) if row.campaigns else (),
                row.contacts,
                row.description,
                row.kept,
            )
            for row in rows
        ]


def _matching(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.campaign is not None:
        named = literal(",").concat(fetches.c.campaigns).concat(",")
        query = query.where(named.contains(f",{wanted.campaign},", autoescape=True))
    if wanted.state is not None:
        query = query.where(fetches.c.state == wanted.state)
    if wanted.text is not None:
        query = query.where(fetches.c.description.icontains(wanted.text, autoescape=True))
    if wanted.since is not None:
        query = query.where(fetches.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(fetches.c.at < wanted.until)
    return query


async def answer_of(database: Database, key: int) -> bytes:
    """The answer of a fetch, gzipped. Raises NotFoundError where it is not kept."""
    async with database.reading() as connection:
        row = (await connection.execute(select(fetches.c.answer).where(fetches.c.id == key))).first()
    if row is None:
        raise NotFoundError(f"there is no fetch {key}; `ami-dialer list fetches` shows those there are")
    if row.answer is None:
        raise NotFoundError(
            f"the answer of fetch {key} is not kept: it failed, was too large, or is older than the "
            "`fetching: {keep: …}` newest ones of its list"
        )
    return bytes(row.answer)


async def last_field_names(database: Database, list_id: int) -> list[str]:
    """The names of the fields when the list last had contacts; empty where it never had."""
    query = (
        select(fetches.c.field_names)
        .where(fetches.c.list_id == list_id, fetches.c.state == FetchState.COMPLETED, fetches.c.contacts > 0)
        .order_by(fetches.c.id.desc())
        .limit(1)
    )
    async with database.reading() as connection:
        found = await connection.scalar(query)
    return list(orjson.loads(found)) if found else []


async def standing(database: Database, names: list[str]) -> dict[str, Standing]:
    """How these lists stand, by name.

    A list that was asked and has no fetch of that moment in the log was cut off then: that counts as a failure.
    """
    found = {}
    async with database.reading() as connection:
        known = await connection.execute(
            select(lists.c.id, lists.c.name, lists.c.fetched_at).where(lists.c.name.in_(names))
        )
        for key, name, fetched_at in known.all():
            query = select(fetches.c.at, fetches.c.state, fetches.c.retry_after).where(fetches.c.list_id == key)
            last = (await connection.execute(query.order_by(fetches.c.id.desc()).limit(_LOOKED_AT))).all()
            states = [FetchState(row.state) for row in last]
            failures = next((n for n, state in enumerate(states) if state is FetchState.COMPLETED), len(states))
            cut_off = fetched_at is not None and (not last or last[0].at < fetched_at)
            retry_after = last[0].retry_after if last and not cut_off else None
            found[name] = Standing(key, fetched_at, failures + cut_off, retry_after)
    return found


async def users_of(database: Database, name: str) -> Users:
    """Campaigns that use the list, and runs that go on with it."""
    async with database.reading() as connection:
        return (await stored_lists.users(connection)).get(name, Users((), {}))


async def mark_failed(database: Database, list_id: int, why: str) -> None:
    """Say at the list why it could not be fetched. It keeps the contacts it has."""
    async with database.writing() as connection:
        await connection.execute(
            update(lists).where(lists.c.id == list_id).values(state=ListState.INVALID, trouble=why)
        )


async def mark_recovered(database: Database, list_id: int) -> None:
    """The API answers again, with what the list holds already."""
    somebody = exists().where(list_members.c.list_id == list_id)
    broken = and_(lists.c.id == list_id, lists.c.state == ListState.INVALID, somebody)
    async with database.writing() as connection:
        await connection.execute(update(lists).where(broken).values(state=ListState.VALIDATED, trouble=None))
