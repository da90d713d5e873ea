"""Callbacks: calls at a time that somebody asked for.

A callback moves the contact's enrolment of the run that is going on before all others, due at its time; `take_up`
does it as soon as the enrolment is not in a call, and brings back one that was done. Without a run it waits for the
next one.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.callbacks import Callbacks
from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.callback import OPEN, Callback, CallbackState
from ami_dialer.domain.enrolment import GOING_ON, EnrolmentState, Exclusion
from ami_dialer.domain.errors import DialerError
from ami_dialer.domain.rank import CALLBACK_RANK, Turn, rank
from ami_dialer.store import agent_maps, audit, dnc
from ami_dialer.store.audit import Entry
from ami_dialer.store.callback_rows import Seen, as_callback, as_seen, query
from ami_dialer.store.callback_writes import REPLACED, Wanted, asked, row_of
from ami_dialer.store.database import Database
from ami_dialer.store.documents import legible_part
from ami_dialer.store.tables import (
    callbacks,
    campaigns,
    contacts,
    enrolments,
    list_members,
    lists,
    run_lists,
    runs,
)

#: Characters that fit into `why`.
_MAX_WHY = 300
#: Characters of the number of an agent: a callback for somebody else is for anyone.
_MAX_AGENT = 10
_RUN_OVER = "the run ended before it was placed"
#: The shortest `callbacks.late` that can be set: nothing is missed sooner.
_SHORTEST_LATE = timedelta(seconds=60)
#: So many are settled in one transaction.
_AT_ONCE = 500


class CallbackRefusedError(DialerError):
    """A callback that cannot be taken; the text says why, and what to do."""

    exit_code = 6


async def ask(database: Database, wanted: Wanted, now: datetime) -> Callback:
    """Take a callback; it replaces one of the contact in this campaign that waits. Raises CallbackRefusedError."""
    async with database.writing() as connection:
        return await ask_within(connection, wanted, now)


async def ask_within(connection: AsyncConnection, wanted: Wanted, now: datetime) -> Callback:
    """As `ask`, in the transaction of the caller, which is undone where it raises."""
    name, document = await _campaign(connection, wanted.campaign_id)
    horizon = document.callbacks.horizon
    if wanted.at < now - _SHORTEST_LATE:
        raise CallbackRefusedError(f"{wanted.at:%Y-%m-%d %H:%M} UTC is over; ask for a time to come")
    if wanted.at > now + timedelta(seconds=horizon):
        raise CallbackRefusedError(
            f"campaign {name!r} takes callbacks for {horizon / 86_400:g} days ahead at most (callbacks.horizon)"
        )
    barred = await dnc.forbidden_on(connection, [wanted.number], document.dnc, now)
    if entry := barred.get(wanted.number):
        raise CallbackRefusedError(f"{wanted.number} must not be called: it is on do-not-call list {entry.label}")
    if kept_out := await _kept_out(connection, wanted):
        raise CallbackRefusedError(f"{wanted.number} is not called in campaign {name!r}: {kept_out}")
    await _close(connection, _of_contact(wanted.campaign_id, wanted.contact_id), now, REPLACED)
    row = row_of(wanted, now)
    key: int = (await connection.scalars(insert(callbacks).values(row).returning(callbacks.c.id))).one()
    audit.note(connection, asked(wanted, name, now))
    await take_up(connection, now, campaign_id=wanted.campaign_id, contact_id=wanted.contact_id)
    return as_callback((await connection.execute(select(callbacks).where(callbacks.c.id == key))).one())


async def cancel(database: Database, keys: Collection[int], now: datetime, why: str) -> list[Callback]:
    """Take back those of these that wait, or are late; the contacts go on as they would without. Returns them."""
    async with database.writing() as connection:
        found = await _close(connection, callbacks.c.id.in_(keys), now, why, also_missed=True)
        for one in found:
            audit.note(connection, _cancelled(one, why, now))
            await _back_in_line(connection, one)
        return found


async def _back_in_line(connection: AsyncConnection, one: Callback) -> None:
    """A callback was taken back: the enrolment that waited for its time waits in its rank, or is done if called."""
    of_callback = and_(
        enrolments.c.contact_id == one.contact_id,
        enrolments.c.run_id.in_(_going_on(one.campaign_id)),
        enrolments.c.state == EnrolmentState.WAITING,
        enrolments.c.rank == CALLBACK_RANK,
    )
    called = enrolments.c.attempts > 0
    mapped = await _mapped(connection, one.campaign_id, one.number)
    usual = await _usual_rank(connection, one, None if mapped is None else mapped.priority)
    await connection.execute(
        update(enrolments)
        .where(of_callback)
        .values(
            state=case((called, EnrolmentState.DONE), else_=EnrolmentState.WAITING),
            rank=usual,
            due_at=one.created_at,
            agent=None if mapped is None else mapped.agent,
        )
    )


async def _mapped(connection: AsyncConnection, campaign_id: int, number: str) -> agent_maps.Mapped | None:
    """What the mapping list of the run that is going on says of a number."""
    document = await connection.scalar(select(runs.c.document).where(runs.c.id.in_(_going_on(campaign_id))).limit(1))
    return await agent_maps.whose(connection, legible_part(document), number) if document else None


async def _usual_rank(connection: AsyncConnection, one: Callback, mapped: int | None) -> int:
    """The rank that the contact has without a callback, by its priority (`mapped` before its own) and its list's."""
    own = mapped
    if own is None:
        own = await connection.scalar(select(contacts.c.priority).where(contacts.c.id == one.contact_id))
    of_run = select(run_lists.c.list_id).where(run_lists.c.run_id.in_(_going_on(one.campaign_id)))
    on = (
        select(lists.c.document)
        .join(list_members, list_members.c.list_id == lists.c.id)
        .where(list_members.c.list_id.in_(of_run), list_members.c.number == one.number)
    )
    documents = (await connection.scalars(on)).all()
    of_list = max((int((document or {}).get("priority", 0)) for document in documents), default=0)
    return rank(of_list, int(own or 0), Turn.AS_DUE)


