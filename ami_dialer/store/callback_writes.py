"""Callbacks that are asked for, and kept, in calls: what goes through the writer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, and_, bindparam, exists, insert, select, text, update

from ami_dialer.domain.callback import OPEN, CallbackSource, CallbackState
from ami_dialer.store.audit import Entry
from ami_dialer.store.tables import callbacks

#: Why a callback is cancelled when its contact asks for another one.
REPLACED = "another one was asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A callback that is asked for."""

    campaign_id: int
    contact_id: int
    #: E.164: the phone that is to be called.
    number: str
    at: datetime
    source: CallbackSource
    agent: str | None = None
    note: str | None = None
    #: The attempt in which it is asked for.
    asked_in: str | None = None


def asked(wanted: Wanted, campaign: str, now: datetime) -> Entry:
    """What the audit trail says of a callback that is asked for."""
    told = {
        "campaign": campaign,
        "contact": wanted.contact_id,
        "callback_at": wanted.at,
        "source": wanted.source,
        "agent": wanted.agent,
        "attempt": wanted.asked_in,
    }
    return Entry(
        "callback.ask", wanted.number, {key: value for key, value in told.items() if value is not None}, now, once=True
    )


def _insert() -> Executable:
    columns = [column for column in callbacks.columns if column.name not in {"id", "kept_by", "ended_at", "why"}]
    same = and_(
        callbacks.c.asked_in == bindparam("asked_in", type_=callbacks.c.asked_in.type),
        callbacks.c.created_at == bindparam("created_at", type_=callbacks.c.created_at.type),
    )
    values = select(*(bindparam(column.name, type_=column.type) for column in columns)).where(~exists().where(same))
    return insert(callbacks).from_select(columns, values)


#: What the writer does for a callback that is asked for in a call: `row_of`. Twice is like once.
WRITES: tuple[Executable, ...] = (
    _insert(),
    # As text: a row holds columns that an `update` would take for new values.
    text(
        "UPDATE callbacks SET state = 'cancelled', ended_at = :created_at, why = :replaced "
        "WHERE campaign_id = :campaign_id AND contact_id = :contact_id AND state = 'waiting' "
        "AND created_at < :created_at"
    ).bindparams(bindparam("created_at", type_=callbacks.c.created_at.type), bindparam("replaced", REPLACED)),
)
#: What it does for the attempt that keeps one: `kept`.
KEEPS: tuple[Executable, ...] = (
    update(callbacks)
    .where(
        callbacks.c.id == bindparam("callback"),
        callbacks.c.state.in_([state.value for state in OPEN]),
    )
    .values(
        state=CallbackState.KEPT.value,
        kept_by=bindparam("attempt"),
        ended_at=bindparam("ended", type_=callbacks.c.ended_at.type),
        why=None,
    ),
)


def row_of(wanted: Wanted, now: datetime) -> dict[str, Any]:
    """A callback that is asked for, as a row."""
    return {
        "campaign_id": wanted.campaign_id,
        "contact_id": wanted.contact_id,
        "number": wanted.number,
        "at": wanted.at,
        "agent": wanted.agent,
        "note": wanted.note,
        "source": wanted.source.value,
        "state": CallbackState.WAITING.value,
        "asked_in": wanted.asked_in,
        "created_at": now,
    }
