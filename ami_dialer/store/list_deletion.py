"""Lists deleted: refused while somebody uses them, and in portions, so that a running dialer writes in between."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.lists import Users, users
from ami_dialer.store.membership import on_a_list
from ami_dialer.store.tables import (
    contact_phones,
    contacts,
    enrolments,
    fetches,
    import_batches,
    imports,
    list_members,
    list_revisions,
    lists,
    run_lists,
)

#: Members that are deleted in one transaction.
_PORTION = 5_000


class ListInUseError(DialerError):
    """A list that campaigns name or runs use is not deleted."""

    exit_code = 2


async def delete_list(database: Database, name: str) -> AsyncIterator[tuple[int, int]]:
    """Delete a list with all that is known of its imports and fetches.

    Its contacts go too, but for those that were ever in a run or are on another list: what became of them stays.
    Yields after each portion how many members and how many contacts are gone. What was cut off is completed by doing
    it again. Raises NotFoundError, ListInUseError, which says who uses it.
    """
    left = True
    while left:
        async with database.writing() as connection:
            key = await connection.scalar(select(lists.c.id).where(lists.c.name == name).with_for_update())
            if key is None:
                raise NotFoundError(f"no list is named {name!r}; `ami-dialer list show` names those there are")
            if user := (await users(connection)).get(name):
                raise ListInUseError(f"list {name!r} cannot be deleted: {told(user)}")
            gone = await _delete_members(connection, key)
            left = gone[0] == _PORTION
            detail = {"members": gone[0], "contacts": gone[1], "whole": not left}
            audit.note(connection, Entry("list.delete", f"list:{name}", detail))
            if not left:
                await _delete_rest(connection, key)
        yield gone


def told(user: Users) -> str:
    """By whom a list is used, and what to do, for people."""
    said = [f"run {run} of campaign {campaign!r} is going on" for run, campaign in user.runs.items()]
    said += [f"campaign {campaign!r} names it" for campaign in user.campaigns]
    mends = ["stop the run"] if user.runs else []
    mends += ["take it out of the campaign's `lists`"] if user.campaigns else []
    return f"{', '.join(said)}; {' and '.join(mends)} first"


async def _delete_members(connection: AsyncConnection, key: int) -> tuple[int, int]:
    members = list_members.c
    portion = (
        await connection.execute(
            select(members.number, members.occurrence, members.contact_id)
            .where(members.list_id == key)
            .order_by(members.number, members.occurrence)
            .limit(_PORTION)
        )
    ).all()
    if not portion:
        return 0, 0
    last = (portion[-1].number, portion[-1].occurrence)
    await connection.execute(
        delete(list_members).where(members.list_id == key, tuple_(members.number, members.occurrence) <= last)
    )
    return len(portion), await delete_contacts(connection, [row.contact_id for row in portion])


async def delete_contacts(connection: AsyncConnection, keys: Sequence[int]) -> int:
    """Delete those of the contacts that nothing refers to any more. Returns how many."""
    alone = (
        await connection.scalars(
            select(contacts.c.id).where(
                contacts.c.id.in_(keys),
                ~on_a_list(),
                ~exists().where(enrolments.c.contact_id == contacts.c.id),
            )
        )
    ).all()
    if alone:
        await connection.execute(delete(contact_phones).where(contact_phones.c.contact_id.in_(alone)))
        await connection.execute(delete(contacts).where(contacts.c.id.in_(alone)))
    return len(alone)


async def _delete_rest(connection: AsyncConnection, key: int) -> None:
    of_list = select(imports.c.id).where(imports.c.list_id == key)
    await connection.execute(delete(import_batches).where(import_batches.c.import_id.in_(of_list)))
    for table in (imports, fetches, list_revisions, run_lists):
        await connection.execute(delete(table).where(table.c.list_id == key))
    await connection.execute(delete(lists).where(lists.c.id == key))
