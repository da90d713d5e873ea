"""Runs and who is enrolled in them."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.changes import digest
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.intake import ImportState, ListState
from ami_dialer.store import audit, enrolling, live, scrub
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.documents import as_json, read_document
from ami_dialer.store.tables import campaigns, imports, lists, run_lists, runs


class ListsNotReadyError(DialerError):
    """A list of the campaign is being imported: a run that began now would call some of it only."""


class AlreadyRunningError(DialerError):
    """A campaign has one run at a time."""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a campaign."""

    id: int
    campaign_id: int
    campaign: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    document: Campaign


def run_query() -> Select[Any]:
    """Runs with the name of their campaign; `as_run` makes objects of the rows."""
    return select(
        runs.c.id,
        runs.c.campaign_id,
        campaigns.c.name,
        runs.c.state,
        runs.c.started_at,
        runs.c.ended_at,
        runs.c.document,
    ).join(campaigns, campaigns.c.id == runs.c.campaign_id)


def as_run(row: Row[Any]) -> Run:
    """A run from a row of `run_query`."""
    key, campaign_id, name, state, started_at, ended_at, document = tuple(row)
    campaign = read_document(Campaign, name, document, run=key)
    return Run(key, campaign_id, name, RunState(state), started_at, ended_at, campaign)


async def running(database: Database) -> list[Run]:
    """The runs that are going on."""
    async with database.reading() as connection:
        rows = await connection.execute(run_query().where(runs.c.state == RunState.RUNNING).order_by(runs.c.id))
        return [as_run(row) for row in rows]


async def load(database: Database, keys: Collection[int]) -> list[Run]:
    """Runs by key, whatever their state."""
    async with database.reading() as connection:
        return [as_run(row) for row in await connection.execute(run_query().where(runs.c.id.in_(keys)))]


async def running_ids(database: Database) -> set[int]:
    """Keys of the runs that are going on: what a tick asks."""
    async with database.reading() as connection:
        return set(await connection.scalars(select(runs.c.id).where(runs.c.state == RunState.RUNNING)))


async def newest(database: Database, campaign_key: int) -> Run | None:
    """The latest run of a campaign."""
    async with database.reading() as connection:
        row = (
            await connection.execute(
                run_query().where(runs.c.campaign_id == campaign_key).order_by(runs.c.id.desc()).limit(1)
            )
        ).first()
    return None if row is None else as_run(row)


async def start(database: Database, campaign_key: int, document: Campaign, now: datetime) -> int:
    """Begin a run: enrol every contact of its lists, once per number, and take out who must not be called.

    One transaction: a run is there whole or not at all. Returns its key. Raises AlreadyRunningError,
    ListsNotReadyError.
    """
    async with database.writing() as connection:
        # PostgreSQL: one start of a campaign at a time. SQLite has one writer anyhow.
        named = select(campaigns.c.name).where(campaigns.c.id == campaign_key).with_for_update()
        name = await connection.scalar(named)
        going_on = await connection.scalar(
            select(runs.c.id).where(runs.c.campaign_id == campaign_key, runs.c.state == RunState.RUNNING)
        )
        if going_on is not None:
            raise AlreadyRunningError(f"run {going_on} of this campaign is still going on; only one at a time")
        await _check_lists(connection, document)
        run_id: int = (
            await connection.scalars(
                insert(runs)
                .values(campaign_id=campaign_key, state=RunState.RUNNING, started_at=now, document=as_json(document))
                .returning(runs.c.id)
            )
        ).one()
        attached = await enrolling.attached(connection, document)
        await live.attach(connection, run_id, attached, document.live)
        enrolled = await enrolling.enrol(connection, run_id, attached, document.filter, now)
        barred = await scrub.at_start(connection, run_id, document, now)
        stored = as_json(document)
        detail = {
            "run": run_id,
            "lists": document.lists,
            "live": document.live,
            "contacts": enrolled,
            "barred": barred,
            "document": digest(stored),
            "exemptions": stored.get("exemptions", []),
        }
        audit.note(connection, Entry("campaign.start", f"campaign:{name}", detail, now))
    return run_id


async def _check_lists(connection: AsyncConnection, document: Campaign) -> None:
    half = (
        select(lists.c.name, lists.c.document, imports.c.source)
        .outerjoin(imports, and_(imports.c.list_id == lists.c.id, imports.c.state == ImportState.RUNNING))
        .where(lists.c.name.in_(document.lists), lists.c.state == ListState.VALIDATING)
        .order_by(lists.c.name)
    )
    told = [
        f"an import into {name} is going on or was cut off; wait for its end, or go on with it: "
        f"ami-dialer {_going_on_with(name, settings, source)}; where it cannot: ami-dialer list give-up {name}"
        for name, settings, source in await connection.execute(half)
    ]
    if told:
        raise ListsNotReadyError("\n".join(told))


def _going_on_with(name: str, settings: dict[str, Any], source: str | None) -> str:
    """The command that takes up the import of `source` into the list `name`."""
    if settings.get("api") is not None:
        return f"list fetch {name}"
    if source is None or source == settings.get("file"):
        return f"list import {name}"
    return f"list import {name} --file {shlex.quote(source)}"


async def end(database: Database, run_id: int, state: RunState, now: datetime) -> bool:
    """End a run that is going on. False when it had ended already."""
    going_on = and_(runs.c.id == run_id, runs.c.state == RunState.RUNNING)
    async with database.writing() as connection:
        ended = update(runs).where(going_on).values(state=state, ended_at=now)
        return await _note_end(
            connection, run_id, await connection.scalar(ended.returning(runs.c.campaign_id)), state, now
        )


async def complete(database: Database, run_id: int, now: datetime) -> bool:
    """End a run in which nobody is left. False while a list of it is live: it waits for new contacts."""
    is_live = exists().where(run_lists.c.run_id == run_id, run_lists.c.live)
    going_on = and_(runs.c.id == run_id, runs.c.state == RunState.RUNNING)
    async with database.writing() as connection:
        if await connection.scalar(select(is_live)):
            return False
        state = RunState.COMPLETED
        ended = update(runs).where(going_on).values(state=state, ended_at=now).returning(runs.c.campaign_id)
        await _note_end(connection, run_id, await connection.scalar(ended), state, now)
        return True


async def _note_end(
    connection: AsyncConnection, run_id: int, campaign: int | None, state: RunState, now: datetime
) -> bool:
    if campaign is not None:
        name = await audit.name_of(connection, campaigns, campaign)
        audit.note(connection, Entry("campaign.end", f"campaign:{name}", {"run": run_id, "state": state}, now))
    return campaign is not None