def _cancelled(one: Callback, why: str, now: datetime) -> Entry:
    detail = {"callback": one.id, "contact": one.contact_id, "callback_at": one.at, "why": why}
    return Entry("callback.cancel", one.number, detail, now)


async def _close(
    connection: AsyncConnection, which: ColumnElement[bool], now: datetime, why: str, *, also_missed: bool = False
) -> list[Callback]:
    """Cancel those that wait. Returns them."""
    states = OPEN if also_missed else (CallbackState.WAITING,)
    rows = await connection.execute(
        update(callbacks)
        .where(which, callbacks.c.state.in_(states))
        .values(state=CallbackState.CANCELLED, ended_at=now, why=why[:_MAX_WHY])
        .returning(*callbacks.c)
    )
    return [as_callback(row) for row in rows]


async def take_up(
    connection: AsyncConnection, now: datetime, *, campaign_id: int | None = None, contact_id: int | None = None
) -> list[int]:
    """Callbacks that wait and whose enrolment does not know of them: it is called at their time, before all others.

    Of one campaign, or of all; of one contact, or of all. Who is in a call or in the hopper is left until that is over.
    Whoever must not be called stays as it is, and the callback is cancelled. Returns the keys of the runs it touched.
    """
    touched = set()
    cancelled: dict[int, str] = {}
    for row in (await connection.execute(_not_known(campaign_id, contact_id).limit(_AT_ONCE))).all():
        if row.state == EnrolmentState.EXCLUDED:
            label = Exclusion(row.exclusion).label if row.exclusion else "Excluded"
            cancelled[row.callback] = f"{label}: {row.excluded_by or 'it is not called in this run'}"
            continue
        still = or_(enrolments.c.state == EnrolmentState.WAITING, enrolments.c.state == EnrolmentState.DONE)
        await connection.execute(
            update(enrolments)
            .where(enrolments.c.id == row.enrolment, still)
            .values(
                state=EnrolmentState.WAITING,
                number=await _phone(connection, row),
                rank=CALLBACK_RANK,
                due_at=row.at,
                held_by=None,
                claimed_at=None,
                **({} if row.agent is None or len(row.agent) > _MAX_AGENT else {"agent": row.agent}),
            )
        )
        touched.add(row.run_id)
    for key, why in cancelled.items():
        for one in await _close(connection, callbacks.c.id == key, now, why):
            audit.note(connection, _cancelled(one, why, now))
    return sorted(touched)


