"""What a start of a campaign would come to, without one.

The very statements of a start are carried out, on a temporary table that stands before `enrolments` for this one
connection: what the preview counts is what the start does, and nothing is written.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.filter import BUILT_IN, columns_of
from ami_dialer.config.lists import ContactList
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store import agent_maps, enrolling, scrub
from ami_dialer.store.database import Database
from ami_dialer.store.enrolling import Attached
from ami_dialer.store.filters import field_text
from ami_dialer.store.tables import contacts, enrolments, list_members

#: Key of the run that is not there.
NO_RUN = 0


@dataclass(frozen=True, slots=True)
class WouldBeCalled:
    """A contact that would be called."""

    contact: int
    number: str
    fields: dict[str, str]


@dataclass(slots=True)
class Preview:
    """What a start would come to."""

    campaign: str
    #: Contacts of each list; None where the list is not stored yet.
    lists: dict[str, int | None]
    contacts: int
    #: Of these, numbers that stand on a list before.
    doubles: int
    #: Who would be left out, by what does it: the condition, the list whose time is over, the do-not-call entry.
    filter_excluded: dict[str, int] = field(default_factory=dict)
    expired: dict[str, int] = field(default_factory=dict)
    dnc_excluded: dict[str, int] = field(default_factory=dict)
    left: int = 0
    #: Columns of the filter that no contact has.
    unknown_columns: list[str] = field(default_factory=list)
    #: Some of those who are left, in the order in which they would be called.
    sample: list[WouldBeCalled] = field(default_factory=list)


async def preview(
    database: Database,
    name: str,
    document: Campaign,
    written: Mapping[str, ContactList],
    now: datetime,
    sample: int = 0,
) -> Preview:
    """Count what a start of the campaign would do now. `written` are lists as config.yaml has them."""
    async with carried_out(database, name, document, written, now) as (connection, found, of):
        found.unknown_columns = await _unknown_columns(connection, document, of)
        found.sample = await _sample(connection, sample)
    return found


@asynccontextmanager
async def carried_out(
    database: Database, name: str, document: Campaign, written: Mapping[str, ContactList], now: datetime
) -> AsyncIterator[tuple[AsyncConnection, Preview, list[Attached]]]:
    """A start of the campaign: on this connection its enrolments are in `enrolments`, with the key `NO_RUN`.

    Nothing of it is left after the block.
    """
    async with database.reading() as connection:
        await stand_before(connection)
        try:
            await agent_maps.check(connection, document)
            of = await enrolling.attached(connection, document, written)
            counts = {each.name: await _count(connection, each) for each in of}
            enrolled, _ = await scrub.enrol(connection, NO_RUN, of, document, now)
            total = sum(counts.values())
            found = Preview(name, {each: counts.get(each) for each in document.lists}, total, total - enrolled)
            await _tell(connection, found)
            yield connection, found, of
        finally:
            await connection.rollback()


async def stand_before(connection: AsyncConnection) -> None:
    """Let an empty table stand before `enrolments`, for this connection until its transaction ends."""
    if connection.dialect.name != "sqlite":
        await connection.execute(
            text("CREATE TEMPORARY TABLE enrolments (LIKE enrolments INCLUDING ALL) ON COMMIT DROP")
        )
        await connection.execute(text("CREATE TEMPORARY SEQUENCE preview_keys"))
        key = "nextval('pg_temp.preview_keys')"
        await connection.execute(text(f"ALTER TABLE pg_temp.enrolments ALTER COLUMN id SET DEFAULT {key}"))
        # The same path in other words: statements that this connection has prepared before mean the other table, and
        # are planned anew only where the path has changed.
        path = "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)"
        await connection.execute(text(path))
        return
    made = await connection.scalars(
        text(
            "SELECT sql FROM main.sqlite_master WHERE tbl_name = 'enrolments' AND sql IS NOT NULL "
            # Nobody asks for a contact here.
            "AND name <> 'ix_enrolments_contact_id' ORDER BY type DESC"
        )
    )
    for statement in made.all():
        temporary = re.sub(r"^CREATE TABLE", "CREATE TEMPORARY TABLE", statement)
        await connection.exec_driver_sql(re.sub(r"^CREATE (UNIQUE )?INDEX ", r"CREATE \1INDEX temp.", temporary))


async def _count(connection: AsyncConnection, of: Attached) -> int:
    members = select(func.count()).where(list_members.c.list_id == of.id, list_members.c.revision <= of.up_to)
    return int(await connection.scalar(members) or 0)


async def _tell(connection: AsyncConnection, found: Preview) -> None:
    counted = (
        select(enrolments.c.state, enrolments.c.exclusion, enrolments.c.excluded_by, func.count())
        .group_by(enrolments.c.state, enrolments.c.exclusion, enrolments.c.excluded_by)
        .order_by(func.count().desc(), enrolments.c.excluded_by)
    )
    into = {
        Exclusion.FILTER: found.filter_excluded,
        Exclusion.EXPIRED: found.expired,
        Exclusion.DNC: found.dnc_excluded,
    }
    for state, exclusion, by, count in await connection.execute(counted):
        if state == EnrolmentState.WAITING:
            found.left = count
        else:
            into[Exclusion(exclusion)][by or ""] = count


async def _unknown_columns(connection: AsyncConnection, document: Campaign, of: list[Attached]) -> list[str]:
    unknown = []
    for column in [] if document.filter is None else columns_of(document.filter):
        has_it = exists().where(
            list_members.c.list_id.in_([each.id for each in of]),
            contacts.c.id == list_members.c.contact_id,
            field_text(column).is_not(None),
        )
        if column not in BUILT_IN and not await connection.scalar(select(has_it)):
            unknown.append(column)
    return unknown


async def _sample(connection: AsyncConnection, count: int) -> list[WouldBeCalled]:
    query = (
        select(enrolments.c.contact_id, enrolments.c.number, contacts.c.fields)
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .where(enrolments.c.state == EnrolmentState.WAITING)
        .order_by(enrolments.c.rank, enrolments.c.due_at, enrolments.c.id)
        .limit(count)
    )
    if not count:
        return []
    return [WouldBeCalled(contact, number, dict(fields)) for contact, number, fields in await connection.execute(query)]
