"""Everything that is known of one contact, for `trace`. Each query goes by an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion, RunState
from ami_dialer.domain.rank import FIRST_RANK
from ami_dialer.store.attempts import as_attempt
from ami_dialer.store.database import Database
from ami_dialer.store.dnc import beginning_lengths, beginnings
from ami_dialer.store.documents import read_document
from ami_dialer.store.membership import on_a_list
from ami_dialer.store.tables import (
    agent_skips,
    answers,
    attempts,
    campaigns,
    contact_phones,
    contacts,
    dnc_entries,
    dnc_lists,
    enrolments,
    list_members,
    lists,
    runs,
)


@dataclass(frozen=True, slots=True)
class Membership:
    """A contact as it stands in a list, or in none any more."""

    contact_id: int
    #: None for who was taken off its lists, and is kept for the runs it is or was in.
    list_name: str | None
    #: The file it was read from; None for a list made otherwise.
    file: str | None
    number: str
    fields: dict[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A contact in a run."""

    id: int
    contact_id: int
    run_id: int
    campaign: str
    document: Campaign
    run_state: RunState
    number: str
    state: EnrolmentState
    due_at: datetime
    tries: dict[str, int]
    claimed_at: datetime | None
    last_end_reason: EndReason | None
    held_by: str | None
    exclusion: Exclusion | None
    excluded_by: str | None
    run_started_at: datetime
    created_at: datetime
    #: The contact's, in dialing order.
    phones: tuple[str, ...] = ()
    #: The agent it belongs to; None: anybody's.
    agent: str | None = None
    #: CALLBACK_RANK: at a time that was asked for.
    rank: int = FIRST_RANK + 1


@dataclass(frozen=True, slots=True)
class Answered:
    """One try at a question."""

    attempt_id: str
    question: str
    digits: str
    valid: bool
    try_number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """An agent did not want to call who was offered."""

    enrolment_id: int
    agent: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Barred:
    """A do-not-call entry of a number, or of a beginning that it has."""

    list_name: str
    reason: str
    source: str
    attempt_id: str | None
    added_at: datetime
    expires_at: datetime | None = None
    removed_at: datetime | None = None


async def memberships(
    database: Database, *, number: str | None = None, contact_id: int | None = None
) -> list[Membership]:
    """The contacts with this E.164 number, or the one with this key, in each list they are in.

    Then those that are on no list any more and were ever in a run.
    """
    query = (
        select(
            list_members.c.contact_id,
            lists.c.name,
            lists.c.document,
            list_members.c.number,
            contacts.c.fields,
            contacts.c.created_at,
        )
        .join(lists, lists.c.id == list_members.c.list_id)
        .join(contacts, contacts.c.id == list_members.c.contact_id)
        .order_by(list_members.c.list_id, list_members.c.revision, list_members.c.position)
    )
    # Members are found by their number only, and the index of numbers is one for each list.
    wanted = and_(list_members.c.list_id.in_(select(lists.c.id)), list_members.c.number == contacts.c.number)
    wanted = and_(wanted, contacts.c.id == contact_id if contact_id is not None else list_members.c.number == number)
    async with database.reading() as connection:
        members = [
            Membership(contact, name, document.get("file"), found, dict(fields), created_at)
            for contact, name, document, found, fields, created_at in await connection.execute(query.where(wanted))
        ]
        return members + await _off_lists(connection, number, contact_id)


async def _off_lists(connection: AsyncConnection, number: str | None, contact_id: int | None) -> list[Membership]:
    query = (
        select(contacts.c.id, contacts.c.number, contacts.c.fields, contacts.c.created_at)
        .join(enrolments, enrolments.c.contact_id == contacts.c.id)
        .where(~on_a_list())
        .order_by(contacts.c.id)
    )
    wanted = enrolments.c.contact_id == contact_id
    if contact_id is None:  # the index of numbers is one for each run
        wanted = and_(enrolments.c.run_id.in_(select(runs.c.id)), enrolments.c.number == number)
    rows = (await connection.execute(query.where(wanted))).all()
    once = {row.id: row for row in rows}  # a contact is in many runs
    return [Membership(row.id, None, None, row.number, dict(row.fields), row.created_at) for row in once.values()]


async def further_numbers(database: Database, contact_ids: Sequence[int]) -> list[str]:
    """The numbers of these contacts that are not dialled first, in dialing order."""
    query = select(contact_phones.c.number).where(contact_phones.c.contact_id.in_(contact_ids))
    async with database.reading() as connection:
        found = await connection.scalars(query.order_by(contact_phones.c.contact_id, contact_phones.c.position))
        return list(dict.fromkeys(found))


