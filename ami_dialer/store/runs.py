"""Runs and who is enrolled in them."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.campaign import GOING_ON as ACTIVE
from ami_dialer.domain.campaign import CampaignAction, CampaignStatus, IllegalActionError, advance
from ami_dialer.domain.changes import digest
from ami_dialer.domain.enrolment import GOING_ON, RunState
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.intake import ImportState, ListState
from ami_dialer.rules.schedule import Start
from ami_dialer.store import agent_maps, attempts, audit, callbacks, campaigns, enrolling, live, scrub
from ami_dialer.store.audit import Entry
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.documents import OutdatedDocumentError, as_json, legible_part, read_document
from ami_dialer.store.tables import campaigns as campaign_rows
from ami_dialer.store.tables import imports, lists, run_lists, runs


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
    #: The campaign as it is in this run; or why this version cannot read what another one stored.
    stored: Campaign | OutdatedDocumentError = field(repr=False)
    #: Of a document that cannot be read: what can, to end the calls that are going on.
    rest: Campaign | None = field(default=None, repr=False)
    #: The start of the campaign's schedule that began it; None where somebody did.
    scheduled_at: datetime | None = None
    #: Its schedule ends it then.
    ends_at: datetime | None = None
    #: Why it ended, where neither its last contact nor a stop did it; for people.
    why: str | None = None
    #: It goes before all others; no schedule ends it, and neither hours nor limit on calls of its campaign bind.
    emergency: bool = False

    @property
    def document(self) -> Campaign:
        """The campaign as it is in this run. Raises OutdatedDocumentError."""
        if isinstance(self.stored, OutdatedDocumentError):
            raise self.stored
        return self.stored

    @property
    def legible(self) -> Campaign:
        """The campaign as far as this version can read it: enough to end the calls that are going on."""
        return self.document if self.rest is None else self.rest

    @property
    def windows_bind(self) -> bool:
        """Whether `hours.windows` hold in it: not from start to end of a schedule that goes before them.

        In an emergency none of the campaign's hours do: `policy_of` sees to it.
        """
        schedule = self.legible.schedule
        return self.scheduled_at is None or self.ends_at is None or schedule is None or not schedule.precedence


def run_query() -> Select[Any]:
    """Runs with the name of their campaign; `as_run` makes objects of the rows."""
    return select(
        runs.c.id,
        runs.c.campaign_id,
        campaign_rows.c.name,
        runs.c.state,
        runs.c.started_at,
        runs.c.ended_at,
        runs.c.document,
        runs.c.scheduled_at,
        runs.c.ends_at,
        runs.c.why,
        runs.c.emergency,
    ).join(campaign_rows, campaign_rows.c.id == runs.c.campaign_id)


def as_run(row: Row[Any]) -> Run:
    """A run from a row of `run_query`."""
    key, campaign_id, name, state, started_at, ended_at, document, scheduled_at, ends_at, *rest_of_row = tuple(row)
    stored: Campaign | OutdatedDocumentError
    rest = None
    try:
        stored = read_document(Campaign, name, document, run=key)
    except OutdatedDocumentError as error:
        stored, rest = error, legible_part(document)
    return Run(
        key, campaign_id, name, RunState(state), started_at, ended_at, stored, rest, scheduled_at, ends_at, *rest_of_row
    )


async def running(database: Database) -> list[Run]:
    """The runs in which people are called."""
    async with database.reading() as connection:
        rows = await connection.execute(run_query().where(runs.c.state == RunState.RUNNING).order_by(runs.c.id))
        return [as_run(row) for row in rows]


async def load(database: Database, keys: Collection[int]) -> list[Run]:
    """Runs by key, whatever their state."""
    async with database.reading() as connection:
        return [as_run(row) for row in await connection.execute(run_query().where(runs.c.id.in_(keys)))]


async def of_attempt(database: Database, key: str) -> tuple[Attempt, Run] | None:
    """The attempt with this id and its run; None where it is not in this database."""
    attempt = await attempts.load(database, key)
    if attempt is None:
        return None
    [run] = await load(database, [attempt.run_id])
    return attempt, run


async def running_ids(database: Database) -> set[int]:
    """Keys of the runs in which people are called: what a tick asks."""
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


async def start(
    database: Database, campaign_key: int, document: Campaign, now: datetime, by: CampaignAction | None = None
) -> int:
    """Begin a run: enrol every contact of its lists, once per number, and take out who must not be called.

    Without `by` it is a start or a rerun, whichever fits. One transaction: a run is there whole or not at all, and the
    campaign is running. Returns its key.

    Raises AlreadyRunningError, IllegalActionError, ListsNotReadyError, NoAgentMapError.
    """
    async with database.bulk_writing() as connection:  # a row for each contact
        standing = await campaigns.locked(connection, campaign_key)
        if by is None:
            by = CampaignAction.START if standing.status is CampaignStatus.DRAFT else CampaignAction.RERUN
            going_on = await current(connection, campaign_key)
            if going_on is not None:
                raise AlreadyRunningError(f"run {going_on} of this campaign is still going on; only one at a time")
        return await begin(connection, standing, document, now, by)


async def begin(
    connection: AsyncConnection,
    standing: Standing,
    document: Campaign,
    now: datetime,
    by: CampaignAction,
    planned: Start | None = None,
) -> int:
    """As `start`, in the transaction of the caller, who holds the campaign's row; `planned` is of its schedule."""
    emergency = by is CampaignAction.EMERGENCY
    # After an emergency the campaign starts by hand: no start of its schedule comes in between either.
    status = await campaigns.move(connection, standing, by, **({"next_start_at": None} if emergency else {}))
    await _check_lists(connection, document)
    await agent_maps.check(connection, document)
    stored = as_json(document)
    values = {
        "campaign_id": standing.id,
        "state": RunState.RUNNING,
        "started_at": now,
        "document": stored,
        "scheduled_at": None if planned is None else planned.at,
        "ends_at": None if planned is None else planned.ends_at,
        "emergency": emergency,
    }
    run_id: int = (await connection.scalars(insert(runs).values(values).returning(runs.c.id))).one()
    attached = await enrolling.attached(connection, document)
    await live.attach(connection, run_id, attached, document.live)
    enrolled, barred = await scrub.enrol(connection, run_id, attached, document, now)
    await callbacks.take_up(connection, now, campaign_id=standing.id)
    detail = {
        "run": run_id,
        "by": by,
        "status": status,
        "lists": document.lists,
        "live": document.live,
        "contacts": enrolled,
        "barred": barred,
        "document": digest(stored),
        "exemptions": stored.get("exemptions", []),
        **({} if planned is None else {"scheduled_at": planned.at, "ends_at": planned.ends_at}),
    }
    audit.note(connection, Entry("campaign.start", f"campaign:{standing.name}", detail, now))
    return run_id


