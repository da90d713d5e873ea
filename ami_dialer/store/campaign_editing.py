"""Campaigns made, changed, copied and deleted at run time. What config.yaml declares is changed there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.callback import CallbackState
from ami_dialer.domain.campaign import AT_REST, CampaignStatus
from ami_dialer.domain.changes import changes, digest
from ami_dialer.domain.errors import DialerError
from ami_dialer.store import audit, campaigns, schedules
from ami_dialer.store.audit import Entry
from ami_dialer.store.campaigns import Standing
from ami_dialer.store.database import Database
from ami_dialer.store.documents import MADE, as_json, read_document
from ami_dialer.store.pausing import OF_NO_RUN, TAKEN_ANEW
from ami_dialer.store.tables import answered_calls, attempts, callbacks, enrolments, run_lists, runs
from ami_dialer.store.tables import campaigns as campaign_rows

#: Keys of callbacks that are told.
_TOLD = 20


class NotEditableError(DialerError):
    """A campaign cannot be changed, or not in this status; the text says why and what to do."""


class CampaignInUseError(DialerError):
    """Something refers to a campaign: it is not deleted."""


class NameTakenError(DialerError):
    """There is a campaign of that name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What an edit did."""

    status: CampaignStatus
    #: By key: the value before and the one after.
    changes: dict[str, Any]


async def create(database: Database, name: str, document: Campaign, now: datetime, machine_zone: str) -> Standing:
    """Make a campaign. Raises NameTakenError."""
    async with database.writing() as connection:
        return await _create(connection, name, as_json(document), {}, now, machine_zone)


async def clone(database: Database, name: str, new: str, now: datetime, machine_zone: str) -> Standing:
    """Make a copy of a campaign, without its schedule, as a draft that starts by hand.

    Raises NotFoundError, NameTakenError, OutdatedDocumentError.
    """
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        read_document(Campaign, name, standing.document)
        stored = {key: value for key, value in standing.document.items() if key != "schedule"}
        stored["start"] = "by-hand"
        return await _create(connection, new, stored, {"cloned_from": name}, now, machine_zone)


async def _create(
    connection: AsyncConnection,
    name: str,
    stored: dict[str, Any],
    detail: dict[str, Any],
    now: datetime,
    machine_zone: str,
) -> Standing:
    if await connection.scalar(select(campaign_rows.c.id).where(campaign_rows.c.name == name)) is not None:
        raise NameTakenError(f"there is a campaign {name!r} already; choose another name, or edit that one")
    values = {"name": name, "origin": MADE, "document": stored, "status": CampaignStatus.DRAFT}
    key: int = (await connection.scalars(insert(campaign_rows).values(values).returning(campaign_rows.c.id))).one()
    detail = {**detail, "after": digest(stored), "changes": changes({}, stored)}
    entries = [Entry("campaign.add", f"campaign:{name}", detail, now)]
    entries += _exemptions(name, {}, stored, now)
    audit.note(connection, *entries)
    await schedules.put_into_force(connection, await campaigns.locked(connection, key), now, machine_zone)
    return await campaigns.locked(connection, key)


async def change(database: Database, name: str, stored: dict[str, Any], now: datetime, machine_zone: str) -> Changed:
    """Replace the document of a campaign by one that is checked. Raises NotFoundError, NotEditableError."""
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        before = standing.document if isinstance(standing.document, dict) else {}
        told = changes(before, stored)
        if told:
            refuse_change(standing, changed_keys(before, stored))
            await campaigns.write(connection, standing.id, document=stored, origin=MADE)
            detail = {"before": digest(before), "after": digest(stored), "changes": told}
            campaigns.note(connection, "campaign.change", standing, detail, now)
            audit.note(connection, *_exemptions(name, before, stored, now))
            standing = await campaigns.locked(connection, standing.id)
            await schedules.put_into_force(connection, standing, now, machine_zone)
        return Changed((await campaigns.locked(connection, standing.id)).status, told)


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The keys at the top of a document whose values differ."""
    return [key for key in Campaign.model_fields if before.get(key) != after.get(key)]


