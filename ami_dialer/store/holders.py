"""Who has a number: the contacts with it as any of their phones, their lists, where they stand in runs that go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store.database import Database
from ami_dialer.store.tables import campaigns, contact_phones, contacts, enrolments, list_members, lists, runs


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A contact in a run that goes on."""

    run: int
    campaign: str
    #: The phone that is dialled next.
    number: str
    state: EnrolmentState
    due_at: datetime
    #: The rule that put `due_at` off; None where a retry or nothing did.
    held_by: str | None
    exclusion: Exclusion | None
    excluded_by: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A contact with the number."""

    contact: int
    #: The phone that is dialled first.
    number: str
    #: Which of the contact's phones it is: 1 for the first.
    position: int
    fields: dict[str, str]
    time_zone: str | None
    created_at: datetime
    lists: tuple[str, ...]
    runs: tuple[Enrolled, ...]


async def holders(database: Database, number: str) -> list[Holder]:
    """The contacts with this number (E.164) that are on a list or in a run that goes on, by key. By indexes alone."""
    async with database.reading() as connection:
        found = (await connection.execute(_having(number))).all()
        keys = [row.id for row in found]
        on: dict[int, list[str]] = {}
        members = select(list_members.c.contact_id, lists.c.name).join(lists, lists.c.id == list_members.c.list_id)
        wanted = and_(
            # Members are found by list and number: their contact's first one.
            list_members.c.list_id.in_(select(lists.c.id)),
            list_members.c.number.in_({row.number for row in found}),
            list_members.c.contact_id.in_(keys),
        )
        for contact, name in await connection.execute(members.where(wanted).order_by(lists.c.id)):
            on.setdefault(contact, []).append(name)
        going_on = await _enrolled(connection, keys)
        further = select(contact_phones.c.contact_id, contact_phones.c.position)
        places = await connection.execute(
            further.where(contact_phones.c.contact_id.in_(keys), contact_phones.c.number == number)
        )
        position: dict[int, int] = {row.contact_id: row.position for row in places}
    return [
        Holder(
            row.id,
            row.number,
            1 if row.number == number else position.get(row.id, 1),
            dict(row.fields),
            row.time_zone,
            row.created_at,
            tuple(dict.fromkeys(on.get(row.id, ()))),
            tuple(going_on.get(row.id, ())),
        )
        for row in found
        if row.id in on or row.id in going_on
    ]


def _having(number: str) -> Select[Any]:
    going_on = select(runs.c.id).where(runs.c.ended_at.is_(None))
    keys = union(
        select(list_members.c.contact_id).where(
            list_members.c.list_id.in_(select(lists.c.id)), list_members.c.number == number
        ),
        select(contact_phones.c.contact_id).where(contact_phones.c.number == number),
        select(enrolments.c.contact_id).where(enrolments.c.run_id.in_(going_on), enrolments.c.number == number),
    ).subquery("having")
    columns = (contacts.c.id, contacts.c.number, contacts.c.fields, contacts.c.time_zone, contacts.c.created_at)
    return select(*columns).where(contacts.c.id.in_(select(keys.c.contact_id))).order_by(contacts.c.id)


async def _enrolled(connection: AsyncConnection, contact_ids: Sequence[int]) -> dict[int, list[Enrolled]]:
    query = (
        select(
            enrolments.c.contact_id,
            enrolments.c.run_id,
            campaigns.c.name,
            enrolments.c.number,
            enrolments.c.state,
            enrolments.c.due_at,
            enrolments.c.held_by,
            enrolments.c.exclusion,
            enrolments.c.excluded_by,
        )
        .join(runs, runs.c.id == enrolments.c.run_id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(enrolments.c.contact_id.in_(contact_ids), runs.c.ended_at.is_(None))
        .order_by(enrolments.c.id)
    )
    found: dict[int, list[Enrolled]] = {}
    for contact, run, campaign, number, state, due_at, held_by, exclusion, by in await connection.execute(query):
        one = Enrolled(
            run, campaign, number, EnrolmentState(state), due_at, held_by, exclusion and Exclusion(exclusion), by
        )
        found.setdefault(contact, []).append(one)
    return found
