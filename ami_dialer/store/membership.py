"""Who is on a list: lists combined, contacts added and taken off by hand.

Large lists are gone through in portions, each in a transaction of its own: a running dialer writes in between.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.arrivals import Arrivals
from ami_dialer.domain.contact import NewContact
from ami_dialer.domain.intake import ListState
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.bulk import insert_into
from ami_dialer.store.database import Database
from ami_dialer.store.imports import duplicates_of
from ami_dialer.store.lists import StoredList
from ami_dialer.store.loading import Loaded, load
from ami_dialer.store.revisions import raise_revision
from ami_dialer.store.tables import contacts, list_members, lists

#: Members that are copied in one transaction, give or take the last revision.
_PORTION = 50_000


@dataclass(slots=True)
class Combined:
    """What became of the members of one list that went into another."""

    added: int = 0
    #: Numbers that the other list held already, or that came from a list named before.
    known: int = 0


def on_a_list() -> ColumnElement[bool]:
    """Whether the contact of the row is on any list. By its number, which its members have too: that is their key."""
    return exists().where(
        list_members.c.list_id.in_(select(lists.c.id)),
        list_members.c.number == contacts.c.number,
        list_members.c.contact_id == contacts.c.id,
    )


async def portions(connection: AsyncConnection, list_id: int, size: int) -> list[tuple[int, int, int]]:
    """The list cut into pieces of about `size` members: first and last revision, and how many members.

    In the order in which contacts came. A revision is never cut.
    """
    counted = (
        select(list_members.c.revision, func.count())
        .where(list_members.c.list_id == list_id)
        .group_by(list_members.c.revision)
        .order_by(list_members.c.revision)
    )
    found: list[tuple[int, int, int]] = []
    for revision, count in await connection.execute(counted):
        if found and found[-1][2] + count <= size:
            first, _, before = found.pop()
            found.append((first, revision, before + count))
        else:
            found.append((revision, revision, count))
    return found


async def combine(database: Database, source: int, target: int, now: datetime) -> AsyncIterator[tuple[int, Combined]]:
    """Put the contacts of a list on another one too: the same contacts, each number once.

    Yields after each portion how many members it had and what became of them. Each counts from its own commit on, and
    what was cut off is completed by doing it again.
    """
    async with database.reading() as connection:
        pieces = await portions(connection, source, _PORTION)
    for first, last, count in pieces:
        async with database.writing() as connection:
            added = await _copy(connection, source, (first, last), target, now)
            onto = await audit.name_of(connection, lists, target)
            detail = {"from": await audit.name_of(connection, lists, source), "contacts": added, "known": count - added}
            audit.note(connection, Entry("list.combine", f"list:{onto}", detail, now))
        yield count, Combined(added, count - added)


async def _copy(
    connection: AsyncConnection, source: int, revisions: tuple[int, int], target: int, now: datetime
) -> int:
    # PostgreSQL: while `list delete` takes the other list apart, its contacts are not to be had.
    await connection.execute(select(lists.c.id).where(lists.c.id == source).with_for_update(read=True))
    revision = await raise_revision(connection, target, now)
    members = list_members.c
    found = (
        select(
            literal(target),
            members.number,
            literal(0),
            members.contact_id,
            literal(revision),
            func.row_number().over(order_by=(members.revision, members.position, members.number)),
        )
        .where(members.list_id == source, members.revision.between(*revisions))
        .order_by(members.number, members.occurrence)
    )
    columns = ["list_id", "number", "occurrence", "contact_id", "revision", "position"]
    copied = insert_into(connection, list_members).from_select(columns, found).on_conflict_do_nothing()
    return (await connection.execute(copied)).rowcount


async def add(database: Database, stored: StoredList, contact: NewContact, now: datetime) -> Loaded:
    """Put one contact on a list, by the rules of an import. Raises OutdatedDocumentError."""
    settings = stored.settings
    async with database.writing() as connection:
        loaded = await load(connection, stored.id, Arrivals.of([contact]), duplicates_of(settings), now)
        if loaded.added or loaded.renewed:
            audit.note(connection, Entry("list.add", contact.number, {"list": stored.name}, now))
        if settings.file is None and settings.api is None:
            # Nothing it is read from can be what is wrong with it, and now it holds somebody.
            await connection.execute(
                update(lists)
                .where(lists.c.id == stored.id, lists.c.state == ListState.INVALID)
                .values(state=ListState.VALIDATED, trouble=None)
            )
    return loaded


async def remove(database: Database, list_id: int, numbers: Sequence[str]) -> set[str]:
    """Take the contacts with these first numbers off a list. Returns those that were on it."""
    async with database.writing() as connection:
        gone = await connection.scalars(
            delete(list_members)
            .where(list_members.c.list_id == list_id, list_members.c.number.in_(numbers))
            .returning(list_members.c.number)
        )
        off = set(gone)
        name = await audit.name_of(connection, lists, list_id)
        audit.note(connection, *(Entry("list.remove", number, {"list": name}) for number in sorted(off)))
        return off