def refuse_change(standing: Standing, keys: list[str]) -> None:
    """Raise NotEditableError where one of these keys may not be changed while the campaign stands so."""
    name, status = standing.name, standing.status
    if status in AT_REST:
        return
    if status is CampaignStatus.ARCHIVED:
        raise NotEditableError(
            f"campaign {name!r} is archived; bring it back first: ami-dialer campaign restore {name}"
        )
    if status is CampaignStatus.RUNNING:
        raise NotEditableError(
            f"campaign {name!r} is running, and people are called by what it says; pause it first: "
            f"ami-dialer campaign pause {name}"
        )
    fixed = [key for key in keys if key not in TAKEN_ANEW | OF_NO_RUN]
    if fixed:
        free = ", ".join(sorted(TAKEN_ANEW | OF_NO_RUN))
        raise NotEditableError(
            f"campaign {name!r} is paused: {', '.join(fixed)} cannot be changed, because the run that waits has begun "
            f"with {'it' if len(fixed) == 1 else 'them'}; stop it first (ami-dialer campaign stop {name}). "
            f"What can be changed now: {free}"
        )


async def remove(database: Database, name: str, now: datetime) -> None:
    """Delete a campaign that has never called anybody, with its runs. Raises NotFoundError, CampaignInUseError."""
    async with database.writing() as connection:
        standing = await campaigns.named(connection, name)
        own = select(runs.c.id).where(runs.c.campaign_id == standing.id)
        if standing.status not in AT_REST | {CampaignStatus.ARCHIVED}:
            raise CampaignInUseError(f"campaign {name!r} cannot be deleted: it is {standing.status}; stop it first")
        called = await connection.scalar(select(func.count()).where(attempts.c.run_id.in_(own)))
        answered = await connection.scalar(select(exists().where(answered_calls.c.campaign_id == standing.id)))
        if called or answered:
            count = len((await connection.scalars(own)).all())
            raise CampaignInUseError(
                f"campaign {name!r} cannot be deleted: {called:,} {'attempt' if called == 1 else 'attempts'} in "
                f"{count:,} {'run' if count == 1 else 'runs'} refer to it, and records of calls must be kept; put it "
                f"away instead: ami-dialer campaign archive {name}"
            )
        waiting = (callbacks.c.campaign_id == standing.id, callbacks.c.state == CallbackState.WAITING)
        keys = (await connection.scalars(select(callbacks.c.id).where(*waiting).order_by(callbacks.c.id))).all()
        if keys:
            raise CampaignInUseError(
                f"campaign {name!r} cannot be deleted: {len(keys):,} of its callbacks wait; take them back first: "
                f"ami-dialer callback cancel {' '.join(map(str, keys[:_TOLD]))}"
            )
        await connection.execute(delete(callbacks).where(callbacks.c.campaign_id == standing.id))
        for table in (run_lists, enrolments):
            await connection.execute(delete(table).where(table.c.run_id.in_(own)))
        await connection.execute(delete(runs).where(runs.c.campaign_id == standing.id))
        await connection.execute(delete(campaign_rows).where(campaign_rows.c.id == standing.id))
        detail = {"status": standing.status, "before": digest(standing.document), "document": standing.document}
        campaigns.note(connection, "campaign.delete", standing, detail, now)


def _exemptions(name: str, before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> list[Entry]:
    """Rules of law that it is freed of, or not any more: recorded singly."""
    then, since = before.get("exemptions") or [], after.get("exemptions") or []
    subject = f"campaign:{name}"
    return [Entry("campaign.exempt", subject, each, now) for each in since if each not in then] + [
        Entry("campaign.unexempt", subject, each, now) for each in then if each not in since
    ]