async def _phone(connection: AsyncConnection, row: Row[Any]) -> str:
    """The phone that is called: the one that was asked for, unless somebody else of the run has it."""
    if row.wanted == row.number:
        return str(row.number)
    taken = select(enrolments.c.id).where(
        enrolments.c.run_id == row.run_id,
        enrolments.c.number == row.wanted,
        enrolments.c.occurrence == row.occurrence,
    )
    return str(row.number if await connection.scalar(taken) is not None else row.wanted)


def _not_known(campaign_id: int | None, contact_id: int | None) -> Select[Any]:
    """Each callback that waits beside the first enrolment of its contact, where that does not show it yet."""
    of_contact = select(func.min(enrolments.c.id)).where(
        enrolments.c.contact_id == callbacks.c.contact_id, enrolments.c.run_id == runs.c.id
    )
    with_number = of_contact.where(enrolments.c.number == callbacks.c.number).correlate(callbacks, runs)
    first = func.coalesce(with_number.scalar_subquery(), of_contact.correlate(callbacks, runs).scalar_subquery())
    shows = and_(
        enrolments.c.state == EnrolmentState.WAITING,
        enrolments.c.rank == CALLBACK_RANK,
        or_(
            enrolments.c.due_at == callbacks.c.at,
            and_(enrolments.c.due_at > callbacks.c.at, enrolments.c.held_by != ""),
        ),
        or_(
            callbacks.c.agent.is_(None),
            callbacks.c.agent == enrolments.c.agent,
            func.length(callbacks.c.agent) > _MAX_AGENT,
        ),
    )
    query = (
        select(
            callbacks.c.id.label("callback"),
            callbacks.c.at,
            callbacks.c.number.label("wanted"),
            callbacks.c.agent,
            enrolments.c.id.label("enrolment"),
            enrolments.c.number,
            enrolments.c.occurrence,
            enrolments.c.run_id,
            enrolments.c.state,
            enrolments.c.exclusion,
            enrolments.c.excluded_by,
        )
        .join(runs, and_(runs.c.campaign_id == callbacks.c.campaign_id, runs.c.state.in_(GOING_ON)))
        .join(enrolments, enrolments.c.id == first)
        .where(
            callbacks.c.state == CallbackState.WAITING,
            enrolments.c.state != EnrolmentState.CLAIMED,
            ~func.coalesce(shows, False),
        )
        .order_by(callbacks.c.at, callbacks.c.id)
    )
    if contact_id is not None:
        query = query.where(callbacks.c.contact_id == contact_id)
    if campaign_id is None:
        # By the index, which begins with the campaign.
        return query.where(callbacks.c.campaign_id.in_(select(campaigns.c.id)))
    return query.where(callbacks.c.campaign_id == campaign_id)


async def settle(database: Database, now: datetime) -> list[int]:
    """`take_up` for all campaigns; begins no transaction where there is nothing to do. Returns the runs it touched."""
    async with database.reading() as connection:
        if (await connection.execute(_not_known(None, None).limit(1))).first() is None:
            return []
    async with database.writing() as connection:
        return await take_up(connection, now)