async def enrolled(database: Database, contact_ids: Sequence[int]) -> list[Enrolled]:
    """Every run that these contacts were or are in, oldest first."""
    query = (
        select(
            enrolments.c.id,
            enrolments.c.contact_id,
            enrolments.c.run_id,
            campaigns.c.name.label("campaign"),
            runs.c.document,
            runs.c.state.label("run_state"),
            enrolments.c.number,
            enrolments.c.state,
            enrolments.c.due_at,
            enrolments.c.tries,
            enrolments.c.claimed_at,
            enrolments.c.last_end_reason,
            enrolments.c.held_by,
            enrolments.c.exclusion,
            enrolments.c.excluded_by,
            runs.c.started_at.label("run_started_at"),
            enrolments.c.created_at,
            enrolments.c.agent,
            enrolments.c.rank,
            contacts.c.number.label("first_number"),
        )
        .join(contacts, contacts.c.id == enrolments.c.contact_id)
        .join(runs, runs.c.id == enrolments.c.run_id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(enrolments.c.contact_id.in_(contact_ids))
        .order_by(enrolments.c.id)
    )
    async with database.reading() as connection:
        found = [dict(row) for row in (await connection.execute(query)).mappings()]
        rows = await connection.execute(
            select(contact_phones.c.contact_id, contact_phones.c.number)
            .where(contact_phones.c.contact_id.in_(contact_ids))
            .order_by(contact_phones.c.position)
        )
        further: dict[int, list[str]] = {}
        for contact_id, number in rows:
            further.setdefault(contact_id, []).append(number)
    return [_as_enrolled(row, further.get(row["contact_id"], [])) for row in found]


def _as_enrolled(row: dict[str, Any], further: Sequence[str]) -> Enrolled:
    row["phones"] = (row.pop("first_number"), *further)
    row["document"] = read_document(Campaign, row["campaign"], row["document"], run=row["run_id"])
    row["run_state"] = RunState(row["run_state"])
    row["state"] = EnrolmentState(row["state"])
    row["exclusion"] = row["exclusion"] and Exclusion(row["exclusion"])
    row["last_end_reason"] = row["last_end_reason"] and EndReason(row["last_end_reason"])
    return Enrolled(**row)


async def attempts_of(database: Database, enrolment_ids: Sequence[int]) -> list[Attempt]:
    """Every attempt of these enrolments, in order."""
    query = select(attempts).where(attempts.c.enrolment_id.in_(enrolment_ids)).order_by(attempts.c.id)
    async with database.reading() as connection:
        return [as_attempt(dict(row)) for row in (await connection.execute(query)).mappings()]


async def skips_of(database: Database, enrolment_ids: Sequence[int]) -> list[Skip]:
    """Every time that agents did not want to call these when they were offered, in order."""
    query = select(agent_skips.c.enrolment_id, agent_skips.c.agent, agent_skips.c.at)
    query = query.where(agent_skips.c.enrolment_id.in_(enrolment_ids)).order_by(agent_skips.c.at, agent_skips.c.id)
    async with database.reading() as connection:
        return [Skip(*row) for row in await connection.execute(query)]


async def answers_of(database: Database, attempt_ids: Sequence[str]) -> list[Answered]:
    """Every try at a question in these attempts, in order."""
    query = (
        select(
            answers.c.attempt_id,
            answers.c.question,
            answers.c.digits,
            answers.c.valid,
            answers.c.try_number,
            answers.c.at,
        )
        .where(answers.c.attempt_id.in_(attempt_ids))
        .order_by(answers.c.id)
    )
    async with database.reading() as connection:
        return [Answered(*row) for row in await connection.execute(query)]


async def barred(database: Database, number: str) -> list[Barred]:
    """The do-not-call entries of an E.164 number, those of its beginnings and those that were taken off among them."""
    async with database.reading() as connection:
        entries = [number, *beginnings(number, await beginning_lengths(connection))]
    query = (
        select(
            dnc_lists.c.name,
            dnc_entries.c.reason,
            dnc_entries.c.source,
            dnc_entries.c.attempt_id,
            dnc_entries.c.added_at,
            dnc_entries.c.expires_at,
            dnc_entries.c.removed_at,
        )
        .join(dnc_lists, dnc_lists.c.id == dnc_entries.c.list_id)
        .where(dnc_entries.c.number.in_(entries))
        .order_by(dnc_entries.c.id)
    )
    async with database.reading() as connection:
        return [Barred(*row) for row in await connection.execute(query)]
