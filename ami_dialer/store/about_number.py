"""Everything that is kept about one number, as rows: for whoever must show later what was done, and why.

Each query goes by an index.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, Table, and_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.store.database import Database
from ami_dialer.store.dnc import beginning_lengths, beginnings
from ami_dialer.store.tables import (
    amd_reviews,
    answered_calls,
    answers,
    attempts,
    campaigns,
    consents,
    contact_phones,
    contacts,
    dnc_entries,
    dnc_lists,
    enrolments,
    list_members,
    list_revisions,
    lists,
    reassignments,
    regions,
    rulebooks,
    runs,
)

Row = dict[str, Any]


async def load(database: Database, number: str) -> dict[str, list[Row]]:
    """All rows about a number in E.164, by kind. Contacts are those that have it as any of their phones.

    Of these contacts the calls to their other phones are there too: they count for the same caps.
    """
    async with database.reading() as connection:
        found = {"contacts": await _contacts(connection, number)}
        keys = [row["id"] for row in found["contacts"]]
        numbers = {row["number"] for row in found["contacts"]}
        found["phones"] = await _rows(
            connection, _of(contact_phones, contact_phones.c.contact_id.in_(keys)).order_by(contact_phones.c.position)
        )
        found["lists"] = await _rows(connection, _memberships(keys, numbers))
        found["enrolments"] = await _rows(connection, await _enrolments(connection, keys, number))
        calls = or_(attempts.c.number == number, attempts.c.contact_id.in_(keys))
        found["attempts"] = await _rows(connection, _of(attempts, calls).order_by(attempts.c.id))
        ids = [row["id"] for row in found["attempts"]]
        for table in (answers, answered_calls, amd_reviews):
            found[table.name] = await _rows(connection, _of(table, table.c.attempt_id.in_(ids)).order_by(table.c.at))
        run_keys = {row["run_id"] for kind in ("enrolments", "attempts") for row in found[kind]}
        found["runs"] = await _rows(connection, _runs(run_keys))
        found["do_not_call"] = await _rows(connection, await _barred(connection, number))
        found["consents"] = await _rows(
            connection, _of(consents, consents.c.number == number).order_by(consents.c.at, consents.c.id)
        )
        found["reassignments"] = await _rows(connection, _of(reassignments, reassignments.c.number == number))
    return found


async def load_rulebooks(database: Database, keys: Collection[int]) -> list[Row]:
    """Versions of the rules of law, as they are stored."""
    async with database.reading() as connection:
        return await _rows(connection, _of(rulebooks, rulebooks.c.id.in_(keys)).order_by(rulebooks.c.id))


async def _rows(connection: AsyncConnection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _of(table: Table, condition: Any) -> Select[Any]:  # noqa: ANN401 - a condition of SQL
    return select(table).where(condition)


async def _contacts(connection: AsyncConnection, number: str) -> list[Row]:
    # Members are found by their number in each list only, enrolments by it in each run.
    in_lists = select(list_members.c.contact_id).where(
        list_members.c.list_id.in_(select(lists.c.id)), list_members.c.number == number
    )
    in_runs = select(enrolments.c.contact_id).where(
        enrolments.c.run_id.in_(select(runs.c.id)), enrolments.c.number == number
    )
    with_phone = select(contact_phones.c.contact_id).where(contact_phones.c.number == number)
    called = select(attempts.c.contact_id).where(attempts.c.number == number)
    keys = (await connection.scalars(union(in_lists, in_runs, with_phone, called))).all()
    query = (
        select(contacts, regions.c.country, regions.c.state, regions.c.zones)
        .outerjoin(regions, regions.c.id == contacts.c.region_id)
        .where(contacts.c.id.in_(keys))
        .order_by(contacts.c.id)
    )
    return await _rows(connection, query)


def _memberships(keys: Collection[int], numbers: Collection[str]) -> Select[Any]:
    return (
        select(
            list_members.c.contact_id,
            lists.c.name,
            list_members.c.number,
            list_members.c.occurrence,
            list_revisions.c.at.label("came_at"),
        )
        .join(lists, lists.c.id == list_members.c.list_id)
        .outerjoin(
            list_revisions,
            and_(
                list_revisions.c.list_id == list_members.c.list_id,
                list_revisions.c.revision == list_members.c.revision,
            ),
        )
        .where(
            list_members.c.list_id.in_(select(lists.c.id)),
            list_members.c.number.in_(numbers),
            list_members.c.contact_id.in_(keys),
        )
        .order_by(lists.c.name, list_members.c.contact_id)
    )


async def _enrolments(connection: AsyncConnection, keys: Collection[int], number: str) -> Select[Any]:
    with_number = select(enrolments.c.id).where(
        enrolments.c.run_id.in_(select(runs.c.id)), enrolments.c.number == number
    )
    of_contacts = select(enrolments.c.id).where(enrolments.c.contact_id.in_(keys))
    found = (await connection.scalars(union(with_number, of_contacts))).all()
    return _of(enrolments, enrolments.c.id.in_(found)).order_by(enrolments.c.id)


def _runs(keys: Collection[int]) -> Select[Any]:
    return (
        select(runs, campaigns.c.name.label("campaign"))
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(runs.c.id.in_(keys))
        .order_by(runs.c.id)
    )


async def _barred(connection: AsyncConnection, number: str) -> Select[Any]:
    """Its own entries and those of beginnings that cover it, those that were taken off among them."""
    wanted = [number, *beginnings(number, await beginning_lengths(connection))]
    return (
        select(dnc_entries, dnc_lists.c.name.label("list"), dnc_lists.c.is_global)
        .join(dnc_lists, dnc_lists.c.id == dnc_entries.c.list_id)
        .where(dnc_entries.c.number.in_(wanted))
        .order_by(dnc_entries.c.id)
    )
