"""Schedules of campaigns in SQL: put into force, taken off, and their starts made or left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.plans import plan_of
from ami_dialer.domain.campaign import GOING_ON, CampaignAction, CampaignStatus, IllegalActionError
from ami_dialer.domain.changes import digest
from ami_dialer.domain.enrolment import GOING_ON as RUNS_GOING_ON
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import DialerError
from ami_dialer.rules.schedule import Plan, Start, missed, next_start, still_good
from ami_dialer.store import campaigns, lists, runs
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.documents import OutdatedDocumentError, read_document
from ami_dialer.store.tables import campaigns as campaign_rows
from ami_dialer.store.tables import runs as run_rows

#: Starts that were left out are recorded singly up to so many; of more only the number is told.
_TOLD = 20
_INSTANT = timedelta(microseconds=1)
_DOWN = "the dialer was not running"
_PAUSED = "the campaign was paused"
_EMERGENCY = "the campaign was running as an emergency"


class NobodyToCallError(DialerError):
    """The lists of a campaign hold no contacts."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of the starts of a campaign that have come."""

    #: The run that began; None where none did.
    run: int | None
    start: Start | None
    #: The run that was stopped for it.
    stopped: int | None
    #: Starts that nobody made, and why.
    left_out: list[Start] = field(default_factory=list)
    why: str = ""
    next_start_at: datetime | None = None


async def apply(database: Database, now: datetime, machine_zone: str) -> list[str]:
    """Put every schedule into force that was written anew or changed. Returns the campaigns it was done for."""
    done = []
    for standing in await campaigns.standings(database):
        if _digest(standing.document) == standing.schedule_digest:
            continue
        async with database.writing() as connection:
            if await put_into_force(connection, await campaigns.locked(connection, standing.id), now, machine_zone):
                done.append(standing.name)
    return done


async def put_into_force(
    connection: AsyncConnection, standing: Standing, now: datetime, machine_zone: str, *, again: bool = False
) -> bool:
    """Plan the next start of a campaign by its document, in the transaction that holds its row.

    False where nothing about its schedule is new; `again` puts one into force that it was taken off. Starts that
    have come already when a schedule is written are not made.
    """
    written = _digest(standing.document)
    if written == standing.schedule_digest and not again:
        return False
    try:
        document = read_document(Campaign, standing.name, standing.document)
    except OutdatedDocumentError:
        return False  # whoever starts it hears why
    plan = plan_of(document, machine_zone)
    following = None if plan is None or standing.status is CampaignStatus.ARCHIVED else next_start(plan, now)
    at = None if following is None else following.at
    if at is not None:
        await campaigns.move(connection, standing, CampaignAction.SCHEDULE, next_start_at=at, schedule_digest=written)
        campaigns.note(connection, "campaign.schedule", standing, {"next_start_at": at}, now)
    elif standing.next_start_at is not None:
        await campaigns.move(
            connection, standing, CampaignAction.UNSCHEDULE, next_start_at=None, schedule_digest=written
        )
        campaigns.note(connection, "campaign.unschedule", standing, {"was": standing.next_start_at}, now)
    else:
        await campaigns.write(connection, standing.id, schedule_digest=written)
    return True


async def switch_on(database: Database, name: str, now: datetime, machine_zone: str) -> None:
    """Put the schedule of a campaign into force again. Raises NotFoundError, IllegalActionError, DialerError."""
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        plan = plan_of(read_document(Campaign, name, standing.document), machine_zone)
        if plan is None:
            raise DialerError(f"campaign {name!r} has no schedule; write one: `schedule: {{start: 2026-12-01 09:00}}`")
        if next_start(plan, now) is None:
            raise DialerError(f"campaign {name!r}: no start of its schedule is left; write a later one")
        if standing.status is CampaignStatus.ARCHIVED:
            raise IllegalActionError(f"campaign {name!r}: it is archived; bring it back first: restore")
        await put_into_force(connection, standing, now, machine_zone, again=True)


async def unschedule(database: Database, name: str, now: datetime) -> CampaignStatus:
    """Take a campaign off its schedule; a run that is going on goes on. Returns its status.

    Raises NotFoundError, IllegalActionError.
    """
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        if standing.next_start_at is None:
            raise IllegalActionError(f"campaign {name!r}: it is not scheduled; no start of it is to come")
        status = await campaigns.move(connection, standing, CampaignAction.UNSCHEDULE, next_start_at=None)
        campaigns.note(connection, "campaign.unschedule", standing, {"was": standing.next_start_at}, now)
        return status


