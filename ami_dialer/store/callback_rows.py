"""Callbacks as they are asked for by commands and by the engine."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.callback import OPEN, Callback, CallbackSource, CallbackState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store.database import Database
from ami_dialer.store.tables import (
    callbacks,
    campaigns,
    contact_phones,
    contacts,
    enrolments,
    list_members,
    lists,
    runs,
)


@dataclass(frozen=True, slots=True)
class Seen(Callback):
    """A callback with the name of its campaign, as commands and events show it."""

    campaign: str = ""


def query() -> Select[Any]:
    """Callbacks with the name of their campaign; `as_seen` makes objects of the rows."""
    return select(*callbacks.c, campaigns.c.name).join(campaigns, campaigns.c.id == callbacks.c.campaign_id)


def as_seen(row: Sequence[Any]) -> Seen:
    """A callback from a row of `query`."""
    *values, campaign = tuple(row)
    return Seen(**_values(values), campaign=campaign)


def as_callback(row: Sequence[Any]) -> Callback:
    """A callback from its row."""
    return Callback(**_values(row))


def _values(row: Sequence[Any]) -> dict[str, Any]:
    values = dict(zip((column.name for column in callbacks.c), row, strict=True))
    return {**values, "state": CallbackState(values["state"]), "source": CallbackSource(values["source"])}


async def open_of(
    connection: AsyncConnection, run_id: int, contact_ids: Collection[int], now: datetime | None
) -> dict[int, int]:
    """The callbacks of a run's campaign that a call placed now would keep, by contact: those that are due, or late.

    With None for `now` those that are not due yet too.
    """
    of_run = select(runs.c.campaign_id).where(runs.c.id == run_id).scalar_subquery()
    newest = (
        select(func.max(callbacks.c.id).label("id"))
        .where(callbacks.c.contact_id.in_(contact_ids), callbacks.c.campaign_id == of_run)
        .where(callbacks.c.state != CallbackState.CANCELLED)
        .group_by(callbacks.c.contact_id)
    )
    found = select(callbacks.c.contact_id, callbacks.c.id).where(
        callbacks.c.id.in_(newest), callbacks.c.state.in_(OPEN)
    )
    if now is not None:
        found = found.where(callbacks.c.at <= now)
    return {row[0]: row[1] for row in await connection.execute(found)}


class Waits(NamedTuple):
    """Whom a callback that waits is for, and when."""

    campaign_id: int
    contact_id: int
    at: datetime


async def waiting(database: Database) -> dict[int, Waits]:
    """All that wait, by key: asked each second, and so no more than that is read of them."""
    found = select(callbacks.c.id, callbacks.c.campaign_id, callbacks.c.contact_id, callbacks.c.at).where(
        callbacks.c.state == CallbackState.WAITING, callbacks.c.campaign_id.in_(select(campaigns.c.id))
    )
    async with database.reading() as connection:
        return {key: Waits(*rest) for key, *rest in await connection.execute(found)}


async def load(database: Database, keys: Collection[int]) -> list[Seen]:
    """Callbacks by key, oldest first."""
    async with database.reading() as connection:
        rows = await connection.execute(query().where(callbacks.c.id.in_(keys)).order_by(callbacks.c.id))
        return [as_seen(row) for row in rows]


async def find(
    database: Database,
    *,
    campaign: str | None = None,
    states: Collection[CallbackState] = (),
    agent: str | None = None,
    number: str | None = None,
    before: datetime | None = None,
    limit: int = 1_000,
) -> list[Seen]:
    """Callbacks by campaign, state, agent, number and time, by their time; all where nothing is said."""
    found = query().order_by(callbacks.c.at, callbacks.c.id).limit(limit)
    if campaign is not None:
        found = found.where(campaigns.c.name == campaign)
    if states:
        found = found.where(callbacks.c.state.in_(states))
    if agent is not None:
        found = found.where(callbacks.c.agent == agent)
    if number is not None:
        found = found.where(callbacks.c.number == number)
    if before is not None:
        found = found.where(callbacks.c.at < before)
    async with database.reading() as connection:
        return [as_seen(row) for row in await connection.execute(found)]


async def counts(database: Database, campaign_id: int) -> dict[CallbackState, int]:
    """How many of a campaign stand in which state; none for states that have none."""
    found = (
        select(callbacks.c.state, func.count())
        .where(callbacks.c.campaign_id == campaign_id)
        .group_by(callbacks.c.state)
    )
    async with database.reading() as connection:
        return {CallbackState(state): count for state, count in await connection.execute(found)}


async def contact_with(database: Database, campaign_id: int, number: str) -> int:
    """The contact of a campaign with this number on any phone: of its newest run first, else of its lists.

    Raises NotFoundError.
    """
    of_campaign = select(runs.c.id).where(runs.c.campaign_id == campaign_id)
    in_runs = select(enrolments.c.contact_id).where(enrolments.c.run_id.in_(of_campaign), enrolments.c.number == number)
    async with database.reading() as connection:
        document = await connection.scalar(select(campaigns.c.document).where(campaigns.c.id == campaign_id))
        own = list_members.c.list_id.in_(select(lists.c.id).where(lists.c.name.in_(_lists_of(document))))
        members = select(list_members.c.contact_id).where(own, list_members.c.number == number)
        is_member = exists().where(
            own, list_members.c.number == contacts.c.number, list_members.c.contact_id == contacts.c.id
        )
        further = (
            select(contact_phones.c.contact_id)
            .join(contacts, contacts.c.id == contact_phones.c.contact_id)
            .where(contact_phones.c.number == number, is_member)
        )
        newest = in_runs.order_by(enrolments.c.run_id.desc(), enrolments.c.id).limit(1)
        found = await connection.scalar(newest)
        if found is None:
            found = await connection.scalar(select(func.min(union(further, members).subquery().c.contact_id)))
    if found is None:
        raise NotFoundError(
            f"no contact of the campaign has the number {number}: it is in no run of it and on none of its lists; "
            "import it into one of them first"
        )
    return int(found)


def _lists_of(document: object) -> list[str]:
    named = document.get("lists") if isinstance(document, dict) else None
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