async def current(connection: AsyncConnection, campaign_key: int) -> int | None:
    """The run of a campaign that is not over."""
    query = select(runs.c.id).where(runs.c.campaign_id == campaign_key, runs.c.state.in_(GOING_ON))
    return (await connection.scalars(query.order_by(runs.c.id.desc()).limit(1))).first()


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


#: What the end of a run is to its campaign.
_ENDS = {
    RunState.COMPLETED: CampaignAction.COMPLETE,
    RunState.STOPPED: CampaignAction.STOP,
    RunState.FAILED: CampaignAction.FAIL,
}


async def end(database: Database, run_id: int, state: RunState, now: datetime, why: str | None = None) -> bool:
    """End a run that is going on, and move its campaign on. False when it had ended already.

    `why` is for people: needed where it failed, or where its schedule ends it.
    """
    async with database.writing() as connection:
        campaign = await connection.scalar(select(runs.c.campaign_id).where(runs.c.id == run_id))
        if campaign is None:
            return False
        return await conclude(connection, await campaigns.locked(connection, campaign), run_id, state, now, why)


async def conclude(
    connection: AsyncConnection, standing: Standing, run_id: int, state: RunState, now: datetime, why: str | None = None
) -> bool:
    """As `end`, in the transaction of the caller, who holds the campaign's row."""
    going_on = and_(runs.c.id == run_id, runs.c.state.in_(GOING_ON))
    ended = update(runs).where(going_on).values(state=state, ended_at=now, why=why).returning(runs.c.id)
    if await connection.scalar(ended) is None:
        return False
    await callbacks.run_over(connection, run_id, now)
    status = standing.status
    if status in ACTIVE:
        trouble = why if state is RunState.FAILED else None
        status = await campaigns.move(connection, standing, _ENDS[state], trouble=trouble)
    detail = {"run": run_id, "state": state, "status": status, **({} if why is None else {"why": why})}
    audit.note(connection, Entry("campaign.end", f"campaign:{standing.name}", detail, now))
    return True


async def stop(database: Database, name: str, now: datetime) -> int:
    """End the run of a campaign that is going on, for good. Returns its key.

    Raises NotFoundError, and IllegalActionError where none is going on.
    """
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        advance(name, standing.status, CampaignAction.STOP)
        run_id = await current(connection, standing.id)
        if run_id is None or not await conclude(connection, standing, run_id, RunState.STOPPED, now):
            raise IllegalActionError(f"campaign {name!r}: no run of it is going on")
        return run_id


async def complete(database: Database, run_id: int, now: datetime) -> bool:
    """End a run in which nobody is left. False while a list of it is live, or it is paused: it waits.

    True also where it was ended meanwhile.
    """
    is_live = exists().where(run_lists.c.run_id == run_id, run_lists.c.live)
    async with database.writing() as connection:
        if await connection.scalar(select(is_live)):
            return False
        standing = await campaigns.locked(connection, await _campaign_of(connection, run_id))
        if standing.status is CampaignStatus.PAUSED:
            return False
        if await callbacks.take_up(connection, now, campaign_id=standing.id):
            return False  # somebody was asked for while the last call went on
        await conclude(connection, standing, run_id, RunState.COMPLETED, now)
        return True


async def _campaign_of(connection: AsyncConnection, run_id: int) -> int:
    key: int = (await connection.scalars(select(runs.c.campaign_id).where(runs.c.id == run_id))).one()
    return key


async def over(database: Database, now: datetime) -> list[Run]:
    """The runs that are going on although the end of their schedule has come."""
    due = and_(runs.c.state.in_(GOING_ON), runs.c.ends_at <= now)
    async with database.reading() as connection:
        return [as_run(row) for row in await connection.execute(run_query().where(due).order_by(runs.c.id))]
