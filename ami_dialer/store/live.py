"""The lists of a run: which of them are live, and what has come into them since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.enrolment import GOING_ON, EnrolmentState
from ami_dialer.domain.errors import NotFoundError
from ami_dialer.store import audit, enrolling, scrub
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.enrolling import Attached
from ami_dialer.store.tables import campaigns, contacts, enrolments, list_members, lists, run_lists, runs


@dataclass(frozen=True, slots=True)
class RunList:
    """A list of a run."""

    name: str
    live: bool
    #: When contacts came in by live sync last (None: never), how many then, and how many since the start.
    synced_at: datetime | None
    last_added: int
    added: int
    #: Contacts that came into the list later and are not looked at yet: for the next sync, or not meant for this run.
    newer: int


@dataclass(frozen=True, slots=True)
class Synced:
    """What live sync did for a run."""

    #: Contacts that came into the run, and those of them that are never called in it.
    enrolled: int
    excluded: int


async def attach(connection: AsyncConnection, run_id: int, of: Sequence[Attached], live: Collection[str]) -> None:
    """Note the lists of a run that starts; those of `live` are live."""
    rows = [
        {"run_id": run_id, "list_id": each.id, "live": each.name in live, "synced_revision": each.up_to} for each in of
    ]
    if rows:
        await connection.execute(insert(run_lists), rows)


async def of_run(database: Database, run_id: int) -> list[RunList]:
    """The lists of a run, as they stand."""
    newer = (
        select(func.count())
        .where(list_members.c.list_id == run_lists.c.list_id, list_members.c.revision > run_lists.c.synced_revision)
        .scalar_subquery()
    )
    query = (
        select(
            lists.c.name,
            run_lists.c.live,
            run_lists.c.synced_at,
            run_lists.c.last_added,
            run_lists.c.added,
            newer,
        )
        .join(lists, lists.c.id == run_lists.c.list_id)
        .where(run_lists.c.run_id == run_id)
        .order_by(lists.c.name)
    )
    async with database.reading() as connection:
        return [RunList(*row) for row in await connection.execute(query)]


async def switch(database: Database, run_id: int, name: str, *, on: bool) -> bool:
    """Make a list of a run that is going on live, or not. False where it was so already.

    Raises NotFoundError where the run has ended or the list is none of its own.
    """
    async with database.writing() as connection:
        document = await connection.scalar(
            select(runs.c.document).where(runs.c.id == run_id, runs.c.state.in_(GOING_ON)).with_for_update(read=True)
        )
        if document is None:
            raise NotFoundError(f"run {run_id} has ended; what comes into its lists is for the next one")
        key = await connection.scalar(select(lists.c.id).where(lists.c.name == name))
        if key is None or name not in document["lists"]:
            raise NotFoundError(f"list {name!r} is none of run {run_id}; it has: {', '.join(document['lists'])}")
        of_list = and_(run_lists.c.run_id == run_id, run_lists.c.list_id == key)
        before = await connection.scalar(select(run_lists.c.live).where(of_list).with_for_update())
        if before is None:
            # A run of an earlier version, which kept no revision: whoever it holds already is not enrolled again.
            row = {"run_id": run_id, "list_id": key, "live": on, "synced_revision": -1}
            await connection.execute(insert(run_lists), [row])
        else:
            await connection.execute(update(run_lists).where(of_list).values(live=on))
        changed = bool(before) != on
        if changed:
            detail = {"run": run_id, "list": name, "on": on}
            audit.note(connection, Entry("campaign.live", await _subject(connection, run_id), detail))
        return changed


async def _subject(connection: AsyncConnection, run_id: int) -> str:
    """What the audit trail calls the run's campaign."""
    of_run = select(campaigns.c.name).join(runs, runs.c.campaign_id == campaigns.c.id).where(runs.c.id == run_id)
    return f"campaign:{await connection.scalar(of_run)}"


async def behind(database: Database) -> list[int]:
    """Keys of the runs that are going on and have a live list with members that they do not know yet."""
    query = (
        select(run_lists.c.run_id)
        .distinct()
        .join(runs, runs.c.id == run_lists.c.run_id)
        .join(lists, lists.c.id == run_lists.c.list_id)
        .where(runs.c.state.in_(GOING_ON), run_lists.c.live, lists.c.revision > run_lists.c.synced_revision)
        .order_by(run_lists.c.run_id)
    )
    async with database.reading() as connection:
        return list(await connection.scalars(query))


async def sync(database: Database, run_id: int, document: Campaign, now: datetime) -> Synced:
    """Enrol what has come into the live lists of a run, by the rules of its start. One transaction.

    Nothing where the run has ended meanwhile.
    """
    async with database.writing() as connection:
        # PostgreSQL: the run cannot end, and no list of it can be switched, before this is through.
        going_on = await connection.scalar(
            select(runs.c.id).where(runs.c.id == run_id, runs.c.state.in_(GOING_ON)).with_for_update(read=True)
        )
        if going_on is None:
            return Synced(0, 0)
        ours = await connection.execute(
            select(run_lists.c.list_id, run_lists.c.synced_revision)
            .where(run_lists.c.run_id == run_id, run_lists.c.live)
            .with_for_update()
        )
        known = dict(list(ours))
        of = [
            replace(each, after=known[each.id])
            for each in await enrolling.attached(connection, document)
            if each.id in known and each.up_to > known[each.id]
        ]
        last = int(await connection.scalar(select(func.max(enrolments.c.id))) or 0)
        await _prefer_indexes(connection, on=True)
        enrolled, _ = await scrub.enrol(connection, run_id, of, document, now, above=last)
        await _prefer_indexes(connection, on=False)
        await _note(connection, run_id, of, last, now)
        synced = Synced(enrolled, await _excluded(connection, run_id, last) if enrolled else 0)
        if enrolled:
            detail = {"run": run_id, "contacts": enrolled, "excluded": synced.excluded}
            audit.note(connection, Entry("campaign.sync", await _subject(connection, run_id), detail, now))
        return synced


async def _prefer_indexes(connection: AsyncConnection, *, on: bool) -> None:
    """PostgreSQL, as long as it has no statistics, would go through all contacts for the few that are new."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SET LOCAL enable_seqscan = {'off' if on else 'on'}"))


async def _excluded(connection: AsyncConnection, run_id: int, above: int) -> int:
    query = select(func.count()).where(
        enrolments.c.id > above, enrolments.c.run_id == run_id, enrolments.c.state == EnrolmentState.EXCLUDED
    )
    return int(await connection.scalar(query) or 0)


async def _note(connection: AsyncConnection, run_id: int, of: Sequence[Attached], above: int, now: datetime) -> None:
    """Move the lists on to the revisions that are enrolled now, and count what came of each."""
    for each in of:
        came = await connection.scalar(
            select(func.count())
            .select_from(enrolments)
            .join(contacts, contacts.c.id == enrolments.c.contact_id)  # who is called on a further phone has another
            .join(
                list_members,
                and_(
                    list_members.c.list_id == each.id,
                    list_members.c.number == contacts.c.number,
                    list_members.c.contact_id == contacts.c.id,
                    list_members.c.revision > each.after,
                    list_members.c.revision <= each.up_to,
                ),
            )
            .where(enrolments.c.id > above, enrolments.c.run_id == run_id)
        )
        values = {"synced_at": now, "last_added": came, "added": run_lists.c.added + came} if came else {}
        await connection.execute(
            update(run_lists)
            .where(run_lists.c.run_id == run_id, run_lists.c.list_id == each.id)
            .values(synced_revision=each.up_to, **values)
        )