async def miss(database: Database, now: datetime) -> list[Seen]:
    """Those whose time has been over for `callbacks.late` are missed; they may be kept late. Returns them.

    At most some hundreds, the oldest first: the next look goes on.
    """
    async with database.reading() as connection:
        late = await _late(connection, now)
        if not late:
            return []
        over = or_(*(and_(callbacks.c.campaign_id == key, callbacks.c.at <= now - most) for key, most in late.items()))
        oldest = (
            select(callbacks.c.id)
            .where(callbacks.c.state == CallbackState.WAITING, over)
            .order_by(callbacks.c.at, callbacks.c.id)
            .limit(_AT_ONCE)
        )
        keys = (await connection.scalars(oldest)).all()
    if not keys:
        return []
    async with database.writing() as connection:
        return await _miss(connection, callbacks.c.id.in_(keys), now, "it could not be placed in time")


async def _late(connection: AsyncConnection, now: datetime) -> dict[int, timedelta]:
    """`callbacks.late` of the campaigns in which some might be missed: nothing is before the shortest time there is."""
    might = exists().where(
        callbacks.c.campaign_id == campaigns.c.id,
        callbacks.c.state == CallbackState.WAITING,
        callbacks.c.at <= now - _SHORTEST_LATE,
    )
    rows = await connection.execute(select(campaigns.c.id, campaigns.c.document).where(might))
    return {row.id: timedelta(seconds=legible_callbacks(row.document).late) for row in rows}


async def run_over(connection: AsyncConnection, run_id: int, now: datetime) -> None:
    """A run has ended: those of its contacts whose time had come are missed; later ones wait for the next run."""
    campaign = select(runs.c.campaign_id).where(runs.c.id == run_id).scalar_subquery()
    enrolled = select(enrolments.c.id).where(
        enrolments.c.contact_id == callbacks.c.contact_id, enrolments.c.run_id == run_id
    )
    due = and_(callbacks.c.campaign_id == campaign, callbacks.c.at <= now, enrolled.correlate(callbacks).exists())
    await _miss(connection, due, now, _RUN_OVER)


async def _miss(connection: AsyncConnection, which: ColumnElement[bool], now: datetime, why: str) -> list[Seen]:
    keys = (
        await connection.scalars(
            update(callbacks)
            .where(which, callbacks.c.state == CallbackState.WAITING)
            .values(state=CallbackState.MISSED, ended_at=now, why=why)
            .returning(callbacks.c.id)
        )
    ).all()
    found = [as_seen(row) for row in await connection.execute(query().where(callbacks.c.id.in_(keys)))]
    for one in found:
        detail = {"callback": one.id, "campaign": one.campaign, "callback_at": one.at, "why": why}
        audit.note(connection, Entry("callback.missed", one.number, detail, now))
    return found


async def _campaign(connection: AsyncConnection, key: int) -> tuple[str, Campaign]:
    row = (await connection.execute(select(campaigns.c.name, campaigns.c.document).where(campaigns.c.id == key))).one()
    return row.name, legible_part(row.document)


async def _kept_out(connection: AsyncConnection, wanted: Wanted) -> str | None:
    """What excluded the contact from the run that is going on, for people; None where nothing did."""
    out = and_(
        enrolments.c.contact_id == wanted.contact_id,
        enrolments.c.run_id.in_(_going_on(wanted.campaign_id)),
    )
    rows = (
        await connection.execute(
            select(enrolments.c.state, enrolments.c.exclusion, enrolments.c.excluded_by).where(out)
        )
    ).all()
    if not rows or any(row.state != EnrolmentState.EXCLUDED for row in rows):
        return None
    label = Exclusion(rows[0].exclusion).label if rows[0].exclusion else "Excluded"
    return f"{label} ({rows[0].excluded_by or 'no reason was kept'})"


def legible_callbacks(document: object) -> Callbacks:
    """What a campaign says of callbacks, as far as this version can read its document."""
    return legible_part(document).callbacks


def _going_on(campaign_id: int) -> Select[Any]:
    return select(runs.c.id).where(runs.c.campaign_id == campaign_id, runs.c.state.in_(GOING_ON))


def _of_contact(campaign_id: int, contact_id: int) -> ColumnElement[bool]:
    return and_(callbacks.c.campaign_id == campaign_id, callbacks.c.contact_id == contact_id)