async def due(database: Database, at: datetime) -> list[Standing]:
    """The campaigns whose next start comes up to `at`, the earliest first."""
    query = select(campaign_rows.c.name).where(campaign_rows.c.next_start_at <= at)
    async with database.reading() as connection:
        names = list(await connection.scalars(query.order_by(campaign_rows.c.next_start_at, campaign_rows.c.id)))
    return [await campaigns.standing(database, name) for name in names]


async def begin(
    database: Database, campaign_id: int, now: datetime, machine_zone: str, why_not: str = ""
) -> Begun | None:
    """Make the start of a campaign that has come, and leave out those that it is too late for. One transaction.

    A run that is still going on is stopped for it. A paused one is left alone: its starts are left out. `why_not` is
    what kept the start from being made so far. None where no start has come. Raises DialerError where it cannot be
    made now; nothing has changed then.
    """
    async with database.writing() as connection:
        standing = await campaigns.locked(connection, campaign_id)
        if standing.next_start_at is None or standing.next_start_at > now:
            return None
        document = read_document(Campaign, standing.name, standing.document)
        plan = plan_of(document, machine_zone)
        come = [] if plan is None else missed(plan, standing.next_start_at - _INSTANT, now)
        if plan is None or not come:  # the rules of its zone have changed since it was planned
            following = None if plan is None else next_start(plan, now)
            at = None if following is None else following.at
            await campaigns.write(connection, standing.id, next_start_at=at)
            return None
        return await _begin(connection, standing, document, plan, come, now, why_not)


async def _begin(
    connection: AsyncConnection,
    standing: Standing,
    document: Campaign,
    plan: Plan,
    come: list[Start],
    now: datetime,
    why_not: str,
) -> Begun:
    start = come[-1]
    following = next_start(plan, start.at)
    at = None if following is None else following.at
    left_alone = await _left_alone(connection, standing)
    if left_alone or not still_good(plan, start, now):
        why = left_alone or why_not or _DOWN
        await _leave_out(connection, standing, come, why, at, now)
        return Begun(None, None, None, come, why, at)
    if not await lists.hold_contacts(connection, document.lists):
        raise NobodyToCallError(f"its lists ({', '.join(document.lists)}) hold no contacts")
    stopped = await runs.current(connection, standing.id) if standing.status in GOING_ON else None
    if stopped is not None:
        why = f"the next start of its schedule came, {start.at:%Y-%m-%d %H:%M} UTC"
        await runs.conclude(connection, standing, stopped, RunState.STOPPED, now, why)
        standing = await campaigns.locked(connection, standing.id)
    run = await runs.begin(connection, standing, document, now, CampaignAction.FALL_DUE, start)
    await campaigns.write(connection, standing.id, next_start_at=at)
    if come[:-1]:
        _note_left_out(connection, standing, come[:-1], _DOWN, at, now)
    return Begun(run, start, stopped, come[:-1], _DOWN if come[:-1] else "", at)


async def _left_alone(connection: AsyncConnection, standing: Standing) -> str:
    """Why no start of a schedule ends the run that is going on; "" where there is none, or the start ends it."""
    if standing.status is CampaignStatus.PAUSED:
        return _PAUSED
    emergency = select(run_rows.c.id).where(
        run_rows.c.campaign_id == standing.id, run_rows.c.emergency, run_rows.c.state.in_(RUNS_GOING_ON)
    )
    return "" if await connection.scalar(emergency) is None else _EMERGENCY


async def _leave_out(
    connection: AsyncConnection,
    standing: Standing,
    come: Sequence[Start],
    why: str,
    following: datetime | None,
    now: datetime,
) -> None:
    _note_left_out(connection, standing, come, why, following, now)
    if following is None and standing.status is CampaignStatus.SCHEDULED:
        trouble = f"the start of {come[-1].at:%Y-%m-%d %H:%M} UTC was not made: {why}"
        await campaigns.move(connection, standing, CampaignAction.FAIL, trouble=trouble, next_start_at=None)
    else:
        await campaigns.write(connection, standing.id, next_start_at=following)


def _note_left_out(
    connection: AsyncConnection,
    standing: Standing,
    come: Sequence[Start],
    why: str,
    following: datetime | None,
    now: datetime,
) -> None:
    detail = {
        "starts": [start.at for start in come[-_TOLD:]],
        "count": len(come),
        "why": why,
        "next_start_at": following,
    }
    campaigns.note(connection, "campaign.missed", standing, detail, now)


def _digest(document: Any) -> str | None:  # noqa: ANN401 - another version may have stored anything
    """What tells one schedule from another; None where there is none."""
    written = document.get("schedule") if isinstance(document, dict) else None
    if written is None:
        return None
    hours = document.get("hours")
    return digest([written, hours.get("zone") if isinstance(hours, dict) else None])
